// The root words: what the memory's users keep in its root area, in words from Memory.userRootAt
// on. All of them stand in this list, so that none is given out twice; what they mean stands with
// those who use them, and for a reader in docs/formats/memory.md.

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
  /** How many changes of streams' chains there were (structures/stream-nodes.ts). */
  chainChanges: 14,
  /** Four for each of 64 databases (keyspace/databases.ts). */
  databases: 16,
  /** Sixteen of the snapshot that is being taken (persistence/snapshot/shared-state.ts). */
  snapshot: 272,
  /** keyspace/settings.ts */
  settings: 336,
  /** Sixteen for each data type (Keyspace.settingsOf). */
  types: 352,
} as const;
