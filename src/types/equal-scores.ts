// Sets among the sorted sets that a command combines: each member has the score 1.

import type { ScoreSource } from "../keyspace/data-type.ts";

/** What is asked of the sets. */
interface MemberSets {
  count(entry: number): number;
  has(entry: number, bytes: Uint8Array, start: number, end: number): boolean;
}

/** A walk over the members of one of them. */
interface MemberWalk {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  open(entry: number): void;
  next(): boolean;
}

export class EqualScores implements ScoreSource {
  readonly score = 1;
  readonly #sets: MemberSets;
  readonly #walk: MemberWalk;

  constructor(sets: MemberSets, walk: MemberWalk) {
    this.#sets = sets;
    this.#walk = walk;
  }

  get bytes(): Uint8Array {
    return this.#walk.bytes;
  }

  get start(): number {
    return this.#walk.start;
  }

  get end(): number {
    return this.#walk.end;
  }

  count(entry: number): number {
    return this.#sets.count(entry);
  }

  open(entry: number): void {
    this.#walk.open(entry);
  }

  next(): boolean {
    return this.#walk.next();
  }

  scoreOf(entry: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#sets.has(entry, bytes, start, end) ? 1 : Number.NaN;
  }
}
