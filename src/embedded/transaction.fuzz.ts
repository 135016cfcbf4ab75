// Random commands of every family in transactions within transactions, which hold or are rolled
// back. What is left is compared with what was there before, to the byte and the access clock, and
// with a second database that hears only of what held: it executes what goes to the log.
// Run by itself: `node src/embedded/transaction.fuzz.ts <seed> <transactions>`.

import fc from "fast-check";
import { everyCommand, type Words } from "../../test/support/commands/all-commands.ts";
import { assert } from "../base/assert.ts";
import { asciiBytes, latin1Text } from "../base/bytes.ts";
import { DatabaseError } from "../base/database-error.ts";
import { Random } from "../base/random.ts";
import type { EffectSink } from "../engine/effects.ts";
import type { Session } from "../engine/session.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { Arguments } from "../protocol/arguments.ts";
import { ReplyError } from "../protocol/reply-reader.ts";
import { Parsed, RequestParser } from "../protocol/request-parser.ts";
import { coreOf, type Database } from "./database.ts";
import { engineOf, usedByEntries } from "./embedded-test-support.ts";
import { open } from "./open.ts";

export const DATABASES = 3;
const DEPTH_MAX = 4;
/** Commands of each draw of the grammar. */
const DRAWN = 500;
const failure = new Error("not this time");

/** How a value of each type is read, as a whole and in its order. */
const READING: Readonly<Record<string, (key: Uint8Array) => [string, ...(Uint8Array | string)[]]>> =
  {
    string: (key) => ["GET", key],
    list: (key) => ["LRANGE", key, "0", "-1"],
    set: (key) => ["SMEMBERS", key],
    hash: (key) => ["HGETALL", key],
    zset: (key) => ["ZRANGE", key, "0", "-1", "WITHSCORES"],
    stream: (key) => ["XINFO", "STREAM", key, "FULL", "COUNT", "0"],
  };

/** What one key is. */
export interface Found {
  readonly type: string;
  readonly encoding: string;
  readonly value: unknown;
  readonly deadline: number;
  readonly clock: number;
}

/** Everything that a database holds, by number and key. */
export function holdings(db: Database): Map<string, Found> {
  const { keyspace } = engineOf(db);
  const found = new Map<string, Found>();
  keyspace.touching = false;
  for (let index = 0; index < keyspace.databases; index++) {
    const one = db.bytes.database(index);
    for (const key of one.keys("*")) {
      const entry = keyspace.peek(index, key, 0, key.length);
      const encoding = String(text(one.call("OBJECT", "ENCODING", key)));
      const type = keyspace.types.name(keyspace.typeOf(entry));
      const read = text(one.call(...READING[type](key)));
      const value = type === "hash" ? withDeadlines(one, key, read as unknown[]) : read;
      found.set(`${index} ${latin1Text(key, 0, key.length)}`, {
        type,
        encoding,
        value,
        deadline: keyspace.records.deadline(entry),
        clock: keyspace.records.clock(entry),
      });
    }
  }
  keyspace.touching = true;
  return found;
}

/** The fields of a hash, each with its value and its deadline. */
function withDeadlines(db: Database<Uint8Array>, key: Uint8Array, pairs: unknown[]): unknown[] {
  return db.hkeys(key).map((field, i) => [pairs[i], db.hpexpiretime(key, field)]);
}

/** A reply with texts, of one character for each byte. */
function text(reply: unknown): unknown {
  if (reply instanceof Uint8Array) return latin1Text(reply, 0, reply.length);
  if (reply instanceof Set) return [...reply].map(text);
  if (reply instanceof Map) return [...reply].map(([field, value]) => [text(field), text(value)]);
  return Array.isArray(reply) ? reply.map(text) : reply;
}

/** A database that executes what another one's log would hear of. */
class Follower implements EffectSink {
  readonly db: Database;
  readonly #session: Session;
  readonly #parser = new RequestParser();
  readonly #args = new Arguments();
  #heard: Uint8Array[] = [];
  #db = 0;

  constructor(db: Database) {
    this.db = db;
    this.#session = coreOf(db).newSession();
  }

  selectDatabase(db: number): void {
    if (db !== this.#db) this.#heard.push(asciiBytes(`*2\r\n$6\r\nSELECT\r\n$1\r\n${db}\r\n`));
    this.#db = db;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    this.#heard.push(bytes.slice(start, end));
  }

  borrow(bytes: Uint8Array, start: number, end: number): void {
    this.append(bytes, start, end);
  }

  take(): void {}
  readonly sizeBytes = 0;
  shorten(): void {}

  /** Executes what it has heard. */
  follow(): void {
    const { executor, reply } = coreOf(this.db);
    executor.replaying = true;
    for (const bytes of this.#heard) {
      for (let at = 0; at < bytes.length; at = this.#parser.next) {
        const parsed = this.#parser.parse(this.#args, bytes, at, bytes.length, true, null);
        assert(parsed === Parsed.request, "fuzz: effects are whole commands");
        const before = reply.length;
        executor.execute(this.#session, this.#args);
        assert(reply.bytes[before] !== 0x2d, "fuzz: no effect fails");
        reply.truncate(before);
      }
    }
    this.#heard = [];
    executor.replaying = false;
  }
}

/** Groups of commands, each with a type of its own. */
const GROUPS = ["string", "list", "set", "hash", "sorted-set", "stream"];

/**
 * The command with its keys, which are letters in the grammar, replaced by such as are mostly of
 * its type: values grow, and commands find what they look for.
 */
export function aimed(db: Database, random: Random, words: Words): Words {
  if (random.below(8) === 0) return words;
  const { commands } = coreOf(db).executor.table;
  const group = commands.get(words[0].toLowerCase())?.entry.group ?? "";
  return words.map((word) => {
    if (!/^[a-g]$/.test(word)) return word;
    const type = GROUPS.includes(group) ? group : GROUPS[random.below(GROUPS.length)];
    return `${type}${word < "d" ? 1 : 2}`;
  });
}

/** What the grammar lacks: long strings, many elements and keys, short deadlines, SWAPDB. */
export function ownCommand(random: Random): Words {
  const key = (type: string): string => type + (1 + random.below(2));
  const long = "long value ".repeat(random.below(3000));
  const some = (): string[] => Array.from({ length: 1 + random.below(60) }, () => element(random));
  switch (random.below(20)) {
    case 0:
      return ["SET", key("string"), long];
    case 1:
      return ["APPEND", key("string"), long.slice(0, random.below(20_000))];
    case 2:
      return ["SETRANGE", key("string"), `${random.below(20_000)}`, long.slice(0, 50)];
    case 3:
      return ["PEXPIRE", key(GROUPS[random.below(4)]), String(1 + random.below(50))];
    case 4:
      return [random.below(2) === 0 ? "RPUSH" : "LPUSH", key("list"), ...some()];
    case 5:
      return ["LINSERT", key("list"), "BEFORE", element(random), element(random)];
    case 6:
      return ["LREM", key("list"), `${random.below(9) - 4}`, element(random)];
    case 7:
      return ["LSET", key("list"), `${random.below(60) - 30}`, element(random)];
    case 8:
      return ["LMOVE", key("list"), key("list"), "LEFT", "RIGHT"];
    case 9:
      return [random.below(2) === 0 ? "SADD" : "SREM", key("set"), ...some()];
    case 10:
      return ["HSET", key("hash"), ...some().flatMap((field) => [field, element(random)])];
    case 11:
      return ["SWAPDB", `${random.below(DATABASES)}`, `${random.below(DATABASES)}`];
    case 14:
      return ["ZADD", key("sorted-set"), ...some().flatMap((it) => [`${random.below(40)}`, it])];
    case 15:
      return ["ZREM", key("sorted-set"), ...some()];
    case 16:
      return ["XADD", key("stream"), "*", ...some().flatMap((name) => [name, element(random)])];
    case 17:
      return ["XADD", key("stream"), ...iid(random), "*", "name", element(random)];
    case 18:
      return ["XADD", key("stream"), "*", "name", element(random), "number", element(random)];
    case 19:
      return ["XTRIM", key("stream"), "MAXLEN", `${random.below(30)}`];
    case 12:
      return ["MSET", ...some().flatMap((name) => [`other:${name}`, name])];
    default:
      return ["DEL", ...some().map((name) => `other:${name}`)];
  }
}

function element(random: Random): string {
  return random.below(30) === 0 ? "long ".repeat(random.below(3000)) : `${random.below(80)}`;
}

/** One of a few idempotent IDs of some producers. */
function iid(random: Random): string[] {
  const producer = `p${random.below(3)}`;
  return random.below(3) === 0 ? ["IDMPAUTO", producer] : ["IDMP", producer, element(random)];
}

/** Low limits, so that every encoding is met; others on each seed. */
export function setLimits(db: Database, seed: number): void {
  const few = String(2 + (seed % 5));
  for (const type of ["hash", "set", "zset"]) {
    db.config("set", `${type}-max-listpack-entries`, few);
  }
  db.config("set", "set-max-intset-entries", few);
  db.config("set", "stream-node-max-entries", few);
  db.config("set", "stream-idmp-duration", ["100", "1", "200"][seed % 3]);
  db.config("set", "stream-idmp-maxsize", ["5", "100", "2", "30"][seed % 4]);
  db.config("set", "list-max-listpack-size", ["-2", "4", "1", "30"][seed % 4]);
  if (seed % 3 === 0) db.config("set", "maxmemory-policy", "allkeys-lfu");
}

export function fuzzTransactions(seed: number, transactions: number): void {
  const random = new Random().seed(seed);
  let now = 1_700_000_000_000;
  const clock = (): number => now;
  using db = open({ seed, databases: DATABASES, clock });
  using other = open({ databases: DATABASES, clock });
  for (const each of [db, other]) {
    setLimits(each, seed);
    engineOf(each).keyspace.settings.activeExpiry = false;
    engineOf(each).keyspace.members.expiredAtOnce = 1 + (seed % 3);
  }
  const follower = new Follower(other);
  coreOf(db).context.effects.addSink(follower);
  let words: Words[] = [];
  let draws = 0;

  const command = (): void => {
    if (words.length === 0) {
      words = fc.sample(everyCommand, { seed: seed + draws++, numRuns: DRAWN });
    }
    const next =
      random.below(3) === 0 ? ownCommand(random) : aimed(db, random, words.pop() as Words);
    const [name, ...rest] = next;
    try {
      db.bytes.call(name, ...rest.map((each) => Buffer.from(each, "latin1")));
    } catch (error) {
      if (!(error instanceof ReplyError || error instanceof DatabaseError)) throw error;
    }
  };

  const some = (depth: number): void => {
    for (let n = random.below(14); n > 0; n--) {
      if (depth < DEPTH_MAX && random.below(8) === 0) transaction(depth + 1);
      else command();
    }
  };

  const transaction = (depth: number): void => {
    if (random.below(2) === 0) {
      db.transaction(() => some(depth));
      return;
    }
    // What expires within goes, whatever becomes of the transaction, and its bytes with it.
    const weighs = depth === 1 && random.below(2) === 0;
    const { keyspace } = engineOf(db);
    if (weighs) {
      engineOf(db).tick();
      keyspace.settings.activeExpiry = true;
      engineOf(db).executor.expireDue(Number.MAX_SAFE_INTEGER);
      keyspace.settings.activeExpiry = false;
      settle(db);
    }
    const before = holdings(db);
    const { fixed } = usedByEntries(keyspace);
    inVain(db, () => some(depth));
    compare(before, holdings(db), now, true);
    if (!weighs) return;
    settle(db);
    assert(fixed === usedByEntries(keyspace).fixed, "fuzz: the bytes are what they were");
  };

  try {
    for (let i = 0; i < transactions; i++) {
      now += random.below(5) === 0 ? 100_000 : random.below(30);
      if (random.below(3) === 0) some(DEPTH_MAX);
      transaction(1);
      settle(db);
      const { keyspace } = engineOf(db);
      keyspace.verify();
      assert(usedByEntries(keyspace).unaccounted === 0, "fuzz: each byte belongs to something");
      follower.follow();
      compare(holdings(db), holdings(other), now, false);
    }
    db.flushall();
    settle(db);
    assert(engineOf(db).keyspace.memory.usedBytes === 0, "fuzz: the books balance");
  } catch (error) {
    console.error(`transaction fuzz: seed ${seed}`);
    throw error;
  }
}

/** Frees what waits to be freed, and ends what commands have begun for later ones. */
export function settle(db: Database): void {
  for (const name of ["DISCARD", "UNWATCH"]) {
    try {
      db.bytes.call(name);
    } catch {
      // There was no MULTI.
    }
  }
  const keyspace: Keyspace = engineOf(db).keyspace;
  while (keyspace.disposing) keyspace.reclaim(1000);
}

/** Does `work`, and nothing of it. */
export function inVain(db: Database, work: () => void): void {
  try {
    db.transaction(() => {
      work();
      throw failure;
    });
  } catch (error) {
    if (error !== failure) throw error;
  }
}

/**
 * Stops where two snapshots differ in more than what has expired. Another database (not the same)
 * has other clocks, and encodes by what it was told: of SPOP, that members were removed.
 */
export function compare(
  before: Map<string, Found>,
  after: Map<string, Found>,
  now: number,
  same: boolean,
): void {
  for (const [key, found] of before) {
    const there = after.get(key);
    if (there === undefined && found.deadline >= 0 && found.deadline < now) continue;
    if (there === undefined) fail(key, found, there);
    const hasOrder = !UNORDERED.has(found.type) || (same && found.encoding !== "hashtable");
    const agrees =
      found.type === there.type &&
      found.deadline === there.deadline &&
      comparable(found, hasOrder, same) === comparable(there, hasOrder, same) &&
      (!same || (found.encoding === there.encoding && found.clock === there.clock));
    if (!agrees) fail(key, found, there);
  }
  for (const [key, found] of after) if (!before.has(key)) fail(key, undefined, found);
}

/** Types whose members have no order, where they are not packed. */
const UNORDERED: ReadonlySet<string> = new Set(["set", "hash"]);

/**
 * What an entry holds, as a text. Times of groups are those of the clock there: when consumers
 * asked in vain is not in the log, nor in a file when they were active, and what one who follows
 * claims is not delivered in its future.
 */
function comparable({ type, value }: Found, hasOrder: boolean, same: boolean): string {
  const text = inOrder(value, hasOrder);
  if (same || type !== "stream") return text;
  return text.replaceAll(/((?<="active-time"),-1|,17000\d{8})(?=[,\]])/g, ",time");
}

function inOrder(value: unknown, hasOrder: boolean): string {
  if (hasOrder || !Array.isArray(value)) return JSON.stringify(value);
  return JSON.stringify(value.map((each) => JSON.stringify(each)).sort());
}

function fail(key: string, before: Found | undefined, after: Found | undefined): never {
  console.error(JSON.stringify(key), before, after);
  assert(false, "fuzz: what is there is what should be there");
}

if (import.meta.main)
  fuzzTransactions(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 300));
