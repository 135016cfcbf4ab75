// DUMP and RESTORE beside redis-server: errors, options, every encoding, and values that go from
// one server to the other and back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Random } from "../../src/base/random.ts";
import { literalLzf, payload, samples } from "../../src/persistence/rdb/encodings-test-support.ts";
import { text } from "../../src/persistence/rdb/rdb-test-support.ts";
import type { Client } from "../support/client.ts";
import { quote, show, textOf } from "../support/resp.ts";
import { EVERY_ENCODING, family, PROFILES, script } from "../support/scenario.ts";
import {
  RUNTIMES,
  redisServerOrSkip,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";

const hello = payload(0, text("hello"));
const list = quote(payload(1, [2, text("a"), text("b")]));

/** The payload with one of its bytes changed. */
function changed(at: number): string {
  const bytes = hello.slice();
  bytes[at] = (bytes[at] as number) ^ 1;
  return quote(bytes);
}

family(
  "payloads",
  {
    "RESTORE and its options": script`
      RESTORE k 0 ${quote(hello)}
      GET k
      TTL k
      RESTORE k 0 ${quote(hello)}
      RESTORE k x ${quote(hello)}
      RESTORE k 0 ${quote(hello)} REPLACE BOGUS
      RESTORE k 5000000 ${quote(hello)} replace
      : PTTL k
      RESTORE k 0 ${quote(hello)} REPLACE
      PTTL k
      RESTORE k 99999999999999 ${quote(hello)} REPLACE ABSTTL
      PEXPIRETIME k
      RESTORE k 1000 ${quote(hello)} ABSTTL REPLACE
      EXISTS k
      RESTORE none 1000 ${quote(hello)} ABSTTL
      EXISTS none
      RESTORE n -1 ${quote(hello)}
      RESTORE n x ${quote(hello)}
      RESTORE n 1.5 ${quote(hello)}
      RESTORE n 9223372036854775808 ${quote(hello)}
      RESTORE n 0 ${quote(hello)} ABSTTL
      TTL n
      RESTORE l 0 ${list} IDLETIME 1000
      : OBJECT IDLETIME l
      RESTORE l 0 ${list} REPLACE IDLETIME 0
      : OBJECT IDLETIME l
      RESTORE l 0 ${list} REPLACE IDLETIME -1
      RESTORE l 0 ${list} REPLACE IDLETIME x
      RESTORE l 0 ${list} REPLACE IDLETIME
      RESTORE l 0 ${list} REPLACE FREQ 256
      RESTORE l 0 ${list} REPLACE FREQ -1
      RESTORE l 0 ${list} REPLACE FREQ x
      RESTORE l 0 ${list} REPLACE FREQ
      RESTORE l 0 ${list} REPLACE FREQ 100
      RESTORE l 0 ${list} REPLACE FREQ 100 IDLETIME 5
      RESTORE l 0 ${list} REPLACE IDLETIME 5 FREQ 100
      LRANGE l 0 -1
      CONFIG SET maxmemory-policy allkeys-lfu
      RESTORE l 0 ${list} REPLACE FREQ 100
      OBJECT FREQ l
      RESTORE l 0 ${list} REPLACE IDLETIME 100
      OBJECT FREQ l
      CONFIG SET maxmemory-policy noeviction
      RESTORE
      RESTORE k
      RESTORE k 0
      RESTORE k 0 ${quote(hello)} X
      DUMP
      DUMP a b
      DUMP nothing
      DUMP n
      RPUSH l a
    `,

    "what is no payload": script`
      RESTORE k 0 ""
      RESTORE k 0 abc
      RESTORE k 0 ${changed(0)}
      RESTORE k 0 ${changed(3)}
      RESTORE k 0 ${changed(hello.length - 10)}
      RESTORE k 0 ${changed(hello.length - 1)}
      RESTORE k 0 ${quote(payload(0, text("hello"), 99))}
      RESTORE k 0 ${quote(payload(0, text("hello"), 1))}
      RESTORE k 0 ${quote(payload(0, []))} REPLACE
      RESTORE k 0 ${quote(payload(99, text("hello")))} REPLACE
      RESTORE k 0 ${quote(payload(0, [20, "short"]))} REPLACE
      RESTORE k 0 ${quote(payload(0, 0x82))} REPLACE
      RESTORE k 0 ${quote(payload(0, literalLzf("abc")))} REPLACE
      RESTORE k 0 ${quote(payload(0, [0xc3, 2, 5, 0x20, 0]))} REPLACE
      RESTORE k 0 ${quote(payload(1, 0))} REPLACE
      RESTORE k 0 ${quote(payload(2, [2, text("a"), text("a")]))} REPLACE
      RESTORE k 0 ${quote(payload(4, [1, text("a")]))} REPLACE
      RESTORE k 0 ${quote(payload(0, [text("more"), "behind it"]))} REPLACE
      GET k
    `,

    "who waits for a list is served, and events are told": script`
      CONFIG SET notify-keyspace-events KEA
      SUBSCRIBE __keyevent@0__:restore
      b>> BLPOP l 0
      c> RESTORE l 0 ${list}
      b<
      c> LRANGE l 0 -1
      a<
      c> CONFIG SET notify-keyspace-events ""
    `,

    "in a transaction, and while it is watched": script`
      WATCH k
      b> RESTORE k 0 ${quote(hello)}
      MULTI
      GET k
      EXEC
      MULTI
      RESTORE k 0 ${list} REPLACE
      DUMP nothing
      TYPE k
      EXEC
    `,

    ...Object.fromEntries(
      samples
        .filter(({ isShared }) => isShared)
        .map(({ name, format, value }) => [
          `a ${name}`,
          script`
            RESTORE k 0 ${quote(payload(format, value))}
            TYPE k
            & OBJECT ENCODING k
            GET k
            LRANGE k 0 -1
            ~ SMEMBERS k
            % HGETALL k
          `,
        ]),
    ),
  },
  { profiles: EVERY_ENCODING },
);

/** Commands that make a value of each type and size. */
function values(random: Random): string[][] {
  const word = (): string => {
    const length = [3, 12, 30, 70, 5000][random.below(5)] as number;
    const letters = [2, 10, 256][random.below(3)] as number;
    if (random.below(3) === 0) return String((random.next32() | 0) >> random.below(32));
    return String.fromCharCode(...Array.from({ length }, () => random.below(letters)));
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
  ];
}

function bytesOf(words: readonly string[]): Buffer[] {
  return words.map((each) => Buffer.from(each, "latin1"));
}

async function digest(client: Client): Promise<string> {
  return show(await client.call("DEBUG", "DIGEST"));
}

/** Has `to` hold what `from` does, by DUMP and RESTORE. */
async function carry(from: Client, to: Client): Promise<void> {
  await to.call("FLUSHALL");
  for (const key of ["string", "list", "set", "integers", "hash"]) {
    const reply = await from.call("DUMP", key);
    assert.equal(reply.type, "bulk");
    const bytes = reply.type === "bulk" ? reply.bytes : Buffer.alloc(0);
    const restored = await to.call("RESTORE", key, "0", bytes);
    assert.equal(show(restored), "+OK", `${key}: ${quote(bytes).slice(0, 200)}`);
  }
}

for (const runtime of RUNTIMES) {
  describe(`payloads between servers, ours on ${runtime}`, () => {
    test("values go both ways, and digests are equal", async (t) => {
      if (!redisServerOrSkip(t, "DUMP and RESTORE")) return;
      const args = ["--enable-debug-command", "yes"];
      const ours = await startOurServer({ runtime, args });
      const theirs = await startRedisServer({ args });
      t.after(async () => {
        await ours.stop();
        await theirs.stop();
      });
      const left = await theirs.connect();
      const right = await ours.connect();
      const seed = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 30);
      const random = new Random().seed(seed, 8);
      for (let round = 0; round < 30; round++) {
        const tuned = Object.entries(Object.values(PROFILES)[round % 2] ?? {});
        for (const [name, value] of tuned) {
          await left.call("CONFIG", "SET", name, value);
          await right.call("CONFIG", "SET", name, value);
        }
        const [from, to] = round % 4 < 2 ? [left, right] : [right, left];
        await from.call("FLUSHALL");
        for (const words of values(random)) await from.call(...bytesOf(words));
        const expected = await digest(from);
        await carry(from, to);
        assert.equal(await digest(to), expected, `there: seed ${seed}, round ${round}`);
        await carry(to, from);
        assert.equal(await digest(from), expected, `and back: seed ${seed}, round ${round}`);
      }
      assert.equal(textOf(await right.call("DEBUG", "VERIFY")), "OK");
    });
  });
}
