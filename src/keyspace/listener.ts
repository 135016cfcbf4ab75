// Who hears of what a keyspace does by itself: what it takes out because its time is over.

/** REQUIRES, of who listens: the keyspace is not changed. */
export interface KeyspaceListener {
  /** The entry with this key is about to be deleted because its deadline has passed. */
  expired(db: number, bytes: Uint8Array, start: number, end: number): void;
  /** A member of the entry's collection is about to be taken out: its deadline has passed. */
  memberExpired(db: number, entry: number, record: number): void;
  /** Some were; the entry is about to be deleted if it has become empty. */
  membersExpired(db: number, entry: number, isEmpty: boolean): void;
  /** The entry is about to be deleted because the deadlines of all its members have passed. */
  allExpired(db: number, entry: number): void;
}

export const DEAF: KeyspaceListener = {
  expired: () => {},
  memberExpired: () => {},
  membersExpired: () => {},
  allExpired: () => {},
};
