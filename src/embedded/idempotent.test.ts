// Entries that are added at most once, in a program: rolled back, and found again in a log.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Thread } from "../../test/support/thread.ts";
import type { Database } from "./database.ts";
import { open } from "./open.ts";

const info = (reply: unknown): unknown[] => {
  const words = Array.isArray(reply) ? reply.flat(1) : Object.entries(reply as object).flat(1);
  const at = words.indexOf("idmp-duration");
  return at < 0 ? [] : [1, 3, 5, 7, 9, 11].map((i) => words[at + i]);
};

test("what a transaction did to iids is undone with it", () => {
  using db = open();
  const fails = (action: () => void): void => {
    assert.throws(() =>
      db.transaction(() => {
        action();
        throw new Error("no");
      }),
    );
    db.verify();
  };
  db.xadd("s", { f: 1 });
  fails(() => db.xadd("s", { f: 1 }, { idmp: ["p", "1"] }));
  assert.deepEqual(info(db.xinfo("stream", "s")), []);
  const first = db.xadd("s", { f: 1 }, { idmp: ["p", "1"] });
  const auto = db.xadd("s", { f: 1 }, { idmpauto: "q" });
  db.xcfgset("s", { "idmp-duration": 100 });
  const before = info(db.xinfo("stream", "s"));
  fails(() => {
    db.xadd("s", { f: 1 }, { idmp: ["p", "1"] });
    db.xadd("s", { f: 1 }, { idmp: ["p", "2"] });
    db.xadd("s", { f: 1 }, { idmp: ["r", "2"] });
    db.xcfgset("s", { "idmp-maxsize": 1 });
    db.xadd("s", { f: 1 }, { idmp: ["p", "1"] });
    db.xadd("s", { f: 1 }, { idmp: ["p", "2"] });
  });
  assert.deepEqual(info(db.xinfo("stream", "s")), before);
  assert.equal(db.xadd("s", { f: 1 }, { idmp: ["p", "1"] }), first);
  assert.equal(db.xadd("s", { f: 1 }, { idmpauto: "q" }), auto);
});

const START = 1_700_000_000_000;

/** Does something, and has a database find it in the log at this time. */
function afterwards(
  work: (db: Database, at: (ms: number) => void) => void,
  check: (db: Database, before: unknown[]) => void,
): void {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-idempotent-"));
  let now = START;
  const clock = (): number => now;
  try {
    let before: unknown[] = [];
    {
      using db = open(directory, { clock });
      work(db, (ms) => {
        now = START + ms;
      });
      before = info(db.xinfo("stream", "s"));
    }
    using db = open(directory, { clock });
    check(db, before);
    db.verify();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("a log says which entries were there already, however long ago", () => {
  let second: string | null = "";
  const idmp = ["p", "1"] as const;
  afterwards(
    (db, at) => {
      db.xadd("s", { f: 1 }, { idmp });
      db.xadd("s", { f: 1 }, { idmp });
      at(200_000);
      second = db.xadd("s", { f: 2 }, { idmp });
      at(250_000);
      assert.equal(db.xadd("s", { f: 3 }, { idmp }), second);
    },
    (db, before) => {
      assert.equal(db.xlen("s"), 2);
      assert.deepEqual(info(db.xinfo("stream", "s")), before);
      assert.deepEqual(before, [100, 100, 1, 1, 2, 2]);
      assert.equal(db.xadd("s", { f: 4 }, { idmp }), second);
    },
  );
});

test("an entry that was there already is not added by a log whose last ID was set back", () => {
  const idmp = ["p", "1"] as const;
  let first: string | null = "";
  afterwards(
    (db) => {
      first = db.xadd("s", { f: 1 }, { idmp });
      db.xtrim("s", { maxlen: 0 });
      db.xsetid("s", "5-0");
      assert.equal(db.xadd("s", { f: 1 }, { idmp }), first);
    },
    (db, before) => {
      assert.equal(db.xlen("s"), 0);
      assert.deepEqual(info(db.xinfo("stream", "s")), before);
      assert.equal(db.xadd("s", { f: 1 }, { idmp }), first);
    },
  );
});

test("streams keep the limits that they had first, whatever the directives are later", () => {
  let ids: (string | null)[] = [];
  const add = (db: Database, key: string): (string | null)[] => [
    db.xadd(key, { f: 1 }, { idmp: ["p", "1"], maxlen: 9, approximately: true }),
    db.xadd(key, { f: 1 }, { idmp: ["p", "1"] }),
    db.xadd(key, { f: 1, g: 2 }, { idmpauto: "q" }),
    db.xadd(key, { g: 2, f: 1 }, { idmpauto: "q" }),
  ];
  afterwards(
    (db) => {
      db.config("set", "stream-idmp-duration", "7");
      ids = add(db, "s");
      db.xadd("t", { f: 1 });
      db.xcfgset("t", { "idmp-maxsize": 3 });
      db.xadd("u", { f: 1 }, { id: "1-1" });
      db.call("XIDMPRECORD", "u", "p", "1", "1-1");
    },
    (db, before) => {
      assert.equal(db.config("get", "stream-idmp-duration")["stream-idmp-duration"], "100");
      assert.deepEqual(before, [7, 100, 2, 2, 2, 2]);
      assert.deepEqual(info(db.xinfo("stream", "s")), before);
      assert.deepEqual(info(db.xinfo("stream", "t")), [7, 3, 0, 0, 0, 0]);
      assert.deepEqual(info(db.xinfo("stream", "u")).slice(0, 2), [7, 100]);
      assert.deepEqual(add(db, "s"), ids);
      assert.equal(db.xlen("s"), 2);
    },
  );
});

test("a log restores what is known of iids", () => {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-idempotent-"));
  try {
    let first: string | null = null;
    let before: unknown[] = [];
    {
      using db = open(directory);
      first = db.xadd("s", { f: 1 }, { idmp: ["p", "1"] });
      db.xadd("s", { f: 2 }, { idmp: ["p", "1"], maxlen: 5, approximately: true });
      db.xadd("s", { f: 2 }, { idmpauto: "q", maxlen: 5, approximately: true });
      before = info(db.xinfo("stream", "s"));
    }
    using db = open(directory);
    assert.deepEqual(info(db.xinfo("stream", "s")), before);
    assert.equal(db.xadd("s", { f: 3 }, { idmp: ["p", "1"] }), first);
    assert.equal(db.xlen("s"), 2);
    db.verify();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("of threads that send the same entries each is added by one", {
  timeout: 60_000,
}, async () => {
  const db = open();
  const threads = [new Thread(db.share()), new Thread(db.share())];
  const send = (there: Database): string => {
    const ids: string[] = [];
    for (let i = 0; i < 500; i++) {
      ids.push(there.xadd("s", { i }, { idmp: [`p${i % 7}`, `${i}`] }) ?? "");
      there.xinfo("stream", "s");
    }
    return ids.join();
  };
  const sent = await Promise.all(threads.map((thread) => thread.run(send)));
  assert.equal(sent[0], sent[1]);
  assert.equal(db.xlen("s"), 500);
  assert.deepEqual(info(db.xinfo("stream", "s")), [100, 100, 7, 500, 500, 500]);
  db.verify();
  for (const thread of threads) await thread.end();
  db.close();
});
