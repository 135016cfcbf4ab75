import assert from "node:assert/strict";
import { once } from "node:events";
import { type Socket as Client, connect } from "node:net";
import { test } from "node:test";
import { copyBytes } from "../base/bytes.ts";
import {
  type Clock,
  type Listener,
  type Platform,
  type Socket,
  thisPlatform,
} from "../platform/index.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { type Connection, Connections, THROTTLE_BYTES } from "./listener.ts";
import { Outbox, openGate, type ReplyGate } from "./outbox.ts";
import { Outlet, OutputLimitExceeded } from "./outlet.ts";

// The requests of these tests: one letter, a number, LF, and for some so many bytes more.
//   e<n> bytes  echo them     w<n> bytes  as e, and it counts as a write
//   b<n>  reply with n bytes of a pattern     h  hold     q  close
//   y  yield, and no reply
//   p<n> bytes  give them to all others as an aside, and reply "+"      s  as p, itself included
class Writer {
  bytes: Uint8Array = new Uint8Array(16);
  length = 0;

  append(from: Uint8Array, start: number, end: number): void {
    const needed = this.length + end - start;
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(2 * needed);
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    copyBytes(from, start, end, this.bytes, this.length);
    this.length = needed;
  }
}

const pattern = new Uint8Array(1 << 20).map((_, i) => (i * 7 + (i >> 9)) & 255);
const encode = (value: string) => new TextEncoder().encode(value);

class Toy {
  readonly writer = new Writer();
  readonly outbox: Outbox;
  readonly connections: Connections;
  readonly errors: (Error | undefined)[] = [];
  consumeCalls = 0;
  replies = 0;
  onWrite = () => {};
  onYield = () => {};
  onOpened: (connection: Connection) => void = () => {};

  constructor(platform: Platform, gate: ReplyGate = openGate) {
    this.outbox = new Outbox(platform as Clock, this.writer, gate);
    this.connections = new Connections(platform, this.outbox, this, {
      keepAliveSeconds: 300,
      inputBytesMax: 256 << 20,
    });
  }

  opened(connection: Connection): void {
    this.onOpened(connection);
  }

  closed(_: Connection, error: Error | undefined): void {
    this.errors.push(error);
  }

  consume(connection: Connection, bytes: Uint8Array, start: number, end: number): number {
    this.consumeCalls++;
    let at = start;
    while (!connection.stopped && !this.outbox.full) {
      let line = at;
      while (line < end && bytes[line] !== 10) line++;
      if (line === end) break;
      const letter = String.fromCharCode(bytes[at]);
      const n = Number(new TextDecoder().decode(bytes.subarray(at + 1, line)));
      const next = "ewps".includes(letter) ? line + 1 + n : line + 1;
      if (next > end) {
        connection.neededBytes = next - at;
        break;
      }
      this.serve(connection, letter, n, bytes, line + 1);
      at = next;
    }
    return at - start;
  }

  serve(connection: Connection, letter: string, n: number, bytes: Uint8Array, body: number): void {
    this.replies++;
    if (letter === "w") this.onWrite();
    if (letter === "e" || letter === "w") this.writer.append(bytes, body, body + n);
    if (letter === "b") {
      for (let done = 0; done < n; done += pattern.length) {
        this.writer.append(pattern, 0, Math.min(pattern.length, n - done));
      }
    }
    if (letter === "h") connection.hold();
    if (letter === "q") connection.close(false);
    if (letter === "y") {
      connection.yield();
      this.onYield();
    }
    if (letter === "p" || letter === "s") {
      const place = this.outbox.place(bytes, body, body + n);
      for (const other of this.connections.all) {
        if (other !== connection || letter === "s") this.outbox.give(other, place, n);
      }
      this.writer.append(encode("+"), 0, 1);
      if (this.outbox.hasOwnAsides) this.outbox.boundary();
    }
  }

  listen(): Promise<Listener> {
    return this.connections.listen({ host: "127.0.0.1", port: 0, backlog: 511 });
  }

  async dial(listener: Listener): Promise<Client> {
    const client = connect({ port: listener.port, host: "127.0.0.1", allowHalfOpen: true });
    client.on("error", () => {});
    await once(client, "connect");
    return client;
  }
}

/** Reads what comes until `bytes` have come. */
function read(client: Client, bytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length < bytes) return;
      client.off("data", take);
      resolve(Buffer.concat(chunks));
    };
    client.on("data", take);
    client.once("close", () => reject(new Error(`closed after ${length} of ${bytes} bytes`)));
    client.resume();
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !condition(); i++) await new Promise((done) => setTimeout(done, 5));
  assert.ok(condition(), "waited for in vain");
}

/** Runs on this runtime's sockets, and closes what was opened. */
function live(name: string, work: (toy: Toy, listener: Listener) => Promise<void>): void {
  test(name, async () => {
    const toy = new Toy(thisPlatform());
    const listener = await toy.listen();
    try {
      await work(toy, listener);
    } finally {
      toy.connections.stopListening();
      for (const connection of toy.connections.all) connection.close(true);
    }
  });
}

live("a request may be split at any byte", async (toy, listener) => {
  const client = await toy.dial(listener);
  client.setNoDelay(true);
  for (const byte of "e5\nhelloe1\n!") {
    client.write(byte);
    await new Promise((done) => setTimeout(done, 2));
  }
  assert.equal(String(await read(client, 6)), "hello!");
  assert.equal([...toy.connections.all][0].inputBytes, 0);
  client.destroy();
});

live("connections that are held back are served once they are admitted", async (toy, listener) => {
  toy.connections.holdBack();
  const [patient, piped, impatient] = await Promise.all([0, 1, 2].map(() => toy.dial(listener)));
  const answers = [read(patient, 5), read(piped, 5)];
  const ended = once(piped, "end");
  patient.write("e5\nhello");
  piped.end("e5\nworld");
  impatient.write("e5\nnever");
  await new Promise((done) => setTimeout(done, 50));
  impatient.destroy();
  await new Promise((done) => setTimeout(done, 50));
  assert.equal(toy.replies, 0);
  assert.equal(toy.connections.accepted, 0);
  toy.connections.admit();
  assert.deepEqual((await Promise.all(answers)).map(String), ["hello", "world"]);
  await ended;
  const late = await toy.dial(listener);
  const answer = read(late, 4);
  late.write("e4\nlate");
  assert.equal(String(await answer), "late");
  for (const client of [patient, piped, late]) client.destroy();
});

live("a pipeline of thousands of requests is answered in order", async (toy, listener) => {
  const client = await toy.dial(listener);
  const words = Array.from({ length: 50000 }, (_, i) => `<${i}>`);
  const expected = words.join("");
  const answer = read(client, expected.length);
  client.write(words.map((word) => `e${word.length}\n${word}`).join(""));
  assert.equal(String(await answer), expected);
  client.destroy();
});

live(
  "a request of 64 MiB is copied a handful of times, and its reply too",
  async (toy, listener) => {
    const client = await toy.dial(listener);
    const body = Buffer.alloc(64 << 20);
    for (let i = 0; i < body.length; i += pattern.length) body.set(pattern, i);
    const answer = read(client, body.length);
    client.write(`e${body.length}\n`);
    client.write(body);
    assert.ok((await answer).equals(body));
    assert.ok(toy.consumeCalls < 12, `consume was called ${toy.consumeCalls} times`);
    assert.ok(toy.writer.bytes.length <= 4 << 20, "the large buffer was given back");
    client.destroy();
  },
);

live("a client that does not read is held back, and loses nothing", async (toy, listener) => {
  const client = await toy.dial(listener);
  client.pause();
  const count = 400;
  client.write(`b${pattern.length}\n`.repeat(count));
  await until(() => [...toy.connections.all][0]?.stopped === true);
  await new Promise((done) => setTimeout(done, 50));
  const [connection] = toy.connections.all;
  assert.ok(toy.replies < 30, `${toy.replies} replies were made for nobody`);
  assert.ok(connection.outputBytes < THROTTLE_BYTES + 2 * pattern.length);
  const fast = await toy.dial(listener);
  fast.write("e2\nok");
  assert.equal(String(await read(fast, 2)), "ok");
  let received = 0;
  client.on("data", (chunk: Buffer) => {
    for (let i = 0; i < chunk.length; i += 1009) {
      assert.equal(chunk[i], pattern[(received + i) % pattern.length]);
    }
    received += chunk.length;
  });
  client.resume();
  await until(() => received === count * pattern.length);
  assert.equal(connection.outputBytes, 0);
  client.destroy();
  fast.destroy();
});

live("a reader over its hard limit is closed, and told why to the owner", async (toy, listener) => {
  toy.onOpened = (connection) => {
    connection.limit = { hardBytes: 8 << 20, softBytes: 0, softSeconds: 0 };
  };
  const client = await toy.dial(listener);
  client.pause();
  client.write(`b${32 << 20}\n`);
  await until(() => toy.errors.length === 1);
  assert.ok(toy.errors[0] instanceof OutputLimitExceeded);
  assert.ok(toy.errors[0].unsentBytes > 8 << 20);
  assert.equal(toy.connections.all.size, 0);
  client.destroy();
});

live("the soft limit allows a backlog for so many seconds", async (toy, listener) => {
  toy.onOpened = (connection) => {
    connection.limit = { hardBytes: 0, softBytes: 1 << 20, softSeconds: 0.1 };
  };
  const client = await toy.dial(listener);
  client.pause();
  client.write(`b${32 << 20}\n`);
  await until(() => [...toy.connections.all][0]?.backlogBytes > 1 << 20);
  toy.connections.checkOutputLimits();
  assert.equal(toy.errors.length, 0);
  await new Promise((done) => setTimeout(done, 150));
  toy.connections.checkOutputLimits();
  await until(() => toy.errors.length === 1);
  assert.ok(toy.errors[0] instanceof OutputLimitExceeded);
  client.destroy();
});

live("a half-closed client gets every reply, and then the end", async (toy, listener) => {
  const client = await toy.dial(listener);
  const count = 20;
  client.end(`b${pattern.length}\n`.repeat(count));
  let received = 0;
  client.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  await once(client, "end");
  assert.equal(received, count * pattern.length);
  await until(() => toy.errors.length === 1);
});

live("closing sends the replies first and serves nothing after", async (toy, listener) => {
  const client = await toy.dial(listener);
  client.write(`b${8 << 20}\nq\ne4\nlost`);
  let received = 0;
  client.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  await once(client, "end");
  assert.equal(received, 8 << 20);
  client.destroy();
});

live("a connection that yields goes on behind the others", async (toy, listener) => {
  const [long, short] = await Promise.all([0, 1].map(() => toy.dial(listener)));
  const order: string[] = [];
  const words = Array.from({ length: 200 }, (_, i) => `<${i}>`);
  const answer = read(long, words.join("").length);
  toy.onWrite = () => order.push("short");
  let shortSent = false;
  toy.onYield = () => {
    order.push("long");
    if (shortSent) return;
    shortSent = true;
    short.write("w1\n!");
  };
  const answered = read(short, 1);
  long.end(words.map((word) => `e${word.length}\n${word}y\n`).join(""));
  assert.equal(String(await answered), "!");
  assert.equal(String(await answer), words.join(""));
  assert.equal(order.filter((who) => who === "long").length, 200);
  assert.ok(order.indexOf("short") < 199, "the other was served between two slices");
  short.destroy();
});

live("a held connection keeps what comes, and serves it when resumed", async (toy, listener) => {
  const client = await toy.dial(listener);
  client.write("e1\nah\ne1\nb");
  assert.equal(String(await read(client, 1)), "a");
  client.write("e1\nc");
  await until(() => [...toy.connections.all][0].inputBytes === 8);
  const [connection] = toy.connections.all;
  connection.deliver(encode("late"), 0, 4);
  connection.resume();
  assert.equal(String(await read(client, 6)), "latebc");
  client.write("h\n");
  await until(() => connection.stopped);
  client.destroy();
  await until(() => toy.errors.length === 1);
});

live(
  "one message goes to many, and to its sender after the reply it was made in",
  async (toy, listener) => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => toy.dial(listener)));
    await until(() => toy.connections.all.size === 20);
    const [first] = clients;
    const answers = clients.map((client) => read(client, client === first ? 15 : 9));
    first.write("e1\n[s5\nhellop4\noncee1\n]e1\n.e1\n.e1\n.e1\n.e1\n.e1\n.");
    const texts = (await Promise.all(answers)).map(String);
    assert.equal(texts[0], "[+hello+]......");
    for (const text of texts.slice(1)) assert.equal(text, "helloonce");
    for (const client of clients) client.destroy();
  },
);

live("two thousand connections are served at once", async (toy, listener) => {
  const clients: Client[] = [];
  for (let i = 0; i < 2000; i += 100) {
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => toy.dial(listener)))));
  }
  for (let round = 0; round < 3; round++) {
    const answers = clients.map((client) => read(client, 4));
    clients.forEach((client, i) => void client.write(`e4\n${1000 + i}`));
    const texts = await Promise.all(answers);
    for (const [i, text] of texts.entries()) assert.equal(String(text), String(1000 + i));
  }
  assert.equal(toy.connections.all.size, 2000);
  for (const client of clients) client.destroy();
  await until(() => toy.connections.all.size === 0);
});

/** A log that acknowledges when it is told to. */
class SlowGate implements ReplyGate {
  number = 0;
  acknowledgedThrough = 0;
  failure: string | null = null;
  hasAppended = false;
  isBlocking = false;
  hurried = 0;
  writes = 0;
  commits = 0;

  hurry(): void {
    this.hurried++;
  }

  commit(): number {
    this.commits++;
    this.hasAppended ||= this.writes > 0;
    this.number += this.writes;
    this.writes = 0;
    return this.number;
  }
}

/** An outlet to a socket that takes everything. */
class SilentOutlet extends Outlet {
  constructor(platform: Platform) {
    super({ write: (_bytes, start, end) => end - start } as Socket, platform);
  }
  override relieved(): void {}
}

async function simulated(seed: number) {
  const platform = new SimulatedPlatform(seed);
  const gate = new SlowGate();
  const toy = new Toy(platform, gate);
  toy.onWrite = () => {
    gate.writes++;
  };
  const listener = await toy.listen();
  const dial = () => {
    const state = { text: "", closed: false };
    const socket = platform.dial(listener.port, {
      opened: () => {},
      data: (_, bytes, length) => {
        state.text += String.fromCharCode(...bytes.subarray(0, length));
      },
      writable: () => send(""),
      ended: () => {},
      closed: () => {
        state.closed = true;
      },
    });
    let unsent = "";
    const send = (text: string) => {
      unsent += text;
      unsent = unsent.slice(socket.write(encode(unsent), 0, unsent.length));
    };
    return Object.assign(state, { send });
  };
  return { platform, gate, toy, dial };
}

test("replies wait until their batch is acknowledged, and leave in order", async () => {
  const { platform, gate, toy, dial } = await simulated(1);
  const writing = dial();
  const reading = dial();
  platform.advance(10);
  writing.send("w5\nfirst");
  platform.advance(10);
  writing.send("w6\nsecond");
  platform.advance(10);
  reading.send("e4\nread");
  platform.advance(10);
  assert.equal(writing.text + reading.text, "");
  assert.ok(toy.outbox.heldBatches >= 2);
  gate.acknowledgedThrough = 1;
  toy.outbox.release();
  platform.advance(10);
  assert.ok("firstsecond".startsWith(writing.text) && writing.text.length > 0);
  assert.equal(reading.text, "");
  gate.acknowledgedThrough = 2;
  toy.outbox.release();
  platform.advance(10);
  assert.equal(writing.text, "firstsecond");
  assert.equal(reading.text, "read");
});

test("the gate is told when all are there whom it served and whom it left waiting", () => {
  const platform = new SimulatedPlatform(4);
  const gate = new SlowGate();
  const writer = new Writer();
  const outbox = new Outbox(platform, writer, gate);
  const outlets = Array.from({ length: 6 }, () => new SilentOutlet(platform));
  /** Serves these outlets in one turn; gives whether the gate was told. */
  const turn = (from: number, to: number): boolean => {
    const before = gate.hurried;
    for (const outlet of outlets.slice(from, to)) {
      outbox.begin(outlet);
      writer.append(encode("+"), 0, 1);
      outbox.end();
    }
    gate.writes = 1;
    outbox.flush();
    return gate.hurried > before;
  };
  assert.equal(turn(0, 4), true, "none are expected yet");
  turn(4, 6);
  gate.acknowledgedThrough = 1;
  outbox.release();
  assert.equal(turn(0, 1), false, "two wait of old, and of four that were served one is there");
  assert.equal(turn(1, 3), false);
  assert.equal(turn(3, 4), true);
  gate.acknowledgedThrough = 5;
  outbox.release();
  assert.equal(turn(0, 5), false);
  assert.equal(turn(5, 6), true);
});

test("a commit that blocks waits for those whom it served last time, but not for nobody", () => {
  const platform = new SimulatedPlatform(4);
  const gate = new SlowGate();
  const writer = new Writer();
  const outbox = new Outbox(platform, writer, gate);
  const outlets = Array.from({ length: 8 }, () => new SilentOutlet(platform));
  gate.isBlocking = true;
  gate.acknowledgedThrough = Number.POSITIVE_INFINITY;
  /** Serves these outlets in one turn; gives how many turns went by before the commit. */
  const turnsFor = (...counts: number[]): number => {
    const before = gate.commits;
    let served = 0;
    for (let turn = 1; ; turn++) {
      for (const until = served + (counts.shift() ?? 0); served < until; served++) {
        outbox.begin(outlets[served]);
        writer.append(encode("."), 0, 1);
        outbox.end();
        outbox.schedule();
      }
      platform.turn();
      if (gate.commits > before) return turn;
    }
  };
  assert.equal(turnsFor(1), 1, "one alone is not kept waiting");
  assert.equal(turnsFor(5), 1, "nor are more than the last time");
  assert.equal(turnsFor(2, 3), 2, "until as many are there");
  assert.equal(turnsFor(2, 1, 0, 5), 3, "or nobody comes");
  assert.equal(turnsFor(8), 1);
  assert.equal(turnsFor(1, 1, 1, 1, 1), 3, "or two turns have gone by");
  gate.isBlocking = false;
  assert.equal(turnsFor(1, 1), 1);
});

test("while the log has failed reads pass, and each connection keeps its order", async () => {
  const { platform, gate, toy, dial } = await simulated(2);
  const writing = dial();
  const reading = dial();
  platform.advance(10);
  gate.failure = "no space";
  writing.send("w5\nfirst");
  platform.advance(20);
  for (const word of ["1", "2", "3"]) {
    gate.number++; // what another thread has written
    writing.send(`e1\n${word}`);
    reading.send(`e1\n${word}`);
    platform.advance(20);
  }
  assert.equal(reading.text, "123");
  assert.equal(writing.text, "");
  assert.equal([...toy.connections.all].map((each) => each.outputBytes).join(), "8,0");
  gate.failure = null;
  gate.acknowledgedThrough = 1;
  toy.outbox.release();
  platform.advance(20);
  assert.equal(writing.text, "first123");
  assert.ok([...toy.connections.all].every((each) => each.outputBytes === 0));
});

test("a connection that fills held batches is stopped until they are acknowledged", async () => {
  const { platform, gate, toy, dial } = await simulated(3);
  const client = dial();
  platform.advance(10);
  client.send(`w1\n.`);
  platform.advance(10);
  client.send(`b${pattern.length}\n`.repeat(20));
  platform.advance(100);
  assert.ok(toy.replies <= 4, `${toy.replies} replies`);
  for (let i = 0; i < 400; i++) {
    gate.acknowledgedThrough = gate.number;
    toy.outbox.release();
    platform.advance(20);
  }
  assert.equal(toy.replies, 21);
  assert.equal(client.text.length, 1 + 20 * pattern.length);
});

test("whatever the world does, each client reads its own replies in order", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const { platform, gate, toy, dial } = await simulated(seed);
    const clients = Array.from({ length: 5 }, dial);
    const expected = clients.map(() => "");
    platform.advance(10);
    for (let step = 0; step < 200; step++) {
      const i = platform.random(clients.length);
      const word = String(step).repeat(1 + platform.random(platform.random(10) === 0 ? 20000 : 4));
      const letter = platform.random(3) === 0 ? "w" : "e";
      const request = `${letter}${word.length}\n${word}`;
      expected[i] += word;
      clients[i].send(request);
      gate.failure = platform.random(4) === 0 ? "failed" : null;
      if (platform.random(2) === 0) platform.advance(platform.random(5));
      if (platform.random(3) === 0) {
        gate.acknowledgedThrough = gate.number;
        toy.outbox.release();
      }
      for (const [k, client] of clients.entries()) {
        assert.ok(expected[k].startsWith(client.text), `seed ${seed}`);
      }
    }
    gate.failure = null;
    platform.advance(1000);
    while (toy.outbox.heldBatches > 0) {
      gate.acknowledgedThrough = gate.number;
      toy.outbox.release();
      platform.advance(100);
    }
    for (const [k, client] of clients.entries()) {
      assert.ok(client.text === expected[k], `seed ${seed}`);
    }
    assert.ok(
      [...toy.connections.all].every((each) => each.outputBytes === 0),
      `seed ${seed}`,
    );
  }
});
