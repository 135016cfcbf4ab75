// Random numbers as `math.random` of Redis has them: the generator of drand48, 48 bits of linear
// congruence, of which the upper 31 are taken. The same seed gives the same numbers everywhere.

/** The largest number that comes. */
export const RANDOM_MAX = 0x7fffffff;

const MULTIPLIER_LOW = 0xe66d;
const MULTIPLIER_MIDDLE = 0xdeec;
const MULTIPLIER_HIGH = 0x5;
const INCREMENT = 0xb;

export class RandomNumbers {
  #low = 0x330e;
  #middle = 0xabcd;
  #high = 0x1234;

  /** A number from 0 to RANDOM_MAX. */
  next(): number {
    const low = this.#low * MULTIPLIER_LOW + INCREMENT;
    const middle =
      this.#low * MULTIPLIER_MIDDLE + this.#middle * MULTIPLIER_LOW + Math.floor(low / 65536);
    const high =
      this.#low * MULTIPLIER_HIGH +
      this.#middle * MULTIPLIER_MIDDLE +
      this.#high * MULTIPLIER_LOW +
      Math.floor(middle / 65536);
    this.#low = low & 0xffff;
    this.#middle = middle % 65536;
    this.#high = high % 65536;
    return this.#high * 32768 + (this.#middle >>> 1);
  }

  seed(value: number): void {
    this.#low = 0x330e;
    this.#middle = value & 0xffff;
    this.#high = (value >>> 16) & 0xffff;
  }
}
