// The root words: what the memory's users keep in its root area, in words from Memory.userRootAt
// on. All of them stand in this list, so that none is given out twice; what they mean stands with
// those who use them, and for a reader in docs/formats/memory.md.
//
// The lock has 16 words, of which those in the middle are used: a buffer begins at a multiple of
// 16 bytes, not of a cache line, and the words that threads fight for are to share none with
// others. Its neighbours are words that are seldom written.

/** The first word of each part of the root area. */
export const RootWord = {
  // keyspace/keyspace.ts
  ready: 0,
  hashKey: 1,
  random: 3,
  disposals: 7,
  watched: 8,
  losses: 9,
  journal: 10,
  /** Figures of commands and errors (engine/statistics.ts). */
  statistics: 11,
  /** Figures of the keyspace: those named in Counter. */
  counters: 12,
  /** How many databases there are. */
  databaseCount: 13,
  /** Four for each of 64 databases (keyspace/databases.ts). */
  databases: 16,
  /** Head of the list of notes for the thread that owns the database. */
  notes: 272,
  lock: 288,
  /** keyspace/settings.ts */
  settings: 336,
  /** Sixteen for each data type (Keyspace.settingsOf). */
  types: 352,
} as const;

/** Words of the lock, from RootWord.lock on. */
export const LockWord = {
  /** Who is inside: a thread's number, or 0. */
  holder: 4,
  /** Odd while somebody writes; raised when that begins and when it ends. */
  sequence: 5,
  /** Threads that wait to come in. */
  waiting: 6,
} as const;
