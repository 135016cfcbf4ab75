// multi() and watch(), messages, and serving the same data to clients.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { DatabaseError } from "../base/database-error.ts";
import { ReplyError } from "../protocol/reply-reader.ts";
import { engineOf } from "./embedded-test-support.ts";
import { open } from "./open.ts";

const later = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("queued commands are executed together, and their results are typed", () => {
  using db = open();
  const multi = db.multi().set("a", 1).incr("a").hset("h", { f: 2 }).hgetall("h").smembers("s");
  assert.equal(multi.length, 5);
  assert.equal(db.get("a"), null);
  const results = multi.exec();
  assert.ok(results !== null);
  const [set, sum, added, fields, members] = results;
  assert.equal(set, "OK");
  const total: number | ReplyError = sum;
  assert.equal(total, 2);
  assert.equal(added, 1);
  assert.deepEqual({ ...(fields as Record<string, string>) }, { f: "2" });
  assert.deepEqual(members, []);
  assert.deepEqual(db.bytes.multi().get("a").exec(), [Uint8Array.of(50)]);
  assert.deepEqual(db.multi().exec(), []);
});

test("a command that fails is an error among the results; the others hold", () => {
  using db = open();
  const results = db.multi().set("a", "text").incr("a").set("b", 1).exec();
  assert.equal(results?.[0], "OK");
  assert.ok(results?.[1] instanceof ReplyError);
  assert.equal(db.get("b"), "1");
});

test("a command that cannot be queued throws, and so does exec()", () => {
  using db = open();
  const multi = db.multi().set("a", 1);
  assert.throws(() => (multi as unknown as { strlen(): void }).strlen(), /wrong number/);
  assert.throws(
    () => multi.exec(),
    (error) => error instanceof ReplyError && error.code === "EXECABORT",
  );
  assert.equal(db.get("a"), null);
});

test("a multi() ends with exec() or discard()", () => {
  using db = open();
  const multi = db.multi().set("a", 1);
  multi.discard();
  multi.discard();
  const ended = (error: unknown): boolean =>
    error instanceof DatabaseError && error.code === "MULTI";
  assert.throws(() => multi.exec(), ended);
  assert.throws(() => multi.get("a"), ended);
  assert.equal(db.get("a"), null);
});

test("a watched key that changes stops exec(), once", () => {
  using db = open();
  db.set("stock", 5);
  const first = db.watch("stock", "other");
  db.decr("stock");
  assert.equal(first.set("stock", 9).exec(), null);
  const second = db.watch("stock");
  assert.deepEqual(second.decr("stock").exec(), [3]);
  const third = db.watch("stock");
  third.discard();
  {
    using fourth = db.watch("stock");
    assert.equal(fourth.length, 0);
  }
  assert.equal(engineOf(db).keyspace.watched.any, false, "nothing is left behind");
});

test("several watchers do not take each other's place", () => {
  using db = open();
  const a = db.watch("a").set("a", "by a");
  const b = db.watch("b").set("b", "by b");
  db.set("a", "changed");
  assert.deepEqual(b.exec(), ["OK"]);
  assert.equal(a.exec(), null);
});

test("messages reach listeners in a turn of their own", async () => {
  using db = open();
  const heard: string[] = [];
  const stop = db.subscribe(
    "news",
    (message, channel) => void heard.push(`${channel}: ${message}`),
  );
  const stopAll = db.psubscribe("n*", (message) => void heard.push(`n*: ${message}`));
  const bytes: Uint8Array[] = [];
  db.bytes.subscribe("news", (message) => void bytes.push(message));
  assert.equal(db.publish("news", "ü"), 3);
  assert.deepEqual(heard, []);
  await later();
  assert.deepEqual(heard, ["news: ü", "n*: ü"]);
  assert.deepEqual(bytes, [Uint8Array.of(0xc3, 0xbc)]);
  db.publish("news", "never heard");
  stop();
  stop();
  stopAll();
  await later();
  assert.equal(heard.length, 2);
  assert.equal(db.publish("news", "x"), 1);
});

test("a listener may use the database", async () => {
  using db = open();
  db.subscribe("in", (message) => void db.rpush("out", message));
  db.publish("in", 1);
  db.publish("in", 2);
  await later();
  assert.deepEqual(db.lrange("out", 0, -1), ["1", "2"]);
});

/** A client that sends lines and gathers what comes. */
async function client(port: number): Promise<{
  send(line: string): Promise<string>;
  take(): Promise<string>;
  end(): void;
}> {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  socket.on("data", (data) => {
    received += data.toString("latin1");
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  const take = async (): Promise<string> => {
    for (let i = 0; i < 200 && received === ""; i++) await later(5);
    const text = received;
    received = "";
    return text;
  };
  const send = (line: string): Promise<string> => {
    socket.write(`${line}\r\n`);
    return take();
  };
  return { send, take, end: () => void socket.destroy() };
}

test("a database that listens shares its data with clients", async () => {
  const db = open();
  const listening = await db.listen({ port: 0 });
  const a = await client(listening.port);
  assert.equal(await a.send("SET a 1"), "+OK\r\n");
  assert.equal(db.get("a"), "1");
  db.set("b", 2);
  assert.equal(await a.send("GET b"), "$1\r\n2\r\n");

  const watching = db.watch("a").set("a", "by the program");
  await a.send("INCR a");
  assert.equal(watching.exec(), null);

  const heard: string[] = [];
  db.subscribe("to program", (message) => void heard.push(message));
  assert.equal(await a.send('PUBLISH "to program" hello'), ":1\r\n");
  assert.deepEqual(heard, ["hello"]);
  await a.send("SUBSCRIBE news");
  assert.equal(db.publish("news", "hello"), 1);
  assert.match(await a.take(), /message\r\n\$4\r\nnews\r\n\$5\r\nhello/);

  const b = await client(listening.port);
  const waiting = b.send("BLPOP jobs 0");
  await later(30);
  const failure = new Error("no");
  assert.throws(
    () =>
      db.transaction(() => {
        db.lpush("jobs", "taken back");
        db.call("LPUSH", "jobs", "too");
        throw failure;
      }),
    failure,
  );
  db.transaction(() => db.rpush("jobs", "one", "two"));
  assert.equal(await waiting, "*2\r\n$4\r\njobs\r\n$3\r\none\r\n");
  assert.deepEqual(db.lrange("jobs", 0, -1), ["two"]);

  const second = await db.listen({ port: 0 });
  listening.close();
  const c = await client(second.port);
  assert.equal(await c.send("PING"), "+PONG\r\n");
  for (const each of [a, b, c]) each.end();
  db.close();
  await assert.rejects(() => db.listen({ port: 0 }), /closed/);
});

test("an address that is taken is refused, and the database goes on", async () => {
  using db = open();
  const { port } = await db.listen({ port: 0, password: "secret" });
  const other = open();
  await assert.rejects(
    () => other.listen({ port }),
    (error: { code?: string }) => error.code === "EADDRINUSE",
  );
  other.set("k", 1);
  const free = await other.listen({ port: 0 });
  free.close();
  other.close();
  const a = await client(port);
  assert.match(await a.send("GET k"), /NOAUTH/);
  assert.equal(await a.send("AUTH secret"), "+OK\r\n");
  a.end();
});

test("a password holds for all listeners of a database, once one of them listens", async () => {
  using db = open();
  using other = open();
  const requirepass = (): string => db.config("get", "requirepass").requirepass;
  const taken = await other.listen({ port: 0 });
  await assert.rejects(() => db.listen({ port: taken.port, password: "x" }), /in use/);
  assert.equal(requirepass(), "");

  const first = await db.listen({ port: 0, password: "secret" });
  await assert.rejects(() => db.listen({ port: 0, password: "another" }), /one holds for all/);
  await assert.rejects(() => db.listen({ port: taken.port, password: "secret" }), /in use/);
  assert.equal(requirepass(), "secret");
  (await db.listen({ port: 0, password: "secret" })).close();
  (await db.listen({ port: 0 })).close();
  assert.equal(requirepass(), "secret");
  first.close();

  for (const options of [{ password: "" }, { password: 5 }, { host: "" }, { prot: 1 }, 7001]) {
    // biome-ignore lint/suspicious/noExplicitAny: what programs without types write
    await assert.rejects(() => db.listen(options as any), TypeError);
  }
  assert.equal(requirepass(), "secret");
});
