// Many clients in one turn of the event loop: what each of them receives, byte by byte, from ours
// as from redis-server.
//
// A scene says who connects and who sends what, stage by stage. It is played on redis-server first;
// what every client received there is what it must receive here, no byte less, none more, none in
// another place. Between two stages everything that is under way arrives.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../support/client.ts";
import { encodeCommand, quote, textOf } from "../support/resp.ts";
import {
  hasProgram,
  RUNTIMES,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";

const QUIET_MS = 60;
const QUIET_TIMES = 3;
const LATE_MS = 20_000;
const openFiles = Number(spawnSync("sh", ["-c", "ulimit -n"]).stdout?.toString() || 0) || Infinity;
/** Both ends of a connection to redis-server and to ours never stand here at once. */
const MANY = Math.min(2000, Math.floor((openFiles - 200) / 2));

type Command = readonly string[];

/** What a client sends at once. `words` are parted at blanks. */
function commands(...lines: string[]): Command[] {
  return lines.map((line) => line.split(" "));
}

class Stage {
  readonly #server: Server;
  readonly #control: Client;
  readonly #clients = new Map<string, Client>();
  readonly #received = new Map<string, Buffer[]>();

  constructor(server: Server, control: Client) {
    this.#server = server;
    this.#control = control;
  }

  /** Connects `names`; what they ask in `first` is answered, and not a part of the scene. */
  async enter(names: readonly string[], first: readonly Command[] = []): Promise<void> {
    for (let at = 0; at < names.length; at += 100) {
      const some = names.slice(at, at + 100);
      const clients = await Promise.all(some.map(() => this.#server.connect()));
      if (first.length > 0) await Promise.all(clients.map((client) => client.pipeline(first)));
      for (const [i, client] of clients.entries()) {
        const name = some[i] as string;
        this.#clients.set(name, client);
        this.#received.set(name, client.capture());
      }
    }
  }

  client(name: string): Client {
    return this.#clients.get(name) as Client;
  }

  send(name: string, sent: readonly Command[]): void {
    this.client(name).write(Buffer.concat(sent.map((words) => encodeCommand(words))));
  }

  /** As send, and returns once one client more is blocked. */
  async block(name: string, sent: readonly Command[]): Promise<void> {
    const before = await this.#blocked();
    this.send(name, sent);
    for (let tries = 0; (await this.#blocked()) === before; tries++) {
      if (tries > 2000) assert.fail(`${this.#server.name}: ${name} does not block`);
    }
  }

  async #blocked(): Promise<number> {
    const info = textOf(await this.#control.call("INFO", "clients")) ?? "";
    return Number(/blocked_clients:(\d+)/.exec(info)?.[1]);
  }

  get #receivedBytes(): number {
    let total = 0;
    for (const parts of this.#received.values()) for (const part of parts) total += part.length;
    return total;
  }

  /** Returns when nothing more comes, or, where it is known, when so much has come. */
  async settled(expectedBytes = 0): Promise<void> {
    const limit = Date.now() + LATE_MS;
    while (this.#receivedBytes < expectedBytes && Date.now() < limit) await pause(5);
    // On a busy machine a server may stand still for a while: it has to answer in between.
    for (let quiet = 0, before = -1; quiet < QUIET_TIMES; ) {
      await this.#control.call("PING");
      await pause(QUIET_MS);
      quiet = before === this.#receivedBytes ? quiet + 1 : 0;
      before = this.#receivedBytes;
    }
  }

  get received(): Map<string, Buffer> {
    return new Map([...this.#received].map(([name, parts]) => [name, Buffer.concat(parts)]));
  }

  leave(): void {
    for (const client of this.#clients.values()) client.close();
  }
}

type Scene = (stage: Stage) => Promise<void>;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const names = (letter: string, count: number) => range(count).map((i) => `${letter}${i}`);

const SCENES: Record<string, Scene> = {
  "two subscribers and a hundred pairs of messages in one pipeline": async (stage) => {
    await stage.enter(["a", "b", "publisher"]);
    stage.send("a", commands("SUBSCRIBE a"));
    stage.send("b", commands("SUBSCRIBE b"));
    await stage.settled();
    const pairs = range(100).flatMap((i) => commands(`PUBLISH a ${i}`, `PUBLISH b ${i}`));
    stage.send("publisher", pairs);
  },

  "a hundred blocked clients, each with a request behind, and one push for all": async (stage) => {
    const waiting = names("w", 100);
    await stage.enter([...waiting, "pusher"]);
    for (const name of waiting) await stage.block(name, commands("BLPOP q 0", "PING"));
    stage.send("pusher", commands(`RPUSH q ${range(100).join(" ")}`, "LLEN q", "PING"));
    await stage.settled();
    for (const name of waiting) stage.send(name, commands(`ECHO ${name}`));
  },

  "blocked clients that are served by moves, in a transaction and by each other": async (stage) => {
    const waiting = names("w", 70);
    await stage.enter([...waiting, "pusher"]);
    for (const [i, name] of waiting.entries()) {
      const line = i % 2 === 0 ? `BLMOVE q${i} q${i + 1} LEFT RIGHT 0` : `BRPOP q${i} 0`;
      await stage.block(name, commands(line, "PING", `GET ${name}`));
    }
    const pushes = range(70).map((i) => `RPUSH q${i} x${i} y${i}`);
    stage.send("pusher", commands("MULTI", ...pushes, "EXEC", "PING"));
  },

  "channels, patterns and shard channels, in both protocols": async (stage) => {
    const two = names("two", 90);
    const three = names("three", 90);
    await stage.enter([...two, "publisher"]);
    await stage.enter(three, commands("HELLO 3"));
    for (const [i, name] of [...two, ...three].entries()) {
      const channels = `SUBSCRIBE ch:${i % 7} ch:${i % 11} all`;
      const patterns = i % 3 === 0 ? "PSUBSCRIBE ch:* ?ll" : "PSUBSCRIBE none*";
      stage.send(name, commands(channels, patterns, `SSUBSCRIBE shard:${i % 5}`));
    }
    await stage.settled();
    const messages = range(120).flatMap((i) =>
      commands(`PUBLISH ch:${i % 13} ${i}`, `PUBLISH all ${i}`, `SPUBLISH shard:${i % 6} ${i}`),
    );
    stage.send("publisher", [...messages, ["PING"]]);
    await stage.settled();
    for (const name of [...two, ...three]) stage.send(name, commands("UNSUBSCRIBE all", "PING"));
  },

  "keyspace events of everybody's writes": async (stage) => {
    const listening = names("l", 40);
    await stage.enter([...listening, "writer"]);
    stage.send("writer", commands("CONFIG SET notify-keyspace-events KEA"));
    await stage.settled();
    for (const [i, name] of listening.entries()) {
      stage.send(name, commands(`PSUBSCRIBE __key*__:*`, `SUBSCRIBE __keyspace@0__:k${i % 4}`));
    }
    await stage.settled();
    const writes = range(80).flatMap((i) =>
      commands(`SET k${i % 4} ${i}`, `RPUSH l${i % 3} ${i}`, `DEL k${(i + 1) % 4}`),
    );
    stage.send("writer", [...commands("MULTI"), ...writes, ...commands("EXEC")]);
    stage.send("writer", writes);
    await stage.settled();
    stage.send("writer", [["CONFIG", "SET", "notify-keyspace-events", ""]]);
  },

  "clients that are replied to, that are not, and that skip replies": async (stage) => {
    const silent = names("s", 130);
    await stage.enter([...silent, "publisher"]);
    for (const [i, name] of silent.entries()) {
      const mode = ["OFF", "SKIP", "ON"][i % 3] as string;
      const own = range(20).flatMap((k) => commands(`SET ${name} ${k}`, `GET ${name}`));
      const first = i % 2 === 0 ? commands(`SUBSCRIBE news`, "UNSUBSCRIBE other") : [];
      const asked = i % 2 === 0 ? [["PING"], ["PING", name]] : own;
      stage.send(name, [...commands(`CLIENT REPLY ${mode}`), ...first, ...asked]);
    }
    await stage.settled();
    stage.send(
      "publisher",
      range(90).flatMap((i) => commands(`PUBLISH news ${i}`)),
    );
    await stage.settled();
    for (const [i, name] of silent.entries()) {
      if (i % 3 === 0 && i % 2 === 1) stage.send(name, commands("CLIENT REPLY ON", "PING"));
    }
  },

  "readers that stop reading while megabytes are for them": async (stage) => {
    const slow = names("slow", 6);
    const quick = names("quick", 70);
    await stage.enter([...slow, ...quick, "publisher"]);
    for (const name of [...slow, ...quick]) stage.send(name, commands("SUBSCRIBE news"));
    await stage.settled();
    for (const name of slow) stage.client(name).socket.pause();
    const text = "0123456789abcdef".repeat(1000);
    const loud = range(200).flatMap((i) => [["PUBLISH", "news", `${i}${text.slice(i)}`]]);
    stage.send("publisher", [["SET", "k", text], ...loud, ["GET", "k"]]);
    await stage.settled();
    for (const name of slow) stage.client(name).socket.resume();
    await stage.settled();
    stage.send("publisher", commands("PUBLISH news last", "PING"));
  },

  [`${MANY} clients, each with a pipeline of its own, half of them subscribed`]: async (stage) => {
    const all = names("c", MANY);
    await stage.enter([...all, "publisher"]);
    for (const [i, name] of all.entries()) {
      if (i % 2 === 0) stage.send(name, commands("SUBSCRIBE all", `SUBSCRIBE group:${i % 100}`));
    }
    await stage.settled();
    const groups = range(100).flatMap((i) => commands(`PUBLISH group:${i} ${i}`));
    stage.send("publisher", [
      ...groups,
      ...commands("PUBLISH all one", "PUBLISH all two"),
      ...groups,
    ]);
    for (const [i, name] of all.entries()) {
      if (i % 2 === 1) {
        stage.send(name, commands(`SET ${name} ${i}`, `APPEND ${name} x`, `GET ${name}`, "PING"));
      }
    }
    await stage.settled();
    for (const name of all) stage.send(name, commands("PING"));
  },
};

describe("crowds", { timeout: 300_000 }, () => {
  const servers: { server: Server; control: Client }[] = [];
  const open = async (starting: Promise<Server>) => {
    const server = await starting;
    return { server, control: await server.connect() };
  };

  before(async () => {
    if (!hasProgram("redis-server")) return;
    servers.push(await open(startRedisServer()));
    for (const runtime of RUNTIMES) servers.push(await open(startOurServer({ runtime })));
  });

  after(async () => {
    for (const { server, control } of servers) {
      control.close();
      await server.stop();
    }
  });

  for (const [title, scene] of Object.entries(SCENES)) {
    test(title, async (t) => {
      if (!redisServerOrSkip(t, title)) return;
      let expected: Map<string, Buffer> | undefined;
      let expectedBytes = 0;
      for (const { server, control } of servers) {
        await control.call("FLUSHALL");
        const stage = new Stage(server, control);
        try {
          await scene(stage);
          await stage.settled(expectedBytes);
          const { received } = stage;
          if (expected === undefined) {
            expected = received;
            for (const bytes of received.values()) expectedBytes += bytes.length;
            continue;
          }
          for (const [name, bytes] of expected) compare(server.name, name, bytes, received);
        } finally {
          stage.leave();
        }
      }
    });
  }
});

function compare(
  server: string,
  name: string,
  expected: Buffer,
  all: ReadonlyMap<string, Buffer>,
): void {
  const received = all.get(name) ?? Buffer.alloc(0);
  if (received.equals(expected)) return;
  let at = 0;
  while (at < expected.length && received[at] === expected[at]) at++;
  const around = (bytes: Buffer) => quote(bytes.subarray(Math.max(0, at - 40), at + 80));
  assert.fail(
    `${server}: ${name} received ${received.length} bytes, not ${expected.length}; at ${at}:\n` +
      `expected ${around(expected)}\nreceived ${around(received)}`,
  );
}
