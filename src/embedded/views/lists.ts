// The live view of a list: elements by index, as in an array. See view.ts.

import { LIST, listsOf } from "../../types/lists.ts";
import type { Core } from "../core.ts";
import type { TextMaker } from "../reader.ts";
import type { Text, Value } from "../values.ts";
import { View } from "./view.ts";

/** Elements that are read in one step. */
const LIST_STEP = 256;

/** A live view of a list; see Database.list. */
export class ListView<T extends Text> extends View<T> {
  constructor(core: Core, db: number, key: Value, text: TextMaker<T>) {
    super(core, db, LIST, key, text);
  }

  protected override count(entry: number): number {
    return listsOf(this.core.context).length(entry);
  }

  /** As size: a list is what an array is elsewhere. */
  get length(): number {
    return this.size;
  }

  /** The element at an index (negative: from the tail), or undefined. */
  at(index: number): T | undefined {
    const { core } = this;
    core.enter();
    try {
      const entry = this.entry();
      const lists = listsOf(core.context);
      if (entry === 0 || !lists.seek(entry, Math.trunc(index) || 0)) return undefined;
      lists.chunked.read();
      return this.text(lists.packed.bytes, lists.packed.start, lists.packed.end);
    } finally {
      core.leave();
    }
  }

  *values(): Generator<T, void, undefined> {
    const step: T[] = [];
    const end = this.size;
    for (let index = 0; index < end; index += LIST_STEP) {
      if (!this.#readStep(step, index, end)) return;
      yield* step;
    }
  }

  /** Reads the elements from an index on, as many as make a step; whether there were any. */
  #readStep(step: T[], index: number, end: number): boolean {
    const { core } = this;
    core.enter();
    try {
      const lists = listsOf(core.context);
      const entry = this.entryStill();
      if (entry === 0 || !lists.seek(entry, index)) return false;
      const last = Math.min(index + LIST_STEP, end, lists.length(entry));
      step.length = 0;
      for (let i = index; i < last; i++) {
        lists.chunked.read();
        step.push(this.text(lists.packed.bytes, lists.packed.start, lists.packed.end));
        lists.chunked.next();
      }
      return true;
    } finally {
      core.leave();
    }
  }

  [Symbol.iterator](): Generator<T, void, undefined> {
    return this.values();
  }
}
