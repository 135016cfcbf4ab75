// Random numbers for sampling (RANDOMKEY, SPOP, eviction), never for secrets.
//
// sfc32: four 32-bit words of state, a handful of integer operations for each number, passes
// PractRand, and its counter makes the shortest period 2^32. The state lies in an Int32Array of the
// caller's, so it can be in shared memory, and a seed makes every run the same again.

import { assert } from "./assert.ts";

export const RANDOM_WORDS = 4; // of state

export class Random {
  readonly #state: Int32Array;
  readonly #at: number;

  /** Works on state[at … at + RANDOM_WORDS). Call `seed` once before the state's first use. */
  constructor(state: Int32Array = new Int32Array(RANDOM_WORDS), at = 0) {
    this.#state = state;
    this.#at = at;
  }

  /** Starts the sequence that belongs to a 64-bit seed, given as two halves. */
  seed(low: number, high = 0): this {
    const s = this.#state;
    const at = this.#at;
    s[at] = low;
    s[at + 1] = high;
    s[at + 2] = 0x9e3779b9;
    s[at + 3] = 1;
    for (let i = 0; i < 15; i++) this.next32();
    return this;
  }

  /** Any 32-bit integer, each as likely as the other. */
  next32(): number {
    const s = this.#state;
    const at = this.#at;
    const a = s[at];
    const b = s[at + 1];
    const c = s[at + 2];
    const counter = s[at + 3];
    const result = (a + b + counter) | 0;
    s[at] = b ^ (b >>> 9);
    s[at + 1] = (c + (c << 3)) | 0;
    s[at + 2] = (((c << 21) | (c >>> 11)) + result) | 0;
    s[at + 3] = (counter + 1) | 0;
    return result;
  }

  /** An integer in [0, n), unbiased, for 1 ≤ n ≤ 2^31. */
  below(n: number): number {
    assert(n >= 1 && n <= 0x80000000, "there is something to draw from");
    // 2^31 numbers fall into n equal shares; what lies past the last whole share is drawn again.
    const last = 0x7fffffff - (0x80000000 % n);
    let value = this.next32() >>> 1;
    while (value > last) value = this.next32() >>> 1;
    return value % n;
  }

  /** As `below`, for 1 ≤ n ≤ 2^53. */
  belowLarge(n: number): number {
    const last = Number.MAX_SAFE_INTEGER - (2 ** 53 % n);
    let value = this.#next53();
    while (value > last) value = this.#next53();
    return value % n;
  }

  /** A number in [0, 1) with 53 random bits. */
  unit(): number {
    return this.#next53() / 2 ** 53;
  }

  #next53(): number {
    return (this.next32() >>> 5) * 0x4000000 + (this.next32() >>> 6);
  }
}
