import assert from "node:assert/strict";
import { test } from "node:test";
import { command, EngineFixture, Link } from "./engine-test-support.ts";
import { Gate } from "./session.ts";
import { Figure } from "./statistics.ts";

const ping = command("ping", "fast", (c) => c.reply.simple("PONG"), {
  allowedWhenSubscribed: true,
});
const get = command("get", "readonly", (c) => c.reply.null());
const auth = command("auth", "no_auth", (c) => c.reply.ok());
const off = command("off", "", (c) => c.executor.gates.silence(c.session));
const on = command("on", "", (c) => {
  c.executor.gates.speak(c.session);
  c.reply.ok();
});
const skip = command("skip", "", (c) => c.session.setGate(Gate.skipNext, true));
const reset = command("reset", "", (c) => {
  c.executor.gates.reset(c.session);
  c.reply.simple("RESET");
});
const multi = command("multi", "", (c) => {
  c.session.beginTransaction();
  c.reply.ok();
});
const now = command("now", "", (c) => c.reply.ok(), { notQueued: true });

test("a gate that holds a request up answers in its place", () => {
  const fixture = new EngineFixture([ping, get, auth]);
  const { session } = fixture;
  session.setGate(Gate.authentication, true);
  assert.equal(fixture.call("ping"), "-NOAUTH Authentication required.");
  assert.equal(fixture.call("auth"), "+OK");
  session.gates = Gate.subscribed;
  assert.equal(fixture.call("ping"), "+PONG");
  assert.match(fixture.call("get k"), /^-ERR Can't execute 'get': only /);
  assert.equal(fixture.figure("get", Figure.rejected), 1);
  session.gates = 0;
  assert.equal(fixture.call("get k"), "$-1");
});

test("inside MULTI what is not executed at once is queued, and what cannot be fails it", () => {
  const fixture = new EngineFixture([get, multi, now, command("never", "no_multi", () => {})]);
  const { transaction } = fixture.session;
  fixture.call("multi");
  assert.equal(fixture.call("get k"), "+QUEUED");
  assert.equal(fixture.call("now"), "+OK");
  assert.deepEqual(
    transaction.queue?.map(({ command: { name } }) => name),
    ["get"],
  );
  assert.equal(transaction.failed, false);
  assert.match(fixture.call("never"), /^-ERR Command not allowed inside a transaction/);
  assert.equal(transaction.failed, true);
  transaction.failed = false;
  assert.match(fixture.call("bogus"), /^-ERR unknown command/);
  assert.equal(transaction.failed, true);
});

test("an error outside of MULTI fails no transaction", () => {
  const fixture = new EngineFixture([ping, off]);
  fixture.call("off");
  fixture.call("bogus");
  assert.equal(fixture.session.transaction.failed, false);
});

test("silence ends where it is ended, and takes back what was replied in it alone", () => {
  const both = command("both", "", (c) => {
    c.reply.simple("one");
    c.executor.gates.speak(c.session);
    c.reply.simple("two");
  });
  const fixture = new EngineFixture([ping, off, on, skip, reset, both]);
  assert.equal(fixture.call("off"), "");
  assert.equal(fixture.call("ping"), "");
  assert.equal(fixture.call("both"), "+two");
  assert.equal(fixture.call("ping"), "+PONG");
  assert.equal(fixture.call("skip"), "");
  assert.equal(fixture.call("on"), "+OK");
  assert.equal(fixture.call("ping"), "+PONG");
  fixture.call("skip");
  assert.deepEqual([fixture.call("reset"), fixture.call("ping")], ["", "+PONG"]);
  fixture.call("off");
  assert.deepEqual([fixture.call("reset"), fixture.call("ping")], ["+RESET", "+PONG"]);
  assert.equal(fixture.session.gates, 0);
});

test("one session's silence takes nothing of another's replies", () => {
  const fixture = new EngineFixture([ping, off, on]);
  const other = fixture.connect(new Link());
  const { reply } = fixture.context;
  reply.simple("before");
  fixture.call("off");
  reply.truncate(0);
  assert.equal(fixture.call("on", other), "+OK");
  assert.equal(fixture.call("ping"), "");
});

test("a message to the session itself follows the reply, in silence as well", () => {
  const publish = command("publish", "", (c) => {
    const message = Uint8Array.of(104, 105);
    c.pubsub.publish("ch", message, 0, 2);
    c.reply.ok();
  });
  const push = command("push", "", (c) => {
    const from = c.reply.length;
    c.reply.simple("pushed");
    c.executor.gates.keepPush(c.session, from);
  });
  const fixture = new EngineFixture([publish, push, off]);
  fixture.context.pubsub.subscribe(fixture.session, "ch");
  const message = "*3 $7 message $2 ch $2 hi";
  assert.equal(fixture.call("publish"), `+OK ${message}`);
  fixture.call("off");
  assert.equal(fixture.call("publish"), message);
  assert.equal(fixture.call("push"), "+pushed");
  assert.equal(fixture.link.take(), "");
});
