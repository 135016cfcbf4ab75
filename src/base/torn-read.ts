// What a reader may find that works without a lock: memory in the middle of a change, or blocks
// that were freed meanwhile and given to somebody else. Whatever the bytes say, reading ends. Where
// a length leads out of its array, where there are more links than there can be blocks, where a
// count cannot be one, the read gives up by throwing `tornRead`; whoever read without a lock throws
// away what it has, and reads again. Behind a lock it means what a failed assertion means.
//
// There is one such error, made here: to throw it costs no stack and no allocation.

/** Thrown where what is read cannot be what anybody wrote. */
export class TornRead extends Error {
  override readonly name = "TornRead";
  readonly code = "TORN_READ";
}

const tornRead = new TornRead("memory was changed while it was read, or is damaged");
// Where it was made says nothing about where it is thrown.
tornRead.stack = `${tornRead.name}: ${tornRead.message}`;

/** Gives up a read. */
export function torn(): never {
  throw tornRead;
}
