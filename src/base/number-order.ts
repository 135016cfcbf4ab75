// The order of numbers by their bits, eleven at a time (a radix sort): no comparisons, and as fast
// however they are distributed. Equal numbers stay as they stand; −0 and 0 are equal.
//
// Whole numbers of 32 bits, which most are that anybody sorts, take three rounds, others six.

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const DIGIT_MASK = DIGITS - 1;
const SIGN = 0x80000000;

/** The places of numbers[0 … count − 1] in ascending order. REQUIRES: none is NaN. */
export function ascending(numbers: Float64Array, count: number): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  const whole = new Uint32Array(count);
  let areWhole = true;
  for (let i = 0; i < count && areWhole; i++) {
    const n = numbers[i] | 0;
    areWhole = n === numbers[i];
    whole[i] = n ^ SIGN;
  }
  return areWhole ? byKeys(order, whole) : byBits(numbers, order);
}

/** Sorts places by the key of each: whole[i] is that of order[i]. */
function byKeys(order: Uint32Array, keys: Uint32Array): Uint32Array {
  const count = order.length;
  let places: Uint32Array = order;
  let sorted: Uint32Array = keys;
  let nextPlaces: Uint32Array = new Uint32Array(count);
  let nextKeys: Uint32Array = new Uint32Array(count);
  const starts = new Uint32Array(DIGITS);
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    starts.fill(0);
    for (let i = 0; i < count; i++) starts[(sorted[i] >>> shift) & DIGIT_MASK]++;
    if (isOneDigit(starts, count)) continue;
    toStarts(starts);
    for (let i = 0; i < count; i++) {
      const key = sorted[i];
      const at = starts[(key >>> shift) & DIGIT_MASK]++;
      nextKeys[at] = key;
      nextPlaces[at] = places[i];
    }
    [places, nextPlaces] = [nextPlaces, places];
    [sorted, nextKeys] = [nextKeys, sorted];
  }
  return places;
}

function byBits(numbers: Float64Array, order: Uint32Array): Uint32Array {
  const count = order.length;
  const bits = new Float64Array(count);
  for (let i = 0; i < count; i++) bits[i] = numbers[i] + 0; // −0 is 0
  const halves = new Uint32Array(bits.buffer);
  const low = new Uint32Array(count);
  const high = new Uint32Array(count);
  // Bits that order as the numbers do: of negative ones all are turned, else the sign alone.
  for (let i = 0; i < count; i++) {
    const isNegative = halves[2 * i + 1] >>> 31 === 1;
    low[i] = isNegative ? ~halves[2 * i] : halves[2 * i];
    high[i] = isNegative ? ~halves[2 * i + 1] : halves[2 * i + 1] ^ SIGN;
  }
  const byLow = byKeys(order, low);
  const keys = new Uint32Array(count);
  for (let i = 0; i < count; i++) keys[i] = high[byLow[i]];
  return byKeys(byLow, keys);
}

/** Whether all keys have the same digit: nothing is to be moved. */
function isOneDigit(counts: Uint32Array, count: number): boolean {
  for (let digit = 0; digit < DIGITS; digit++) {
    if (counts[digit] !== 0) return counts[digit] === count;
  }
  return true;
}

/** From how many there are of each digit to where those begin. */
function toStarts(counts: Uint32Array): void {
  for (let digit = 0, before = 0; digit < DIGITS; digit++) {
    const here = counts[digit];
    counts[digit] = before;
    before += here;
  }
}
