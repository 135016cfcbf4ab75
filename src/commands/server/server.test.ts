import assert from "node:assert/strict";
import { test } from "node:test";
import { allowsAction } from "../../engine/protected-actions.ts";
import { Session } from "../../engine/session.ts";
import { Figure } from "../../engine/statistics.ts";
import { open } from "../../index.ts";
import { START_MS, TestDatabase } from "../test-support.ts";

test("FLUSHDB and FLUSHALL empty databases and leave nothing behind", () => {
  const db = new TestDatabase();
  const a = db.connect();
  const used = db.keyspace.memory.usedBytes;
  for (let i = 0; i < 500; i++) a.line(`SET k${i} v EX 100`);
  a.line("RPUSH l a");
  a.line("SELECT 1");
  a.line("SET other v");
  db.log = [];
  assert.equal(a.line("FLUSHDB ASYNC"), "+OK");
  assert.deepEqual(db.log, ["FLUSHDB ASYNC"]);
  assert.equal(a.line("FLUSHDB"), "+OK");
  assert.equal(a.line("FLUSHALL SYNC"), "+OK");
  assert.deepEqual(db.log, ["FLUSHDB ASYNC", "FLUSHALL SYNC"]);
  assert.equal(a.line("DBSIZE"), ":0");
  assert.equal(a.line("FLUSHALL BOGUS"), "-ERR syntax error");
  while (db.keyspace.disposing) db.keyspace.reclaim(1000);
  assert.equal(db.keyspace.memory.usedBytes, used);
});

test("once everything is deleted, key by key, memory is as it was at the start", () => {
  const db = new TestDatabase();
  const a = db.connect();
  const { keyspace } = db;
  const used = keyspace.memory.usedBytes;
  for (const empties of ["FLUSHALL", "nothing but time"]) {
    for (let i = 0; i < 500; i++) a.line(`SET k${i} v EX 100`);
    a.line("HSET h f v");
    for (let i = 0; i < 500; i++) a.line(`DEL k${i}`);
    a.line("HDEL h f");
    assert.equal(a.line("DBSIZE"), ":0");
    if (empties === "FLUSHALL") a.line(empties);
    else keyspace.dropEmpty();
    while (keyspace.disposing) keyspace.reclaim(1000);
    assert.equal(keyspace.memory.usedBytes, used, empties);
    a.line("SET still works");
    keyspace.dropEmpty();
    assert.equal(a.line("GET still"), "$5 works");
    a.line("DEL still");
  }
});

test("flushing touches the watched keys that were there", () => {
  const db = new TestDatabase();
  const [a, b] = [db.connect(), db.connect()];
  for (const [key, reply] of [
    ["k", "*-1"],
    ["nothing", "*1 +PONG"],
  ]) {
    b.line("SET k v");
    a.line(`WATCH ${key}`);
    b.line("FLUSHALL");
    a.line("MULTI");
    a.line("PING");
    assert.equal(a.line("EXEC"), reply);
  }
});

test("SWAPDB exchanges databases, touches watched keys and serves who waits", () => {
  const db = new TestDatabase();
  const [a, b, c] = [db.connect(), db.connect(), db.connect()];
  b.line("SELECT 1");
  b.line("RPUSH l x y");
  b.line("SET k v");
  a.line("WATCH k");
  c.line("BLPOP l 0");
  assert.equal(b.line("SWAPDB 0 1"), "+OK");
  assert.equal(c.take(), "*2 $1 l $1 x");
  a.line("MULTI");
  a.line("PING");
  assert.equal(a.line("EXEC"), "*-1");
  assert.equal(a.line("GET k"), "$1 v");
  assert.equal(b.line("DBSIZE"), ":0");
  assert.equal(b.line("SWAPDB a 0"), "-ERR invalid first DB index");
  assert.equal(b.line("SWAPDB 0 b"), "-ERR invalid second DB index");
  assert.equal(b.line("SWAPDB 0 16"), "-ERR DB index is out of range");
});

test("TIME, INFO and ROLE", () => {
  const db = new TestDatabase();
  const a = db.connect();
  assert.deepEqual(a.call("TIME"), [String(START_MS / 1000), "7"]);
  db.advance(5000);
  assert.equal(a.line("LASTSAVE"), `:${START_MS / 1000}`);
  assert.match(a.call("INFO", "Server", "CLIENTS") as string, /redis_version:7\.4\.0/);
  assert.deepEqual(db.services.infoSections, ["server", "clients"]);
  a.line("INFO");
  assert.deepEqual(db.services.infoSections, ["default"]);
  assert.deepEqual(a.call("ROLE"), ["master", 0, []]);
  a.line("HELLO 3");
  assert.match(a.raw("INFO"), /^=\d+\r\ntxt:# Server/);
});

test("INFO of an empty database says nothing that is false", () => {
  const db = open();
  const fields = new Map(
    [...db.info("everything").matchAll(/^([\w-]+):(.*)\r$/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  );
  // The runtime alone, over the least that counts as used.
  const resident = Number(fields.get("used_memory_rss"));
  const ratio = Number(fields.get("mem_fragmentation_ratio"));
  assert.ok(Math.abs(ratio - resident / (1 << 20)) < 0.01, `${ratio}`);
  // Nothing is done each second, and nothing waits to be freed.
  for (const name of ["hz", "lazyfree_pending_objects", "used_memory_dataset", "tcp_port"]) {
    assert.equal(fields.get(name), "0", name);
  }
  assert.equal(fields.get("used_memory"), fields.get("used_memory_startup"));
  db.close();
});

test("SHUTDOWN passes FORCE on and refuses what contradicts itself", () => {
  const db = new TestDatabase();
  const a = db.connect();
  for (const line of ["SHUTDOWN BOGUS", "SHUTDOWN SAVE NOSAVE", "SHUTDOWN ABORT NOW"]) {
    assert.equal(a.line(line), "-ERR syntax error");
  }
  assert.equal(a.line("SHUTDOWN ABORT"), "-ERR No shutdown in progress.");
  assert.equal(a.line("SHUTDOWN"), "");
  assert.equal(a.line("SHUTDOWN nosave NOW force"), "");
  assert.equal(a.line("SHUTDOWN SAVE"), "");
  assert.deepEqual(db.services.shutdowns, [
    [false, undefined],
    [true, false],
    [false, true],
  ]);
  a.line("MULTI");
  assert.equal(a.line("SHUTDOWN"), "-ERR Command not allowed inside a transaction");
});

test("CONFIG passes settings on and resets the counters", () => {
  const db = new TestDatabase();
  const a = db.connect();
  assert.deepEqual(a.call("CONFIG", "GET", "maxmemory"), ["maxmemory", "0"]);
  assert.equal(a.line("CONFIG SET maxmemory 5"), "+OK");
  assert.deepEqual(a.call("CONFIG", "GET", "*"), ["maxmemory", "5"]);
  assert.match(a.line("CONFIG SET bogus 1"), /^-ERR Unknown option/);
  assert.equal(a.line("CONFIG SET maxmemory 1 bogus"), "-ERR syntax error");
  assert.match(a.line("CONFIG REWRITE"), /^-ERR The server is running without/);
  a.line("GET k");
  assert.equal(a.line("CONFIG RESETSTAT"), "+OK");
  assert.equal(db.services.statisticsReset, 1);
  assert.equal(db.keyspace.counter(1), 0);
  assert.equal(db.executor.statistics.errors().length, 0);
  assert.equal(db.figure("get", Figure.calls), 0);
});

test("MEMORY USAGE counts the bytes of a key with its value", () => {
  const a = new TestDatabase().connect();
  assert.equal(a.line("MEMORY USAGE k"), "$-1");
  a.line("SET k v");
  const small = a.call("MEMORY", "USAGE", "k") as number;
  a.raw("SET", "k", "v".repeat(1000));
  const large = a.call("MEMORY", "USAGE", "k", "SAMPLES", "0") as number;
  assert.ok(small > 0 && large - small >= 990, `${small}, ${large}`);
  assert.equal(a.line("MEMORY USAGE k SAMPLES -1"), "-ERR syntax error");
  assert.equal(a.line("MEMORY USAGE k BOGUS 1"), "-ERR syntax error");
});

test("DEBUG does what the settings allow", () => {
  const db = new TestDatabase();
  const a = db.connect();
  assert.equal(a.line("DEBUG SLEEP 0.5"), "+OK");
  assert.equal(db.services.sleptMs, 500);
  assert.equal(a.line("DEBUG SET-ACTIVE-EXPIRE 0"), "+OK");
  assert.equal(db.keyspace.settings.activeExpiry, false);
  a.line("SET expired v PX 1");
  db.advance(10);
  assert.match(a.line("DEBUG OBJECT expired"), /^\+Value at:/);
  assert.equal(a.line("GET expired"), "$-1");
  assert.equal(a.line("DEBUG OBJECT expired"), "-ERR no such key");
  assert.equal(a.line("DEBUG PROTOCOL true"), ":1");
  a.line("HELLO 3");
  assert.equal(a.line("DEBUG PROTOCOL map"), "%3 :0 #f :1 #t :2 #f");
  assert.equal(
    a.line("DEBUG SLEEP"),
    "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.",
  );
  db.services.settings.set("enable-debug-command", "local");
  assert.equal(a.line("DEBUG SLEEP 0"), "+OK");
  db.services.settings.set("enable-debug-command", "no");
  assert.match(a.line("DEBUG SLEEP 0"), /^-ERR DEBUG command not allowed/);
  a.line("MULTI");
  assert.match(a.line("DEBUG SLEEP 0"), /^-ERR DEBUG command not allowed/);
  assert.match(a.line("EXEC"), /^-EXECABORT/);
});

test("MODULE may be used where enable-module-command says", () => {
  const db = new TestDatabase();
  const a = db.connect();
  const refused = /^-ERR MODULE command not allowed/;
  for (const [setting, allowed] of [
    ["no", false],
    ["local", true],
    ["yes", true],
  ] as const) {
    db.services.settings.set("enable-module-command", setting);
    assert.equal(refused.test(a.line("MODULE LOAD x")), !allowed, setting);
    assert.equal(a.line("MODULE LIST"), "*0");
  }
});

test("clients of other machines may do only what is allowed to all", () => {
  for (const [address, isLocal] of [
    ["127.0.0.1:5000", true],
    ["127.1.2.3:5000", true],
    ["[::1]:5000", true],
    ["", true],
    ["10.0.0.1:5000", false],
    ["[fe80::1]:5000", false],
    ["128.0.0.1:127", false],
  ] as const) {
    const session = new Session(1, 0, { ...noLink, address });
    assert.equal(allowsAction("local", session), isLocal, address);
    assert.equal(allowsAction("yes", session), true);
    assert.equal(allowsAction("no", session), false);
  }
});

const noLink = {
  localAddress: "",
  descriptor: 0,
  inputBytes: 0,
  outputBytes: 0,
  deliver(): void {},
  resume(): void {},
  close(): void {},
};

test("CLUSTER KEYSLOT tells the slot of a key, or of what stands in braces", () => {
  const a = new TestDatabase().connect();
  const slot = (key: string): unknown => a.call("CLUSTER", "KEYSLOT", key);
  assert.equal(slot("somekey"), 11058);
  assert.equal(slot("foo{hash_tag}"), 2515);
  assert.equal(slot("bar{hash_tag}"), 2515);
  assert.equal(slot("foo{bar}{zap}"), slot("bar"));
  assert.equal(slot("foo{{bar}}zap"), slot("{bar"));
  assert.equal(slot(""), 0);
  for (const whole of ["foo{}{bar}", "foo{bar", "foo}bar{"])
    assert.notEqual(slot(whole), slot("bar"));
  assert.notEqual(slot("a{}"), slot("b{}"));
  assert.equal(a.line("CLUSTER INFO"), "-ERR This instance has cluster support disabled");
});

test("INFO and HELLO tell the version that redis-version-reported says", () => {
  using db = open();
  const reported = (): (string | undefined)[] => {
    const hello = db.call("HELLO") as Record<string, string>;
    return [/^redis_version:(.*)\r$/m.exec(db.info("server"))?.[1], hello.version];
  };
  assert.deepEqual(reported(), ["7.4.0", "7.4.0"]);
  db.config("set", "redis-version-reported", "8.10.2");
  assert.deepEqual(reported(), ["8.10.2", "8.10.2"]);
  for (const wrong of ["8", "8.10", "v8.0.0", "8.0.0-rc1", ""]) {
    assert.throws(
      () => db.config("set", "redis-version-reported", wrong),
      /version in three numbers/,
    );
  }
});
