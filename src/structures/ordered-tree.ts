// Ordered trees: B+ trees with counts, in shared memory, of whatever is ordered by a number and
// asked for by order or by position: deadlines by time, members of sorted sets by score.
//
// Terms. Item: a key (f64) and a value (i32, commonly a reference). Order: by key, among equal keys
// by value as an unsigned integer, or as a subclass says (`compareValues`). Leaf: a node of items,
// linked to the next leaf and the one before. Inner node: children, each with its bound and its
// count. Bound: the child's first item; the very first bounds on the left are −Infinity. Height:
// levels of inner nodes. Tag: a number for whoever has the tree, 0 at first.
//
//   tree    0 i32 root, 0 when empty   4 i32 height   8 i32 items   12 i32 first leaf
//          16 i32 leaves              20 i32 inner nodes            24 f64 tag
//   leaf    0 i32 items    4 i32 next leaf, or 0     8 i32 leaf before, or 0
//          16 f64 × 41 keys    344 i32 × 41 values     or     16 i32 × 124 values
//   inner   0 i32 children         16 f64 × 24 bound keys        208 i32 × 24 bound values
//         304 i32 × 24 children   400 i32 × 24 counts of items
//
// Where what a value refers to says its key (`keyOf`), leaves need none: three times as many items
// have room. What a search there looks at lies far apart in memory, so it first guesses between the
// bounds of the leaf where the key stands: it looks at two items where keys grow evenly, at four
// where they lie at random, and not at seven. Who removes an item looks at none but the leaf.
//
// A full node first evens out with a neighbour that has room, and only else is split. At the right
// edge nothing but the newest item moves to the new node. A node that falls below its minimum is
// merged with a neighbour, or evened out with it. Measured at one million items, all nodes counted:
// 13.4 bytes an item when they came in order, 15.9 at random, 17 to 19 after as many random
// removals and inserts again. (An item is 12 bytes.) Without keys: 4.4, 5.3, and 5.6 to 5.9.
//
// Invariants, checked by verify():
//  (1) items are in order, and every bound is what it bounds: no item is named that is not there;
//      an inner node's first bound is its parent's bound for it;
//  (2) every count is true, and so are the numbers of nodes;
//  (3) all leaves are at the same height and linked in order, both ways;
//  (4) no node is empty; an inner node has at least 2 children; nodes that are neither the root
//      nor on the right edge hold at least 20 items (60 without keys) or 11 children.
//
// What is only read ends, whatever bytes a reader without a lock meets: heights, slots and items
// have their maximum, and a walk goes through no more leaves than the tree has.
//
// Cost: first is two reads; insert, remove, rank and at are O(log n) and, for one million items, go
// through five nodes. No operation allocates JavaScript objects (V8 boxes a key that is passed in).

import { assert } from "../base/assert.ts";
import { torn } from "../base/torn-read.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { KeyGuess } from "./key-guess.ts";
import { copyWords, slideFloats, slideWords } from "./slide.ts";
import { WalkBound } from "./walk-bound.ts";

const T = { root: 0, height: 1, items: 2, first: 3, leaves: 4, inners: 5, bytes: 32 } as const;

/** Where the tag stands, in units of f64. */
const TAG = 3;

const NODE_BYTES = 512;
const COUNT = 0; // word of every node
const NEXT = 1; // words of a leaf
const PREVIOUS = 2;
const KEYS = 2; // in f64 units, in every node that has some
const INNER_VALUES = 52; // the rest in words
const CHILDREN = 76;
const COUNTS = 100;

const INNER_MAX = 24;
const HEIGHT_MAX = 16;

// Per kind of node: below `minimum` a node is merged or evened out; two nodes are merged when both
// fit into `merged`; a full node evens out with a neighbour of at most `spill`. `values` is the
// word with which a leaf's values begin.
const innerRules = { max: INNER_MAX, minimum: 11, merged: 22, spill: 21, edge: INNER_MAX - 2 };
const keyedLeaf = { max: 41, minimum: 20, merged: 39, spill: 37, edge: 40, values: 86 };
const bareLeaf = { max: 124, minimum: 60, merged: 119, spill: 112, edge: 123, values: 4 };

/** Looks at one item of a walk; false ends it. */
export type ItemVisitor = (key: number, value: number) => boolean;

export class OrderedTrees {
  protected readonly memory: Memory;

  readonly #hasKeys: boolean;
  readonly #leafRules: typeof keyedLeaf;
  readonly #leafMax: number;
  readonly #leafValues: number;

  // The way from the root to the node that an operation works on, and the slot taken in each node.
  readonly #nodes = new Int32Array(HEIGHT_MAX);
  readonly #slots = new Int32Array(HEIGHT_MAX);
  // Where leaves hold no keys: it knows between which the leaf at the end of the way lies.
  readonly #guess = new KeyGuess();

  // The cursor, and how many leaves it may go through.
  #leaf = 0;
  #slot = 0;
  readonly #bound: WalkBound;

  /** @param hasKeys whether leaves hold the keys; where not, keyOf() says them */
  constructor(memory: Memory, hasKeys = true) {
    this.memory = memory;
    this.#hasKeys = hasKeys;
    this.#leafRules = hasKeys ? keyedLeaf : bareLeaf;
    this.#leafMax = this.#leafRules.max;
    this.#leafValues = this.#leafRules.values;
    this.#bound = new WalkBound(memory, T.leaves);
  }

  /** The order of the values of equal keys: negative, 0 where they are the same, or positive. */
  protected compareValues(a: number, b: number): number {
    return (a >>> 0) - (b >>> 0);
  }

  /** The key of a value, where leaves do not hold it. */
  protected keyOf(_value: number): number {
    return 0;
  }

  /** A new, empty tree. */
  create(): number {
    const tree = this.memory.allocate(T.bytes);
    const words = this.#words(tree);
    const at = wordOf(tree);
    for (let i = 0; i < T.bytes >> 2; i++) words[at + i] = 0;
    return tree;
  }

  /**
   * Frees up to `nodesMax` nodes and returns whether the tree is gone; call it until then, and do
   * nothing else with the tree from the first call on.
   */
  free(tree: number, nodesMax: number): boolean {
    const words = this.#words(tree);
    const at = wordOf(tree);
    const height = words[at + T.height];
    for (let left = nodesMax; words[at + T.root] !== 0; left--) {
      if (left <= 0) return false;
      // Down along the last children, to a leaf or to an inner node that has lost all of its own.
      let node = words[at + T.root];
      let depth = 0;
      for (; depth < height; depth++) {
        this.#nodes[depth] = node;
        const children = this.#words(node)[wordOf(node) + COUNT];
        if (children === 0) break;
        node = this.#words(node)[wordOf(node) + CHILDREN + children - 1];
      }
      this.memory.free(node);
      if (depth === 0) words[at + T.root] = 0;
      else {
        const parent = this.#nodes[depth - 1];
        this.#words(parent)[wordOf(parent) + COUNT]--;
      }
    }
    this.memory.free(tree);
    return true;
  }

  /** The number of items. */
  count(tree: number): number {
    return this.#words(tree)[wordOf(tree) + T.items];
  }

  /** Bytes of all blocks of the tree. */
  memoryBytes(tree: number): number {
    const words = this.#words(tree);
    const at = wordOf(tree);
    return T.bytes + NODE_BYTES * (words[at + T.leaves] + words[at + T.inners]);
  }

  tag(tree: number): number {
    return this.memory.f64[tree >>> PLACE_BITS][(tree & PLACE_MASK) + TAG];
  }

  setTag(tree: number, tag: number): void {
    this.memory.f64[tree >>> PLACE_BITS][(tree & PLACE_MASK) + TAG] = tag;
  }

  /** The least key, or Infinity when the tree is empty. */
  firstKey(tree: number): number {
    const leaf = this.#words(tree)[wordOf(tree) + T.first];
    return leaf === 0 ? Number.POSITIVE_INFINITY : this.#leafKey(leaf, 0);
  }

  /** The value of the first item, or 0 when the tree is empty. */
  firstValue(tree: number): number {
    const leaf = this.#words(tree)[wordOf(tree) + T.first];
    return leaf === 0 ? 0 : this.#words(leaf)[wordOf(leaf) + this.#leafValues];
  }

  /** Adds an item; false when it was there. REQUIRES: `key` is not NaN. */
  insert(tree: number, key: number, value: number): boolean {
    assert(!Number.isNaN(key), "NaN has no place in an order");
    const header = this.#words(tree);
    const root = wordOf(tree);
    if (header[root + T.root] === 0) this.#plant(header, root);
    for (;;) {
      const leaf = this.#descend(tree, key, value);
      const words = this.#words(leaf);
      const at = wordOf(leaf);
      const items = words[at + COUNT];
      const slot = this.#lowerBound(leaf, items, key, value);
      if (slot < items && this.#isItem(leaf, slot, key, value)) return false;
      if (items === this.#leafMax) {
        const appending = slot === items && words[at + NEXT] === 0;
        this.#makeRoom(tree, header[root + T.height], appending);
        continue;
      }
      if (this.#hasKeys) {
        const keys = this.memory.f64[leaf >>> PLACE_BITS];
        const firstKey = (leaf & PLACE_MASK) + KEYS + slot;
        slideFloats(keys, firstKey, firstKey + 1, items - slot);
        keys[firstKey] = key;
      }
      const firstValue = at + this.#leafValues + slot;
      slideWords(words, firstValue, firstValue + 1, items - slot);
      words[firstValue] = value;
      words[at + COUNT] = items + 1;
      this.#countPath(header[root + T.height], 1);
      header[root + T.items]++;
      return true;
    }
  }

  /** Removes an item; false when it was not there. */
  remove(tree: number, key: number, value: number): boolean {
    if (this.count(tree) === 0) return false;
    const leaf = this.#descend(tree, key, value);
    const slot = this.#slotOf(leaf, key, value);
    if (slot < 0) return false;
    this.#removeAt(tree, leaf, slot);
    return true;
  }

  /**
   * Removes the item on which the cursor stands. REQUIRES: at() has put it there, or seek() that
   * has found something equal, and nothing was asked of this object since.
   */
  removeFound(tree: number, value: number): void {
    assert(this.#leaf === this.#nodes[this.#height(tree)], "the way leads to what was sought");
    assert(this.value === value, "what is removed is what was sought");
    this.#removeAt(tree, this.#leaf, this.#slot);
  }

  /** Removes the first item and returns its value; 0 when the tree is empty. */
  removeFirst(tree: number): number {
    if (this.count(tree) === 0) return 0;
    const header = this.#words(tree);
    const height = header[wordOf(tree) + T.height];
    let node = header[wordOf(tree) + T.root];
    for (let depth = 0; depth < height; depth++) {
      this.#nodes[depth] = node;
      this.#slots[depth] = 0;
      node = this.#words(node)[wordOf(node) + CHILDREN];
    }
    this.#nodes[height] = node;
    const value = this.#words(node)[wordOf(node) + this.#leafValues];
    this.#removeAt(tree, node, 0);
    return value;
  }

  /** Whether the item is in the tree. */
  has(tree: number, key: number, value: number): boolean {
    if (this.count(tree) === 0) return false;
    const leaf = this.#descend(tree, key, value);
    const items = this.#words(leaf)[wordOf(leaf) + COUNT];
    const slot = this.#lowerBound(leaf, items, key, value);
    return slot < items && this.#isItem(leaf, slot, key, value);
  }

  /** How many items come before this one, whether or not it is in the tree itself. */
  rank(tree: number, key: number, value: number): number {
    if (this.count(tree) === 0) return 0;
    const leaf = this.#descend(tree, key, value);
    let rank = this.#lowerBound(leaf, this.#words(leaf)[wordOf(leaf) + COUNT], key, value);
    const height = this.#height(tree);
    for (let depth = 0; depth < height; depth++) {
      rank += this.#countBefore(this.#nodes[depth], this.#slots[depth]);
    }
    return rank;
  }

  /** How many items have a smaller key, or, with `orEqual`, no greater one. */
  rankOfKey(tree: number, key: number, orEqual: boolean): number {
    if (this.count(tree) === 0) return 0;
    let node = this.#words(tree)[wordOf(tree) + T.root];
    let rank = 0;
    for (let left = this.#height(tree); left > 0; left--) {
      const words = this.#words(node);
      const children = Math.min(words[wordOf(node) + COUNT], INNER_MAX);
      const slot = this.#boundOfKey(node, 1, children, key, orEqual, false) - 1;
      rank += this.#countBefore(node, slot);
      node = words[wordOf(node) + CHILDREN + slot];
    }
    return rank + this.#boundOfKey(node, 0, this.#items(node), key, orEqual, true);
  }

  #countBefore(node: number, slot: number): number {
    const words = this.#words(node);
    const counts = wordOf(node) + COUNTS;
    let count = 0;
    for (let i = counts; i < counts + slot; i++) count += words[i];
    return count;
  }

  // The cursor stands on one item after `seek`, `at`, `next` or `previous` returned true, until
  // the tree changes or the cursor is moved again. There is one for all trees of this object;
  // `visit` moves it too.

  get key(): number {
    return this.#leafKey(this.#leaf, this.#slot);
  }

  get value(): number {
    return this.#words(this.#leaf)[wordOf(this.#leaf) + this.#leafValues + this.#slot];
  }

  /** Moves the cursor to the first item that is not before this one; false when there is none. */
  seek(tree: number, key: number, value: number): boolean {
    if (this.count(tree) === 0) return false;
    this.#bound.begin(tree);
    this.#leaf = this.#descend(tree, key, value);
    const items = this.#items(this.#leaf);
    this.#slot = this.#lowerBound(this.#leaf, items, key, value);
    return this.#slot < items || this.#nextLeaf();
  }

  /** Moves the cursor to the first item whose key is not below `key`; false: there is none. */
  seekKey(tree: number, key: number): boolean {
    if (this.count(tree) === 0) return false;
    const header = this.#words(tree);
    let node = header[wordOf(tree) + T.root];
    this.#bound.begin(tree);
    for (let left = this.#height(tree); left > 0; left--) {
      const words = this.#words(node);
      const children = words[wordOf(node) + COUNT];
      const slot = this.#boundOfKey(node, 1, children, key, false, false) - 1;
      node = words[wordOf(node) + CHILDREN + slot];
    }
    const items = this.#items(node);
    this.#leaf = node;
    this.#slot = this.#boundOfKey(node, 0, items, key, false, true);
    return this.#slot < items || this.#nextLeaf();
  }

  /** Moves the cursor to the item before which `rank` others come; false when there is none. */
  at(tree: number, rank: number): boolean {
    if (rank < 0 || rank >= this.count(tree)) return false;
    const header = this.#words(tree);
    const height = this.#height(tree);
    let node = header[wordOf(tree) + T.root];
    let rest = rank;
    this.#bound.begin(tree);
    for (let depth = 0; depth < height; depth++) {
      const words = this.#words(node);
      const at = wordOf(node);
      this.#nodes[depth] = node;
      let slot = 0;
      while (slot < INNER_MAX && rest >= words[at + COUNTS + slot]) {
        rest -= words[at + COUNTS + slot++];
      }
      if (slot === INNER_MAX) torn();
      this.#slots[depth] = slot;
      node = words[at + CHILDREN + slot];
    }
    this.#nodes[height] = node;
    this.#leaf = node;
    this.#slot = rest;
    return true;
  }

  /** Moves the cursor to the next item; false when there is none. */
  next(): boolean {
    this.#slot++;
    return this.#slot < this.#items(this.#leaf) || this.#nextLeaf();
  }

  /**
   * Puts the items from the cursor's on whose keys are below `limit`, up to `max` of them, into
   * values and keys from index `to` on, and moves the cursor behind them. Returns how many: fewer
   * than `max` where there are no more, and then the cursor is to be moved elsewhere.
   */
  readBelow(
    limit: number,
    values: Int32Array,
    keys: Float64Array,
    to: number,
    max: number,
  ): number {
    let read = 0;
    for (let more = this.#leaf !== 0; more; more = this.#nextLeaf()) {
      const items = this.#items(this.#leaf);
      const words = this.#words(this.#leaf);
      const first = wordOf(this.#leaf) + this.#leafValues;
      for (; this.#slot < items; this.#slot++, read++) {
        if (read === max) return read;
        const key = this.#leafKey(this.#leaf, this.#slot);
        if (!(key < limit)) return read;
        keys[to + read] = key;
        values[to + read] = words[first + this.#slot];
      }
    }
    return read;
  }

  /** Moves the cursor to the item before; false when there is none. */
  previous(): boolean {
    if (--this.#slot >= 0) return true;
    this.#bound.leave(NODE_BYTES);
    this.#leaf = this.#words(this.#leaf)[wordOf(this.#leaf) + PREVIOUS];
    if (this.#leaf === 0) return false;
    this.#slot = this.#items(this.#leaf) - 1;
    return this.#slot >= 0;
  }

  /** Shows the items with from ≤ key ≤ to in order. The visitor must not change the tree. */
  visit(tree: number, from: number, to: number, visitor: ItemVisitor): void {
    for (let more = this.seekKey(tree, from); more; more = this.next()) {
      const key = this.key;
      if (key > to || !visitor(key, this.value)) return;
    }
  }

  // Going down

  #words(ref: number): Int32Array {
    return this.memory.i32[ref >>> PLACE_BITS];
  }

  #nextLeaf(): boolean {
    this.#bound.leave(NODE_BYTES);
    this.#leaf = this.#words(this.#leaf)[wordOf(this.#leaf) + NEXT];
    this.#slot = 0;
    return this.#leaf !== 0;
  }

  // Levels of inner nodes. Torn where there are more than a tree can have.
  #height(tree: number): number {
    const height = this.#words(tree)[wordOf(tree) + T.height];
    if (!(height >= 0 && height < HEIGHT_MAX)) torn();
    return height;
  }

  // The items of a leaf. Torn where there are more than one has room for.
  #items(leaf: number): number {
    const items = this.#words(leaf)[wordOf(leaf) + COUNT];
    if (!(items <= this.#leafMax)) torn();
    return items;
  }

  #leafKey(leaf: number, slot: number): number {
    if (this.#hasKeys) {
      return this.memory.f64[leaf >>> PLACE_BITS][(leaf & PLACE_MASK) + KEYS + slot];
    }
    return this.keyOf(this.#words(leaf)[wordOf(leaf) + this.#leafValues + slot]);
  }

  // The leaf where the item is or would be; the way there is noted. REQUIRES: the tree has a root.
  #descend(tree: number, key: number, value: number): number {
    const header = this.#words(tree);
    const height = this.#height(tree);
    let node = header[wordOf(tree) + T.root];
    for (let depth = 0; depth < height; depth++) {
      const slot = this.#childSlot(node, key, value);
      if (slot >= INNER_MAX) torn();
      this.#nodes[depth] = node;
      this.#slots[depth] = slot;
      node = this.#words(node)[wordOf(node) + CHILDREN + slot];
    }
    this.#nodes[height] = node;
    if (!this.#hasKeys) this.#noteBounds(height);
    return node;
  }

  #noteBounds(height: number): void {
    let low = Number.NEGATIVE_INFINITY;
    let high = Number.POSITIVE_INFINITY;
    if (height > 0) {
      const parent = this.#nodes[height - 1];
      const slot = this.#slots[height - 1];
      const keys = this.memory.f64[parent >>> PLACE_BITS];
      const at = (parent & PLACE_MASK) + KEYS + slot;
      low = keys[at];
      if (slot + 1 < this.#size(parent)) high = keys[at + 1];
    }
    this.#guess.bound(low, high);
  }

  // The last slot whose bound is not after the item; the first bound needs no look.
  #childSlot(node: number, key: number, value: number): number {
    const words = this.#words(node);
    const keys = this.memory.f64[node >>> PLACE_BITS];
    const firstKey = (node & PLACE_MASK) + KEYS;
    const firstValue = wordOf(node) + INNER_VALUES;
    let low = 1;
    let high = words[wordOf(node) + COUNT];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const bound = keys[firstKey + middle];
      if (
        key < bound ||
        (key === bound && this.compareValues(value, words[firstValue + middle]) < 0)
      ) {
        high = middle;
      } else low = middle + 1;
    }
    return low - 1;
  }

  // The first slot of a leaf whose item is not before this one.
  #lowerBound(leaf: number, items: number, key: number, value: number): number {
    if (!this.#hasKeys) return this.#bareLowerBound(leaf, items, key, value);
    const words = this.#words(leaf);
    const keys = this.memory.f64[leaf >>> PLACE_BITS];
    const firstKey = (leaf & PLACE_MASK) + KEYS;
    const firstValue = wordOf(leaf) + this.#leafValues;
    let low = 0;
    let high = items;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = keys[firstKey + middle];
      if (
        other < key ||
        (other === key && this.compareValues(words[firstValue + middle], value) < 0)
      ) {
        low = middle + 1;
      } else high = middle;
    }
    return low;
  }

  // Likewise, in a leaf without keys. REQUIRES: #descend() has just come to it.
  #bareLowerBound(leaf: number, items: number, key: number, value: number): number {
    const words = this.#words(leaf);
    const first = wordOf(leaf) + this.#leafValues;
    const guess = this.#guess;
    if (guess.begin(items)) {
      if (guess.isOpenBelow) guess.closeBelow(this.keyOf(words[first]));
      if (guess.isOpenAbove) guess.closeAbove(this.keyOf(words[first + items - 1]));
    }
    let low = 0;
    let high = items;
    while (low < high) {
      const at = guess.next(key, low, high);
      const item = words[first + at];
      const other = this.keyOf(item);
      const order = other === key ? this.compareValues(item, value) : other - key;
      if (order === 0) return at;
      if (order < 0) {
        low = at + 1;
        guess.isBehind(other);
      } else {
        high = at;
        guess.isAhead(other);
      }
    }
    return low;
  }

  // The slot of an item in the leaf that #descend() has just come to; −1: it is not there.
  #slotOf(leaf: number, key: number, value: number): number {
    const items = this.#size(leaf);
    if (this.#hasKeys) {
      const slot = this.#lowerBound(leaf, items, key, value);
      return slot < items && this.#isItem(leaf, slot, key, value) ? slot : -1;
    }
    // No value is there twice: it is looked for itself, to both sides of where it should be.
    const words = this.#words(leaf);
    const first = wordOf(leaf) + this.#leafValues;
    const guess = this.#guess.place(key, items);
    const most = Math.max(guess + 1, items - guess);
    for (let off = 0; off < most; off++) {
      if (guess + off < items && words[first + guess + off] === value) return guess + off;
      if (off <= guess && words[first + guess - off] === value) return guess - off;
    }
    return -1;
  }

  // The first slot from `from` on whose key, or whose bound's, is not smaller, or, with `orEqual`,
  // is greater.
  #boundOfKey(
    node: number,
    from: number,
    to: number,
    key: number,
    orEqual: boolean,
    isLeaf: boolean,
  ): number {
    const keys = this.memory.f64[node >>> PLACE_BITS];
    const firstKey = (node & PLACE_MASK) + KEYS;
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = isLeaf ? this.#leafKey(node, middle) : keys[firstKey + middle];
      if (other < key || (orEqual && other === key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isItem(leaf: number, slot: number, key: number, value: number): boolean {
    return (
      this.#words(leaf)[wordOf(leaf) + this.#leafValues + slot] === value &&
      this.#leafKey(leaf, slot) === key
    );
  }

  // Adds to the counts of all children on the way.
  #countPath(height: number, change: number): void {
    for (let depth = 0; depth < height; depth++) {
      const node = this.#nodes[depth];
      this.#words(node)[wordOf(node) + COUNTS + this.#slots[depth]] += change;
    }
  }

  // Growing

  #newNode(): number {
    const node = this.memory.allocate(NODE_BYTES);
    const words = this.#words(node);
    words[wordOf(node) + COUNT] = 0;
    words[wordOf(node) + NEXT] = 0;
    words[wordOf(node) + PREVIOUS] = 0;
    return node;
  }

  #plant(header: Int32Array, root: number): void {
    const leaf = this.#newNode();
    header[root + T.root] = leaf;
    header[root + T.first] = leaf;
    header[root + T.leaves] = 1;
  }

  // Makes room in the full node at `depth` of the way, or, where that needs a slot in a full
  // parent, in the parent. The way is out of date afterwards; the caller goes down again.
  #makeRoom(tree: number, depth: number, appending: boolean): void {
    const header = this.#words(tree);
    const isLeaf = depth === header[wordOf(tree) + T.height];
    const rules = isLeaf ? this.#leafRules : innerRules;
    if (depth === 0) {
      this.#growRoot(tree);
      this.#split(tree, this.#words(tree)[wordOf(tree) + T.root], 0, isLeaf, appending);
      return;
    }
    const parent = this.#nodes[depth - 1];
    const slot = this.#slots[depth - 1];
    const words = this.#words(parent);
    const at = wordOf(parent);
    const children = words[at + COUNT];
    if (slot > 0 && this.#size(words[at + CHILDREN + slot - 1]) <= rules.spill) {
      this.#evenOut(parent, slot - 1, isLeaf);
    } else if (slot + 1 < children && this.#size(words[at + CHILDREN + slot + 1]) <= rules.spill) {
      this.#evenOut(parent, slot, isLeaf);
    } else if (children === INNER_MAX) {
      this.#makeRoom(tree, depth - 1, appending);
    } else {
      this.#split(tree, parent, slot, isLeaf, appending);
    }
  }

  #size(node: number): number {
    return this.#words(node)[wordOf(node) + COUNT];
  }

  // A new root whose only child is the old one, to be split at once.
  #growRoot(tree: number): void {
    const header = this.#words(tree);
    const at = wordOf(tree);
    assert(header[at + T.height] < HEIGHT_MAX - 1, "an ordered tree stays low");
    const root = this.#newNode();
    const words = this.#words(root);
    words[wordOf(root) + COUNT] = 1;
    words[wordOf(root) + CHILDREN] = header[at + T.root];
    words[wordOf(root) + COUNTS] = header[at + T.items];
    words[wordOf(root) + INNER_VALUES] = 0;
    this.memory.f64[root >>> PLACE_BITS][(root & PLACE_MASK) + KEYS] = Number.NEGATIVE_INFINITY;
    header[at + T.root] = root;
    header[at + T.height]++;
    header[at + T.inners]++;
  }

  // Splits the child at `slot` of a parent that has room. When items are being appended at the
  // right edge, the old node stays all but full.
  #split(tree: number, parent: number, slot: number, isLeaf: boolean, appending: boolean): void {
    const right = this.#newNode();
    const words = this.#words(parent);
    const at = wordOf(parent);
    const left = words[at + CHILDREN + slot];
    const size = this.#size(left);
    const edge = isLeaf ? this.#leafRules.edge : innerRules.edge;
    const kept = appending ? edge : (size + 1) >> 1;
    const moved = this.#moveEntries(left, kept, right, 0, size - kept, isLeaf);
    this.#setSize(left, kept);
    this.#setSize(right, size - kept);
    const header = this.#words(tree);
    header[wordOf(tree) + (isLeaf ? T.leaves : T.inners)]++;
    if (isLeaf) {
      this.#link(right, this.#words(left)[wordOf(left) + NEXT]);
      this.#link(left, right);
    }
    const children = words[at + COUNT];
    this.#slideEntries(parent, slot + 1, slot + 2, children - slot - 1, false);
    words[at + COUNT] = children + 1;
    words[at + CHILDREN + slot + 1] = right;
    words[at + COUNTS + slot + 1] = moved;
    words[at + COUNTS + slot] -= moved;
    this.#setBound(parent, slot + 1, right, isLeaf);
  }

  // The leaf `right`, if there is one, comes after `left`.
  #link(left: number, right: number): void {
    this.#words(left)[wordOf(left) + NEXT] = right;
    if (right !== 0) this.#words(right)[wordOf(right) + PREVIOUS] = left;
  }

  // Shrinking

  // Removes an item of the leaf at the end of the way.
  #removeAt(tree: number, leaf: number, slot: number): void {
    const header = this.#words(tree);
    const at = wordOf(tree);
    const height = header[at + T.height];
    const items = this.#size(leaf) - 1;
    this.#slideEntries(leaf, slot + 1, slot, items - slot, true);
    this.#setSize(leaf, items);
    this.#countPath(height, -1);
    header[at + T.items]--;
    if (height > 0) {
      if (slot === 0 && items > 0) this.#renewBounds(leaf, height);
      if (items < this.#leafRules.minimum) this.#refill(tree, height);
    } else if (items === 0) {
      this.memory.free(leaf);
      header[at + T.root] = 0;
      header[at + T.first] = 0;
      header[at + T.leaves] = 0;
    }
  }

  // The leaf at the end of the way has another first item: so have all nodes that begin with it.
  #renewBounds(leaf: number, height: number): void {
    let depth = height - 1;
    while (depth >= 0 && this.#slots[depth] === 0) depth--;
    if (depth < 0) return; // the very first leaf, whose bounds are −Infinity
    const key = this.#leafKey(leaf, 0);
    const value = this.#words(leaf)[wordOf(leaf) + this.#leafValues];
    for (; depth < height; depth++) {
      this.#writeBound(this.#nodes[depth], this.#slots[depth], key, value);
    }
  }

  // Merges the node at `depth` > 0 of the way with a neighbour, or evens them out.
  #refill(tree: number, depth: number): void {
    const header = this.#words(tree);
    const isLeaf = depth === header[wordOf(tree) + T.height];
    const rules = isLeaf ? this.#leafRules : innerRules;
    const parent = this.#nodes[depth - 1];
    const words = this.#words(parent);
    const at = wordOf(parent);
    const slot = Math.max(this.#slots[depth - 1] - 1, 0); // of the left one of the two
    const left = words[at + CHILDREN + slot];
    const right = words[at + CHILDREN + slot + 1];
    const leftSize = this.#size(left);
    const rightSize = this.#size(right);
    if (leftSize + rightSize > rules.merged) {
      this.#evenOut(parent, slot, isLeaf);
      return;
    }
    this.#moveEntries(right, 0, left, leftSize, rightSize, isLeaf);
    this.#setSize(left, leftSize + rightSize);
    words[at + COUNTS + slot] += words[at + COUNTS + slot + 1];
    if (isLeaf) this.#link(left, this.#words(right)[wordOf(right) + NEXT]);
    this.memory.free(right);
    header[wordOf(tree) + (isLeaf ? T.leaves : T.inners)]--;
    const children = words[at + COUNT] - 1;
    this.#slideEntries(parent, slot + 2, slot + 1, children - slot - 1, false);
    words[at + COUNT] = children;
    if (depth > 1) {
      if (children < innerRules.minimum) this.#refill(tree, depth - 1);
    } else if (children === 1) {
      header[wordOf(tree) + T.root] = left;
      header[wordOf(tree) + T.height]--;
      header[wordOf(tree) + T.inners]--;
      this.memory.free(parent);
    }
  }

  // Moving entries (a leaf's items, an inner node's children with their bounds and counts)

  // Gives the children at `slot` and `slot + 1` the same number of entries.
  #evenOut(parent: number, slot: number, isLeaf: boolean): void {
    const words = this.#words(parent);
    const at = wordOf(parent);
    const left = words[at + CHILDREN + slot];
    const right = words[at + CHILDREN + slot + 1];
    const leftSize = this.#size(left);
    const rightSize = this.#size(right);
    const kept = (leftSize + rightSize) >> 1;
    let moved: number; // items that go right
    if (leftSize > kept) {
      const entries = leftSize - kept;
      this.#slideEntries(right, 0, entries, rightSize, isLeaf);
      moved = this.#moveEntries(left, kept, right, 0, entries, isLeaf);
    } else {
      const entries = kept - leftSize;
      moved = -this.#moveEntries(right, 0, left, leftSize, entries, isLeaf);
      this.#slideEntries(right, entries, 0, rightSize - entries, isLeaf);
    }
    this.#setSize(left, kept);
    this.#setSize(right, leftSize + rightSize - kept);
    words[at + COUNTS + slot] -= moved;
    words[at + COUNTS + slot + 1] += moved;
    this.#setBound(parent, slot + 1, right, isLeaf);
  }

  #setSize(node: number, size: number): void {
    this.#words(node)[wordOf(node) + COUNT] = size;
  }

  // The bound of a child becomes its first item, or its own first bound.
  #setBound(parent: number, slot: number, child: number, isLeaf: boolean): void {
    const values = isLeaf ? this.#leafValues : INNER_VALUES;
    const key = isLeaf
      ? this.#leafKey(child, 0)
      : this.memory.f64[child >>> PLACE_BITS][(child & PLACE_MASK) + KEYS];
    this.#writeBound(parent, slot, key, this.#words(child)[wordOf(child) + values]);
  }

  #writeBound(parent: number, slot: number, key: number, value: number): void {
    this.#words(parent)[wordOf(parent) + INNER_VALUES + slot] = value;
    this.memory.f64[parent >>> PLACE_BITS][(parent & PLACE_MASK) + KEYS + slot] = key;
  }

  #slideEntries(node: number, from: number, to: number, count: number, isLeaf: boolean): void {
    const words = this.#words(node);
    const at = wordOf(node);
    if (!isLeaf || this.#hasKeys) {
      const keys = (node & PLACE_MASK) + KEYS;
      slideFloats(this.memory.f64[node >>> PLACE_BITS], keys + from, keys + to, count);
    }
    if (isLeaf) {
      slideWords(words, at + this.#leafValues + from, at + this.#leafValues + to, count);
    } else {
      slideWords(words, at + INNER_VALUES + from, at + INNER_VALUES + to, count);
      slideWords(words, at + CHILDREN + from, at + CHILDREN + to, count);
      slideWords(words, at + COUNTS + from, at + COUNTS + to, count);
    }
  }

  // Copies entries between two nodes of one kind; returns how many items they stand for.
  #moveEntries(
    source: number,
    from: number,
    target: number,
    to: number,
    count: number,
    isLeaf: boolean,
  ): number {
    if (!isLeaf || this.#hasKeys) {
      const sourceKeys = this.memory.f64[source >>> PLACE_BITS];
      const targetKeys = this.memory.f64[target >>> PLACE_BITS];
      const sourceKey = (source & PLACE_MASK) + KEYS + from;
      const targetKey = (target & PLACE_MASK) + KEYS + to;
      for (let i = 0; i < count; i++) targetKeys[targetKey + i] = sourceKeys[sourceKey + i];
    }
    const sourceWords = this.#words(source);
    const targetWords = this.#words(target);
    const start = wordOf(source) + from;
    const end = wordOf(target) + to;
    if (isLeaf) {
      const values = this.#leafValues;
      copyWords(sourceWords, start + values, targetWords, end + values, count);
      return count;
    }
    copyWords(sourceWords, start + INNER_VALUES, targetWords, end + INNER_VALUES, count);
    copyWords(sourceWords, start + CHILDREN, targetWords, end + CHILDREN, count);
    copyWords(sourceWords, start + COUNTS, targetWords, end + COUNTS, count);
    let items = 0;
    for (let i = 0; i < count; i++) items += sourceWords[start + COUNTS + i];
    return items;
  }

  // Checking

  #leavesSeen = 0;
  #innersSeen = 0;
  #lastLeaf = 0;
  #lastKey = 0;
  #lastValue = 0;

  /** Checks every invariant of the essay above; stops with an assertion where one is broken. */
  verify(tree: number): void {
    const header = this.#words(tree);
    const at = wordOf(tree);
    const root = header[at + T.root];
    this.#leavesSeen = 0;
    this.#innersSeen = 0;
    this.#lastLeaf = 0;
    this.#lastKey = Number.NEGATIVE_INFINITY;
    let items = 0;
    if (root !== 0) {
      items = this.#verifyNode(tree, root, 0, true, Number.NEGATIVE_INFINITY, 0);
      assert(this.#words(this.#lastLeaf)[wordOf(this.#lastLeaf) + NEXT] === 0, "leaves end");
      assert(items > 0, "an empty tree has no nodes");
    } else {
      assert(header[at + T.first] === 0 && header[at + T.height] === 0, "an empty tree is bare");
    }
    assert(items === header[at + T.items], "the tree's count of items is true");
    assert(this.#leavesSeen === header[at + T.leaves], "the tree's count of leaves is true");
    assert(this.#innersSeen === header[at + T.inners], "the tree's count of inner nodes is true");
  }

  #verifyNode(
    tree: number,
    node: number,
    depth: number,
    isOnEdge: boolean,
    boundKey: number,
    boundValue: number,
  ): number {
    const height = this.#words(tree)[wordOf(tree) + T.height];
    const words = this.#words(node);
    const at = wordOf(node);
    const size = words[at + COUNT];
    const rules = depth === height ? this.#leafRules : innerRules;
    const least = depth === height ? 1 : 2;
    assert(size >= least && size <= rules.max, "a node is neither empty nor overfull");
    assert(isOnEdge || size >= rules.minimum, "a node holds its minimum");
    assert(this.memory.sizeOf(node) === NODE_BYTES, "a node has its size");
    if (depth === height) {
      this.#verifyLeaf(tree, node, boundKey, boundValue);
      return size;
    }
    this.#innersSeen++;
    const keys = this.memory.f64[node >>> PLACE_BITS];
    let items = 0;
    for (let i = 0; i < size; i++) {
      const key = keys[(node & PLACE_MASK) + KEYS + i];
      const value = words[at + INNER_VALUES + i];
      if (i === 0)
        assert(key === boundKey && value === boundValue, "a first bound is the parent's");
      else assert(this.#isOrdered(this.#lastKey, this.#lastValue, key, value), "a bound bounds");
      const child = words[at + CHILDREN + i];
      const below = this.#verifyNode(
        tree,
        child,
        depth + 1,
        isOnEdge && i === size - 1,
        key,
        value,
      );
      assert(below === words[at + COUNTS + i], "a child's count is true");
      items += below;
    }
    return items;
  }

  #verifyLeaf(tree: number, leaf: number, boundKey: number, boundValue: number): void {
    const words = this.#words(leaf);
    const at = wordOf(leaf);
    const isFirst = this.#leavesSeen === 0;
    if (isFirst) {
      assert(this.#words(tree)[wordOf(tree) + T.first] === leaf, "the first leaf is known");
      assert(boundKey === Number.NEGATIVE_INFINITY, "the first bounds are open");
    } else {
      assert(this.#words(this.#lastLeaf)[wordOf(this.#lastLeaf) + NEXT] === leaf, "leaves link");
      const isBound = this.#isItem(leaf, 0, boundKey, boundValue);
      assert(isBound, "a bound is the first item");
    }
    assert(words[at + PREVIOUS] === (isFirst ? 0 : this.#lastLeaf), "leaves link back");
    this.#leavesSeen++;
    this.#lastLeaf = leaf;
    for (let i = 0; i < words[at + COUNT]; i++) {
      const key = this.#leafKey(leaf, i);
      const value = words[at + this.#leafValues + i];
      if (i > 0 || !isFirst) {
        assert(this.#isOrdered(this.#lastKey, this.#lastValue, key, value), "items are in order");
      }
      this.#lastKey = key;
      this.#lastValue = value;
    }
  }

  #isOrdered(aKey: number, aValue: number, bKey: number, bValue: number): boolean {
    return aKey < bKey || (aKey === bKey && this.compareValues(aValue, bValue) < 0);
  }
}

// The index of a block's first word in its segment's words.
function wordOf(ref: number): number {
  return (ref & PLACE_MASK) << 1;
}
