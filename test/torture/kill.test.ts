// kill -9 at random moments under load, again and again on one directory.
//
// Several clients write, each to keys of its own, and each keeps a journal: what it sent, and how
// much of that was acknowledged. When the server has been killed and started again, the state of a
// client's keys must be that after some prefix of its journal: at least everything acknowledged,
// and nothing that was never sent. A transaction is one entry of the journal, so half of one is a
// state that no prefix has.
//
// The process dies, not the machine: `everysec` must then lose nothing that was acknowledged
// either, because no reply leaves before its batch is written.
//
// With "rewriting" four threads serve, and the log is rewritten again and again: each time that it
// has grown by a little, whatever is under way when the process dies.
//
// With "switching" four threads serve, and the log is switched off and on all the time. What was
// acknowledged while there was none, or before its base was on the disk, may be lost; what was
// acknowledged before that is not, and the state is that after a prefix all the same.
//
// TSKEYDB_ROUNDS=n (4 for each test by default) makes it longer, TSKEYDB_SEED=n replays the
// choices.

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../support/client.ts";
import { encodeCommand, itemsOf, type Reply, show } from "../support/resp.ts";
import {
  freePort,
  type Runtime,
  type Server,
  startOurServer,
  temporaryFolder,
} from "../support/servers.ts";

const ROUNDS = Number(process.env.TSKEYDB_ROUNDS ?? 4);
const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 31);
const MORE_ROUNDS_MAX = 20;
const CLIENTS = 6;
/** Requests that a client has under way at most. */
const WINDOW = 40;

/** A small seeded generator (Mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What one client's keys hold, as plain values. */
class Model {
  text: string | undefined;
  counter = 0;
  list: string[] = [];
  hash = new Map<string, string>();
  set = new Set<string>();
  pair: [string, string] | undefined;

  copy(): Model {
    const other = new Model();
    other.text = this.text;
    other.counter = this.counter;
    other.list = [...this.list];
    other.hash = new Map(this.hash);
    other.set = new Set(this.set);
    other.pair = this.pair;
    return other;
  }

  digest(): string {
    const { text, counter, list, hash, set, pair } = this;
    return JSON.stringify([text, counter, list, [...hash].sort(), [...set].sort(), pair]);
  }
}

/** One journal entry: the commands sent together, and what they do to the model. */
interface Entry {
  readonly commands: readonly (readonly string[])[];
  readonly apply: (model: Model) => void;
}

function entry(client: number, serial: number, random: () => number): Entry {
  const key = (name: string) => `${client}:${name}`;
  const mark = `${serial}${"-filler".repeat(Math.floor(random() * 20))}`;
  const field = `f${Math.floor(random() * 20)}`;
  switch (Math.floor(random() * 9)) {
    case 0:
      return {
        commands: [["SET", key("text"), mark]],
        apply(model) {
          model.text = mark;
        },
      };
    case 1:
      return { commands: [["INCR", key("counter")]], apply: (model) => void model.counter++ };
    case 2:
      return {
        commands: [["RPUSH", key("list"), mark]],
        apply: (model) => void model.list.push(mark),
      };
    case 3:
      return { commands: [["LPOP", key("list")]], apply: (model) => void model.list.shift() };
    case 4:
      return {
        commands: [["HSET", key("hash"), field, mark]],
        apply: (model) => void model.hash.set(field, mark),
      };
    case 5:
      return {
        commands: [["HDEL", key("hash"), field]],
        apply: (model) => void model.hash.delete(field),
      };
    case 6:
      return {
        commands: [["SADD", key("set"), field]],
        apply: (model) => void model.set.add(field),
      };
    case 7:
      return {
        commands: [["SREM", key("set"), field]],
        apply: (model) => void model.set.delete(field),
      };
    default:
      return {
        commands: [
          ["MULTI"],
          ["SET", key("left"), mark],
          ["RPUSH", key("list"), mark, mark],
          ["INCRBY", key("counter"), "10"],
          ["SET", key("right"), mark],
          ["EXEC"],
        ],
        apply(model) {
          model.pair = [mark, mark];
          model.list.push(mark, mark);
          model.counter += 10;
        },
      };
  }
}

/** One client's keys as they stand on the server, in the words of `Model.digest`. */
async function recovered(client: Client, id: number): Promise<string> {
  const names = ["text", "counter", "list", "hash", "set", "left", "right"];
  const readers = ["GET", "GET", "LRANGE", "HGETALL", "SMEMBERS", "GET", "GET"];
  const replies = await client.pipeline(
    names.map((name, index) => {
      const range = readers[index] === "LRANGE" ? ["0", "-1"] : [];
      return [readers[index] as string, `${id}:${name}`, ...range];
    }),
  );
  const text = (reply: Reply) => (reply.type === "bulk" ? reply.bytes.toString() : undefined);
  const texts = (reply: Reply) => itemsOf(reply).map((each) => text(each) ?? show(each));
  const [value, counter, list, hash, set, left, right] = replies as [
    Reply,
    Reply,
    Reply,
    Reply,
    Reply,
    Reply,
    Reply,
  ];
  const model = new Model();
  model.text = text(value);
  model.counter = Number(text(counter) ?? 0);
  model.list = texts(list);
  const pairs = texts(hash);
  for (let index = 0; index < pairs.length; index += 2) {
    model.hash.set(pairs[index] as string, pairs[index + 1] as string);
  }
  model.set = new Set(texts(set));
  const [one, other] = [text(left), text(right)];
  if (one !== undefined || other !== undefined) model.pair = [one ?? "absent", other ?? "absent"];
  return model.digest();
}

/** One client's load: writes until the server is gone. */
class Writer {
  readonly id: number;
  readonly journal: Entry[] = [];
  acknowledged = 0;
  /** How many of them were before the log was switched off; undefined while it is on. */
  promisedBefore: number | undefined;
  /** The first error that the server answered with; there should be none. */
  refused: string | undefined;
  /** The state before the journal. */
  base = new Model();
  #serial = 0;
  #random: () => number;

  constructor(id: number, random: () => number) {
    this.id = id;
    this.#random = random;
  }

  async run(server: Server, until: { stop: boolean }): Promise<void> {
    const client = await server.connect();
    const underWay: Promise<void>[] = [];
    try {
      while (!until.stop) {
        const next = entry(this.id, this.#serial++, this.#random);
        this.journal.push(next);
        client.write(Buffer.concat(next.commands.map((words) => encodeCommand(words))));
        underWay.push(this.#acknowledge(client, next));
        if (underWay.length >= WINDOW) await underWay.shift();
      }
    } catch {
      // The server died; what is under way stays unacknowledged.
    }
    await Promise.allSettled(underWay);
    client.close();
  }

  async #acknowledge(client: Client, sent: Entry): Promise<void> {
    const replies = await Promise.all(sent.commands.map(() => client.read()));
    const bad = replies.find((reply) => reply.type === "error");
    if (bad) this.refused ??= show(bad);
    this.acknowledged++;
  }

  /** Finds the prefix of the journal that the server holds, and begins a new journal behind it. */
  async settle(client: Client): Promise<{ lost: number; kept: number }> {
    assert.equal(this.refused, undefined);
    const promised = this.promisedBefore ?? this.acknowledged;
    const found = await recovered(client, this.id);
    const model = this.base.copy();
    // The same state may recur; the longest matching prefix is as good as any that covers the
    // acknowledged.
    let match = promised === 0 && model.digest() === found ? 0 : -1;
    let earlier = model.digest() === found ? 0 : -1;
    let matched = model.copy();
    for (const [index, each] of this.journal.entries()) {
      each.apply(model);
      const near = index + 1 >= promised || index + 1 >= this.journal.length - 3 * WINDOW;
      if (!near || model.digest() !== found) continue;
      if (index + 1 < promised) earlier = index + 1;
      else {
        match = index + 1;
        matched = model.copy();
      }
    }
    const where = `client ${this.id}: ${promised} of ${this.journal.length} promised`;
    const near = earlier >= 0 ? `, the state is that after ${earlier}` : "";
    assert.ok(
      match >= 0,
      `${where}${near || `, the state is no prefix's: ${found.slice(0, 400)}`}`,
    );
    const result = { lost: this.journal.length - match, kept: match };
    this.base = matched;
    this.journal.length = 0;
    this.acknowledged = 0;
    this.promisedBefore = undefined;
    return result;
  }
}

/** The log is rewritten all the time, beside four threads that serve. */
const REWRITING = [
  ...["--auto-aof-rewrite-min-size", "16kb", "--auto-aof-rewrite-percentage", "5"],
  ...["--io-threads", "4"],
];

/** The log is switched off and on all the time, beside four threads that serve. */
const SWITCHING = ["--io-threads", "4"];

/** Switches the log until the server is gone; returns how often it was on again. */
async function switchOn(server: Server, writers: readonly Writer[]): Promise<number> {
  const client = await server.connect();
  let times = 0;
  try {
    for (;;) {
      for (const writer of writers) writer.promisedBefore = writer.acknowledged;
      for (const value of ["no", "yes"]) {
        assert.equal(show(await client.call("CONFIG", "SET", "appendonly", value)), "+OK");
      }
      let info = "";
      while (!/aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/.test(info)) {
        info = show(await client.call("INFO", "persistence")).replaceAll("\\r\\n", "\r\n");
      }
      for (const writer of writers) writer.promisedBefore = undefined;
      times++;
      await pause(5);
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return times; // the server died
  } finally {
    client.close();
  }
}

function torture(
  runtime: Runtime,
  fsync: string,
  rounds: number,
  more: readonly string[] = [],
): void {
  const what = more === REWRITING ? ", rewriting" : more === SWITCHING ? ", switching" : "";
  test(`${runtime}, appendfsync ${fsync}${what}: nothing acknowledged is lost`, {
    timeout: 300_000,
  }, async (t) => {
    t.diagnostic(`TSKEYDB_SEED=${SEED}`);
    const random = generator(SEED + fsync.length + runtime.length);
    const dir = temporaryFolder();
    const port = await freePort();
    const args = ["--appendonly", "yes", "--appendfsync", fsync, ...more];
    const writers = Array.from(
      { length: CLIENTS },
      (_, id) => new Writer(id, generator(Math.floor(random() * 2 ** 32))),
    );
    let total = 0;
    const bases = new Set<string>();
    let switched = 0;
    // A slow machine takes more rounds until one has come to a rewrite's end.
    let last = rounds;
    for (let round = 0; round <= last; round++) {
      const server = await startOurServer({ runtime, dir, port, args });
      const reader = await server.connect();
      for (const writer of writers) total += (await writer.settle(reader)).kept;
      assert.equal(show(await reader.call("DEBUG", "VERIFY")), "+OK");
      reader.close();
      if (more === REWRITING) bases.add(baseOf(dir));
      const awaits = more === REWRITING && bases.size < 2 && last < rounds + MORE_ROUNDS_MAX;
      if (round === last && awaits) last++;
      if (round === last) {
        await server.stop();
        break;
      }
      const until = { stop: false };
      const running = writers.map((writer) => writer.run(server, until));
      const switching = more === SWITCHING ? switchOn(server, writers) : 0;
      await pause(50 + random() * 700);
      await server.stop("SIGKILL");
      until.stop = true;
      await Promise.all(running);
      switched += await switching;
    }
    if (more === SWITCHING) t.diagnostic(`the log was on again ${switched} times`);
    assert.ok(total > rounds * CLIENTS, `only ${total} writes in ${rounds} rounds`);
    // At first there is no base.
    if (more === REWRITING) assert.ok(bases.size > 1, "it was rewritten");
    t.diagnostic(`${total} journal entries survived ${last} kills`);
  });
}

/** The base that the log has, or "". */
function baseOf(dir: string): string {
  const names = readdirSync(join(dir, "appendonlydir"));
  assert.ok(!names.some((name) => name.startsWith("temp-")), names.join(" "));
  const bases = names.filter((name) => name.includes(".base."));
  assert.ok(bases.length < 2, names.join(" "));
  return bases[0] ?? "";
}

for (const fsync of ["always", "everysec"]) {
  torture("bun", fsync, ROUNDS, REWRITING);
  torture("node", fsync, Math.ceil(ROUNDS / 2), REWRITING);
  torture("bun", fsync, ROUNDS, SWITCHING);
  torture("node", fsync, Math.ceil(ROUNDS / 2), SWITCHING);
}
torture("bun", "always", ROUNDS);
torture("bun", "everysec", ROUNDS);
torture("node", "always", Math.ceil(ROUNDS / 2));
torture("node", "everysec", Math.ceil(ROUNDS / 2));

test("SIGTERM loses nothing, whatever appendfsync says", { timeout: 120_000 }, async () => {
  for (const runtime of ["bun", "node"] as const) {
    const dir = temporaryFolder();
    const args = ["--appendonly", "yes", "--appendfsync", "no"];
    const first = await startOurServer({ runtime, dir, args });
    const client = await first.connect();
    const commands = Array.from({ length: 2_000 }, (_, index) => ["RPUSH", "l", String(index)]);
    await client.pipeline(commands);
    await client.call("SELECT", "3");
    await client.call("SET", "k", "three", "PXAT", "33177117420123");
    assert.equal(await first.stop("SIGTERM"), 0);
    assert.ok(existsSync(dir) && readdirSync(dir).length > 0);
    const second = await startOurServer({ runtime, dir, args });
    const reader = await second.connect();
    assert.equal(show(await reader.call("LLEN", "l")), ":2000");
    assert.equal(show(await reader.call("LINDEX", "l", "1999")), '"1999"');
    await reader.call("SELECT", "3");
    assert.equal(show(await reader.call("PEXPIRETIME", "k")), ":33177117420123");
    reader.close();
    assert.equal(await second.stop("SIGINT"), 0);
  }
});
