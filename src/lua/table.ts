// A table of Lua 5.1, as its C implementation builds it: an array part, and a hash part whose
// entries are chained inside one array of nodes. It is built the same way because scripts can see
// it: `pairs` goes through the array part and then through the nodes from first to last, and `#` of
// a table with holes is what a binary search over the array part finds.
//
//   array      [value of 1, value of 2, …]   its length is the size of the array part, not a count
//   nodeKeys   [key, …]
//   nodeValues [value, …]
//   nodeNext   [index of the next in the chain, …   −1: none; then hash of the node's key, …]
//
// Nodes are a power of two, or none. A key's *main position* follows from its hash. If another key
// is there, the new one takes the free node of the highest index, and is chained; if that other key
// is not in its own main position, it is the one that moves. A node whose value has become nil
// keeps its key until a new key with that main position, or the next *rehash*, takes the place.
// When no node is free the table is rehashed: integer keys are counted by powers of two, and the
// array part becomes the largest n such that more than half of 1 … n are used; everything else goes
// into a new row of nodes.
//
// Invariants: (1) a chain starts at the main position of each of its keys, (2) no integer key of 1
// … n stands in a node while the array part has n or more, (3) no key is nil or NaN.
//
// What differs: tables, functions and other objects are keys by the order in which they first were
// keys, where C takes their address in memory, so its order is another in each run.

import { LuaObject, type LuaValue } from "./values.ts";

/**
 * Metamethods that are looked for often: bits of `absent`, which say that a metatable lacks one.
 */
export const Event = { newindex: 1, eq: 2 } as const;
/** A bit of `absent`: what a metatable has under "__index" is in its `indexHandler`. */
export const INDEX_KNOWN = 4;

/** Tables whose `__index` is a table whose `__index` … */
export const CHAIN_MAX = 100;
const ARRAY_SIZE_MAX = 2 ** 26;
const NODES_MAX = 2 ** 26;

const none: LuaValue[] = [];
const noLinks: number[] = [];
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** How many used integer keys lie in (2^(i−1), 2^i]: scratch of a rehash. */
const counts = new Int32Array(32);
let objectKeys = 0;

/** The hash of a string, as Redis's copy of Lua has it: every byte counts, of long strings too. */
export function hashOf(text: string): number {
  let hash = text.length;
  for (let at = hash - 1; at >= 0; at--) {
    hash ^= (hash << 5) + (hash >>> 2) + text.charCodeAt(at);
  }
  return hash | 0;
}

/** Thrown where a table would grow beyond all measure; the caller's words make an error of it. */
export class TableOverflow {}

export class LuaTable extends LuaObject {
  array: LuaValue[];
  nodeKeys: LuaValue[] = none;
  nodeValues: LuaValue[] = none;
  nodeNext: number[] = noLinks;
  /** Nodes from here on are used. */
  lastFree = 0;
  metatable: LuaTable | null = null;
  /** As a metatable: what is known of it since a key was last set; every change sets it to 0. */
  absent = 0;
  /** As a metatable: what it has under "__index", while INDEX_KNOWN is set. */
  indexKnown: LuaValue = undefined;
  /** Scripts may not change it; what is set from outside still can be. */
  readonly = false;
  /** Bytes that the parts take, as the memory limit counts them. */
  bytes = 0;
  /** The node that `next` came to last: where a traversal most likely goes on. */
  walked = 0;
  /** The state's account of memory; null: nobody counts. */
  readonly account: MemoryAccount | null;

  constructor(arraySize: number, nodes: number, account: MemoryAccount | null) {
    super();
    this.account = account;
    this.array = arraySize === 0 ? [] : nils(arraySize);
    if (nodes > 0) this.#makeNodes(nodes);
    this.bytes = 56 + arraySize * 16 + this.nodeKeys.length * 40;
    if (account !== null) account.allocated(this.bytes);
  }

  get(key: LuaValue): LuaValue {
    if (typeof key === "string") return this.getString(key);
    if (typeof key === "number") return this.getNumber(key);
    if (key === undefined) return undefined;
    const node = this.#findNode(key);
    return node < 0 ? undefined : this.nodeValues[node];
  }

  getNumber(key: number): LuaValue {
    const index = key - 1;
    if (index >>> 0 === index && index < this.array.length) return this.array[index];
    if (this.nodeKeys.length === 0) return undefined;
    const node = this.#findNumber(key);
    return node < 0 ? undefined : this.nodeValues[node];
  }

  getString(key: string): LuaValue {
    const node = this.findString(key, 0);
    return node < 0 ? undefined : this.nodeValues[node];
  }

  /** The node of a string; `hash` where the caller knows it, 0: it does not. −1: there is none. */
  findString(key: string, hash: number): number {
    const keys = this.nodeKeys;
    if (keys.length === 0) return -1;
    const next = this.nodeNext;
    let node = (hash === 0 ? hashOf(key) : hash) & (keys.length - 1);
    do {
      if (keys[node] === key) return node;
      node = next[node];
    } while (node >= 0);
    return -1;
  }

  /** As a metatable: what it has under "__index". */
  get indexHandler(): LuaValue {
    if ((this.absent & INDEX_KNOWN) === 0) {
      this.indexKnown = this.getString("__index");
      this.absent |= INDEX_KNOWN;
    }
    return this.indexKnown;
  }

  /**
   * What a key that this table lacks has in the tables behind it; undefined: more is to be asked.
   */
  inherited(key: string, hash: number): LuaValue {
    let table: LuaTable = this;
    for (let i = 0; i < CHAIN_MAX; i++) {
      if (table.metatable === null) return undefined;
      const handler = table.metatable.indexHandler;
      if (!(handler instanceof LuaTable)) return undefined;
      const node = handler.findString(key, hash);
      if (node >= 0) {
        const value = handler.nodeValues[node];
        if (value !== undefined) return value;
      }
      table = handler;
    }
    return undefined;
  }

  /**
   * Sets without asking metamethods. The key is neither nil nor NaN, which callers have seen to.
   */
  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === "number") {
      this.setNumber(key, value);
      return;
    }
    if (typeof key === "string") {
      this.setString(key, value);
      return;
    }
    const node = this.#findNode(key);
    if (node >= 0) this.nodeValues[node] = value;
    else this.#add(key, value, hashOfKey(key));
  }

  setNumber(key: number, value: LuaValue): void {
    const index = key - 1;
    if (index >>> 0 === index && index < this.array.length) {
      this.array[index] = value;
      return;
    }
    const node = this.#findNumber(key);
    if (node >= 0) this.nodeValues[node] = value;
    else this.#add(key === 0 ? 0 : key, value, hashOfNumber(key));
  }

  setString(key: string, value: LuaValue): void {
    this.absent = 0;
    const hash = hashOf(key);
    const node = this.findString(key, hash);
    if (node >= 0) this.nodeValues[node] = value;
    else this.#add(key, value, hash);
  }

  /** Adds a string that is no key of the table yet. REQUIRES: its hash. */
  addString(key: string, hash: number, value: LuaValue): void {
    this.absent = 0;
    this.#add(key, value, hash);
  }

  /** Sets a first key. REQUIRES: the table was made for one key, and has none. */
  setOnly(key: string, value: LuaValue): void {
    const hash = hashOf(key);
    this.nodeKeys[0] = key;
    this.nodeValues[0] = value;
    this.nodeNext[1] = hash;
  }

  /** A border, as C finds it: t[n] is not nil and t[n + 1] is, or 0. */
  length(): number {
    const { array } = this;
    const size = array.length;
    if (size > 0 && array[size - 1] === undefined) {
      let low = 0;
      let high = size;
      while (high - low > 1) {
        const middle = (low + high) >>> 1;
        if (array[middle - 1] === undefined) high = middle;
        else low = middle;
      }
      return low;
    }
    return this.nodeKeys.length === 0 ? size : this.#searchBeyond(size);
  }

  /**
   * Where `next` goes on after a key (undefined: at the beginning): an index into the array part,
   * and behind it into the nodes; −1: at the end, −2: there is no such key.
   */
  nextIndex(key: LuaValue): number {
    let index = 0;
    const size = this.array.length;
    if (key !== undefined) {
      const position = typeof key === "number" ? key - 1 : -1;
      if (position >>> 0 === position && position < size) {
        index = position + 1;
      } else {
        let node = this.walked;
        if (this.nodeKeys[node] !== key) {
          if (typeof key === "number") node = this.#findNumber(key);
          else node = typeof key === "string" ? this.findString(key, 0) : this.#findNode(key);
          if (node < 0) return -2;
        }
        index = size + node + 1;
      }
    }
    for (; index < size; index++) if (this.array[index] !== undefined) return index;
    const values = this.nodeValues;
    for (let node = index - size; node < values.length; node++) {
      if (values[node] !== undefined) {
        this.walked = node;
        return size + node;
      }
    }
    return -1;
  }

  keyAt(index: number): LuaValue {
    const size = this.array.length;
    return index < size ? index + 1 : this.nodeKeys[index - size];
  }

  valueAt(index: number): LuaValue {
    const size = this.array.length;
    return index < size ? this.array[index] : this.nodeValues[index - size];
  }

  /** Makes room for an array part of that size, as a constructor with so many items does. */
  resizeArray(size: number): void {
    if (size > this.array.length) this.#resize(size, this.nodeKeys.length);
  }

  #searchBeyond(from: number): number {
    let low = from;
    let high = from + 1;
    while (this.getNumber(high) !== undefined) {
      low = high;
      high *= 2;
      if (high > 2147483645) {
        let each = 1; // built on purpose to mislead a binary search: one after the other, as C does
        while (this.getNumber(each) !== undefined) each++;
        return each - 1;
      }
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.getNumber(middle) === undefined) high = middle;
      else low = middle;
    }
    return low;
  }

  /** Where a key of that hash belongs. */
  #mainPosition(key: LuaValue, hash: number): number {
    const size = this.nodeKeys.length;
    if (typeof key === "string" || typeof key === "boolean") return hash & (size - 1);
    return (hash >>> 0) % ((size - 1) | 1);
  }

  #findNumber(key: number): number {
    const keys = this.nodeKeys;
    if (keys.length === 0) return -1;
    let node = (hashOfNumber(key) >>> 0) % ((keys.length - 1) | 1);
    do {
      if (keys[node] === key) return node;
      node = this.nodeNext[node];
    } while (node >= 0);
    return -1;
  }

  #findNode(key: LuaValue): number {
    const keys = this.nodeKeys;
    if (keys.length === 0) return -1;
    let node = this.#mainPosition(key, hashOfKey(key));
    do {
      if (keys[node] === key) return node;
      node = this.nodeNext[node];
    } while (node >= 0);
    return -1;
  }

  /** Adds a key that is not there. */
  #add(key: LuaValue, value: LuaValue, hash: number): void {
    const keys = this.nodeKeys;
    const size = keys.length;
    if (size === 0) {
      this.#rehash(key, value);
      return;
    }
    let position = this.#mainPosition(key, hash);
    if (this.nodeValues[position] !== undefined) {
      let free = this.lastFree - 1;
      while (free >= 0 && keys[free] !== undefined) free--;
      if (free < 0) {
        this.lastFree = 0;
        this.#rehash(key, value);
        return;
      }
      this.lastFree = free;
      const next = this.nodeNext;
      let other = this.#mainPosition(keys[position], next[size + position]);
      if (other !== position) {
        while (next[other] !== position) other = next[other];
        next[other] = free;
        keys[free] = keys[position];
        this.nodeValues[free] = this.nodeValues[position];
        next[free] = next[position];
        next[size + free] = next[size + position];
        next[position] = -1;
      } else {
        next[free] = next[position];
        next[position] = free;
        position = free;
      }
    }
    keys[position] = key;
    this.nodeValues[position] = value;
    this.nodeNext[size + position] = hash;
  }

  #rehash(key: LuaValue, value: LuaValue): void {
    counts.fill(0);
    const { array, nodeKeys, nodeValues } = this;
    let integers = 0;
    for (let slice = 0, from = 0, to = 1; from < array.length; slice++, from = to, to *= 2) {
      const end = Math.min(to, array.length);
      let used = 0;
      for (let at = from; at < end; at++) if (array[at] !== undefined) used++;
      counts[slice] = used;
      integers += used;
    }
    let total = integers;
    for (let node = 0; node < nodeKeys.length; node++) {
      if (nodeValues[node] === undefined) continue;
      total++;
      integers += countInteger(nodeKeys[node]);
    }
    total++;
    integers += countInteger(key);
    let arraySize = 0;
    let inArray = 0;
    let sum = 0;
    for (let slice = 0, power = 1; power / 2 < integers; slice++, power *= 2) {
      if (counts[slice] > 0) {
        sum += counts[slice];
        if (sum > power / 2) {
          arraySize = power;
          inArray = sum;
        }
      }
      if (sum === integers) break;
    }
    this.#resize(arraySize, total - inArray);
    this.set(key, value);
  }

  #resize(arraySize: number, nodes: number): void {
    const { array, nodeKeys, nodeValues, nodeNext } = this;
    const size = array.length;
    if (this.account !== null) {
      const bytes = 56 + arraySize * 16 + powerOfTwo(nodes) * 40;
      this.account.allocated(bytes - this.bytes);
      this.bytes = bytes;
    }
    for (let at = size; at < arraySize; at++) array.push(undefined);
    this.#makeNodes(nodes);
    if (arraySize < size) {
      const vanishing = array.splice(arraySize);
      for (let at = 0; at < vanishing.length; at++) {
        if (vanishing[at] !== undefined) this.setNumber(arraySize + at + 1, vanishing[at]);
      }
    }
    const nodesBefore = nodeKeys.length;
    for (let node = nodesBefore - 1; node >= 0; node--) {
      const value = nodeValues[node];
      if (value === undefined) continue;
      const key = nodeKeys[node];
      if (typeof key === "number") this.setNumber(key, value);
      else this.#add(key, value, nodeNext[nodesBefore + node]);
    }
  }

  #makeNodes(nodes: number): void {
    const size = powerOfTwo(nodes);
    if (size > NODES_MAX) throw new TableOverflow();
    this.walked = 0;
    this.lastFree = size;
    this.nodeKeys = size === 0 ? none : nils(size);
    this.nodeValues = size === 0 ? none : nils(size);
    this.nodeNext = size === 0 ? noLinks : links(size);
  }
}

/** What a table tells of the memory that it takes: `allocated` throws where that is too much. */
export interface MemoryAccount {
  allocated(bytes: number): void;
}

/** Small arrays are literals, which engines make by copying. */
function nils(count: number): LuaValue[] {
  if (count === 1) return [undefined];
  if (count === 2) return [undefined, undefined];
  const values: LuaValue[] = [undefined, undefined, undefined, undefined];
  if (count < 4) values.length = count;
  for (let i = 4; i < count; i++) values.push(undefined);
  return values;
}

/** No links, and room for the hashes. */
function links(size: number): number[] {
  if (size === 1) return [-1, 0];
  if (size === 2) return [-1, -1, 0, 0];
  if (size === 4) return [-1, -1, -1, -1, 0, 0, 0, 0];
  const values = [-1, -1, -1, -1, -1, -1, -1, -1];
  for (let i = 8; i < size; i++) values.push(-1);
  for (let i = 0; i < size; i++) values.push(0);
  return values;
}

function powerOfTwo(count: number): number {
  if (count === 0) return 0;
  let size = 1;
  while (size < count) size *= 2;
  return size;
}

function countInteger(key: LuaValue): number {
  if (typeof key !== "number" || key < 1 || key > ARRAY_SIZE_MAX || key !== Math.floor(key))
    return 0;
  counts[key === 1 ? 0 : 32 - Math.clz32(key - 1)]++;
  return 1;
}

/** The sum of a number's two halves. */
function hashOfNumber(key: number): number {
  if (key === 0) return 0;
  double[0] = key;
  return (words[0] + words[1]) | 0;
}

function hashOfKey(key: LuaValue): number {
  if (typeof key === "string") return hashOf(key);
  if (typeof key === "number") return hashOfNumber(key);
  return typeof key === "boolean" ? Number(key) : keyNumber(key as LuaObject);
}

function keyNumber(object: LuaObject): number {
  if (object.keyNumber === 0) object.keyNumber = ++objectKeys;
  return object.keyNumber;
}
