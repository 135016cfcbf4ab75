// Data types. A type is described once, by one object: freeing, copying, measuring and verifying
// a collection never ask for its name. Kinds are what a record's first byte says: a type together
// with its encoding.

/** A data type, in the order in which they are numbered in memory. */
export const Type = { string: 0, list: 1, set: 2, sortedSet: 3, hash: 4, stream: 5 } as const;

/** Names by Type, as TYPE replies them. */
export const typeNames = ["string", "list", "set", "zset", "hash", "stream"] as const;

/** A type in one of its encodings: bits 0–4 of a record's first byte. */
export const Kind = {
  stringRaw: 0,
  stringEmbedded: 1,
  stringInteger: 2,
  listPacked: 3,
  listChunked: 4,
  setIntegers: 5,
  setPacked: 6,
  setTable: 7,
  hashPacked: 8,
  hashTable: 9,
} as const;

/** The Type of each Kind. */
export const typeOfKind = Uint8Array.of(0, 0, 0, 1, 1, 2, 2, 2, 4, 4);

/** The encoding of each Kind, as OBJECT ENCODING names it. */
export const encodingNames = [
  "raw",
  "embstr",
  "int",
  "listpack",
  "quicklist",
  "intset",
  "listpack",
  "hashtable",
  "listpack",
  "hashtable",
] as const;

/** What the keyspace needs to know of a collection type. `root` is what its entry points to. */
export interface DataType {
  readonly type: number;
  /** Elements in the collection. */
  size(kind: number, root: number): number;
  /**
   * Frees up to about `budget` elements and, when none is left, the root.
   * Returns whether the collection is gone; until then it must be called again.
   */
  free(kind: number, root: number, budget: number): boolean;
  /** A root of an independent copy, of the same kind. */
  copy(kind: number, root: number): number;
  /** Bytes of all blocks behind the root. */
  bytesUsed(kind: number, root: number): number;
  /** Stops with an assertion where an invariant of the structure is broken. */
  verify(kind: number, root: number): void;
}
