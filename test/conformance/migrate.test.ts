// MIGRATE beside redis-server: the same requests to a target, and values that go both ways.

import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { Random } from "../../src/base/random.ts";
import type { Client } from "../support/client.ts";
import { type Reply, show, textOf } from "../support/resp.ts";
import { PROFILES } from "../support/scenario.ts";
import {
  RUNTIMES,
  type Runtime,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";

const HOST = "127.0.0.1";
const DEBUG = ["--enable-debug-command", "yes"];

async function servers(
  t: TestContext,
  runtime: Runtime,
  more: readonly string[] = [],
): Promise<{ ours: Server; theirs: Server; target: Server }> {
  const ours = await startOurServer({ runtime, args: [...DEBUG, ...more] });
  const theirs = await startRedisServer({ args: DEBUG });
  const target = await startRedisServer({ args: DEBUG });
  t.after(() => Promise.all([ours.stop(), theirs.stop(), target.stop()]));
  return { ours, theirs, target };
}

/** What the source replies and holds, and what the target holds, after each line. */
async function run(source: Server, target: Server, lines: readonly string[]): Promise<string[]> {
  const [from, to] = [await source.connect(), await target.connect()];
  await from.call("FLUSHALL");
  await to.call("AUTH", "secret");
  await to.call("CONFIG", "SET", "requirepass", "");
  await to.call("FLUSHALL");
  const told: string[] = [];
  for (const line of lines) {
    const isForTarget = line.startsWith("> ");
    const words = line.replace(/^> /, "").replace("PORT", String(target.port));
    const reply = await (isForTarget ? to : from).line(words);
    told.push(`${line}: ${show(reply)}`);
  }
  from.close();
  to.close();
  return told;
}

const SCRIPT = `
  SET k v
  MIGRATE
  MIGRATE 127.0.0.1 PORT k 0
  MIGRATE 127.0.0.1 PORT k 0 20000
  EXISTS k
  > GET k
  MIGRATE 127.0.0.1 PORT k 0 20000
  MIGRATE 127.0.0.1 PORT "" 0 20000 KEYS a b
  MIGRATE 127.0.0.1 PORT "" 0 20000 KEYS
  MIGRATE 127.0.0.1 PORT "" 0 20000
  SET k w
  MIGRATE 127.0.0.1 PORT k 0 20000
  GET k
  MIGRATE 127.0.0.1 PORT k 0 20000 REPLACE COPY
  > GET k
  GET k
  MIGRATE 127.0.0.1 PORT k 0 20000 copy replace copy
  MIGRATE 127.0.0.1 PORT k x 20000
  MIGRATE 127.0.0.1 PORT k 0 x
  MIGRATE 127.0.0.1 PORT k 0 1.5
  MIGRATE 127.0.0.1 PORT k 99999999999999999999 20000
  MIGRATE 127.0.0.1 PORT nothing x x
  MIGRATE 127.0.0.1 PORT k 0 20000 FORCE
  MIGRATE 127.0.0.1 PORT k 0 20000 AUTH
  MIGRATE 127.0.0.1 PORT k 0 20000 AUTH2 user
  MIGRATE 127.0.0.1 PORT k 0 20000 KEYS k
  MIGRATE 127.0.0.1 PORT nothing 0 20000 KEYS k
  MIGRATE 127.0.0.1 PORT "" 0 20000 COPY KEYS k REPLACE
  MIGRATE 127.0.0.1 PORT "" 0 20000 COPY REPLACE KEYS k REPLACE
  MIGRATE 127.0.0.1 1 k 0 20000
  MIGRATE 127.0.0.1 nonsense k 0 20000
  MIGRATE no.such.host.invalid PORT k 0 20000
  MIGRATE 127.0.0.1 PORT k 16 20000
  MIGRATE 127.0.0.1 70000 k 0 20000
  MIGRATE "" PORT k 0 20000
  GET k
  > DBSIZE
  MIGRATE 127.0.0.1 PORT k 15 0
  SELECT 4
  MSET a 1 b 2 c 3
  > SET b there
  MIGRATE 127.0.0.1 PORT "" 0 -5 KEYS a b nothing c
  MGET a b c
  > MGET a b c
  MIGRATE 127.0.0.1 PORT b 0 20000 AUTH secret
  > CONFIG SET requirepass secret
  MIGRATE 127.0.0.1 PORT b 7 20000 AUTH wrong
  MIGRATE 127.0.0.1 PORT b 7 20000 AUTH2 nobody secret
  EXISTS b
  MIGRATE 127.0.0.1 PORT b 7 20000 REPLACE AUTH secret
  EXISTS b
  SET b again
  MIGRATE 127.0.0.1 PORT b 7 20000 AUTH2 default secret
  MIGRATE 127.0.0.1 PORT b 7 20000 REPLACE AUTH2 default secret
  SET keys 1
  COMMAND GETKEYS MIGRATE h 1 k 0 1
  COMMAND GETKEYS MIGRATE h 1 "" 0 1 KEYS a b
  COMMAND GETKEYS MIGRATE h 1 "" 0 1 AUTH keys KEYS a b
  COMMAND GETKEYS MIGRATE h 1 "" 0 1 AUTH2 keys keys KEYS a b
  COMMAND GETKEYS MIGRATE h 1 "" 0 1 COPY REPLACE
  COMMAND GETKEYS MIGRATE h 1 "" 0 1 KEYS
  COMMAND GETKEYS MIGRATE h 1 k 0 1 KEYS
  COMMAND GETKEYS MIGRATE h 1 k 0 1 KEYS a
  COMMAND GETKEYS MIGRATE h 1 "" 0 1 COPY KEYS
  COMMAND GETKEYSANDFLAGS MIGRATE h 1 "" 0 1 AUTH x KEYS a b
  COMMAND INFO migrate
`
  .trim()
  .split("\n")
  .map((line) => line.trim());

function bytesOf(words: readonly string[]): Buffer[] {
  return words.map((each) => Buffer.from(each, "latin1"));
}

/** Commands that make a value of each type and size. */
function values(random: Random): string[][] {
  const word = (): string => {
    const length = [3, 12, 70, 5000][random.below(4)] as number;
    if (random.below(3) === 0) return String((random.next32() | 0) >> random.below(32));
    return String.fromCharCode(...Array.from({ length }, () => random.below(256)));
  };
  const words = (n: number): string[] => Array.from({ length: n }, word);
  const several = (): number => [1, 4, 40, 600][random.below(4)] as number;
  const integers = Array.from({ length: several() }, () => String(random.next32() | 0));
  return [
    ["SET", "string", word()],
    ["RPUSH", "list", ...words(several())],
    ["SADD", "set", ...words(several())],
    ["SADD", "integers", ...integers],
    ["HSET", "hash", ...words(2 * several())],
    ["ZADD", "zset", ...words(several()).flatMap((each, i) => [String(i / 8 - 9), each])],
  ];
}

const KEYS = ["string", "list", "set", "integers", "hash", "zset"];

async function digest(client: Client): Promise<string> {
  return show(await client.call("DEBUG", "DIGEST"));
}

function isOk(reply: Reply, what: string): void {
  assert.equal(show(reply), "+OK", what);
}

for (const runtime of RUNTIMES) {
  describe(`MIGRATE, ours on ${runtime}`, () => {
    test("replies are Redis's", async (t) => {
      if (!redisServerOrSkip(t, "MIGRATE's replies")) return;
      const { ours, theirs, target } = await servers(t, runtime);
      const expected = await run(theirs, target, SCRIPT);
      assert.deepEqual(await run(ours, target, SCRIPT), expected);
    });

    test("values of every encoding go both ways, and digests are equal", async (t) => {
      if (!redisServerOrSkip(t, "MIGRATE of values")) return;
      const { ours, theirs } = await servers(t, runtime);
      const [left, right] = [await theirs.connect(), await ours.connect()];
      const seed = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 30);
      const random = new Random().seed(seed, 9);
      for (let round = 0; round < 12; round++) {
        const tuned = Object.entries(Object.values(PROFILES)[round % 2] ?? {});
        for (const [name, value] of tuned) {
          await left.call("CONFIG", "SET", name, value);
          await right.call("CONFIG", "SET", name, value);
        }
        const where = `seed ${seed}, round ${round}`;
        const isOurs = round % 4 < 2;
        const [from, to] = isOurs ? [right, left] : [left, right];
        const [fromPort, toPort] = isOurs ? [ours.port, theirs.port] : [theirs.port, ours.port];
        for (const words of values(random)) await from.call(...bytesOf(words));
        await from.call("PEXPIRE", "list", "10000000");
        const expected = await digest(from);
        const there = await from.call(
          "MIGRATE",
          HOST,
          `${toPort}`,
          "",
          "0",
          "5000",
          "KEYS",
          ...KEYS,
        );
        isOk(there, where);
        assert.equal(show(await from.call("DBSIZE")), ":0", where);
        assert.equal(await digest(to), expected, where);
        const ttl = Number(show(await to.call("PTTL", "list")).slice(1));
        assert.ok(ttl > 9_000_000 && ttl <= 10_000_000, where);
        const back = await to.call(
          "MIGRATE",
          HOST,
          `${fromPort}`,
          "",
          "0",
          "5000",
          "KEYS",
          ...KEYS,
        );
        isOk(back, where);
        assert.equal(await digest(from), expected, where);
        await from.call("FLUSHALL");
      }
      isOk(await right.call("DEBUG", "VERIFY"), "whole");
    });

    test("large values and many keys go both ways", async (t) => {
      if (!redisServerOrSkip(t, "MIGRATE of large values")) return;
      const { ours, theirs } = await servers(t, runtime);
      const [left, right] = [await theirs.connect(), await ours.connect()];
      const random = new Random().seed(1, 10);
      const blob = Buffer.alloc(20 << 20);
      for (let i = 0; i < blob.length; i += 4) blob.writeInt32LE(random.next32() | 0, i);
      await right.call("SET", "blob", blob);
      for (let i = 0; i < 15; i++) {
        const words = Array.from({ length: 2000 }, (_, k) => `${i} ${k} ${random.next32()}`);
        await right.call("RPUSH", "list", ...words);
        await right.call("HSET", "hash", ...words);
        await right.call("SADD", "set", ...words);
      }
      const many = Array.from({ length: 5000 }, (_, i) => `key:${i}`);
      await right.call("MSET", ...many.flatMap((key) => [key, `of ${key}`]));
      const keys = ["blob", "list", "hash", "set", ...many];
      const expected = await digest(right);
      for (const [from, to, port] of [
        [right, left, theirs.port],
        [left, right, ours.port],
      ] as const) {
        from.send("MIGRATE", HOST, `${port}`, "", "0", "60000", "KEYS", ...keys);
        isOk(await from.read(80_000), "large");
        assert.equal(show(await from.call("DBSIZE")), ":0");
        assert.equal(await digest(to), expected);
      }
      isOk(await right.call("DEBUG", "VERIFY"), "whole");
    });

    test("from every I/O thread at once, and from one of ours to another", async (t) => {
      const ours = await startOurServer({ runtime, args: ["--io-threads", "4", ...DEBUG] });
      const other = await startOurServer({ runtime, args: ["--io-threads", "2", ...DEBUG] });
      t.after(() => Promise.all([ours.stop(), other.stop()]));
      const clients = await Promise.all(Array.from({ length: 12 }, () => ours.connect()));
      const [first] = clients as [Client];
      const rounds = 20;
      await first.call(
        "MSET",
        ...clients.flatMap((_, i) =>
          Array.from({ length: rounds }, (_, k) => [`k:${i}:${k}`, `v:${i}:${k}`]).flat(),
        ),
      );
      const expected = await digest(first);
      await Promise.all(
        clients.map(async (client, i) => {
          for (let k = 0; k < rounds; k++) {
            const port = String(other.port);
            isOk(
              await client.call("MIGRATE", HOST, port, `k:${i}:${k}`, "0", "60000"),
              `${i} ${k}`,
            );
          }
        }),
      );
      assert.equal(show(await first.call("DBSIZE")), ":0");
      const there = await other.connect();
      assert.equal(await digest(there), expected);
      assert.match(textOf(await first.call("INFO", "stats")) ?? "", /migrate_cached_sockets:[1-9]/);
      isOk(await first.call("DEBUG", "VERIFY"), "whole");
    });
  });
}
