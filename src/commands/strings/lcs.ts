// LCS: the longest common subsequence of two strings, its length, or where its parts lie.
//
// Redis fills a table of 4 bytes for each pair of bytes, and refuses where that would be larger
// than proto-max-bulk-len. Here it takes one bit (base/common-subsequence.ts); the bound is the
// same.

import { asciiBytes } from "../../base/bytes.ts";
import { CommonSubsequence } from "../../base/common-subsequence.ts";
import type { Command, Context } from "../../engine/context.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { stringsOf } from "../../types/strings.ts";

const notStrings = errorLine("ERR The specified keys must contain string values");
const lengthAndIndexes = errorLine(
  "ERR If you want both the length and indexes, please just use IDX.",
);
const tooLong = errorLine(
  "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
);

const IDX = asciiBytes("idx");
const LEN = asciiBytes("len");
const WITHMATCHLEN = asciiBytes("withmatchlen");
const MINMATCHLEN = asciiBytes("minmatchlen");
const MATCHES = asciiBytes("matches");
/** Bytes that Redis takes for each pair of bytes, one more each. */
const TABLE_BYTES = 4;

const NO_BYTES = new Uint8Array(0);

export const lcs: Command = {
  name: "lcs",
  arity: -3,
  flags: "readonly",
  keys: [{ index: 1, last: 1, flags: "RO access" }],
  group: "string",
  since: "7.0.0",
  complexity: "O(N*M) where N and M are the lengths of the strings.",
  summary: "Finds the longest common subsequence of two strings.",
  args: [
    { name: "key1", type: "key", keySpecIndex: 0 },
    { name: "key2", type: "key", keySpecIndex: 0 },
    { name: "len", type: "pure-token", token: "LEN", optional: true },
    { name: "idx", type: "pure-token", token: "IDX", optional: true },
    { name: "min-match-len", type: "integer", token: "MINMATCHLEN", optional: true },
    { name: "withmatchlen", type: "pure-token", token: "WITHMATCHLEN", optional: true },
  ],
  handler: lcsCommand,
};

/** What the request being executed asks for. */
const asked = { length: false, indexes: false, lengthMin: 0, withLengths: false };

function lcsCommand(c: Context): void {
  const { keyspace, reply } = c;
  const { records } = keyspace;
  const first = c.find(1);
  const second = c.find(2);
  if (!isStringOrNone(c, first) || !isStringOrNone(c, second)) return reply.error(notStrings);
  if (!readOptions(c)) return;
  if (asked.length && asked.indexes) return reply.error(lengthAndIndexes);
  let a: Uint8Array = NO_BYTES;
  let aStart = 0;
  let aEnd = 0;
  if (first !== 0) {
    records.value(first);
    a = records.bytes;
    aStart = records.start;
    aEnd = records.end;
  }
  let b: Uint8Array = NO_BYTES;
  let bStart = 0;
  let bEnd = 0;
  if (second !== 0) {
    records.value(second);
    b = records.bytes;
    bStart = records.start;
    bEnd = records.end;
  }
  const tableBytes = (aEnd - aStart + 1) * (bEnd - bStart + 1) * TABLE_BYTES;
  if (tableBytes > stringsOf(c).lengthMax) return reply.error(tooLong);
  const found = new CommonSubsequence();
  found.compute(a, aStart, aEnd, b, bStart, bEnd, !asked.length);
  if (asked.length) reply.integer(found.length);
  else if (asked.indexes) replyIndexes(c, found);
  else replySubsequence(c, found, a, aStart);
}

function isStringOrNone(c: Context, entry: number): boolean {
  return entry === 0 || c.keyspace.typeOf(entry) === STRING;
}

/** Reads the options into `asked`; false when an error has been replied. */
function readOptions(c: Context): boolean {
  const { args, reply } = c;
  asked.length = false;
  asked.indexes = false;
  asked.lengthMin = 0;
  asked.withLengths = false;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, IDX)) asked.indexes = true;
    else if (args.is(i, LEN)) asked.length = true;
    else if (args.is(i, WITHMATCHLEN)) asked.withLengths = true;
    else if (args.is(i, MINMATCHLEN) && i + 1 < args.count) {
      asked.lengthMin = args.index(++i);
      if (Number.isNaN(asked.lengthMin)) {
        reply.error(Errors.notInteger);
        return false;
      }
    } else {
      reply.error(Errors.syntax);
      return false;
    }
  }
  return true;
}

function replySubsequence(
  c: Context,
  found: CommonSubsequence,
  a: Uint8Array,
  aStart: number,
): void {
  const bytes = new Uint8Array(found.length);
  let at = found.length;
  while (found.i > 0 && found.j > 0) if (found.back()) bytes[--at] = a[aStart + found.i];
  c.reply.bulk(bytes, 0, bytes.length);
}

/** Replies where the parts lie that are together in both strings, the last first. */
function replyIndexes(c: Context, found: CommonSubsequence): void {
  const { reply } = c;
  reply.map(2);
  reply.bulk(MATCHES, 0, MATCHES.length);
  const mark = reply.beginDeferred();
  let matches = 0;
  let length = 0;
  let aAt = 0;
  let bAt = 0;
  while (found.i > 0 && found.j > 0) {
    if (found.back()) {
      length++;
      aAt = found.i;
      bAt = found.j;
      if (aAt > 0 && bAt > 0) continue;
    }
    // A part ends where bytes differ, or where a string begins.
    if (length > 0 && length >= asked.lengthMin) {
      replyMatch(c, aAt, bAt, length);
      matches++;
    }
    length = 0;
  }
  reply.endArray(mark, matches);
  reply.bulk(LEN, 0, LEN.length);
  reply.integer(found.length);
}

/** Replies one part: its first and last position in both strings. */
function replyMatch(c: Context, aAt: number, bAt: number, length: number): void {
  const { reply } = c;
  reply.array(asked.withLengths ? 3 : 2);
  reply.array(2);
  reply.integer(aAt);
  reply.integer(aAt + length - 1);
  reply.array(2);
  reply.integer(bAt);
  reply.integer(bAt + length - 1);
  if (asked.withLengths) reply.integer(length);
}

export const lcsCommands: readonly Command[] = [lcs];
