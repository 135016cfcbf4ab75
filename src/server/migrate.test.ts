// MIGRATE on a simulated network, with a target that says what the test has it say: what the client
// is told, what stays and what goes, whatever happens on the way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import { assemble } from "../host/assembly.ts";
import { configurationOf } from "../host/configuration.ts";
import type { Socket, SocketHandlers } from "../platform/platform.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { Server } from "./server.ts";

const TARGET = 7000;
const UNREAD = "-IOERR error or timeout reading from target instance";

class Machine {
  readonly platform = new SimulatedPlatform(1);
  readonly database;
  readonly services;
  readonly server;
  #port = 0;

  constructor() {
    const configuration = configurationOf(["--appendonly", "no", "--save", ""], () => "");
    const { database, services } = assemble(this.platform, configuration, {
      seed: 1,
      clock: () => this.platform.nowMs(),
    });
    this.database = database;
    this.services = services;
    this.server = new Server(database, services, configuration);
  }

  static async begin(): Promise<Machine> {
    const machine = new Machine();
    const listening = machine.server.listen("127.0.0.1", 0);
    machine.platform.advance(10);
    machine.#port = (await listening).port;
    return machine;
  }

  connect(): Peer {
    return new Peer(this.platform, this.#port);
  }

  get cached(): string {
    return this.services.targets.count.toString();
  }

  /** What went to the log from now on: a line for each command. */
  followEffects(): string[] {
    const lines: string[] = [];
    const append = (bytes: Uint8Array, start: number, end: number): void => {
      const words = text(bytes, start, end).split("\r\n");
      lines.push(words.filter((_, i) => i > 0 && i % 2 === 0).join(" "));
    };
    this.database.executor.context.effects.addSink({
      selectDatabase: (db) => void lines.push(`db ${db}`),
      append,
      borrow: append,
      take() {},
      sizeBytes: 0,
      shorten() {},
    });
    return lines;
  }
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder("latin1").decode(bytes.slice(start, end));
}

/** A client, or a connection that the target has accepted. */
class Peer {
  received = "";
  isClosed = false;
  readonly #platform: SimulatedPlatform;
  #socket: Socket | undefined;

  constructor(platform: SimulatedPlatform, port: number, socket?: Socket) {
    this.#platform = platform;
    this.#socket = socket ?? platform.dial(port, this.handlers);
    platform.advance(10);
  }

  get handlers(): SocketHandlers {
    return {
      opened() {},
      data: (_, bytes, length) => {
        this.received += text(bytes, 0, length);
      },
      writable() {},
      ended: (socket) => socket.end(),
      closed: () => {
        this.isClosed = true;
      },
    };
  }

  /** Sends text, and lets time pass. */
  send(what: string): void {
    const bytes = new TextEncoder().encode(what);
    for (let sent = 0; sent < bytes.length; this.#platform.advance(1)) {
      sent += (this.#socket as Socket).write(bytes, sent, bytes.length);
    }
    this.#platform.advance(30);
  }

  /** Sends a line, and returns what comes at once. */
  say(line: string): string {
    this.received = "";
    this.send(`${line}\r\n`);
    return this.more;
  }

  /** What has come, in one line. */
  get more(): string {
    const said = this.received.replaceAll("\r\n", " ").trim();
    this.received = "";
    return said;
  }

  /** The requests that have come, without their payloads. */
  get requests(): string {
    const words = this.received
      .split("\r\n")
      .filter((each) => /^[\x20-\x7e]*$/.test(each) && !/^[*$]/.test(each));
    this.received = "";
    return words.join(" ").trim();
  }

  pause(): void {
    this.#socket?.pause();
  }

  end(): void {
    this.#socket?.end();
    this.#platform.advance(30);
  }

  destroy(): void {
    this.#socket?.destroy();
    this.#platform.advance(30);
  }
}

/** Accepts connections, and does nothing by itself. */
async function target(machine: Machine): Promise<Peer[]> {
  const accepted: Peer[] = [];
  const of = (socket: Socket): Peer => socket.context as Peer;
  await machine.platform.listen(
    { host: "127.0.0.1", port: TARGET, backlog: 5 },
    {
      opened(socket) {
        const peer = new Peer(machine.platform, 0, socket);
        socket.context = peer;
        accepted.push(peer);
      },
      data: (socket, bytes, length) => of(socket).handlers.data(socket, bytes, length),
      writable() {},
      ended: (socket) => of(socket).handlers.ended(socket),
      closed: (socket, error) => of(socket).handlers.closed(socket, error),
    },
  );
  return accepted;
}

async function begin(): Promise<{ machine: Machine; a: Peer; b: Peer; targets: Peer[] }> {
  const machine = await Machine.begin();
  const targets = await target(machine);
  const [a, b] = [machine.connect(), machine.connect()];
  return { machine, a, b, targets };
}

const last = (peers: Peer[]): Peer => peers.at(-1) as Peer;

test("the client waits, others are served, and the key goes when the target has it", async () => {
  const { machine, a, b, targets } = await begin();
  b.say("SET k v PX 100000");
  b.say("SET other 1");
  const effects = machine.followEffects();
  assert.equal(a.say(`MIGRATE 127.0.0.1 ${TARGET} k 9 1000`), "");
  assert.equal(last(targets).requests, "SELECT 9");
  assert.equal(b.say("GET k"), "$1 v");
  assert.match(b.say("INFO clients"), /blocked_clients:1 /);
  assert.match(b.say("CLIENT LIST"), /flags=b .*cmd=migrate/);
  last(targets).send("+OK\r\n");
  assert.match(last(targets).requests, /^RESTORE k 99\d\d\d$/);
  assert.equal(b.say("EXISTS k"), ":1");
  last(targets).send("+OK\r\n");
  assert.equal(a.more, "+OK");
  assert.equal(b.say("EXISTS k other"), ":1");
  assert.deepEqual(effects, ["db 0", "DEL k"]);
  assert.match(b.say("INFO commandstats"), /cmdstat_migrate:calls=1,/);
  assert.doesNotMatch(b.say("INFO commandstats"), /cmdstat_del/);
});

test("keys that were taken go together, with one effect and an event each", async () => {
  const { machine, a, b, targets } = await begin();
  b.say("MSET k1 1 k2 2 k3 3");
  b.say("CONFIG SET notify-keyspace-events KEA");
  const c = machine.connect();
  c.say("SUBSCRIBE __keyevent@0__:del");
  const effects = machine.followEffects();
  a.say(`MIGRATE 127.0.0.1 ${TARGET} "" 0 1000 REPLACE KEYS k1 nokey k2 k3`);
  assert.equal(last(targets).requests, "SELECT 0");
  last(targets).send("+OK\r\n");
  const sent = last(targets).requests;
  assert.equal(sent, "RESTORE k1 0 REPLACE RESTORE k2 0 REPLACE RESTORE k3 0 REPLACE");
  last(targets).send("+OK\r\n-ERR no\r\n");
  assert.equal(b.say("EXISTS k1 k2 k3"), ":3");
  assert.equal(c.more, "");
  last(targets).send("+OK\r\n");
  assert.equal(a.more, "-ERR Target instance replied with error: ERR no");
  assert.equal(b.say("MGET k1 k2 k3"), "*3 $-1 $1 2 $-1");
  assert.deepEqual(effects, ["db 0", "DEL k1 k3"]);
  const event = (key: string): string => `*3 $7 message $18 __keyevent@0__:del $2 ${key}`;
  assert.equal(c.more, `${event("k1")} ${event("k3")}`);
});

test("what was changed meanwhile stays, and the client is told", async () => {
  for (const [change, left] of [
    ["SET k 2", "$1 2"],
    ["APPEND k x", "$2 1x"],
    ["EXPIRE k 100", "$1 1"],
    ["DEL k", "$-1"],
    ["FLUSHALL", "$-1"],
    ["MSET k 1", "$1 1"],
  ] as const) {
    const { a, b, targets } = await begin();
    b.say("SET k 1");
    a.say(`MIGRATE 127.0.0.1 ${TARGET} k 0 1000`);
    last(targets).send("+OK\r\n");
    b.say(change);
    last(targets).send("+OK\r\n");
    assert.match(a.more, /^-CHANGED the key was changed here/, change);
    assert.equal(b.say("GET k"), left, change);
  }
  const { a, b, targets } = await begin();
  b.say("MSET k 1 l 2 m 3");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} "" 0 1000 KEYS k l m`);
  last(targets).send("+OK\r\n");
  b.say("INCR l");
  last(targets).send("+OK\r\n+OK\r\n+OK\r\n");
  assert.match(a.more, /^-CHANGED 1 of 3 keys were changed here/);
  assert.equal(b.say("MGET k l m"), "*3 $-1 $1 3 $-1");
});

test("no change: what happens before keys are sent, looking, and the end of its time", async () => {
  const { machine, a, b, targets } = await begin();
  b.say("SET k 1");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k 0 1000`);
  b.say("SET k 2");
  last(targets).send("+OK\r\n");
  b.say("GET k");
  last(targets).send("+OK\r\n");
  assert.equal(a.more, "+OK");
  assert.equal(b.say("EXISTS k"), ":0");

  b.say("SET k 1 PX 200");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k 0 10000`);
  machine.platform.advance(300);
  assert.equal(b.say("EXISTS k"), ":0");
  last(targets).send("+OK\r\n");
  assert.equal(a.more, "+OK");

  b.say("SET k 1 PX 60");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k 5 10000`);
  machine.platform.advance(300);
  last(targets).send("+OK\r\n");
  assert.equal(a.more, "+NOKEY");
});

test("COPY leaves the keys, changed or not", async () => {
  const { machine, a, b, targets } = await begin();
  b.say("SET k 1");
  const effects = machine.followEffects();
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k 0 1000 COPY`);
  last(targets).send("+OK\r\n");
  b.say("SET k 2");
  last(targets).send("+OK\r\n");
  assert.equal(a.more, "+OK");
  assert.equal(b.say("GET k"), "$1 2");
  assert.deepEqual(effects, ["db 0", "SET k 2"]);
});

test("a connection is kept for the next, which selects only another database", async () => {
  const { machine, a, b, targets } = await begin();
  assert.equal(machine.cached, "0");
  b.say("MSET k1 1 k2 2 k3 3 k4 4");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k1 3 1000`);
  last(targets).send("+OK\r\n");
  last(targets).send("+OK\r\n");
  assert.match(b.say("INFO stats"), /migrate_cached_sockets:1 /);
  last(targets).received = "";
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k2 3 1000`);
  assert.equal(last(targets).requests, "RESTORE k2 0");
  last(targets).send("-BUSYKEY Target key name already exists.\r\n");
  assert.match(a.more, /^-ERR Target instance replied with error: BUSYKEY Target key/);
  // After an error nothing is taken for granted.
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k2 3 1000`);
  assert.equal(last(targets).requests, "SELECT 3");
  last(targets).send("+OK\r\n");
  last(targets).send("+OK\r\n");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k3 4 1000`);
  assert.match(last(targets).requests, /SELECT 4$/);
  last(targets).send("+OK\r\n");
  last(targets).send("+OK\r\n");
  assert.equal(targets.length, 1);
  machine.platform.advance(9000);
  assert.equal(machine.cached, "1");
  machine.platform.advance(1500);
  assert.equal(machine.cached, "0");
  assert.equal(last(targets).isClosed, true);
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k4 4 1000`);
  assert.equal(targets.length, 2);
});

test("who is known there by one password does not send keys for who gives another", async () => {
  const { a, b, targets } = await begin();
  b.say("MSET k1 1 k2 2 k3 3");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k1 0 1000 AUTH secret`);
  assert.equal(last(targets).requests, "AUTH secret SELECT 0");
  last(targets).send("+OK\r\n+OK\r\n");
  last(targets).send("+OK\r\n");
  assert.equal(a.more, "+OK");
  b.say(`MIGRATE 127.0.0.1 ${TARGET} k2 0 1000`);
  assert.equal(targets.length, 2);
  assert.equal(last(targets).requests, "SELECT 0");
  last(targets).send("-NOAUTH Authentication required.\r\n");
  assert.equal(b.more, "-ERR Target instance replied with error: NOAUTH Authentication required.");
  assert.equal(last(targets).requests, "", "no key is sent where the database is not selected");
  (targets[0] as Peer).received = "";
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k2 0 1000 AUTH secret`);
  // The password may not be valid any more: nothing is sent before that is known.
  assert.equal((targets[0] as Peer).requests, "AUTH secret");
  (targets[0] as Peer).send("+OK\r\n");
  assert.equal((targets[0] as Peer).requests, "RESTORE k2 0");
  (targets[0] as Peer).send("+OK\r\n");
  assert.equal(a.more, "+OK");
  assert.equal(targets.length, 2);
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k3 0 1000 AUTH2 me secret`);
  assert.equal(last(targets).requests, "AUTH me secret SELECT 0");
  last(targets).send("-WRONGPASS invalid username-password pair or user is disabled.\r\n+OK\r\n");
  assert.match(a.more, /replied with error: WRONGPASS invalid/);
  assert.equal(b.say("EXISTS k3"), ":1");
});

test("a connection that the target has closed is opened anew, once", async () => {
  const { a, b, targets } = await begin();
  b.say("MSET k1 1 k2 2");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k1 0 1000`);
  last(targets).send("+OK\r\n");
  last(targets).send("+OK\r\n");
  assert.equal(a.more, "+OK");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k2 0 1000`);
  last(targets).destroy();
  assert.equal(targets.length, 2);
  assert.equal(last(targets).requests, "SELECT 0");
  last(targets).send("+OK\r\n");
  last(targets).end();
  assert.equal(a.more, UNREAD);
  assert.equal(b.say("EXISTS k2"), ":1");
  assert.equal(targets.length, 2);
});

test("a target that dies midway: what it had taken is gone here, the rest stays", async () => {
  const { machine, a, b, targets } = await begin();
  b.say("MSET k1 1 k2 2 k3 3");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} "" 0 1000 KEYS k1 k2 k3`);
  last(targets).send("+OK\r\n");
  last(targets).send("+OK\r\n+O");
  last(targets).destroy();
  assert.equal(a.more, UNREAD);
  assert.equal(b.say("MGET k1 k2 k3"), "*3 $-1 $1 2 $1 3");
  assert.equal(machine.cached, "0");
  assert.equal(targets.length, 1);
  assert.match(b.say("INFO errorstats"), /errorstat_IOERR:count=1$/);
});

test("what is no reply counts for nothing", async () => {
  for (const garbage of [
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    ":1\r\n",
    "$2\r\nOK\r\n",
    "\r\n",
    "x".repeat(70_000),
  ]) {
    const { machine, a, b, targets } = await begin();
    b.say("SET k 1");
    a.say(`MIGRATE 127.0.0.1 ${TARGET} k 0 1000`);
    last(targets).send("+OK\r\n");
    last(targets).send(garbage);
    assert.equal(a.more, UNREAD, garbage.slice(0, 20));
    assert.equal(b.say("GET k"), "$1 1");
    assert.equal(machine.cached, "0");
  }
});

test("who says more than was asked is not asked again", async () => {
  const { machine, a, b, targets } = await begin();
  b.say("SET k 1");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k 0 1000`);
  last(targets).send("+OK\r\n");
  last(targets).send("+OK\r\n+OK\r\n");
  assert.equal(a.more, "+OK");
  machine.platform.advance(100);
  assert.equal(machine.cached, "0");
});

test("nobody answers: the time is that in which nothing moves", async () => {
  const { machine, a, b, targets } = await begin();
  b.say("MSET k1 1 k2 2");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} "" 0 1000 KEYS k1 k2`);
  machine.platform.advance(800);
  last(targets).send("+OK\r\n");
  machine.platform.advance(800);
  last(targets).send("+OK\r\n");
  machine.platform.advance(800);
  assert.equal(a.more, "");
  machine.platform.advance(300);
  assert.equal(a.more, UNREAD);
  assert.equal(b.say("MGET k1 k2"), "*2 $-1 $1 2");
  assert.equal(targets.length, 1, "what took too long is not tried again");
  assert.equal(
    a.say(`MIGRATE 127.0.0.1 7999 k2 0 1000`),
    "-IOERR error or timeout writing to target instance",
  );
});

test("a target that reads nothing: the time ends that, too", async () => {
  const { machine, a, b, targets } = await begin();
  const random = new Random().seed(1);
  let value = "";
  while (value.length < 300_000) value += String.fromCharCode(33 + random.below(90));
  b.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${value.length}\r\n${value}\r\n`);
  b.say("SADD s a");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} "" 0 500 KEYS k s`);
  const stuck = last(targets);
  stuck.pause();
  stuck.send("+OK\r\n");
  machine.platform.advance(600);
  assert.equal(a.more, "-IOERR error or timeout writing to target instance");
  assert.equal(b.say("EXISTS k s"), ":2");
});

test("CLIENT UNBLOCK calls it off; a client that has gone does not", async () => {
  for (const [how, told] of [
    ["", UNREAD],
    [" TIMEOUT", UNREAD],
    [" ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK"],
  ]) {
    const { machine, a, b, targets } = await begin();
    b.say("SET k 1");
    a.say(`MIGRATE 127.0.0.1 ${TARGET} k 0 1000`);
    last(targets).send("+OK\r\n");
    assert.equal(b.say(`CLIENT UNBLOCK 1${how}`), ":1");
    assert.equal(a.more, told);
    last(targets).send("+OK\r\n");
    assert.equal(b.say("GET k"), "$1 1");
    assert.equal(a.say("GET k"), "$1 1");
    assert.equal(machine.cached, "0");
  }
  for (const leave of ["kill", "close"]) {
    const { a, b, targets } = await begin();
    b.say("SET k 1");
    a.say(`MIGRATE 127.0.0.1 ${TARGET} k 0 1000`);
    last(targets).send("+OK\r\n");
    if (leave === "kill") assert.equal(b.say("CLIENT KILL ID 1"), ":1");
    else a.destroy();
    last(targets).send("+OK\r\n");
    assert.equal(b.say("GET k"), "$-1", leave);
  }
});

test("when the database is closed the key stays, and nothing is watched any more", async () => {
  const { machine, a, b, targets } = await begin();
  b.say("SET k 1");
  a.say(`MIGRATE 127.0.0.1 ${TARGET} k 0 100000`);
  last(targets).send("+OK\r\n");
  assert.equal(machine.database.keyspace.watched.count, 1);
  machine.server.stop();
  machine.database.close();
  assert.equal(machine.database.keyspace.watched.count, 0);
  machine.platform.advance(50);
  assert.equal(last(targets).isClosed, true);
  assert.equal(machine.database.keyspace.size(0), 1);
});

test("inside MULTI it is refused, and nothing is executed", async () => {
  const { a, b } = await begin();
  b.say("SET k 1");
  a.say("MULTI");
  a.say("SET other 1");
  assert.match(a.say(`MIGRATE 127.0.0.1 ${TARGET} k 0 1000`), /^-ERR MIGRATE waits for another/);
  assert.match(a.say("EXEC"), /^-EXECABORT/);
  assert.equal(b.say("EXISTS k other"), ":1");
});

test("a client's other requests wait behind it, and its replies stay in order", async () => {
  const { a, b, targets } = await begin();
  b.say("SET k 1");
  a.send(`GET k\r\nMIGRATE 127.0.0.1 ${TARGET} k 0 1000\r\nEXISTS k\r\nPING\r\n`);
  assert.equal(a.more, "$1 1");
  last(targets).send("+OK\r\n");
  last(targets).send("+OK\r\n");
  assert.equal(a.more, "+OK :0 +PONG");
});

test("many at once to one place each have a connection, which all are kept", async () => {
  const { machine, b, targets } = await begin();
  const clients = Array.from({ length: 5 }, () => machine.connect());
  for (let i = 0; i < 5; i++) b.say(`SET k${i} 1`);
  for (const [i, client] of clients.entries()) {
    client.say(`MIGRATE 127.0.0.1 ${TARGET} k${i} 0 1000`);
  }
  assert.equal(targets.length, 5);
  for (const each of targets) each.send("+OK\r\n");
  for (const each of targets) each.send("+OK\r\n");
  for (const client of clients) assert.equal(client.more, "+OK");
  assert.equal(machine.cached, "5");
  assert.equal(b.say("DBSIZE"), ":0");
});
