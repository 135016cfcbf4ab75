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
//
// What views have in common is here; each type's view is in the file of its name.

import { utf8Text } from "../../base/bytes.ts";
import { Errors } from "../../protocol/errors.ts";
import { ReplyError } from "../../protocol/reply-reader.ts";
import type { Core } from "../core.ts";
import { inspection } from "../inspection.ts";
import type { TextMaker } from "../reader.ts";
import type { Text, Value } from "../values.ts";

/** What a hash's and a set's walk have in common: batches of elements, with a cursor as SCAN's. */
interface Walk {
  openBatch(entry: number, cursor: number): number;
  next(): boolean;
}

export abstract class View<T extends Text> {
  readonly #core: Core;
  readonly #text: TextMaker<T>;
  readonly #db: number;
  readonly #type: number;
  /** A text is as it is until it is looked up: views are made to be asked for one thing. */
  readonly #key: string | Uint8Array;

  constructor(core: Core, db: number, type: number, key: Value, text: TextMaker<T>) {
    core.check();
    this.#core = core;
    this.#text = text;
    this.#db = db;
    this.#type = type;
    this.#key = typeof key === "string" ? key : core.request.copyOf(key);
  }

  protected get core(): Core {
    return this.#core;
  }

  protected get text(): TextMaker<T> {
    return this.#text;
  }

  /** The key alone: to look at the collection would count as a use of it. */
  [inspection](): string {
    const key = this.#key;
    const name = typeof key === "string" ? key : utf8Text(key, 0, key.length);
    return `${this.constructor.name} { key: ${JSON.stringify(name)} }`;
  }

  /** Begins a look at the key, the request's argument 0. */
  #begin(): void {
    this.#core.begin(this.#db);
    this.#core.request.beginKey(this.#key);
  }

  #find(): number {
    const entry = this.#core.find(this.#db);
    if (entry !== 0 && this.#core.keyspace.typeOf(entry) !== this.#type) throw wrongType();
    return entry;
  }

  /** The collection's entry, or 0. Throws WRONGTYPE where the key holds something else. */
  protected entry(): number {
    this.#begin();
    return this.#find();
  }

  /** As entry(), to look for an element in it: the request's argument 1. */
  protected entryWith(element: Value): number {
    this.#begin();
    this.#core.request.add(element);
    return this.#find();
  }

  /** The collection's entry, or 0 where there is none (any more). */
  protected entryStill(): number {
    this.#begin();
    const entry = this.#core.find(this.#db);
    return entry === 0 || this.#core.keyspace.typeOf(entry) !== this.#type ? 0 : entry;
  }

  /** How many elements there are now. */
  get size(): number {
    this.#core.enter();
    try {
      const entry = this.entry();
      return entry === 0 ? 0 : this.count(entry);
    } finally {
      this.#core.leave();
    }
  }

  protected abstract count(entry: number): number;

  /** What `read` makes of each element that a walk comes to, a batch at a time. */
  protected *walked<E>(walk: Walk, read: () => E): Generator<E, void, undefined> {
    const batch: E[] = [];
    let cursor = 0;
    for (let isFirst = true; ; isFirst = false) {
      this.#core.enter();
      try {
        const entry = isFirst ? this.entry() : this.entryStill();
        if (entry === 0) return;
        cursor = walk.openBatch(entry, cursor);
        batch.length = 0;
        while (walk.next()) batch.push(read());
      } finally {
        this.#core.leave();
      }
      yield* batch;
      if (cursor === 0) return;
    }
  }
}

function wrongType(): ReplyError {
  return new ReplyError(utf8Text(Errors.wrongType, 1, Errors.wrongType.length - 2));
}
