// What a value is, asked so that its realm does not matter. A realm is a set of globals: each
// context of node:vm has one of its own, and so has each test file under jest or vitest with a
// simulated browser, where even a Buffer is no instance of the Uint8Array that the tests see. So
// `instanceof` is not asked of the language's own classes anywhere in this package.

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const lengthOf = Object.getOwnPropertyDescriptor(typedArray, "length")?.get as () => number;

/**
 * The length of a Uint8Array, or of another view whose elements are bytes; −1 for anything else.
 * A subclass is not asked for its own idea of a length, which might be anything. ns a call, Node 26
 * and Bun 1.4: 5 and 9, beside 5 and 3 for instanceof and a length that may lie.
 */
export function byteCount(value: unknown): number {
  if (!ArrayBuffer.isView(value)) return -1;
  return (value as Uint8Array).BYTES_PER_ELEMENT === 1 ? lengthOf.call(value) : -1;
}

/** What the language calls an object's class ("Map", "Set", "URL"), as the object has it. */
export function className(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** What an exception says, and where it came from. */
export function describe(error: unknown): string {
  return (error as { stack?: string } | null | undefined)?.stack ?? messageOf(error);
}

/** What an exception says, be it an Error or anything else that can be thrown. */
export function messageOf(error: unknown): string {
  const message = typeof error === "object" && error !== null && "message" in error;
  return message ? String(error.message) : String(error);
}
