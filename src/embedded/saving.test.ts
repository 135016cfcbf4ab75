// SAVE, DEBUG RELOAD and DEBUG LOADAOF on real directories: what is saved is there again, digests
// and deadlines included, and what fails changes nothing.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { hasProgram, temporaryFolder } from "../../test/support/servers.ts";
import { open } from "../index.ts";
import type { Database } from "./database.ts";
import { engineOf } from "./embedded-test-support.ts";

/** Every type, small and large, in several databases, some with deadlines. */
function fill(db: Database): void {
  for (let i = 0; i < 500; i++) {
    db.set(`string:${i}`, i % 3 === 0 ? i * 1000 : `value ${"x".repeat(i)}`);
    db.rpush("list", `element ${i}`);
    db.hset("hash", `field ${i}`, i);
    db.sadd("set", `member ${i}`);
    db.sadd("integers", i * 70_000);
    db.zadd("sorted", i / 8, `member ${i}`);
  }
  db.rpush("packed", "a", 1, -70_000, "b".repeat(70));
  db.rpush("plain", "c".repeat(20_000), "d");
  db.hset("small", { a: 1, b: "two" });
  db.sadd("few", "a", "b");
  db.zadd("ranks", { a: -1.5, b: "inf", c: 0 });
  db.expire("hash", 1000);
  db.set("brief", "1", { px: 100_000 });
  const other = db.database(9);
  other.set("other", "é");
  other.rpush("list", "in nine");
}

/** What a database holds, by the commands that read it. */
function held(db: Database): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const index of [0, 9]) {
    const of = db.database(index);
    for (const key of of.keys("*").sort()) {
      const type = of.type(key);
      const value =
        type === "string"
          ? of.get(key)
          : type === "list"
            ? of.lrange(key, 0, -1)
            : type === "hash"
              ? of.hgetall(key)
              : type === "zset"
                ? of.zrange(key, 0, -1, { withscores: true })
                : [...of.smembers(key)].sort();
      found[`${index} ${key}`] = [value, of.call("object", "encoding", key), of.pexpiretime(key)];
    }
  }
  return found;
}

test("what is saved is what a database without a log begins with", () => {
  const directory = temporaryFolder();
  const db = open(directory);
  fill(db);
  const before = held(db);
  const saved = Number(db.lastsave());
  assert.equal(db.save(), "OK");
  assert.ok(Number(db.lastsave()) >= saved);
  db.call("debug", "reload"); // no save that anybody asked for
  assert.match(db.info("persistence"), /rdb_saves:1\r\nrdb_last_cow_size/);
  assert.match(db.info("persistence"), /rdb_changes_since_last_save:0\r\n/);
  db.set("later", "1");
  assert.match(db.info("persistence"), /rdb_changes_since_last_save:1\r\n/);
  db.verify();
  db.close();
  if (hasProgram("redis-check-rdb")) {
    const { status, stdout } = spawnSync("redis-check-rdb", [`${directory}/dump.rdb`]);
    assert.equal(status, 0, String(stdout));
  }
  const copy = temporaryFolder();
  writeFileSync(`${copy}/dump.rdb`, readFileSync(`${directory}/dump.rdb`));
  for (const recovered of [0, 1]) {
    const again = open(copy);
    assert.deepEqual(held(again), before);
    assert.equal(again.recovery?.isAdopted, recovered === 0);
    again.verify();
    again.close();
  }
});

test("DEBUG RELOAD and LOADAOF bring everything back", () => {
  const db = open(temporaryFolder());
  fill(db);
  const before = held(db);
  assert.equal(db.call("debug", "reload"), "OK");
  db.verify();
  assert.deepEqual(held(db), before);
  assert.equal(db.call("debug", "loadaof"), "OK");
  db.verify();
  assert.deepEqual(held(db), before);
  db.set("string:1", "changed");
  db.set("added", "since");
  db.del("list");
  assert.throws(() => db.call("debug", "reload", "noflush", "nosave"), /ERR .* is there already/);
  assert.equal(db.call("debug", "reload", "merge", "noflush", "nosave"), "OK");
  assert.equal(db.get("added"), "since");
  db.del("added");
  assert.deepEqual(held(db), before);
  db.set("added", "since");
  assert.equal(db.call("debug", "reload", "nosave"), "OK");
  assert.deepEqual(held(db), before);
  assert.throws(
    () => db.call("debug", "reload", "whatever"),
    /only supports the MERGE, NOFLUSH and/,
  );
  // The log knows nothing of that.
  assert.equal(db.call("debug", "loadaof"), "OK");
  assert.equal(db.get("added"), "since");
  db.verify();
  db.close();
});

test("what cannot be loaded again is found out before anything goes", () => {
  const directory = temporaryFolder();
  const db = open(directory);
  db.set("a", 1);
  db.save();
  const bytes = readFileSync(`${directory}/dump.rdb`);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(`${directory}/dump.rdb`, bytes);
  assert.throws(() => db.call("debug", "reload", "nosave"), /does not agree with its checksum/);
  assert.equal(db.get("a"), "1");
  const [increment = ""] = readdirSync(`${directory}/appendonlydir`).filter((n) => /incr/.test(n));
  assert.ok(existsSync(`${directory}/appendonlydir/${increment}`));
  db.close();
});

test("a snapshot beside a log does not hide that one of its files is missing", () => {
  for (const stands of ["nothing", "a pipe"]) {
    const directory = temporaryFolder();
    const db = open(directory);
    db.set("a", 1);
    db.save();
    db.close();
    const files = readdirSync(`${directory}/appendonlydir`).filter((name) => /incr/.test(name));
    assert.equal(files.length, 1);
    const path = `${directory}/appendonlydir/${files[0]}`;
    rmSync(path);
    if (stands === "a pipe") spawnSync("mkfifo", [path]);
    assert.throws(() => open(directory), { code: "LOG_MISSING", file: path }, stands);
  }
});

test("a log that cannot be executed again leaves half of it, which is not served", () => {
  const directory = temporaryFolder();
  const db = open(directory);
  for (let i = 0; i < 100; i++) {
    db.set(`key:${i}`, i);
    db.sync();
  }
  const [increment = ""] = readdirSync(`${directory}/appendonlydir`).filter((n) => /incr/.test(n));
  const path = `${directory}/appendonlydir/${increment}`;
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(path, bytes);
  const damaged = { name: "DatabaseError", code: "DAMAGED" };
  assert.throws(() => db.call("debug", "loadaof"), damaged);
  assert.throws(() => db.get("key:1"), damaged);
  db.close();
  assert.throws(() => open(directory), { code: "LOG_DAMAGED" });
});

test("SAVE needs a directory, and no transaction, and says what failed", () => {
  const inMemory = open();
  assert.throws(() => inMemory.save(), /ERR The snapshot cannot be saved: the database has no dir/);
  assert.throws(() => inMemory.bgsave(), /ERR The snapshot cannot be saved: the database has no d/);
  assert.throws(() => inMemory.call("debug", "loadaof"), /ERR there is no log/);
  inMemory.close();
  const directory = temporaryFolder();
  const db = open(directory);
  db.transaction(() => {
    db.set("a", 1);
    assert.throws(() => db.save(), /SAVE in a transaction/);
    assert.throws(() => db.call("debug", "reload"), /open to be rolled back/);
    assert.throws(() => db.call("debug", "loadaof"), /open to be rolled back/);
  });
  mkdirSync(`${directory}/temp-dump.rdb`);
  assert.throws(() => db.save(), /ERR The snapshot cannot be saved: /);
  assert.equal(existsSync(`${directory}/dump.rdb`), false);
  db.close();
});

test("a log and a snapshot are loaded whole, whatever maxmemory is by then", () => {
  const directory = temporaryFolder();
  const filled = open(directory);
  filled.multi().set("counter", 1).incr("counter").exec();
  for (let i = 0; i < 3000; i++) filled.set(`key:${i}`, "v".repeat(500));
  filled.close();
  for (const policy of ["noeviction", "allkeys-lru"] as const) {
    const copy = temporaryFolder();
    cpSync(directory, copy, { recursive: true });
    const db = open(copy, { maxmemory: 500_000 });
    // What is above the limit goes step by step, not with the first command.
    assert.equal(engineOf(db).executor.memoryLimit.evicting, true);
    assert.equal(db.dbsize(), 3001, policy);
    assert.equal(db.call("DEBUG", "LOADAOF"), "OK");
    assert.equal(db.dbsize(), 3001, policy);
    assert.equal(db.get("counter"), "2");
    db.config("set", "maxmemory-policy", policy);
    if (policy === "noeviction") assert.throws(() => db.set("more", 1), /OOM/);
    else {
      db.set("more", 1);
      assert.ok(db.dbsize() > 2000);
      for (let i = 0; i < 100; i++) db.set("more", i);
    }
    const left = db.dbsize();
    assert.ok(policy === "noeviction" ? left === 3001 : left < 1500);
    assert.equal(db.call("DEBUG", "RELOAD"), "OK");
    assert.equal(db.dbsize(), left);
    db.close();
    const again = open(copy, { maxmemory: 500_000 });
    assert.equal(again.dbsize(), left);
    again.close();
  }
});
