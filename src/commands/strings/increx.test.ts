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

const LEAST = "-9223372036854775807";
const CROSSED = "-ERR LBOUND can't be greater than UBOUND";

test("integers are added within bounds, exact to 64 bits", () => {
  const client = new TestDatabase().connect();
  play(
    client,
    `
    INCREX k → *2 :1 :1
    INCREX k BYINT 5 → *2 :6 :5
    INCREX k BYINT -10 → *2 :-4 :-10
    INCREX k BYINT 0 → *2 :-4 :0
    SET k 50 → +OK
    INCREX k BYINT 100 UBOUND 80 → *2 :50 :0
    INCREX k BYINT 100 UBOUND 80 SATURATE → *2 :80 :30
    INCREX k BYINT -100 LBOUND 0 → *2 :80 :0
    INCREX k BYINT -100 LBOUND 0 SATURATE → *2 :0 :-80
    INCREX k LBOUND 0 BYINT 100 UBOUND 10 SATURATE → *2 :10 :10
    INCREX k BYINT 5 UBOUND 3 → *2 :10 :0
    INCREX k BYINT 5 UBOUND 3 SATURATE → *2 :3 :-7
    SET k 50 → +OK
    INCREX k BYINT -25 UBOUND 30 → *2 :25 :-25
    OBJECT ENCODING k → $3 int
    INCREX new LBOUND 10 → *2 :0 :0
    EXISTS new → :0
    INCREX new LBOUND 10 SATURATE → *2 :10 :10
    SET k 9223372036854775800 → +OK
    INCREX k BYINT 9223372036854775800 → *2 :9223372036854775800 :0
    INCREX k BYINT 9223372036854775800 SATURATE → *2 :9223372036854775807 :7
    INCREX k BYINT 1 SATURATE UBOUND -9223372036854775808 → -ERR applied increment would overflow
    SET k -9223372036854775800 → +OK
    INCREX k BYINT -9 LBOUND -9223372036854775807 → *2 :-9223372036854775800 :0
    INCREX k BYINT -9223372036854775800 SATURATE → *2 :-9223372036854775808 :-8
    SET k 9007199254740990 → +OK
    INCREX k BYINT 3 → *2 :9007199254740993 :3
    INCREX k BYINT -9007199254740993 → *2 :0 :-9007199254740993
    INCREX k UBOUND -9223372036854775807 → *2 :0 :0
    INCREX k UBOUND ${LEAST} SATURATE → *2 :${LEAST} :${LEAST}
    INCREX k BYINT 1 UBOUND 9223372036854775807 → *2 :-9223372036854775806 :1
    `,
  );
});

test("floating-point numbers are added within bounds as INCRBYFLOAT adds them", () => {
  const client = new TestDatabase().connect();
  play(
    client,
    `
    SET k 1.5 → +OK
    INCREX k BYFLOAT 0.25 → *2 $4 1.75 $4 0.25
    INCREX k BYFLOAT 1 → *2 $4 2.75 $1 1
    SET k 10 → +OK
    INCREX k BYFLOAT 100 UBOUND 42.5 → *2 $2 10 $1 0
    INCREX k BYFLOAT 100 UBOUND 42.5 SATURATE → *2 $4 42.5 $4 32.5
    INCREX k BYFLOAT -100 LBOUND -5.5 SATURATE → *2 $4 -5.5 $3 -48
    INCREX k BYFLOAT 11 UBOUND 5.5 → *2 $3 5.5 $2 11
    INCREX k BYFLOAT 0.1 UBOUND 5.5 → *2 $3 5.5 $1 0
    SET k 50.5 → +OK
    INCREX k BYFLOAT 5.5 UBOUND 30 → *2 $4 50.5 $1 0
    INCREX k BYFLOAT 5.5 UBOUND 30 SATURATE → *2 $2 30 $5 -20.5
    INCREX k BYFLOAT -25 UBOUND 30 LBOUND -inf → *2 $1 5 $3 -25
    INCREX new BYFLOAT -0.5 UBOUND -1.5 → *2 $1 0 $1 0
    EXISTS new → :0
    INCREX new BYFLOAT 0.1 → *2 $3 0.1 $3 0.1
    INCREX new BYFLOAT 0.2 → *2 $3 0.3 $3 0.2
    OBJECT ENCODING new → $6 embstr
    SET k inf → +OK
    INCREX k BYFLOAT 1 → -ERR value cannot be Infinity
    SET k hello → +OK
    INCREX k BYFLOAT 1 → -ERR value is not a valid float
    INCREX k → -ERR value is not an integer or out of range
    `,
  );
  client.line("HELLO 3");
  play(
    client,
    `
    SET k 1.5 → +OK
    INCREX k BYFLOAT 0.25 → *2 ,1.75 ,0.25
    INCREX k BYFLOAT 0.25 UBOUND 0 → *2 ,1.75 ,0
    `,
  );
});

test("requests that make no sense are refused", () => {
  const client = new TestDatabase().connect();
  const syntax = "-ERR syntax error";
  play(
    client,
    `
    INCREX → -ERR wrong number of arguments for 'increx' command
    INCREX k FOO → ${syntax}
    INCREX k BYINT → ${syntax}
    INCREX k BYINT 1 BYFLOAT 1 → ${syntax}
    INCREX k BYINT 1 BYINT 1 → ${syntax}
    INCREX k LBOUND 1 LBOUND 1 → ${syntax}
    INCREX k UBOUND 1 UBOUND 1 → ${syntax}
    INCREX k SATURATE SATURATE → ${syntax}
    INCREX k ENX ENX EX 10 → ${syntax}
    INCREX k PERSIST PERSIST → ${syntax}
    INCREX k EX 10 EX 10 → ${syntax}
    INCREX k EX 10 PX 10 → ${syntax}
    INCREX k EX 10 PERSIST → ${syntax}
    INCREX k PERSIST EX 10 → ${syntax}
    INCREX k PERSIST ENX → ${syntax}
    INCREX k ENX PERSIST → ${syntax}
    INCREX k ENX → -ERR ENX flag requires an expiration
    INCREX k BYINT abc → -ERR Increment is not an integer or out of range
    INCREX k BYINT 1.5 → -ERR Increment is not an integer or out of range
    INCREX k UBOUND 1.5 → -ERR UBOUND is not an integer or out of range
    INCREX k LBOUND abc → -ERR LBOUND is not an integer or out of range
    INCREX k BYFLOAT abc → -ERR Increment is not a valid float
    INCREX k BYFLOAT 1 UBOUND abc → -ERR UBOUND is not a valid float
    INCREX k BYFLOAT 1 LBOUND abc → -ERR LBOUND is not a valid float
    INCREX k BYFLOAT -inf → -ERR BYFLOAT increment cannot be Infinity
    INCREX k LBOUND 10 UBOUND 5 → ${CROSSED}
    INCREX k LBOUND 9223372036854775807 UBOUND 9223372036854775806 → ${CROSSED}
    INCREX k BYFLOAT 1 LBOUND 10.5 UBOUND 1.5 → ${CROSSED}
    INCREX k EX 0 → -ERR invalid expire time in 'increx' command
    INCREX k EX abc → -ERR value is not an integer or out of range
    EXISTS k → :0
    RPUSH l a → :1
    INCREX l → -WRONGTYPE Operation against a key holding the wrong kind of value
    INCREX l BYFLOAT 1.5 → -WRONGTYPE Operation against a key holding the wrong kind of value
    `,
  );
});

test("deadlines are set, kept and taken away, and the log has what came of it", () => {
  const database = new TestDatabase();
  const client = database.connect();
  play(
    client,
    `
    SET k 10 → +OK
    INCREX k BYINT 5 → *2 :15 :5
    INCREX k EX 100 → *2 :16 :1
    TTL k → :100
    INCREX k BYINT 100 UBOUND 20 EX 500 → *2 :16 :0
    TTL k → :100
    INCREX k BYINT 100 UBOUND 20 SATURATE PX 5000 → *2 :20 :4
    PTTL k → :5000
    INCREX k EX 10 ENX → *2 :21 :1
    PTTL k → :5000
    INCREX k BYFLOAT 0.5 → *2 $4 21.5 $3 0.5
    PTTL k → :5000
    INCREX k BYFLOAT 0.5 PERSIST → *2 $2 22 $3 0.5
    TTL k → :-1
    INCREX k EX 10 ENX → *2 :23 :1
    TTL k → :10
    INCREX k EXAT 1 ENX → *2 :24 :1
    INCREX k EXAT 1 → *2 :25 :1
    EXISTS k → :0
    INCREX new PXAT 1 → *2 :1 :1
    EXISTS new → :0
    INCREX new → *2 :1 :1
    `,
  );
  assert.deepEqual(database.log, [
    "SET k 10",
    "SET k 15 KEEPTTL",
    `SET k 16 PXAT ${START_MS + 100_000}`,
    `SET k 20 PXAT ${START_MS + 5000}`,
    "SET k 21 KEEPTTL",
    "SET k 21.5 KEEPTTL",
    "SET k 22",
    `SET k 23 PXAT ${START_MS + 10_000}`,
    "SET k 24 KEEPTTL",
    "DEL k",
    "SET new 1 KEEPTTL",
  ]);
  database.keyspace.verify();
});
