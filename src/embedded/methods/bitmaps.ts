// The methods for the bits of strings. What each command does in full:
// redis.io/docs/latest/commands.

import { checkOptions } from "../options.ts";
import { wordsOf } from "../request.ts";
import { type AnyMode, As, type Reply, type Value, type Values } from "../values.ts";
import { Asking, bound } from "./asking.ts";

export type BitUnit = "BYTE" | "BIT";
export type BitOperation = "AND" | "OR" | "XOR" | "NOT" | "DIFF" | "DIFF1" | "ANDOR" | "ONE";

/** A part of a string; negative positions count from the end. */
export interface BitcountRange {
  readonly start: number;
  /** The last position of the range. */
  readonly end: number;
  /** What positions count: bytes, unless it is "BIT". */
  readonly unit?: BitUnit | undefined;
}

/** A part of a string, to its end where none is given. */
export interface BitposRange {
  readonly start: number;
  readonly end?: number | undefined;
  /** What positions count: bytes, unless it is "BIT". */
  readonly unit?: BitUnit | undefined;
}

/** An integer of so many bits, with a sign or without: up to `i64` and `u63`. */
export type BitfieldType = `i${number}` | `u${number}`;

/** Where an integer begins: at this bit, or (`#2`) behind so many of its type. */
export type BitfieldOffset = number | `#${number}`;

export interface BitfieldGet {
  readonly get: BitfieldType;
  readonly offset: BitfieldOffset;
}

/** What happens to an integer that is too great or too small for its bits; else it wraps round. */
export type BitfieldOverflow = "WRAP" | "SAT" | "FAIL";

export type BitfieldOperation =
  | BitfieldGet
  | {
      readonly set: BitfieldType;
      readonly offset: BitfieldOffset;
      readonly value: number | bigint;
      readonly overflow?: BitfieldOverflow | undefined;
    }
  | {
      readonly incrby: BitfieldType;
      readonly offset: BitfieldOffset;
      readonly increment: number | bigint;
      readonly overflow?: BitfieldOverflow | undefined;
    };

const rangeNames: ReadonlySet<string> = new Set(["start", "end", "unit"]);
const operationNames: ReadonlySet<string> = new Set([
  "get",
  "set",
  "incrby",
  "offset",
  "value",
  "increment",
  "overflow",
]);

export abstract class BitmapMethods<M extends AnyMode> extends Asking<M> {
  /** Sets or clears a bit, 0 being the highest of the first byte, and returns what it was. */
  setbit(key: Value, offset: number, bit: 0 | 1): Reply<M, 0 | 1> {
    return bound(this).ask(As.value, "setbit", key, offset, bit);
  }

  /** A bit of a key's string, 0 behind its end. */
  getbit(key: Value, offset: number): Reply<M, 0 | 1> {
    return bound(this).ask(As.value, "getbit", key, offset);
  }

  /** How many bits are set. */
  bitcount(key: Value, range?: BitcountRange): Reply<M, number> {
    return bound(this).askAll(As.value, "bitcount", rangeWords("bitcount", range), key);
  }

  /**
   * The first bit that is 1 or 0, counted from the string's beginning; −1 where there is none. With
   * no end, zeros follow the string.
   */
  bitpos(key: Value, bit: 0 | 1, range?: BitposRange): Reply<M, number> {
    return bound(this).askAll(As.value, "bitpos", rangeWords("bitpos", range), key, bit);
  }

  /** Combines strings bit by bit under another key; returns the result's length in bytes. */
  bitop(operation: BitOperation, destination: Value, ...keys: Values): Reply<M, number> {
    return bound(this).askAll(As.value, "bitop", wordsOf(keys), operation, destination);
  }

  /**
   * Reads, sets and adds to integers, one after the other: what was there for `get` and `set`, what
   * is there now for `incrby`, null where that would overflow with "FAIL". As with counters, a
   * bigint past ±(2^53 − 1).
   */
  bitfield(key: Value, ...operations: readonly BitfieldOperation[]): Reply<M, (number | null)[]> {
    return bound(this).askAll(As.value, "bitfield", operationWords("bitfield", operations), key);
  }

  /** As bitfield, for what only reads. */
  bitfield_ro(key: Value, ...operations: readonly BitfieldGet[]): Reply<M, number[]> {
    const words = operationWords("bitfield_ro", operations);
    return bound(this).askAll(As.value, "bitfield_ro", words, key);
  }
}

function rangeWords(method: string, range: BitposRange | undefined): Value[] | undefined {
  if (range === undefined) return undefined;
  checkOptions(method, range, rangeNames);
  const { start, end, unit } = range;
  const words: Value[] = [start];
  // Where a unit stands, an end stands before it.
  if (end !== undefined || unit !== undefined) words.push(end ?? -1);
  if (unit !== undefined) words.push(unit);
  return words;
}

function operationWords(method: string, operations: readonly BitfieldOperation[]): Value[] {
  const words: Value[] = [];
  let overflow: BitfieldOverflow = "WRAP";
  for (const operation of operations) {
    checkOptions(method, operation, operationNames);
    if ("get" in operation) {
      words.push("GET", operation.get, operation.offset);
      continue;
    }
    const wanted = operation.overflow ?? "WRAP";
    if (wanted !== overflow) words.push("OVERFLOW", wanted);
    overflow = wanted;
    if ("set" in operation) {
      words.push("SET", operation.set, operation.offset, operation.value);
    } else words.push("INCRBY", operation.incrby, operation.offset, operation.increment);
  }
  return words;
}
