import assert from "node:assert/strict";
import { test } from "node:test";
import { Flag } from "../../engine/command.ts";
import type { Command } from "../../engine/context.ts";
import { commandFamilies } from "../all-commands.ts";
import { TestDatabase } from "../test-support.ts";

const entries: Command[] = commandFamilies.flat();

test("every entry can be called, and says what it is", () => {
  const check = (entry: Command, container: boolean): void => {
    assert.equal(entry.name, entry.name.toLowerCase());
    assert.ok(entry.arity !== 0, entry.name);
    assert.ok(entry.handler !== undefined || entry.subcommands !== undefined, entry.name);
    assert.match(entry.summary, /^[A-Z][^\n]{1,70}[^.\n]\.$/, entry.name);
    for (const flag of entry.flags.split(" ")) assert.ok(flag === "" || flag in Flag, flag);
    assert.match(entry.since, /^\d+\.\d+\.\d+$/, entry.name);
    for (const arg of entry.args ?? []) {
      if (arg.type === "key") assert.ok(entry.keys !== undefined, `${entry.name} has keys`);
    }
    for (const sub of entry.subcommands ?? []) {
      assert.ok(!container, "subcommands have none themselves");
      check(sub, true);
    }
  };
  for (const entry of entries) check(entry, false);
});

test("COMMAND INFO has the shape that clients read", () => {
  const a = new TestDatabase().connect();
  const range = (index: number, lastkey: number): unknown[] => [
    "begin_search",
    ["type", "index", "spec", ["index", index]],
    "find_keys",
    ["type", "range", "spec", ["lastkey", lastkey, "keystep", 1, "limit", 0]],
  ];
  assert.deepEqual(a.call("COMMAND", "INFO", "get", "bogus", "sunionstore", "lmpop"), [
    [
      "get",
      2,
      ["readonly", "fast"],
      1,
      1,
      1,
      ["@read", "@string", "@fast"],
      [],
      [["flags", ["RO", "access"], ...range(1, 0)]],
      [],
    ],
    null,
    [
      "sunionstore",
      -3,
      ["write", "denyoom"],
      1,
      -1,
      1,
      ["@write", "@set", "@slow"],
      [],
      [
        ["flags", ["OW", "update"], ...range(1, 0)],
        ["flags", ["RO", "access"], ...range(2, -1)],
      ],
      [],
    ],
    [
      "lmpop",
      -4,
      ["write", "movablekeys"],
      0,
      0,
      0,
      ["@write", "@list", "@slow"],
      [],
      [
        [
          "flags",
          ["RW", "access", "delete"],
          "begin_search",
          ["type", "index", "spec", ["index", 1]],
          "find_keys",
          ["type", "keynum", "spec", ["keynumidx", 0, "firstkey", 1, "keystep", 1]],
        ],
      ],
      [],
    ],
  ]);
});

test("COMMAND INFO and DOCS have maps and sets in RESP3", () => {
  const a = new TestDatabase().connect();
  a.line("HELLO 3");
  const [info] = a.call("COMMAND", "INFO", "config|set") as unknown[][];
  assert.equal(info[0], "config|set");
  assert.deepEqual(info[9], new Set());
  assert.deepEqual(info[2], new Set(["admin", "noscript", "loading", "stale"]));
  assert.deepEqual(info[6], new Set(["@admin", "@slow", "@dangerous"]));
  const docs = a.call("COMMAND", "DOCS", "getset", "nope") as Map<string, Map<string, unknown>>;
  assert.deepEqual([...docs.keys()], ["getset"]);
  const getset = docs.get("getset") as Map<string, unknown>;
  assert.deepEqual(getset.get("doc_flags"), new Set(["deprecated"]));
  assert.equal(getset.get("deprecated_since"), "6.2.0");
  assert.deepEqual(
    (getset.get("arguments") as unknown[])[0],
    new Map(
      Object.entries({
        name: "key",
        type: "key",
        display_text: "key",
        key_spec_index: 0,
      }),
    ),
  );
});

test("COMMAND and COMMAND DOCS tell of every command once", () => {
  const a = new TestDatabase().connect();
  const all = (a.call("COMMAND") as string[][]).map((info) => info[0]);
  assert.equal(all.length, entries.length);
  assert.equal(a.call("COMMAND", "COUNT"), entries.length);
  assert.equal(new Set(all).size, all.length);
  assert.equal((a.call("COMMAND", "DOCS") as unknown[]).length, entries.length * 2);
  assert.deepEqual(a.call("COMMAND", "INFO"), a.call("COMMAND"));
});

test("COMMAND LIST filters", () => {
  const a = new TestDatabase().connect();
  const list = (...words: string[]): unknown => a.call("COMMAND", "LIST", ...words);
  assert.ok((list() as string[]).includes("config|get"));
  assert.deepEqual(list("FILTERBY", "PATTERN", "GETD*"), ["getdel"]);
  assert.deepEqual(list("FILTERBY", "MODULE", "x"), []);
  assert.deepEqual(list("FILTERBY", "ACLCAT", "bogus"), []);
  assert.deepEqual(list("FILTERBY", "ACLCAT", "transaction"), [
    "multi",
    "exec",
    "discard",
    "watch",
    "unwatch",
  ]);
  assert.equal(list("BOGUS"), "-ERR syntax error");
});

test("COMMAND GETKEYS finds keys wherever they stand", () => {
  const a = new TestDatabase().connect();
  const keys = (line: string): unknown => a.call("COMMAND", "GETKEYS", ...line.split(" "));
  assert.deepEqual(keys("MSET a 1 b 2"), ["a", "b"]);
  assert.deepEqual(keys("BLPOP a b 0"), ["a", "b"]);
  assert.deepEqual(keys("BLMPOP 0 2 a b LEFT"), ["a", "b"]);
  assert.deepEqual(keys("BLMOVE a b LEFT LEFT 0"), ["a", "b"]);
  assert.deepEqual(keys("LMPOP 2 a b LEFT"), ["a", "b"]);
  assert.deepEqual(keys("OBJECT ENCODING a"), ["a"]);
  assert.equal(keys("LMPOP 9 a LEFT"), "-ERR Invalid arguments specified for command");
  assert.equal(keys("PING"), "-ERR The command has no key arguments");
  assert.equal(keys("GET"), "-ERR Invalid number of arguments specified for command");
  assert.equal(keys("MEMORY BOGUS k"), "-ERR Invalid command specified");
});

test("COMMAND GETKEYSANDFLAGS tells what happens to each key", () => {
  const a = new TestDatabase().connect();
  const keys = (line: string): unknown => a.call("COMMAND", "GETKEYSANDFLAGS", ...line.split(" "));
  assert.deepEqual(keys("SET k v"), [["k", ["OW", "update"]]]);
  assert.deepEqual(keys("SET k v GET"), [["k", ["RW", "access", "update"]]]);
  assert.deepEqual(keys("SINTERSTORE d a b"), [
    ["d", ["RW", "update"]],
    ["a", ["RO", "access"]],
    ["b", ["RO", "access"]],
  ]);
});
