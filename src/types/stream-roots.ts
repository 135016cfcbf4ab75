// The roots of streams: a chain of nodes (structures/stream-nodes.ts), whose block goes on with
// what else a stream has.
//
//   root   0 chain                28 i32 tree of groups, or 0        32 u32 × 4 last ID
//         48 u32 × 4 greatest erased ID                               64 f64 entries added
//
// Last ID: the greatest there ever was, or that was set; entries added: how many there ever were,
// or were set. What is known of idempotent IDs is a register (structures/stream-iids.ts), which is
// the tag of the tree of groups: a stream without them has nothing of it. A root never moves.

import { assert } from "../base/assert.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { StreamCursor } from "../structures/stream-cursor.ts";
import { StreamGroups, UNKNOWN } from "../structures/stream-groups.ts";
import {
  compareIds,
  createId,
  Id,
  isLeast,
  LEAST_ID,
  type StreamId,
} from "../structures/stream-id.ts";
import { StreamIids } from "../structures/stream-iids.ts";
import { StreamNodes } from "../structures/stream-nodes.ts";

/** A stream's kind, and the one as which a stream is saved that knows of idempotent IDs. */
export const StreamKind = { packed: 12, idempotent: 13 } as const;

/** The words of a root behind its chain's that a journal tells of. */
export const RootWord = { lastId: 8, erasedId: 12, added: 16 } as const;
const R = { ...RootWord, addedF64: RootWord.added >> 1, groups: 7, bytes: 72 } as const;

export class StreamRoots {
  readonly memory: Memory;
  readonly chains: StreamNodes;
  readonly groups: StreamGroups;
  readonly iids: StreamIids;
  /** For whoever needs one at a time. */
  readonly cursor: StreamCursor;
  readonly #cursor: StreamCursor;
  readonly #first = createId();
  readonly #last = createId();
  readonly #erased = createId();
  readonly #delivered = createId();

  constructor(memory: Memory) {
    this.memory = memory;
    this.chains = new StreamNodes(memory);
    this.groups = new StreamGroups(memory);
    this.iids = new StreamIids(memory, this.groups.ids);
    this.cursor = new StreamCursor(this.chains);
    this.#cursor = new StreamCursor(this.chains);
  }

  /** The root of a new empty stream. */
  create(): number {
    return this.chains.create(R.bytes);
  }

  /** Live entries. */
  count(root: number): number {
    return this.chains.count(root);
  }

  /** A root of an independent stream that has the same entries and numbers. */
  copyUngrouped(root: number): number {
    const copied = this.chains.copy(root, R.bytes);
    const words = this.memory.i32[copied >>> PLACE_BITS];
    const at = wordOf(copied) + R.groups;
    words[at] = 0;
    return copied;
  }

  lastId(root: number, id: StreamId): void {
    this.#readId(root, R.lastId, id);
  }

  setLastId(root: number, id: StreamId): void {
    this.#writeId(root, R.lastId, id);
  }

  erasedId(root: number, id: StreamId): void {
    this.#readId(root, R.erasedId, id);
  }

  setErasedId(root: number, id: StreamId): void {
    this.#writeId(root, R.erasedId, id);
  }

  added(root: number): number {
    return this.memory.f64[root >>> PLACE_BITS][(root & PLACE_MASK) + R.addedF64];
  }

  /** One entry more was added. */
  countAdded(root: number): void {
    this.memory.f64[root >>> PLACE_BITS][(root & PLACE_MASK) + R.addedF64]++;
  }

  setAdded(root: number, count: number): void {
    this.memory.f64[root >>> PLACE_BITS][(root & PLACE_MASK) + R.addedF64] = count;
  }

  /** The ID of the first live entry; false, and the least ID, where there is none. */
  firstId(root: number, id: StreamId): boolean {
    const cursor = this.#cursor;
    const isThere = cursor.seek(root, LEAST_ID);
    id.set(isThere ? cursor.id : LEAST_ID);
    return isThere;
  }

  /** How many entries had been added up to this ID, or UNKNOWN, by Redis's rules. */
  addedUpTo(root: number, id: StreamId): number {
    const added = this.added(root);
    if (added === 0) return 0;
    const last = this.#last;
    this.lastId(root, last);
    const order = compareIds(id, last);
    const count = this.count(root);
    if (order === 0 || (count === 0 && order < 0)) return added;
    if (order > 0) return UNKNOWN;
    const first = this.#first;
    const erased = this.#erased;
    this.firstId(root, first);
    this.erasedId(root, erased);
    if (!isLeast(erased) && compareIds(erased, first) >= 0) return UNKNOWN;
    const fromFirst = compareIds(id, first);
    if (fromFirst > 0) return UNKNOWN;
    return fromFirst < 0 ? added - count : added - count + 1;
  }

  /** Whether an entry at this ID or behind it was erased, by Redis's rules. */
  hasErasedFrom(root: number, id: StreamId): boolean {
    const erased = this.#erased;
    this.erasedId(root, erased);
    if (isLeast(erased) || this.count(root) === 0) return false;
    this.firstId(root, this.#first);
    return compareIds(this.#first, erased) <= 0 && compareIds(id, erased) <= 0;
  }

  /** How many entries a group has read that had read so many before this one, or UNKNOWN. */
  readWith(root: number, read: number, id: StreamId): number {
    if (read !== UNKNOWN && !this.hasErasedFrom(root, id)) return read + 1;
    return this.added(root) === 0 ? read : this.addedUpTo(root, id);
  }

  /** How many entries a group has still to read, or NaN where that is not known. */
  lag(root: number, group: number): number {
    const added = this.added(root);
    if (added === 0) return 0;
    const last = this.#delivered;
    this.groups.lastId(group, last);
    let read = this.groups.entriesRead(group);
    if (read === UNKNOWN || this.hasErasedFrom(root, last)) read = this.addedUpTo(root, last);
    return read === UNKNOWN ? Number.NaN : added - read;
  }

  // Groups

  /** The tree of a stream's groups, by name, or 0. */
  groupsOf(root: number): number {
    return this.memory.i32[root >>> PLACE_BITS][wordOf(root) + R.groups];
  }

  groupCount(root: number): number {
    const tree = this.groupsOf(root);
    return tree === 0 ? 0 : this.groups.names.count(tree);
  }

  /** The group with this name, or 0. */
  findGroup(root: number, bytes: Uint8Array, start: number, end: number): number {
    const tree = this.groupsOf(root);
    return tree === 0 ? 0 : this.groups.names.find(tree, bytes, start, end);
  }

  /** REQUIRES: the stream has no group with this name. */
  attachGroup(root: number, group: number): void {
    this.groups.names.insertBlock(this.#treeOf(root), group);
  }

  /** Takes a group out of its stream, and leaves it. */
  detachGroup(root: number, group: number): void {
    const wasThere = this.groups.names.removeBlock(this.groupsOf(root), group);
    assert(wasThere, "a group is its stream's");
    this.#dropEmptyTree(root);
  }

  // What is known of idempotent IDs

  /** The register of a stream's idempotent IDs, or 0. */
  registerOf(root: number): number {
    const tree = this.groupsOf(root);
    return tree === 0 ? 0 : this.groups.names.tag(tree);
  }

  attachRegister(root: number, register: number): void {
    this.groups.names.setTag(this.#treeOf(root), register);
  }

  /** Takes the register out of its stream, and leaves it. */
  detachRegister(root: number): void {
    this.groups.names.setTag(this.groupsOf(root), 0);
    this.#dropEmptyTree(root);
  }

  /** The tree of groups, which is made where there is none. */
  #treeOf(root: number): number {
    const words = this.memory.i32[root >>> PLACE_BITS];
    const at = wordOf(root) + R.groups;
    if (words[at] === 0) words[at] = this.groups.names.create();
    return words[at];
  }

  #dropEmptyTree(root: number): void {
    const { names } = this.groups;
    const words = this.memory.i32[root >>> PLACE_BITS];
    const at = wordOf(root) + R.groups;
    if (names.count(words[at]) > 0 || names.tag(words[at]) !== 0) return;
    names.free(words[at], 1);
    words[at] = 0;
  }

  // Inside

  #readId(root: number, word: number, id: StreamId): void {
    const words = this.memory.i32[root >>> PLACE_BITS];
    const at = wordOf(root) + word;
    for (let i = 0; i < Id.words; i++) id[i] = words[at + i];
  }

  #writeId(root: number, word: number, id: StreamId): void {
    const words = this.memory.i32[root >>> PLACE_BITS];
    const at = wordOf(root) + word;
    for (let i = 0; i < Id.words; i++) words[at + i] = id[i];
  }
}

function wordOf(ref: number): number {
  return (ref & PLACE_MASK) << 1;
}
