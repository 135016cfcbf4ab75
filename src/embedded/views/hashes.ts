// The live view of a hash: fields and values, as in a JavaScript Map. See view.ts.

import { NO_DEADLINE } from "../../structures/record.ts";
import { HASH, hashesOf, NO_FIELD } from "../../types/hashes.ts";
import type { Core } from "../core.ts";
import type { TextMaker } from "../reader.ts";
import type { Text, Value } from "../values.ts";
import { View } from "./view.ts";

/** A live view of a hash; see Database.hash. */
export class HashView<T extends Text> extends View<T> {
  constructor(core: Core, db: number, key: Value, text: TextMaker<T>) {
    super(core, db, HASH, key, text);
  }

  protected override count(entry: number): number {
    return hashesOf(this.core.context).count(entry);
  }

  /** The value of a field, or undefined. */
  get(field: Value): T | undefined {
    const { core } = this;
    core.enter();
    try {
      const entry = this.entryWith(field);
      if (entry === 0) return undefined;
      const hashes = hashesOf(core.context);
      const { bytes, starts, ends } = core.request.args;
      if (!hashes.get(entry, bytes, starts[1], ends[1])) return undefined;
      return this.text(hashes.bytes, hashes.start, hashes.end);
    } finally {
      core.leave();
    }
  }

  /**
   * When a field's time is over, in milliseconds since 1970: null, it has no deadline; undefined,
   * it is not there.
   */
  deadline(field: Value): number | null | undefined {
    const { core } = this;
    core.enter();
    try {
      const entry = this.entryWith(field);
      if (entry === 0) return undefined;
      const { bytes, starts, ends } = core.request.args;
      const deadline = hashesOf(core.context).deadline(entry, bytes, starts[1], ends[1]);
      if (deadline === NO_FIELD) return undefined;
      return deadline === NO_DEADLINE ? null : deadline;
    } finally {
      core.leave();
    }
  }

  has(field: Value): boolean {
    const { core } = this;
    core.enter();
    try {
      const entry = this.entryWith(field);
      if (entry === 0) return false;
      const { bytes, starts, ends } = core.request.args;
      return hashesOf(core.context).has(entry, bytes, starts[1], ends[1]);
    } finally {
      core.leave();
    }
  }

  entries(): Generator<[field: T, value: T], void, undefined> {
    const { text } = this;
    const { walk } = hashesOf(this.core.context);
    return this.walked(walk, () => [
      text(walk.bytes, walk.start, walk.end),
      text(walk.valueBytes, walk.valueStart, walk.valueEnd),
    ]);
  }

  keys(): Generator<T, void, undefined> {
    const { walk } = hashesOf(this.core.context);
    return this.walked(walk, () => this.text(walk.bytes, walk.start, walk.end));
  }

  values(): Generator<T, void, undefined> {
    const { walk } = hashesOf(this.core.context);
    return this.walked(walk, () => this.text(walk.valueBytes, walk.valueStart, walk.valueEnd));
  }

  [Symbol.iterator](): Generator<[field: T, value: T], void, undefined> {
    return this.entries();
  }
}
