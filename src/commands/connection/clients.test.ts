import assert from "node:assert/strict";
import { test } from "node:test";
import { TestDatabase } from "../test-support.ts";

test("CLIENT INFO has every field of Redis 7.4, in its order", () => {
  const db = new TestDatabase();
  const a = db.connect();
  a.line("CLIENT SETNAME me");
  a.line("CLIENT SETINFO LIB-NAME lib");
  a.line("CLIENT SETINFO lib-ver 1.2");
  a.line("SELECT 3");
  a.line("WATCH k l");
  db.advance(2500);
  assert.equal(
    a.call("CLIENT", "INFO"),
    "id=1 addr=127.0.0.1:50001 laddr=127.0.0.1:6379 fd=8 name=me age=2 idle=2 flags=N db=3 " +
      "sub=0 psub=0 ssub=0 multi=-1 watch=2 qbuf=10 qbuf-free=0 argv-mem=10 multi-mem=0 " +
      "rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=4116 events=r cmd=client|info user=default " +
      "redir=-1 resp=2 lib-name=lib lib-ver=1.2\n",
  );
});

test("flags tell the state of a client", () => {
  const db = new TestDatabase();
  const [a, b] = [db.connect(), db.connect()];
  const flags = (): string =>
    /flags=(\w+)/.exec(a.call("CLIENT", "LIST", "ID", "2") as string)?.[1] ?? "";
  assert.equal(flags(), "N");
  b.line("WATCH k");
  b.line("MULTI");
  assert.equal(flags(), "x");
  a.line("SET k v");
  assert.equal(flags(), "xd");
  b.line("EXEC");
  b.line("BLPOP l 0");
  assert.equal(flags(), "b");
  a.line("CLIENT UNBLOCK 2");
  b.line("CLIENT NO-EVICT on");
  b.line("CLIENT NO-TOUCH on");
  assert.equal(flags(), "eT");
  b.line("CLIENT NO-EVICT off");
  b.line("CLIENT NO-TOUCH off");
  b.line("SUBSCRIBE ch");
  assert.equal(flags(), "P");
});

test("CLIENT LIST filters by type and by id", () => {
  const db = new TestDatabase();
  const [a, b] = [db.connect(), db.connect()];
  b.line("SUBSCRIBE ch");
  const ids = (...words: string[]): string[] =>
    [...(a.call("CLIENT", "LIST", ...words) as string).matchAll(/^id=(\d+)/gm)].map((m) => m[1]);
  assert.deepEqual(ids(), ["1", "2"]);
  assert.deepEqual(ids("TYPE", "normal"), ["1"]);
  assert.deepEqual(ids("TYPE", "PUBSUB"), ["2"]);
  assert.deepEqual(ids("TYPE", "replica"), []);
  assert.deepEqual(ids("ID", "2", "77"), ["2"]);
  assert.equal(a.line("CLIENT LIST TYPE x"), "-ERR Unknown client type 'x'");
  assert.equal(a.line("CLIENT LIST ID x"), "-ERR Invalid client ID");
  assert.equal(a.line("CLIENT LIST ID"), "-ERR syntax error");
});

test("CLIENT KILL ends the clients that match every filter", () => {
  const db = new TestDatabase();
  const a = db.connect();
  const others = [db.connect(), db.connect(), db.connect()];
  assert.equal(a.line("CLIENT KILL 127.0.0.1:50002"), "+OK");
  assert.equal(a.line("CLIENT KILL 127.0.0.1:50002"), "-ERR No such client");
  assert.equal(a.line("CLIENT KILL ID 3 TYPE pubsub"), ":0");
  assert.equal(a.line("CLIENT KILL ID 3 TYPE normal USER default"), ":1");
  db.advance(5000);
  assert.equal(a.line("CLIENT KILL MAXAGE 6"), ":0");
  assert.equal(a.line("CLIENT KILL MAXAGE 5 LADDR 127.0.0.1:6379"), ":1");
  assert.deepEqual(
    db.services.killed,
    others.map((other) => other.session.id),
  );
  assert.equal(a.line("CLIENT KILL SKIPME yes"), ":0");
  assert.equal(a.line("CLIENT KILL ID 1 SKIPME yes"), ":0");
  assert.equal(a.session.closing, false);
  assert.equal(a.line("CLIENT KILL ID 1 SKIPME no"), ":1");
  assert.equal(a.session.closing, true);
  assert.equal(a.line("CLIENT KILL 0"), "-ERR No such client");
  assert.equal(a.line("CLIENT KILL ID 0"), "-ERR client-id should be greater than 0");
});

test("CLIENT UNBLOCK ends the waiting, with an error if asked", () => {
  const db = new TestDatabase();
  const [a, b] = [db.connect(), db.connect()];
  a.line("HELLO 3");
  assert.equal(a.line("CLIENT UNBLOCK 2"), ":0");
  b.line("BLPOP l 0");
  assert.equal(a.line("CLIENT UNBLOCK 2"), ":1");
  assert.equal(b.take(), "*-1");
  b.line("BLPOP l 0");
  assert.equal(a.line("CLIENT UNBLOCK 2 error"), ":1");
  assert.equal(b.take(), "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
  assert.equal(b.resumed, 2);
  assert.equal(a.line("GET k"), "_");
  assert.match(a.line("CLIENT UNBLOCK 2 x"), /^-ERR CLIENT UNBLOCK reason should be/);
});

test("names must be printable and without spaces", () => {
  const a = new TestDatabase().connect();
  assert.equal(a.line("CLIENT GETNAME"), "$-1");
  assert.match(a.call("CLIENT", "SETNAME", "a b") as string, /^-ERR Client names cannot/);
  assert.match(
    a.call("CLIENT", "SETINFO", "LIB-NAME", "a\nb") as string,
    /^-ERR LIB-NAME cannot contain spaces/,
  );
  assert.equal(a.line("CLIENT SETINFO x y"), "-ERR Unrecognized option 'x'");
  assert.equal(a.line("CLIENT SETNAME me"), "+OK");
  assert.equal(a.raw("CLIENT", "SETNAME", ""), "+OK\r\n");
  assert.equal(a.line("CLIENT GETNAME"), "$-1");
});

test("under CLIENT NO-TOUCH only TOUCH leaves a trace", () => {
  const db = new TestDatabase();
  const [a, b] = [db.connect(), db.connect()];
  a.line("SET k v");
  b.line("CLIENT NO-TOUCH on");
  db.advance(10_000);
  b.line("GET k");
  assert.equal(a.line("OBJECT IDLETIME k"), ":10");
  b.line("TOUCH k");
  assert.equal(a.line("OBJECT IDLETIME k"), ":0");
});

test("CLIENT NO-TOUCH ends, for its client and for all others", () => {
  const db = new TestDatabase();
  const [a, b] = [db.connect(), db.connect()];
  a.line("SET k v");
  for (const end of ["CLIENT NO-TOUCH off", "RESET"]) {
    b.line("CLIENT NO-TOUCH on");
    b.line("GET k");
    b.line(end);
    for (const client of [b, a]) {
      db.advance(10_000);
      assert.equal(a.line("OBJECT IDLETIME k"), ":10");
      client.line("GET k");
      assert.equal(a.line("OBJECT IDLETIME k"), ":0", end);
    }
  }
});

test("cmd is the last request's command, whether it was executed or not", () => {
  const db = new TestDatabase();
  const [a, b] = [db.connect(), db.connect()];
  const last = (): string =>
    / cmd=(\S+)/.exec(a.call("CLIENT", "LIST", "ID", "2") as string)?.[1] ?? "";
  for (const [request, command] of [
    ["GET", "get"],
    ["CONFIG GET", "config|get"],
    ["CONFIG BOGUS", "NULL"],
    ["PING", "ping"],
    ["BOGUS", "NULL"],
    ["MULTI", "multi"],
    ["SET k v", "set"],
    ["SET k", "set"],
    ["DISCARD", "discard"],
    ["SUBSCRIBE c", "subscribe"],
    ["GET k", "get"],
  ] as const) {
    b.line(request);
    assert.equal(last(), command, request);
  }
});

test("a bound of CLIENT KILL MAXAGE is a number above zero", () => {
  const client = new TestDatabase().connect();
  const notInteger = "-ERR maxage is not an integer or out of range";
  assert.equal(client.line("CLIENT KILL MAXAGE str"), notInteger);
  assert.equal(client.line("CLIENT KILL MAXAGE 9999999999999999999"), notInteger);
  assert.equal(client.line("CLIENT KILL MAXAGE -1"), "-ERR maxage should be greater than 0");
  assert.equal(client.line("CLIENT KILL MAXAGE 9223372036854775807"), ":0");
});
