// Positions that may be counted from the end (−1 is the last), as LRANGE, LTRIM and GETRANGE take
// them: a range from `first` to `last`, both within it, of something that is `length` long. Where
// nothing is in the range, its start is not below its end.

/** Where a range begins. */
export function sliceStart(first: number, length: number): number {
  return first < 0 ? Math.max(first + length, 0) : first;
}

/** Where a range ends: the position behind its last one. */
export function sliceEnd(last: number, length: number): number {
  return Math.min(last < 0 ? last + length : last, length - 1) + 1;
}
