// What the groups of a stream still refer to: whoever deletes entries may be told to spare those
// that somebody is owed, or to have them forgotten everywhere.
//
// Cost: O(log n) for each group.

import type { EntryJournal } from "../keyspace/entry-journal.ts";
import type { StreamId } from "../structures/stream-id.ts";
import type { StreamGroupChanges } from "./stream-group-changes.ts";
import type { StreamRoots } from "./stream-roots.ts";

export class StreamReferences {
  readonly #streams: StreamRoots;
  readonly #changes: StreamGroupChanges;

  constructor(streams: StreamRoots, changes: StreamGroupChanges) {
    this.#streams = streams;
    this.#changes = changes;
  }

  /** Whether some group has not been delivered the entry yet, or it is pending in one. */
  isOwed(root: number, id: StreamId): boolean {
    const streams = this.#streams;
    const { groups } = streams;
    const tree = streams.groupsOf(root);
    let more = tree !== 0 && groups.names.at(tree, 0);
    for (; more; more = groups.names.next()) {
      const group = groups.names.value;
      if (groups.ids.compare(group, id) < 0) return true;
      if (groups.findPending(group, id) !== 0) return true;
    }
    return false;
  }

  /** The entry is pending no more in any group; returns in how many it was. */
  dropReferences(journal: EntryJournal | null, root: number, id: StreamId): number {
    const streams = this.#streams;
    const { groups } = streams;
    const tree = streams.groupsOf(root);
    let dropped = 0;
    let more = tree !== 0 && groups.names.at(tree, 0);
    for (; more; more = groups.names.next()) {
      const group = groups.names.value;
      const pending = groups.findPending(group, id);
      if (pending === 0) continue;
      this.#changes.acknowledge(journal, group, pending);
      dropped++;
    }
    return dropped;
  }
}
