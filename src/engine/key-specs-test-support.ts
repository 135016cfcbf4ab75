// Rows of keys that no command here has yet, for tests of key specifications: each kind of place
// that Redis's commands have their keys in. What stands beside them was answered by redis-server
// 7.0.15; test/conformance/key-specs.test.ts asks the one that is installed.

import { asciiBytes } from "../base/bytes.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { type FoundKeys, type KeyFinder, KeyFlag, type RowKeys } from "./key-specs.ts";

interface KeyRow {
  name: string;
  keys: RowKeys;
  findKeys?: KeyFinder;
  /** COMMAND INFO's first key, last key and step, and whether it has the flag movablekeys. */
  range: readonly [first: number, last: number, step: number, movable: boolean];
  /** Requests, and each one's keys with their flags; a request that is refused has none. */
  requests: Record<string, string>;
}

const byOrGet =
  "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from " +
  "the content of the key we sort";
const sortStore =
  "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear " +
  "anywhere in the argument array";
const scriptNotes =
  "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE";

const destinationAndCounted: RowKeys = [
  { index: 1, flags: "OW update" },
  { index: 2, counted: true, flags: "RO access" },
];

function georadius(from: number): RowKeys {
  return [
    { index: 1, flags: "RO access" },
    { index: from, keyword: "STORE", optional: true, flags: "OW update" },
    { index: from, keyword: "STOREDIST", optional: true, flags: "OW update" },
  ];
}

const STORE = asciiBytes("store");
const LIMIT = asciiBytes("limit");
const BY = asciiBytes("by");
const GET = asciiBytes("get");
const KEYS = asciiBytes("keys");

/** SORT's key, and that of its last STORE. */
function findSortKeys(args: Arguments, found: FoundKeys): boolean {
  found.add(1, KeyFlag.RO | KeyFlag.access);
  for (let i = 2; i + 1 < args.count; i++) {
    if (args.is(i, LIMIT)) i += 2;
    else if (args.is(i, BY) || args.is(i, GET)) i++;
    else if (args.is(i, STORE)) {
      found.count = 1;
      found.add(i + 1, KeyFlag.OW | KeyFlag.update);
    }
  }
  return true;
}

/** MIGRATE's key, or those behind KEYS where it is empty. */
function findMigrateKeys(args: Arguments, found: FoundKeys): boolean {
  const flags = KeyFlag.RW | KeyFlag.access | KeyFlag.delete;
  let i = 6;
  while (i < args.count && !args.is(i, KEYS)) i++;
  if (i >= args.count) {
    found.add(3, flags);
    return true;
  }
  if (args.length(3) > 0) return false;
  for (let key = i + 1; key < args.count; key++) found.add(key, flags);
  return found.count > 0;
}

export const keyRows: readonly KeyRow[] = [
  {
    name: "sort",
    keys: [
      { index: 1, flags: "RO access" },
      { notes: byOrGet, flags: "RO access" },
      { notes: sortStore, flags: "OW update" },
    ],
    findKeys: findSortKeys,
    range: [1, 1, 1, true],
    requests: {
      "SORT k": "k RO access",
      "SORT k BY store GET x STORE d": "k RO access, d OW update",
      "SORT k STORE a STORE b": "k RO access, b OW update",
      "SORT k LIMIT store 1": "k RO access",
    },
  },
  {
    name: "sort_ro",
    keys: [
      { index: 1, flags: "RO access" },
      { notes: byOrGet, flags: "RO access" },
    ],
    findKeys(_, found) {
      found.add(1, KeyFlag.RO | KeyFlag.access);
      return true;
    },
    range: [1, 1, 1, true],
    requests: { "SORT_RO k BY p": "k RO access" },
  },
  {
    name: "zunionstore",
    keys: destinationAndCounted,
    range: [1, 1, 1, true],
    requests: {
      "ZUNIONSTORE d 2 a b": "d OW update, a RO access, b RO access",
      "ZUNIONSTORE d 1 a WEIGHTS 2": "d OW update, a RO access",
      "ZUNIONSTORE d 3 a b": "",
      "ZUNIONSTORE d 0 a": "",
    },
  },
  { name: "zinterstore", keys: destinationAndCounted, range: [1, 1, 1, true], requests: {} },
  { name: "zdiffstore", keys: destinationAndCounted, range: [1, 1, 1, true], requests: {} },
  {
    name: "zunion",
    keys: [{ index: 1, counted: true, flags: "RO access" }],
    range: [0, 0, 0, true],
    requests: {
      "ZUNION 2 a b WITHSCORES": "a RO access, b RO access",
      "ZUNION x a": "",
      "ZUNION -1 a": "",
      "ZUNION 3000000000 a": "",
    },
  },
  {
    name: "bzmpop",
    keys: [{ index: 2, counted: true, flags: "RW access delete" }],
    range: [0, 0, 0, true],
    requests: { "BZMPOP 0 1 z MIN": "z RW access delete" },
  },
  {
    name: "xread",
    keys: [{ keyword: "STREAMS", index: 1, last: -1, limit: 2, flags: "RO access" }],
    range: [0, 0, 0, true],
    requests: {
      "XREAD STREAMS a b 1 2": "a RO access, b RO access",
      "XREAD STREAMS a b 1": "a RO access",
      "XREAD COUNT 1 STREAMS STREAMS 1": "STREAMS RO access",
      "XREAD COUNT 1 streams a 1": "a RO access",
      "XREAD a b c": "",
    },
  },
  {
    name: "xreadgroup",
    keys: [{ keyword: "STREAMS", index: 4, last: -1, limit: 2, flags: "RO access" }],
    range: [0, 0, 0, true],
    requests: {
      "XREADGROUP GROUP streams streams STREAMS k 1": "k RO access",
      "XREADGROUP GROUP g c COUNT 1 STREAMS k1 k2 1 2": "k1 RO access, k2 RO access",
    },
  },
  {
    name: "xgroup|create",
    keys: [{ index: 2, flags: "RW insert" }],
    range: [2, 2, 1, false],
    requests: { "XGROUP CREATE k g 0": "k RW insert" },
  },
  {
    name: "georadius",
    keys: georadius(6),
    range: [1, 1, 1, true],
    requests: {
      "GEORADIUS k 1 2 3 m": "k RO access",
      "GEORADIUS k 1 2 3 m STORE d": "k RO access, d OW update",
      "GEORADIUS k 1 2 3 m ASC STOREDIST e": "k RO access, e OW update",
      "GEORADIUS k 1 2 3 m STORE d STOREDIST e": "k RO access, d OW update, e OW update",
      "GEORADIUS k 1 2 3 m STOREDIST e STORE": "k RO access, e OW update",
    },
  },
  {
    name: "georadiusbymember",
    keys: georadius(5),
    range: [1, 1, 1, true],
    requests: { "GEORADIUSBYMEMBER k m 3 m STORE d": "k RO access, d OW update" },
  },
  {
    name: "migrate",
    keys: [
      { index: 3, flags: "RW access delete" },
      { keyword: "KEYS", index: -2, last: -1, flags: "RW access delete incomplete" },
    ],
    findKeys: findMigrateKeys,
    range: [3, 3, 1, true],
    requests: {
      "MIGRATE h 1 k 0 1": "k RW access delete",
      'MIGRATE h 1 "" 0 1 KEYS a b': "a RW access delete, b RW access delete",
      "MIGRATE h 1 k 0 1 KEYS a b": "",
    },
  },
  {
    name: "eval",
    keys: [{ index: 2, counted: true, notes: scriptNotes, flags: "RW access update" }],
    range: [0, 0, 0, true],
    requests: { "EVAL s 1 a b": "a RW access update", "EVAL s 0": "", "EVAL s 5 a": "" },
  },
  {
    name: "bitop",
    keys: [
      { index: 2, flags: "OW update" },
      { index: 3, last: -1, flags: "RO access" },
    ],
    range: [2, -1, 1, false],
    requests: { "BITOP AND d a b": "d OW update, a RO access, b RO access" },
  },
  {
    name: "lcs",
    keys: [{ index: 1, last: 1, flags: "RO access" }],
    range: [1, 2, 1, false],
    requests: { "LCS a b": "a RO access, b RO access" },
  },
  {
    name: "pfmerge",
    keys: [
      { index: 1, flags: "RW access insert" },
      { index: 2, last: -1, flags: "RO access" },
    ],
    range: [1, -1, 1, false],
    requests: { "PFMERGE d a b": "d RW access insert, a RO access, b RO access", "PFMERGE d": "" },
  },
];

/** The words of a request as it is written above: "" is an empty one. */
export function wordsOf(request: string): string[] {
  return request.split(" ").map((word) => (word === '""' ? "" : word));
}
