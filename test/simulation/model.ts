// The model: what must be so.
//
// A second database in memory, the reference, executes each command right after the database that
// is tried has executed it, in the same order, at the same time, from the same seed, but one by
// one: without sockets, parsing ahead, batches, or a log. It says
//
//   what each client must receive: the bytes of its replies and messages, in order (`Stream`);
//   which states there have been: after each command or transaction that changed something, what
//   each key held (`State`), numbered. Everything a client was sent belongs to a state.
//
// A database that is opened again must hold one of those states, whole, and none before the last
// that somebody had been told of, as far as `appendfsync` promises.

import assert from "node:assert/strict";
import { coreOf, type Database } from "../../src/embedded/database.ts";
import { openOn } from "../../src/embedded/open.ts";
import { type ClientLink, Session } from "../../src/engine/session.ts";
import { expireMember, expireMembers } from "../../src/keyspace/expiry.ts";
import { Counter } from "../../src/keyspace/figures.ts";
import { Arguments } from "../../src/protocol/arguments.ts";
import { hashText, type World } from "./world.ts";

/**
 * What a key holds: a number that stands for its type and value, and its deadline, or −1. Fields of
 * a hash that have a deadline stand apart, with it.
 */
interface Held {
  readonly content: number;
  readonly deadline: number | bigint;
  readonly fields: ReadonlyMap<string, number>;
  /** Whether that is all. */
  readonly isOfFields: boolean;
}

/** What all keys of all databases hold. */
export type State = ReadonlyMap<string, Held>;

/** What was promised when, for `everysec`. */
interface Promised {
  readonly atMs: number;
  readonly state: number;
}

/** What the database has deleted because its time was over: a key, or fields of it, or all. */
export interface Expired {
  readonly db: number;
  readonly key: Uint8Array;
  readonly fields?: readonly Uint8Array[] | "all";
}

const NO_FIELDS: ReadonlyMap<string, number> = new Map();

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/**
 * What the database holds, read by its own commands, in no time. They see the year 1970, when
 * nobody's time is over: looking changes nothing. A key that could have been expired is there.
 */
export function stateOf(database: Database): State {
  const { engine, keyspace, executor } = coreOf(database);
  const own = engine as { clock: () => number };
  const { clock } = own;
  const { now } = keyspace;
  own.clock = () => 0;
  try {
    return (engine.platform as World).atOnce(() => heldBy(database));
  } finally {
    own.clock = clock;
    executor.setNow(now);
  }
}

function heldBy(database: Database): State {
  const state = new Map<string, Held>();
  const { databases } = coreOf(database).keyspace;
  for (let index = 0; index < databases; index++) {
    const one = database.database(index).bytes;
    if (one.dbsize() === 0) continue;
    for (const key of one.keys("*")) {
      const type = one.type(key);
      let text = "";
      let fields = NO_FIELDS;
      let isOfFields = false;
      if (type === "string") text = latin1(one.get(key) as Uint8Array);
      else if (type === "list") text = one.lrange(key, 0, -1).map(latin1).join("\0,");
      else if (type === "set") text = one.smembers(key).map(latin1).sort().join("\0,");
      else if (type === "hash") {
        const pairs = one.hgetall(key);
        const texts = pairs.map(([field, value]) => `${latin1(field)}\0=${latin1(value)}`);
        const names = pairs.map(([field]) => field);
        const deadlines = one.hpexpiretime(key, names);
        const lasting = texts.filter((_, i) => deadlines[i] === -1);
        text = lasting.sort().join("\0,");
        isOfFields = lasting.length === 0;
        fields = new Map(
          texts.flatMap((each, i) => (deadlines[i] === -1 ? [] : [[each, deadlines[i] as number]])),
        );
      } else if (type === "zset") {
        const members = one.zrange(key, 0, -1, { withscores: true });
        text = members.map(([member, score]) => `${latin1(member)}\0=${score}`).join("\0,");
      } else if (type === "stream") text = streamText(database.database(index), key);
      else assert.fail(`what a ${type} holds is not compared yet`);
      const content = hashText(text, type.length);
      const deadline = one.pexpiretime(key);
      state.set(`${index} ${latin1(key)}`, { content, deadline, fields, isOfFields });
    }
  }
  return state;
}

/** Of a stream: how it lies in nodes, when consumers were seen, which idempotent IDs are past. */
const NOT_LOGGED = new Set([
  "radix-tree-keys",
  "radix-tree-nodes",
  "seen-time",
  "active-time",
  "pids-tracked",
  "iids-tracked",
]);

/** All that a stream holds: entries, numbers, groups. */
function streamText(database: Database, key: Uint8Array): string {
  const all = database.call("XINFO", "STREAM", key, "FULL", "COUNT", "0");
  return JSON.stringify(all, (name, value) => (NOT_LOGGED.has(name) ? undefined : value));
}

/** Whether the key's time is over, or that of all its fields. */
function isPast({ deadline, fields, isOfFields }: Held, nowMs: number): boolean {
  if (deadline >= 0 && deadline <= nowMs) return true;
  return isOfFields && [...fields.values()].every((each) => each <= nowMs);
}

/** Whether the fields of one, but for those whose time is over, are fields of the other. */
function coversFields({ fields }: Held, other: Held, nowMs: number): boolean {
  for (const [text, deadline] of fields) {
    if (deadline > nowMs && other.fields.get(text) !== deadline) return false;
  }
  return true;
}

/** Whether two states are the same but for keys, and fields, whose time is over. */
export function isSame(one: State, other: State, nowMs: number): boolean {
  const covers = (these: State, those: State) => {
    for (const [key, held] of these) {
      if (isPast(held, nowMs)) continue;
      const that = those.get(key);
      if (that === undefined || that.content !== held.content || that.deadline !== held.deadline)
        return false;
      if (!coversFields(held, that, nowMs)) return false;
    }
    return true;
  };
  return covers(one, other) && covers(other, one);
}

function differencesOf(one: State, other: State): string[] {
  const lines: string[] = [];
  for (const key of new Set([...one.keys(), ...other.keys()])) {
    const [a, b] = [one.get(key), other.get(key)].map((held) =>
      held === undefined
        ? "nothing"
        : `${held.content} until ${held.deadline} and ${JSON.stringify([...held.fields].sort())}`,
    );
    if (a !== b) lines.push(`  ${JSON.stringify(key)}: ${a} → ${b}`);
  }
  return lines;
}

function describeDifference(one: State, other: State): string {
  return differencesOf(one, other).slice(0, 12).join("\n");
}

/** What one client must receive. */
export class Stream {
  /** What the reference's replies and messages come to, and how much of that was sent. */
  #bytes = Buffer.alloc(1024);
  length = 0;
  sent = 0;
  // For each part: where it begins, the state that it belongs to, whether its command made it.
  readonly #starts: number[] = [];
  readonly #states: number[] = [];
  readonly #made: boolean[] = [];
  #told = 0;

  append(part: Uint8Array, state: number, made: boolean): void {
    if (part.length === 0) return;
    if (this.length + part.length > this.#bytes.length) {
      const longer = Buffer.alloc(2 * (this.length + part.length));
      this.#bytes.copy(longer, 0, this.sent, this.length);
      this.length -= this.sent;
      for (let i = 0; i < this.#starts.length; i++) this.#starts[i] -= this.sent;
      this.sent = 0;
      this.#bytes = longer;
    }
    this.#bytes.set(part, this.length);
    this.#starts.push(this.length);
    this.#states.push(state);
    this.#made.push(made);
    this.length += part.length;
  }

  get rest(): Buffer {
    return this.#bytes.subarray(this.sent, this.length);
  }

  /** The server has sent these bytes; `tell` hears of the states that they belong to. */
  take(part: Uint8Array, tell: (state: number, made: boolean) => void): boolean {
    const expected = this.rest;
    if (part.length > expected.length || !expected.subarray(0, part.length).equals(part))
      return false;
    this.sent += part.length;
    while (this.#told < this.#starts.length && (this.#starts[this.#told] as number) < this.sent) {
      tell(this.#states[this.#told] as number, this.#made[this.#told] as boolean);
      this.#told++;
    }
    return true;
  }
}

/** The reference's side of a session. */
export class Mirror {
  readonly session: Session;
  readonly stream = new Stream();
  /** What is for it while its own request is being executed. */
  late: Uint8Array[] = [];
  running = false;

  constructor(model: Model, like: Session) {
    const link: ClientLink = {
      address: like.link?.address ?? "",
      localAddress: like.link?.localAddress ?? "",
      descriptor: like.link?.descriptor ?? 0,
      inputBytes: 0,
      outputBytes: 0,
      deliver: (bytes, start, end) => model.deliver(this, bytes.slice(start, end)),
      resume: () => {},
      close: () => {},
    };
    this.session = new Session(like.id, like.createdMs, link);
  }
}

export class Model {
  readonly database: Database;
  /** The states there have been, from the one that was there when the database was opened. */
  readonly states: State[];
  /** The last state that somebody was told of when it had been written, and synced. */
  written = 0;
  synced = 0;
  /** Why the database refuses writes at the moment, if it does. */
  refusal: string | undefined;
  /** What is wrong with the disk, as PING says it. */
  diskFailure: string | undefined;

  /** The time that the reference sees while it follows a call in which time has passed. */
  nowMs: number | undefined;

  readonly #world: World;
  readonly #promises: Promised[] = [];
  readonly #mirrors = new Map<Session, Mirror>();
  #changes = 0;

  constructor(world: World, database: Database) {
    this.#world = world;
    this.database = database;
    this.states = [stateOf(database)];
    const core = coreOf(database);
    core.services.writesRefused = () => this.refusal;
    core.services.diskFailure = () => this.diskFailure;
    core.keyspace.members.expiredAtOnce = 1;
    const engine = core.engine as { clock: () => number };
    engine.clock = () => this.nowMs ?? world.nowMs();
    // Not by its own timers: see expire().
    core.executor.expireDue = () => 0;
    this.#changes = core.keyspace.counter(Counter.changes);
  }

  /** A reference that holds nothing, or what the files of a log say. */
  static of(world: World, seed: number, directory: string, copy: string): Model {
    for (const name of world.list(directory)) {
      const bytes = world.contentOf(`${directory}/${name}`);
      if (bytes !== undefined) world.putFile(`${copy}/appendonlydir/${name}`, bytes);
    }
    const database = openOn(world, copy, { seed, fsync: "no" });
    const { context, engine } = coreOf(database);
    if (engine.log !== null) context.effects.removeSink(engine.log);
    return new Model(world, database);
  }

  /** The number of the state that is there now. */
  get state(): number {
    return this.states.length - 1;
  }

  mirror(session: Session): Mirror {
    let mirror = this.#mirrors.get(session);
    if (mirror === undefined) {
      mirror = new Mirror(this, session);
      this.#mirrors.set(session, mirror);
    }
    return mirror;
  }

  /** A client's request has been executed; the reference follows. */
  execute(session: Session, words: readonly Uint8Array[], nowMs: number): void {
    const { executor, engine } = coreOf(this.database);
    const mirror = this.mirror(session);
    const args = new Arguments();
    args.fill(words);
    executor.setNow(nowMs);
    this.catchUp(mirror);
    const { reply } = executor.context;
    const before = this.states.length;
    mirror.running = true;
    executor.execute(mirror.session, args);
    mirror.running = false;
    const bytes = reply.bytes.slice(0, reply.length);
    reply.truncate(0);
    engine.tock();
    this.note();
    const made = this.states.length > before;
    mirror.stream.append(bytes, this.state, made);
    for (const part of mirror.late.splice(0)) mirror.stream.append(part, this.state, made);
  }

  /** The session waits no more: its time was up, and the reference's timer has not rung yet. */
  catchUp(mirror: Mirror): void {
    const { executor } = coreOf(this.database);
    if (mirror.session.waiting !== null) executor.waiters.timeOut(mirror.session);
  }

  /**
   * The database is about to do something: whose waiting has ended there, by their time, waits no
   * more here either, though the reply has not been sent yet.
   */
  catchUpAll(): void {
    for (const [session, mirror] of this.#mirrors) {
      if (session.waiting === null) this.catchUp(mirror);
    }
  }

  /**
   * The database has deleted keys whose time is over; the same ones go here. If they went at
   * another time, the order within a bucket would be another, which KEYS and SCAN show, and so
   * would what is drawn by lot. Which goes first of those with one deadline is nobody's promise.
   */
  expire(keys: readonly Expired[], nowMs: number): void {
    const { executor, keyspace, context } = coreOf(this.database);
    executor.setNow(nowMs);
    context.effects.hold();
    for (const { db, key, fields } of keys) {
      const { tables } = keyspace;
      const table = keyspace.table(db);
      const hash = tables.hash(key, 0, key.length);
      const entry = table === 0 ? 0 : tables.find(table, hash, key, 0, key.length);
      assert.ok(entry !== 0, "it is there in the reference, too");
      if (fields === undefined) {
        assert.ok(keyspace.isExpired(entry), "its time is over in the reference, too");
        keyspace.expire(db, entry);
      } else if (fields === "all") {
        assert.ok(expireMembers(keyspace, db, entry, 0), "all is over in the reference, too");
      } else this.#expireFields(db, entry, fields);
    }
    context.effects.release();
  }

  #expireFields(db: number, entry: number, fields: readonly Uint8Array[]): void {
    const { keyspace } = coreOf(this.database);
    const { listener, members, records, tables } = keyspace;
    const table = records.pointer(entry);
    for (const field of fields) {
      const hash = tables.hash(field, 0, field.length);
      const record = tables.find(table, hash, field, 0, field.length);
      const isPast = record !== 0 && members.isPast(record);
      assert.ok(isPast, "the field's time is over in the reference, too");
      expireMember(keyspace, db, entry, record);
    }
    const isEmpty = tables.count(table) === 0;
    listener.membersExpired(db, entry, isEmpty);
    if (isEmpty) keyspace.remove(db, entry);
  }

  deliver(mirror: Mirror, bytes: Uint8Array): void {
    if (mirror.running) {
      mirror.late.push(bytes);
      return;
    }
    // What it tells of is being done, and will be the next state; or it may be taken back.
    const makes = this.#hasChanged && !coreOf(this.database).inTransaction;
    mirror.stream.append(bytes, this.state + (makes ? 1 : 0), makes);
  }

  forget(session: Session): void {
    const mirror = this.#mirrors.get(session);
    if (mirror !== undefined) coreOf(this.database).executor.forget(mirror.session);
  }

  get #hasChanged(): boolean {
    return coreOf(this.database).keyspace.counter(Counter.changes) !== this.#changes;
  }

  /** Something has been executed: if it changed anything there is one more state. */
  note(): void {
    if (!this.#hasChanged) return;
    this.states.push(stateOf(this.database));
    this.#changes = coreOf(this.database).keyspace.counter(Counter.changes);
  }

  /** What was executed has been taken back. */
  unchanged(): void {
    this.#changes = coreOf(this.database).keyspace.counter(Counter.changes);
  }

  /** Somebody was told of a state. */
  told(state: number, isSynced: boolean): void {
    if (isSynced) this.synced = Math.max(this.synced, state);
    if (state <= this.written) return;
    this.written = state;
    this.#promises.push({ atMs: this.#world.monotonicMs(), state });
  }

  /** The last state that somebody was told of so many milliseconds ago. */
  toldBefore(milliseconds: number): number {
    const untilMs = this.#world.monotonicMs() - milliseconds;
    let found = 0;
    for (const { atMs, state } of this.#promises) if (atMs <= untilMs) found = state;
    return found;
  }

  /**
   * What an opened database holds must be a state that has been, from `least` on; returns its
   * number.
   */
  find(state: State, least: number, nowMs: number): number {
    for (let at = this.state; at >= 0; at--) {
      if (!isSame(this.states[at] as State, state, nowMs)) continue;
      if (at >= least) return at;
      assert.fail(
        `state ${at} of ${this.state} was recovered, but ${least} had been promised; missing:\n` +
          describeDifference(state, this.states[least] as State),
      );
    }
    const distances = this.states.map((each) => differencesOf(each, state).length);
    const nearest = distances.lastIndexOf(Math.min(...distances));
    assert.fail(
      `a state was recovered that has never been; of ${this.state} the nearest is ${nearest}, ` +
        `from which it differs:\n${describeDifference(this.states[nearest] as State, state)}`,
    );
  }

  /** Whether the database holds what the reference does. */
  check(database: Database): void {
    const { now } = coreOf(database).keyspace;
    const [mine, theirs] = [stateOf(database), this.states[this.state] as State];
    if (isSame(mine, theirs, now)) return;
    assert.fail(`the database and the reference differ:\n${describeDifference(theirs, mine)}`);
  }

  /** The reference is not needed any more. */
  dispose(): void {
    coreOf(this.database).onClosed?.();
  }
}
