// Data types. A type is described once, by one object that is registered with the keyspace: whoever
// frees, copies, measures, verifies or names a value asks that object, and never which type it is.
// A type's name stands in its own files alone; `test/source.test.ts` keeps that.
//
// Terms. Kind: what a record's first byte says, a type together with its encoding. Collection: a
// type whose entries point to a structure, the root; every type but strings, whose values lie in
// the entries themselves. Types and kinds have explicit numbers, since both lie in memory, and a
// number is never given to another: register() asserts it.

import { assert } from "../base/assert.ts";
import { KIND_MASK } from "../structures/record.ts";
import type { ChangeObserver } from "./change-observer.ts";
import type { EntryJournal } from "./entry-journal.ts";
import type { Undoer } from "./journal.ts";

/** The type that is not a collection. The keyspace serves it itself. */
export const STRING = 0;

/** Types are numbered below this. */
export const TYPES_MAX = 14;
/** The greatest value of a type's setting: no collection and no string can have so much. */
export const SETTING_MAX = 0x7fffffff;
const KINDS_MAX = KIND_MASK + 1;
/** Stands for a kind's type while it has none. */
const NONE = 255;

/** Where a value goes when it is saved; ranges are borrowed until the call returns. */
export interface ValueSink {
  /** A number from 0 on: of what follows, most of the time. */
  length(n: number): void;
  /** A byte string. A packed list is one. */
  string(bytes: Uint8Array, start: number, end: number): void;
  double(value: number): void;
  /** A length of 64 bits, as its halves. */
  longLength(high: number, low: number): void;
  /** Milliseconds, or another whole number: 8 bytes. */
  int64(value: number): void;
  /** Bytes as they are, how many is known. */
  raw(bytes: Uint8Array, start: number, end: number): void;
}

/**
 * Where a saved value comes from: what ValueSink was given, in that order, if it is sound. Once it
 * has failed, every number is 0 and every string empty.
 */
export interface ValueSource {
  readonly failed: boolean;
  /** What was read is wrong. */
  fail(what: string): void;
  length(): number;
  /** How many elements follow, of at least so many bytes each: as many as there can be. */
  count(bytesEach?: number): number;
  /** Reads a byte string and describes it here; borrowed until the next reading. */
  string(): void;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  double(): number;
  /** A double as its text, as files of before RDB version 8 have scores. */
  spelledDouble(): number;
  /** A length of 64 bits, whose halves are here then; 0 where it has failed. */
  longLength(): void;
  readonly high: number;
  readonly low: number;
  /** The nearest double of an integer of 64 bits. */
  int64(): number;
  /** Describes the next n bytes, as string() does; no bytes where it has failed. */
  raw(n: number): void;
}

/** Takes in what a value consists of. */
export interface ValueDigest {
  /** The next element, where they have an order. */
  next(bytes: Uint8Array, start: number, end: number): void;
  /** An element, where they have none: told in any order. */
  member(bytes: Uint8Array, start: number, end: number): void;
  /** Likewise, with what belongs to it. */
  pair(
    bytes: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    hasDeadline?: boolean,
  ): void;
}

/** Members with scores: what sorted sets are combined from. One walk at a time. */
export interface ScoreSource {
  /** The member that next() went to, and its score. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly score: number;
  count(entry: number): number;
  open(entry: number): void;
  next(): boolean;
  /** The score of a member, or NaN where it is not there. Leaves the walk alone. */
  scoreOf(entry: number, bytes: Uint8Array, start: number, end: number): number;
}

/** The nodes of collections that are chains of them. */
export interface NodeChain {
  /** Whether a node has the present mark; gives it that. */
  readonly marks: { has(node: number): boolean; set(node: number): void };
  nodes(root: number): number;
  /** The nodes beside a node, or at an end; 0: there is none. */
  firstNode(root: number): number;
  lastNode(root: number): number;
  nextNode(node: number): number;
  previousNode(node: number): number;
  /** A node of no chain that holds the same. */
  copyNode(node: number): number;
  /** Frees a node of no chain. */
  freeNode(node: number): void;
  /** Bytes of a node's blocks. */
  nodeBytes(node: number): number;
}

/**
 * What a collection's groups owe their consumers: entries that are pending, which are saved group
 * by group behind the rest, in any order. References are those of groups, consumers and entries.
 */
export interface PendingGroups {
  /** Whether a pending entry has the present mark; gives it that. */
  readonly marks: { has(pending: number): boolean; set(pending: number): void };
  /** How much is pending in all groups of a root. */
  pendingIn(root: number): number;
  groupCount(root: number): number;
  groupAt(root: number, i: number): number;
  consumerCount(group: number): number;
  consumerAt(group: number, i: number): number;
  /** Whose an entry is, or 0. */
  consumerOf(pending: number): number;
  /** How much is nobody's. */
  unownedCount(group: number): number;
  /** The consumer as whose that is saved, or 0: one is made for it. */
  namelessOf(group: number): number;
  /** Visits up to `budget` entries of a group, from a position on, which moves; false: the end. */
  walk(group: number, at: Uint32Array, budget: number, visit: (pending: number) => void): boolean;
  /**
   * What stands before a group's pending entries, and before those of a consumer, or of 0, of a
   * collection that is saved as this kind.
   */
  saveGroup(group: number, sink: ValueSink): void;
  saveConsumer(kind: number, group: number, consumer: number, sink: ValueSink): void;
  /** A pending entry, as its group has it, and as its consumer. */
  savePending(pending: number, sink: ValueSink): void;
  savePendingId(pending: number, sink: ValueSink): void;
  /** Frees a group of no collection, now or later. */
  disposeGroup(group: number): void;
}

/** What is to be known of every type. */
export interface DataType {
  /** Its number in memory, and in digests: Redis's where Redis has the type. */
  readonly type: number;
  /** As TYPE replies it. */
  readonly name: string;
  /** Its kinds, and the encoding of each as OBJECT ENCODING names it. */
  readonly kinds: readonly (readonly [kind: number, encoding: string])[];
  /** What takes over a directive's value, at most SETTING_MAX, by the directive's name. */
  readonly settings: Readonly<Record<string, (value: number) => void>>;
  /** What tests set by DEBUG; likewise. */
  readonly tuning?: Readonly<Record<string, (value: number) => void>>;
  /** Undoes what the type has noted by itself in a journal. */
  readonly undo?: Undoer;

  /** The numbers by which RDB files say which type, in which encoding, follows: those it reads. */
  readonly formats?: readonly number[];
  /** Tells a digest what an entry holds. */
  digest(entry: number, into: ValueDigest): void;
  /** Of the type that is no collection: the kind of an entry with this value. */
  kindOfString?(bytes: Uint8Array, start: number, end: number): number;
}

/** A type whose entries point to a structure; `root` is what an entry of `kind` points to. */
export interface CollectionType extends DataType {
  /** Elements in the collection. */
  size(kind: number, root: number): number;
  /** A collection without elements keeps its key. */
  readonly mayBeEmpty?: true;
  /**
   * Frees up to about `budget` elements and, when none is left, the root.
   * Returns whether the collection is gone; until then it must be called again.
   */
  free(kind: number, root: number, budget: number): boolean;
  /** A root of an independent copy, of the same kind. */
  copy(kind: number, root: number): number;
  /** The kind, if any, whose root is a table of members of which some may have a deadline. */
  readonly deadlineKind?: number;
  /** Takes out a member of a collection of that kind, which may be left empty. */
  removeMember?(entry: number, record: number): void;
  /** Where sorted sets may be combined from collections of the type. */
  readonly scores?: ScoreSource;
  /** What DEBUG OBJECT says besides, as " name:value" each. */
  describe?(kind: number, root: number): string;
  /** Bytes of all blocks behind the root. */
  bytesUsed(kind: number, root: number): number;
  /** Stops with an assertion where an invariant of the structure is broken. */
  verify(kind: number, root: number): void;
  /**
   * As verify, of a part of a large collection: about `budget` elements from `from` on, which is 0
   * at first. Returns where to go on, 0 at the end; the collection may change in between.
   */
  verifyFrom(kind: number, root: number, from: number, budget: number): number;
  /**
   * The root of a value that a file holds in the encoding `format`; its kind is createdKind. 0: the
   * source has failed, or there are no elements. It checks all that verify() does.
   */
  load?(format: number, source: ValueSource): number;
  /** The kind that goes with the root that the last creation, or load, returned. */
  readonly createdKind?: number;
  /** The hash table in which the members, or fields, are looked up; 0: there is none. */
  memberTable(kind: number, root: number): number;
  /** While a transaction is open that may be rolled back: the type tells it what it changes. */
  journal: EntryJournal | null;
  /** Has the type tell an observer of its changes, and make nodes with this mark. */
  observe(observer: ChangeObserver | null, mark: number): void;

  // Saving, in the forms of RDB files

  /** The number of the encoding in which save() saves a collection of this kind. */
  formatOf(kind: number): number;
  /** The kind as which a collection is saved, where that is not always its own. */
  savedKind?(kind: number, root: number): number;
  /** Tells a sink what a collection holds. */
  save(kind: number, root: number, sink: ValueSink): void;
  // A large one is saved in slices. Where it is a member table, it is saved as its count and each
  // member; where it is a chain of nodes, as how many there are, each node, the rest, if any, each
  // group, and the end, if any.
  // What stands before the count of some members says saveHead.
  saveHead?(kind: number, sink: ValueSink): void;
  saveMember?(record: number, sink: ValueSink, kind: number): void;
  readonly nodes?: NodeChain;
  saveNode?(node: number, sink: ValueSink): void;
  saveRest?(root: number, sink: ValueSink): void;
  readonly pendings?: PendingGroups;
  saveEnd?(kind: number, root: number, sink: ValueSink): void;
}

/** RDB files number encodings below this. */
const FORMATS_MAX = 256;

/** The types of a keyspace, and what is known of their kinds. */
export class DataTypes {
  /** By number; undefined where there is none. */
  readonly byNumber: (DataType | undefined)[] = new Array(TYPES_MAX).fill(undefined);
  /** The type's number of each kind. */
  readonly typeOfKind: Uint8Array = new Uint8Array(KINDS_MAX).fill(NONE);
  /** The type of each kind where that is a collection. */
  readonly collections: (CollectionType | undefined)[] = new Array(KINDS_MAX).fill(undefined);
  /** The type that reads each encoding of RDB files. */
  readonly ofFormat: (DataType | undefined)[] = new Array(FORMATS_MAX).fill(undefined);
  /** The kinds whose members may have deadlines: bit `kind` of this. */
  deadlineKinds = 0;
  /** The name of each kind's encoding. */
  readonly encodings: string[] = new Array(KINDS_MAX).fill("");

  register(type: DataType | CollectionType): void {
    const { byNumber, typeOfKind } = this;
    assert(type.type >= 0 && type.type < TYPES_MAX, "a type's number is in range");
    assert(byNumber[type.type] === undefined, "no two types have the same number");
    assert(this.numberOf(type.name) < 0, "no two types have the same name");
    byNumber[type.type] = type;
    for (const format of type.formats ?? []) {
      assert(this.ofFormat[format] === undefined, "no two types read the same encoding");
      this.ofFormat[format] = type;
    }
    for (const [kind, encoding] of type.kinds) {
      assert(kind >= 0 && kind < KINDS_MAX, "a kind's number is in range");
      assert(typeOfKind[kind] === NONE, "no two kinds have the same number");
      typeOfKind[kind] = type.type;
      this.encodings[kind] = encoding;
      if (isCollection(type)) this.collections[kind] = type;
    }
    if (!isCollection(type) || type.deadlineKind === undefined) return;
    assert(this.typeOfKind[type.deadlineKind] === type.type, "a deadline kind is its type's");
    this.deadlineKinds |= 1 << type.deadlineKind;
  }

  /** Every type, by number. */
  *[Symbol.iterator](): Generator<DataType, void, undefined> {
    for (const type of this.byNumber) if (type !== undefined) yield type;
  }

  /** The name of the type with this number. */
  name(type: number): string {
    const found = this.byNumber[type];
    assert(found !== undefined, "the type is registered");
    return found.name;
  }

  /** The number of the type with this name, or −1. */
  numberOf(name: string): number {
    return this.byNumber.findIndex((type) => type?.name === name);
  }
}

export function isCollection(type: DataType | CollectionType): type is CollectionType {
  return type.type !== STRING;
}
