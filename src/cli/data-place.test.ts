// What the tools find in a directory: data under the names of the defaults, under others, and as
// Redis before 7 kept them; and what they say where there are none, or their words make no sense.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/servers.ts";
import { open } from "../embedded/open.ts";
import { part, rdbFile, text } from "../persistence/rdb/rdb-test-support.ts";
import { command, encode } from "../persistence/test-support.ts";
import type { Platform } from "../platform/platform.ts";
import { changeablePlatform } from "../platform/platform-test-support.ts";
import { backup } from "./backup.ts";
import { check } from "./check.ts";
import { exportData } from "./export.ts";
import { importData } from "./import.ts";
import { repair } from "./repair.ts";
import { restore } from "./restore.ts";

type Tool = (platform: Platform, args: readonly string[]) => number | Promise<number>;

const tools: Readonly<Record<string, Tool>> = {
  check,
  repair,
  backup,
  restore,
  export: exportData,
  import: importData,
};

interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function run(...[tool = "", ...args]: readonly string[]): Promise<Said> {
  const platform = changeablePlatform();
  let out = "";
  let error = "";
  platform.print = (words) => {
    out += words;
  };
  platform.printError = (words) => {
    error += words;
  };
  const code = await (tools[tool] as Tool)(platform, args);
  return { code, out, error };
}

const snapshot = rdbFile(10, [part.select(0), part.key(0, "k", text("v"))]);
const commands = encode(command("SELECT", "0") + command("SET", "k", "v"));

/** A directory with what `fill` puts there. */
function directoryWith(fill: (path: (name: string) => string) => void): string {
  const directory = join(temporaryFolder(), "dätä of mine");
  mkdirSync(directory);
  fill((name) => join(directory, name));
  return directory;
}

/** A log of ours with the key k, under other names. */
function renamedLog(directoryName: string, fileName: string): string {
  return directoryWith((path) => {
    const db = open(path("."));
    db.set("k", "v");
    db.close();
    const from = path("appendonlydir");
    const names = readFileSync(join(from, "appendonly.aof.manifest"), "utf8");
    for (const name of readdirSync(from)) {
      renameSync(join(from, name), join(from, name.replace("appendonly.aof", fileName)));
    }
    const manifest = names.replaceAll("appendonly.aof", fileName);
    writeFileSync(join(from, `${fileName}.manifest`), manifest);
    renameSync(from, path(directoryName));
  });
}

async function assertUsable(directory: string, options: readonly string[] = []): Promise<void> {
  const checked = await run("check", directory, ...options);
  assert.equal(checked.code, 0, checked.error + checked.out);
  const base = temporaryFolder();
  const copy = join(base, "copy");
  const saved = await run("backup", directory, "--to", copy, ...options);
  assert.equal(saved.code, 0, saved.error);
  for (const source of [directory, copy]) {
    const lines = join(base, "keys.jsonl");
    const exported = await run("export", lines, "--dir", source, ...options);
    assert.equal(exported.code, 0, exported.error);
    const expected = '{"db":0,"key":"k","type":"string","value":"v"}\n';
    assert.equal(readFileSync(lines, "utf8"), expected);
  }
  const target = join(base, "target");
  const imported = await run("import", copy, "--dir", target);
  assert.equal(imported.code, 0, imported.error);
}

test("a log and a snapshot are found whatever they are called", async () => {
  const log = renamedLog("logs", "my.aof");
  await assertUsable(log);
  await assertUsable(log, ["--appenddirname", "logs", "--appendfilename", "my.aof"]);
  const { out } = await run("check", log);
  assert.match(out, /A server finds it with --appenddirname logs --appendfilename my\.aof\n/);
  const dump = directoryWith((path) => writeFileSync(path("my.rdb"), snapshot));
  await assertUsable(dump);
  assert.match((await run("check", dump)).out, /finds it with --dbfilename my\.rdb/);
  const whole = await run("repair", log);
  assert.match(whole.out, /The log is whole/);
  const until = ["--until", "2100-01-01"];
  const to = join(temporaryFolder(), "copy");
  assert.equal((await run("restore", log, ...until, "--to", to)).code, 0);
  assert.deepEqual(readdirSync(to), ["logs"]);
});

test("where it could be one or another file, somebody has to say which", async () => {
  const directory = directoryWith((path) => {
    writeFileSync(path("a.rdb"), snapshot);
    writeFileSync(path("b.rdb"), rdbFile(10, [part.select(0)]));
  });
  for (const words of [
    ["check", directory],
    ["backup", directory, "--to", `${directory}2`],
    ["export", join(temporaryFolder(), "x.rdb"), "--dir", directory],
    ["import", directory, "--dir", `${directory}2`],
  ]) {
    const { code, error } = await run(...words);
    assert.equal(code, 2, words[0]);
    assert.match(error, /may hold its data in a\.rdb or in b\.rdb: say which/);
  }
  await assertUsable(directory, ["--dbfilename", "a.rdb"]);
});

test("a log of Redis before 7, one file, is checked, repaired, copied and read", async () => {
  for (const content of [commands, Uint8Array.of(...snapshot, ...encode(command("PING")))]) {
    const directory = directoryWith((path) => writeFileSync(path("appendonly.aof"), content));
    await assertUsable(directory);
    assert.match((await run("repair", directory)).out, /The log is whole/);
    const path = join(directory, "appendonly.aof");
    const lost = encode(command("SET", "lost", "1"));
    writeFileSync(path, Uint8Array.of(...content, ...encode("*2\r\n$1\r"), ...lost));
    const checked = await run("check", directory);
    assert.equal(checked.code, 1);
    assert.match(checked.out, new RegExp(`${content.length} on are no torn write`));
    const { code, out } = await run("repair", directory);
    assert.equal(code, 0);
    assert.match(out, /kept: .*appendonly\.aof\.torn-\d+, .*\n {2}dropped: 1 command on 1 key/);
    await assertUsable(directory);
  }
});

test("what is no data is said to be none", async () => {
  const empty = temporaryFolder();
  const nowhere = join(empty, "nowhere");
  const file = join(temporaryFolder(), "x.rdb");
  writeFileSync(file, "no RDB file\n");
  for (const [directory, why] of [
    [empty, /holds no data: there is no appendonlydir\/appendonly\.aof\.manifest, no /],
    [nowhere, /nowhere: no such file or directory/],
  ] as const) {
    for (const words of [
      ["check", directory],
      ["repair", directory],
      ["backup", directory, "--to", `${nowhere}2`],
      ["restore", directory, "--until", "1"],
      ["export", "x.rdb", "--dir", directory],
      ["import", directory, "--dir", `${nowhere}2`],
    ]) {
      const { code, error } = await run(...words);
      assert.equal(code, 2, words[0]);
      assert.match(error, why);
    }
  }
  assert.deepEqual(readdirSync(empty), []);
  for (const content of ["no RDB file\n", "", "*1\r\n$4\r\nPING\r\n"]) {
    writeFileSync(file, content);
    const checked = await run("check", file);
    assert.equal(checked.code, 1, content);
    assert.match(checked.out, /neither in RDB form nor a log/);
    const imported = await run("import", file, "--dir", nowhere);
    assert.equal(imported.code, 1);
    assert.match(imported.error, /is no RDB file/);
  }
});

test("files of a log without their manifest are a damaged log, and not nothing", async () => {
  const directory = directoryWith((path) => {
    mkdirSync(path("appendonlydir"));
    writeFileSync(path("appendonlydir/appendonly.aof.1.incr.aof"), commands);
  });
  for (const tool of ["check", "repair"]) {
    const { code, error } = await run(tool, directory);
    assert.equal(code, 1);
    assert.match(error, /manifest is missing, but appendonly\.aof\.1\.incr\.aof lie beside it/);
  }
});

test("each tool says how it is used, and which of its words it does not understand", async () => {
  const directory = directoryWith((path) => writeFileSync(path("dump.rdb"), snapshot));
  for (const tool of Object.keys(tools)) {
    for (const word of ["--help", "-h"]) {
      const { code, out, error } = await run(tool, word);
      assert.deepEqual([code, error], [0, ""]);
      assert.match(out, new RegExp(`^usage: tskeydb ${tool} [^]*exit code: 0 `));
    }
    const nothing = await run(tool);
    assert.equal(nothing.code, 2);
    assert.match(nothing.error, new RegExp(`^usage: tskeydb ${tool}`));
  }
  const to = join(temporaryFolder(), "copy");
  for (const [words, why] of [
    [["check", directory, "other"], /"other" is one word too many/],
    [["check", "--deep", directory], /the option --deep is unknown/],
    [["repair", directory, "--to", to], /the option --to is unknown/],
    [["backup", directory], /--to is missing/],
    [["backup", directory, "--to"], /--to has no value/],
    [["backup", directory, "--to", ""], /--to has no value/],
    [["backup", directory, "--to", to, "--to", to], /--to is there twice/],
    [["restore", directory, "--to", to], /--until is missing/],
    [["restore", directory, "--until", "soon"], /"soon" is no time/],
    [["export", "keys.csv", "--dir", directory], /has to end in \.rdb or \.jsonl/],
    [["export", "a.rdb", "b.rdb"], /"b\.rdb" is one word too many/],
    [["import", "--dir", directory, "--replace"], /wrong number of arguments/],
  ] as const) {
    const { code, out, error } = await run(...words);
    assert.notEqual(code, 0, words.join(" "));
    assert.match(error, why, words.join(" "));
    assert.equal(out, "");
  }
  // Where --to was left out by mistake, nothing is restored in place.
  const log = renamedLog("appendonlydir", "appendonly.aof");
  const { code, error } = await run("restore", log, "--until", "2100-01-01", "--to", "");
  assert.equal(code, 2);
  assert.match(error, /--to has no value/);
  const last = await run("export", "--dir", directory, join(temporaryFolder(), "last.rdb"));
  assert.equal(last.code, 0, last.error);
});
