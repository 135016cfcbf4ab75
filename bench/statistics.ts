// The few statistics that the benchmarks need. A median over interleaved rounds is robust against
// a burst of other work on the machine; a ratio is taken within each round before its median, so
// that a slow drift of the machine cancels.

/** The middle value of `values` (the mean of the two middle ones); NaN when there are none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The smallest value that at least `share` of `values` do not exceed (0.95 for the P95). */
export function percentile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}

/** Median of `mine[i] / theirs[i]`, round by round. */
export function medianRatio(mine: readonly number[], theirs: readonly number[]): number {
  return median(mine.map((value, round) => value / theirs[round]));
}

/** A shuffled list of the integers below `count`, the same one for the same seed. */
export function shuffled(count: number, seed = 1): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  let state = seed >>> 0;
  for (let last = count - 1; last > 0; last--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    const kept = order[last];
    order[last] = order[other];
    order[other] = kept;
  }
  return order;
}
