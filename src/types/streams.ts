// Streams: logs of entries, each an ID that is greater than the one before and pairs of field and
// value, with groups of consumers who have been given entries. One encoding: a chain of nodes
// (stream-roots.ts).
// A stream may be empty: its key stays, with its numbers and groups.
//
// Changes take the entry: the record in the keyspace whose pointer is the root. What is only asked
// takes the root, which never moves. Whoever changes something asks changing() first, which tells
// the observer, and says whether a journal (stream-undo.ts) is to know.
//
// Cost: that of the structures. Of copying and verifying: all of the stream.

import { assert } from "../base/assert.ts";
import type { ChangeObserver } from "../keyspace/change-observer.ts";
import type { CollectionType, ValueDigest, ValueSink, ValueSource } from "../keyspace/data-type.ts";
import type { Disposals } from "../keyspace/disposal.ts";
import { type EntryJournal, listening } from "../keyspace/entry-journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Records } from "../structures/record.ts";
import { StreamCursor } from "../structures/stream-cursor.ts";
import {
  compareIds,
  createId,
  GREATEST_ID,
  ID_TEXT_MAX,
  LEAST_ID,
  type StreamId,
  writeId,
} from "../structures/stream-id.ts";
import { IidLimits } from "../structures/stream-iids.ts";
import type { StreamNodes } from "../structures/stream-nodes.ts";
import { StreamForms } from "./stream-forms.ts";
import { StreamGroupChanges } from "./stream-group-changes.ts";
import { StreamGroupUndo } from "./stream-group-undo.ts";
import { StreamIidChanges } from "./stream-iid-changes.ts";
import { StreamReferences } from "./stream-references.ts";
import { RootWord, StreamKind, StreamRoots } from "./stream-roots.ts";
import { StreamTrimming } from "./stream-trimming.ts";
import { STREAM, StreamUndo } from "./stream-undo.ts";

export { StreamKind } from "./stream-roots.ts";
export { STREAM } from "./stream-undo.ts";

const Setting = { bytesMax: 0, entriesMax: 1, iidSeconds: 2, iidsMax: 3 } as const;
const DASH = 0x2d;
const DOT = 0x2e;
const NODE_BYTES_MAX = 4096;
const NODE_ENTRIES_MAX = 100;
const FREE_AT_ONCE_MAX = 64;

/** The streams of a keyspace: a handler gives its context, whatever else has one gives itself. */
export function streamsOf(owner: { readonly keyspace: Keyspace }): Streams {
  return owner.keyspace.types.byNumber[STREAM] as Streams;
}

export class Streams extends StreamRoots implements CollectionType {
  readonly type: number = STREAM;
  readonly name = "stream";
  readonly kinds = [
    [StreamKind.packed, "stream"],
    [StreamKind.idempotent, "stream"],
  ] as const;
  readonly createdKind = StreamKind.packed;
  readonly mayBeEmpty = true;
  readonly settings = {
    "stream-node-max-bytes": (value: number): void => {
      this.#settings[Setting.bytesMax] = value;
    },
    "stream-node-max-entries": (value: number): void => {
      this.#settings[Setting.entriesMax] = value;
    },
    "stream-idmp-duration": (value: number): void => {
      this.#settings[Setting.iidSeconds] = value;
    },
    "stream-idmp-maxsize": (value: number): void => {
      this.#settings[Setting.iidsMax] = value;
    },
  };
  readonly formats: readonly number[];
  journal: EntryJournal | null = null;
  readonly undo: StreamUndo;
  readonly groupUndo: StreamGroupUndo;
  readonly groupChanges: StreamGroupChanges;
  readonly references: StreamReferences;
  readonly iidChanges: StreamIidChanges;
  readonly records: Records;
  /** Trims as it is told; for one request at a time. */
  readonly trimming: StreamTrimming;
  #observer: ChangeObserver | null = null;
  readonly #cursor: StreamCursor;
  readonly #forms: StreamForms;
  readonly #settings: Int32Array;
  readonly #last = createId();
  readonly #text = new Uint8Array(ID_TEXT_MAX);

  constructor(keyspace: Keyspace) {
    const { memory, records } = keyspace;
    super(memory);
    this.records = records;
    this.#settings = keyspace.settingsOf(STREAM, [
      NODE_BYTES_MAX,
      NODE_ENTRIES_MAX,
      IidLimits.seconds,
      IidLimits.most,
    ]);
    this.#cursor = new StreamCursor(this.chains);
    const disposeGroup = (group: number): void => this.#disposeGroup(keyspace.disposals, group);
    this.#forms = new StreamForms(this, disposeGroup);
    this.formats = this.#forms.formats;
    this.groupUndo = new StreamGroupUndo(this, disposeGroup);
    this.groupChanges = new StreamGroupChanges(this, disposeGroup);
    this.references = new StreamReferences(this, this.groupChanges);
    this.iidChanges = new StreamIidChanges(this);
    this.undo = new StreamUndo(this, this.groupUndo, this.iidChanges);
    this.trimming = new StreamTrimming(this);
  }

  /** stream-node-max-entries; 0: as many as there may be. */
  get nodeEntriesMax(): number {
    return this.#settings[Setting.entriesMax];
  }

  /** stream-idmp-duration: for how many seconds streams keep iids that are not told otherwise. */
  get iidSeconds(): number {
    return this.#settings[Setting.iidSeconds];
  }

  /** stream-idmp-maxsize: likewise, how many of each producer. */
  get iidsMax(): number {
    return this.#settings[Setting.iidsMax];
  }

  // Changing

  /** A stream is about to be changed: returns the journal that is to be told of it, if any. */
  changing(entry: number): EntryJournal | null {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    return listening(this.journal, entry);
  }

  /** Appends an entry, as StreamNodes.append() has it. REQUIRES: `id` is after the last ID. */
  append(
    entry: number,
    id: StreamId,
    bytes: Uint8Array,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
    from: number,
    to: number,
  ): boolean {
    const { chains: nodes } = this;
    nodes.bytesMax = this.#settings[Setting.bytesMax];
    nodes.entriesMax = this.#settings[Setting.entriesMax];
    const journal = this.changing(entry);
    const root = this.records.pointer(entry);
    if (!nodes.append(root, id, bytes, starts, ends, from, to)) return false;
    if (journal !== null) this.undo.appended(journal, root);
    this.setLastId(root, id);
    this.countAdded(root);
    return true;
  }

  /** Erases the entry with this ID; false where there is none. */
  erase(entry: number, id: StreamId): boolean {
    const root = this.records.pointer(entry);
    const cursor = this.#cursor;
    if (!cursor.seek(root, id) || compareIds(cursor.id, id) !== 0) return false;
    const journal = this.changing(entry);
    this.eraseAt(journal, root, cursor);
    this.erasedId(root, this.#last);
    if (compareIds(id, this.#last) > 0) {
      if (journal !== null) this.undo.id(journal, root, RootWord.erasedId);
      this.setErasedId(root, id);
    }
    return true;
  }

  /** Erases the entry that a cursor stands on; false where its node has gone with it. */
  eraseAt(journal: EntryJournal | null, root: number, cursor: StreamCursor): boolean {
    const { node } = cursor;
    const detached = cursor.erase();
    if (journal !== null) {
      this.undo.erased(journal, root, node, cursor.erasedAt);
      if (detached !== 0) this.undo.detached(journal, root, detached);
    } else if (detached !== 0) this.chains.freeNode(detached);
    return detached === 0;
  }

  /** Takes a node out with all its entries. */
  removeNode(journal: EntryJournal | null, root: number, node: number): void {
    this.chains.detach(root, node);
    if (journal !== null) this.undo.detached(journal, root, node);
    else this.chains.freeNode(node);
  }

  /** Sets the numbers of a stream: the last ID, the greatest erased one, how many were added. */
  setNumbers(entry: number, last: StreamId, erased: StreamId, added: number): void {
    const journal = this.changing(entry);
    const root = this.records.pointer(entry);
    if (journal !== null) {
      this.undo.id(journal, root, RootWord.lastId);
      this.undo.id(journal, root, RootWord.erasedId);
      this.undo.words(journal, root, RootWord.added);
    }
    this.setLastId(root, last);
    this.setErasedId(root, erased);
    this.setAdded(root, added);
  }

  // As a data type

  /** Entries, what is pending, and iids: that much there is to be freed. */
  size(_kind: number, root: number): number {
    const { names } = this.groups;
    const tree = this.groupsOf(root);
    const register = this.registerOf(root);
    let size = this.count(root) + (register === 0 ? 0 : this.iids.size(register));
    for (let more = tree !== 0 && names.at(tree, 0); more; more = names.next()) {
      size += this.groups.pendingCount(names.value);
    }
    return size;
  }

  free(_kind: number, root: number, budget: number): boolean {
    const register = this.registerOf(root);
    if (register !== 0) {
      if (!this.iids.free(register, budget)) return false;
      this.detachRegister(root);
    }
    while (this.groupsOf(root) !== 0) {
      const group = this.groups.names.firstValue(this.groupsOf(root));
      if (!this.#freeGroup(root, group, budget)) return false;
    }
    return this.chains.free(root, budget);
  }

  /** Frees a group of no stream; what is large, as a stream without entries, in slices. */
  #disposeGroup(disposals: Disposals, group: number): void {
    if (this.#observer?.keepsGroup(group) === true) return;
    if (this.groups.pendingCount(group) <= FREE_AT_ONCE_MAX) {
      while (!this.groups.freeGroup(group, Number.MAX_SAFE_INTEGER));
      return;
    }
    const husk = this.create();
    this.attachGroup(husk, group);
    disposals.disposeRoot(StreamKind.packed, husk);
  }

  /** A group's block goes last, so it stays in the tree, by its name, until all else is gone. */
  #freeGroup(root: number, group: number, budget: number): boolean {
    if (!this.groups.emptyGroup(group, budget)) return false;
    this.detachGroup(root, group);
    this.memory.free(group);
    return true;
  }

  copy(_kind: number, root: number): number {
    const copied = this.copyUngrouped(root);
    const { names } = this.groups;
    const tree = this.groupsOf(root);
    const count = this.groupCount(root);
    for (let i = 0; i < count; i++) {
      names.at(tree, i);
      this.attachGroup(copied, this.groups.copyGroup(names.value));
    }
    const register = this.registerOf(root);
    if (register !== 0) this.attachRegister(copied, this.iids.copy(register));
    return copied;
  }

  bytesUsed(_kind: number, root: number): number {
    const { names } = this.groups;
    let bytes = this.memory.sizeOf(root) + this.chains.bytesUsed(root);
    const tree = this.groupsOf(root);
    if (tree === 0) return bytes;
    bytes += names.memoryBytes(tree);
    const register = this.registerOf(root);
    if (register !== 0) bytes += this.iids.bytesUsed(register);
    const count = names.count(tree);
    for (let i = 0; i < count; i++) {
      names.at(tree, i);
      bytes += this.groups.bytesUsed(names.value);
    }
    return bytes;
  }

  verify(kind: number, root: number): void {
    assert(kind === StreamKind.packed, "a stream has its one encoding");
    this.chains.verify(root);
    this.#verifyNumbers(root);
    const tree = this.groupsOf(root);
    if (tree === 0) return;
    this.groups.names.verify(tree);
    const count = this.groupCount(root);
    const register = this.registerOf(root);
    assert(count > 0 || register !== 0, "no tree of groups is empty");
    if (register !== 0) this.#verifyRegister(register);
    for (let i = 0; i < count; i++) this.#verifyGroup(root, i);
  }

  /** Nodes from a number on, then groups, then producers of iids: the next one, i, is −1 − i. */
  verifyFrom(_kind: number, root: number, from: number, budget: number): number {
    if (from >= 0) {
      const next = this.chains.verifyNodes(root, from, budget);
      if (next > 0) return next;
      this.#verifyNumbers(root);
    }
    const register = this.registerOf(root);
    const one = from < 0 ? -1 - from : 0;
    const groups = this.groupCount(root);
    const count = groups + (register === 0 ? 0 : this.iids.producerCount(register));
    if (one < groups) this.#verifyGroup(root, one);
    else if (one < count) this.iids.verifyProducer(register, one - groups);
    return one + 1 < count ? -2 - one : 0;
  }

  #verifyRegister(register: number): void {
    this.iids.verify(register);
    for (let i = this.iids.producerCount(register) - 1; i >= 0; i--) {
      this.iids.verifyProducer(register, i);
    }
  }

  #verifyNumbers(root: number): void {
    const last = this.#last;
    this.lastId(root, last);
    const cursor = this.#cursor;
    if (cursor.seekBack(root, GREATEST_ID)) {
      assert(compareIds(cursor.id, last) <= 0, "no entry is after the last ID");
    }
  }

  #verifyGroup(root: number, i: number): void {
    const { names } = this.groups;
    names.at(this.groupsOf(root), i);
    this.groups.verify(names.value);
  }

  memberTable(): number {
    return 0;
  }

  observe(observer: ChangeObserver | null, mark: number): void {
    this.#observer = observer;
    this.chains.marks.observer = observer;
    this.chains.marks.present = mark;
    const { marks } = this.groups;
    marks.present = mark;
    marks.observer = observer && {
      beforeNode: (group, pending) => observer.beforePending(group, pending),
    };
  }

  // Saved: each node as it lies in memory, then the rest

  get nodes(): StreamNodes {
    return this.chains;
  }

  get pendings(): StreamForms {
    return this.#forms;
  }

  savedKind(_kind: number, root: number): number {
    return this.registerOf(root) === 0 ? StreamKind.packed : StreamKind.idempotent;
  }

  formatOf(kind: number): number {
    return this.#forms.written(kind);
  }

  saveNode(node: number, sink: ValueSink): void {
    this.#forms.saveNode(node, sink);
  }

  saveRest(root: number, sink: ValueSink): void {
    this.#forms.saveRest(root, sink);
  }

  saveEnd(kind: number, root: number, sink: ValueSink): void {
    if (kind === StreamKind.idempotent) this.#forms.saveEnd(root, sink);
  }

  save(kind: number, root: number, sink: ValueSink): void {
    this.#forms.save(kind, root, sink);
  }

  load(format: number, source: ValueSource): number {
    const root = this.#forms.load(format, source);
    if (!source.failed) return root;
    while (!this.free(StreamKind.packed, root, Number.MAX_SAFE_INTEGER));
    return 0;
  }

  /** Redis's way: a dot within IDs. */
  digest(entry: number, into: ValueDigest): void {
    const root = this.records.pointer(entry);
    const cursor = this.#cursor;
    const text = this.#text;
    for (let more = cursor.seek(root, LEAST_ID); more; more = cursor.next()) {
      const end = writeId(text, 0, cursor.id);
      const dash = text.indexOf(DASH);
      text[dash] = DOT;
      into.next(text, 0, end);
      while (cursor.nextPair()) {
        into.next(cursor.names.bytes, cursor.names.start, cursor.names.end);
        into.next(cursor.values.bytes, cursor.values.start, cursor.values.end);
      }
    }
  }
}
