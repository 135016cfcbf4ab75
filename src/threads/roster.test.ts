import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import type { CommandTable } from "../engine/command-table.ts";
import { command, EngineFixture, Link } from "../engine/engine-test-support.ts";
import { keyName } from "../engine/key-names.ts";
import { Session } from "../engine/session.ts";
import { Topic } from "../engine/subscriptions.ts";
import { NO_VALUE, type Wait } from "../engine/wait.ts";
import { Memory } from "../memory/memory.ts";
import { Arguments } from "../protocol/arguments.ts";
import { ControlWord, newControl } from "./control.ts";
import { Inbox, Post } from "./inbox.ts";
import { RemoteLink } from "./remote-link.ts";
import { ROSTER_BYTES_MAX, Roster, type RosterMember } from "./roster.ts";

const wait: Wait = {
  wakes: (type) => type !== NO_VALUE,
  hearsAll: false,
  denied: (reply) => reply.null(),
  timedOut: (reply) => reply.null(),
};
const otherWait: Wait = { ...wait };
const take = { ...command("take", "write blocking", () => {}), wait };

/** What is common to all threads. */
class House {
  readonly control = newControl();
  readonly memory = new Memory();
  readonly buffer: SharedArrayBuffer;

  constructor(maxByteLength = ROSTER_BYTES_MAX) {
    this.buffer = new SharedArrayBuffer(0, { maxByteLength });
  }
}

/** A thread: all that it has besides is its own. */
class Thread implements RosterMember {
  readonly control: Int32Array;
  readonly directives: string[] = [];
  readonly sessions: Map<number, Session> = new Map();
  readonly roster: Roster;
  readonly number: number;
  readonly #house: House;
  readonly #fixture = new EngineFixture([take]);

  constructor(house: House, number: number) {
    this.number = number;
    this.control = house.control;
    this.#house = house;
    const { blocking, pubsub } = this.#fixture.context;
    this.roster = new Roster(this, house.buffer, { blocking, pubsub, table: this.table });
  }

  get table(): CommandTable {
    return this.#fixture.executor.table;
  }
  get blocking(): EngineFixture["context"]["blocking"] {
    return this.#fixture.context.blocking;
  }
  get pubsub(): EngineFixture["context"]["pubsub"] {
    return this.#fixture.context.pubsub;
  }

  inboxOf(member: number): Inbox {
    return new Inbox(this.#house.control, this.#house.memory, member);
  }
  session(id: number): Session | undefined {
    return this.sessions.get(id);
  }
  configured(name: string, value: string): void {
    this.directives.push(`${name} ${value}`);
  }

  connect(id: number): Session {
    const session = new Session(id, 0, new Link());
    this.sessions.set(id, session);
    return session;
  }

  /** A session begins to wait for a key. */
  wait(session: Session, key: string, awaited: Wait = wait): void {
    const args = new Arguments();
    args.fill(["take", key]);
    this.blocking.add(session, {
      wait: awaited,
      command: this.table.commands.get("take") as never,
      args,
      names: [keyName(session.db, args.bytes, args.starts[1] as number, args.ends[1] as number)],
      cancelTimer: undefined,
    });
  }

  /** Who waits, in their order, wherever. */
  get waiting(): string[] {
    return [...this.blocking.sessions].map(({ id, waiting }) => `${id} ${waiting?.args.text(1)}`);
  }

  /** Takes what is in its inbox. */
  receive(): string[] {
    const posts: string[] = [];
    this.inboxOf(this.number).takeAll((kind, session, a, b) => {
      posts.push([kind, session, ...[a, b].map((each) => Buffer.from(each).toString())].join(" "));
    });
    return posts;
  }
}

test("who waits stands in the queues of every thread, and may be ended by each", () => {
  const house = new House();
  const [a, b] = [new Thread(house, 1), new Thread(house, 2)];
  const session = a.connect(7);
  session.db = 3;
  session.protocol = 3;
  a.wait(session, "key");
  assert.deepEqual(b.waiting, []);
  b.roster.read();
  const [remote] = b.blocking.waitingFor("\x03key");
  assert.ok(remote !== undefined);
  assert.deepEqual([remote.id, remote.db, remote.protocol], [7, 3, 3]);
  assert.equal(remote.waiting?.wait, wait);
  assert.equal(remote.waiting?.command, b.table.commands.get("take"));
  b.blocking.remove(remote);
  remote.link?.deliver(Buffer.from("--served--"), 2, 8);
  remote.link?.resume();
  assert.ok(session.waiting !== null);
  a.roster.read();
  assert.equal(session.waiting, null);
  assert.deepEqual(a.receive(), [`${Post.reply} 7  served`, `${Post.resume} 7  `]);
  assert.equal(house.memory.usedBytes, new Memory().usedBytes);
});

test("what only its own thread can end is not served elsewhere, but asked for", () => {
  const house = new House();
  const [a, b] = [new Thread(house, 1), new Thread(house, 2)];
  a.wait(a.connect(7), "key", otherWait);
  b.roster.read();
  const [remote] = b.blocking.waitingFor("\0key");
  assert.equal(remote?.waiting?.wait.wakes(1, true), false);
  remote?.waiting?.unblock?.(true);
  assert.deepEqual(a.receive(), [`${Post.unblockWithError} 7  `]);
});

test("a message reaches each thread that listens once, and counts all that are subscribed", () => {
  const house = new House();
  const [a, b, c] = [new Thread(house, 1), new Thread(house, 2), new Thread(house, 3)];
  const [one, two] = [b.connect(1), b.connect(2)];
  b.pubsub.subscribe(one, "news");
  b.pubsub.psubscribe(two, "n*");
  c.roster.read();
  c.pubsub.listen(false, "news", () => {});
  c.pubsub.ssubscribe(c.connect(3), "news");
  a.roster.read();
  const message = Buffer.from("<hello>");
  assert.equal(a.pubsub.publish("news", message, 1, 6), 3);
  assert.equal(a.pubsub.publish("nothing", message, 1, 6), 1);
  assert.equal(a.pubsub.publish("else", message, 1, 6), 0);
  assert.equal(a.pubsub.spublish("news", message, 1, 6), 1);
  assert.deepEqual(b.receive(), [
    `${Post.message} 0 news hello`,
    `${Post.message} 0 nothing hello`,
  ]);
  assert.deepEqual(c.receive(), [
    `${Post.message} 0 news hello`,
    `${Post.shardMessage} 0 news hello`,
  ]);
  assert.equal(a.pubsub.count(Topic.channel, "news"), 2);
  assert.deepEqual([...a.pubsub.names(Topic.pattern)], ["n*"]);
  b.roster.read();
  b.pubsub.forget(one);
  b.pubsub.forget(two);
  a.roster.read();
  assert.equal(a.pubsub.publish("news", message, 1, 6), 1);
  c.roster.read();
  a.roster.gone(3);
  assert.equal(a.pubsub.any, false);
});

test("a directive that one thread sets is heard of once by each, and by who comes later", () => {
  const house = new House();
  const [a, b] = [new Thread(house, 1), new Thread(house, 2)];
  a.roster.set("maxclients", "10");
  a.roster.set("requirepass", "grüße");
  b.roster.read();
  b.roster.read();
  const late = new Thread(house, 3);
  for (const { directives } of [b, late]) {
    assert.deepEqual(directives, ["maxclients 10", "requirepass grüße"]);
  }
  assert.deepEqual(a.directives, []);
});

test("who waits no more waits nowhere, though the roster be written anew with that", () => {
  const house = new House();
  const [a, b] = [new Thread(house, 1), new Thread(house, 2)];
  const session = a.connect(7);
  while ((house.control[ControlWord.rosterAge] as number) < 12) {
    a.wait(session, "k");
    a.blocking.remove(session);
    b.roster.read();
    assert.deepEqual(b.waiting, []);
  }
});

test("all threads know the same, however seldom they look, and the roster stays short", () => {
  const seed = Number(process.env.TSKEYDB_SEED ?? 7);
  const random = new Random().seed(seed);
  const house = new House();
  const threads = [1, 2, 3, 4].map((number) => new Thread(house, number));
  let ids = 0;
  let waits: string[] = [];
  const subscriptions = new Map<string, number>();
  const count = (name: string, change: number): void => {
    subscriptions.set(name, (subscriptions.get(name) ?? 0) + change);
  };
  const ages = new Set<number>();
  for (let step = 0; step < 30_000; step++) {
    // The last of them comes to it seldom.
    const thread = threads[random.below(100) === 0 ? 3 : random.below(3)] as Thread;
    thread.roster.read();
    const all = [...thread.blocking.sessions];
    if (random.below(2) === 0) {
      const session = thread.connect(++ids);
      const key = `${random.below(5)}${"-".repeat(random.below(200))}`;
      thread.wait(session, key);
      waits.push(`${session.id} ${key}`);
      if (random.below(4) === 0) {
        thread.pubsub.subscribe(session, key);
        count(key, 1);
      }
    } else if (all.length > 0) {
      const session = all[random.below(all.length)] as Session;
      waits = waits.filter((each) => !each.startsWith(`${session.id} `));
      thread.blocking.remove(session);
      if (session.link instanceof RemoteLink) {
        session.link.resume();
      } else {
        for (const channel of session.channels) count(channel, -1);
        thread.pubsub.forget(session);
      }
    }
    ages.add(house.control[ControlWord.rosterAge] as number);
    thread.receive();
  }
  assert.ok(ages.size > 2, "it was written anew");
  assert.ok((house.control[ControlWord.rosterBytes] as number) < 2 << 20);
  const late = new Thread(house, 5);
  for (const thread of [...threads, late]) {
    thread.roster.read();
    assert.deepEqual(thread.waiting, waits, `thread ${thread.number}, seed ${seed}`);
    for (const [name, times] of subscriptions) {
      assert.equal(thread.pubsub.count(Topic.channel, name), times, `${name}, seed ${seed}`);
    }
  }
});

test("who would make the list too long is refused, and what is gone makes room", () => {
  const house = new House(64 * 1024);
  const [one, two] = [new Thread(house, 1), new Thread(house, 2)];
  const { pubsub } = one;
  assert.equal(pubsub.hasRoom(4096, 1), true);
  assert.equal(pubsub.hasRoom(4097, 1), false, "one alone takes too much");
  const stops: (() => void)[] = [];
  for (let i = 0; pubsub.hasRoom(4000, 1); i++) {
    assert.ok(i < 64);
    stops.push(pubsub.listen(false, `${i}`.padEnd(4000, "."), () => {}));
  }
  assert.equal(stops.length, 8);
  two.roster.read();
  assert.equal(two.pubsub.names(Topic.channel).size, 8);
  // What ends, or is set, is told, though the list has no room for a word of it.
  for (let i = 0; i < 3000; i++) {
    one.roster.set("a-directive", `${i}`);
    if (i % 10 === 0 && stops.length > 2) stops.pop()?.();
  }
  two.roster.read();
  assert.equal(two.directives.at(-1), "a-directive 2999");
  assert.deepEqual(
    [...two.pubsub.names(Topic.channel)].map((name) => name[0]),
    ["0", "1"],
  );
  assert.equal(pubsub.hasRoom(4000, 1), true);
  for (const thread of [two, new Thread(house, 3)]) {
    for (const name of one.pubsub.names(Topic.channel)) {
      assert.equal(thread.pubsub.count(Topic.channel, name), 1);
    }
  }
});
