// An error in the middle of a write leaves nothing half-done that anybody would see, and the log
// has whole commands: see docs/decisions/0022-interrupted-writes.md. The errors are played: an
// allocation is refused, or an assertion fails.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Client } from "../../test/support/client.ts";
import { show } from "../../test/support/resp.ts";
import { AssertionFailed } from "../base/assert.ts";
import { DatabaseError } from "../base/database-error.ts";
import { Topic } from "../engine/subscriptions.ts";
import type { Subscribers } from "../threads/subscribers.ts";
import { coreOf, type Database } from "./database.ts";
import { repeat, writes } from "./deep-recursion-test-support.ts";
import { contents } from "./embedded-test-support.ts";
import { open } from "./open.ts";

interface Growing {
  grow(this: object, to: number): unknown;
}

/** What is used here of WebAssembly. */
declare const WebAssembly: { readonly Memory: { readonly prototype: object } };

/** Smaller arrays are of the engine's heap: where those do not fit the process ends. */
const LARGE_BYTES = 1024;
const DAMAGED = { code: "DAMAGED" };

/** Calls `work`, and refuses one array, or growth of a memory, after so many others. */
function refusing(after: number, work: () => void): void {
  let left = after;
  const refuse = (bytes: unknown): void => {
    if (typeof bytes !== "number" || bytes < LARGE_BYTES || left-- !== 0) return;
    throw new RangeError("Array buffer allocation failed");
  };
  const { SharedArrayBuffer, Uint8Array } = globalThis;
  const growing = [WebAssembly.Memory.prototype, SharedArrayBuffer.prototype].map((of) => ({
    of: of as Growing,
    grow: (of as Growing).grow,
  }));
  const refusesSome = <C extends new (...args: never[]) => object>(of: C): C =>
    new Proxy(of, {
      construct(target, args, newTarget) {
        refuse(args[0]);
        return Reflect.construct(target, args, newTarget);
      },
    });
  globalThis.SharedArrayBuffer = refusesSome(SharedArrayBuffer);
  globalThis.Uint8Array = refusesSome(Uint8Array);
  for (const { of, grow } of growing) {
    of.grow = function (to) {
      refuse(LARGE_BYTES);
      return grow.call(this, to);
    };
  }
  try {
    work();
  } finally {
    globalThis.SharedArrayBuffer = SharedArrayBuffer;
    globalThis.Uint8Array = Uint8Array;
    for (const { of, grow } of growing) of.grow = grow;
  }
}

/** Calls `work`, in which a block of memory, or the release of one, fails after so many others. */
function failing(db: Database, after: number, work: () => void): void {
  const { memory } = coreOf(db).keyspace;
  const { allocate, free } = memory;
  let left = after;
  const fail = (): void => {
    if (left-- === 0) throw new AssertionFailed("played");
  };
  memory.allocate = (...of) => {
    fail();
    return allocate.apply(memory, of);
  };
  memory.free = (...of) => {
    fail();
    free.apply(memory, of);
  };
  try {
    work();
  } finally {
    Reflect.deleteProperty(memory, "allocate");
    Reflect.deleteProperty(memory, "free");
  }
}

/** A transaction whose effects are long. */
function fill(db: Database, n: number): void {
  db.transaction(() => {
    for (let i = 0; i < 40; i++) db.set(`long${n}:${i}`, `${n}`.padEnd(3000, "."));
    const elements = Array.from({ length: 100 }, (_, i) => `${n} ${i}`.padEnd(90));
    db.rpush("list", elements);
  });
}

function write(db: Database, n: number): void {
  if (n % 7 === 0) fill(db, n);
  else repeat(db, [n]);
}

interface Written {
  readonly happened: number[];
  /** The write that an error has ended, or −1. */
  readonly failed: number;
}

/** Writes until an error ends one. */
function writeOn(db: Database, from: number, count: number): Written {
  const happened: number[] = [];
  for (let n = from; n < from + count; n++) {
    try {
      write(db, n);
      happened.push(n);
    } catch (error) {
      const { cause } = error as DatabaseError;
      if (error instanceof DatabaseError) {
        assert.equal(error.code, "DAMAGED");
        assert.ok(cause instanceof RangeError || cause instanceof AssertionFailed, String(cause));
      } else assert.ok(error instanceof RangeError, String(error));
      return { happened, failed: n };
    }
  }
  return { happened, failed: -1 };
}

function twinOf(happened: readonly number[]): unknown[] {
  const twin = open();
  for (const n of happened) write(twin, n);
  const all = contents(twin).map(comparable);
  twin.close();
  return all;
}

/** Deadlines were set at other times, and a number that was computed is encoded anew by a log. */
function comparable(found: unknown): unknown {
  const [index, key, deadline, , value] = found as [number, string, number, string, unknown];
  return [index, key, deadline > 0, value];
}

/** It holds what happened, and the write that failed altogether or not at all. */
function check(db: Database, { happened, failed }: Written): void {
  db.verify();
  const found = contents(db).map(comparable);
  try {
    assert.deepEqual(found, twinOf(happened));
  } catch (error) {
    if (failed < 0) throw error;
    assert.deepEqual(found, twinOf([...happened, failed]));
  }
}

function isDamaged(db: Database): boolean {
  try {
    db.get("string1");
    return false;
  } catch (error) {
    assert.ok(error instanceof DatabaseError && error.code === "DAMAGED", String(error));
    return true;
  }
}

function checkRefusals(db: Database): void {
  for (const call of [
    () => db.get("a"),
    () => db.set("a", "1"),
    () => db.set("a", "1", { ex: 10 }),
    () => db.incr("a"),
    () => db.call("INCR", "a"),
    () => db.multi().incr("a").exec(),
    () => db.transaction(() => 1),
    () => db.list("list").size,
    () => db.verify(),
  ]) {
    assert.throws(call, DAMAGED);
  }
}

for (const isShared of [false, true]) {
  const where = isShared ? " shared with threads" : "";
  test(`a write${where} that finds no memory has not been, or it was the last one`, () => {
    let refused = 0;
    let damaged = 0;
    for (let after = 0; after < 7; after++) {
      const db = open();
      if (isShared) db.share();
      let written: Written = { happened: [], failed: -1 };
      refusing(after, () => {
        written = writeOn(db, 0, 600);
      });
      if (written.failed >= 0) refused++;
      if (isDamaged(db)) {
        damaged++;
        checkRefusals(db);
      } else check(db, written);
      db.close();
      assert.throws(() => db.get("a"), { code: "CLOSED" });
    }
    assert.ok(refused > 3 && damaged > 2, `${refused} refused, ${damaged} damaged`);
  });

  test(`any write${where} that a failed assertion ends was the last one`, () => {
    let damaged = 0;
    for (let kind = 0; kind < writes.length; kind++) {
      for (let after = 0; after < 6; after++) {
        const db = open();
        if (isShared) db.share();
        const before = writeOn(db, 0, 60);
        let written: Written = before;
        failing(db, after, () => {
          const { happened, failed } = writeOn(db, 27 * 20 + kind, 1);
          written = { happened: [...before.happened, ...happened], failed };
        });
        if (isDamaged(db)) {
          damaged++;
          checkRefusals(db);
        } else {
          assert.equal(written.failed, -1);
          check(db, written);
        }
        db.close();
        if (written.failed < 0) break;
      }
    }
    assert.ok(damaged > 20, `${damaged} damaged`);
  });
}

for (const fsync of ["no", "everysec", "always"] as const) {
  test(`the log then has what came before, whole (${fsync})`, () => {
    const directory = mkdtempSync(join(tmpdir(), "tskeydb-interrupted-"));
    let damaged = 0;
    for (let after = 0; after < 16; after++) {
      const path = join(directory, String(after));
      const db = open(path, { fsync });
      if (after % 2 === 1) db.share();
      let written: Written = { happened: [], failed: -1 };
      if (after % 4 < 2) {
        refusing(after, () => {
          written = writeOn(db, 0, 300);
        });
      } else {
        failing(db, after * 40, () => {
          written = writeOn(db, 0, 300);
        });
      }
      if (isDamaged(db)) damaged++;
      db.close();
      const again = open(path);
      assert.equal(again.recovery?.torn, undefined);
      check(again, written);
      again.close();
    }
    assert.ok(damaged > 3, `${damaged} damaged`);
    rmSync(directory, { recursive: true, force: true });
  });
}

test("a transaction does not hold that has gone on after such an error", () => {
  for (const isShared of [false, true]) {
    const db = open();
    if (isShared) db.share();
    assert.throws(
      () =>
        db.transaction(() => {
          db.mset("a", 1, "b", 2);
          failing(db, 0, () => assert.throws(() => db.set("c", "3"), DAMAGED));
        }),
      DAMAGED,
    );
    checkRefusals(db);
    db.close();
  }
});

test("a rollback that fails is one, too", () => {
  const db = open();
  db.rpush("list", "a", "b");
  assert.throws(
    () =>
      db.transaction(() => {
        db.rpush("list", "c");
        db.set("long", "x".repeat(5000));
        const { keyspace } = coreOf(db);
        keyspace.rollBack = () => {
          throw new AssertionFailed("played");
        };
        throw new Error("given up");
      }),
    { message: "given up" },
  );
  checkRefusals(db);
  db.close();
});

test("what others are to know of clients finds no memory: as if it was a write", async () => {
  const name = (n: number): string => `${n}`.padEnd(30_000, ".");
  const works: readonly ((n: number) => string[])[] = [
    (n) => ["SUBSCRIBE", name(n)],
    (n) => ["PSUBSCRIBE", name(n)],
    (n) => ["WATCH", name(n)],
    (n) => ["PUBLISH", "theirs", name(n)],
  ];
  for (const work of works) {
    const db = open();
    db.share();
    db.set("a", "1");
    // As if another thread was subscribed, which does not come to its inbox.
    const elsewhere = coreOf(db).context.pubsub.elsewhere as Subscribers;
    elsewhere.change(5, Topic.channel, "theirs", 1);
    const listening = await db.listen({ port: 0 });
    const client = await Client.connect(listening.port);
    const refuse = (): never => {
      throw new RangeError("Array buffer allocation failed");
    };
    const growing = [WebAssembly.Memory.prototype, SharedArrayBuffer.prototype] as Growing[];
    const grown = growing.map((of) => of.grow);
    for (const of of growing) of.grow = refuse;
    try {
      let reply = "";
      for (let n = 0; n < 3000 && !reply.startsWith("-"); n++) {
        reply = show(await client.call(...work(n)));
      }
      assert.match(reply, /^-ERR the database is damaged/, work(0)[0]);
      assert.throws(
        () => db.get("a"),
        (error: Error & { code?: string }) =>
          error.code === "DAMAGED" && error.cause instanceof RangeError,
      );
      checkRefusals(db);
    } finally {
      for (const [i, of] of growing.entries()) of.grow = grown[i] as Growing["grow"];
      client.close();
      await listening.close();
      db.close();
    }
  }
});

test("a key that expires when it is read may be what fails", () => {
  let now = 1_800_000_000_000;
  const db = open({ clock: () => now });
  db.set("short", "x".repeat(500), { px: 10 });
  now += 20;
  failing(db, 0, () => assert.throws(() => db.get("short"), DAMAGED));
  checkRefusals(db);
  db.close();
});

test("an error in what only reads changes nothing", () => {
  const db = open();
  db.set("a", "1");
  const { keyspace } = coreOf(db);
  keyspace.bytesUsed = () => {
    throw new RangeError("played");
  };
  assert.throws(() => db.call("MEMORY", "USAGE", "a"), RangeError);
  Reflect.deleteProperty(keyspace, "bytesUsed");
  assert.equal(db.get("a"), "1");
  db.close();
});
