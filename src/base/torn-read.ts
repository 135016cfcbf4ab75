// What a reader may find that works without a lock: memory in the middle of a change, or blocks
// that were freed meanwhile and given to somebody else. Whatever the bytes say, reading ends. Where
// a length leads out of its array, where there are more links than there can be blocks, where a
// count cannot be one, the read gives up by throwing one error, always the same object without a
// stack; whoever read without a lock throws away what it has, and reads again. Inside the lock it
// means what a failed assertion means.

/** Thrown where what is read cannot be what anybody wrote. */
export class TornRead extends Error {
  override readonly name = "TornRead";
  readonly code = "TORN_READ";
}

const limit = Error.stackTraceLimit;
Error.stackTraceLimit = 0;
const tornRead = new TornRead("memory was changed while it was read, or is damaged");
Error.stackTraceLimit = limit;

/** Gives up a read. */
export function torn(): never {
  throw tornRead;
}
