// Digests: 160 bits that are equal for equal data, in whatever order and encoding it lies, as
// Redis's DEBUG DIGEST and DEBUG DIGEST-VALUE compute them. What has an order is mixed: xored with
// the SHA-1 of the next part, and then replaced by its own SHA-1. What has none is xored:
// with its SHA-1.
//
//   database    mix(number of the database) for each that holds something; xor(entry) for each
//   entry       mix(key), and its value
//   value       mix(number of the type), what the type tells, xor("!!expire!!") with a deadline

import { asciiBytes } from "../base/bytes.ts";
import { SHA1_WORDS, sha1Again, sha1Into } from "../base/sha1.ts";
import type { ValueDigest } from "./data-type.ts";
import type { Keyspace } from "./keyspace.ts";

const FIELD_EXPIRES = asciiBytes("!!hexpire!!");
const EXPIRES = asciiBytes("!!expire!!");
const part = new Int32Array(SHA1_WORDS);
const number = new Uint8Array(4);

/** One digest that takes in values. */
class Digest implements ValueDigest {
  readonly words = new Int32Array(SHA1_WORDS);
  readonly #pair = new Int32Array(SHA1_WORDS);

  next(bytes: Uint8Array, start: number, end: number): void {
    mix(this.words, bytes, start, end);
  }

  member(bytes: Uint8Array, start: number, end: number): void {
    sha1Into(bytes, start, end, part);
    xor(this.words, part);
  }

  pair(
    bytes: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    hasDeadline = false,
  ): void {
    const pair = this.#pair;
    pair.fill(0);
    mix(pair, bytes, start, end);
    mix(pair, value, valueStart, valueEnd);
    if (hasDeadline) {
      sha1Into(FIELD_EXPIRES, 0, FIELD_EXPIRES.length, part);
      xor(pair, part);
    }
    sha1Again(pair);
    xor(this.words, pair);
  }

  /** Takes in what an entry holds. */
  value(keyspace: Keyspace, entry: number): void {
    const { records, types } = keyspace;
    const type = keyspace.typeOf(entry);
    mixNumber(this.words, type);
    types.byNumber[type]?.digest(entry, this);
    if (records.hasDeadline(entry)) this.member(EXPIRES, 0, EXPIRES.length);
  }
}

/** The digest of what one entry holds, in hexadecimal; of none (0): zeros. */
export function digestOfValue(keyspace: Keyspace, entry: number): string {
  const digest = new Digest();
  if (entry !== 0) digest.value(keyspace, entry);
  return hexadecimal(digest.words);
}

/** The digest of all databases, in hexadecimal. */
export function digestOfAll(keyspace: Keyspace): string {
  const { tables, records } = keyspace;
  const all = new Int32Array(SHA1_WORDS);
  const digest = new Digest();
  for (let db = 0; db < keyspace.databases; db++) {
    if (keyspace.size(db) === 0) continue;
    mixNumber(all, db);
    const table = keyspace.table(db);
    for (let bucket = 0; bucket < tables.chains(table); bucket++) {
      const count = tables.collect(table, bucket);
      // A copy, since a value may be a table whose records are collected in turn.
      for (const entry of tables.found.slice(0, count)) {
        records.key(entry);
        digest.words.fill(0);
        digest.next(records.bytes, records.start, records.end);
        digest.value(keyspace, entry);
        sha1Again(digest.words);
        xor(all, digest.words);
      }
    }
  }
  return hexadecimal(all);
}

function mix(words: Int32Array, bytes: Uint8Array, start: number, end: number): void {
  sha1Into(bytes, start, end, part);
  xor(words, part);
  sha1Again(words);
}

function mixNumber(words: Int32Array, n: number): void {
  for (let i = 0; i < 4; i++) number[i] = n >>> (24 - 8 * i);
  mix(words, number, 0, 4);
}

function xor(words: Int32Array, other: Int32Array): void {
  for (let i = 0; i < SHA1_WORDS; i++) words[i] ^= other[i];
}

function hexadecimal(words: Int32Array): string {
  let text = "";
  for (const word of words) text += (word >>> 0).toString(16).padStart(8, "0");
  return text;
}
