// Data from one directory, file or server to another: `tskeydb export`, `import` and `check` of RDB
// files.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/servers.ts";
import { open } from "../embedded/open.ts";
import type { Database } from "../index.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { moduleNumber, part, rdbFile, text } from "../persistence/rdb/rdb-test-support.ts";
import type { thisPlatform } from "../platform/index.ts";
import { changeablePlatform } from "../platform/platform-test-support.ts";
import { registerTypes } from "../types/all-types.ts";
import { check } from "./check.ts";
import { exportData } from "./export.ts";
import { importData } from "./import.ts";
import { EntryLines } from "./json-lines.ts";

const FAR = 4_000_000_000_000;

/** What a tool says, and its exit code. */
async function run(
  tool: (platform: ReturnType<typeof thisPlatform>, args: string[]) => number | Promise<number>,
  ...args: string[]
): Promise<[code: number, said: string]> {
  const platform = changeablePlatform();
  let said = "";
  platform.print = (words) => {
    said += words;
  };
  platform.printError = platform.print;
  return [await tool(platform, args), said];
}

/** A directory with every type in it, and bytes that are no text. */
function filled(): string {
  const directory = temporaryFolder();
  const db = open(directory);
  db.set("s", 'é "quoted"');
  db.set(Uint8Array.of(0xff, 0), Uint8Array.of(1, 0xfe));
  db.set("brief", "1");
  db.pexpireat("brief", FAR);
  db.rpush(
    "l",
    Array.from({ length: 5000 }, (_, i) => `element ${i}`),
  );
  db.hset("h", { __proto__x: "1", b: "two", c: "three", d: "4" });
  db.hpexpireat("h", FAR, ["b", "d"]);
  db.hpexpireat("h", FAR + 1, ["c"]);
  db.sadd("set", "a", "b");
  db.zadd("zset", { a: 1.5, b: Number.NEGATIVE_INFINITY, "1": 1e300 });
  db.database(5).sadd("five", 1, 2, 3);
  db.close();
  return directory;
}

function held(directory: string): Record<string, unknown> {
  const db = open(directory);
  const found = contentOf(db);
  db.verify();
  db.close();
  return found;
}

function contentOf(db: Database): Record<string, unknown> {
  const five = db.database(5);
  return {
    keys: [db.dbsize(), five.dbsize()],
    s: db.get("s"),
    bytes: db.bytes.get(Uint8Array.of(0xff, 0)),
    deadline: db.pexpiretime("brief"),
    l: db.lrange("l", 0, -1),
    h: { ...db.hgetall("h") },
    until: db.hpexpiretime("h", "__proto__x", "b", "c", "d"),
    set: [...db.smembers("set")].sort(),
    zset: db.zrange("zset", 0, -1, { withscores: true }),
    five: [...five.smembers("five")].sort(),
  };
}

test("what is exported and imported is the same, as RDB file and as JSON lines", async () => {
  const directory = filled();
  const before = held(directory);
  for (const name of ["all.rdb", "all.jsonl"]) {
    const path = `${temporaryFolder()}/${name}`;
    const [code, said] = await run(exportData, path, "--dir", directory);
    assert.deepEqual([code, said], [0, `8 keys exported to ${path}\n`]);
    assert.deepEqual(held(directory), before);
    const target = temporaryFolder();
    assert.equal((await run(importData, path, "--dir", target))[0], 0);
    assert.deepEqual(held(target), before);
    // Once more is too often, unless it is asked for; then nothing is changed.
    const [again, why] = await run(importData, path, "--dir", target);
    assert.equal(again, 1);
    assert.match(why, /is there already/);
    const db = open(target);
    db.set("s", "changed");
    db.set("other", "kept");
    db.close();
    assert.equal((await run(importData, path, "--replace", "--dir", target))[0], 0);
    const after = open(target);
    assert.equal(after.get("other"), "kept");
    after.del("other");
    after.close();
    assert.deepEqual(held(target), before);
    assert.deepEqual(
      readdirSync(target).filter((entry) => entry.includes("import")),
      [],
    );
  }
});

test("a directory, and a log with an RDB preamble, are imported", async () => {
  const directory = filled();
  const before = held(directory);
  const target = temporaryFolder();
  const [code, said] = await run(importData, directory, "--dir", target);
  assert.deepEqual([code, said], [0, `8 keys imported into ${target}\n`]);
  assert.deepEqual(held(target), before);
  const log = `${temporaryFolder()}/appendonly.aof`;
  const preamble = rdbFile(9, [part.select(0), part.key(0, "a", text("1"))]);
  const tail = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n";
  writeFileSync(log, Buffer.concat([preamble, Buffer.from(tail)]));
  assert.equal((await run(importData, log, "--dir", target))[0], 0);
  const db = open(target);
  assert.equal(db.get("a"), "2");
  db.close();
  const none = await run(importData, `${directory}/nothing`, "--dir", target);
  assert.equal(none[0], 2);
  assert.match(none[1], /nothing: no such file or directory\n$/);
});

test("what is not whole is neither exported nor imported", async () => {
  const target = temporaryFolder();
  const bad = `${temporaryFolder()}/bad.rdb`;
  const bytes = rdbFile(9, [part.select(0), part.key(0, "a", text("1"))]);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(bad, bytes);
  const [code, said] = await run(importData, bad, "--dir", target);
  assert.equal(code, 1);
  assert.match(said, /^tskeydb: .*bad\.rdb: the file does not agree with its checksum/);
  assert.equal(existsSync(`${target}/appendonlydir`), false);
  const lines = `${temporaryFolder()}/bad.jsonl`;
  writeFileSync(
    lines,
    '{"key":"a","type":"string","value":"1"}\n{"key":"b","type":"tree","value":[]}\n',
  );
  const [other, why] = await run(importData, lines, "--dir", target);
  assert.equal(other, 1);
  assert.match(why, /line 2: there is no type "tree" here/);
  const db = open(target);
  assert.equal(db.dbsize(), 0);
  const [locked, held] = await run(exportData, `${temporaryFolder()}/out.rdb`, "--dir", target);
  assert.equal(locked, 2);
  assert.match(held, /is in use by/);
  db.close();
});

test("lines of keys are read as they are meant, or refused with their number", async () => {
  const path = `${temporaryFolder()}/keys.jsonl`;
  const first = '{"key":"a","type":"string","value":"1"}\n';
  const big = '{"key":"l","type":"list","value":["x"]}\n';
  for (const [content, why] of [
    ['{"key":"k","type":"string","value":5}\n', /line 2: a text, or/],
    ['{"key":"k","type":"string","value":["v","EX","5"]}\n', /line 2: a text, or/],
    ['{"key":"k","type":"list","value":"v"}\n', /line 2: the value has to be a list/],
    ['{"key":"k","type":"set","value":[]}\n', /line 2: a collection has one element at least/],
    [
      '{"key":"k","type":"hash","value":["f","v"]}\n',
      /line 2: a field has to stand with its value/,
    ],
    ['{"key":"k","type":"hash","value":[["f","v","5"]]}\n', /line 2: a field's deadline is a time/],
    ['{"key":"k","type":"hash","value":[["f","v",5,6]]}\n', /line 2: a field has to stand/],
    ['{"key":"k","type":"zset","value":[["m","1",5]]}\n', /line 2: a field has to stand/],
    ['{"key":"k","type":"toString","value":["f"]}\n', /line 2: there is no type "toString" here/],
    ['{"key":"k","type":"string"}\n', /line 2: the line has no "value"/],
    ['{"type":"string","value":"v"}\n', /line 2: the line has no "key"/],
    ['{"key":"k","type":"string","value":"v","ttl":5}\n', /line 2: the name "ttl" is unknown/],
    ['{"key":"k","type":"string","value":"v","expires":"5"}\n', /line 2: "expires" has to be/],
    ['{"key":"k","type":"string","value":"v","expires":-5}\n', /line 2: "expires" has to be/],
    ['{"key":"k","type":"string","value":"v","db":"0"}\n', /line 2: "db" has to be the number/],
    ['{"key":"k","type":"string","value":"v","db":99}\n', /line 2: .*out of range/],
    ['{"key":"\\ud800","type":"string","value":"v"}\n', /line 2: a text has half of a char/],
    ['{"key":{"base64":"AA==","x":1},"type":"string","value":"v"}\n', /line 2: a text, or/],
    [`${big}{"key":"m","type":"list","more":true,"value":["y"]}\n`, /line 3: "more" goes on/],
    ['{"key":"a","type":"string","more":true,"value":"y"}\n', /line 2: "more" goes on/],
    ['{"key":"k","type":"string","value":"\xff"}\n', /line 2: it is no UTF-8/],
    // A file that was not copied whole.
    ['{"key":"k","type":"string","val', /line 2: the file ends inside it/],
  ] as const) {
    const target = temporaryFolder();
    writeFileSync(path, first + content, "latin1");
    const [code, said] = await run(importData, path, "--dir", target);
    assert.equal(code, 1, content);
    assert.match(said, why, content);
    const db = open(target);
    assert.equal(db.dbsize(), 0);
    db.close();
  }
  const target = temporaryFolder();
  const more = '{"key":"l","type":"list","more":true,"value":["y","z"]}\n';
  const gone = '{"key":"g","type":"list","expires":5,"value":["y"]}\n';
  const goneOn = '{"key":"g","type":"list","expires":5,"more":true,"value":["y"]}\n';
  const fields = '{"key":"h","type":"hash","value":[["f","v",5],["g","v"]]}\n';
  const goneFields = '{"key":"i","type":"hash","value":[["f","v",5]]}\n';
  writeFileSync(path, first + big + more + gone + goneOn + fields + goneFields);
  const [code, said] = await run(importData, path, "--dir", target);
  assert.deepEqual(
    [code, said],
    [0, `5 keys imported into ${target}\nThe deadlines of 2 of them had passed\n`],
  );
  const db = open(target);
  assert.deepEqual(db.keys("*").sort(), ["a", "h", "l"]);
  assert.deepEqual({ ...db.hgetall("h") }, { g: "v" });
  assert.deepEqual(db.lrange("l", 0, -1), ["x", "y", "z"]);
  db.close();
});

test("every data type has its lines", () => {
  const keyspace = new Keyspace(new Memory(), 1, new Int32Array(4));
  registerTypes(keyspace);
  for (const { name } of keyspace.types.byNumber.filter((type) => type !== undefined)) {
    const lines = new EntryLines(false, 0);
    const refuse = (why: string): never => {
      throw new Error(why);
    };
    const line = { key: "k", type: name };
    assert.throws(() => lines.commandsOf(line, refuse), /the line has no "value"/, name);
  }
});

test("large collections are exported in lines of bounded length", async () => {
  const directory = temporaryFolder();
  const db = open(directory);
  const many = Array.from({ length: 5000 }, (_, i) => `element ${i}`);
  db.rpush("list", many);
  db.sadd("set", many);
  db.hset(
    "hash",
    many.map((name) => [name, "v"]),
  );
  db.rpush("wide", ["a".repeat(3 << 20), "b".repeat(3 << 20), "c".repeat(100)]);
  db.close();
  const path = `${temporaryFolder()}/all.jsonl`;
  assert.equal((await run(exportData, path, "--dir", directory))[0], 0);
  const lines = readFileSync(path, "utf8").trim().split("\n");
  assert.equal(lines.length, 3 + 3 + 3 + 2);
  assert.ok(lines.every((line) => line.length < 8 << 20));
  const target = temporaryFolder();
  const [code, said] = await run(importData, path, "--dir", target);
  assert.deepEqual([code, said], [0, `4 keys imported into ${target}\n`]);
  const after = open(target);
  assert.deepEqual(after.lrange("list", 0, -1), many);
  assert.deepEqual(after.smembers("set").sort(), [...many].sort());
  assert.equal(after.hlen("hash"), 5000);
  assert.deepEqual(
    after.lrange("wide", 0, -1).map((text) => text.length),
    [3 << 20, 3 << 20, 100],
  );
  after.close();
});

test("check says of an RDB file whether it is whole, and what it holds", async () => {
  const directory = filled();
  const path = `${temporaryFolder()}/all.rdb`;
  await run(exportData, path, "--dir", directory);
  const [code, said] = await run(check, path);
  assert.equal(code, 0, said);
  assert.match(said, /all\.rdb: ok, [\d,]+ bytes, RDB version 10 of 7\.\d\.\d, 8 keys \(/);
  for (const part of ["string 3", "list 1", "hash 1", "set 2"])
    assert.ok(said.includes(part), said);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 4;
  writeFileSync(path, bytes);
  const [damaged, where] = await run(check, path);
  assert.equal(damaged, 1);
  assert.match(
    where,
    /all\.rdb: damaged\n {2}.*, at offset \d+\. Restore the file from a backup\.\n$/,
  );
  writeFileSync(
    path,
    rdbFile(9, [part.key(7, "board", moduleNumber("test__rdb", 1), 0), [0xf5, text("#!lua")]], 0),
  );
  const [refused, why] = await run(check, path);
  assert.equal(refused, 1);
  assert.match(
    why,
    /all\.rdb: refused\n {2}.* holds 1 key of types .* "board" \(module test__rdb, database 0\)/,
  );
  writeFileSync(path, rdbFile(9, [part.key(0, "a", text("1")), [0xf5, text("#!lua")]], 0));
  assert.match(
    (await run(check, path))[1],
    /: ok, 30 bytes, RDB version 9, 1 key \(string 1\), 1 library of functions, no checksum\n$/,
  );
});
