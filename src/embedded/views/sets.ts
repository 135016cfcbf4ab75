// The live view of a set: members, as in a JavaScript Set. See view.ts.

import { SET, setsOf } from "../../types/sets.ts";
import type { Core } from "../core.ts";
import type { TextMaker } from "../reader.ts";
import type { Text, Value } from "../values.ts";
import { View } from "./view.ts";

/** A live view of a set; see Database.members. */
export class MembersView<T extends Text> extends View<T> {
  constructor(core: Core, db: number, key: Value, text: TextMaker<T>) {
    super(core, db, SET, key, text);
  }

  protected override count(entry: number): number {
    return setsOf(this.core.context).count(entry);
  }

  has(member: Value): boolean {
    const { core } = this;
    core.enter();
    try {
      const entry = this.entryWith(member);
      if (entry === 0) return false;
      const { bytes, starts, ends } = core.request.args;
      return setsOf(core.context).has(entry, bytes, starts[1], ends[1]);
    } finally {
      core.leave();
    }
  }

  values(): Generator<T, void, undefined> {
    const { walk } = setsOf(this.core.context);
    return this.walked(walk, () => this.text(walk.bytes, walk.start, walk.end));
  }

  [Symbol.iterator](): Generator<T, void, undefined> {
    return this.values();
  }
}
