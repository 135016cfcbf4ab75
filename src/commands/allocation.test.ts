// That requests allocate nothing: V8 counts the bytes it ever allocated, and over many requests
// that count must not grow with them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { getHeapStatistics } from "node:v8";
import { asciiBytes, latin1Text } from "../base/bytes.ts";
import { Crc64 } from "../codec/crc64.ts";
import { Flag } from "../engine/command.ts";
import { Arguments } from "../protocol/arguments.ts";
import { Parsed, RequestParser } from "../protocol/request-parser.ts";
import { TestDatabase } from "./test-support.ts";

const KEY = "key:000000012345";
const VALUE = "xxxxxxxxxxxxxxxx";
const WARM_UP = 80_000;
const REQUESTS = 160_000;
const ROUNDS = 20;
/**
 * The smallest object takes 16 bytes. What is allowed below that is the compiler's own work and the
 * clock's numbers: one call in 64 is timed.
 */
const ALLOWED_BYTES = 4;
/** Of a command that is neither fast nor O(1) each call is timed: a number of the clock's. */
const CLOCK_BYTES = 16;

/**
 * A deadline is beyond 32 bits, as is what an ID stands by in a tree, and a position has fractions:
 * V8 makes an object of such a number where one function passes it on to another.
 */
const NUMBERS_BYTES = 160;

/** Requests that are made in turn, and what each of them may allocate. */
interface Row {
  readonly cycle: readonly string[];
  readonly bytes?: number;
}

/** What is not about data. */
const OTHER_GROUPS = new Set(["connection", "server", "pubsub", "transactions", "cluster"]);

const row = (...cycle: string[]): Row => ({ cycle });

/** What DUMP gives of a string of 16 bytes, a character for each byte. */
function payloadText(): string {
  const bytes = new Uint8Array(28);
  bytes.set(asciiBytes(`\x00\x10${VALUE}\x0a\x00`));
  const crc = new Crc64();
  crc.add(bytes, 0, 20);
  crc.writeTo(bytes, 20);
  return latin1Text(bytes, 0, bytes.length);
}

const members = (count: number, before: string): string =>
  Array.from({ length: count }, (_, i) => `${before}m${i}`).join(" ");
const pairs = (count: number): string =>
  Array.from({ length: count }, (_, i) => `f${i} ${i}`).join(" ");
const scored = (count: number): string =>
  Array.from({ length: count }, (_, i) => `${i} m${i}`).join(" ");

/** What is there before each row: of every type small and large ones. */
const BEFORE = [
  `SET ${KEY} ${VALUE}`,
  "SET counter 1",
  "SETBIT bitmap 20000 1",
  `HSET hash ${pairs(10)}`,
  `HSET hashes ${pairs(1000)}`,
  `SADD set ${members(10, "")}`,
  "SADD intset 1 2 3 4 5 6 7 8 9 10",
  `SADD sets ${members(1000, "")}`,
  `RPUSH list ${members(10, "")}`,
  `RPUSH lists ${members(1000, "a member of some length that fills nodes ")}`,
  `ZADD zset ${scored(10)}`,
  `ZADD zsets ${scored(1000)}`,
  "GEOADD places 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
  "XADD stream 1-1 name value",
  "XADD stream 1-2 name value",
  "XGROUP CREATE stream group 0",
  "XREADGROUP GROUP group ann COUNT 1 STREAMS stream >",
];

const both = (line: string): Row => row(line, line.replace(/ (hash|set|list|zset) /, " $1s "));

const ROWS: readonly Row[] = [
  // Strings
  row(`SET ${KEY} ${VALUE}`),
  row(`GET ${KEY}`),
  row(`GETSET ${KEY} ${VALUE}`),
  row(`SET a ${VALUE}`, "GETDEL a"),
  { ...row(`GETEX ${KEY} PX 100000`, `GETEX ${KEY} PERSIST`), bytes: NUMBERS_BYTES },
  row(`SETNX ${KEY} ${VALUE}`),
  { ...row(`SETEX a 100 ${VALUE}`, `PSETEX a 100000 ${VALUE}`), bytes: NUMBERS_BYTES },
  row(`MGET ${KEY} nothing`),
  row(`STRLEN ${KEY}`),
  row(`SET a ${VALUE}`, "APPEND a 1"),
  row(`DELEX ${KEY} IFNE ${VALUE}`),
  row(`DELIFEQ ${KEY} other`, `DELIFEQ nothing other`),
  row("INCR counter", "DECR counter"),
  row("INCRBY counter 1000", "DECRBY counter 1000"),
  row("INCREX window UBOUND 1000000000"),
  row("INCRBYFLOAT counter 3"),
  // Bits and HyperLogLogs
  row("SETBIT bitmap 12345 1", "SETBIT bitmap 12345 0"),
  row(`GETBIT ${KEY} 12`),
  { ...row("BITFIELD bitmap INCRBY u8 #3 1 GET i20 7"), bytes: CLOCK_BYTES },
  row("BITFIELD_RO bitmap GET u32 #1"),
  row("PFADD hyperloglog element:0000012345"),
  // Keys
  row("EXISTS counter nothing", "TOUCH counter nothing", "TYPE hash"),
  row("TTL counter", "PTTL counter", "EXPIRETIME counter", "PEXPIRETIME counter"),
  { ...row("EXPIRE counter 100", "PEXPIRE counter 100000"), bytes: NUMBERS_BYTES },
  {
    ...row("EXPIREAT counter 2000000000", "PEXPIREAT counter 2000000000000", "PERSIST counter"),
    bytes: NUMBERS_BYTES,
  },
  row(`SET a ${VALUE}`, "UNLINK a"),
  row(`SET a ${VALUE}`, "RENAME a b", "RENAMENX b a"),
  row("MOVE nothing 1", "RANDOMKEY"),
  { ...row(`DUMP ${KEY}`), bytes: CLOCK_BYTES },
  { ...row(`RESTORE ${KEY} 0 ${payloadText()} REPLACE`), bytes: CLOCK_BYTES },
  // Hashes
  both("HSET hash f1 17"),
  both("HMSET hash f1 18"),
  both("HSETNX hash f1 17"),
  both("HGET hash f1"),
  both("HMGET hash f1 nothing"),
  row("HSET hash new 1", "HDEL hash new", "HSET hashes new 1", "HDEL hashes new"),
  row("HLEN hash", "HEXISTS hash f1", "HSTRLEN hash f1"),
  row("HLEN hashes", "HEXISTS hashes f1", "HSTRLEN hashes f1"),
  both("HINCRBY hash f1 1"),
  both("HINCRBYFLOAT hash f1 1"),
  { ...both("HEXPIRE hash 100 FIELDS 1 f1"), bytes: NUMBERS_BYTES },
  { ...both("HPEXPIRE hash 100000 FIELDS 1 f1"), bytes: NUMBERS_BYTES },
  { ...both("HEXPIREAT hash 2000000000 FIELDS 1 f1"), bytes: NUMBERS_BYTES },
  { ...both("HPEXPIREAT hash 2000000000000 FIELDS 1 f1"), bytes: NUMBERS_BYTES },
  { ...both("HTTL hash FIELDS 1 f1"), bytes: NUMBERS_BYTES },
  { ...both("HPTTL hash FIELDS 1 f1"), bytes: NUMBERS_BYTES },
  { ...both("HEXPIRETIME hash FIELDS 1 f1"), bytes: NUMBERS_BYTES },
  { ...both("HPEXPIRETIME hash FIELDS 1 f1"), bytes: NUMBERS_BYTES },
  { ...both("HPERSIST hash FIELDS 1 f1"), bytes: NUMBERS_BYTES },
  {
    ...row("HGETEX hash EX 100 FIELDS 1 f1", "HGETEX hashes EX 100 FIELDS 1 f1"),
    bytes: NUMBERS_BYTES,
  },
  {
    ...row("HSETEX hash EX 100 FIELDS 1 f1 5", "HSETEX hashes EX 100 FIELDS 1 f1 5"),
    bytes: NUMBERS_BYTES,
  },
  row(
    "HGETDEL hash FIELDS 1 f1",
    "HSET hash f1 5",
    "HGETDEL hashes FIELDS 1 f1",
    "HSET hashes f1 5",
  ),
  // Lists
  row("LPUSH list a", "RPOP list", "RPUSH list a", "LPOP list"),
  row("LPUSH lists a", "RPOP lists", "RPUSH lists a", "LPOP lists"),
  row("LPUSHX list a", "LPOP list", "RPUSHX list a", "RPOP list"),
  row("LLEN list", "LLEN lists"),
  row("LMOVE list lists LEFT RIGHT", "LMOVE lists list RIGHT LEFT"),
  row("RPOPLPUSH list lists", "LMOVE lists list LEFT RIGHT"),
  row("BLMOVE list lists LEFT RIGHT 0", "LMOVE lists list RIGHT LEFT"),
  row("BRPOPLPUSH list lists 0", "LMOVE lists list LEFT RIGHT"),
  { ...row("BLPOP list 0", "LPUSH list a", "BRPOP list 0", "RPUSH list a"), bytes: CLOCK_BYTES },
  // Sets
  row("SADD set new", "SREM set new", "SADD sets new", "SREM sets new"),
  row("SADD intset 99", "SREM intset 99"),
  row("SISMEMBER set m1", "SISMEMBER sets m1", "SISMEMBER intset 5"),
  row("SMISMEMBER set m1 no", "SMISMEMBER sets m1 no", "SCARD set"),
  row("SPOP set", "SADD set a", "SPOP sets", "SADD sets a"),
  row("SMOVE set sets m1", "SMOVE sets set m1"),
  // Sorted sets
  row("ZADD zset 7 m1", "ZADD zset 2 m1", "ZADD zsets 7 m1", "ZADD zsets 2 m1"),
  row("ZADD zsets 2 new", "ZREM zsets new", "ZADD zset 2 new", "ZREM zset new"),
  both("ZINCRBY zset 1 m1"),
  row("ZCARD zset", "ZSCORE zset m5", "ZSCORE zsets m5"),
  both("ZMSCORE zset m5 nothing"),
  // The score, where the compiler leaves the search in the tree a call.
  { ...both("ZRANK zset m5"), bytes: NUMBERS_BYTES },
  { ...both("ZREVRANK zset m5"), bytes: NUMBERS_BYTES },
  both("ZCOUNT zset 2 (7"),
  both("ZLEXCOUNT zset [m2 (m7"),
  row("ZPOPMIN zset", "ZADD zset 0 m0", "ZPOPMAX zset", "ZADD zset 9 m9"),
  row("ZPOPMIN zsets", "ZADD zsets 0 m0", "ZPOPMAX zsets", "ZADD zsets 999 m999"),
  row("BZPOPMIN zsets 0", "ZADD zsets 0 m0", "BZPOPMAX zsets 0", "ZADD zsets 999 m999"),
  // Positions
  { ...row("GEODIST places Palermo Catania km"), bytes: NUMBERS_BYTES },
  // Streams
  row(`XADD stream MAXLEN ~ 1000 * name ${VALUE} number 12345`),
  row("XLEN stream", "XSETID stream 5-7", "XCFGSET stream IDMP-MAXSIZE 100"),
  { ...row("XADD stream IDMP ann 1 * f v"), bytes: NUMBERS_BYTES },
  { ...row("XIDMPRECORD stream ann 2 1-1"), bytes: NUMBERS_BYTES },
  row("XDEL stream 9-9 3-4", "XDELEX stream IDS 1 9-9"),
  { ...row("XACK stream group 9-9", "XACKDEL stream group IDS 1 9-9"), bytes: NUMBERS_BYTES },
  { ...row("XNACK stream group FAIL IDS 1 9-9"), bytes: NUMBERS_BYTES },
  { ...row("XCLAIM stream group ann 0 1-1"), bytes: NUMBERS_BYTES },
  { ...row("XAUTOCLAIM stream group ann 0 0 COUNT 1"), bytes: NUMBERS_BYTES },
];

function nameOf(line: string): string {
  return line.split(" ")[0].toLowerCase();
}

function request(line: string): string {
  const words = line.split(" ");
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

/** Bytes that V8 allocated for each request of a row, or undefined where it does not count. */
function allocatedPerRequest(lines: readonly string[], allowed: number): number | undefined {
  const heap = getHeapStatistics() as { total_allocated_bytes?: number };
  if (heap.total_allocated_bytes === undefined) return undefined;
  const { executor, sink } = new TestDatabase();
  const session = executor.internal;
  const { reply, effects } = executor.context;
  effects.removeSink(sink);
  let logged = 0;
  effects.addSink({
    selectDatabase: () => {},
    append: (_bytes, start, end) => {
      logged += end - start;
    },
    borrow: (_bytes, start, end) => {
      logged += end - start;
    },
    take: () => {},
    sizeBytes: 0,
    shorten: () => {},
  });
  const parser = new RequestParser();
  const args = new Arguments();
  const execute = (pipeline: Uint8Array): void => {
    for (let at = 0; at < pipeline.length; at = parser.next) {
      const parsed = parser.parse(args, pipeline, at, pipeline.length, true, null);
      if (parsed !== Parsed.request) throw new Error("the pipeline is whole");
      executor.execute(session, args);
    }
    reply.truncate(0);
  };
  execute(asciiBytes(BEFORE.map(request).join("")));
  const repeated = Math.ceil(16 / lines.length);
  const pipeline = asciiBytes(lines.map(request).join("").repeat(repeated));
  const serve = (requests: number): void => {
    for (let done = 0; done < requests; done += repeated * lines.length) execute(pipeline);
  };
  logged = 0;
  serve(WARM_UP);
  // On a busy machine the compiler may still be at work; what code allocates, it allocates always.
  let allocated = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS && allocated > allowed; round++) {
    const before = total();
    serve(REQUESTS);
    allocated = (total() - before) / REQUESTS;
  }
  assert.equal(executor.statistics.errors().length, 0);
  const writes = lines.some((line) => {
    return executor.table.commands.get(nameOf(line))?.entry.flags.includes("write");
  });
  assert.ok(logged === 0 || writes, "what only reads is not logged");
  return allocated;
}

function total(): number {
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number })
    .total_allocated_bytes;
}

/** Digests are computed with BigInts; others wait for what a database in memory does not have. */
const EXCEPT = new Set(["digest", "wait", "waitaof"]);

test("every data command that is fast or O(1) has a row", () => {
  const shown = new Set(ROWS.flatMap(({ cycle }) => cycle.map(nameOf)));
  const missing = new TestDatabase().executor.table.all
    .filter(({ entry, flags }) => (flags & Flag.fast) !== 0 || entry.complexity === "O(1)")
    .filter(({ entry, fullName }) => !OTHER_GROUPS.has(entry.group) && !fullName.includes("|"))
    .map(({ name }) => name)
    .filter((name) => !shown.has(name) && !EXCEPT.has(name));
  assert.deepEqual(missing, []);
});

for (const { cycle, bytes: more = 0 } of ROWS) {
  const names = [...new Set(cycle.map((line) => line.split(" ")[0]))].join(", ");
  const but = more > 0 ? " but numbers" : "";
  test(`${names} over RESP allocates nothing${but}`, (t) => {
    const allowed = ALLOWED_BYTES + more;
    const bytes = allocatedPerRequest(cycle, allowed);
    if (bytes === undefined) {
      t.skip("this runtime does not count what it allocates");
      return;
    }
    assert.ok(bytes <= allowed, `${bytes.toFixed(2)} bytes for each request`);
  });
}
