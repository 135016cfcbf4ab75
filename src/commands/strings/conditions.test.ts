import assert from "node:assert/strict";
import { test } from "node:test";
import { START_MS, type TestClient, TestDatabase } from "../test-support.ts";

/** What each line is answered; `→` parts a request from its reply. */
function play(client: TestClient, story: string): void {
  for (const line of story.trim().split("\n")) {
    const [request, reply] = line.trim().split(" → ");
    assert.equal(client.line(request), reply, request);
  }
}

const WRONGTYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value";

test("SET compares with what is there, value or digest", () => {
  const client = new TestDatabase().connect();
  play(
    client,
    `
    SET k v1 IFEQ x → $-1
    EXISTS k → :0
    SET k v1 IFDEQ 0123 → $-1
    SET k v1 IFNE x → +OK
    SET k v2 IFNE v1 → $-1
    SET k v2 ifeq v1 PX 5000 → +OK
    PTTL k → :5000
    SET k v3 IFEQ v2 KEEPTTL → +OK
    PTTL k → :5000
    SET k v4 IFEQ v2 GET → $2 v3
    GET k → $2 v3
    SET k v4 IFEQ v3 GET → $2 v3
    TTL k → :-1
    SET k v5 IFEQ v4 NX → -ERR syntax error
    SET k v5 NX IFEQ v4 → -ERR syntax error
    SET k v5 IFEQ v4 XX → -ERR syntax error
    SET k v5 IFEQ v4 IFNE v4 → -ERR syntax error
    SET k v5 IFEQ → -ERR syntax error
    SET k v5 IFEQ x IFEQ v4 → +OK
    SET k hello → +OK
    DIGEST k → $16 9555e8555c62dcfd
    SET k x IFDEQ 0000000000000000 → $-1
    SET k x IFDNE 9555E8555C62DCFD → $-1
    SET k x IFDEQ 9555e8555c62dcf → -ERR must be exactly 16 hexadecimal characters
    SET k x IFDNE zzzzzzzzzzzzzzzz → +OK
    SET k hello → +OK
    SET k x IFDEQ 9555E8555c62dcfd EX 10 → +OK
    SET d 1 IFDNE 9555E8555c62dcfd → +OK
    RPUSH l a → :1
    SET l x IFEQ a → ${WRONGTYPE}
    SET l x IFDNE a → ${WRONGTYPE}
    DIGEST l → ${WRONGTYPE}
    DIGEST nothing → $-1
    SET n 10 → +OK
    INCR n → :11
    SET n 12 IFEQ 11 → +OK
    COMMAND GETKEYSANDFLAGS SET k v IFEQ x → *1 *2 $1 k *3 +RW +access +update
    COMMAND GETKEYSANDFLAGS SET k v XX → *1 *2 $1 k *2 +OW +update
    `,
  );
});

test("DELEX and DELIFEQ delete what is as they are told", () => {
  const client = new TestDatabase().connect();
  play(
    client,
    `
    DELEX k → :0
    DELEX k IFEQ v → :0
    DELEX k BOGUS v → :0
    DELEX k IFEQ → -ERR wrong number of arguments for 'delex' command
    DELEX k IFEQ v w → -ERR wrong number of arguments for 'delex' command
    SET k hello → +OK
    DELEX k BOGUS v → -ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE
    DELEX k IFEQ v → :0
    DELEX k ifeq hello → :1
    SET k hello → +OK
    DELEX k IFNE hello → :0
    DELEX k IFNE v → :1
    SET k hello → +OK
    DELEX k IFDEQ 12 → -ERR must be exactly 16 hexadecimal characters
    DELEX k IFDNE 9555e8555c62dcfd → :0
    DELEX k IFDEQ 9555E8555c62dcfd → :1
    RPUSH l a → :1
    DELEX l IFEQ a → -ERR Key should be of string type if conditions are specified
    DELIFEQ l a → ${WRONGTYPE}
    DELEX l → :1
    DELIFEQ k v → :0
    SET k v → +OK
    DELIFEQ k w → :0
    DELIFEQ k v → :1
    EXISTS k l → :0
    COMMAND GETKEYSANDFLAGS DELEX k → *1 *2 $1 k *2 +RM +delete
    COMMAND GETKEYSANDFLAGS DELEX k IFEQ v → *1 *2 $1 k *3 +RW +access +delete
    `,
  );
});

test("MSETEX sets all keys or none", () => {
  const client = new TestDatabase().connect();
  play(
    client,
    `
    MSETEX 2 a 1 b 2 EX 100 → :1
    TTL a → :100
    TTL b → :100
    MSETEX 2 c 1 a 2 NX → :0
    EXISTS c → :0
    MSETEX 2 c 1 a 2 XX → :0
    MSETEX 2 b x a y XX KEEPTTL → :1
    MGET a b → *2 $1 y $1 x
    TTL b → :100
    MSETEX 1 a z → :1
    TTL a → :-1
    MSETEX 1 a z PXAT 33177117420123 NX → :0
    MSETEX 1 d z PXAT 33177117420123 NX → :1
    PEXPIRETIME d → :33177117420123
    MSETEX 0 a 1 → -ERR invalid numkeys value
    MSETEX -1 a 1 → -ERR invalid numkeys value
    MSETEX x a 1 → -ERR invalid numkeys value
    MSETEX 2 a 1 → -ERR wrong number of key-value pairs
    MSETEX 2 a 1 b → -ERR wrong number of key-value pairs
    MSETEX 1 a 1 NX XX → -ERR syntax error
    MSETEX 1 a 1 EX 10 PX 10 → -ERR syntax error
    MSETEX 1 a 1 EX 10 KEEPTTL → -ERR syntax error
    MSETEX 1 a 1 EX → -ERR syntax error
    MSETEX 1 a 1 b → -ERR syntax error
    MSETEX 1 a 1 EX 0 → -ERR invalid expire time in 'msetex' command
    MSETEX 1 a 1 EX x → -ERR value is not an integer or out of range
    MSETEX 1 a → -ERR wrong number of arguments for 'msetex' command
    COMMAND GETKEYS MSETEX 2 a 1 b 2 EX 10 → *2 $1 a $1 b
    `,
  );
});

test("the log has commands that every server knows", () => {
  const database = new TestDatabase();
  const client = database.connect();
  for (const line of [
    "SET k v IFNE x",
    "SET k w IFEQ v KEEPTTL",
    "SET k x IFEQ w EX 10",
    "SET k x IFEQ w",
    "DELEX k IFEQ x",
    "MSETEX 2 a 1 b 2",
    "MSETEX 2 a 1 b 2 PX 500",
    "MSETEX 1 a 1 KEEPTTL",
    "MSETEX 1 a 1 NX",
    "DELIFEQ a 1",
    "DELEX b",
    "SET x ab",
    "SET y b",
    "BITOP ONE z x y",
  ]) {
    client.line(line);
  }
  assert.deepEqual(
    database.log.filter((line) => line !== "MULTI" && line !== "EXEC"),
    [
      "SET k v",
      "SET k w KEEPTTL",
      `SET k x PXAT ${START_MS + 10_000}`,
      "DEL k",
      "SET a 1",
      "SET b 2",
      `SET a 1 PXAT ${START_MS + 500}`,
      `SET b 2 PXAT ${START_MS + 500}`,
      "SET a 1 KEEPTTL",
      "DEL a",
      "DEL b",
      "SET x ab",
      "SET y b",
      "SET z \x03b",
    ],
  );
  database.keyspace.verify();
});

test("no deadline is kept that has passed: the key goes first, and the log tells of it", () => {
  for (const again of ["SET k w KEEPTTL", "MSETEX 1 k w KEEPTTL"]) {
    const database = new TestDatabase();
    const client = database.connect();
    client.line("SET k v PX 100");
    database.executor.setNow(START_MS + 101);
    database.log = [];
    client.line(again);
    assert.equal(client.line("PTTL k"), ":-1");
    assert.deepEqual(database.log, ["MULTI", "DEL k", "SET k w KEEPTTL", "EXEC"], again);
    database.keyspace.verify();
  }
});
