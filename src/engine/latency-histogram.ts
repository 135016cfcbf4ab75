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

export class LatencyHistogram {
  /** How many values there are. */
  count = 0;
  readonly #buckets = new Float64Array(BUCKETS);

  /** Adds a value `times` times. */
  add(us: number, times: number): void {
    this.count += times;
    this.#buckets[bucketOf(Math.min(us * UNITS_PER_US, UNITS_MAX) | 0)] += times;
  }

  /** The value in µs that `percent` of the values do not exceed; 0 when there are none. */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.ceil((percent / 100) * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#buckets[bucket];
      if (seen >= wanted) return endOf(bucket);
    }
    return 0;
  }
}
