// A histogram of how long calls took: log-linear, as HdrHistogram is, in 5 KiB.
//
//   µs × 16   0 … 31                one bucket each: 1/16 µs wide
//             32 … 63, 64 … 127 …   32 buckets for each doubling, up to 2 s; what is longer counts
//                                   as that
//
// A value is known to 1/16 µs below 2 µs, and above it to the width of its bucket, which is at most
// 1/32 (3.1 %) of it. Percentiles are told as a bucket's upper end, so never too low.
//
// Cost: add is one increment; percentile walks the buckets.

const UNITS_PER_US = 16;
/** Buckets for each doubling, and the first that are one unit wide. */
const LINEAR = 32;
const LINEAR_BITS = 5;
/** Values of 2^25 units (2 s) and more are counted as the last below. */
const UNITS_MAX = 2 ** 25 - 1;
const BUCKETS = bucketOf(UNITS_MAX) + 1;

function bucketOf(units: number): number {
  if (units < LINEAR) return units;
  const doubling = 31 - Math.clz32(units) - LINEAR_BITS;
  return ((doubling + 1) << LINEAR_BITS) + ((units >>> doubling) & (LINEAR - 1));
}

/** Where a bucket ends, in µs. */
function endOf(bucket: number): number {
  if (bucket < LINEAR) return (bucket + 1) / UNITS_PER_US;
  const doubling = (bucket >>> LINEAR_BITS) - 1;
  return ((LINEAR + (bucket & (LINEAR - 1)) + 1) * 2 ** doubling) / UNITS_PER_US;
}

/** What a histogram is made of: its buckets, and behind them how many values there are. */
const CELLS = BUCKETS + 1;

export class LatencyHistogram {
  readonly #cells: Float64Array;

  /** @param cells those of a histogram that others look at, or have begun */
  constructor(cells: Float64Array = new Float64Array(CELLS)) {
    this.#cells = cells;
  }

  /** How many values there are. */
  get count(): number {
    return this.#cells[BUCKETS];
  }

  /** Adds a value `times` times. */
  add(us: number, times: number): void {
    this.#cells[BUCKETS] += times;
    this.#cells[bucketOf(Math.min(us * UNITS_PER_US, UNITS_MAX) | 0)] += times;
  }

  /** Adds all values of another one. */
  addAll(other: LatencyHistogram): void {
    for (let i = 0; i < CELLS; i++) this.#cells[i] += other.#cells[i];
  }

  clear(): void {
    if (this.count > 0) this.#cells.fill(0);
  }

  /** The value in µs that `percent` of the values do not exceed; 0 when there are none. */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.ceil((percent / 100) * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#cells[bucket];
      if (seen >= wanted) return endOf(bucket);
    }
    return 0;
  }
}

/**
 * The histograms of commands, by their numbers. Those of several threads lie in one shared buffer,
 * a row for each thread; a page of it is there once something has been added.
 */
export class LatencyHistograms {
  readonly #commands: number;
  #own: (LatencyHistogram | undefined)[];
  #buffer: SharedArrayBuffer | undefined;
  #member = 0;

  constructor(commands: number) {
    this.#commands = commands;
    this.#own = new Array(commands).fill(undefined);
  }

  /** What a buffer for so many threads may grow to. */
  static bytesMax(threads: number, commands: number): number {
    return threads * commands * CELLS * Float64Array.BYTES_PER_ELEMENT;
  }

  /** From now on they stand in the buffer, in the row of this thread's number, from 1. */
  share(buffer: SharedArrayBuffer, member: number): void {
    const bytes = LatencyHistograms.bytesMax(member, this.#commands);
    if (buffer.byteLength < bytes) buffer.grow(bytes);
    const before = this.#own;
    this.#buffer = buffer;
    this.#member = member;
    this.#own = new Array(this.#commands).fill(undefined);
    for (const [command, histogram] of before.entries()) {
      if (histogram !== undefined) this.own(command).addAll(histogram);
    }
  }

  /** This thread's histogram of a command. */
  own(command: number): LatencyHistogram {
    let histogram = this.#own[command];
    if (histogram === undefined) {
      histogram =
        this.#buffer === undefined
          ? new LatencyHistogram()
          : this.#in(this.#buffer, this.#member, command);
      this.#own[command] = histogram;
    }
    return histogram;
  }

  #in(buffer: SharedArrayBuffer, member: number, command: number): LatencyHistogram {
    const at = ((member - 1) * this.#commands + command) * CELLS * Float64Array.BYTES_PER_ELEMENT;
    return new LatencyHistogram(new Float64Array(buffer, at, CELLS));
  }

  /** All threads' of a command. */
  #each(command: number): LatencyHistogram[] {
    const buffer = this.#buffer;
    if (buffer === undefined) {
      const own = this.#own[command];
      return own === undefined ? [] : [own];
    }
    const members = buffer.byteLength / LatencyHistograms.bytesMax(1, this.#commands);
    return Array.from({ length: members }, (_, i) => this.#in(buffer, i + 1, command));
  }

  /** That of all threads together, if there is any value. */
  of(command: number): LatencyHistogram | undefined {
    const filled = this.#each(command).filter(({ count }) => count > 0);
    if (filled.length < 2) return filled[0];
    const sum = new LatencyHistogram();
    for (const each of filled) sum.addAll(each);
    return sum;
  }

  clear(): void {
    for (let command = 0; command < this.#commands; command++) {
      for (const each of this.#each(command)) each.clear();
    }
  }
}
