import assert from "node:assert/strict";
import { test } from "node:test";
import { Arguments } from "../protocol/arguments.ts";
import { NO_DEADLINE } from "../structures/record.ts";
import { stringKind } from "../types/strings.ts";
import type { Command, Context } from "./context.ts";
import { command, EngineFixture, Link } from "./engine-test-support.ts";
import { Events } from "./events.ts";
import type { Session } from "./session.ts";
import { NO_VALUE, type Wait } from "./wait.ts";

/** Takes the value of the first of its keys that has one, or waits for one. */
function take(name: string, more: Partial<Wait> = {}): Command {
  const wait: Wait = {
    wakes: (type) => type !== NO_VALUE,
    hearsAll: false,
    denied: (reply) => reply.null(),
    timedOut: (reply) => reply.simple("late"),
    ...more,
  };
  const made = command(name, "write blocking", (c) => {
    for (let i = 1; i < c.args.count; i++) {
      if (!c.remove(i)) continue;
      c.modified(i, Events.del);
      c.reply.bulk(c.args.bytes, c.args.starts[i], c.args.ends[i]);
      return;
    }
    if (c.serving && more.hearsAll === true) c.reply.simple("gone");
    else c.block(1, c.args.count - 1, c.args.count === 2 ? 0 : 1000);
  });
  return { ...made, wait };
}

const put = command("put", "write", (c: Context) => {
  const { args } = c;
  for (let i = 1; i < args.count; i++) {
    const kind = stringKind(args.bytes, args.starts[i], args.ends[i]);
    c.setString(i, kind, args.bytes, args.starts[i], args.ends[i], NO_DEADLINE);
    c.modified(i, Events.renameTo);
    c.ready(i);
  }
  c.reply.ok();
});

const del = command("del", "write", (c: Context) => {
  if (c.remove(1)) c.modified(1, Events.del);
  c.reply.ok();
});

function waiters(fixture: EngineFixture, count: number): { link: Link; session: Session }[] {
  return Array.from({ length: count }, () => {
    const link = new Link();
    return { link, session: fixture.connect(link) };
  });
}

test("who waits is served in the order of coming, and what is left over waits on", () => {
  const fixture = new EngineFixture([take("take"), put]);
  const [a, b, c] = waiters(fixture, 3);
  for (const { session } of [a, b, c]) assert.equal(fixture.call("take x y", session), "");
  assert.equal(fixture.context.blocking.keyCount, 2);
  fixture.call("put y");
  assert.deepEqual([a.link.take(), b.link.take(), c.link.take()], ["$1 y", "", ""]);
  fixture.call("put x y");
  assert.deepEqual([a.link.take(), b.link.take(), c.link.take()], ["", "$1 x", "$1 y"]);
  assert.deepEqual([a.link.resumed, b.link.resumed, c.link.resumed], [1, 1, 1]);
  const { blocking } = fixture.context;
  assert.deepEqual([blocking.any, blocking.keyCount, fixture.timers.length], [false, 0, 0]);
});

test("a key that holds another type than is waited for wakes nobody", () => {
  const fixture = new EngineFixture([take("take", { wakes: () => false }), put]);
  const [a] = waiters(fixture, 1);
  fixture.call("take x", a.session);
  fixture.call("put x");
  assert.equal(a.link.take(), "");
  assert.notEqual(a.session.waiting, null);
});

test("who hears of everything is woken by a deletion too", () => {
  const wakes = (type: number): boolean => type === NO_VALUE;
  const fixture = new EngineFixture([take("take", { wakes, hearsAll: true }), put, del]);
  const [a] = waiters(fixture, 1);
  fixture.call("take x", a.session);
  assert.equal(fixture.context.notices.isHeard, true);
  fixture.call("put x");
  assert.equal(a.link.take(), "");
  fixture.call("del x");
  assert.equal(a.link.take(), "+gone");
  assert.equal(fixture.context.notices.isHeard, false);
  fixture.call("put x");
  fixture.call("put y");
  fixture.context.blocking.add(a.session, {
    wait: { wakes, hearsAll: true, denied() {}, timedOut() {} },
    command: fixture.executor.table.commands.get("take") as never,
    args: new Arguments(),
    names: ["\0y", "\0y"],
    cancelTimer: undefined,
  });
  fixture.context.notices.emptying(0);
  fixture.keyspace.flush(0);
  fixture.executor.settle();
  assert.equal(a.link.take(), "+gone");
});

test("a time-out and UNBLOCK reply in the waiter's protocol, what it says", () => {
  const fixture = new EngineFixture([take("take", { timedOut: (reply) => reply.null() }), put]);
  const [a] = waiters(fixture, 1);
  a.session.protocol = 3;
  fixture.call("take x y", a.session);
  fixture.timers[0]();
  assert.equal(a.link.take(), "_");
  assert.equal(fixture.context.reply.length, 0);
  fixture.call("take x y", a.session);
  fixture.executor.waiters.unblockWithError(a.session);
  assert.match(a.link.take(), /^-UNBLOCKED /);
  assert.equal(fixture.timers.length, 0);
  assert.equal(a.session.waiting, null);
});

test("who may not wait is denied, and who went away is not served", () => {
  const fixture = new EngineFixture([take("take"), put]);
  assert.equal(fixture.call("take x", fixture.executor.internal), "$-1");
  const [a] = waiters(fixture, 1);
  fixture.call("take x", a.session);
  fixture.executor.forget(a.session);
  fixture.call("put x");
  assert.equal(a.link.take(), "");
  assert.equal(fixture.keyspace.size(0), 1);
});

test("while a transaction of the embedded API is open nothing is given away", () => {
  const fixture = new EngineFixture([take("take"), put]);
  const [a] = waiters(fixture, 1);
  fixture.call("take x", a.session);
  fixture.executor.transactionOpen = true;
  fixture.call("put x");
  assert.equal(a.link.take(), "");
  fixture.executor.transactionOpen = false;
  fixture.executor.settle();
  assert.equal(a.link.take(), "$1 x");
});

test("who is served after a long time has not been idle then", () => {
  const fixture = new EngineFixture([take("take"), put]);
  const [a] = waiters(fixture, 1);
  fixture.call("take x", a.session);
  fixture.executor.setNow(fixture.context.now + 5000);
  fixture.call("put x");
  assert.equal(a.link.take(), "$1 x");
  assert.equal(a.session.lastMs, fixture.context.now);
});
