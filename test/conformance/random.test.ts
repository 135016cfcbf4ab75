// Random command sequences, played on redis-server and on ours side by side.
//
// After each command the replies are compared, and the keyspace events of every class; after each
// sequence the whole state: every key of each database with its type, value, encoding and deadline,
// the digest of all of it, and what each key becomes when it is dumped and restored, on the same
// server and from redis-server on ours; now and then the same after both have loaded everything
// anew, from a snapshot or from their logs. Where chance decides (SPOP and its like), our answer
// must be one that the state before allows, and redis-server is then brought to the same state.
// Cursors are walked to their end and the sets of what they gave compared.
//
// A failure prints a shrunk sequence and the seed. TSKEYDB_SEED=n replays it, TSKEYDB_RUNS=n
// (sequences for each test, 60 by default) makes the search longer.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import type { Client } from "../support/client.ts";
import {
  anyCommand,
  isCursor,
  isRandom,
  modeOf,
  type Words,
} from "../support/commands/all-commands.ts";
import { canonical, type Mode, sameReply } from "../support/compare.ts";
import { itemsOf, quote, type Reply, show } from "../support/resp.ts";
import { applyProfile, EVERY_ENCODING, PROFILES, type Protocol } from "../support/scenario.ts";
import {
  hasProgram,
  olderThan,
  type Runtime,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";
import { DIFFERENCES } from "./differences.ts";

const RUNS = Number(process.env.TSKEYDB_RUNS ?? 60);
const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 31);
const COMMANDS_MAX = 80;
/** Of so many sequences one ends with DEBUG RELOAD, and one with DEBUG LOADAOF, about. */
const RELOAD_EACH = 10;
const DATABASES = ["0", "1"];

const toBytes = (words: Words) => words.map((each) => Buffer.from(each, "latin1"));
const toLine = (words: Words) =>
  words
    .map((each) => (/^[\w.*-]+$/.test(each) ? each : quote(Buffer.from(each, "latin1"))))
    .join(" ");

const isByLex = (words: Words) =>
  /^Z.*LEX/i.test(words[0] as string) || words.some((word) => word.toUpperCase() === "BYLEX");

/** A server, the client whose commands are compared, one that looks on, and one that listens. */
interface Side {
  readonly server: Server;
  client: Client;
  readonly control: Client;
  readonly listener: Client;
}

/** What is published when all events until then are to be told. */
const MARK = "so far";

async function open(server: Server): Promise<Side> {
  const [client, control, listener] = await Promise.all(
    Array.from({ length: 3 }, () => server.connect()),
  );
  await control.call("CONFIG", "SET", "notify-keyspace-events", "KEAnm");
  await listener.call("PSUBSCRIBE", "__key*");
  await listener.call("SUBSCRIBE", MARK);
  return { server, client, control, listener };
}

/** The events since it was asked last: channel and message of each. */
async function heard({ control, listener }: Side): Promise<string[]> {
  const found: string[] = [];
  const marked = control.call("PUBLISH", MARK, "");
  for (;;) {
    const words = itemsOf(await listener.read()).map(show);
    if (words[0] === '"message"') break;
    found.push(words.slice(2).join(" "));
  }
  await marked;
  return found;
}

/** Walks a cursor to its end; the first reply that is an error, or everything that came. */
async function walk(client: Client, words: Words): Promise<{ error?: Reply; found: string[] }> {
  const at = words[0]?.toUpperCase() === "SCAN" ? 1 : 2;
  const pairs = ["HSCAN", "ZSCAN"].includes(words[0]?.toUpperCase() ?? "");
  const found = new Set<string>();
  const args: Buffer[] = toBytes(words);
  for (let calls = 0; calls < 10_000; calls++) {
    const reply = await client.call(...args);
    if (reply.type !== "array" || reply.items.length !== 2) return { error: reply, found: [] };
    const [cursor, page] = reply.items as [Reply, Reply];
    const items = itemsOf(page).map(show);
    for (let index = 0; index < items.length; index += pairs ? 2 : 1) {
      found.add(pairs ? `${items[index]}: ${items[index + 1]}` : (items[index] as string));
    }
    const next = cursor.type === "bulk" ? cursor.bytes : Buffer.from("not a bulk");
    if (next.toString() === "0") return { found: [...found].sort() };
    args[at] = next;
  }
  throw new Error(`${toLine(words)} came to no end`);
}

class Comparison {
  readonly theirs: Side;
  readonly ours: Side;
  readonly story: string[] = [];
  /** Words that an SADD may have before their number alone makes the set a table. */
  readonly #integersMax: number;
  #encodings: Mode = "encoding";
  #queued: Mode[] | undefined;
  #isDamaged = false;
  #isRefused = false;
  /** Keys of PFADD; see #carryOver. */
  readonly #counted: Set<string> = new Set();

  constructor(theirs: Side, ours: Side, profile: string) {
    this.theirs = theirs;
    this.ours = ours;
    this.#integersMax = Number(PROFILES[profile]?.["set-max-intset-entries"]);
  }

  async begin(protocol: Protocol): Promise<void> {
    for (const side of [this.theirs, this.ours]) {
      await side.control.call("FLUSHALL");
      await side.control.call("FUNCTION", "FLUSH");
      await side.control.call("SCRIPT", "FLUSH");
      await heard(side);
      side.client.close();
      side.client = await side.server.connect();
      if (protocol === 3) await side.client.call("HELLO", "3");
    }
  }

  fail(words: Words, theirs: string, ours: string): never {
    const { ours: us } = this;
    assert.fail(
      `${[...this.story, toLine(words)].join("\n")}\nredis-server: ${theirs}\n${us.server.name}: ${ours}`,
    );
  }

  async step(words: Words): Promise<void> {
    const name = (words[0] as string).toUpperCase();
    if (name === "SADD" && this.#repeats(words.slice(2))) this.#encodings = "hinted encoding";
    if (!(await this.#isSpecified(words, name))) return;
    if (name === "PFADD") this.#counted.add(words[1] ?? "");
    if (isRandom(words)) {
      // The outcome inside a transaction could not be carried over.
      if (this.#queued === undefined) await this.#chance(words, name);
    } else if (isCursor(words)) {
      if (this.#queued === undefined) await this.#cursor(words);
    } else await this.#plain(words, name);
    if (this.#isDamaged) await this.#carryOver();
    const sides = await Promise.all([heard(this.theirs), heard(this.ours)]);
    const [theirs, ours] = sides.map((events) => events.filter((event) => this.#isTold(event)));
    // The weights of a set's members are looked up in its own order.
    if (/^SORT/i.test(name)) for (const events of [theirs, ours]) events.sort();
    // Of what is refused redis-server's streams have looked for the key already, mostly.
    const isRefused = this.#isRefused && /^X/.test(name);
    const comparable = !isRandom(words) && !isCursor(words) && !isRefused;
    if (comparable && theirs.join() !== ours.join()) {
      this.fail(words, `events ${theirs.join(", ")}`, `events ${ours.join(", ")}`);
    }
    this.story.push(toLine(words));
  }

  /** Whether what is replied is what both promise; asks redis-server. */
  async #isSpecified(words: Words, name: string): Promise<boolean> {
    const isSort = /^SORT/i.test(name);
    const isLex = isByLex(words);
    if (isSort && !(await this.#isSortedAlike(words))) return false;
    if (isLex && (this.#queued !== undefined || !(await this.#isLevel(words)))) return false;
    if (isSort || isLex) await heard(this.theirs);
    return true;
  }

  /** Whether both tell of it: a consumer is not made everywhere that only asks (consumer-made). */
  #isTold(event: string): boolean {
    const isOlder = olderThan(this.theirs.server.version, DIFFERENCES["consumer-made"].since);
    return !isOlder || !event.includes("xgroup-createconsumer");
  }

  /** Whether the members are too many for an intset only because some come twice (set-words). */
  #repeats(members: Words): boolean {
    if (!olderThan(this.theirs.server.version, DIFFERENCES["set-words"].since)) return false;
    return members.length > this.#integersMax && new Set(members).size <= this.#integersMax;
  }

  /**
   * Whether it matters to nobody what is sorted: a set that stays as it stands has any order, and
   * of a sorted set redis-server changes the encoding (sort-encoding).
   */
  async #isSortedAlike(words: Words): Promise<boolean> {
    if (this.#queued !== undefined) return false;
    const type = show(await this.theirs.client.call("TYPE", toBytes(words)[1] ?? ""));
    return type !== "+zset" && !(type === "+set" && words.includes("nosort"));
  }

  /** Whether all scores are equal: of others, ranges of members are unspecified. */
  async #isLevel(words: Words): Promise<boolean> {
    const key = toBytes(words)[words[0]?.toUpperCase() === "ZRANGESTORE" ? 2 : 1] ?? "";
    const { client } = this.theirs;
    const all = await client.call("ZRANGE", key, "0", "-1", "WITHSCORES");
    const scores = itemsOf(all).map((each, i) =>
      each.type === "array" ? show(each.items[1] as Reply) : i % 2 === 0 ? "" : show(each),
    );
    return new Set(scores.filter((score) => score !== "")).size <= 1;
  }

  async #plain(words: Words, name: string): Promise<void> {
    const args = toBytes(words);
    const [theirs, ours] = await Promise.all([
      this.theirs.client.call(...args),
      this.ours.client.call(...args),
    ]);
    this.#isRefused = theirs.type === "error";
    this.#isDamaged = [theirs, ...itemsOf(theirs)].some((each) => /^-INVALIDOBJ/.test(show(each)));
    if (name === "EXEC" && this.#queued && theirs.type === "array" && ours.type === "array") {
      const modes = this.#queued;
      this.#queued = undefined;
      const same =
        theirs.items.length === ours.items.length &&
        theirs.items.every((each, index) =>
          sameReply(each, ours.items[index] as Reply, modes[index] ?? "exact"),
        );
      if (!same) this.fail(words, show(theirs), show(ours));
      return;
    }
    const mode = this.#queued ? "exact" : modeOf(words);
    if (!sameReply(theirs, ours, mode === "encoding" ? this.#encodings : mode)) {
      this.fail(words, show(theirs), show(ours));
    }
    if (theirs.type === "simple" && theirs.text === "QUEUED") this.#queued?.push(modeOf(words));
    else if (name === "MULTI" && theirs.type === "simple") this.#queued = [];
    else if (name === "EXEC" || (name === "DISCARD" && theirs.type === "simple")) {
      this.#queued = undefined;
    }
  }

  /** What redis-server changed of damaged HyperLogLogs (pfadd-damaged) becomes what ours has. */
  async #carryOver(): Promise<void> {
    this.#isDamaged = false;
    for (const database of DATABASES) {
      await Promise.all(
        [this.theirs, this.ours].map((side) => side.control.call("SELECT", database)),
      );
      for (const key of this.#counted) {
        const name = Buffer.from(key, "latin1");
        const [theirs, ours] = await Promise.all(
          [this.theirs, this.ours].map((side) => side.control.call("GET", name)),
        );
        if (ours?.type !== "bulk" || show(ours) === show(theirs as Reply)) continue;
        await this.theirs.control.call("SET", name, ours.bytes, "KEEPTTL");
      }
    }
    await Promise.all([heard(this.theirs), heard(this.ours)]);
  }

  async #cursor(words: Words): Promise<void> {
    const [theirs, ours] = await Promise.all([
      walk(this.theirs.client, words),
      walk(this.ours.client, words),
    ]);
    if (theirs.error || ours.error) {
      const left = theirs.error ? show(theirs.error) : "a cursor";
      const right = ours.error ? show(ours.error) : "a cursor";
      if (left !== right) this.fail(words, left, right);
    } else if (theirs.found.join() !== ours.found.join()) {
      this.fail(words, theirs.found.join(" "), ours.found.join(" "));
    }
  }

  /** What redis-server holds before a command of chance; then ours, checked against that. */
  async #chance(words: Words, name: string): Promise<void> {
    const { client } = this.theirs;
    const args = toBytes(words);
    const key = args[1] ?? Buffer.from("");
    const whole =
      name === "RANDOMKEY"
        ? await client.call("KEYS", "*")
        : await client.call(...(WHOLE[name] ?? []).map((word) => (word === "key" ? key : word)));
    const ours = await this.ours.client.call(...args);
    // Errors, nulls and empty replies are no matter of chance.
    const reply = itemsOf(ours).length > 0 ? ours : ours.type === "bulk" ? ours : undefined;
    if (reply === undefined) {
      const theirs = await client.call(...args);
      if (!sameReply(theirs, ours, "exact")) this.fail(words, show(theirs), show(ours));
      return;
    }
    const drawn = reply.type === "bulk" ? [reply] : [...itemsOf(reply)];
    if (name === "SPOP") {
      // redis-server is made to pop the same members; each must have been there.
      const removed = await client.call("SREM", key, ...drawn.map((each) => member(each)));
      const expected = args.length > 2 ? Math.min(Number(args[2]), itemsOf(whole).length) : 1;
      if (show(removed) !== `:${expected}` || drawn.length !== expected) {
        this.fail(words, `${expected} of ${show(whole)}`, show(ours));
      }
      if (args.length > 2 && expected < itemsOf(whole).length) await this.#rebuild(key);
    } else {
      this.#allowed(words, name, whole, reply, drawn);
      // The shape is compared with an answer of redis-server's own.
      const theirs = await client.call(...args);
      if (shape(theirs) !== shape(ours)) this.fail(words, show(theirs), show(ours));
    }
  }

  /**
   * Popping most of a set builds a new one from the rest, whose encoding depends on which members
   * those are and how they went; both sides build it anew from the same rest.
   */
  async #rebuild(key: Buffer): Promise<void> {
    const deadline = await this.theirs.client.call("PEXPIRETIME", key);
    for (const { client } of [this.theirs, this.ours]) {
      await client.call("SUNIONSTORE", key, key);
      const text = show(deadline).slice(1);
      if (Number(text) > 0) await client.call("PEXPIREAT", key, text);
    }
  }

  #allowed(words: Words, name: string, whole: Reply, reply: Reply, drawn: Reply[]): void {
    const pairs = new Map<string, string>();
    const items = itemsOf(whole).flatMap((each) => (each.type === "array" ? each.items : [each]));
    const step = name === "HRANDFIELD" || name === "ZRANDMEMBER" ? 2 : 1;
    for (let index = 0; index < items.length; index += step) {
      const second = step === 2 ? show(items[index + 1] as Reply) : "";
      pairs.set(show(items[index] as Reply), second);
    }
    const withValues = words.length > 3;
    const seen: string[] = [];
    for (let index = 0; index < drawn.length; index++) {
      const each = drawn[index] as Reply;
      const [field, value] = each.type === "array" ? each.items : [each, drawn[index + 1]];
      const found = pairs.get(show(field as Reply));
      const right = found !== undefined && (!withValues || found === show(value as Reply));
      if (!right) this.fail(words, `some of ${show(whole)}`, show(reply));
      seen.push(show(field as Reply));
      if (withValues && each.type !== "array") index++;
    }
    const distinct = words.length > 2 && !(words[2] as string).startsWith("-");
    if (distinct && new Set(seen).size !== seen.length) {
      this.fail(words, `different ones of ${show(whole)}`, show(reply));
    }
  }

  async #sameDigest(): Promise<void> {
    const [theirs, ours] = await Promise.all(
      [this.theirs, this.ours].map(({ control }) => control.call("DEBUG", "DIGEST")),
    );
    if (show(theirs) !== show(ours)) this.fail(["DEBUG", "DIGEST"], show(theirs), show(ours));
  }

  /** What either server dumps of each key is restored by ours as the value that it was. */
  async #restored(database: string, held: readonly KeyState[]): Promise<void> {
    const { control } = this.ours;
    const copies = held.map((_, i) => Buffer.from(`${RESTORED}${i}`));
    for (const side of [this.theirs, this.ours]) {
      await side.control.call("SELECT", database);
      const payloads = await side.control.pipeline(held.map(({ name }) => ["DUMP", name]));
      const done = await control.pipeline(
        copies.map((name, i) => ["RESTORE", name, "0", member(payloads[i] as Reply), "REPLACE"]),
      );
      const restored = await statesOf(control, copies);
      for (const [i, { name, value }] of held.entries()) {
        const copy = restored[i] as KeyState;
        if (copy.value === value) continue;
        const where = ["(dump by", side.server.name, "of", `${quote(name)})`];
        this.fail(where, value, `${show(done[i] as Reply)} ${copy.value}`);
      }
    }
    await control.pipeline(copies.map((name) => ["DEL", name]));
  }

  /** Compares everything that both servers hold. */
  async end(): Promise<void> {
    const whole = await this.ours.control.call("DEBUG", "VERIFY");
    if (show(whole) !== "+OK") this.fail(["DEBUG", "VERIFY"], "(none)", show(whole));
    await this.#sameState();
    await this.#reload();
  }

  /** The same after both have loaded everything anew, from a snapshot or from their logs. */
  async #reload(): Promise<void> {
    const turn = this.story.length % RELOAD_EACH;
    if (turn > 1) return;
    const words = ["DEBUG", turn === 0 ? "RELOAD" : "LOADAOF"];
    const replies = await Promise.all(
      [this.theirs, this.ours].map(({ control }) => control.call(...words)),
    );
    const [theirs, ours] = replies.map(show);
    if (theirs !== ours) this.fail(words, theirs as string, ours as string);
    this.story.push(toLine(words));
    await this.#sameState();
  }

  async #sameState(): Promise<void> {
    await this.#sameDigest();
    for (const database of DATABASES) {
      const [theirs, ours] = await Promise.all([
        state(this.theirs.control, database),
        state(this.ours.control, database),
      ]);
      await this.#restored(database, [...ours.values()]);
      const names = new Set([...theirs.keys(), ...ours.keys()]);
      for (const name of names) {
        const left = theirs.get(name);
        const right = ours.get(name);
        const where = ["(state of", `${name}`, "in database", `${database})`];
        if (!left || !right)
          this.fail(where, left ? "there" : "absent", right ? "there" : "absent");
        const same =
          sameReply(left.deadline, right.deadline, "near") &&
          sameReply(left.encoding, right.encoding, this.#encodings) &&
          left.value === right.value;
        if (!same) this.fail(where, describeState(left), describeState(right));
      }
    }
  }
}

/** Where what was dumped is restored; no random command knows it. */
const RESTORED = "restored";

function member(reply: Reply): Buffer {
  return reply.type === "bulk" ? reply.bytes : Buffer.from(show(reply));
}

/** A reply without its contents: its type, and for lists how many items of which types. */
function shape(reply: Reply): string {
  const items = itemsOf(reply);
  if (items.length === 0) return reply.type;
  return `${reply.type} of ${items.length}: ${items.map(shape).join(" ")}`;
}

interface KeyState {
  readonly name: Buffer;
  readonly deadline: Reply;
  readonly encoding: Reply;
  /** The type and the value, on one line. */
  readonly value: string;
}

const READERS: Record<string, { command: (key: Buffer) => (string | Buffer)[]; mode: Mode }> = {
  string: { command: (key) => ["GET", key], mode: "exact" },
  list: { command: (key) => ["LRANGE", key, "0", "-1"], mode: "exact" },
  hash: { command: (key) => ["HGETALL", key], mode: "pairs" },
  set: { command: (key) => ["SMEMBERS", key], mode: "unordered" },
  zset: { command: (key) => ["ZRANGE", key, "0", "-1", "WITHSCORES"], mode: "exact" },
  stream: {
    command: (key) => ["XINFO", "STREAM", key, "FULL", "COUNT", "0"],
    mode: "groups",
  },
};

/** What a command of chance draws from. */
const WHOLE: Readonly<Record<string, readonly string[]>> = {
  SPOP: ["SMEMBERS", "key"],
  SRANDMEMBER: ["SMEMBERS", "key"],
  HRANDFIELD: ["HGETALL", "key"],
  ZRANDMEMBER: ["ZRANGE", "key", "0", "-1", "WITHSCORES"],
};

/** What a database holds, by its keys as they are quoted. */
async function state(client: Client, database: string): Promise<Map<string, KeyState>> {
  await client.call("SELECT", database);
  const names = itemsOf(await client.call("KEYS", "*")).map(member);
  const states = await statesOf(client, names);
  return new Map(names.map((name, i) => [quote(name), states[i] as KeyState]));
}

async function statesOf(client: Client, names: readonly Buffer[]): Promise<KeyState[]> {
  const looks = await client.pipeline(
    names.flatMap((name) => [
      ["TYPE", name],
      ["PEXPIRETIME", name],
      ["OBJECT", "ENCODING", name],
    ]),
  );
  const readers = names.map((_, index) => {
    const type = looks[index * 3] as Reply;
    const reader = READERS[type.type === "simple" ? type.text : ""];
    if (!reader) throw new Error(`a key of type ${show(type)}`);
    return reader;
  });
  const values = await client.pipeline(
    names.map((name, index) => (readers[index] as (typeof READERS)[string]).command(name)),
  );
  return names.map((name, index) => {
    const reader = readers[index] as (typeof READERS)[string];
    const [type, deadline, encoding] = looks.slice(index * 3) as [Reply, Reply, Reply];
    const value = `${show(type)} ${canonical(values[index] as Reply, reader.mode)}`;
    return { name, deadline, encoding, value };
  });
}

function describeState(key: KeyState): string {
  return `${key.value}, ${show(key.encoding)}, until ${show(key.deadline)}`;
}

/** Ours, as it is started, and what share of the sequences each is given. */
const SUBJECTS: readonly (readonly [title: string, Runtime, args: string[], share: number])[] = [
  ["bun", "bun", [], 1],
  ["node", "node", [], 0.25],
  ["bun with three threads for clients", "bun", ["--io-threads", "3"], 0.25],
];

describe("random command sequences", () => {
  let theirs: Side | undefined;
  const ours = new Map<string, Side>();

  before(async () => {
    if (!hasProgram("redis-server")) return;
    const args = ["--enable-debug-command", "yes", "--appendonly", "yes"];
    theirs = await open(await startRedisServer({ args }));
    for (const [title, runtime, more] of SUBJECTS) {
      ours.set(title, await open(await startOurServer({ runtime, args: [...args, ...more] })));
    }
  });

  after(async () => {
    for (const side of [theirs, ...ours.values()]) {
      side?.client.close();
      side?.control.close();
      side?.listener.close();
      await side?.server.stop();
    }
  });

  // Each test searches elsewhere.
  let seed = SEED;
  for (const [subject, , , share] of SUBJECTS) {
    for (const profile of EVERY_ENCODING) {
      for (const protocol of [2, 3] as const) {
        const title = `${subject}, ${profile}, RESP${protocol}`;
        const mine = seed++;
        test(title, async (t) => {
          if (!redisServerOrSkip(t, `random sequences: ${title}`)) return;
          t.diagnostic(`TSKEYDB_SEED=${SEED} (${mine} for this test)`);
          const left = theirs as Side;
          const right = ours.get(subject) as Side;
          for (const side of [left, right]) await applyProfile(side.server, side.control, profile);
          const sequences = fc.array(anyCommand, {
            minLength: 1,
            maxLength: COMMANDS_MAX,
            size: "max",
          });
          const property = fc.asyncProperty(sequences, async (commands) => {
            const comparison = new Comparison(left, right, profile);
            await comparison.begin(protocol);
            for (const words of commands) await comparison.step(words);
            await comparison.end();
          });
          await fc.assert(property, {
            seed: mine,
            numRuns: Math.max(1, Math.round(RUNS * share)),
            interruptAfterTimeLimit: 300_000 * Math.max(1, RUNS / 60),
            verbose: 0,
            reporter: undefined,
          });
        });
      }
    }
  }
});
