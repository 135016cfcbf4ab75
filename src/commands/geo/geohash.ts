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
const HALF_MASK = (1 << HALF_BITS) - 1;
const TWO_26 = 2 ** 26;
const TWO_52 = 2 ** 52;
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
  const low = (spread(row & HALF_MASK) | (spread(column & HALF_MASK) << 1)) >>> 0;
  const high = (spread(row >>> HALF_BITS) | (spread(column >>> HALF_BITS) << 1)) >>> 0;
  return high * TWO_26 + low;
}

/** The column or row of a coordinate between ±max, at a step. */
function place(coordinate: number, max: number, step: number): number {
  return Math.trunc(((coordinate + max) / (max + max)) * 2 ** step);
}

/** The score of a position. REQUIRES: it is on the grid. */
export function scoreOf(longitude: number, latitude: number): number {
  const row = place(latitude, LATITUDE_MAX, STEP_MAX);
  return interleave(row, place(longitude, LONGITUDE_MAX, STEP_MAX));
}

/** The position in the middle of a score's cell. Reused. */
export class Position {
  longitude = 0;
  latitude = 0;

  /** Any score is read as some position, as Redis does. */
  of(score: number): this {
    if (score >= 0 && score < TWO_52) {
      this.#at(Math.trunc(score) % TWO_26, Math.floor(score / TWO_26), 0);
    } else {
      const bits = unsigned(score);
      this.#at(Number(bits & LOW_26), Number((bits >> 26n) & LOW_26), Number(bits >> 52n));
    }
    return this;
  }

  /** Of 26 bits, 26 above them, and what is above those, which leads off the grid. */
  #at(low: number, high: number, beyond: number): void {
    const row = gather(low) + gather(high) * 2 ** HALF_BITS + gather(beyond) * TWO_26;
    const column =
      gather(low >>> 1) + gather(high >>> 1) * 2 ** HALF_BITS + gather(beyond >>> 1) * TWO_26;
    this.latitude = middle(row, LATITUDE_MAX);
    this.longitude = middle(column, LONGITUDE_MAX);
  }
}

/** A score that is no position's, as processors make an unsigned integer of 64 bits of it. */
function unsigned(score: number): bigint {
  if (score >= 2 ** 64) return 0n;
  return score < -(2 ** 63) ? 2n ** 63n : BigInt.asUintN(64, BigInt(Math.trunc(score)));
}

function middle(place: number, max: number): number {
  const from = -max + (place / TWO_26) * (max + max);
  const to = -max + ((place + 1) / TWO_26) * (max + max);
  const coordinate = (from + to) / 2;
  return coordinate > max ? max : coordinate < -max ? -max : coordinate;
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

/** A rectangle of the grid: column and row at a step. */
export class Cell {
  readonly column: number;
  readonly row: number;
  readonly step: number;

  constructor(column: number, row: number, step: number) {
    this.column = column;
    this.row = row;
    this.step = step;
  }

  /** The cell in which a position lies. */
  static at(longitude: number, latitude: number, step: number): Cell {
    const column = place(longitude, LONGITUDE_MAX, step);
    return new Cell(column, place(latitude, LATITUDE_MAX, step), step);
  }

  /** The cell so many columns east and rows north; the grid goes round at all edges. */
  beside(east: number, north: number): Cell {
    const cells = 2 ** this.step;
    return new Cell(
      (this.column + east + cells) % cells,
      (this.row + north + cells) % cells,
      this.step,
    );
  }

  equals(other: Cell): boolean {
    return other.column === this.column && other.row === this.row && other.step === this.step;
  }

  /** The first score in the cell. */
  get firstScore(): number {
    return interleave(this.row, this.column) * this.scores;
  }

  /** How many scores there are in it. */
  get scores(): number {
    return 4 ** (STEP_MAX - this.step);
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
    const cells = 2 ** this.step;
    return (place + cells) % cells;
  }
}

function edge(place: number, step: number, max: number): number {
  return -max + (place / 2 ** step) * (max + max);
}
