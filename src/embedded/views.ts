// Live views of collections: what a method such as HGETALL copies out as a whole, a view looks up
// when it is asked. A view holds only its key; each use finds the key anew, so it shows what is
// there now, be the key deleted, created again or replaced in between.
//
// Iteration reads a step at a time, and a program may change anything between two steps:
//   * fields and members: as with SCAN, what is there all the time is seen; what comes or goes
//     meanwhile may be seen or not; and what is seen may, after deletions, be seen twice. Small
//     collections (those in a packed encoding) are read in one step.
//   * elements of a list: by index, up to as many as there were at the beginning.
//   * when the key is gone, or holds another type, the iteration ends.

import { Type } from "../keyspace/data-type.ts";
import { ReplyError } from "../protocol/reply-reader.ts";
import type { Core } from "./core.ts";
import type { TextMaker } from "./reader.ts";
import type { Text, Value } from "./values.ts";

/** Elements of a list that are read in one step. */
const LIST_STEP = 256;

const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";

abstract class View<T extends Text> {
  protected readonly core: Core;
  protected readonly text: TextMaker<T>;
  readonly #db: number;
  readonly #key: Uint8Array;
  readonly #type: number;

  constructor(core: Core, db: number, key: Value, type: number, text: TextMaker<T>) {
    this.core = core;
    this.text = text;
    this.#db = db;
    this.#type = type;
    core.request.beginAny();
    core.request.add(key);
    this.#key = core.request.args.copy(0);
  }

  /** The collection's entry, or 0. Throws WRONGTYPE where the key holds something else. */
  protected entry(): number {
    const entry = this.#find();
    if (entry !== 0 && this.core.keyspace.typeOf(entry) !== this.#type) {
      throw new ReplyError(WRONG_TYPE);
    }
    return entry;
  }

  /** The collection's entry, or 0 where there is none (any more). */
  protected entryStill(): number {
    const entry = this.#find();
    return entry === 0 || this.core.keyspace.typeOf(entry) !== this.#type ? 0 : entry;
  }

  #find(): number {
    this.core.begin(this.#db);
    return this.core.find(this.#db, this.#key, 0, this.#key.length);
  }

  /** Puts a value that is asked about where its bytes can be read: args(0). */
  protected put(value: Value): void {
    this.core.request.beginAny();
    this.core.request.add(value);
  }

  /** How many elements there are now. */
  abstract get size(): number;
}

/** A live view of a hash; see Database.hash. */
export class HashView<T extends Text> extends View<T> {
  constructor(core: Core, db: number, key: Value, text: TextMaker<T>) {
    super(core, db, key, Type.hash, text);
  }

  get size(): number {
    const entry = this.entry();
    return entry === 0 ? 0 : this.core.context.hashes.count(entry);
  }

  /** The value of a field, or undefined. */
  get(field: Value): T | undefined {
    const entry = this.entry();
    if (entry === 0) return undefined;
    this.put(field);
    const { hashes } = this.core.context;
    const { bytes, starts, ends } = this.core.request.args;
    if (!hashes.get(entry, bytes, starts[0], ends[0])) return undefined;
    return this.text(hashes.bytes, hashes.start, hashes.end);
  }

  has(field: Value): boolean {
    const entry = this.entry();
    if (entry === 0) return false;
    this.put(field);
    const { bytes, starts, ends } = this.core.request.args;
    return this.core.context.hashes.has(entry, bytes, starts[0], ends[0]);
  }

  *entries(): Generator<[field: T, value: T], void, undefined> {
    const { walk } = this.core.context.hashes;
    const step: T[] = [];
    let cursor = 0;
    for (let entry = this.entry(); entry !== 0; entry = this.entryStill()) {
      cursor = walk.openBatch(entry, cursor);
      step.length = 0;
      while (walk.next()) {
        step.push(this.text(walk.bytes, walk.start, walk.end));
        step.push(this.text(walk.valueBytes, walk.valueStart, walk.valueEnd));
      }
      for (let i = 0; i < step.length; i += 2) yield [step[i], step[i + 1]];
      if (cursor === 0) return;
    }
  }

  *keys(): Generator<T, void, undefined> {
    const { walk } = this.core.context.hashes;
    const step: T[] = [];
    let cursor = 0;
    for (let entry = this.entry(); entry !== 0; entry = this.entryStill()) {
      cursor = walk.openBatch(entry, cursor);
      step.length = 0;
      while (walk.next()) step.push(this.text(walk.bytes, walk.start, walk.end));
      yield* step;
      if (cursor === 0) return;
    }
  }

  *values(): Generator<T, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Generator<[field: T, value: T], void, undefined> {
    return this.entries();
  }
}

/** A live view of a set; see Database.members. */
export class MembersView<T extends Text> extends View<T> {
  constructor(core: Core, db: number, key: Value, text: TextMaker<T>) {
    super(core, db, key, Type.set, text);
  }

  get size(): number {
    const entry = this.entry();
    return entry === 0 ? 0 : this.core.context.sets.count(entry);
  }

  has(member: Value): boolean {
    const entry = this.entry();
    if (entry === 0) return false;
    this.put(member);
    const { bytes, starts, ends } = this.core.request.args;
    return this.core.context.sets.has(entry, bytes, starts[0], ends[0]);
  }

  *values(): Generator<T, void, undefined> {
    const { walk } = this.core.context.sets;
    const step: T[] = [];
    let cursor = 0;
    for (let entry = this.entry(); entry !== 0; entry = this.entryStill()) {
      cursor = walk.openBatch(entry, cursor);
      step.length = 0;
      while (walk.next()) step.push(this.text(walk.bytes, walk.start, walk.end));
      yield* step;
      if (cursor === 0) return;
    }
  }

  [Symbol.iterator](): Generator<T, void, undefined> {
    return this.values();
  }
}

/** A live view of a list; see Database.list. */
export class ListView<T extends Text> extends View<T> {
  constructor(core: Core, db: number, key: Value, text: TextMaker<T>) {
    super(core, db, key, Type.list, text);
  }

  get size(): number {
    const entry = this.entry();
    return entry === 0 ? 0 : this.core.context.lists.length(entry);
  }

  /** As size: a list is what an array is elsewhere. */
  get length(): number {
    return this.size;
  }

  /** The element at an index (negative: from the tail), or undefined. */
  at(index: number): T | undefined {
    const entry = this.entry();
    const { lists } = this.core.context;
    if (entry === 0 || !lists.seek(entry, Math.trunc(index) || 0)) return undefined;
    lists.chunked.read();
    return this.text(lists.packed.bytes, lists.packed.start, lists.packed.end);
  }

  *values(): Generator<T, void, undefined> {
    const { lists } = this.core.context;
    const step: T[] = [];
    const end = this.size;
    for (let index = 0; index < end; index += LIST_STEP) {
      const entry = this.entryStill();
      if (entry === 0 || !lists.seek(entry, index)) return;
      const last = Math.min(index + LIST_STEP, end, lists.length(entry));
      step.length = 0;
      for (let i = index; i < last; i++) {
        lists.chunked.read();
        step.push(this.text(lists.packed.bytes, lists.packed.start, lists.packed.end));
        lists.chunked.next();
      }
      yield* step;
    }
  }

  [Symbol.iterator](): Generator<T, void, undefined> {
    return this.values();
  }
}
