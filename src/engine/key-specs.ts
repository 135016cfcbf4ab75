// Key specifications: where the keys of a request stand and what happens to them. A command's row
// says it once, in Redis's terms; COMMAND INFO tells it to clients and proxies that route by key,
// and COMMAND GETKEYS finds the keys of a request by it. Terms and values are those of
// redis.io/docs/latest/develop/reference/key-specs.
//
// A specification says where the search begins and how the keys are found from there:
//
//   begin   index 2                       at argument 2
//           keyword STREAMS from 1        behind that word, looked for from argument 1 on; from −2:
//                                         from the last argument but one, backwards
//           unknown                       no specification can tell (the BY pattern of SORT)
//   find    range: last, step, limit      from there to `last`, each `step`-th argument. last ≥ 0
//                                         counts from the first key, last < 0 from the end of the
//                                         request; limit 2: only the first half of what follows
//           keynum: step                  the number of keys stands there, and they follow it
//
// A request whose keys cannot all be found (a count of keys that are not there, no STREAMS) is one
// that its command will refuse, mostly: what was found until then is kept all the same, and the
// answer is false.

import { assert } from "../base/assert.ts";
import { asciiBytes } from "../base/bytes.ts";
import type { Arguments } from "../protocol/arguments.ts";

/** What happens to a key, one bit each, by Redis's names and in Redis's order. */
export const KeyFlag = {
  /** The value is read, read and written, overwritten, or removed without being looked at. */
  RO: 1,
  RW: 2,
  OW: 4,
  RM: 8,
  /** User data is given back or copied; changed; added; deleted. */
  access: 16,
  update: 32,
  insert: 64,
  delete: 128,
  /** A word that routes a request as a key does, but is none: a shard channel. */
  not_key: 256,
  /** There may be keys that the specification does not tell of. */
  incomplete: 512,
  /** What happens depends on the other arguments. */
  variable_flags: 1024,
} as const;

/** One specification of a row. */
export interface KeySpec {
  /** KeyFlag's names, as in "RW access delete". */
  readonly flags: string;
  /** What there is to add in words. */
  readonly notes?: string;
  /** The argument at which the search begins; left out where that is unknown. */
  readonly index?: number;
  /** The word, in upper case, behind which the keys are; looked for from `index` on. */
  readonly keyword?: string;
  /** The keyword is an option: it may be missing, and where it is repeated each one counts. */
  readonly optional?: boolean;
  /** The last key, from the first (0: there is one) or from the request's end (−1: its last). */
  readonly last?: number;
  readonly step?: number;
  readonly limit?: number;
  /** At the index stands how many keys follow it. */
  readonly counted?: boolean;
}

/** The keys of a row: a text alone is the flags of one key, which is argument 1. */
export type RowKeys = string | readonly KeySpec[];

/** The keys of a request, in the order of their specifications. Reused from request to request. */
export class FoundKeys {
  count = 0;
  /** The argument that is key i. */
  positions: Int32Array = new Int32Array(16);
  /** Its KeyFlag bits. */
  flags: Int32Array = new Int32Array(16);

  add(position: number, flags: number): void {
    if (this.count === this.positions.length) this.#grow();
    this.positions[this.count] = position;
    this.flags[this.count] = flags;
    this.count++;
  }

  #grow(): void {
    const { positions, flags } = this;
    this.positions = new Int32Array(positions.length * 2);
    this.flags = new Int32Array(flags.length * 2);
    this.positions.set(positions);
    this.flags.set(flags);
  }
}

/** Finds the keys of a request where specifications do not tell all; false as findKeys' answer. */
export type KeyFinder = (args: Arguments, found: FoundKeys) => boolean;

/** A specification as requests are searched by it. */
export class CompiledKeySpec {
  readonly notes: string | undefined;
  readonly flags: number;
  /** Where to begin, or 0 when that is unknown. */
  readonly index: number;
  readonly keyword: string;
  readonly optional: boolean;
  readonly last: number;
  readonly step: number;
  readonly limit: number;
  readonly counted: boolean;
  readonly #word: Uint8Array;

  constructor(spec: KeySpec) {
    this.notes = spec.notes;
    this.flags = keyFlagBits(spec.flags);
    this.index = spec.index ?? 0;
    this.keyword = spec.keyword ?? "";
    this.#word = asciiBytes(this.keyword.toLowerCase());
    this.optional = spec.optional === true;
    this.last = spec.last ?? 0;
    this.step = spec.step ?? 1;
    this.limit = spec.limit ?? 0;
    this.counted = spec.counted === true;
    assert(this.index > 0 || spec.index === undefined || this.keyword !== "", "keys have a place");
    assert(this.limit === 0 || this.last === -1, "a limit divides what there is to the end");
  }

  /** The argument that is its first key in every request that has one, or 0: it is not the same. */
  get firstPlace(): number {
    return this.keyword === "" && this.index > 0 ? this.index + Number(this.counted) : 0;
  }

  /** Whether its keys stand at the same arguments in every request, or so many from the end. */
  get isPlainRange(): boolean {
    return this.index > 0 && this.keyword === "" && !this.counted;
  }

  /** Adds the keys of a request to `found`; returns whether it has what is specified. */
  findInto(args: Arguments, found: FoundKeys): boolean {
    if (this.index === 0) return false;
    if (this.keyword === "") return this.#findFrom(this.index, args, found);
    if (this.index < 0) return this.#findBehindLast(args, found);
    for (let i = this.index; i < args.count - 1; i++) {
      if (!args.is(i, this.#word)) continue;
      if (!this.optional) return this.#findFrom(i + 1, args, found);
      this.#findFrom(++i, args, found);
    }
    return this.optional;
  }

  #findBehindLast(args: Arguments, found: FoundKeys): boolean {
    for (let i = args.count + this.index; i > 1; i--) {
      if (args.is(i, this.#word)) return this.#findFrom(i + 1, args, found);
    }
    return this.optional;
  }

  #findFrom(from: number, args: Arguments, found: FoundKeys): boolean {
    const { count } = args;
    let first = from;
    let last = from + this.last;
    if (this.counted) {
      if (from >= count) return false;
      const keys = args.integer(from);
      if (!(keys >= 1 && (keys - 1) * this.step < count - from - 1)) return false;
      first = from + 1;
      last = first + (keys - 1) * this.step;
    } else if (this.limit > 0) {
      last = from + Math.floor((count - from) / this.limit) - 1;
    } else if (this.last < 0) {
      last = count + this.last;
    }
    if (last < first || last >= count) return false;
    for (let i = first; i <= last; i += this.step) found.add(i, this.flags);
    return true;
  }
}

/** Where a command's keys are. */
export class CommandKeys {
  readonly specs: readonly CompiledKeySpec[];
  /** Whether there can be keys: words that route as keys do, but are none, do not count. */
  readonly any: boolean;
  /**
   * The older description, of one range in which the keys are: first, last (negative: from the
   * end) and step; all 0 without one.
   */
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** Whether there are keys outside that range. */
  readonly movable: boolean;
  /** The argument that is the first key in every request that has one, or 0: it is not the same. */
  readonly firstPlace: number;
  readonly #finder: KeyFinder | undefined;

  constructor(keys: RowKeys, finder: KeyFinder | undefined) {
    const specs = typeof keys === "string" ? [{ index: 1, flags: keys }] : keys;
    this.specs = specs.map((spec) => new CompiledKeySpec(spec));
    const keySpecs = this.specs.filter(({ flags }) => (flags & KeyFlag.not_key) === 0);
    this.any = keySpecs.length > 0;
    this.firstPlace = keySpecs[0]?.firstPlace ?? 0;
    this.#finder = finder;

    // The ranges that follow one another make one.
    let first = 0;
    let last = 0;
    let movable = false;
    const only = this.specs.length === 1;
    for (const spec of this.specs) {
      if ((spec.flags & KeyFlag.incomplete) !== 0) movable = true;
      const continues = last === 0 || (last > 0 && spec.index === last + 1);
      if (!spec.isPlainRange || (!only && (spec.step !== 1 || !continues))) {
        movable = true;
        continue;
      }
      if (first === 0) first = spec.index;
      last = spec.last < 0 ? spec.last : spec.index + spec.last;
    }
    this.first = first;
    this.last = last;
    this.step = first === 0 ? 0 : this.specs[0].step;
    this.movable = movable;
  }

  /** Sets `found` to the keys of a request; returns whether it has all that are specified. */
  findInto(args: Arguments, found: FoundKeys): boolean {
    found.count = 0;
    if (this.#finder !== undefined) return this.#finder(args, found);
    let whole = true;
    for (let i = 0; i < this.specs.length; i++) {
      const spec = this.specs[i];
      if ((spec.flags & KeyFlag.not_key) === 0 && !spec.findInto(args, found)) whole = false;
    }
    return whole;
  }
}

/** The KeyFlag bits of names such as "RW access". */
function keyFlagBits(names: string): number {
  let bits = 0;
  for (const name of names.split(" ")) {
    const bit = KeyFlag[name as keyof typeof KeyFlag];
    assert(bit !== undefined, "the flags of a key are known");
    bits |= bit;
  }
  return bits;
}

/** The names of KeyFlag bits. */
export function keyFlagNames(bits: number): string[] {
  return Object.entries(KeyFlag)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name);
}
