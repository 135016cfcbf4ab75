// The log switched off and on in a program, and by any of its threads.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { withThreads } from "../../test/support/thread.ts";
import { type Database, open } from "../index.ts";

async function withDirectory(work: (directory: string) => Promise<void> | void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-switch-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function switchTo(db: Database, value: "yes" | "no"): void {
  assert.equal(db.call("config", "set", "appendonly", value), "OK");
}

async function founded(db: Database): Promise<void> {
  const isUnderWay = /aof_rewrite_(in_progress|scheduled):1/;
  while (isUnderWay.test(String(db.call("info", "persistence")))) await pause(2);
}

test("a program switches the log off and on; what it demands of a write is refused without", () =>
  withDirectory(async (directory) => {
    const db = open(directory);
    db.set("a", "1");
    switchTo(db, "no");
    db.set("b", "1");
    assert.throws(() => db.set("c", "1", { durability: "sync" }), { code: "NO_LOG" });
    await assert.rejects(db.synced(), { code: "NO_LOG" });
    await assert.rejects(db.compact(), { code: "NO_LOG" });
    db.sync();
    switchTo(db, "yes");
    assert.throws(() => db.set("c", "1", { durability: "sync" }), { code: "NO_LOG" });
    db.set("d", "1");
    await founded(db);
    db.set("e", "1", { durability: "sync" });
    await db.compact();
    db.close();
    const again = open(directory);
    assert.deepEqual(again.mget(["a", "b", "c", "d", "e"]), ["1", "1", null, "1", "1"]);
    again.close();
  }));

test("a database that is closed while its log is being begun has all in it", () =>
  withDirectory((directory) => {
    for (let round = 1; round <= 3; round++) {
      const db = open(directory);
      switchTo(db, "no");
      for (let i = 0; i < 500; i++) db.rpush("list", `${round}:${i}`);
      switchTo(db, "yes");
      db.rpush("list", "last");
      db.close();
      const again = open(directory);
      assert.equal(again.llen("list"), 501 * round);
      again.close();
      assert.equal(readdirSync(join(directory, "appendonlydir")).length, 3);
    }
  }));

test("a transaction that is open when the log is to begin is in it wholly", () =>
  withDirectory(async (directory) => {
    const db = open(directory);
    switchTo(db, "no");
    db.transaction(() => {
      db.set("a", "1");
      switchTo(db, "yes");
      db.set("b", "1");
    });
    await founded(db);
    db.transaction(() => {
      db.set("c", "1");
      db.set("d", "1");
    });
    db.close();
    const again = open(directory);
    assert.deepEqual(again.mget(["a", "b", "c", "d"]), ["1", "1", "1", "1"]);
    again.close();
  }));

test("a database in memory has no log to switch on, and says where there is one", () => {
  const db = open();
  assert.throws(() => db.call("config", "set", "appendonly", "yes"), /open one in a directory/);
  db.close();
});

for (const fsync of ["always", "everysec"] as const) {
  test(`every thread sees the log switched, whichever has done it (${fsync})`, () =>
    withDirectory(async (directory) => {
      const db = open(directory, { fsync });
      const work = async (there: Database, name: string, switches: boolean): Promise<number> => {
        for (let i = 0; i < 120; i++) {
          there.rpush(name, String(i));
          if (switches && i % 40 === 10) there.call("config", "set", "appendonly", "no");
          if (switches && i % 40 === 20) there.call("config", "set", "appendonly", "yes");
          if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        }
        return there.llen(name);
      };
      await withThreads(directory, 3, async (...threads) => {
        const running = threads.map((thread, i) => thread.run(work, `t${i}`, i === 0));
        await work(db, "owner", false);
        assert.deepEqual(await Promise.all(running), [120, 120, 120]);
        await founded(db);
        const more = threads.map((thread, i) =>
          thread.run((there, name) => void there.rpush(name, "after"), `t${i}`),
        );
        await Promise.all(more);
      });
      db.verify();
      db.close();
      const again = open(directory);
      for (const name of ["t0", "t1", "t2"]) assert.equal(again.llen(name), 121, name);
      assert.equal(again.llen("owner"), 120);
      again.close();
    }));
}
