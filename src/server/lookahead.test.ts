// Looking ahead at each command's key: what is loaded, and what is handed on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes, latin1Text } from "../base/bytes.ts";
import { TestDatabase } from "../commands/test-support.ts";
import type { CommandEntry } from "../engine/command.ts";
import { CommandTable } from "../engine/command-table.ts";
import { RequestParser } from "../protocol/request-parser.ts";
import { Lookahead } from "./lookahead.ts";

/** Commands that the table does not have, with their keys where Redis has them. */
const others: readonly CommandEntry[] = [
  entry("tsum", [{ index: 1, counted: true, flags: "RO access" }]),
  entry("tread", [{ keyword: "STREAMS", index: 1, last: -1, limit: 2, flags: "RO access" }]),
  entry("trun", [{ index: 2, counted: true, flags: "RW access update" }]),
  entry("tstore", [
    { index: 1, flags: "OW update" },
    { index: 2, counted: true, flags: "RO access" },
  ]),
  entry("tshard", [{ index: 1, flags: "not_key" }]),
  entry("tmixed", [], [entry("one", "RO"), entry("two", [{ index: 2, flags: "RO access" }])]),
];

function entry(
  name: string,
  keys: CommandEntry["keys"],
  subcommands?: readonly CommandEntry[],
): CommandEntry {
  const more = { group: "generic", since: "1.0.0", complexity: "O(1)", summary: "" };
  const at = subcommands === undefined ? {} : { subcommands };
  return { name, arity: -1, flags: "readonly", keys, handler: () => {}, ...more, ...at };
}

function bytesOf(requests: readonly string[]): Uint8Array {
  const texts = requests.map((request) => {
    const words = request.split(" ");
    return `*${words.length}\r\n${words.map((w) => `$${w.length}\r\n${w}\r\n`).join("")}`;
  });
  return asciiBytes(texts.join(""));
}

/** What is hashed, which is what will be looked for, while requests are looked ahead at. */
function foreseen(...requests: string[]): string[] {
  return foreseenIn(new TestDatabase(), ...requests);
}

function foreseenIn({ keyspace, executor }: TestDatabase, ...requests: string[]): string[] {
  return hashedBy(keyspace.tables.hasher, () => {
    const ahead = new Lookahead(tableOf(executor.table), keyspace);
    const bytes = bytesOf(requests);
    ahead.read(new RequestParser(), bytes, 0, bytes.length, true, null);
    assert.equal(ahead.count, requests.length);
    ahead.load(0);
    ahead.clear();
  });
}

type Hasher = TestDatabase["keyspace"]["tables"]["hasher"];

function hashedBy(hasher: Hasher, work: () => void): string[] {
  const hashed: string[] = [];
  const hash = hasher.hash.bind(hasher);
  hasher.hash = (bytes, start, end) => {
    hashed.push(latin1Text(bytes, start, end));
    return hash(bytes, start, end);
  };
  try {
    work();
  } finally {
    hasher.hash = hash;
  }
  return hashed;
}

/** The commands of a table, and the others. */
function tableOf(table: CommandTable): CommandTable {
  return new CommandTable([[...table.commands.values()].map((each) => each.entry), others]);
}

test("a key is foreseen where its command has it", () => {
  const places: readonly [request: string, key?: string][] = [
    ["GET a", "a"],
    ["hset a f v", "a"],
    ["PING"],
    ["ECHO a"],
    ["PUBLISH a b"],
    ["SELECT 1"],
    ["NOSUCH a"],
    ["GET"],
    ["LMPOP 2 a b LEFT", "a"],
    ["BLMPOP 0 1 a LEFT", "a"],
    ["SINTERCARD 2 a b", "a"],
    ["OBJECT ENCODING a", "a"],
    ["OBJECT HELP"],
    ["MEMORY USAGE a", "a"],
    ["CLIENT SETNAME a"],
    ["TSUM 1 a", "a"],
    ["TREAD STREAMS a 0"],
    ["TREAD COUNT 1 STREAMS a 0"],
    ["TRUN code 1 a", "a"],
    ["TRUN code"],
    ["TSTORE to 1 a", "to"],
    ["TSHARD a"],
    ["TMIXED ONE a"],
  ];
  for (const [request, key] of places) {
    assert.deepEqual(foreseen(request), key === undefined ? [] : [key], request);
  }
});

test("a repeated key is foreseen once, and one among others in its place", () => {
  assert.deepEqual(foreseen("GET a", "LMPOP 1 a LEFT", "PING", "BLMPOP 0 1 b LEFT", "GET c"), [
    "a",
    "b",
    "c",
  ]);
});

test("a member of a table is foreseen where its command has it", () => {
  const database = new TestDatabase();
  const client = database.connect();
  for (let i = 0; i < 600; i++) {
    client.call("ZADD", "z", "1", `m${i}`);
    client.call("HSET", "h", `m${i}`, "v");
    client.call("SADD", "s", `m${i}`);
    client.call("GEOADD", "g", "1", "1", `m${i}`);
  }
  const places: [request: string, ...hashed: string[]][] = [
    ["ZADD z 2 m5", "z", "m5"],
    ["ZINCRBY z 2 m5", "z", "m5"],
    ["ZSCORE z m5", "z", "m5"],
    ["ZRANGE z 0 5", "z"],
    ["ZREVRANGEBYSCORE z 5 0", "z"],
    ["ZCOUNT z 0 5", "z"],
    ["ZPOPMIN z 2", "z"],
    ["GEOADD g 2 2 m5", "g", "m5"],
    ["GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 km", "g"],
    ["GEORADIUSBYMEMBER g m5 1 km", "g", "m5"],
    ["HGET h m5", "h", "m5"],
    ["HTTL h FIELDS 1 m5", "h", "m5"],
    ["HSCAN h 0", "h"],
    ["SISMEMBER s m5", "s", "m5"],
    ["SPOP s 2", "s"],
  ];
  for (const [request, ...hashed] of places) {
    assert.deepEqual(foreseenIn(database, request), hashed, request);
  }
});

test("what is executed has its command already, and does not hash its key again", () => {
  const database = new TestDatabase();
  const { executor, keyspace } = database;
  const client = database.connect();
  client.call("RPUSH", "list", "a", "b");
  client.call("SADD", "set", "1", "2");
  client.call("SET", "k", "v");
  const requests = ["LMPOP 1 list LEFT", "OBJECT ENCODING k", "SINTERCARD 1 set", "GET k"];
  const bytes = bytesOf(requests);
  const ahead = new Lookahead(executor.table, keyspace);
  ahead.read(new RequestParser(), bytes, 0, bytes.length, true, null);
  assert.equal(ahead.command(0), undefined, "nothing is looked up before load()");
  ahead.load(0);
  const names = requests.map((_, i) => ahead.command(i)?.name);
  assert.deepEqual(names, ["lmpop", "object", "sintercard", "get"]);
  const { reply } = database.context;
  reply.length = 0;
  const hashed = hashedBy(keyspace.tables.hasher, () => {
    for (const [i, request] of ahead.requests.slice(0, ahead.count).entries()) {
      ahead.announce(i);
      executor.execute(client.session, request, ahead.command(i));
    }
  });
  assert.deepEqual(hashed, []);
  const replies = latin1Text(reply.bytes, 0, reply.length).replaceAll("\r\n", " ");
  assert.equal(replies, "*2 $4 list *1 $1 a $6 embstr :2 $1 v ");
  ahead.clear();
  assert.equal(ahead.command(0), undefined);
});
