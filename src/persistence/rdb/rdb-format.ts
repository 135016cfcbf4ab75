// An RDB file: what a keyspace held at one moment, a key after the other. docs/formats/rdb.md has
// the whole of it.
//
//   file      = signature part* END [ sum ]     sum: CRC-64 of all before it, from version 5 on;
//                                               0: it was not computed
//   signature = "REDIS" version (4 digits) | "VALKEY" version (3 digits, from 80 on)
//   part      = AUX string string               a note: redis-ver, ctime, used-mem, aof-base …
//             | SELECT length                   the database of the keys that follow
//             | RESIZE length length            how many keys follow, how many with a deadline
//             | SLOT length length length       of a cluster: slot, its keys, those with one
//             | MODULE_AUX length length length parts      a module's data that belongs to no key
//             | FUNCTION string                 the code of a library
//             | FUNCTION_OLD string string length [ string ] string
//                                               the same, before Redis 7.0 was released
//             | attribute* type key value       value-frames.ts has the types
//   attribute = UNTIL_MS (8 bytes) | UNTIL_S (4 bytes) | IDLE length | FREQUENCY (1 byte)
//             | META length ( 4 bytes parts )*  modules' data about the key that follows
//             | MEMORY_CLOCK length             of Redis Enterprise
//
// META is Redis's from version 13 on; the same number in Valkey's files stands for slots on their
// way to another node: string, length, and so many pairs of lengths. Both are skipped.

export const Opcode = {
  /** Of Redis Enterprise: when the key was last in memory. */
  memoryClock: 107,
  meta: 243,
  slot: 244,
  function: 245,
  functionOld: 246,
  moduleAux: 247,
  idle: 248,
  frequency: 249,
  aux: 250,
  resize: 251,
  untilMs: 252,
  untilSeconds: 253,
  select: 254,
  end: 255,
} as const;

/** Bytes of the signature with its version. */
export const SIGNATURE_BYTES = 9;
/** From this version on a file ends with a sum. */
export const VERSION_SUM = 5;

/** The version that these bytes say, below 0 where it is one of Valkey's; 0: no signature. */
export function versionOf(bytes: Uint8Array, start: number): number {
  let text = "";
  for (let i = start; i < start + SIGNATURE_BYTES; i++) text += String.fromCharCode(bytes[i]);
  const [, redis, valkey] = /^(?:REDIS(\d{4})|VALKEY(\d{3}))$/.exec(text) ?? [];
  return valkey === undefined ? Number(redis ?? 0) : -Number(valkey);
}
