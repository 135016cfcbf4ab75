// Trimming: taking the oldest entries out of a stream until it is short enough, or until those
// before an ID are gone. What a command asks for is set here, then run() does it.
//
// Approximate trimming takes whole nodes only, and stops at the first that would not go as a whole,
// unless groups are to be asked about each entry anyway: then it is exact, as in Redis. A limit
// bounds the entries that go: no node is begun that has more than are left of it. What groups know
// of an entry may stay (keep), go with it (drop), or hold it (acked): then only those go that each
// group has been delivered, and that are pending in none. For each that is held a later one may go,
// so that what goes does not depend on where nodes end: a log is replayed on other nodes.
//
// Cost: O(1) a node that goes as a whole, unless groups are to be asked about each entry of it.

import type { EntryJournal } from "../keyspace/entry-journal.ts";
import type { Records } from "../structures/record.ts";
import { StreamCursor } from "../structures/stream-cursor.ts";
import { compareIds, copyId, createId, LEAST_ID, type StreamId } from "../structures/stream-id.ts";
import type { StreamReferences } from "./stream-references.ts";
import type { StreamRoots } from "./stream-roots.ts";

/** By what a stream is trimmed. */
export const TrimBy = { nothing: 0, count: 1, id: 2 } as const;
/** What becomes of what groups know of an entry. */
export const References = { keep: 0, drop: 1, acked: 2 } as const;

/** The type whose streams are trimmed. */
interface Trimmed extends StreamRoots {
  readonly records: Records;
  readonly references: StreamReferences;
  changing(entry: number): EntryJournal | null;
  eraseAt(journal: EntryJournal | null, root: number, cursor: StreamCursor): boolean;
  removeNode(journal: EntryJournal | null, root: number, node: number): void;
}

export class StreamTrimming {
  by: number = TrimBy.nothing;
  /** By count: how many entries are to be left. */
  most = 0;
  /** By ID: the least that is to be left. */
  readonly least: StreamId = createId();
  isApproximate = false;
  /** At most so many entries go; 0: as many as there are. */
  limit = 0;
  references: number = References.keep;
  /** Which entry went last, where groups were asked about each; 0-0 before one did. */
  readonly last: StreamId = createId();

  readonly #streams: Trimmed;
  readonly #cursor: StreamCursor;
  readonly #id = createId();

  constructor(streams: Trimmed) {
    this.#streams = streams;
    this.#cursor = new StreamCursor(streams.chains);
  }

  /** Trims a stream; returns how many entries went. */
  run(entry: number): number {
    const streams = this.#streams;
    const { chains } = streams;
    const root = streams.records.pointer(entry);
    copyId(LEAST_ID, this.last);
    if (this.#isShort(root)) return 0;
    const goesOn = this.by === TrimBy.count && this.references === References.acked;
    const journal = streams.changing(entry);
    let trimmed = 0;
    for (let node = chains.firstNode(root); node !== 0 && !this.#isShort(root); ) {
      const live = chains.live(node);
      if (this.limit > 0 && trimmed + live > this.limit) break;
      const isWhole = this.#goesWhole(root, node, live);
      if (this.isApproximate && !isWhole && this.references === References.keep) break;
      const next = chains.nextNode(node);
      if (isWhole && this.references === References.keep) {
        streams.removeNode(journal, root, node);
        trimmed += live;
      } else {
        trimmed += this.#trimNode(journal, root, node, isWhole);
        if (!isWhole && !goesOn) break;
      }
      node = next;
    }
    return trimmed;
  }

  /** Whether there is nothing to be done, as far as the count says. */
  #isShort(root: number): boolean {
    return this.by === TrimBy.count && this.#streams.count(root) <= this.most;
  }

  /** Whether all entries of a node, `live` in number, are to go. */
  #goesWhole(root: number, node: number, live: number): boolean {
    if (this.by === TrimBy.count) return this.#streams.count(root) - live >= this.most;
    this.#cursor.lastOf(root, node, this.#id);
    return compareIds(this.#id, this.least) < 0;
  }

  /** Takes entries out of a node: all that may go or, where not all are to, those that are. */
  #trimNode(journal: EntryJournal | null, root: number, node: number, isWhole: boolean): number {
    const streams = this.#streams;
    const cursor = this.#cursor;
    let trimmed = 0;
    streams.chains.masterId(node, this.#id);
    for (let more = cursor.seek(root, this.#id); more && cursor.node === node; ) {
      if (!isWhole && this.#stopsAt(root, cursor.id)) break;
      const isHeld =
        this.references === References.acked && streams.references.isOwed(root, cursor.id);
      if (!isHeld) {
        if (this.references === References.drop) {
          streams.references.dropReferences(journal, root, cursor.id);
        }
        copyId(cursor.id, this.last);
        trimmed++;
        if (!streams.eraseAt(journal, root, cursor)) break;
      }
      more = cursor.next();
    }
    return trimmed;
  }

  #stopsAt(root: number, id: StreamId): boolean {
    return this.by === TrimBy.count ? this.#isShort(root) : compareIds(id, this.least) >= 0;
  }
}
