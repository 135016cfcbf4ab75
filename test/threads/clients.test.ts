// Clients of several I/O threads at once, on Node and on Bun, whose order nobody determines: each
// message comes once, in its publisher's order, and none behind the end of a subscription; each
// element that is pushed is popped once; each request has one reply.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client } from "../support/client.ts";
import { type Reply, show, textOf } from "../support/resp.ts";
import { RUNTIMES, type Server, startOurServer } from "../support/servers.ts";

const isThorough = process.env.CI === "true";
const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 30);
const THREADS = "4";

/** Numbers from a seed, by a linear congruence. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function itemsOf(reply: Reply): readonly Reply[] {
  assert.ok(reply.type === "array" || reply.type === "push", show(reply));
  return reply.items;
}

function textsOf(reply: Reply): (string | undefined)[] {
  return itemsOf(reply).map((item) => textOf(item));
}

/** Publishes numbers that grow, to channels at random, until it is told to stop. */
async function publish(
  client: Client,
  name: string,
  channels: number,
  random: (n: number) => number,
  isOver: () => boolean,
): Promise<void> {
  for (let n = 0; !isOver(); n++) {
    const count = 1 + random(4);
    const commands = Array.from({ length: count }, (_, i) => [
      "PUBLISH",
      `channel:${random(channels)}`,
      `${name} ${n * 8 + i}`,
    ]);
    await client.pipeline(commands);
  }
}

/** Subscribes and unsubscribes, and looks at what comes. */
async function listen(
  client: Client,
  rounds: number,
  random: (n: number) => number,
  protocol: 2 | 3,
  channels: number,
): Promise<number> {
  let messages = 0;
  const last = new Map<string, number>();
  const isSubscribed = new Set<string>();
  const take = (texts: (string | undefined)[]): void => {
    const [kind, name, channel, message] =
      texts[0] === "message" ? [texts[0], texts[1], texts[1], texts[2]] : texts;
    assert.ok(isSubscribed.has(`${kind} ${name}`), `a ${kind} of ${name}, which is not subscribed`);
    const [publisher, number] = String(message).split(" ");
    const by = `${kind} ${name} ${channel} ${publisher}`;
    assert.ok(Number(number) > (last.get(by) ?? -1), `${by}: ${number} after ${last.get(by)}`);
    last.set(by, Number(number));
    messages++;
  };
  for (let round = 0; round < rounds; round++) {
    const isPattern = random(3) === 0;
    const name = isPattern ? `channel:[0-${random(channels)}]` : `channel:${random(channels)}`;
    const key = `${isPattern ? "pmessage" : "message"} ${name}`;
    const joins = !isSubscribed.has(key);
    const verb = `${isPattern ? "p" : ""}${joins ? "" : "un"}subscribe`;
    client.send(verb, name);
    for (;;) {
      const texts = textsOf(await client.read());
      if (texts[0] !== verb) {
        take(texts);
        continue;
      }
      if (joins) isSubscribed.add(key);
      else isSubscribed.delete(key);
      break;
    }
    if (protocol === 3 && random(2) === 0) {
      client.send("ECHO", "here");
      for (;;) {
        const reply = await client.read();
        if (reply.type === "bulk") break;
        take(textsOf(reply));
      }
    }
  }
  return messages;
}

const LISTS = ["l0", "l1", "l2", "m0", "m1"];

/** Pushes elements that nobody else pushes, to lists at random; returns them. */
async function push(
  client: Client,
  name: string,
  rounds: number,
  random: (n: number) => number,
): Promise<string[]> {
  const pushed: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const elements = Array.from({ length: 1 + random(3) }, (_, i) => `${name}.${round}.${i}`);
    pushed.push(...elements);
    const verb = random(2) === 0 ? "LPUSH" : "RPUSH";
    const list = LISTS[random(LISTS.length)] as string;
    if (random(4) === 0) {
      const other = LISTS[random(LISTS.length)] as string;
      const replies = await client.pipeline([
        ["MULTI"],
        [verb, list, ...elements],
        ["LMOVE", list, other, "LEFT", "RIGHT"],
        ["EXEC"],
      ]);
      assert.equal(replies[3]?.type, "array");
    } else {
      assert.equal((await client.call(verb, list, ...elements)).type, "integer");
    }
    if (random(8) === 0) await client.call("SWAPDB", "0", "0");
  }
  return pushed;
}

/** A command that pops, and waits where there is nothing; and whether what it replies is out. */
function pop(random: (n: number) => number): [command: string[], takes: boolean] {
  const lists = Array.from({ length: 1 + random(3) }, () => LISTS[random(5)] as string);
  const [list = "", other = ""] = [...lists, LISTS[random(5)]];
  const timeout = random(3) === 0 ? "0" : `0.0${1 + random(4)}`;
  const end = random(2) === 0 ? "LEFT" : "RIGHT";
  switch (random(5)) {
    case 0:
      return [["BLPOP", ...lists, timeout], true];
    case 1:
      return [["BRPOP", ...lists, timeout], true];
    case 2:
      return [["BLMPOP", timeout, `${lists.length}`, ...lists, end, "COUNT", "2"], true];
    case 3:
      return [["BLMOVE", list, other, end, "LEFT", timeout], false];
    default:
      return [["BRPOPLPUSH", list, other, timeout], false];
  }
}

/** The elements in the reply of a command that pops. */
function poppedIn(reply: Reply): string[] {
  if (reply.type === "error") assert.match(reply.text, /^UNBLOCKED/);
  if (reply.type !== "array") return [];
  const [, second] = reply.items;
  if (second === undefined) return [];
  return second.type === "array" ? (textsOf(second) as string[]) : [textOf(second) as string];
}

/** Pops until it is told to stop; returns what it got. */
async function popAll(
  client: Client,
  random: (n: number) => number,
  isOver: () => boolean,
): Promise<string[]> {
  const popped: string[] = [];
  for (let round = 0; !isOver(); round++) {
    const commands: string[][] = [];
    const takes: (boolean | undefined)[] = [];
    const count = 1 + random(3);
    for (let i = 0; i < count; i++) {
      const [command, isOut] = pop(random);
      commands.push(command, ["ECHO", `${round} ${i}`]);
      takes.push(isOut, undefined);
    }
    const replies = await client.pipeline(commands);
    for (const [i, reply] of replies.entries()) {
      if (takes[i] === undefined) assert.equal(textOf(reply), `${round} ${(i - 1) / 2}`);
      else if (takes[i]) popped.push(...poppedIn(reply));
    }
  }
  return popped;
}

for (const runtime of RUNTIMES) {
  describe(`clients of several threads on ${runtime}`, () => {
    let server: Server;
    before(async () => {
      server = await startOurServer({ runtime, args: ["--io-threads", THREADS] });
    });
    after(async () => {
      assert.equal(await server.stop(), 0, server.output);
    });

    test("a subscriber gets what is published while it is subscribed, in order", async (t) => {
      const random = randomFrom(SEED);
      let isOver = false;
      const clients: Client[] = [];
      const client = async () => {
        const one = await Client.connect(server.port);
        clients.push(one);
        return one;
      };
      const publishers: Promise<void>[] = [];
      for (let i = 0; i < 4; i++) {
        publishers.push(
          publish(await client(), `p${i}`, 4, randomFrom(random(2 ** 30)), () => isOver),
        );
      }
      const listeners: Promise<number>[] = [];
      for (let i = 0; i < 12; i++) {
        const one = await client();
        const protocol = i % 2 === 0 ? 2 : 3;
        if (protocol === 3) await one.call("HELLO", "3");
        const rounds = isThorough ? 3000 : 150;
        listeners.push(listen(one, rounds, randomFrom(random(2 ** 30)), protocol, 4));
      }
      try {
        const counts = await Promise.all(listeners);
        t.diagnostic(`seed ${SEED}: ${counts.reduce((a, b) => a + b)} messages`);
      } finally {
        isOver = true;
        await Promise.allSettled([...publishers, ...listeners]);
        for (const one of clients) one.close();
      }
    });

    test("an element is popped once, whoever is unblocked or runs out of time", async (t) => {
      const random = randomFrom(SEED + 1);
      let isOver = false;
      const clients: Client[] = [];
      const client = async () => {
        const one = await Client.connect(server.port);
        clients.push(one);
        return one;
      };
      const poppers: Promise<string[]>[] = [];
      const ids: string[] = [];
      for (let i = 0; i < 12; i++) {
        const one = await client();
        ids.push(textOf(await one.call("CLIENT", "ID")) as string);
        poppers.push(popAll(one, randomFrom(random(2 ** 30)), () => isOver));
      }
      const unblocker = await client();
      const unblock = (async () => {
        const draw = randomFrom(random(2 ** 30));
        while (!isOver || ids.length > 0) {
          const id = ids[draw(ids.length)] as string;
          const reply = await unblocker.call(
            "CLIENT",
            "UNBLOCK",
            id,
            draw(2) === 0 ? "TIMEOUT" : "ERROR",
          );
          assert.equal(reply.type, "integer");
          if (draw(20) === 0) await unblocker.call("CLIENT", "LIST");
          if (draw(20) === 0) await unblocker.call("INFO");
          if (draw(20) === 0) await unblocker.call("CONFIG", "SET", "maxmemory-samples", "5");
        }
      })();
      const pushers: Promise<string[]>[] = [];
      for (let i = 0; i < 4; i++) {
        const rounds = isThorough ? 5000 : 300;
        pushers.push(push(await client(), `${i}`, rounds, randomFrom(random(2 ** 30))));
      }
      try {
        const pushed = (await Promise.all(pushers)).flat();
        isOver = true;
        const all = Promise.all(poppers);
        const popped = (await all).flat();
        ids.length = 0;
        await unblock;
        const rest: string[] = [];
        for (const list of LISTS) {
          rest.push(...(textsOf(await unblocker.call("LRANGE", list, "0", "-1")) as string[]));
        }
        t.diagnostic(`seed ${SEED}: ${popped.length} popped, ${rest.length} left`);
        assert.deepEqual([...popped, ...rest].sort(), pushed.sort());
        assert.match(textOf(await unblocker.call("INFO", "clients")) ?? "", /blocked_clients:0/);
      } finally {
        isOver = true;
        ids.length = 0;
        for (const one of clients) one.close();
        await Promise.allSettled([...pushers, ...poppers, unblock]);
      }
    });

    test("a killed client does nothing from then on", async (t) => {
      const killer = await Client.connect(server.port);
      let kills = 0;
      const rounds = isThorough ? 300 : 40;
      for (let round = 0; round < rounds; round++) {
        const victims = await Promise.all(
          Array.from({ length: 8 }, () => Client.connect(server.port)),
        );
        const ids = await Promise.all(victims.map((victim) => victim.call("CLIENT", "ID")));
        for (const [i, victim] of victims.entries()) {
          const count = (): void => {
            victim.call("APPEND", `killed:${textOf(ids[i] as Reply)}`, ".").then(count, () => {});
          };
          count();
          count();
        }
        for (const id of ids.map((reply) => textOf(reply) as string)) {
          const replies = await killer.pipeline([
            ["CLIENT", "KILL", "ID", id],
            ["GETSET", `killed:${id}`, "over"],
          ]);
          assert.deepEqual(replies[0], { type: "integer", text: "1" }, `client ${id}`);
          kills++;
        }
        for (const victim of victims) {
          victim.capture();
          await victim.untilClosed();
        }
        for (const id of ids.map((reply) => textOf(reply) as string)) {
          assert.equal(textOf(await killer.call("GET", `killed:${id}`)), "over");
        }
      }
      t.diagnostic(`${kills} killed`);
      killer.close();
    });
  });
}
