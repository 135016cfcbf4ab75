// Positions as scores: a position on Earth is a cell of a grid that halves longitude and latitude
// 26 times, and its number interleaves the bits of the cell's column and row, so that cells which
// begin with the same bits lie in one rectangle. Redis's grid reaches from −180 to 180 degrees of
// longitude and from −85.05112878 to 85.05112878 of latitude (EPSG:3857); that of geohash.org, in
// whose letters GEOHASH replies, reaches to the poles.
//
// Terms. Step: how often the grid has been halved. Cell: column and row at a step. Score: the
// number of a cell at step 26, of 52 bits, the column's bits in the odd places.
//
// Numbers stay doubles of at most 2^53: halves of 26 bits are interleaved by themselves.

export const LONGITUDE_MAX = 180;
export const LATITUDE_MAX = 85.05112878;
/** Halvings of a position that is stored. */
export const STEP_MAX = 26;

const HALF_BITS = 13;
const HALF = 1 << HALF_BITS;
const TWO_26 = 2 ** 26;
const TWO_52 = 2 ** 52;
/** The bits of columns, and those of rows, in each half of a score. */
const COLUMN_BITS = 0x2aaaaaaa;
const ROW_BITS = 0x55555555;
const LOW_26 = 2n ** 26n - 1n;
const ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz";
const LETTER_BITS = 5;
/** Letters of a geohash that 52 bits say; one more is always 0. */
const LETTERS = 10;

/** The bits of a number of 16, one place apart. */
function spread(bits: number): number {
  let wide = bits & 0xffff;
  wide = (wide | (wide << 8)) & 0x00ff00ff;
  wide = (wide | (wide << 4)) & 0x0f0f0f0f;
  wide = (wide | (wide << 2)) & 0x33333333;
  return (wide | (wide << 1)) & 0x55555555;
}

/** The even bits of a number of 32, together. */
function gather(wide: number): number {
  let bits = wide & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0xffff;
}

function interleave(row: number, column: number): number {
  const low = (spread(row & (HALF - 1)) | (spread(column & (HALF - 1)) << 1)) >>> 0;
  const high = (spread(row >>> HALF_BITS) | (spread(column >>> HALF_BITS) << 1)) >>> 0;
  return high * TWO_26 + low;
}

/** How many columns there are at each step, and how many rows. */
const CELLS = Float64Array.from({ length: STEP_MAX + 1 }, (_, step) => 2 ** step);

/** The column or row of a coordinate between ±max, at a step. */
function place(coordinate: number, max: number, step: number): number {
  return Math.trunc(((coordinate + max) / (max + max)) * CELLS[step]);
}

/** The score of a position. REQUIRES: it is on the grid. */
export function scoreOf(longitude: number, latitude: number): number {
  const row = place(latitude, LATITUDE_MAX, STEP_MAX);
  return interleave(row, place(longitude, LONGITUDE_MAX, STEP_MAX));
}

/** The position in the middle of a score's cell. Reused. */
export class Position {
  /** Degrees are kept where V8 makes no object of each. */
  readonly #degrees = new Float64Array(2);

  get longitude(): number {
    return this.#degrees[0];
  }

  set longitude(degrees: number) {
    this.#degrees[0] = degrees;
  }

  get latitude(): number {
    return this.#degrees[1];
  }

  set latitude(degrees: number) {
    this.#degrees[1] = degrees;
  }

  /** Any score is read as some position, as Redis does. */
  of(score: number): this {
    if (!(score >= 0 && score < TWO_52)) return this.#ofNone(unsigned(score));
    const high = highOf(score);
    const low = lowOf(score, high);
    const row = gather(low) | (gather(high) << HALF_BITS);
    const column = gather(low >>> 1) | (gather(high >>> 1) << HALF_BITS);
    const degrees = this.#degrees;
    degrees[0] = middle(column, LONGITUDE_MAX);
    degrees[1] = middle(row, LATITUDE_MAX);
    return this;
  }

  /** What is above 52 bits leads off the grid. */
  #ofNone(bits: bigint): this {
    const low = Number(bits & LOW_26);
    const high = Number((bits >> 26n) & LOW_26);
    const beyond = Number(bits >> 52n);
    const row = gather(low) + gather(high) * HALF + gather(beyond) * TWO_26;
    const column = gather(low >>> 1) + gather(high >>> 1) * HALF + gather(beyond >>> 1) * TWO_26;
    this.latitude = middle(row, LATITUDE_MAX);
    this.longitude = middle(column, LONGITUDE_MAX);
    return this;
  }
}

// The two halves of a score between 0 and 2^52.

function highOf(score: number): number {
  return Math.floor(score / TWO_26) | 0;
}

function lowOf(score: number, high: number): number {
  return (score - high * TWO_26) | 0;
}

/** A score that is no position's, as processors make an unsigned integer of 64 bits of it. */
function unsigned(score: number): bigint {
  if (score >= 2 ** 64) return 0n;
  return score < -(2 ** 63) ? 2n ** 63n : BigInt.asUintN(64, BigInt(Math.trunc(score)));
}

function middle(place: number, max: number): number {
  const from = -max + (place / TWO_26) * (max + max);
  const to = -max + ((place + 1) / TWO_26) * (max + max);
  return Math.max(-max, Math.min(max, (from + to) / 2));
}

/** The eleven letters of geohash.org for a position. */
export function geohashText(longitude: number, latitude: number): string {
  const row = place(latitude, 90, STEP_MAX);
  const bits = interleave(row, place(longitude, LONGITUDE_MAX, STEP_MAX));
  let text = "";
  for (let i = 1; i <= LETTERS; i++) {
    text += ALPHABET[Math.floor(bits / 2 ** (2 * STEP_MAX - i * LETTER_BITS)) % 32];
  }
  return `${text}0`;
}

/**
 * A rectangle of the grid, by the bits that columns and rows have in scores: their order is that of
 * columns and rows, so whether a score lies in it is told without its position.
 */
export class Bounds {
  /** West, east, south, north. */
  readonly #edges = new Float64Array(4);

  /** The cells of step 26 between these degrees; beyond the grid, up to its edges. */
  set(west: number, east: number, south: number, north: number): void {
    const edges = this.#edges;
    edges[0] = interleave(0, placeWithin(west, LONGITUDE_MAX));
    edges[1] = interleave(0, placeWithin(east, LONGITUDE_MAX));
    edges[2] = interleave(placeWithin(south, LATITUDE_MAX), 0);
    edges[3] = interleave(placeWithin(north, LATITUDE_MAX), 0);
  }

  /**
   * Whether the score scores[i] lies in it, or may: what is at the very edge, and so beyond the
   * grid, is left to be looked at by its position.
   */
  has(scores: Float64Array, i: number): boolean {
    const score = scores[i];
    if (!(score >= 0 && score < TWO_52)) return true;
    const high = highOf(score);
    const low = lowOf(score, high);
    const column = (high & COLUMN_BITS) * TWO_26 + (low & COLUMN_BITS);
    const edges = this.#edges;
    if (column < edges[0] || column > edges[1]) return false;
    const row = (high & ROW_BITS) * TWO_26 + (low & ROW_BITS);
    return row >= edges[2] && row <= edges[3];
  }
}

/** At the very edge a position lies one place beyond the grid. */
function placeWithin(coordinate: number, max: number): number {
  return Math.max(0, Math.min(TWO_26, place(coordinate, max, STEP_MAX)));
}

/** A rectangle of the grid: column and row at a step. Reused. */
export class Cell {
  column = 0;
  row = 0;
  step = 0;
  /** The first score in it. */
  firstScore = 0;

  /** Becomes the cell in which a position lies. */
  at(longitude: number, latitude: number, step: number): void {
    this.#become(place(longitude, LONGITUDE_MAX, step), place(latitude, LATITUDE_MAX, step), step);
  }

  /**
   * Becomes the cell so many columns east of another, and rows north; the grid goes round. Where
   * the other lies at the very edge, and so beyond the grid, what is not moved stays beyond.
   */
  beside(cell: Cell, east: number, north: number): void {
    const column = east === 0 ? cell.column : cell.#round(cell.column + east);
    const row = north === 0 ? cell.row : cell.#round(cell.row + north);
    this.#become(column, row, cell.step);
  }

  #become(column: number, row: number, step: number): void {
    this.column = column;
    this.row = row;
    this.step = step;
    this.firstScore = interleave(row, column) * this.scores;
  }

  /** How many scores there are in it. */
  get scores(): number {
    return CELLS[STEP_MAX - this.step] * CELLS[STEP_MAX - this.step];
  }

  get west(): number {
    return edge(this.column, this.step, LONGITUDE_MAX);
  }

  get east(): number {
    return edge(this.column + 1, this.step, LONGITUDE_MAX);
  }

  get south(): number {
    return edge(this.row, this.step, LATITUDE_MAX);
  }

  get north(): number {
    return edge(this.row + 1, this.step, LATITUDE_MAX);
  }

  // The edges of the cells so many columns east, or rows north; the grid goes round.

  westOf(columns: number): number {
    return edge(this.#round(this.column + columns), this.step, LONGITUDE_MAX);
  }

  eastOf(columns: number): number {
    return edge(this.#round(this.column + columns) + 1, this.step, LONGITUDE_MAX);
  }

  southOf(rows: number): number {
    return edge(this.#round(this.row + rows), this.step, LATITUDE_MAX);
  }

  northOf(rows: number): number {
    return edge(this.#round(this.row + rows) + 1, this.step, LATITUDE_MAX);
  }

  #round(place: number): number {
    const cells = CELLS[this.step];
    return place < 0 ? place + cells : place >= cells ? place - cells : place;
  }
}

function edge(place: number, step: number, max: number): number {
  return -max + (place / CELLS[step]) * (max + max);
}
