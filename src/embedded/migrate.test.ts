// Keys that a program sends to another server.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { DatabaseError, open, ReplyError } from "../index.ts";

/** A database, and one that is served at a port. */
async function pair() {
  const here = open();
  const there = open();
  const { port } = await there.listen({ port: 0 });
  return {
    here,
    there,
    target: { port },
    [Symbol.dispose]() {
      here.close();
      there.close();
    },
  };
}

/** A machine with much else to do may be slow. */
const patient = { timeoutMs: 60_000 };

function failsWith(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ReplyError && error.message.startsWith(code);
}

test("keys move, with their deadlines, and the promise says whether there were any", async () => {
  using both = await pair();
  const { here, there, target } = both;
  here.set("text", "v", { px: 100_000 });
  here.rpush("list", "a", "b");
  here.hset("hash", { f: "v" });
  here.sadd("set", "x");
  assert.equal(await here.migrate(target, "text", patient), true);
  assert.equal(await here.migrate({ ...target, db: 3 }, ["list", "hash", "none"], patient), true);
  assert.equal(await here.migrate(target, ["list", "none"]), false);
  assert.deepEqual(here.keys("*"), ["set"]);
  assert.equal(there.get("text"), "v");
  const left = there.pttl("text");
  assert.ok(left > 0 && left <= 100_000, `${left}`);
  assert.deepEqual(there.database(3).lrange("list", 0, -1), ["a", "b"]);
  assert.equal(there.database(3).hget("hash", "f"), "v");
  assert.equal(there.dbsize(), 1);
});

test("several at once, and calls meanwhile", async () => {
  using both = await pair();
  const { here, there, target } = both;
  for (let i = 0; i < 100; i++) here.set(`k${i}`, i);
  const moves = Array.from({ length: 100 }, (_, i) => here.migrate(target, `k${i}`, patient));
  here.set("other", 1);
  assert.equal(here.dbsize(), 101, "nothing has gone before its answer");
  assert.deepEqual(new Set(await Promise.all(moves)), new Set([true]));
  assert.deepEqual(here.keys("*"), ["other"]);
  assert.equal(there.dbsize(), 100);
});

test("what is there already is replaced where that is said; a copy stays", async () => {
  using both = await pair();
  const { here, there, target } = both;
  here.set("k", "new");
  there.set("k", "old");
  await assert.rejects(
    here.migrate(target, "k", patient),
    failsWith("ERR Target instance replied"),
  );
  assert.equal(await here.migrate(target, "k", { ...patient, replace: true, copy: true }), true);
  assert.equal(there.get("k"), "new");
  assert.equal(here.get("k"), "new");
  here.set("k", "newer");
  const moving = here.migrate(target, "k", { ...patient, replace: true });
  await moving;
  assert.equal(here.get("k"), null);
});

test("a key that is changed on the way stays, and the promise says so", async () => {
  const here = open();
  const server = createServer((socket) => {
    socket.on("data", (bytes) => {
      if (String(bytes).includes("RESTORE")) here.incr("n");
      socket.write("+OK\r\n");
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
  here.set("n", 1);
  await assert.rejects(here.migrate({ port }, "n", patient), failsWith("CHANGED"));
  assert.equal(here.get("n"), "2");
  here.close();
  server.close();
});

test("where it cannot wait it says what can", async () => {
  using both = await pair();
  const { here, target } = both;
  here.set("k", 1);
  assert.throws(
    () => here.call("MIGRATE", "127.0.0.1", target.port, "k", 0, 1000),
    /use await db\.migrate\(target, keys\) instead/,
  );
  let inside: Promise<boolean> | undefined;
  here.transaction(() => {
    inside = here.migrate(target, "k");
    inside.catch(() => {});
  });
  await assert.rejects(inside as Promise<boolean>, DatabaseError);
  assert.equal(here.get("k"), "1");
});

test("nobody listens, nobody answers, and the database is closed meanwhile", async () => {
  const here = open();
  here.set("k", 1);
  const connections: { destroy(): void }[] = [];
  const server = createServer((socket) => {
    connections.push(socket);
    socket.on("error", () => {});
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
  const silent = here.migrate({ port }, "k", { timeoutMs: 50 });
  await assert.rejects(silent, failsWith("IOERR error or timeout reading"));
  const waiting = here.migrate({ port }, "k", { timeoutMs: 100_000 });
  const closed = assert.rejects(waiting, (error) => (error as DatabaseError).code === "CLOSED");
  here.close();
  await closed;
  for (const each of connections) each.destroy();
  server.close();

  const again = open();
  again.set("k", 1);
  await assert.rejects(
    again.migrate({ port }, "k", patient),
    failsWith("IOERR error or timeout writing"),
  );
  again.close();
});

test("what is no target is refused before anything is sent", async () => {
  const db = open();
  for (const target of [{}, { port: "x" }, { port: 7002, db: -1 }, { port: 1, username: "me" }]) {
    await assert.rejects(db.migrate(target as { port: number }, "k"), TypeError);
  }
  await assert.rejects(db.migrate({ port: 7002 }, "k", { force: true } as object), TypeError);
  await assert.rejects(db.migrate({ port: 7002 }, null as unknown as string), TypeError);
  db.close();
});
