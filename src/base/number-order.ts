// The order of numbers by their bits, eleven at a time (a radix sort): no comparisons, and as fast
// however they are distributed. Equal numbers stay as they stand; −0 and 0 are equal.

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const DIGIT_MASK = DIGITS - 1;
/** Digits of a half of a number: 32 bits. */
const HALF_DIGITS = 3;

/** The places of numbers[0 … count − 1] in ascending order. REQUIRES: none is NaN. */
export function ascending(numbers: Float64Array, count: number): Uint32Array {
  const bits = new Float64Array(count);
  for (let i = 0; i < count; i++) bits[i] = numbers[i] + 0; // −0 is 0
  const halves = new Uint32Array(bits.buffer);
  // Bits that order as the numbers do: of negative ones all are turned, else the sign alone.
  for (let i = 0; i < 2 * count; i += 2) {
    const isNegative = halves[i + 1] >>> 31 === 1;
    halves[i] = isNegative ? ~halves[i] : halves[i];
    halves[i + 1] = isNegative ? ~halves[i + 1] : halves[i + 1] ^ 0x80000000;
  }
  let order = new Uint32Array(count);
  let next = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  const places = new Uint32Array(DIGITS);
  for (let digit = 0; digit < 2 * HALF_DIGITS; digit++) {
    const half = digit < HALF_DIGITS ? 0 : 1;
    const shift = (digit % HALF_DIGITS) * DIGIT_BITS;
    places.fill(0);
    for (let i = 0; i < count; i++) places[(halves[2 * i + half] >>> shift) & DIGIT_MASK]++;
    if (count === 0 || places[(halves[half] >>> shift) & DIGIT_MASK] === count) continue; // alike
    for (let value = 0, before = 0; value < DIGITS; value++) {
      const here = places[value];
      places[value] = before;
      before += here;
    }
    for (let i = 0; i < count; i++) {
      const item = order[i];
      next[places[(halves[2 * item + half] >>> shift) & DIGIT_MASK]++] = item;
    }
    [order, next] = [next, order];
  }
  return order;
}
