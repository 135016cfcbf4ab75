import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Gate } from "../../engine/session.ts";
import { redisVersion, version } from "../../engine/version.ts";
import { TestDatabase } from "../test-support.ts";

test("our version is the package's", () => {
  const file = new URL("../../../package.json", import.meta.url);
  assert.equal(version, JSON.parse(readFileSync(file, "utf8")).version);
});

test("PING and ECHO answer", () => {
  const a = new TestDatabase().connect();
  assert.equal(a.line("PING"), "+PONG");
  assert.equal(a.line("PING hi"), "$2 hi");
  assert.equal(a.line("PING a b"), "-ERR wrong number of arguments for 'ping' command");
  assert.equal(a.line("ECHO hi"), "$2 hi");
});

test("HELLO describes the server and switches the protocol", () => {
  const a = new TestDatabase().connect();
  const fields = ["server", "redis", "version", redisVersion, "proto", 2, "id", 1];
  const more = ["mode", "standalone", "role", "master", "modules", []];
  assert.deepEqual(a.call("HELLO"), [...fields, ...more]);
  const three = a.call("HELLO", "3", "SETNAME", "me") as Map<string, unknown>;
  assert.equal(three.get("proto"), 3);
  assert.equal(a.line("GET nothing"), "_");
  assert.equal(a.line("CLIENT GETNAME"), "$2 me");
  assert.equal(a.line("HELLO 4"), "-NOPROTO unsupported protocol version");
  assert.equal(a.line("HELLO abc"), "-ERR Protocol version is not an integer or out of range");
  assert.equal(a.line("HELLO 2 BOGUS"), "-ERR Syntax error in HELLO option 'BOGUS'");
  assert.equal(a.session.protocol, 3);
});

test("without the password only the handshake is allowed", () => {
  const db = new TestDatabase();
  db.services.passwordText = "sécret";
  const a = db.connect();
  assert.equal(a.line("GET k"), "-NOAUTH Authentication required.");
  assert.match(a.line("EXEC"), /^-EXECABORT .* NOAUTH Authentication required\.$/);
  assert.match(a.line("HELLO 3"), /^-NOAUTH HELLO must be called/);
  assert.equal(a.session.protocol, 2);
  const wrong = "-WRONGPASS invalid username-password pair or user is disabled.";
  for (const line of ["AUTH x", "AUTH default x", "AUTH nobody sécret", "AUTH sécret!"]) {
    assert.equal(a.line(line), wrong, line);
  }
  assert.equal(a.line("AUTH sécret"), "+OK");
  assert.equal(a.line("GET k"), "$-1");
  assert.equal(a.line("AUTH x"), wrong);
  assert.equal(a.line("GET k"), "$-1");
  assert.equal(a.line("RESET"), "+RESET");
  assert.equal(a.line("GET k"), "-NOAUTH Authentication required.");
  assert.equal((a.call("HELLO", "3", "AUTH", "default", "sécret") as Map<string, 3>).size, 7);
});

test("AUTH without a password configured says so", () => {
  const a = new TestDatabase().connect();
  assert.match(a.line("AUTH x"), /^-ERR AUTH <password> called without any password/);
  assert.equal(a.line("AUTH default x"), "+OK");
  assert.equal(a.line("AUTH a b c"), "-ERR syntax error");
});

test("RESET puts the session into its first state", () => {
  const db = new TestDatabase();
  const a = db.connect();
  for (const line of ["HELLO 3", "SELECT 5", "CLIENT SETNAME me", "SUBSCRIBE ch", "WATCH k"]) {
    a.line(line);
  }
  a.line("MULTI");
  assert.equal(a.line("RESET"), "+RESET");
  const { session } = a;
  assert.deepEqual(
    [session.protocol, session.db, session.name, session.gates, session.transaction.queue],
    [2, 0, "", 0, null],
  );
  assert.equal(session.subscribed, false);
  assert.equal(db.keyspace.watched.any, false);
  assert.equal(db.context.pubsub.any, false);
});

test("QUIT closes after its reply", () => {
  const a = new TestDatabase().connect();
  assert.equal(a.line("QUIT now"), "+OK");
  assert.equal(a.session.closing, true);
});

test("CLIENT REPLY silences as long, or for the one command, that it says", () => {
  const a = new TestDatabase().connect();
  assert.equal(a.line("CLIENT REPLY SKIP"), "");
  assert.equal(a.line("SET k v"), "");
  assert.equal(a.line("GET k"), "$1 v");
  assert.equal(a.line("CLIENT REPLY OFF"), "");
  assert.equal(a.line("BOGUS"), "");
  assert.equal(a.line("CLIENT REPLY SKIP"), "");
  assert.equal(a.line("CLIENT REPLY ON"), "+OK");
  assert.equal(a.line("GET k"), "$1 v");
  assert.equal(a.session.gates, 0);
});

test("a skipped command that waits is not replied to later", () => {
  const db = new TestDatabase();
  const [a, b] = [db.connect(), db.connect()];
  a.line("CLIENT REPLY SKIP");
  assert.equal(a.line("BLPOP l 0"), "");
  b.line("RPUSH l x");
  assert.equal(a.take(), "");
  assert.equal(a.session.gates & Gate.skipping, 0);
  assert.equal(a.line("LLEN l"), ":0");
});
