// open() and close(): in memory, in a directory, several times, and what is in the log when.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative as relativePath } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";
import { DatabaseError } from "../base/database-error.ts";
import { LogError } from "../persistence/log/log-error.ts";
import { DirectoryLocked, type Platform, PlatformError } from "../platform/platform.ts";
import { changeablePlatform } from "../platform/platform-test-support.ts";
import { engineOf } from "./embedded-test-support.ts";
import { open, openOn } from "./open.ts";

async function inDirectory(work: (directory: string) => void | Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function increment(directory: string): string {
  return readFileSync(join(directory, "appendonlydir", "appendonly.aof.1.incr.aof"), "latin1");
}

test("databases in memory are each by themselves", () => {
  using a = open();
  using b = open();
  a.set("k", 1);
  assert.equal(b.get("k"), null);
  assert.equal(a.path, undefined);
});

test("after close, every use is a clear error", () => {
  const db = open();
  const view = db.hash("h");
  const multi = db.multi().get("k");
  const { bytes } = db;
  db.hset("h", "f", 1);
  const iterator = view.entries();
  db.close();
  db.close();
  assert.equal(db.closed, true);
  const uses: (() => unknown)[] = [
    () => db.get("k"),
    () => db.set("k", 1),
    () => db.lpush("k", 1),
    () => bytes.get("k"),
    () => db.call("PING"),
    () => db.transaction(() => {}),
    () => db.multi(),
    () => multi.exec(),
    () => view.size,
    () => iterator.next(),
    () => db.list("l"),
    () => db.subscribe("c", () => {}),
    () => db.sync(),
  ];
  for (const use of uses) {
    assert.throws(use, (error) => error instanceof DatabaseError && error.code === "CLOSED");
  }
});

test("what was written is there when the directory is opened again", async () => {
  await inDirectory((directory) => {
    for (const fsync of ["always", "everysec", "no"] as const) {
      const db = open(directory, { fsync });
      db.set(`key:${fsync}`, fsync, { ex: 1000 });
      db.database(3).rpush("list", fsync);
      db.close();
    }
    using db = open(directory);
    assert.deepEqual(db.mget("key:always", "key:everysec", "key:no"), ["always", "everysec", "no"]);
    assert.deepEqual(db.database(3).lrange("list", 0, -1), ["always", "everysec", "no"]);
    assert.equal(db.recovery?.torn, undefined);
    assert.ok((db.recovery?.commands ?? 0) >= 6);
  });
});

test("one directory is one database, by whatever path, until its last close", async () => {
  await inDirectory((directory) => {
    mkdirSync(join(directory, "data"));
    symlinkSync(join(directory, "data"), join(directory, "link"));
    const a = open(join(directory, "data"), { fsync: "no" });
    const b = open(join(directory, ".", "link", "..", "data"));
    const c = open(join(directory, "link"));
    assert.ok(a === b && b === c);
    a.set("k", 1);
    a.close();
    c.close();
    assert.equal(b.get("k"), "1");
    b.close();
    assert.throws(() => b.get("k"), /closed/);
    const d = open(join(directory, "link"));
    assert.notEqual(d, a);
    assert.equal(d.get("k"), "1");
    d.close();
  });
});

test("a directory is not opened with other options while it is open", async () => {
  await inDirectory((directory) => {
    using db = open(directory);
    assert.throws(
      () => open(directory, { fsync: "always" }),
      (error) => error instanceof DatabaseError && error.code === "OPTIONS",
    );
    open(directory, { fsync: "everysec", databases: 16, maxmemory: 0 }).close();
    assert.equal(db.closed, false);
    db.config("set", "appendfsync", "always", "maxmemory", 1e9);
    open(directory, { fsync: "always", maxmemory: 1e9 }).close();
    assert.throws(() => open(directory, { fsync: "everysec" }), /with fsync always, and cannot/);
  });
});

test("a numbered database is named by a number that there is", () => {
  using db = open({ databases: 4 });
  assert.throws(
    () => db.database("1" as never),
    /^TypeError: database\(\): a number from 0 to 3, not string$/,
  );
  assert.throws(() => db.database(4), /^RangeError: there is no database 4: they are 0 to 3$/);
});

test("an address that somebody has is named once", async () => {
  using one = open();
  using other = open();
  const { port } = await one.listen({ port: 0 });
  await assert.rejects(other.listen({ port }), (error: Error) => {
    assert.equal(error.message.split(String(port)).length, 2, error.message);
    assert.match(error.message, new RegExp(`^127\\.0\\.0\\.1:${port}: `));
    return true;
  });
});

test("options that make no sense are refused by name", () => {
  const loose = open as unknown as (...args: unknown[]) => unknown;
  assert.throws(() => loose({ fsync: "always" }), /needs a directory/);
  assert.throws(() => loose("x", { fsync: "often" }), /"always", "everysec" or "no"/);
  assert.throws(() => loose("x", { sync: true }), /no option 'sync'/);
  assert.throws(() => loose({ databases: 0 }), RangeError);
  assert.throws(() => loose({ clock: 5 }), TypeError);
  assert.throws(() => loose({ seed: 0.5 }), RangeError);
  assert.throws(() => loose({ scriptHotCode: 1 }), TypeError);
  assert.throws(() => loose(""), /empty/);
  for (const wrong of [5, null, [], true, new Date(0)]) {
    assert.throws(
      () => loose(wrong),
      /^TypeError: open\(\): the directory is a path or a file: URL/,
    );
  }
});

test("an address or a number of threads that makes no sense is named with its value", async () => {
  using db = open();
  await assert.rejects(db.listen({ port: 65536 }), /^RangeError: .* to 65535, not 65536$/);
  for (const threads of [0, 61, 1.5]) {
    await assert.rejects(db.listen({ port: 0, threads }), {
      name: "RangeError",
      message: `listen(): threads is a whole number from 1 to 60, not ${threads}`,
    });
  }
});

test("a directory that is undefined is an oversight, not a database in memory", () => {
  const loose = open as unknown as (...args: unknown[]) => unknown;
  const said =
    /^TypeError: open\(\): the directory .*not undefined \(a variable that is not set\?\)/;
  assert.throws(() => loose(undefined), said);
  assert.throws(() => loose(undefined, { fsync: "always" }), said);
  assert.throws(() => loose(process.env.TSKEYDB_NO_SUCH_VARIABLE), said);
});

test("memory and directories may be named as SQLite and URLs name them", async () => {
  const loose = open as unknown as (...args: unknown[]) => unknown;
  for (const name of [":memory:", "file::memory:"]) {
    using db = open(name);
    assert.equal(db.path, undefined);
    assert.throws(() => loose(name, { fsync: "always" }), /needs a directory/);
  }
  await inDirectory((directory) => {
    const real = realpathSync(directory);
    const url = pathToFileURL(join(real, "a b"));
    using db = open(url);
    assert.equal(db.path, join(real, "a b"));
    assert.equal(open(url.href), db);
    db.close();
    assert.equal(
      open(runInNewContext("Object.assign(new URL(href), {})", { URL, href: url.href })),
      db,
    );
    db.close();
    const relative = `file:${relativePath(process.cwd(), join(real, "a b")).replace(" ", "%20")}`;
    assert.equal(open(relative), db);
    db.close();
  });
  for (const wrong of [new URL("https://example.org/data"), "redis://127.0.0.1:6379", "file:"]) {
    assert.throws(() => open(wrong), /^TypeError: open\(\): /);
  }
  assert.throws(() => open("file:x?mode=memory"), /has parameters/);
});

test("a file in a directory's place is said to be one", async () => {
  await inDirectory((directory) => {
    const path = join(directory, "app.db");
    writeFileSync(path, "not ours");
    assert.throws(() => open(path), {
      name: "PlatformError",
      code: "ENOTDIR",
      message: /app\.db: not a directory$/,
    });
    assert.equal(readFileSync(path, "utf8"), "not ours");
  });
});

test("inside a transaction only the last close is refused", async () => {
  await inDirectory((directory) => {
    const db = open(directory);
    db.transaction(() => {
      const same = open(directory);
      same.set("x", 1);
      same.close();
      assert.throws(() => db.close(), { code: "TRANSACTION" });
    });
    assert.equal(db.get("x"), "1");
    db.close();
    assert.equal(db.closed, true);
  });
});

test("a directory that another process has is refused, and says who", async () => {
  await inDirectory((directory) => {
    using db = open(directory);
    db.set("k", 1);
    const index = new URL("../index.ts", import.meta.url).href;
    const program = `
      import { open } from ${JSON.stringify(index)};
      try { open(${JSON.stringify(directory)}); console.log("opened"); }
      catch (error) { console.log(error.name, error.code, error.message); }
    `;
    writeFileSync(join(directory, "other.ts"), program);
    const { stdout } = spawnSync(process.execPath, [join(directory, "other.ts")], {
      encoding: "utf8",
    });
    assert.match(stdout, new RegExp(`DirectoryLocked ELOCKED .* in use by process ${process.pid}`));
    assert.ok(DirectoryLocked.prototype instanceof Error);
  });
});

test("with always, a write is in the file and synced when the call returns", async () => {
  await inDirectory((directory) => {
    using db = open(directory, { fsync: "always" });
    db.set("now", 1);
    assert.match(increment(directory), /\r\nnow\r\n/);
    const { log } = engineOf(db);
    assert.equal(log?.syncedThrough, log?.batch);
    db.transaction(() => {
      db.set("later", 1);
      assert.doesNotMatch(increment(directory), /later/);
    });
    assert.match(increment(directory), /\r\nlater\r\n/);
  });
});

test("otherwise it is in the file when the running callback has returned", async () => {
  await inDirectory(async (directory) => {
    using db = open(directory, { fsync: "no" });
    db.set("soon", 1);
    assert.doesNotMatch(increment(directory), /soon/);
    await Promise.resolve();
    assert.match(increment(directory), /\r\nsoon\r\n/);
    db.set("forced", 1);
    db.sync();
    assert.match(increment(directory), /\r\nforced\r\n/);
    const { log } = engineOf(db);
    assert.equal(log?.syncedThrough, log?.batch);
  });
});

test("a program that ends without closing keeps what it wrote", async () => {
  await inDirectory((directory) => {
    const index = new URL("../index.ts", import.meta.url).href;
    const data = join(directory, "data");
    for (const ending of ["", "process.exit(3);", "throw new Error('unplanned');"]) {
      const program = `
        import { open } from ${JSON.stringify(index)};
        const db = open(${JSON.stringify(data)});
        db.rpush("list", "before");
        ${ending}
      `;
      writeFileSync(join(directory, "program.ts"), program);
      spawnSync(process.execPath, [join(directory, "program.ts")], { encoding: "utf8" });
    }
    using db = open(data);
    assert.equal(db.llen("list"), 3);
  });
});

test("a program that ends inside a transaction keeps what came before it", async () => {
  await inDirectory((directory) => {
    const index = new URL("../index.ts", import.meta.url).href;
    for (const fsync of ["always", "everysec", "no"]) {
      const data = join(directory, fsync);
      const program = `
        import { open } from ${JSON.stringify(index)};
        const db = open(${JSON.stringify(data)}, { fsync: "${fsync}" });
        db.set("before", 1);
        db.transaction(() => {
          db.set("inside", 1);
          db.transaction(() => {
            db.set("before", 2);
            process.exit(0);
          });
        });
      `;
      writeFileSync(join(directory, "program.ts"), program);
      spawnSync(process.execPath, [join(directory, "program.ts")], { encoding: "utf8" });
      assert.deepEqual(
        readdirSync(data).filter((name) => !name.startsWith("appendonlydir")),
        [],
        "the lock was given back",
      );
      using db = open(data);
      assert.deepEqual(db.mget("before", "inside"), ["1", null]);
    }
  });
});

test("a damaged log is refused with its code", async () => {
  await inDirectory((directory) => {
    const db = open(directory);
    db.set("a", 1);
    db.close();
    const again = open(directory);
    again.set("b", 2);
    again.close();
    const path = join(directory, "appendonlydir", "appendonly.aof.1.incr.aof");
    const bytes = readFileSync(path);
    bytes[bytes.indexOf("\r\na\r\n") + 2] ^= 0x20;
    writeFileSync(path, bytes);
    assert.throws(
      () => open(directory),
      (error) => error instanceof LogError && error.code === "LOG_DAMAGED",
    );
    assert.throws(() => open(directory), LogError, "the lock was given back");
  });
});

test("a clock may tell fractions of a millisecond, but must tell the time", () => {
  let now: unknown = 1_000_000.25;
  const db = open({ clock: () => now as number });
  db.set("k", 1, { px: 50 });
  db.expire("k", 5);
  assert.equal(db.pttl("k"), 5000);
  now = 1_000_001.75;
  assert.equal(db.pttl("k"), 4999);
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, "1000", undefined]) {
    now = wrong;
    assert.throws(() => db.pttl("k"), /^TypeError: open\(\): clock must return milliseconds/);
  }
  now = 1_000_002;
  db.close();
});

test("the clock is the program's where it gives one", () => {
  let now = 1_000_000;
  using db = open({ clock: () => now });
  db.set("k", 1, { px: 500 });
  db.set("still", 1);
  now += 400;
  assert.equal(db.pttl("k"), 100);
  now += 101;
  assert.equal(db.get("k"), null);
  assert.equal(db.dbsize(), 1);
  assert.equal(db.object("idletime", "still"), 0);
  now += 9000;
  assert.equal(db.object("idletime", "still"), 9);
  const payload = db.dump("still") as Uint8Array;
  now += 9000;
  assert.throws(() => db.restore("still", 0, payload.subarray(1), { replace: true }), /ERR/);
  assert.equal(db.object("idletime", "still"), 9, "what was not replaced was not used");
});

test("the same seed draws the same", () => {
  const draws = (seed: number): string[] => {
    using db = open({ seed });
    for (let i = 0; i < 1000; i++) db.sadd("set", `member:${i}`);
    return db.srandmember("set", -50);
  };
  assert.deepEqual(draws(1), draws(1));
  assert.notDeepEqual(draws(1), draws(2));
});

test("a limit of memory that is changed in a transaction holds behind it", () => {
  using db = open({ maxmemory: 200_000 });
  const fill = (): void => {
    for (let i = 0; i < 2000; i++) db.set(`k${i}`, "x".repeat(100));
  };
  assert.throws(fill, /OOM/);
  db.flushall();
  db.transaction(() => db.config("set", "maxmemory", 0));
  fill();
  db.flushall();
  db.transaction(() => db.config("set", "maxmemory", 200_000));
  assert.throws(fill, /OOM/);
});

test("memory has a limit where one is asked for", () => {
  using db = open({ maxmemory: 200_000 });
  assert.throws(() => {
    for (let i = 0; i < 10_000; i++) db.set(`key:${i}`, "x".repeat(100));
  }, /^ReplyError: OOM/);
  assert.throws(() => db.transaction(() => db.set("more", 1)), /OOM/);
  db.config("set", "maxmemory-policy", "allkeys-random");
  const before = db.dbsize();
  assert.throws(() =>
    db.transaction(() => {
      for (let i = 0; i < 1000; i++) db.set(`key:${i}`, "x".repeat(1000));
      throw new Error("no");
    }),
  );
  assert.ok(db.dbsize() <= before && db.dbsize() >= before - 5, "nothing was evicted inside");
});

test("a thousand databases are open at once", () => {
  const databases = Array.from({ length: 1000 }, () => open());
  databases.forEach((db, i) => void db.set("k", i));
  databases.forEach((db, i) => void assert.equal(db.get("k"), String(i)));
  for (const db of databases) db.close();
});

/** This platform, but with a disk that can be full. */
function onFullDisk(): { platform: Platform; disk: { full: boolean } } {
  const disk = { full: false };
  const platform = changeablePlatform();
  const { writeAt } = platform;
  platform.writeAt = (...given) => {
    if (disk.full) return new PlatformError("ENOSPC", "disk", "no space left on device");
    return writeAt.apply(platform, given);
  };
  return { platform, disk };
}

test("on a full disk no read throws, whatever expires meanwhile", async () => {
  await inDirectory(async (directory) => {
    const { platform, disk } = onFullDisk();
    let now = 1_000_000;
    const db = openOn(platform, directory, { fsync: "always", clock: () => now });
    for (let i = 0; i < 20; i++) db.set(`short${i}`, i, { px: 100 + i });
    db.set("long", "stays");
    db.hset("h", "f", 1);
    disk.full = true;
    assert.throws(() => db.set("b", 1), LogError);
    const reads: [() => unknown, unknown][] = [
      [() => db.get("short0"), null],
      [() => db.mget("short1", "long"), [null, "stays"]],
      [() => db.type("short2"), "none"],
      [() => db.exists("short3", "long"), 1],
      [() => db.call("GET", "short4"), null],
      [() => db.hgetall("h").f, "1"],
      [() => db.transaction(() => db.get("short5")), null],
      [() => db.multi().get("short6").exec(), [null]],
      [() => db.ttl("short7"), -2],
      [() => db.keys("l*"), ["long"]],
    ];
    for (const [index, [read, expected]] of reads.entries()) {
      now = 1_000_101 + index;
      assert.deepEqual(read(), expected);
    }
    assert.throws(() => db.set("c", 1), /MISCONF/);
    disk.full = false;
    db.sync();
    db.close();
    using again = open(directory, { clock: () => now });
    assert.deepEqual(again.keys("[bl]*").sort(), ["b", "long"]);
  });
});

test("while the disk is full writes throw and reads go on; nothing kept is lost", async () => {
  for (const fsync of ["always", "everysec"] as const) {
    await inDirectory(async (directory) => {
      const { platform, disk } = onFullDisk();
      const db = openOn(platform, directory, { fsync });
      db.set("a", 1);
      await Promise.resolve();
      disk.full = true;
      const notWritten = (error: unknown): boolean =>
        error instanceof LogError && error.code === "LOG_WRITE";
      if (fsync === "always") assert.throws(() => db.set("b", 1), notWritten);
      else db.set("b", 1);
      assert.throws(() => db.sync(), notWritten);
      assert.throws(() => db.set("c", 1), /MISCONF .*no space left/);
      assert.throws(() => db.transaction(() => db.rpush("c", 1)), /MISCONF/);
      assert.equal(db.get("a"), "1");
      disk.full = false;
      assert.equal(db.set("d", 1), "OK");
      db.sync();
      db.close();
      using again = open(directory);
      assert.deepEqual(again.keys("*").sort(), ["a", "b", "d"]);
    });
  }
});

test("where the directory is deleted while it is open, writes throw and reads go on", async () => {
  await inDirectory(async (directory) => {
    const data = join(directory, "data");
    const db = open(data, { fsync: "always" });
    db.set("k", 0);
    rmSync(data, { recursive: true });
    let refused: unknown;
    for (let i = 0; i < 1000 && refused === undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      try {
        db.set("k", i);
      } catch (error) {
        refused = error;
      }
    }
    assert.ok(refused instanceof LogError && refused.code === "LOG_WRITE", String(refused));
    assert.match(refused.message, /was removed or replaced while it was open/);
    assert.match(db.info("persistence"), /aof_last_write_status:err/);
    assert.notEqual(db.get("k"), null);
    assert.throws(() => db.set("k", "more"), /MISCONF .*was removed or replaced/);
    assert.throws(() => db.close(), LogError);
    assert.equal(db.closed, true);
  });
});
