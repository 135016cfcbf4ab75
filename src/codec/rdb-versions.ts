// Versions of the format of RDB files and DUMP payloads, as Redis numbers them.

/** The version that is written: redis-server loads it from 7.0 on. */
export const VERSION_WRITTEN = 10;
/** Redis's versions up to this one are known in full. */
export const VERSION_KNOWN = 12;
/** Valkey's own versions begin here; what it shares with Redis it writes as Redis does. */
export const VERSION_VALKEY = 80;

/** Stands for Valkey's hash with deadlines, whose number Redis gives to another encoding. */
export const HASH_OF_VALKEY = 150;
export const NUMBER_OF_VALKEYS_HASH = 22;
