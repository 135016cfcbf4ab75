import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text, utf8Bytes } from "../base/bytes.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { NO_DEADLINE } from "../structures/record.ts";
import { registerTypes } from "../types/all-types.ts";
import { stringKind } from "../types/strings.ts";
import { Blocking } from "./blocking.ts";
import { Effects } from "./effects.ts";
import { EventClass, Events } from "./events.ts";
import { Notices } from "./notices.ts";
import { PubSubRegistry } from "./subscriptions.ts";
import { Transaction } from "./transaction.ts";

class Fixture {
  readonly keyspace = new Keyspace(new Memory(), 4, Int32Array.of(1, 2, 3, 4));
  readonly effects = new Effects();
  readonly notices: Notices;
  /** What the log and subscribers were told, in turn. */
  readonly heard: string[] = [];

  constructor() {
    registerTypes(this.keyspace);
    const { effects } = this;
    const append = (bytes: Uint8Array, start: number, end: number): void => {
      this.heard.push(latin1Text(bytes, start, end).replaceAll("\r\n", " ").trimEnd());
    };
    effects.addSink({
      selectDatabase() {},
      append,
      borrow: append,
      take() {},
      sizeBytes: 0,
      shorten() {},
    });
    const pubsub = new PubSubRegistry();
    pubsub.publish = (channel, message, start, end) => {
      this.heard.push(`${channel} ${latin1Text(message, start, end)}`);
      return 0;
    };
    this.notices = new Notices(this.keyspace, effects, new Blocking(), pubsub);
  }

  set(db: number, key: string, deadline = NO_DEADLINE): void {
    const bytes = utf8Bytes(key);
    const kind = stringKind(bytes, 0, bytes.length);
    this.keyspace.setString(db, bytes, 0, bytes.length, kind, bytes, 0, bytes.length, deadline);
  }

  watch(db: number, key: string): Transaction {
    const bytes = utf8Bytes(key);
    const transaction = new Transaction();
    transaction.watch(this.keyspace, db, bytes, 0, bytes.length);
    return transaction;
  }

  take(): string[] {
    return this.heard.splice(0);
  }
}

test("events are published where their class and a kind of channel are asked for", () => {
  const fixture = new Fixture();
  const { notices, keyspace } = fixture;
  const key = utf8Bytes("ké");
  const tell = (): string[] => {
    notices.changed(3, key, 0, key.length, Events.del);
    return fixture.take();
  };
  assert.deepEqual([notices.isHeard, tell()], [false, []]);
  keyspace.settings.notifications = EventClass.keyevent | EventClass.expired;
  assert.deepEqual([notices.isHeard, tell()], [true, []]);
  keyspace.settings.notifications |= EventClass.generic | EventClass.keyspace;
  const name = latin1Text(key, 0, key.length);
  assert.deepEqual(tell(), [`__keyspace@3__:${name} del`, `__keyevent@3__:del ${name}`]);
});

test("a key whose time is over is deleted in the log, and who watches it hears of it", () => {
  const fixture = new Fixture();
  const { keyspace } = fixture;
  keyspace.settings.notifications = EventClass.keyevent | EventClass.expired;
  keyspace.setNow(1000);
  fixture.set(1, "k", 1500);
  const watcher = fixture.watch(1, "k");
  const other = fixture.watch(0, "k");
  keyspace.setNow(2000);
  watcher.expireWatched(keyspace);
  fixture.effects.flush();
  assert.deepEqual(fixture.take(), ["__keyevent@1__:expired k", "*2 $3 DEL $1 k"]);
  assert.deepEqual([watcher.hasChanged(keyspace), other.hasChanged(keyspace)], [true, false]);
});

test("emptying a database is a change of the keys that stand in it", () => {
  const fixture = new Fixture();
  const { keyspace, notices } = fixture;
  fixture.set(0, "a");
  fixture.set(1, "b");
  const watchers = [fixture.watch(0, "a"), fixture.watch(0, "b"), fixture.watch(1, "b")];
  notices.emptying(0);
  notices.emptying(2);
  assert.deepEqual(
    watchers.map((watcher) => watcher.hasChanged(keyspace)),
    [true, false, false],
  );
});

test("exchanging databases is a change of the keys that stand in either", () => {
  const fixture = new Fixture();
  const { keyspace, notices } = fixture;
  fixture.set(0, "a");
  const watchers = [0, 1, 2].map((db) => fixture.watch(db, "a"));
  const nowhere = fixture.watch(1, "nowhere");
  notices.swapping(0, 1);
  assert.deepEqual(
    watchers.map((watcher) => watcher.hasChanged(keyspace)),
    [true, true, false],
  );
  assert.equal(nowhere.hasChanged(keyspace), false);
});
