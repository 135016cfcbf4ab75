// The live view of a sorted set: members with their scores, in order, by rank or by score. See
// view.ts. An iteration goes on behind the member that came last, wherever that stands by then:
// members whose scores change meanwhile may be seen twice, or not at all.

import { SORTED_SET, type SortedSets, sortedSetsOf } from "../../types/sorted-sets.ts";
import type { Core } from "../core.ts";
import type { TextMaker } from "../reader.ts";
import type { Text, Value } from "../values.ts";
import { View } from "./view.ts";

/** Members that are read in one step. */
const STEP = 256;
const NOTHING = new Uint8Array(0);

/** Which members an iteration comes to. */
export interface SortedSetRange {
  /** The lowest score; −Infinity if left out. */
  readonly min?: number | undefined;
  /** The highest score; Infinity if left out. */
  readonly max?: number | undefined;
  /** From the highest score down. */
  readonly reverse?: boolean | undefined;
}

/** A live view of a sorted set; see Database.sortedSet. */
export class SortedSetView<T extends Text> extends View<T> {
  constructor(core: Core, db: number, key: Value, text: TextMaker<T>) {
    super(core, db, SORTED_SET, key, text);
  }

  protected override count(entry: number): number {
    return sortedSetsOf(this.core.context).count(entry);
  }

  has(member: Value): boolean {
    return this.score(member) !== undefined;
  }

  /** The score of a member, or undefined. */
  score(member: Value): number | undefined {
    return this.#find(member, (sets) => sets.score);
  }

  /** How many members come before this one, or undefined where it is not there. */
  rank(member: Value): number | undefined {
    return this.#find(member, (sets, entry) => sets.rankOfFound(entry));
  }

  #find(member: Value, answer: (sets: SortedSets, entry: number) => number): number | undefined {
    const { core } = this;
    core.enter();
    try {
      const entry = this.entryWith(member);
      if (entry === 0) return undefined;
      const { bytes, starts, ends } = core.request.args;
      const sets = sortedSetsOf(core.context);
      return sets.find(entry, bytes, starts[1], ends[1]) ? answer(sets, entry) : undefined;
    } finally {
      core.leave();
    }
  }

  /** The member at a rank (negative: from the last one) with its score, or undefined. */
  at(rank: number): [member: T, score: number] | undefined {
    const { core } = this;
    core.enter();
    try {
      const entry = this.entry();
      if (entry === 0) return undefined;
      const sets = sortedSetsOf(core.context);
      const size = sets.count(entry);
      const whole = Math.trunc(rank) || 0;
      const from = whole < 0 ? whole + size : whole;
      if (from < 0 || from >= size) return undefined;
      sets.walk.openAt(entry, from, false);
      if (!sets.walk.next()) return undefined;
      const { bytes, start, end, score } = sets.walk;
      return [this.text(bytes, start, end), score];
    } finally {
      core.leave();
    }
  }

  /** Members with their scores, in order. */
  *entries(range: SortedSetRange = {}): Generator<[member: T, score: number], void, undefined> {
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, reverse } = range;
    const step: [member: T, score: number][] = [];
    const place = new Place(min, max, reverse === true);
    do {
      this.#readStep(step, place);
      yield* step;
    } while (!place.isEnd);
  }

  /** Members, in order. */
  *values(range: SortedSetRange = {}): Generator<T, void, undefined> {
    for (const [member] of this.entries(range)) yield member;
  }

  [Symbol.iterator](): Generator<[member: T, score: number], void, undefined> {
    return this.entries();
  }

  #readStep(step: [member: T, score: number][], place: Place): void {
    const { core } = this;
    step.length = 0;
    core.enter();
    try {
      const entry = place.isBegun ? this.entryStill() : this.entry();
      if (entry === 0) {
        place.isEnd = true;
        return;
      }
      const sets = sortedSetsOf(core.context);
      const { walk } = sets;
      let left = place.open(sets, entry);
      while (left > 0 && step.length < STEP && walk.next()) {
        step.push([this.text(walk.bytes, walk.start, walk.end), walk.score]);
        left--;
      }
      if (left === 0 || step.length < STEP) place.isEnd = true;
      else place.goOn(walk.score, walk.bytes.slice(walk.start, walk.end));
    } finally {
      core.leave();
    }
  }
}

/** Where an iteration stands: behind a member, or at its beginning. */
class Place {
  isBegun = false;
  isEnd = false;
  readonly #min: number;
  readonly #max: number;
  readonly #isReverse: boolean;
  #score = 0;
  #member: Uint8Array = NOTHING;

  constructor(min: number, max: number, isReverse: boolean) {
    this.#min = min;
    this.#max = max;
    this.#isReverse = isReverse;
  }

  /** Opens the sorted sets' walk here; returns how many members there are to come. */
  open(sets: SortedSets, entry: number): number {
    let from = sets.rankOfScore(entry, this.#min, false);
    let to = sets.rankOfScore(entry, this.#max, true);
    if (this.isBegun) {
      const member = this.#member;
      const { length } = member;
      const here = sets.rankOfItem(entry, this.#score, member, 0, length, !this.#isReverse);
      if (this.#isReverse) to = Math.min(to, here);
      else from = Math.max(from, here);
    }
    if (to <= from) return 0;
    sets.walk.openAt(entry, this.#isReverse ? to - 1 : from, this.#isReverse);
    return to - from;
  }

  goOn(score: number, member: Uint8Array): void {
    this.isBegun = true;
    this.#score = score;
    this.#member = member;
  }
}
