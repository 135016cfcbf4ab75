// The longest common subsequence of two ranges of bytes: what is left of both, in order, when as
// few bytes as possible are left out.
//
// L(i, j) is its length for the first i bytes of a and the first j of b. A row of L grows by 0 or
// 1 from each j to the next, so it is kept as bits, 0 where it grows, and a row follows from the
// one before by additions of whole words (Hyyrö, Bit-parallel LCS-length computation revisited,
// 2004):
//
//   u = row & where(a[i]) in b       row' = (row + u) | (row − u)
//
// With all rows kept, the way back is read from single bits: at (i, j), where the bytes differ, the
// row grows at j exactly if L(i − 1, j) > L(i, j − 1).
//
// Cost: a.length × b.length / 32 steps of a nanosecond or two, and as many words, if the way back
// is asked for (a 32nd of what the table itself would take), else one row.

/** Bits of a word. */
const WORD = 32;

export class CommonSubsequence {
  #a: Uint8Array = new Uint8Array(0);
  #b: Uint8Array = this.#a;
  #aStart = 0;
  #bStart = 0;
  #bLength = 0;
  #words = 0;
  /** Row i + 1 begins at i × #words. */
  #rows = new Int32Array(0);

  /** The length that was computed. */
  length = 0;

  // Where the way back is: behind byte i of a and byte j of b.
  i = 0;
  j = 0;

  /**
   * Computes the length for a[aStart, aEnd) and b[bStart, bEnd). With `back` the way back can be
   * walked, from the ends on, as long as neither changes.
   */
  compute(
    a: Uint8Array,
    aStart: number,
    aEnd: number,
    b: Uint8Array,
    bStart: number,
    bEnd: number,
    back: boolean,
  ): void {
    this.#a = a;
    this.#b = b;
    this.#aStart = aStart;
    this.#bStart = bStart;
    this.#bLength = bEnd - bStart;
    this.i = aEnd - aStart;
    this.j = this.#bLength;
    const words = Math.ceil(this.#bLength / WORD);
    this.#words = words;
    const places = placesOf(a, aStart, aEnd, b, bStart, bEnd, words);
    const rows = new Int32Array(words * (back ? this.i : 1));
    this.#rows = rows;
    let before: Int32Array = new Int32Array(words).fill(-1);
    let from = 0;
    for (let i = 0; i < this.i; i++) {
      const to = back ? i * words : 0;
      step(before, from, rows, to, words, places, wherePlaced[a[aStart + i]]);
      before = rows;
      from = to;
    }
    this.length = this.#bLength - ones(before, from, this.#bLength);
  }

  /**
   * Goes back by one: whether the bytes there are the same, and both are left behind; else only one
   * is. REQUIRES: i > 0 and j > 0.
   */
  back(): boolean {
    const same = this.#a[this.#aStart + this.i - 1] === this.#b[this.#bStart + this.j - 1];
    if (same || this.#grows()) this.i--;
    else {
      this.j--;
      return false;
    }
    if (same) this.j--;
    return same;
  }

  /** Whether row i grows at j. */
  #grows(): boolean {
    const bit = this.j - 1;
    const word = this.#rows[(this.i - 1) * this.#words + (bit >> 5)];
    return ((word >> (bit & 31)) & 1) === 0;
  }

  /** Gives back what the computation took. */
  clear(): void {
    this.#rows = new Int32Array(0);
    this.#a = new Uint8Array(0);
    this.#b = this.#a;
  }
}

/** For each byte, where its places in b begin; −1: it is not both in a and in b. */
const wherePlaced = new Int32Array(256);

/** The places in b of each byte that is in a as well, one bit each. */
function placesOf(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
  words: number,
): Int32Array {
  let kinds = 0;
  wherePlaced.fill(-1);
  for (let i = aStart; i < aEnd; i++) wherePlaced[a[i]] = -2;
  for (let j = bStart; j < bEnd; j++) {
    if (wherePlaced[b[j]] === -2) wherePlaced[b[j]] = words * kinds++;
  }
  const places = new Int32Array(words * kinds);
  for (let j = 0; j < bEnd - bStart; j++) {
    const at = wherePlaced[b[bStart + j]];
    if (at >= 0) places[at + (j >> 5)] |= 1 << (j & 31);
  }
  return places;
}

/** The row that follows from the one at rows[from] for a byte whose places are at `place`. */
function step(
  before: Int32Array,
  from: number,
  rows: Int32Array,
  to: number,
  words: number,
  places: Int32Array,
  place: number,
): void {
  if (place < 0) {
    for (let k = 0; k < words; k++) rows[to + k] = before[from + k];
    return;
  }
  let carry = 0;
  for (let k = 0; k < words; k++) {
    const row = before[from + k];
    const mask = places[place + k];
    const u = row & mask;
    const sum = (row + u + carry) | 0;
    // Row and u both have what u has: over goes what both have, or either, if the sum lost it.
    carry = (u | (row & ~sum)) >>> 31;
    rows[to + k] = sum | (row & ~mask);
  }
}

/** Set bits of the first `bits` bits of a row. */
function ones(row: Int32Array, from: number, bits: number): number {
  let count = 0;
  for (let bit = 0; bit < bits; bit++) count += (row[from + (bit >> 5)] >> (bit & 31)) & 1;
  return count;
}
