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
  });
}
