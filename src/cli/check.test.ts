// What `tskeydb check` says of a log, and its exit codes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Bytes } from "../base/bytes.ts";
import { type DirectoryLock, PlatformError } from "../platform/platform.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { check } from "./check.ts";

const MANIFEST = "/data/appendonlydir/appendonly.aof.manifest";
const INCREMENT = "/data/appendonlydir/appendonly.aof.1.incr.aof";

function encoded(line: string): string {
  const words = line.split(" ");
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

/** A disk with a log of these commands, as another server writes them. */
class Disk extends SimulatedPlatform {
  isReadOnly = false;

  constructor(lines: readonly string[], rest = "") {
    super(1);
    this.makeDirectory("/data/appendonlydir");
    this.putFile(MANIFEST, utf8Bytes("file appendonly.aof.1.incr.aof seq 1 type i\n"));
    this.putFile(INCREMENT, utf8Bytes(lines.map(encoded).join("") + rest));
  }

  override lockDirectory(directory: string): DirectoryLock {
    if (!this.isReadOnly) return super.lockDirectory(directory);
    throw new PlatformError("EROFS", directory, `${directory}: read-only file system`);
  }

  says(...args: string[]): [code: number, text: string] {
    this.printed = "";
    return [check(this, [...args, "/data"]), this.printed];
  }
}

test("a log of known commands is ok", () => {
  const disk = new Disk(["SELECT 0", "SET a 1", "object HELP", "rpush l x y"]);
  assert.deepEqual(disk.says(), [0, `${INCREMENT}: ok, 112 bytes, 4 commands in 0 batches\n`]);
});

test("a command that the start would refuse is named with its offset", () => {
  const disk = new Disk(["SET a 1", "JSON.SET k $ 1", "SET b 2"]);
  const [code, text] = disk.says();
  assert.equal(code, 1);
  assert.match(
    text,
    /: refused, .*\n {2}the command at offset 27, 'JSON.SET', is not known to this version: /,
  );
  const [wrongCode, wrong] = new Disk(["SET a"]).says();
  assert.equal(wrongCode, 1);
  assert.match(wrong, / {2}the command at offset 0, 'SET', has a wrong number of arguments: /);
});

test("a torn end and an unknown command are both said, and --fix is repair", () => {
  const disk = new Disk(["JSON.SET k $ 1"], "*3\r\n$3\r\nSE");
  const [code, text] = disk.says();
  assert.equal(code, 1);
  assert.match(text, /: torn, .*\n {2}.* torn write: .*\n {2}the command at offset 0, 'JSON.SET'/);
  const [fixed, after] = disk.says("--fix");
  assert.equal(fixed, 0);
  assert.match(after, /: ends at 39 now: the file ends inside .*\n {2}kept: .*torn-39, 10 bytes/);
});

test("what cannot be written can be checked, but not mended", () => {
  const disk = new Disk(["SET a 1"]);
  disk.isReadOnly = true;
  const [code, text] = disk.says();
  assert.equal(code, 0);
  assert.match(text, /^\/data cannot be written, so it is read without its lock: .*\n.*: ok, /);
  assert.deepEqual(disk.says("--fix"), [2, "tskeydb: /data: read-only file system\n"]);
});

test("a directory that a server has is not checked", () => {
  const disk = new Disk(["SET a 1"]);
  const lock = disk.lockDirectory("/data");
  const [code, text] = disk.says();
  assert.equal(code, 2);
  assert.match(
    text,
    /^tskeydb: \/data is in use by process \d+; stop it, or use a copy, which `tskeydb backup` makes\n$/,
  );
  lock.release();
  assert.equal(disk.says()[0], 0);
});
