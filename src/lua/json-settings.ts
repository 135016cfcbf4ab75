// What scripts may set about JSON, for each table of functions that `cjson.new` makes.

/** What becomes of numbers that JSON cannot say: refused, printed as C does, or written as null. */
export const INVALID_NUMBERS = { OFF: 0, ON: 1, NULL: 2 } as const;

export class JsonSettings {
  /** Sparse arrays become objects, instead of an error. */
  sparseConvert = false;
  /** An array is too sparse when its longest key is more than its items times this; 0: never. */
  sparseRatio = 2;
  /** Up to here a longest key is never too long. */
  sparseSafe = 10;
  encodeDepthMax = 1000;
  decodeDepthMax = 1000;
  /** Of `INVALID_NUMBERS`. */
  encodeInvalidNumbers: number = INVALID_NUMBERS.OFF;
  decodeInvalidNumbers = true;
  /** Significant digits. */
  precision = 14;
  /** C keeps its buffer from call to call or does not; here there is none. */
  keepBuffer = true;
}
