// Methods that execute at once, and the short ways of those that programs call most.
//
// The ordinary way writes a request, has the executor call the command's handler, and reads the
// reply back. A short way looks the key up and takes the value from where it lies:
//
//   ask    words ─▶ request ─▶ executor ─▶ handler ─▶ reply ─▶ reader ─▶ value
//   short  words ─▶ entry ──────────────────────────────────────────────▶ value
//
// Whoever looks from outside cannot tell which was taken: calls, hits and misses are counted, the
// access clock moves, an expired key goes, as the handler would have it. Where there is more to do
// than that (another type, somebody who wants to hear of misses, an argument out of the ordinary),
// the ordinary way is taken, from the beginning, and so it is now and then for a command to be
// timed (engine/call-timer.ts). Only a plain SET writes in a short way, while nobody keeps, watches
// or limits it.

import { timeIn } from "../commands/keys/expiry.ts";
import { sliceEnd, sliceStart } from "../commands/shared/slices.ts";
import type { CompiledCommand } from "../engine/command.ts";
import { STRING } from "../keyspace/data-type.ts";
import { Counter } from "../keyspace/keyspace.ts";
import { NO_DEADLINE } from "../structures/record.ts";
import { HASH, hashesOf } from "../types/hashes.ts";
import { LIST, listsOf } from "../types/lists.ts";
import { SET, setsOf } from "../types/sets.ts";
import { stringKind } from "../types/strings.ts";
import type { Core } from "./core.ts";
import { bound, isEmpty } from "./methods/asking.ts";
import { Methods } from "./methods/methods.ts";
import type { SetOptions } from "./methods/strings.ts";
import type { Reader } from "./reader.ts";
import { wordsOf } from "./request.ts";
import { As, type AtOnce, type Reply, type Text, type Value, type Values } from "./values.ts";

/** #look: what there is, or what is to be done, is not for a short way. */
const ORDINARY = -1;

/** A short way that gives so many values, or so many bytes, is timed itself. */
const VALUES_UNTIMED = 32;
const BYTES_UNTIMED = 16 * 1024;

export abstract class ImmediateMethods<T extends Text> extends Methods<AtOnce<T>> {
  readonly #core: Core;
  readonly #db: number;
  readonly #reader: Reader<T>;

  constructor(core: Core, db: number, reader: Reader<T>) {
    super();
    this.#core = core;
    this.#db = db;
    this.#reader = reader;
  }

  protected override ask<V>(
    as: As,
    name: string,
    a?: Value,
    b?: Value,
    c?: Value,
    d?: Value,
  ): Reply<AtOnce<T>, V> {
    return this.#run(as, this.#core.fill(name, a, b, c, d)) as Reply<AtOnce<T>, V>;
  }

  protected override askAll<V>(
    as: As,
    name: string,
    words: readonly Value[] | undefined,
    a?: Value,
    b?: Value,
    c?: Value,
  ): Reply<AtOnce<T>, V> {
    return this.#run(as, this.#core.fillAll(name, words, a, b, c)) as Reply<AtOnce<T>, V>;
  }

  protected override answer<V>(value: V): Reply<AtOnce<T>, V> {
    this.#core.check();
    return value as Reply<AtOnce<T>, V>;
  }

  #run(as: As, command: CompiledCommand): unknown {
    const core = this.#core;
    const at = core.run(command, core.session, this.#db);
    const value = this.#reader.read(as, core.reply.bytes, at);
    core.truncate(at);
    return value;
  }

  // Looking. The request's argument 0 is the key; what else there is follows it.

  /** The entry of the key, if of this Type; 0: none; or ORDINARY. Counts as a handler does. */
  #look(command: CompiledCommand, type: number): number {
    const core = this.#core;
    const { keyspace } = core;
    if (core.timer.isDue(command)) return ORDINARY;
    const entry = core.find(this.#db);
    if (entry === 0) {
      if (core.context.notices.classes !== 0) return ORDINARY;
      core.count(command);
      keyspace.count(Counter.misses);
      return 0;
    }
    if (keyspace.typeOf(entry) !== type) return ORDINARY;
    core.count(command);
    keyspace.count(Counter.hits);
    return entry;
  }

  /** As #look, for a key by itself. */
  #lookAt(key: Value, command: CompiledCommand, type: number): number {
    const core = this.#core;
    core.begin(this.#db);
    core.request.beginKey(key);
    return this.#look(command, type);
  }

  /** As #look, for a key and an element of what it holds, which is argument 1. */
  #lookIn(key: Value, element: Value, command: CompiledCommand, type: number): number {
    const core = this.#core;
    const { request } = core;
    core.begin(this.#db);
    request.beginKey(key);
    request.add(element);
    return this.#look(command, type);
  }

  /** The entry of a key of any type, without an access to it; 0: none; or ORDINARY. */
  #peek(key: Value): number {
    const core = this.#core;
    core.begin(this.#db);
    core.request.beginKey(key);
    const entry = core.peek(this.#db);
    if (entry === 0 && core.context.notices.classes !== 0) return ORDINARY;
    return entry;
  }

  // Strings

  override get(key: Value): T | null {
    const { counted, keyspace, timer } = bound(this).#core;
    const entry = this.#lookAt(key, counted.get, STRING);
    if (entry === ORDINARY) return this.ask(As.value, "get", key);
    if (entry === 0) return null;
    const { records } = keyspace;
    records.value(entry);
    const { bytes, start, end } = records;
    if (end - start <= BYTES_UNTIMED) return this.#reader.text(bytes, start, end);
    const startMs = timer.start();
    const text = this.#reader.text(bytes, start, end);
    timer.correct(counted.get, startMs);
    return text;
  }

  override strlen(key: Value): number {
    const { counted, keyspace } = bound(this).#core;
    const entry = this.#lookAt(key, counted.strlen, STRING);
    if (entry === ORDINARY) return this.ask(As.value, "strlen", key);
    return entry === 0 ? 0 : keyspace.records.valueLength(entry);
  }

  override set(key: Value, value: Value): "OK";
  override set(key: Value, value: Value, options: SetOptions & { readonly get: true }): T | null;
  override set(
    key: Value,
    value: Value,
    options?: SetOptions & { readonly get?: false },
  ): "OK" | null;
  override set(key: Value, value: Value, options?: SetOptions): unknown {
    const core = bound(this).#core;
    if (options !== undefined || !core.isPlain) return super.set(key, value, options as object);
    if (value !== undefined && core.timer.isDue(core.counted.set)) return super.set(key, value);
    const { request, keyspace } = core;
    core.begin(this.#db);
    request.beginKey(key);
    request.add(value);
    const { bytes, starts, ends } = request.args;
    const start = starts[1];
    const end = ends[1];
    const kind = stringKind(bytes, start, end);
    keyspace.setString(this.#db, bytes, starts[0], ends[0], kind, bytes, start, end, NO_DEADLINE);
    core.count(core.counted.set);
    keyspace.count(Counter.changes);
    if (keyspace.disposing) core.settle(core.reply.length);
    return "OK";
  }

  // Keys

  override exists(...keys: Values): number {
    const core = bound(this).#core;
    const [key] = keys;
    if (keys.length !== 1 || typeof key !== "string" || core.timer.isDue(core.counted.exists)) {
      return super.exists(...keys);
    }
    const entry = this.#peek(key);
    if (entry === ORDINARY) return super.exists(...keys);
    core.count(core.counted.exists);
    core.keyspace.count(entry === 0 ? Counter.misses : Counter.hits);
    return entry === 0 ? 0 : 1;
  }

  override ttl(key: Value): number {
    return bound(this).#timeLeft(key, "ttl", 1000);
  }

  override pttl(key: Value): number {
    return bound(this).#timeLeft(key, "pttl", 1);
  }

  #timeLeft(key: Value, name: "ttl" | "pttl", unitMs: number): number {
    const core = this.#core;
    if (core.timer.isDue(core.counted[name])) return this.ask(As.value, name, key);
    const entry = this.#peek(key);
    if (entry === ORDINARY) return this.ask(As.value, name, key);
    const { records } = core.keyspace;
    let left = -2;
    if (entry !== 0) {
      left = records.hasDeadline(entry)
        ? timeIn(unitMs, Math.max(0, records.deadline(entry) - core.context.now))
        : -1;
    }
    // Beyond that, it is a bigint.
    if (!Number.isSafeInteger(left)) return this.ask(As.value, name, key);
    core.count(core.counted[name]);
    core.keyspace.count(entry === 0 ? Counter.misses : Counter.hits);
    return left;
  }

  // Lists

  override llen(key: Value): number {
    const { counted, context } = bound(this).#core;
    const entry = this.#lookAt(key, counted.llen, LIST);
    if (entry === ORDINARY) return this.ask(As.value, "llen", key);
    return entry === 0 ? 0 : listsOf(context).length(entry);
  }

  override lindex(key: Value, index: number): T | null {
    const { counted, context } = bound(this).#core;
    const entry = Number.isSafeInteger(index) ? this.#lookAt(key, counted.lindex, LIST) : ORDINARY;
    if (entry === ORDINARY) return this.ask(As.value, "lindex", key, index);
    const lists = listsOf(context);
    if (entry === 0 || !lists.seek(entry, index)) return null;
    lists.chunked.read();
    return this.#reader.text(lists.packed.bytes, lists.packed.start, lists.packed.end);
  }

  override lrange(key: Value, start: number, stop: number): T[] {
    const { counted, context, timer } = bound(this).#core;
    const entry =
      Number.isSafeInteger(start) && Number.isSafeInteger(stop)
        ? this.#lookAt(key, counted.lrange, LIST)
        : ORDINARY;
    if (entry === ORDINARY) return this.ask(As.value, "lrange", key, start, stop);
    const elements: T[] = [];
    if (entry === 0) return elements;
    const lists = listsOf(context);
    const { chunked, packed } = lists;
    const length = lists.length(entry);
    const from = sliceStart(start, length);
    let left = sliceEnd(stop, length) - from;
    if (left <= 0) return elements;
    const isLong = left > VALUES_UNTIMED;
    const startMs = isLong ? timer.start() : 0;
    lists.seek(entry, from);
    for (;;) {
      chunked.read();
      elements.push(this.#reader.text(packed.bytes, packed.start, packed.end));
      if (--left === 0) break;
      chunked.next();
    }
    if (isLong) timer.correct(counted.lrange, startMs);
    return elements;
  }

  // Hashes

  override hget(key: Value, field: Value): T | null {
    const { counted, context, request } = bound(this).#core;
    const entry = this.#lookIn(key, field, counted.hget, HASH);
    if (entry === ORDINARY) return this.ask(As.value, "hget", key, field);
    const hashes = hashesOf(context);
    const { bytes, starts, ends } = request.args;
    if (entry === 0 || !hashes.get(entry, bytes, starts[1], ends[1])) return null;
    return this.#reader.text(hashes.bytes, hashes.start, hashes.end);
  }

  override hmget(key: Value, ...fields: Values): (T | null)[] {
    const core = bound(this).#core;
    const words = wordsOf(fields);
    if (isEmpty(fields, words)) return this.answer([]);
    const { counted, context, request } = core;
    core.begin(this.#db);
    request.beginKey(key);
    for (let i = 0; i < words.length; i++) request.add(words[i]);
    const { args } = request;
    const entry = args.count > 1 ? this.#look(counted.hmget, HASH) : ORDINARY;
    if (entry === ORDINARY) return this.askAll(As.value, "hmget", words, key);
    const hashes = hashesOf(context);
    const { bytes, starts, ends, count } = args;
    const isLong = count > VALUES_UNTIMED;
    const startMs = isLong ? core.timer.start() : 0;
    const values: (T | null)[] = [];
    for (let i = 1; i < count; i++) {
      const there = entry !== 0 && hashes.get(entry, bytes, starts[i], ends[i]);
      values.push(there ? this.#reader.text(hashes.bytes, hashes.start, hashes.end) : null);
    }
    if (isLong) core.timer.correct(counted.hmget, startMs);
    return values;
  }

  override hexists(key: Value, field: Value): number {
    const { counted, context, request } = bound(this).#core;
    const entry = this.#lookIn(key, field, counted.hexists, HASH);
    if (entry === ORDINARY) return this.ask(As.value, "hexists", key, field);
    const { bytes, starts, ends } = request.args;
    return entry !== 0 && hashesOf(context).has(entry, bytes, starts[1], ends[1]) ? 1 : 0;
  }

  override hlen(key: Value): number {
    const { counted, context } = bound(this).#core;
    const entry = this.#lookAt(key, counted.hlen, HASH);
    if (entry === ORDINARY) return this.ask(As.value, "hlen", key);
    return entry === 0 ? 0 : hashesOf(context).count(entry);
  }

  // Sets

  override sismember(key: Value, member: Value): number {
    const { counted, context, request } = bound(this).#core;
    const entry = this.#lookIn(key, member, counted.sismember, SET);
    if (entry === ORDINARY) return this.ask(As.value, "sismember", key, member);
    const { bytes, starts, ends } = request.args;
    return entry !== 0 && setsOf(context).has(entry, bytes, starts[1], ends[1]) ? 1 : 0;
  }

  override scard(key: Value): number {
    const { counted, context } = bound(this).#core;
    const entry = this.#lookAt(key, counted.scard, SET);
    if (entry === ORDINARY) return this.ask(As.value, "scard", key);
    return entry === 0 ? 0 : setsOf(context).count(entry);
  }
}
