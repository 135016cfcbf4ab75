// A call from any depth of a recursion happens or does not: see base/stack-room.ts.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Thread } from "../../test/support/thread.ts";
import type { Database } from "./database.ts";
import { type Dived, dive, repeat, writes } from "./deep-recursion-test-support.ts";
import { contents } from "./embedded-test-support.ts";
import { open } from "./open.ts";

const SUPPORT = new URL("./deep-recursion-test-support.ts", import.meta.url).href;
const ROUNDS = 9;
const ROUNDS_BESIDE = 3;

/** What a database holds is what those writes make that happened. */
function check(db: Database, { happened, refused }: Dived): void {
  assert.ok(refused >= writes.length && happened.length >= writes.length);
  db.verify();
  const twin = open();
  repeat(twin, happened);
  assert.deepEqual(contents(db).map(withoutDeadline), contents(twin).map(withoutDeadline));
  twin.close();
}

/** Both were set at other times. */
function withoutDeadline(found: unknown): unknown {
  const [index, key, deadline, ...rest] = found as [number, string, number, ...unknown[]];
  return [index, key, deadline > 0, ...rest];
}

test("where the stack ends a write has not begun, whatever has been compiled by then", () => {
  const db = open();
  check(db, dive(db, ROUNDS));
  db.close();
});

test("nor does it later, when all of it has been optimised", () => {
  const db = open();
  for (let n = 0; n < 400; n++) repeat(db, Array.from(writes.keys()));
  db.flushall();
  check(db, dive(db, ROUNDS));
  db.close();
});

test("nor in the thread that shares a database, nor in one that has attached", async () => {
  const db = open();
  const thread = new Thread(db.share());
  check(db, dive(db, ROUNDS_BESIDE));
  db.flushall();
  const dived = await thread.run(
    async (there, url, rounds) => (await import(url)).dive(there, rounds),
    SUPPORT,
    ROUNDS_BESIDE,
  );
  check(db, dived as Dived);
  await thread.end();
  db.close();
});

test("and the log has what happened", () => {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-deep-"));
  for (const fsync of ["always", "no"] as const) {
    const path = join(directory, fsync);
    const db = open(path, { fsync });
    const dived = dive(db, 1);
    db.close();
    const again = open(path);
    check(again, dived);
    again.close();
  }
  rmSync(directory, { recursive: true, force: true });
});
