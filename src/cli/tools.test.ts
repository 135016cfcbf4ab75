// The tools for a data directory: repair, restore and backup, on directories that the database
// itself has written.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startOurServer, temporaryFolder } from "../../test/support/servers.ts";
import { open } from "../index.ts";
import { thisPlatform } from "../platform/index.ts";
import { backup } from "./backup.ts";
import { check } from "./check.ts";
import { repair } from "./repair.ts";
import { restore, secondsOf } from "./restore.ts";

const RUNTIME = "bun" in process.versions ? "bun" : "node";
const AT = Date.UTC(2026, 0, 1) / 1000;

type Tool = typeof repair;

/** What a tool says, and the code that it ends with. */
function run(tool: Tool, ...args: string[]): { code: number; text: string } {
  let text = "";
  const platform = thisPlatform();
  const print = (more: string): void => {
    text += more;
  };
  const says = { value: print, configurable: true };
  Object.defineProperties(platform, {
    print: says,
    printError: says,
    hasTerminal: { value: false, configurable: true },
  });
  let code: number;
  try {
    code = tool(platform, args);
  } finally {
    for (const name of ["print", "printError", "hasTerminal"])
      Reflect.deleteProperty(platform, name);
  }
  return { code, text };
}

const log = (directory: string, ...names: string[]): string =>
  join(directory, "appendonlydir", ...names);
const INCREMENT = "appendonly.aof.1.incr.aof";

/** A directory in whose log each key k0, k1 … was set in a batch of its own, ten seconds apart. */
function tenSecondsApart(count: number): string {
  const directory = temporaryFolder();
  let now = AT * 1000;
  using db = open(directory, { clock: () => now });
  for (let i = 0; i < count; i++) {
    db.set(`k${i}`, i);
    db.rpush("list", i);
    db.sync();
    now += 10_000;
  }
  return directory;
}

function keysOf(directory: string): string[] {
  using db = open(directory);
  assert.equal(db.recovery?.torn, undefined);
  assert.deepEqual(db.recovery?.warnings, []);
  db.verify();
  return db.keys("k*").sort();
}

const keys = (count: number): string[] => Array.from({ length: count }, (_, i) => `k${i}`);

/** Cuts the log into files, as a rewrite does: copies of it, one behind the other. */
function inThreeFiles(): string {
  const directory = tenSecondsApart(3);
  const first = readFileSync(log(directory, INCREMENT));
  const more = [3, 6].map((from) => {
    const other = temporaryFolder();
    let now = (AT + from * 10) * 1000;
    using db = open(other, { clock: () => now });
    for (let i = from; i < from + 3; i++) {
      db.set(`k${i}`, i);
      db.sync();
      now += 10_000;
    }
    db.close();
    return readFileSync(log(other, INCREMENT));
  });
  for (const [i, bytes] of [first, ...more].entries()) {
    writeFileSync(log(directory, `appendonly.aof.${i + 1}.incr.aof`), bytes);
  }
  const lines = [1, 2, 3].map((n) => `file appendonly.aof.${n}.incr.aof seq ${n} type i\n`);
  writeFileSync(log(directory, "appendonly.aof.manifest"), lines.join(""));
  return directory;
}

test("repair leaves a whole log as it is", () => {
  const directory = tenSecondsApart(3);
  const before = readFileSync(log(directory, INCREMENT));
  assert.deepEqual(run(repair, directory), {
    code: 0,
    text: "The log is whole: nothing was changed\n",
  });
  assert.deepEqual(readFileSync(log(directory, INCREMENT)), before);
});

test("repair ends a log before a flipped bit, and says what it dropped", () => {
  const directory = tenSecondsApart(6);
  const path = log(directory, INCREMENT);
  const bytes = readFileSync(path);
  const at = bytes.indexOf("k3");
  bytes[at] ^= 1;
  writeFileSync(path, bytes);
  assert.throws(() => open(directory), { code: "LOG_DAMAGED" });
  const checked = run(check, directory);
  assert.equal(checked.code, 1);
  assert.match(
    checked.text,
    /damaged.*\n.*a batch does not agree with its checksum, at offset \d+/,
  );
  assert.match(checked.text, /the last batch before that was written at 2026-01-01T00:00:20Z/);
  const { code, text } = run(repair, directory);
  assert.equal(code, 0, text);
  const [, kept = ""] = /kept: (\S+), \d+ bytes/.exec(text) ?? [];
  assert.match(text, /dropped: 6 commands on 4 keys \("j3", "list", "k4", "k5"\)/);
  assert.match(text, /executed from 2026-01-01T00:00:30Z to 2026-01-01T00:00:50Z/);
  assert.match(text, /what is left was written until 2026-01-01T00:00:20Z/);
  assert.deepEqual(keysOf(directory), keys(3));
  // Nothing is lost of the bytes.
  const end = bytes.indexOf("#TS:", bytes.indexOf("k2"));
  assert.deepEqual(readFileSync(kept), bytes.subarray(end));
  assert.equal(run(check, directory).code, 0);
});

test("what ends a log in the middle changes no backup of it", () => {
  const directory = inThreeFiles();
  const copy = join(temporaryFolder(), "copy");
  assert.equal(run(backup, directory, "--to", copy).code, 0);
  assert.equal(run(restore, directory, "--until", String(AT + 40)).code, 0);
  assert.deepEqual(keysOf(directory), keys(5));
  assert.deepEqual(keysOf(copy), keys(9));
});

test("repair ends a log in the middle file: what follows is no part of it any more", () => {
  const directory = inThreeFiles();
  const second = log(directory, "appendonly.aof.2.incr.aof");
  const bytes = readFileSync(second);
  bytes[bytes.indexOf("k4")] ^= 1;
  writeFileSync(second, bytes);
  assert.throws(() => open(directory), { code: "LOG_DAMAGED" });
  const { code, text } = run(repair, directory);
  assert.equal(code, 0, text);
  assert.match(text, /2\.incr\.aof\.torn-\d+, \d+ bytes/);
  assert.match(text, /3\.incr\.aof\.torn-0, \d+ bytes/);
  assert.match(text, /dropped: 5 commands on 5 keys/);
  assert.deepEqual(keysOf(directory), keys(4));
});

test("repair ends a log before a missing file, and refuses where it begins with that", () => {
  const directory = inThreeFiles();
  const moved = (n: number): void =>
    thisPlatform().remove(log(directory, `appendonly.aof.${n}.incr.aof`));
  moved(2);
  const { code, text } = run(repair, directory);
  assert.equal(code, 0, text);
  assert.match(text, /appendonly\.aof\.2\.incr\.aof is missing/);
  assert.deepEqual(keysOf(directory), keys(3));
  moved(1);
  const refused = run(repair, directory);
  assert.equal(refused.code, 1);
  assert.match(refused.text, /is missing, and the log begins with it/);
});

test("a directory that is in use, or that is none, is not repaired", () => {
  const directory = tenSecondsApart(1);
  using db = open(directory);
  assert.equal(run(repair, directory).code, 2);
  assert.equal(run(repair).code, 2);
  assert.equal(run(repair, join(directory, "nowhere")).code, 2);
  assert.equal(db.exists("k0"), 1);
});

test("one file can be checked by itself", () => {
  const directory = tenSecondsApart(2);
  assert.match(run(check, log(directory, INCREMENT)).text, /: ok, \d+ bytes, 5 commands in 2/);
  assert.equal(run(check, log(directory, INCREMENT)).code, 0);
});

test("times are taken in the ways that people write them", () => {
  assert.equal(secondsOf("1767225600"), AT);
  assert.equal(secondsOf("2026-01-01T00:00:00Z"), AT);
  assert.equal(secondsOf("2026-01-01 01:00:00+01:00"), AT);
  assert.equal(secondsOf("2026-01-01"), new Date(2026, 0, 1).getTime() / 1000);
  assert.equal(secondsOf("2026-01-01 10:30"), new Date(2026, 0, 1, 10, 30).getTime() / 1000);
  for (const wrong of ["", "now", "1.5", "2026-13-01", "26-01-01", "2026-01-01T25:00"]) {
    assert.ok(Number.isNaN(secondsOf(wrong)), wrong);
  }
});

test("restore --to copies the data as they were, whenever that was", () => {
  for (const [directory, count] of [
    [tenSecondsApart(9), 9],
    [inThreeFiles(), 9],
  ] as const) {
    for (let i = 0; i < count; i++) {
      for (const until of [AT + 10 * i, AT + 10 * i + 9]) {
        const to = join(temporaryFolder(), "copy");
        const { code, text } = run(restore, directory, "--until", String(until), "--to", to);
        assert.equal(code, 0, text);
        assert.deepEqual(keysOf(to), keys(i + 1));
        assert.match(text, i < count - 1 ? /; what follows, at .* is left out/ : /all there is/);
      }
    }
    assert.deepEqual(keysOf(directory), keys(9));
  }
});

test("restore in place keeps what lies behind, and says what that is", () => {
  const directory = inThreeFiles();
  const { code, text } = run(restore, directory, "--until", "2026-01-01T00:00:45Z");
  assert.equal(code, 0, text);
  assert.match(text, /written until 2026-01-01T00:00:40Z; what follows, at 2026-01-01T00:00:50Z/);
  assert.match(text, /kept: .*2\.incr\.aof\.torn-\d+/);
  assert.match(text, /kept: .*3\.incr\.aof\.torn-0/);
  assert.match(text, /dropped: 4 commands on 4 keys \("k5", "k6", "k7", "k8"\)/);
  assert.deepEqual(keysOf(directory), keys(5));
});

test("restore refuses times that the log does not reach, and logs that have none", () => {
  const directory = tenSecondsApart(3);
  const to = join(temporaryFolder(), "copy");
  const early = run(restore, directory, "--until", String(AT - 1), "--to", to);
  assert.equal(early.code, 1);
  assert.match(early.text, /nothing of before 2026-01-01T00:00:00Z that it could go back to/);
  const timeless = temporaryFolder();
  {
    using db = open(timeless);
    db.config("set", "aof-timestamp-enabled", "no");
    db.set("k", 1);
  }
  const refused = run(restore, timeless, "--until", String(AT), "--to", to);
  assert.equal(refused.code, 1);
  assert.match(refused.text, /does not say when anything was executed/);
  assert.equal(run(restore, directory, "--until", "yesterday", "--to", to).code, 2);
  assert.equal(run(restore, directory, "--to", to).code, 2);
  assert.equal(run(restore, directory, "--until", String(AT), "--to", directory).code, 2);
  assert.deepEqual(keysOf(directory), keys(3));
});

test("restore goes back to the base of a rewritten log, and not before", async () => {
  const directory = temporaryFolder();
  let now = AT * 1000;
  {
    using db = open(directory, { clock: () => now });
    for (let i = 0; i < 3; i++) {
      db.set(`k${i}`, i);
      now += 10_000;
    }
    await db.compact();
    now += 10_000;
    db.set("k3", 3);
  }
  const copy = (until: number) => {
    const to = join(temporaryFolder(), "copy");
    return { to, ...run(restore, directory, "--until", String(until), "--to", to) };
  };
  const early = copy(AT + 29);
  assert.equal(early.code, 1);
  assert.match(early.text, /nothing of before 2026-01-01T00:00:30Z/);
  for (const until of [AT + 30, AT + 39]) {
    const { code, text, to } = copy(until);
    assert.equal(code, 0, text);
    assert.match(text, /written until 2026-01-01T00:00:30Z; what follows, at 2026-01-01T00:00:40Z/);
    assert.deepEqual(keysOf(to), keys(3));
  }
  const late = copy(AT + 40);
  assert.equal(late.code, 0, late.text);
  assert.deepEqual(keysOf(late.to), keys(4));
});

test("backup links what is written no more, and copies what is", () => {
  const directory = inThreeFiles();
  const to = join(temporaryFolder(), "deep", "copy");
  const { code, text } = run(backup, directory, "--to", to);
  assert.equal(code, 0, text);
  assert.match(text, /: 3 files \(2 linked\), \d+ bytes, written until 2026-01-01T00:01:20Z/);
  for (const [n, isLinked] of [
    [1, true],
    [2, true],
    [3, false],
  ] as const) {
    const name = `appendonly.aof.${n}.incr.aof`;
    const isSame = statSync(log(directory, name)).ino === statSync(log(to, name)).ino;
    assert.equal(isSame, isLinked, name);
  }
  assert.deepEqual(keysOf(to), keys(9));
  assert.deepEqual(keysOf(directory), keys(9));
  const again = run(backup, directory, "--to", to);
  assert.equal(again.code, 2);
  assert.match(again.text, /is not empty/);
  assert.equal(run(backup, directory).code, 2);
  assert.equal(run(backup, join(directory, "nowhere"), "--to", `${to}2`).code, 2);
  assert.equal(existsSync(`${to}2`), false);
});

test("backup leaves out a torn end, and refuses damage", () => {
  const directory = tenSecondsApart(3);
  const path = log(directory, INCREMENT);
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, whole.length - 70));
  const to = join(temporaryFolder(), "copy");
  const { code, text } = run(backup, directory, "--to", to);
  assert.equal(code, 0, text);
  assert.match(text, /bytes behind that: the file ends inside a batch/);
  assert.deepEqual(keysOf(to), keys(2));
  const original = Buffer.from(whole);
  whole[whole.indexOf("k1")] ^= 1;
  writeFileSync(path, whole);
  writeFileSync(join(directory, "dump.rdb"), "a snapshot that a log makes old");
  const other = join(temporaryFolder(), "copy");
  const refused = run(backup, directory, "--to", other);
  assert.equal(refused.code, 1);
  assert.match(refused.text, /Only what is whole can be copied/);
  assert.deepEqual(readdirSync(log(other)), []);
  assert.deepEqual(readdirSync(other), ["appendonlydir"], "the snapshot is not left alone there");
  writeFileSync(path, original);
  const again = run(backup, directory, "--to", other);
  assert.equal(again.code, 0, again.text);
  assert.deepEqual(keysOf(other), keys(3));
});

for (const fsync of ["always", "everysec"]) {
  test(`${fsync}: backups of a server that is writing are whole, and none is behind another`, async (t) => {
    const directory = temporaryFolder();
    const args = ["--appendonly", "yes", "--appendfsync", fsync];
    const server = await startOurServer({ runtime: RUNTIME, dir: directory, args });
    t.after(() => server.stop());
    const client = await server.connect();
    let isWriting = true;
    let written = 0;
    const writing = (async () => {
      while (isWriting) {
        const requests = Array.from({ length: 50 }, () => ["RPUSH", "list", `${written++}`]);
        await client.pipeline(requests);
        if (written % 1000 === 0) await client.call("BGREWRITEAOF");
      }
    })();
    let before = 0;
    for (let i = 0; i < 8; i++) {
      const acknowledged = written - 50;
      const to = join(temporaryFolder(), "copy");
      const { code, text } = run(backup, directory, "--to", to);
      assert.equal(code, 0, text);
      using db = open(to);
      const length = db.llen("list");
      assert.ok(length >= before && length >= acknowledged - 50, `${length} of ${acknowledged}`);
      assert.equal(db.lindex("list", -1), length === 0 ? null : String(length - 1));
      before = length;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    isWriting = false;
    await writing;
    client.close();
    await server.stop();
  });
}
