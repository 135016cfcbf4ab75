import assert from "node:assert/strict";
import { once } from "node:events";
import { type Socket as Client, connect } from "node:net";
import { test } from "node:test";
import { type PlatformError, type Socket, type SocketHandlers, thisPlatform } from "./index.ts";

const platform = thisPlatform();

/** A server whose handlers are replaced in part, and which writes down what happened. */
async function serve(part: Partial<SocketHandlers>) {
  const log: string[] = [];
  const sockets: Socket[] = [];
  const handlers: SocketHandlers = {
    opened(socket) {
      sockets.push(socket);
      log.push("opened");
      part.opened?.(socket);
    },
    data: (socket, bytes, length) => part.data?.(socket, bytes, length),
    writable: (socket) => part.writable?.(socket),
    ended(socket) {
      log.push("ended");
      part.ended?.(socket);
    },
    closed(socket, error) {
      log.push(error === undefined ? "closed" : "failed");
      part.closed?.(socket, error);
    },
  };
  const listener = await platform.listen({ host: "127.0.0.1", port: 0, backlog: 511 }, handlers);
  const dial = async (): Promise<Client> => {
    const client = connect({ port: listener.port, host: "127.0.0.1", allowHalfOpen: true });
    client.on("error", () => {});
    await once(client, "connect");
    return client;
  };
  return { log, sockets, listener, dial };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await new Promise((done) => setTimeout(done, 5));
  assert.ok(condition(), "waited for in vain");
}

const encode = (value: string) => new TextEncoder().encode(value);

test("an echo comes back, and both ends know each other's address", async () => {
  const server = await serve({
    data(socket, bytes, length) {
      assert.equal(bytes.constructor, Uint8Array);
      assert.equal(socket.write(bytes, 0, length), length);
    },
  });
  const client = await server.dial();
  for (const word of ["one", "two", "three"]) {
    client.write(word);
    const [answer] = await once(client, "data");
    assert.equal(String(answer), word);
  }
  const [socket] = server.sockets;
  assert.equal(socket.remoteAddress, "127.0.0.1");
  assert.equal(socket.remotePort, client.localPort);
  assert.equal(socket.localPort, server.listener.port);
  client.destroy();
  await until(() => server.log.length > 1);
  server.listener.close();
});

test("a slow reader blocks its own socket only, and gets every byte in order", async () => {
  const total = 64 << 20;
  const bytes = new Uint8Array(1 << 20);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 8)) & 255;
  let sent = 0;
  let short = 0;
  const push = (socket: Socket) => {
    while (sent < total) {
      const start = sent % bytes.length;
      const taken = socket.write(bytes, start, bytes.length);
      sent += taken;
      if (taken < bytes.length - start) {
        short++;
        return;
      }
    }
  };
  const server = await serve({ data: push, writable: push });
  const client = await server.dial();
  client.pause();
  client.write("go");
  await until(() => sent > 0);
  await new Promise((done) => setTimeout(done, 50));
  assert.ok(sent < total / 2, `${sent} bytes were taken with nobody reading`);
  let received = 0;
  client.on("data", (chunk: Buffer) => {
    for (let i = 0; i < chunk.length; i += 997) {
      if (chunk[i] !== bytes[(received + i) % bytes.length]) assert.fail("a byte is out of order");
    }
    received += chunk.length;
  });
  client.resume();
  await until(() => received === total);
  assert.ok(short > 0);
  client.destroy();
  server.listener.close();
});

test("a caller may reuse its bytes at once, even when the kernel is full", async () => {
  const bytes = new Uint8Array(100000);
  let turn = 0;
  const counts: number[] = [];
  const push = (socket: Socket) => {
    for (;;) {
      if (turn === 200) return;
      bytes.fill(turn & 255);
      const taken = socket.write(bytes, 0, bytes.length);
      counts.push(taken);
      bytes.fill(255);
      turn++;
      if (taken < bytes.length) return;
    }
  };
  const server = await serve({ data: push, writable: push });
  const client = await server.dial();
  client.pause();
  client.write("go");
  await until(() => counts.some((count) => count < bytes.length));
  let received = 0;
  let index = 0;
  let inTurn = 0;
  client.on("data", (chunk: Buffer) => {
    for (let i = 0; i < chunk.length; i++) {
      while (inTurn === counts[index]) {
        index++;
        inTurn = 0;
      }
      if (chunk[i] !== (index & 255)) assert.fail(`byte ${received + i} is of another turn`);
      inTurn++;
    }
    received += chunk.length;
  });
  client.resume();
  await until(() => turn === 200 && received === counts.reduce((sum, count) => sum + count, 0));
  client.destroy();
  server.listener.close();
});

test("a peer that has sent all it will still gets its answer", async () => {
  const server = await serve({
    ended(socket) {
      socket.write(encode("goodbye"), 0, 7);
      socket.end();
    },
  });
  const client = await server.dial();
  client.end("last words");
  const chunks: string[] = [];
  client.on("data", (chunk) => chunks.push(String(chunk)));
  await once(client, "end");
  assert.equal(chunks.join(""), "goodbye");
  await until(() => server.log.length === 3);
  assert.deepEqual(server.log, ["opened", "ended", "closed"]);
  server.listener.close();
});

test("end sends what was handed over, and then closes whether or not the peer does", async () => {
  const bytes = new Uint8Array(300000).fill(7);
  let taken = 0;
  const server = await serve({
    opened(socket) {
      taken = socket.write(bytes, 0, bytes.length);
      socket.end();
    },
  });
  const client = await server.dial();
  let received = 0;
  client.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  await once(client, "end");
  assert.equal(received, taken);
  await until(() => server.log.includes("closed"));
  client.destroy();
  server.listener.close();
});

test("destroy is an end in good order for the peer, which gets what was written", async () => {
  const server = await serve({
    data(socket) {
      assert.equal(socket.write(encode("goodbye"), 0, 7), 7);
      socket.destroy();
    },
  });
  const client = await server.dial();
  const seen: string[] = [];
  client.on("error", (error) => seen.push(String(error)));
  client.on("data", (chunk) => seen.push(String(chunk)));
  client.on("end", () => seen.push("end"));
  client.write("x");
  await until(() => client.destroyed || seen.includes("end"));
  assert.deepEqual(seen, ["goodbye", "end"]);
  client.destroy();
  server.listener.close();
});

test("destroy is followed by closed, once, and writes after it are taken and dropped", async () => {
  const server = await serve({
    data(socket) {
      socket.destroy();
      assert.deepEqual(server.log, ["opened"]);
      assert.equal(socket.write(encode("lost"), 0, 4), 4);
      socket.end();
      socket.destroy();
    },
  });
  const client = await server.dial();
  client.write("x");
  await until(() => server.log.length === 2);
  await new Promise((done) => setTimeout(done, 20));
  assert.deepEqual(server.log, ["opened", "closed"]);
  client.destroy();
  server.listener.close();
});

test("a reset by the peer while a write is under way closes the socket alone", async () => {
  const bytes = new Uint8Array(1 << 20);
  const server = await serve({
    data(socket) {
      while (socket.write(bytes, 0, bytes.length) === bytes.length);
    },
  });
  const client = await server.dial();
  client.pause();
  client.write("go");
  await new Promise((done) => setTimeout(done, 30));
  client.resetAndDestroy();
  await until(() => server.log.length === 2);
  const other = await server.dial();
  other.destroy();
  await until(() => server.log.length === 4);
  server.listener.close();
});

test("a paused socket reads nothing until it is resumed", async () => {
  let received = "";
  const server = await serve({
    opened: (socket) => socket.pause(),
    data(_socket, bytes, length) {
      received += new TextDecoder().decode(bytes.subarray(0, length));
    },
  });
  const client = await server.dial();
  client.write("early");
  await new Promise((done) => setTimeout(done, 40));
  assert.equal(received, "");
  server.sockets[0].resume();
  await until(() => received === "early");
  server.sockets[0].pause();
  client.write("late");
  await new Promise((done) => setTimeout(done, 40));
  assert.equal(received, "early");
  server.sockets[0].resume();
  await until(() => received === "earlylate");
  client.destroy();
  server.listener.close();
});

test("a port in use is refused with its code", async () => {
  const server = await serve({});
  const handlers = {} as SocketHandlers;
  await assert.rejects(
    platform.listen({ host: "127.0.0.1", port: server.listener.port, backlog: 1 }, handlers),
    { code: "EADDRINUSE" },
  );
  server.listener.close();
});

test("a listener that was closed accepts no more, and its open connections go on", async () => {
  const server = await serve({
    data: (socket, bytes, length) => void socket.write(bytes, 0, length),
  });
  const client = await server.dial();
  await until(() => server.sockets.length === 1);
  server.listener.close();
  const late = connect(server.listener.port, "127.0.0.1");
  await once(late, "error");
  client.write("still");
  const [answer] = await once(client, "data");
  assert.equal(String(answer), "still");
  client.destroy();
});

test("peers that reset the connection before it is opened do no harm", async () => {
  const server = await serve({
    data: (socket, bytes, length) => void socket.write(bytes, 0, length),
  });
  for (let i = 0; i < 200; i++) {
    const client = connect(server.listener.port, "127.0.0.1");
    client.on("error", () => {});
    client.once("connect", () => client.resetAndDestroy());
  }
  await new Promise((done) => setTimeout(done, 100));
  const client = await server.dial();
  client.write("still here");
  const [answer] = await once(client, "data");
  assert.equal(String(answer), "still here");
  client.destroy();
  await until(() => server.log.filter((line) => line !== "opened").length >= server.sockets.length);
  server.listener.close();
});

/** What becomes of an attempt to connect. */
async function attempt(host: string, port: number, timeoutMs = 5000) {
  const outcome: { socket?: Socket; error?: PlatformError; heard: string } = { heard: "" };
  const giveUp = platform.connect(
    { host, port, timeoutMs },
    {
      opened(socket) {
        outcome.socket = socket;
      },
      data(_, bytes, length) {
        assert.equal(bytes.constructor, Uint8Array);
        outcome.heard += new TextDecoder().decode(bytes.subarray(0, length));
      },
      writable() {},
      ended() {
        outcome.heard += " (end)";
      },
      closed() {
        outcome.heard += " (closed)";
      },
    },
    (error) => {
      outcome.error = error;
    },
  );
  assert.equal(outcome.socket ?? outcome.error, undefined, "nothing is said at once");
  return { outcome, giveUp };
}

test("a connection that was opened from here carries bytes both ways", async () => {
  const server = await serve({ data: (socket, bytes, length) => socket.write(bytes, 0, length) });
  const { outcome } = await attempt("127.0.0.1", server.listener.port);
  await until(() => outcome.socket !== undefined);
  const { socket } = outcome;
  assert.equal(socket?.remotePort, server.listener.port);
  assert.equal(socket?.remoteAddress, "127.0.0.1");
  for (const word of ["one", "two", "three"]) {
    assert.equal(socket?.write(encode(word), 0, word.length), word.length);
    await until(() => outcome.heard.endsWith(word));
  }
  assert.equal(outcome.heard, "onetwothree");
  server.sockets[0]?.end();
  await until(() => outcome.heard.endsWith("(end)"));
  socket?.end();
  await until(() => outcome.heard.endsWith("(closed)"));
  assert.equal(outcome.error, undefined);
  server.listener.close();
});

test("a large write over a connection opened from here arrives whole", async () => {
  const total = 16 << 20;
  let received = 0;
  let sum = 0;
  const server = await serve({
    data(_, bytes, length) {
      for (let i = 0; i < length; i++) sum = (sum * 31 + bytes[i]) | 0;
      received += length;
    },
  });
  const bytes = new Uint8Array(total);
  let expected = 0;
  for (let i = 0; i < total; i++) {
    bytes[i] = i * 7 + (i >> 8);
    expected = (expected * 31 + bytes[i]) | 0;
  }
  let sent = 0;
  let closed = false;
  const write = (socket: Socket): void => {
    while (sent < total) {
      const taken = socket.write(bytes, sent, total);
      sent += taken;
      if (taken === 0) return;
    }
  };
  platform.connect(
    { host: "127.0.0.1", port: server.listener.port, timeoutMs: 5000 },
    {
      opened: write,
      data() {},
      writable: write,
      ended: (socket) => socket.end(),
      closed() {
        closed = true;
      },
    },
    (error) => assert.fail(error.message),
  );
  await until(() => received === total);
  assert.equal(sum, expected);
  server.sockets[0]?.destroy();
  await until(() => closed);
  server.listener.close();
});

test("connecting fails where nobody listens, and where there is no such host", async () => {
  const server = await serve({});
  const { port } = server.listener;
  server.listener.close();
  const { outcome: refused } = await attempt("127.0.0.1", port);
  await until(() => refused.error !== undefined);
  assert.equal(refused.error?.code, "ECONNREFUSED");
  assert.equal(refused.error?.message, `127.0.0.1:${port}: connection refused`);
  const { outcome: nowhere } = await attempt("no.such.host.invalid", 6379, 4000);
  await until(() => nowhere.error !== undefined);
  assert.equal(nowhere.socket, undefined);
});

test("an attempt to connect that nobody answers ends in time, or when it is given up", async () => {
  // An address for documentation, to which there is no way: dropped, or refused by a router.
  const { outcome } = await attempt("192.0.2.1", 6379, 50);
  await until(() => outcome.error !== undefined);
  assert.equal(outcome.socket, undefined);

  const server = await serve({});
  const { outcome: given, giveUp } = await attempt("127.0.0.1", server.listener.port);
  giveUp();
  await new Promise((done) => setTimeout(done, 50));
  assert.deepEqual([given.socket, given.error], [undefined, undefined]);
  server.listener.close();
});

test("connections are opened to IPv6 addresses, and to names", async () => {
  const handlers: SocketHandlers = {
    opened: () => {},
    data: (socket, bytes, length) => socket.write(bytes, 0, length),
    writable: () => {},
    ended: (socket) => socket.end(),
    closed: () => {},
  };
  for (const [host, name] of [
    ["::1", "::1"],
    ["127.0.0.1", "localhost"],
  ]) {
    const listener = await platform.listen({ host, port: 0, backlog: 5 }, handlers);
    const { outcome } = await attempt(name, listener.port);
    await until(() => outcome.socket !== undefined);
    assert.equal(outcome.socket?.remoteAddress, host);
    outcome.socket?.write(encode("six"), 0, 3);
    await until(() => outcome.heard === "six");
    outcome.socket?.destroy();
    listener.close();
  }
});
