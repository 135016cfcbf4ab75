// One database, several threads: what each sees of what the others do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../../test/support/client.ts";
import { itemsOf, textOf } from "../../test/support/resp.ts";
import { withThreads } from "../../test/support/thread.ts";
import { type Database, open } from "../index.ts";

/** A database in memory that threads share. */
async function withShared(
  threads: number,
  work: (db: Database, ...threads: Parameters<Parameters<typeof withThreads>[2]>) => Promise<void>,
): Promise<void> {
  const db = open();
  try {
    await withThreads(db.share(), threads, (...all) => work(db, ...all));
    db.verify();
  } finally {
    db.close();
  }
}

test("a thread sees what another has written, of every type", () =>
  withShared(1, async (db, thread) => {
    db.set("text", "here");
    db.hset("hash", "field", "1");
    db.rpush("list", "a", "b");
    db.sadd("set", "x");
    const seen = await thread.run((there) => {
      there.append("text", " and there");
      there.hincrby("hash", "field", 41);
      there.lpush("list", "first");
      there.srem("set", "x");
      there.set("number", "7", { ex: 100 });
      return [there.get("text"), there.lrange("list", 0, -1), there.exists("set"), there.dbsize()];
    });
    assert.deepEqual(seen, ["here and there", ["first", "a", "b"], 0, 4]);
    assert.equal(db.get("text"), "here and there");
    assert.equal(db.hget("hash", "field"), "42");
    assert.deepEqual(db.lrange("list", 0, -1), ["first", "a", "b"]);
    assert.equal(db.ttl("number"), 100);
  }));

test("no increment is lost, whoever makes it", () =>
  withShared(3, async (db, ...threads) => {
    const each = 3000;
    const work = (there: Database, count: number): void => {
      for (let i = 0; i < count; i++) {
        there.incr("n");
        there.hincrby("h", "n", 1);
      }
    };
    const running = threads.map((thread) => thread.run(work, each));
    work(db, each);
    await Promise.all(running);
    assert.equal(db.get("n"), String(4 * each));
    assert.equal(db.hget("h", "n"), String(4 * each));
  }));

test("a transaction is whole to all others, and what it gives up has never been", () =>
  withShared(2, async (db, one, other) => {
    db.mset({ a: "500", b: "500" });
    const move = (there: Database, rounds: number): number => {
      let givenUp = 0;
      for (let i = 0; i < rounds; i++) {
        try {
          there.transaction(() => {
            there.decrby("a", 1);
            there.incrby("b", 1);
            if (i % 3 === 0) throw new Error("no");
          });
        } catch {
          givenUp++;
        }
      }
      return givenUp;
    };
    const moving = one.run(move, 2000);
    const sums = await other.run((there) => {
      const seen = new Set<number>();
      for (let i = 0; i < 5000; i++) {
        const [a, b] = there.mget("a", "b");
        seen.add(Number(a) + Number(b));
      }
      return [...seen];
    });
    const givenUp = await moving;
    assert.deepEqual(sums, [1000]);
    assert.equal(givenUp, 667);
    assert.equal(db.get("b"), String(500 + 2000 - givenUp));
  }));

test("WATCH in one thread hears of a change in another", () =>
  withShared(1, async (db, thread) => {
    db.set("stock", "1");
    const multi = db.watch("stock").decr("stock");
    await thread.run((there) => there.set("stock", "5"));
    assert.equal(multi.exec(), null);
    assert.equal(db.get("stock"), "5");
  }));

test("what lives in the owner is asked of it: messages, the configuration, INFO", () =>
  withShared(1, async (db, thread) => {
    const heard: string[] = [];
    db.subscribe("news", (message) => heard.push(message.slice(0, 20)));
    const [told, limit, info] = await thread.run((there) => [
      there.publish("news", "m".repeat(1_000_000)),
      there.call("CONFIG", "GET", "maxmemory-samples"),
      String(there.call("INFO", "server")).includes("redis_version"),
    ]);
    assert.equal(told, 1);
    assert.deepEqual({ ...(limit as object) }, { "maxmemory-samples": "5" });
    assert.equal(info, true);
    assert.deepEqual(heard, ["m".repeat(20)]);
    // In a transaction, too, while this thread would like to have the lock.
    const asked = thread.run((there) =>
      there.transaction(() => {
        there.set("inside", "1");
        const until = Date.now() + 50;
        while (Date.now() < until);
        return there.publish("news", "second");
      }),
    );
    while (db.get("inside") === null) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(await asked, 1);
    assert.deepEqual(heard.slice(1), ["second"]);
    assert.equal(String(db.call("INFO", "commandstats")).match(/publish:calls=(\d+)/)?.[1], "2");
  }));

test("a deadline that another thread sets is kept by the owner's timer, and events are told", () =>
  withShared(1, async (db, thread) => {
    db.call("CONFIG", "SET", "notify-keyspace-events", "KEA");
    const events: string[] = [];
    db.psubscribe("__keyevent@0__:*", (key, channel) => events.push(`${channel.slice(15)} ${key}`));
    await thread.run((there) => there.set("short", "1", { px: 20 }));
    while (!events.includes("expired short"))
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(events, ["set short", "expire short", "expired short"]);
    assert.equal(db.dbsize(), 0);
  }));

test("a client that waits at the owner's server is served by another thread's push", () =>
  withShared(1, async (db, thread) => {
    const listening = await db.listen({ port: 0 });
    const client = await Client.connect(listening.port);
    try {
      const popped = client.call("BLPOP", "queue", "5");
      while (!/blocked_clients:1/.test(String(db.call("INFO", "clients")))) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await thread.run((there) => there.rpush("queue", "job", "next"));
      assert.deepEqual(itemsOf(await popped).map(textOf), ["queue", "job"]);
      assert.deepEqual(db.lrange("queue", 0, -1), ["next"]);
    } finally {
      client.socket.destroy();
      listening.close();
    }
  }));

test("a thread hears what is published, by whomever, until it listens no more", () =>
  withShared(2, async (db, one, other) => {
    await one.run((there) => {
      const heard: string[] = [];
      const state = globalThis as unknown as { heard: string[]; end: () => void };
      state.heard = heard;
      state.end = there.subscribe("news", (message) => heard.push(message));
      there.psubscribe("n*", (message, channel) => heard.push(`${channel}: ${message}`));
    });
    assert.equal(db.publish("news", "from the owner"), 2);
    assert.equal(await other.run((there) => there.publish("news", "from a thread")), 2);
    assert.equal(await one.run((there) => there.publish("note", "its own")), 1);
    const heard = (): Promise<string[]> =>
      one.run(async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return (globalThis as unknown as { heard: string[] }).heard;
      });
    while ((await heard()).length < 5);
    assert.deepEqual(await heard(), [
      "from the owner",
      "news: from the owner",
      "from a thread",
      "news: from a thread",
      "note: its own",
    ]);
    await one.run(() => (globalThis as unknown as { end: () => void }).end());
    assert.equal(db.publish("news", "more"), 1);
    while ((await heard()).length < 6);
    assert.equal((await heard())[5], "news: more");
    await one.end();
    assert.equal(db.publish("news", "to nobody"), 0);
  }));

test("a client that loses messages, as its thread is busy, is disconnected", () =>
  withShared(1, async (db, thread) => {
    const listening = await db.listen({ port: 0 });
    const subscriber = await Client.connect(listening.port);
    await subscriber.call("SUBSCRIBE", "news");
    const other = await Client.connect(listening.port);
    await other.call("PING");
    const done = new Int32Array(new SharedArrayBuffer(8));
    const published = thread.run((there, words) => {
      const message = "x".repeat(2 ** 20);
      for (let i = 0; i < 200; i++) words[1] += there.publish("news", message);
      Atomics.store(words, 0, 1);
      Atomics.notify(words, 0);
    }, done);
    // It is told to by a message of the event loop's.
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(done, 0, 0, 30_000);
    await published;
    assert.ok((done[1] as number) < 200, "some were lost");
    await subscriber.closed;
    assert.equal(db.publish("news", "again"), 0);
    assert.equal(textOf(await other.call("ECHO", "here")), "here");
    other.close();
    await listening.close();
  }));

test("the owner may close first: it is there until the last thread has left", async () => {
  const db = open();
  const shared = db.share();
  await withThreads(shared, 2, async (one, other) => {
    await one.run((there) => there.set("k", "1"));
    db.close();
    assert.equal(db.closed, true);
    assert.throws(() => db.get("k"), /closed/);
    assert.equal(await other.run((there) => there.incr("k")), 2);
    assert.equal(await other.run((there) => there.call("PUBSUB", "NUMPAT")), 0);
    // Opened again in the owner's thread it is the same.
    assert.equal(open(shared), db);
    assert.equal(db.get("k"), "2");
    db.close();
    await one.run((there) => there.close());
    assert.equal(await other.run((there) => there.incr("k")), 3);
  });
  assert.throws(() => open(shared), /closed/);
});

test("live views show what another thread changes between two steps", () =>
  withShared(1, async (db, thread) => {
    db.hset("h", Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${i}`, "v"])));
    const fields = db.hash("h").keys();
    fields.next();
    await thread.run((there) => there.hset("h", "f1999", "new"));
    assert.equal(db.hash("h").get("f1999"), "new");
    assert.equal([...fields].length, 1999);
    assert.deepEqual(await thread.run((there) => [...there.hash("h").keys()].length), 2000);
  }));

test("a handle opens the same database twice in a thread, and in the owner's its own", () =>
  withShared(1, async (db, thread) => {
    const shared = db.share();
    assert.equal(open(shared), db);
    db.close();
    assert.equal(db.closed, false);
    await thread.run((there) => {
      there.set("mine", "1");
      there.close();
      return there.closed;
    });
    assert.equal(db.get("mine"), "1");
  }));

test("what a thread shares that has attached is the same database", () =>
  withShared(1, async (db, thread) => {
    const shared = await thread.run((there) => there.share());
    assert.equal(open(shared), db);
    db.close();
    await withThreads(shared, 1, async (third) => {
      await third.run((there) => there.set("k", "third's"));
    });
    assert.equal(db.get("k"), "third's");
  }));
