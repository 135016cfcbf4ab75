// Member trees: the members of a large sorted set in order, by score and among equal scores by
// their bytes. The items are records (record.ts) that stand in a hash table as well; a record says
// its score and its member, so leaves hold references alone.
//
// Order is asked for by a record, or by bytes that need not be a member: those are the probe, which
// stands in comparisons under the reference 0.
//
// Cost: a comparison within a leaf looks at the record; between equal scores, at both members.

import { compareBytes } from "../base/bytes.ts";
import { torn } from "../base/torn-read.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { OrderedTrees } from "./ordered-tree.ts";
import { headerBytes, LONG_KEY } from "./record.ts";

/** The reference that stands for the probe. */
const PROBE = 0;
const NOTHING = new Uint8Array(0);

export class MemberTrees extends OrderedTrees {
  #probe: Uint8Array = NOTHING;
  #probeStart = 0;
  #probeEnd = 0;

  constructor(memory: Memory) {
    super(memory, false);
  }

  /** How many items come before (score, bytes[start, end)), or, with `orEqual`, up to it. */
  rankOfMember(
    tree: number,
    score: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    orEqual: boolean,
  ): number {
    this.#probe = bytes;
    this.#probeStart = start;
    this.#probeEnd = end;
    const rank = this.rank(tree, score, PROBE);
    if (!orEqual || !this.at(tree, rank) || this.key !== score) return rank;
    return this.#compareWithProbe(this.value) === 0 ? rank + 1 : rank;
  }

  protected override keyOf(record: number): number {
    const segment = record >>> PLACE_BITS;
    const place = record & PLACE_MASK;
    const longKey = (this.memory.i32[segment][place << 1] & LONG_KEY) === 0 ? 0 : 1;
    return this.memory.f64[segment][place + 1 + longKey];
  }

  protected override compareValues(a: number, b: number): number {
    if (a === PROBE) return -this.#compareWithProbe(b);
    if (b === PROBE) return this.#compareWithProbe(a);
    const start = this.#memberStart(a);
    const bytes = this.memory.u8[a >>> PLACE_BITS];
    return -this.#compare(b, bytes, start, start + this.#memberLength(a));
  }

  #compareWithProbe(record: number): number {
    return this.#compare(record, this.#probe, this.#probeStart, this.#probeEnd);
  }

  /** Negative, 0 or positive: a record's member beside bytes[start, end). */
  #compare(record: number, bytes: Uint8Array, start: number, end: number): number {
    const from = this.#memberStart(record);
    const to = from + this.#memberLength(record);
    const member = this.memory.u8[record >>> PLACE_BITS];
    if (!(to <= member.length && end <= bytes.length)) torn();
    return compareBytes(member, from, to, bytes, start, end);
  }

  #memberStart(record: number): number {
    const at = (record & PLACE_MASK) << 1;
    return (at << 2) + headerBytes(this.memory.i32[record >>> PLACE_BITS][at]);
  }

  #memberLength(record: number): number {
    const words = this.memory.i32[record >>> PLACE_BITS];
    const at = (record & PLACE_MASK) << 1;
    return (words[at] & LONG_KEY) === 0 ? words[at + 1] & 0xffff : words[at + 2];
  }
}
