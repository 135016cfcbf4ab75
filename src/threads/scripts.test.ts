// Scripts of several threads: each runs its own, one at a time; all hear of one that takes long.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "../../test/support/client.ts";
import { show, textOf } from "../../test/support/resp.ts";
import { temporaryFolder } from "../../test/support/servers.ts";
import { withThreads } from "../../test/support/thread.ts";
import { type Database, open } from "../index.ts";
import { ControlWord, MEMBERS_MAX, MemberWord, memberWord } from "./control.ts";

/** A database that two threads serve, with a client of each. */
async function withServed(
  work: (db: Database, one: Client, other: Client) => Promise<void>,
): Promise<void> {
  const db = open();
  db.config("set", "busy-reply-threshold", 20);
  const { port } = await db.listen({ port: 0, threads: 2 });
  const clients: Client[] = [];
  const byThread: Map<number, Client> = new Map();
  const { control } = db.share();
  const counts = (): number[] =>
    Array.from({ length: MEMBERS_MAX + 1 }, (_, member) =>
      Atomics.load(control, memberWord(member, MemberWord.clients)),
    );
  try {
    while (byThread.size < 2) {
      const before = counts();
      const client = await Client.connect(port);
      clients.push(client);
      await client.call("PING");
      byThread.set(
        counts().findIndex((count, member) => count > before[member]),
        client,
      );
    }
    const [one, other] = [...byThread.values()] as [Client, Client];
    await work(db, one, other);
    db.verify();
  } finally {
    for (const client of clients) client.close();
    db.close();
  }
}

function portOf({ socket }: Client): number {
  return socket.remotePort as number;
}

/** Until a script has been left, in whichever thread. */
async function untilLeft(db: Database): Promise<void> {
  const { control } = db.share();
  while (Atomics.load(control, ControlWord.script) === 0) await pause(1);
}

/** A script that takes some tens of milliseconds and writes in the middle. */
const SLOW = `local function spin() local n = 0 for i = 1, 3e6 do n = n + i end end
  spin() redis.call('set', KEYS[1], 'half') spin() redis.call('set', KEYS[1], 'whole') return 'end'`;

const endless = "while true do end";
const busy = /^-BUSY Redis is busy running a script/;

test("clients of all threads hear that a script runs, and any of them ends it", () =>
  withServed(async (db, one, other) => {
    one.send("EVAL", endless, "0");
    await untilLeft(db);
    assert.match(show(await other.call("PING")), busy);
    assert.throws(() => db.get("k"), /BUSY|takes long/);
    assert.throws(() => db.transaction(() => db.set("k", "v")), /BUSY|takes long/);
    assert.match(show(await other.call("FUNCTION", "KILL")), busy);
    assert.equal(show(await other.call("SCRIPT", "KILL")), "+OK");
    assert.match(show(await one.read()), /^-ERR Error running script|killed by user/);
    assert.match(show(await other.call("SCRIPT", "KILL")), /^-NOTBUSY/);
    assert.equal(show(await other.call("PING")), "+PONG");
    assert.equal(db.set("k", "v"), "OK");
  }));

test("a connection that comes while a script runs is served, and may end it", () =>
  withServed(async (db, one, other) => {
    one.send("EVAL", endless, "0");
    await untilLeft(db);
    assert.match(show(await other.call("PING")), busy);
    const late = await Client.connect(portOf(other));
    assert.equal(show(await late.call("SCRIPT", "KILL")), "+OK");
    late.close();
    await one.read();
  }));

test("what others ask comes after a script that takes not too long, and sees the whole of it", () =>
  withServed(async (db, one, other) => {
    db.config("set", "busy-reply-threshold", 60_000);
    for (let i = 0; i < 3; i++) {
      db.set("k", "before");
      one.send("EVAL", SLOW, "1", "k");
      await untilLeft(db);
      other.send("GET", "k");
      assert.equal(db.get("k"), "whole");
      assert.equal(textOf(await other.read()), "whole");
      assert.equal(textOf(await one.read()), "end");
    }
  }));

test("a script of another thread that has written is not ended, and its EXEC goes on with it", () =>
  withServed(async (db, one, other) => {
    await one.call("MULTI");
    await one.call("INCR", "n");
    await one.call("EVAL", `redis.call('set', KEYS[1], 'first') ${SLOW}`, "1", "k");
    await one.call("INCR", "n");
    one.send("EXEC");
    await untilLeft(db);
    assert.match(show(await other.call("SCRIPT", "KILL")), /^-(UNKILLABLE|NOTBUSY)/);
    const replies = show(await one.read());
    assert.match(replies, /1.*end.*2/s);
    assert.equal(db.get("n"), "2");
    assert.equal(db.get("k"), "whole");
  }));

test("FUNCTION STATS tells in every thread which function runs", () =>
  withServed(async (db, one, other) => {
    await other.call(
      "FUNCTION",
      "LOAD",
      "#!lua name=lib\nredis.register_function('spin', function() while true do end end)",
    );
    one.send("FCALL", "spin", "1", "k", "word");
    await untilLeft(db);
    assert.match(show(await other.call("PING")), busy);
    assert.match(
      show(await other.call("FUNCTION", "STATS")),
      /spin.*FCALL.*word.*libraries_count/s,
    );
    const third = await Client.connect(portOf(other));
    assert.match(show(await third.call("FUNCTION", "STATS")), /spin.*FCALL.*word/s);
    third.close();
    assert.match(show(await other.call("SCRIPT", "KILL")), busy);
    assert.equal(show(await other.call("FUNCTION", "KILL")), "+OK");
    assert.match(show(await one.read()), /killed by user/);
  }));

test("what one thread has loaded is known in all, and what one has flushed in none", () =>
  withServed(async (db, one, other) => {
    assert.equal(textOf(await one.call("EVAL", "return 'mine'", "0")), "mine");
    const digest = "f9b90e0fd7d8a1ee6ec2bb5fe1ba9fd5cb3ae35a";
    const known = db.script("return 'mine'").digest;
    assert.notEqual(known, digest);
    assert.equal(textOf(await other.call("EVALSHA", known, "0")), "mine");
    assert.match(show(await other.call("EVALSHA", digest, "0")), /^-NOSCRIPT/);
    assert.equal(show(await other.call("SCRIPT", "EXISTS", known, digest)), "[:1, :0]");
    assert.equal(show(await other.call("SCRIPT", "FLUSH")), "+OK");
    assert.match(show(await one.call("EVALSHA", known, "0")), /^-NOSCRIPT/);

    const library = (text: string): string =>
      `#!lua name=lib\nredis.register_function('f', function() return '${text}' end)`;
    await one.call("FUNCTION", "LOAD", library("first"));
    assert.equal(textOf(await other.call("FCALL", "f", "0")), "first");
    assert.equal(db.fcall("f"), "first");
    db.defineFunction(library("second"));
    assert.equal(textOf(await one.call("FCALL", "f", "0")), "second");
    assert.equal(textOf(await other.call("FCALL", "f", "0")), "second");
    const take = db.register("g", (keys) => `${keys.length} keys`);
    assert.equal(textOf(await other.call("FCALL", "g", "1", "k")), "1 keys");
    take();
    assert.match(show(await other.call("FCALL", "g", "1", "k")), /^-ERR Function not found/);
    await other.call("FUNCTION", "DELETE", "lib");
    assert.match(show(await one.call("FCALL", "f", "0")), /^-ERR Function not found/);
  }));

test("scripts are part of what a thread does at once, in memory as in the log", async () => {
  const folder = temporaryFolder();
  const db = open(folder);
  try {
    await withThreads(db.share(), 1, async (thread) => {
      const incremented = "return redis.call('incr', KEYS[1])";
      const found = await thread.run((there, script) => {
        there.multi().set("a", 1).eval(script, "a").exec();
        let failure = "";
        try {
          there.transaction(() => {
            there.set("b", 0);
            there.eval(script, "b");
            throw new Error("back");
          });
        } catch (error) {
          failure = (error as Error).message;
        }
        return [there.get("a"), there.get("b"), failure];
      }, incremented);
      assert.deepEqual(found, ["2", null, "back"]);
    });
  } finally {
    db.close();
  }
  using again = open(folder);
  assert.equal(again.get("a"), "2");
  assert.equal(again.get("b"), null);
});

for (const [what, script, becomes] of [
  ["has written nothing", endless, "nothing"],
  ["has written", `redis.call('set', KEYS[1], 'half') ${endless}`, "damage"],
] as const) {
  test(`a thread that dies in a script which ${what}`, async () => {
    using db = open();
    db.set("k", "before");
    await withThreads(db.share(), 1, async (thread) => {
      const port = await thread.run(async (there) => (await there.listen({ port: 0 })).port);
      const client = await Client.connect(port);
      client.send("EVAL", script, "1", "k");
      await untilLeft(db);
      await thread.end();
      await client.closed;
    });
    if (becomes === "damage") assert.throws(() => db.get("k"), /cannot be trusted/);
    else assert.equal(db.get("k"), "before");
  });
}

test("a thread that leaves the database ends its script before", async () => {
  using db = open();
  db.set("k", "before");
  await withThreads(db.share(), 1, async (thread) => {
    const port = await thread.run(async (there) => (await there.listen({ port: 0 })).port);
    const client = await Client.connect(port);
    client.send("EVAL", SLOW, "1", "k");
    await untilLeft(db);
    await thread.run((there) => there.close());
    assert.equal(db.get("k"), "whole");
    client.close();
  });
});

test("scripts and functions of any thread run one at a time, and none comes between", async () => {
  const db = open();
  try {
    db.defineFunction(
      "#!lua name=lib\nredis.register_function('add', function(keys, args) " +
        "return redis.call('incrby', keys[1], args[1]) end)",
    );
    let calls = 0;
    db.register("count", (keys) => {
      calls++;
      return db.incr(keys[0]);
    });
    await withThreads(db.share(), 2, async (...threads) => {
      const script = `local n = tonumber(redis.call('get', KEYS[1]) or '0')
        for i = 1, 100 do n = n + 1 end
        redis.call('set', KEYS[1], n)
        return n`;
      const each = 100;
      const running = threads.map((thread) =>
        thread.run(
          (there, source, count) => {
            const call = there.script(source);
            for (let i = 0; i < count; i++) {
              call("n");
              there.fcall("add", "m", 2);
              there.fcall("count", "c");
            }
            return there.eval_ro("return redis.call('strlen', KEYS[1])", "n");
          },
          script,
          each,
        ),
      );
      const call = db.script(script);
      for (let i = 0; i < each; i++) call("n");
      assert.ok((await Promise.all(running)).every((length) => Number(length) > 2));
      assert.equal(db.get("n"), String(3 * each * 100));
      assert.equal(db.get("m"), String(2 * each * 2));
      assert.equal(db.get("c"), String(2 * each));
      assert.equal(calls, 2 * each);
      const refused = threads[0].run((there) => there.eval("\nerror('there')"));
      await assert.rejects(refused, /user_script:2: there script: /);
    });
    db.verify();
  } finally {
    db.close();
  }
});

test("what a script of another thread has pushed is there", async () => {
  const db = open();
  try {
    await withThreads(db.share(), 1, async (thread) => {
      const other = await thread.run((there) => there.eval("return redis.call('rpush', 'l', 'x')"));
      assert.equal(other, 1);
      assert.equal(db.lpop("l"), "x");
    });
  } finally {
    db.close();
  }
});
