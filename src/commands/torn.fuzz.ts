// Random bytes in the place of a database's, under every command that only reads. A reader without
// the lock may meet anything; whatever it meets, each command must end, throw nothing but what says
// so, make no room for lengths that are none, and write nothing into the segments.
//
// A database of every shape is made once, by one keyspace; another that is attached to its memory
// reads. Each round overwrites some words and bytes (mostly where structures have their headers and
// links: with references to other blocks, counts, zeros, copies of other words, bits turned over),
// runs all probes, compares the segments, and puts the bytes back.
//
// Ends: each look at a segment counts as a step, since memory's arrays of views are stood in for
// by ones that count; a walk from block to block has a limit of steps. A loop within one view is no
// step: there a watchdog in a thread of its own ends the process, and says in what it was.
//
// Run by itself it takes a seed and a number of rounds: `node src/commands/torn.fuzz.ts 42 10000`.
// In the tests TSKEYDB_SEED and TSKEYDB_ROUNDS set them.

import { Worker } from "node:worker_threads";
import { AssertionFailed, assert } from "../base/assert.ts";
import { utf8Bytes } from "../base/bytes.ts";
import { LockNeeded } from "../base/lock-needed.ts";
import { Random } from "../base/random.ts";
import { TornRead } from "../base/torn-read.ts";
import { Foresight } from "../keyspace/foresight.ts";
import { Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { RootWord } from "../memory/root-words.ts";
import { Arguments } from "../protocol/arguments.ts";
import type { ChunkedLists } from "../structures/chunked-list.ts";
import { LIST, listsOf } from "../types/lists.ts";
import { type TestClient, TestDatabase } from "./test-support.ts";

/** Bytes before a segment's table of pages: the root area, of which only the databases are torn. */
const ROOT_BYTES = 4096;
const DATABASE_WORDS = 4;
/** A probe may take so many steps for each byte of memory, and reply so much. */
const STEPS_PER_BYTE = 2;
const REPLY_MAX = 4 << 20;
const MUTATIONS_MAX = 40;
/** So long a probe may not come to its end before the process is ended. */
const WATCHDOG_MS = 30_000;
const FAR_MS = 9_000_000_000_000;

/** A walk went on and on. */
export class Endless extends Error {
  override readonly name = "Endless";
}

/** What is done to torn memory. */
export interface Probe {
  readonly name: string;
  run(): void;
}

const LONG_KEY = "k".repeat(70_000);
/** Names of the keys that all probes are about; the others only fill the table. */
const STRINGS = ["s:sparse", "s:dense", "s:short", "s:int", "s:long", "s:large", LONG_KEY];
const LISTS = ["l:one", "l:many", "l:plain", "l:ints"];
const HASHES = ["h:packed", "h:table", "h:long", "h:due", "h:past", "h:few"];
const SETS = ["i:16", "i:32", "i:64", "p:set", "t:one", "t:two"];
const SORTED = ["z:packed", "z:table", "z:level", "z:geo"];
const STREAMS = ["x:one", "x:many", "x:erased", "x:mixed", "x:iids"];
const KEYS = [...STRINGS, ...LISTS, ...HASHES, ...SETS, ...SORTED, ...STREAMS];

function fill(database: TestDatabase): void {
  const client = database.connect();
  const numbered = (n: number, text: string): string[] =>
    Array.from({ length: n }, (_, i) => `${text}${i}`);
  for (let i = 0; i < 9000; i++) client.call("SET", `key:${i}`, `value ${i}`);
  for (let i = 0; i < 300; i++) client.call("SET", `due:${i}`, "1", "PXAT", String(FAR_MS + i));
  client.call("PFADD", "s:sparse", ...numbered(200, "e"));
  client.call("PFADD", "s:dense", ...numbered(5000, "e"));
  client.call("SET", "s:short", "some text");
  client.call("SET", "s:int", "1234567");
  client.call("SET", "s:long", "long ".repeat(4000));
  client.call("SET", "s:large", "x".repeat(300_000));
  client.call("SET", LONG_KEY, "of a long key");
  client.call("RPUSH", "l:one", ...numbered(3, "e"));
  client.call("RPUSH", "l:many", ...numbered(3000, "an element of a list "));
  client.call("RPUSH", "l:plain", ...numbered(4, "p".repeat(20_000)), "short");
  client.call("RPUSH", "l:ints", ...numbered(400, "-"), ...numbered(400, ""), ...numbered(9, "99"));
  client.call("HSET", "h:packed", ...numbered(40, "f"), ...numbered(10, ""));
  client.call("HSET", "h:table", ...numbered(1600, "field "));
  client.call("HSET", "h:long", ...numbered(8, "v".repeat(10_000)));
  for (const [key, fields] of [
    ["h:due", 1600],
    ["h:past", 90],
    ["h:few", 12],
  ] as const) {
    client.call("HSET", key, ...numbered(fields, "field "));
    const from = FAR_MS - fields / 4; // a time that has passed for half of those with deadlines
    for (let i = 0; i < fields; i += 4) {
      client.call("HPEXPIREAT", key, `${from + i / 2}`, "FIELDS", "1", `field ${i}`);
    }
  }
  client.call("HPEXPIREAT", "h:past", "1000", "FIELDS", "40", ...numbered(40, "field "));
  client.call("SADD", "i:16", ...numbered(100, ""));
  client.call("SADD", "i:32", ...numbered(100, "1000"));
  client.call("SADD", "i:64", ...numbered(100, "100000000000"), "-5");
  client.call("SADD", "p:set", ...numbered(50, "member "));
  client.call("SADD", "t:one", ...numbered(900, "member "), "1", "2", "3");
  client.call("SADD", "t:two", ...numbered(700, "member "), "1", "99");
  const scored = (n: number, text: string, score: (i: number) => number): string[] =>
    numbered(n, text).flatMap((member, i) => [`${score(i)}`, member]);
  client.call("ZADD", "z:packed", ...scored(60, "m", (i) => i / 8));
  client.call("ZADD", "z:table", ...scored(1500, "member ", (i) => (i * 7919) % 1500));
  client.call("ZADD", "z:level", ...scored(1500, "member ", () => 0));
  const placed = numbered(900, "member ").flatMap((member, i) => [`${i / 5}`, `${i / 15}`, member]);
  client.call("GEOADD", "z:geo", ...placed);
  for (let i = 1; i <= 4; i++) client.call("XADD", "x:one", `${i}`, "field", `${i}`);
  for (let i = 1; i <= 1500; i++) {
    client.call("XADD", "x:many", `${i}-${i}`, "name", `value ${i}`, "number", `${i * i}`);
    client.call("XADD", "x:erased", `${i}`, "name", "v".repeat(i % 200));
    if (i <= 300) client.call("XADD", "x:mixed", `${i * 1e12}`, `name ${i}`, "", "other", "-7");
    if (i % 3 > 0 && i > 10) client.call("XDEL", "x:erased", `${i - 9}`);
  }
  client.call("XADD", "x:iids", "1", "field", "value");
  client.call("XCFGSET", "x:iids", "IDMP-DURATION", "30", "IDMP-MAXSIZE", "1000");
  for (let i = 0; i < 1500; i++) {
    // Of half the producers what is known is past, but for those whose turn it was.
    if (i === 750) database.advance(40_000);
    const producer = i % 3 === 0 ? "producer" : `producer ${(i * 130) / 1500}`;
    client.call("XADD", "x:iids", "IDMP", producer, `iid ${i}`, "*", "field", `${i}`);
  }
  addGroups(client);
}

/** Groups of the streams, with much that is pending and some of it given back. */
function addGroups(client: TestClient): void {
  for (const key of STREAMS) {
    for (let i = 0; i < 20; i++) client.call("XGROUP", "CREATE", key, `group ${i}`, "$");
    client.call("XGROUP", "CREATE", key, "many", "0");
    for (let i = 0; i < 150; i++) {
      const consumer = `consumer ${i % 130}`;
      client.call("XREADGROUP", "GROUP", "many", consumer, "COUNT", "9", "STREAMS", key, ">");
    }
    client.call("XNACK", key, "many", "FAIL", "IDS", "3", "2", "3", "100-100");
  }
}

/** Requests of every command that only reads; TOUCH needs the lock. */
export const requests: readonly (readonly string[])[] = [
  ...KEYS.flatMap((key) => [
    ["TYPE", key],
    ["OBJECT", "ENCODING", key],
    ["OBJECT", "REFCOUNT", key],
    ["OBJECT", "IDLETIME", key],
    ["OBJECT", "FREQ", key],
    ["MEMORY", "USAGE", key],
    ["DUMP", key],
    ["TTL", key],
  ]),
  ...STRINGS.flatMap((key) => [
    ["GET", key],
    ["STRLEN", key],
    ["GETRANGE", key, "2", "-3"],
    ["SUBSTR", key, "0", "1"],
    ["GETBIT", key, "77"],
    ["BITCOUNT", key],
    ["BITCOUNT", key, "13", "-9", "BIT"],
    ["BITPOS", key, "0"],
    ["BITPOS", key, "1", "-3"],
    ["LCS", key, "s:sparse"],
    ["LCS", "s:short", key, "IDX"],
    ["LCS", "s:int", key, "LEN"],
    ["DIGEST", key],
    ["PFCOUNT", key],
    ["PFCOUNT", key, "s:sparse", "s:dense"],
    ["BITFIELD_RO", key, "GET", "i64", "3", "GET", "u13", "#7"],
  ]),
  ...LISTS.flatMap((key) => [
    ["LLEN", key],
    ["LRANGE", key, "0", "-1"],
    ["LRANGE", key, "-300", "-2"],
    ["LINDEX", key, "2"],
    ["LINDEX", key, "-40"],
    ["LPOS", key, "nowhere"],
    ["LPOS", key, "nowhere", "RANK", "-1"],
    ["LPOS", key, "7", "COUNT", "0"],
  ]),
  ...HASHES.flatMap((key) => [
    ["HLEN", key],
    ["HGET", key, "f2"],
    ["HGET", key, "field 16"],
    ["HMGET", key, "f0", "field 0", "none", "7"],
    ["HEXISTS", key, "field 100"],
    ["HSTRLEN", key, "f4"],
    ["HTTL", key, "FIELDS", "2", "f4", "none"],
    ["HPTTL", key, "FIELDS", "1", "f4"],
    ["HEXPIRETIME", key, "FIELDS", "1", "f4"],
    ["HPEXPIRETIME", key, "FIELDS", "2", "f4", "f5"],
    ["HGETALL", key],
    ["HKEYS", key],
    ["HVALS", key],
    ["HSCAN", key, "0", "COUNT", "10000000"],
    ["HSCAN", key, "0", "MATCH", "*x*y*"],
    ["HRANDFIELD", key],
    ["HRANDFIELD", key, "5"],
    ["HRANDFIELD", key, "1000000", "WITHVALUES"],
    ["HRANDFIELD", key, "-7"],
  ]),
  ...SETS.flatMap((key) => [
    ["SCARD", key],
    ["SISMEMBER", key, "7"],
    ["SMISMEMBER", key, "member 5", "10000000000012", "none"],
    ["SMEMBERS", key],
    ["SSCAN", key, "0", "COUNT", "10000000"],
    ["SRANDMEMBER", key],
    ["SRANDMEMBER", key, "50"],
    ["SRANDMEMBER", key, "1000000"],
    ["SRANDMEMBER", key, "-9"],
    ["SINTER", key, "t:one"],
    ["SDIFF", "t:two", key],
  ]),
  ...SORTED.flatMap((key) => [
    ["ZCARD", key],
    ["ZSCORE", key, "member 7"],
    ["ZMSCORE", key, "m5", "member 1400", "none"],
    ["ZRANK", key, "member 700"],
    ["ZREVRANK", key, "m9", "WITHSCORE"],
    ["ZCOUNT", key, "3", "(900"],
    ["ZLEXCOUNT", key, "[member 2", "(member 7"],
    ["ZRANGE", key, "0", "-1", "WITHSCORES"],
    ["ZRANGE", key, "-900", "-2", "REV"],
    ["ZRANGE", key, "5", "900", "BYSCORE", "LIMIT", "3", "500"],
    ["ZREVRANGE", key, "5", "9"],
    ["ZRANGEBYSCORE", key, "-inf", "+inf"],
    ["ZREVRANGEBYSCORE", key, "+inf", "700"],
    ["ZRANGEBYLEX", key, "[member 10", "+"],
    ["ZREVRANGEBYLEX", key, "(member 5", "-"],
    ["ZSCAN", key, "0", "COUNT", "10000000"],
    ["ZRANDMEMBER", key],
    ["ZRANDMEMBER", key, "5"],
    ["ZRANDMEMBER", key, "1000000", "WITHSCORES"],
    ["ZUNION", "2", key, "t:one", "WITHSCORES"],
    ["ZINTER", "2", key, "z:table"],
    ["ZINTER", "2", key, "z:table", "AGGREGATE", "COUNT"],
    ["ZDIFF", "2", key, "p:set"],
    ["ZINTERCARD", "2", key, "t:one"],
    ["GEOPOS", key, "member 7", "none"],
    ["GEOHASH", key, "member 7"],
    ["GEODIST", key, "member 7", "member 700"],
    ["GEOSEARCH", key, "FROMLONLAT", "20", "5", "BYRADIUS", "9000", "km", "WITHDIST"],
    ["GEOSEARCH", key, "FROMMEMBER", "member 7", "BYBOX", "500", "500", "km", "COUNT", "3", "ANY"],
    ["GEOSEARCH", key, "BYPOLYGON", "3", "0", "0", "40", "5", "10", "30", "DESC"],
    ["GEORADIUS_RO", key, "0", "0", "300", "mi", "DESC"],
    ["GEORADIUSBYMEMBER_RO", key, "member 9", "300", "mi", "WITHCOORD"],
  ]),
  ...STREAMS.flatMap((key) => [
    ["XLEN", key],
    ["XRANGE", key, "-", "+"],
    ["XRANGE", key, "(700", "900", "COUNT", "20"],
    ["XREVRANGE", key, "+", "-"],
    ["XREVRANGE", key, "800", "3"],
    ["XREAD", "STREAMS", key, "5"],
    ["XREAD", "COUNT", "3", "STREAMS", key, "x:many", "+", "1400"],
    ["XINFO", "STREAM", key],
    ["XINFO", "STREAM", key, "FULL", "COUNT", "500"],
    ["XINFO", "GROUPS", key],
    ["XINFO", "CONSUMERS", key, "many"],
    ["XPENDING", key, "many"],
    ["XPENDING", key, "many", "-", "+", "90"],
    ["XPENDING", key, "many", "IDLE", "5", "40", "+", "900", "consumer 3"],
  ]),
  ...[...LISTS, "t:one", "z:table"].flatMap((key) => [
    ["SORT_RO", key, "ALPHA", "LIMIT", "5", "90"],
    ["SORT_RO", key, "BY", "key:*", "GET", "#", "GET", "h:*->f1"],
  ]),
  ["SINTER", ...SETS],
  ["SINTERCARD", "2", "t:one", "t:two"],
  ["SUNIONCARD", "3", "t:one", "t:two", "i:16"],
  ["SUNIONCARD", "2", "t:one", "p:set", "APPROX"],
  ["SDIFFCARD", "2", "t:one", "t:two"],
  ["SUNION", "t:one", "t:two"],
  ["SUNION", ...SETS],
  ["SUNION", "i:16", "i:32"],
  ["SDIFF", "t:one", ...SETS, "p:set", "p:set", "i:16"],
  ["MGET", ...KEYS, "key:17"],
  ["EXISTS", ...KEYS, "key:17"],
  ["KEYS", "*"],
  ["KEYS", "*:*9"],
  ["SCAN", "0"],
  ["SCAN", "0", "COUNT", "10000000", "TYPE", "hash"],
  ["RANDOMKEY"],
  ["DBSIZE"],
  ["PTTL", "due:7"],
  ["TTL", "due:7"],
  ["EXPIRETIME", "due:8"],
  ["PEXPIRETIME", "due:9"],
];

/** A word of a segment. */
interface Spot {
  readonly segment: number;
  readonly word: number;
}

/** Words that are worth overwriting, those in front most. */
interface Block extends Spot {
  readonly words: number;
}

class TornDatabase {
  readonly probes: Probe[];
  readonly reader: TestDatabase;
  /** The views of the segments, which the reader's memory counts looks at. */
  readonly u8: Uint8Array[];
  readonly i32: Int32Array[];
  readonly bytes: number;
  readonly #whole: Uint8Array[];
  readonly #torn: Uint8Array[];
  /** What a reader counts in: not torn, and not compared. */
  readonly #figures: { segment: number; start: number; end: number }[] = [];
  readonly blocks: Block[] = [];
  readonly refs: number[] = [];
  #steps = 0;

  constructor(planted: ((database: TestDatabase) => Probe)[]) {
    const writer = new TestDatabase();
    fill(writer);
    while (writer.keyspace.disposing) writer.keyspace.reclaim();
    this.reader = new TestDatabase(writer);
    const { memory } = this.reader.keyspace;
    this.u8 = [...memory.u8];
    this.i32 = [...memory.i32];
    this.bytes = this.u8.reduce((sum, view) => sum + view.length, 0);
    this.#whole = this.u8.map((view) => view.slice());
    this.#torn = this.u8.map((view) => view.slice());
    for (const word of [RootWord.statistics, RootWord.counters]) {
      const block = memory.rootWord(word);
      const start = (block & PLACE_MASK) << 3;
      const end = start + memory.sizeOf(block);
      this.#figures.push({ segment: block >>> PLACE_BITS, start, end });
    }
    this.#findSpots(writer);
    this.#countSteps(memory);
    this.probes = [
      ...planted.map((plant) => plant(this.reader)),
      ...requests.map((words) => this.#request(words)),
      ...this.#others(),
    ];
    this.reader.executor.setNow(FAR_MS);
    this.reader.keyspace.beginReading();
  }

  #countSteps(memory: Memory): void {
    const limit = this.bytes * STEPS_PER_BYTE;
    const counting = <T extends object>(views: T): T =>
      new Proxy(views, {
        get: (target, key) => {
          if (++this.#steps > limit) throw new Endless("a probe goes on and on");
          return Reflect.get(target, key);
        },
      });
    const { u8, i32, f64 } = memory;
    Object.defineProperty(memory, "u8", { value: counting(u8) });
    Object.defineProperty(memory, "i32", { value: counting(i32) });
    Object.defineProperty(memory, "f64", { value: counting(f64) });
  }

  #request(words: readonly string[]): Probe {
    const { executor } = this.reader;
    const { session } = this.reader.connect();
    const args = new Arguments();
    args.fill(words);
    const run = (): void => executor.execute(session, args);
    return { name: words.join(" ").slice(0, 60), run };
  }

  /** What is not asked for by a command: deadlines in order, and what is loaded ahead. */
  #others(): Probe[] {
    const { keyspace } = this.reader;
    const { deadlines: trees } = keyspace;
    const foresight = new Foresight(keyspace);
    const bytes = utf8Bytes(KEYS.slice(5).join(""));
    const tree = (): number => keyspace.deadlineTree(0);
    const walk = (more: boolean): void => {
      for (let there = more; there; there = trees.next()) void (trees.key + trees.value);
    };
    return [
      { name: "the next deadline", run: () => void trees.firstKey(tree()) },
      { name: "all deadlines", run: () => trees.visit(tree(), 0, Infinity, () => true) },
      { name: "deadlines by rank", run: () => walk(trees.at(tree(), 150)) },
      { name: "deadlines from one on", run: () => walk(trees.seek(tree(), FAR_MS + 100, 0)) },
      { name: "a deadline's rank", run: () => void trees.rank(tree(), FAR_MS + 200, 0) },
      { name: "a deadline", run: () => void trees.has(tree(), FAR_MS + 200, 8) },
      {
        name: "foresight",
        run: () => {
          foresight.begin(bytes);
          for (let at = 0; at < 48; at += 6) foresight.add(at, at + 5, at + 6, at + 12);
          foresight.load();
          for (let i = 0; i < 8; i++) foresight.announce(i);
          foresight.end();
        },
      },
    ];
  }

  // Places and references

  #findSpots(writer: TestDatabase): void {
    const { keyspace } = writer;
    const { memory, records, tables } = keyspace;
    for (let db = 0; db < 2; db++) {
      const word = Memory.userRootAt + RootWord.databases + db * DATABASE_WORDS;
      this.blocks.push({ segment: 0, word, words: 3 });
    }
    this.#addBlock(keyspace.table(0), 8);
    this.#addBlock(keyspace.deadlineTree(0), 6);
    for (let i = 0; i < 2; i++) this.#addLinked(keyspace.deadlineTree(0), i * 3, 128);
    this.#addBlock(keyspace.roots.memberTree(0), 6);
    this.#addLinked(keyspace.roots.memberTree(0), 3, 32);
    this.#addLinked(keyspace.table(0), 3, 8);
    for (const key of KEYS) {
      const bytes = utf8Bytes(key);
      const entry = keyspace.peek(0, bytes, 0, bytes.length);
      this.#addBlock(entry, 6);
      const root = records.pointer(entry);
      if (root === 0) continue;
      this.#addBlock(root, Math.min(memory.sizeOf(root) >> 2, 64));
      if (keyspace.typeOf(entry) === LIST) this.#addNodes(listsOf(writer).chunked, root);
      const table = keyspace.memberTable(entry);
      if (table === 0) continue;
      this.#addLinked(table, 3, 400);
      const order = tables.order(table);
      if (order !== 0) {
        this.#addBlock(order, 8);
        const isFew = this.i32[order >>> PLACE_BITS][((order & PLACE_MASK) << 1) + 1] < 0;
        for (const word of isFew ? [6, 7] : [0, 3]) this.#addLinked(order, word, isFew ? 6 : 128);
      }
      for (let i = 0; i < tables.collect(table, 1); i++) this.#addBlock(tables.found[i], 6);
    }
  }

  #addBlock(ref: number, words: number): void {
    this.refs.push(ref);
    this.blocks.push({ segment: ref >>> PLACE_BITS, word: (ref & PLACE_MASK) << 1, words });
  }

  /** The block to which word `index` of another refers. */
  #addLinked(ref: number, index: number, words: number): void {
    this.#addBlock(this.i32[ref >>> PLACE_BITS][((ref & PLACE_MASK) << 1) + index], words);
  }

  #addNodes(lists: ChunkedLists, list: number): void {
    for (let node = lists.firstNode(list); node !== 0; node = lists.nextNode(node)) {
      this.#addBlock(node, 12);
    }
  }

  // A round

  /** Overwrites something. */
  tear(random: Random): void {
    const spot = this.#spot(random);
    const words = this.i32[spot.segment];
    const at = spot.word;
    const kind = random.below(12);
    if (kind === 0) words[at] = 0;
    else if (kind === 1) words[at] = -1;
    else if (kind === 2) words[at] = random.next32();
    else if (kind === 3) words[at] = random.below(64);
    else if (kind === 4) words[at] = 0x7fffffff >> random.below(31);
    else if (kind === 5) words[at] += random.below(9) - 4;
    else if (kind === 6) words[at] ^= 1 << random.below(32);
    else if (kind === 7) this.u8[spot.segment][at * 4 + random.below(4)] = random.next32();
    else if (kind === 8) this.#move(random, spot);
    else if (kind === 9) this.#exchange(spot, this.#spot(random));
    else words[at] = this.refs[random.below(this.refs.length)];
  }

  /** Mostly where structures keep what they are, else anywhere behind the root area. */
  #spot(random: Random): Spot {
    if (random.below(8) > 0) {
      const { segment, word, words } = this.blocks[random.below(this.blocks.length)];
      return { segment, word: word + random.below(1 + random.below(words)) };
    }
    const segment = random.below(this.i32.length);
    const words = this.i32[segment].length;
    const from = segment === 0 ? ROOT_BYTES >> 2 : 0;
    return words === 0 ? this.blocks[0] : { segment, word: from + random.below(words - from) };
  }

  #exchange(a: Spot, b: Spot): void {
    const word = this.i32[a.segment][a.word];
    this.i32[a.segment][a.word] = this.i32[b.segment][b.word];
    this.i32[b.segment][b.word] = word;
  }

  /** The first bytes of a block, where another's are: it was freed, and given to that. */
  #move(random: Random, spot: Spot): void {
    if (spot.word < ROOT_BYTES >> 2) return;
    const from = this.refs[random.below(this.refs.length)];
    const at = (from & PLACE_MASK) << 1;
    const bytes = this.i32[from >>> PLACE_BITS].slice(at, at + 16);
    for (let i = 0; i < bytes.length; i++) this.i32[spot.segment][spot.word + i] = bytes[i];
  }

  /** Remembers the segments as they have been torn; the figures are as they were. */
  remember(): void {
    this.#restore(this.#whole, this.u8);
    for (let i = 0; i < this.u8.length; i++) this.#torn[i].set(this.u8[i]);
  }

  /** Whether the segments are as they were remembered, but for the figures. */
  isUnchanged(): boolean {
    this.#restore(this.#torn, this.u8);
    return this.u8.every((view, i) => {
      const { buffer, byteOffset, length } = view;
      return Buffer.from(buffer, byteOffset, length).equals(this.#torn[i]);
    });
  }

  mend(): void {
    for (let i = 0; i < this.u8.length; i++) this.u8[i].set(this.#whole[i]);
  }

  #restore(from: Uint8Array[], to: Uint8Array[]): void {
    for (const { segment, start, end } of this.#figures) {
      to[segment].set(from[segment].subarray(start, end), start);
    }
  }

  /** Runs a probe; what it throws must be one of what a read may throw. */
  run(probe: Probe): void {
    const { reply } = this.reader.context;
    this.#steps = 0;
    reply.length = 0;
    reply.unlockedMax = REPLY_MAX;
    try {
      probe.run();
    } catch (error) {
      const allowed =
        error instanceof TornRead ||
        error instanceof LockNeeded ||
        error instanceof AssertionFailed ||
        error instanceof RangeError ||
        error instanceof TypeError;
      if (!allowed) throw error;
    }
    assert(reply.bytes.length <= REPLY_MAX * 2, "fuzz: no room is made for what is not there");
  }
}

/** Ends the process when a probe has not ended for long; says which one it was. */
class Watchdog {
  /** Raised with each probe, 1 when it is over, then round and number of the probe. */
  readonly #beat = new Int32Array(new SharedArrayBuffer(16));
  readonly #worker: Worker;

  constructor(seed: number, limitMs: number) {
    const code = `
      const { workerData } = require("node:worker_threads");
      const { beat, seed, limitMs } = workerData;
      let last = -1;
      while (Atomics.wait(beat, 1, 0, limitMs) === "timed-out") {
        if (beat[0] === last) {
          require("node:fs").writeSync(2, "torn fuzz: seed " + seed + ", round " + beat[2] +
            ": probe " + beat[3] + " does not end\\n");
          process.kill(process.pid, "SIGKILL");
        }
        last = beat[0];
      }`;
    const workerData = { beat: this.#beat, seed, limitMs };
    this.#worker = new Worker(code, { eval: true, workerData });
    this.#worker.unref();
  }

  beat(round: number, probe: number): void {
    this.#beat[2] = round;
    this.#beat[3] = probe;
    this.#beat[0]++;
  }

  end(): void {
    Atomics.store(this.#beat, 1, 1);
    Atomics.notify(this.#beat, 1);
  }
}

/** Stops, after printing the seed and the probe, when a read does what it must not. */
export function fuzzTornReads(
  seed: number,
  rounds: number,
  planted: ((database: TestDatabase) => Probe)[] = [],
  watchdogMs = WATCHDOG_MS,
): void {
  const random = new Random().seed(seed);
  const database = new TornDatabase(planted);
  const watchdog = new Watchdog(seed, watchdogMs);
  let name = "";
  let round = 0;
  try {
    for (; round < rounds; round++) {
      const tears = 1 + random.below(1 + random.below(MUTATIONS_MAX));
      for (let i = 0; i < tears; i++) database.tear(random);
      database.remember();
      database.probes.forEach((probe, i) => {
        name = probe.name;
        watchdog.beat(round, i);
        database.run(probe);
      });
      if (!database.isUnchanged()) findWriter(database);
      database.mend();
    }
  } catch (error) {
    console.error(`torn fuzz: seed ${seed}, round ${round}: ${name}`);
    throw error;
  } finally {
    watchdog.end();
  }
}

/** Says which probe it was that wrote. */
function findWriter(database: TornDatabase): never {
  for (const probe of database.probes) {
    database.run(probe);
    assert(database.isUnchanged(), `fuzz: a read writes nothing: ${probe.name}`);
  }
  return assert(false, "fuzz: reads write nothing") as never;
}

if (import.meta.main) fuzzTornReads(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 1000));
