// What a transaction would have to undo in a large list whose ends it works on.
//
// Pushes, pops and LTRIM leave the middle of a list alone, so what they did is said by four things:
// how many elements at each end are new, and which ones were taken from each end of what was there.
//
//   what was there                   a b c d e f g h i j
//   after LPOP, LPOP, LPUSH x y      y x c d e f g h i j        new at the left 2, taken a b
//   after RPOP ×3, RPUSH z           y x c d e f g z            new at the right 1, taken j i h
//
// Rolling back removes what is new and puts back what was taken, the last one first. A pop that
// meets a new element takes one from the count instead; one that has gone through the whole middle
// meets what is new at the other end. Elements that LSET replaced are kept in a table under their
// index in what was there, and put back at the end, when the indexes hold again.
//
//   block   0 i32 new at the left     4 i32 new at the right
//           8 i32 list of those taken from the left, or 0    12 i32 the same of the right
//          16 i32 table of elements replaced, or 0           20 i32 length of what was there
//
// The counts must be exact, so save() foretells what each command does: to its letter where it
// succeeds, nothing where it replies an error. See src/commands/lists/lists.ts and list-moves.ts.
//
// Invariant: list = new at the left, the middle, new at the right; and what was there = taken from
// the left, the middle as it was before LSET, taken from the right backwards.
//
// Cost: of elements taken or replaced, their copies; of pushes, a count.

import { assert } from "../../base/assert.ts";
import { asciiBytes } from "../../base/bytes.ts";
import { parseIndex, parseInteger } from "../../base/integers.ts";
import { endOf } from "../../commands/lists/list-moves.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { TableWalk } from "../../keyspace/table-walk.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../../memory/memory.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { ChunkedLists } from "../../structures/chunked-list.ts";
import type { Disposer } from "../../structures/hash-table.ts";
import { PackedLists, readU32, writeU32 } from "../../structures/packed-list.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { End, LIST, type Lists } from "../../types/lists.ts";

// Words of the block; `added` and `taken` are of the left end, and those of the right follow.
const W = { added: 0, taken: 2, replaced: 4, length: 5, bytes: 24 } as const;
const COUNT = asciiBytes("count");
/** An index as a key. */
const INDEX_BYTES = 4;
const indexKey = new Uint8Array(INDEX_BYTES);

export class UndoEnds implements Disposer {
  readonly #keyspace: Keyspace;
  readonly #memory: Memory;
  readonly #lists: Lists;
  #takenLists: ChunkedLists | undefined;

  constructor(keyspace: Keyspace, lists: Lists) {
    this.#keyspace = keyspace;
    this.#memory = keyspace.memory;
    this.#lists = lists;
  }

  /** The lists of elements taken: with a cursor of their own, beside that of all other lists. */
  get #taken(): ChunkedLists {
    this.#takenLists ??= new ChunkedLists(this.#memory, new PackedLists(this.#memory));
    return this.#takenLists;
  }

  /** Nothing is saved yet of the list that `entry` is. */
  create(entry: number): number {
    const saved = this.#memory.allocate(W.bytes);
    for (let word = 0; word < W.length; word++) this.#set(saved, word, 0);
    this.#set(saved, W.length, this.#lists.length(entry));
    return saved;
  }

  #get(saved: number, word: number): number {
    return this.#memory.i32[saved >>> PLACE_BITS][((saved & PLACE_MASK) << 1) + word];
  }

  #set(saved: number, word: number, value: number): void {
    this.#memory.i32[saved >>> PLACE_BITS][((saved & PLACE_MASK) << 1) + word] = value;
  }

  /** Saves what a command is about to do to the list under the key at argument i. */
  save(saved: number, name: string, db: number, args: Arguments, i: number, entry: number): void {
    switch (name) {
      case "lpush":
      case "lpushx":
        return this.#willAdd(saved, End.left, args.count - 2);
      case "rpush":
      case "rpushx":
        return this.#willAdd(saved, End.right, args.count - 2);
      case "lpop":
        return this.#willTake(saved, entry, End.left, popCount(args));
      case "rpop":
        return this.#willTake(saved, entry, End.right, popCount(args));
      case "ltrim":
        return this.#willTrim(saved, args, entry);
      case "lmpop":
        return this.#willTakeFromFirst(saved, db, args, i, entry);
      case "lmove":
        return this.#willMove(saved, db, args, i, entry, endOf(args, 3), endOf(args, 4));
      case "rpoplpush":
        return this.#willMove(saved, db, args, i, entry, End.right, End.left);
      default:
        return this.#willReplace(
          saved,
          entry,
          parseIndex(args.bytes, args.starts[2], args.ends[2]),
        );
    }
  }

  #willAdd(saved: number, end: number, count: number): void {
    this.#set(saved, W.added + end, this.#get(saved, W.added + end) + count);
  }

  /**
   * Up to `count` elements are about to be taken from an end; none if it is 0, less or NaN.
   * `length` is what the list has once what was foretold before is done.
   */
  #willTake(
    saved: number,
    entry: number,
    end: number,
    count: number,
    length: number = this.#lists.length(entry),
  ): void {
    if (!(count > 0)) return;
    const added = this.#get(saved, W.added + end);
    const beyond = this.#get(saved, W.added + 1 - end);
    const taken = Math.min(count, length);
    const fromAdded = Math.min(taken, added);
    const fromMiddle = Math.min(taken - fromAdded, length - added - beyond);
    this.#set(saved, W.added + end, added - fromAdded);
    this.#set(saved, W.added + 1 - end, beyond - (taken - fromAdded - fromMiddle));
    if (fromMiddle > 0) this.#keep(saved, entry, end, fromAdded, fromMiddle);
  }

  /** Keeps copies of `count` elements at an end, behind the first `skipped`. */
  #keep(saved: number, entry: number, end: number, skipped: number, count: number): void {
    if (this.#get(saved, W.taken + end) === 0) {
      this.#set(saved, W.taken + end, this.#taken.create());
    }
    const list = this.#get(saved, W.taken + end);
    const { chunked, packed } = this.#lists;
    this.#lists.seek(entry, end === End.left ? skipped : -1 - skipped);
    for (let n = count; n > 0; n--) {
      chunked.read();
      this.#taken.pushLast(list, packed.bytes, packed.start, packed.end);
      if (end === End.left) chunked.next();
      else chunked.previous();
    }
  }

  /** LTRIM takes what lies before its first index and behind its last. */
  #willTrim(saved: number, args: Arguments, entry: number): void {
    const first = parseIndex(args.bytes, args.starts[2], args.ends[2]);
    const last = parseIndex(args.bytes, args.starts[3], args.ends[3]);
    if (Number.isNaN(first) || Number.isNaN(last)) return;
    const length = this.#lists.length(entry);
    const from = first < 0 ? Math.max(first + length, 0) : first;
    const to = Math.min(last < 0 ? last + length : last, length - 1) + 1;
    if (from >= to) return this.#willTake(saved, entry, End.left, length);
    this.#willTake(saved, entry, End.left, from);
    this.#willTake(saved, entry, End.right, length - to, length - from);
  }

  /** LMPOP takes from the first of its keys that is there. */
  #willTakeFromFirst(saved: number, db: number, args: Arguments, i: number, entry: number): void {
    const first = 2;
    const where = first + parseInteger(args.bytes, args.starts[1], args.ends[1]);
    const end = where < args.count ? endOf(args, where) : -1;
    let count = 1;
    if (args.count > where + 1) {
      const named = args.count === where + 3 && args.is(where + 1, COUNT);
      count = named ? parseIndex(args.bytes, args.starts[where + 2], args.ends[where + 2]) : 0;
    }
    if (end < 0) return;
    for (let before = first; before < i; before++) {
      if (this.#peek(db, args, before) !== 0) return;
    }
    this.#willTake(saved, entry, end, count);
  }

  /** An element is about to be moved from the list at argument 1 to the one at argument 2. */
  #willMove(
    saved: number,
    db: number,
    args: Arguments,
    i: number,
    entry: number,
    from: number,
    to: number,
  ): void {
    if (from < 0 || to < 0) return;
    const other = this.#peek(db, args, 3 - i);
    const isList = other !== 0 && this.#keyspace.typeOf(other) === LIST;
    // There must be something to move, and nothing but a list where it is moved to.
    if (!isList && (i === 2 || other !== 0)) return;
    if (i === 1) this.#willTake(saved, entry, from, 1);
    else this.#willAdd(saved, to, 1);
  }

  #peek(db: number, args: Arguments, i: number): number {
    return this.#keyspace.peek(db, args.bytes, args.starts[i], args.ends[i]);
  }

  /** The element at an index is about to be replaced, if there is one. */
  #willReplace(saved: number, entry: number, given: number): void {
    const length = this.#lists.length(entry);
    const index = given < 0 ? given + length : given;
    const addedLeft = this.#get(saved, W.added + End.left);
    const addedRight = this.#get(saved, W.added + End.right);
    if (!(index >= addedLeft && index < length - addedRight)) return;
    const takenLeft = this.#get(saved, W.taken + End.left);
    const original = index - addedLeft + (takenLeft === 0 ? 0 : this.#taken.count(takenLeft));
    const { tables, records } = this.#keyspace;
    if (this.#get(saved, W.replaced) === 0) this.#set(saved, W.replaced, tables.create());
    const table = this.#get(saved, W.replaced);
    const key = indexKey;
    writeU32(key, 0, original);
    const hash = tables.hash(key, 0, INDEX_BYTES);
    if (tables.find(table, hash, key, 0, INDEX_BYTES) !== 0) return;
    const { chunked, packed } = this.#lists;
    this.#lists.seek(entry, index);
    chunked.read();
    const { bytes, start, end } = packed;
    const record = records.create(0, key, 0, INDEX_BYTES, bytes, start, end, NO_DEADLINE, 0);
    tables.insert(table, hash, record);
  }

  /** Gives a list back what it was, its kind among it, and frees what was saved. */
  restore(saved: number, entry: number, kind: number): void {
    const lists = this.#lists;
    const addedLeft = this.#get(saved, W.added + End.left);
    const addedRight = this.#get(saved, W.added + End.right);
    assert(addedLeft + addedRight <= lists.length(entry), "what is new in a list is there");
    lists.removeFromEnd(entry, End.left, addedLeft);
    lists.removeFromEnd(entry, End.right, addedRight);
    this.#giveBack(entry, End.left, this.#get(saved, W.taken + End.left));
    this.#giveBack(entry, End.right, this.#get(saved, W.taken + End.right));
    const length = this.#get(saved, W.length);
    assert(lists.length(entry) === length, "what is undone of a list is what was done");
    this.#replaceBack(entry, this.#get(saved, W.replaced));
    this.#keyspace.records.setKind(entry, kind);
    this.free(saved);
  }

  #giveBack(entry: number, end: number, list: number): void {
    if (list === 0) return;
    const taken = this.#taken;
    const { packed } = taken;
    for (let there = taken.last(list); there; there = taken.previous()) {
      taken.read();
      this.#lists.push(entry, end, packed.bytes, packed.start, packed.end);
    }
  }

  #replaceBack(entry: number, table: number): void {
    if (table === 0) return;
    const { tables, records } = this.#keyspace;
    const { chunked } = this.#lists;
    const root = records.pointer(entry);
    const walk = new TableWalk(tables);
    walk.open(table);
    for (let record = walk.next(); record !== 0; record = walk.next()) {
      records.key(record);
      chunked.seek(root, readU32(records.bytes, records.start));
      records.value(record);
      chunked.replace(root, records.bytes, records.start, records.end);
    }
  }

  free(saved: number): void {
    for (const end of [End.left, End.right]) {
      const list = this.#get(saved, W.taken + end);
      if (list !== 0) this.#taken.free(list);
    }
    const table = this.#get(saved, W.replaced);
    if (table !== 0) this.#keyspace.tables.free(table, Number.MAX_SAFE_INTEGER, this);
    this.#memory.free(saved);
  }

  /** Frees an element that was replaced. */
  dispose(record: number): void {
    this.#keyspace.records.free(record);
  }
}

/** How many elements LPOP or RPOP asks for; NaN or less than 0 is an error. */
function popCount(args: Arguments): number {
  if (args.count === 2) return 1;
  return args.count === 3 ? parseIndex(args.bytes, args.starts[2], args.ends[2]) : 0;
}
