// Hostile input: streams of bytes that no client should send, and proper ones cut at any byte.
//
// Whatever comes, the server lives, closes the connection in the end, answers in whole replies, and
// a witness on another connection goes on as if nothing were there. Proper pipelines, cut anywhere,
// get what redis-server gives to the whole.
//
// A failure prints a shrunk stream and the seed; TSKEYDB_SEED=n replays it, TSKEYDB_RUNS=n (60 by
// default) makes the search longer.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import fc, { type Arbitrary } from "fast-check";
import type { Client } from "../support/client.ts";
import { encodeCommand, quote, ReplyParser, show } from "../support/resp.ts";
import {
  hasProgram,
  RUNTIMES,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";

const RUNS = Number(process.env.TSKEYDB_RUNS ?? 60);
const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 31);
const CRLF = "\r\n";

const latin1 = (codes: number[]) => String.fromCharCode(...codes);
const anyBytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 }).map(latin1);
const likelyBytes = fc
  .array(fc.constantFrom(..."*$:+-_#,(=!~%>|\r\n 0123456789\"'\\xPING\0\xff"), { maxLength: 40 })
  .map((characters) => characters.join(""));
const wildNumber = fc.constantFrom(
  "-1",
  "0",
  "1",
  "2",
  "3",
  "10",
  "1024",
  "65536",
  "1048576",
  "536870912",
  "536870913",
  "2147483647",
  "2147483648",
  "4294967296",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "1e9",
  "+5",
  "01",
  " 3",
  "",
  "abc",
  "0x10",
  "99999999999999999999999999",
);
const words = fc.array(
  fc.oneof(fc.constantFrom("GET", "SET", "PING", "ECHO", "k", "v"), anyBytes),
  {
    minLength: 1,
    maxLength: 5,
  },
);
const command = words.map((list) => encodeCommand(list.map((each) => Buffer.from(each, "latin1"))));
const proper = command.map((each) => each.toString("latin1"));
/** A proper request with one of its bytes changed, taken out or put in. */
const bent = fc
  .tuple(proper, fc.nat(), fc.nat(255), fc.constantFrom("change", "cut", "add"))
  .map(([text, place, byte, how]) => {
    const at = place % text.length;
    const character = String.fromCharCode(byte);
    const rest = text.slice(how === "add" ? at : at + 1);
    return text.slice(0, at) + (how === "cut" ? "" : character) + rest;
  });
const truncated = fc
  .tuple(proper, fc.nat())
  .map(([text, place]) => text.slice(0, place % text.length));
const lyingLengths = fc
  .tuple(wildNumber, wildNumber, anyBytes)
  .map(([count, length, text]) => `*${count}${CRLF}$${length}${CRLF}${text}${CRLF}`);
const inline = fc
  .tuple(fc.array(likelyBytes, { maxLength: 5 }), fc.constantFrom(CRLF, "\n", ""))
  .map(([list, end]) => list.join(" ") + end);
const monster = fc
  .tuple(fc.constantFrom("x", "*", "$", '"', "\0", "*1\r\n", "*0\r\n", "\r\n"), fc.nat(100_000))
  .map(([unit, times]) => unit.repeat(Math.ceil(times / unit.length)));

const hostile: Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: proper },
      { weight: 4, arbitrary: bent },
      { weight: 2, arbitrary: truncated },
      { weight: 3, arbitrary: lyingLengths },
      { weight: 3, arbitrary: anyBytes },
      { weight: 3, arbitrary: likelyBytes },
      { weight: 2, arbitrary: inline },
      { weight: 1, arbitrary: monster },
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(""));

/** Bytes cut at the given places (taken modulo the length). */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const bounds = [0, ...at, bytes.length];
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
}

async function exchange(server: Server, pieces: readonly Buffer[]): Promise<Buffer> {
  const client = await server.connect();
  client.capture();
  for (const piece of pieces) {
    client.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.end();
  return client.untilClosed();
}

/** RESET leaves any transaction, so that the ECHO behind it is answered by just this. */
const LAST = Buffer.concat([encodeCommand(["RESET"]), encodeCommand(["ECHO", "the-end-of-it"])]);
const LAST_ANSWER = "+RESET\r\n$13\r\nthe-end-of-it\r\n";

/**
 * As `exchange`, for requests that end in LAST: the sending side stays open until all is answered,
 * because redis-server drops large replies once it has seen the end.
 */
async function converse(server: Server, pieces: readonly Buffer[]): Promise<Buffer> {
  const client = await server.connect();
  const heard = client.capture();
  const ended = (bytes: Buffer) => bytes.toString("latin1").endsWith(LAST_ANSWER);
  const answered = new Promise<void>((resolve) => {
    client.socket.on("data", () => {
      const tail = heard.at(-1) as Buffer;
      if (ended(tail) || ended(Buffer.concat(heard))) resolve();
    });
  });
  for (const piece of pieces) {
    client.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.race([answered, client.untilClosed()]);
  client.close();
  return Buffer.concat(heard);
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

for (const runtime of RUNTIMES) {
  describe(`hostile input on ${runtime}`, () => {
    let server: Server;
    let witness: Client;

    before(async () => {
      server = await startOurServer({ runtime });
      witness = await server.connect();
    });
    after(async () => {
      witness?.close();
      await server?.stop();
    });

    test("the server lives, and a witness goes on", async (t) => {
      t.diagnostic(`TSKEYDB_SEED=${SEED}`);
      let expected = 0;
      const places = fc.array(fc.nat(), { maxLength: 6 });
      const property = fc.asyncProperty(
        fc.array(fc.tuple(hostile, places), { minLength: 1, maxLength: 4 }),
        async (streams) => {
          const exchanges = streams.map(([text, at]) =>
            exchange(server, cut(Buffer.from(text, "latin1"), at)),
          );
          for (let turn = 0; turn < 5; turn++) {
            assert.equal(show(await witness.call("INCR", "witness")), `:${++expected}`);
          }
          const answers = await Promise.all(exchanges);
          assert.ok(server.running, `the server died:\n${server.output}`);
          for (const [index, answer] of answers.entries()) {
            const [text] = streams[index] as [string, number[]];
            if (!opensConsole(text)) wholeReplies(answer);
          }
          // A random stream may have said FLUSHALL or the like; it knows no such word, but keep the
          // books.
          assert.equal(show(await witness.call("GET", "witness")), `"${expected}"`);
        },
      );
      await fc.assert(property, { seed: SEED, numRuns: RUNS * 10 });
      assert.equal(show(await witness.call("DEBUG", "VERIFY")), "+OK");
    });

    const skip = process.platform === "linux" ? false : "resident memory is read from /proc";
    test("announced sizes take no memory before their bytes come", { skip }, async () => {
      const pid = server.process.pid as number;
      const before = residentBytes(pid);
      const clients: Client[] = [];
      for (let index = 0; index < 50; index++) {
        const client = await server.connect();
        client.write(`*1048576${CRLF}$536870912${CRLF}x`);
        clients.push(client);
      }
      assert.equal(show(await witness.call("PING")), "+PONG");
      const grown = residentBytes(pid) - before;
      assert.ok(grown < 256 * 2 ** 20, `50 announcements took ${grown} bytes`);
      for (const client of clients) client.close();
      assert.equal(show(await witness.call("PING")), "+PONG");
    });

    test("thousands of connections that leave at once", async () => {
      for (let round = 0; round < 5; round++) {
        const clients = await Promise.all(Array.from({ length: 200 }, () => server.connect()));
        for (const [index, client] of clients.entries()) {
          client.write(
            index % 2 === 0 ? "*3\r\n$3\r\nSET\r\n$1" : encodeCommand(["BLPOP", "nothing", 0]),
          );
          if (index % 3 === 0) client.socket.resetAndDestroy();
          else client.close();
        }
        assert.equal(show(await witness.call("PING")), "+PONG");
      }
      for (let tries = 0; tries < 100; tries++) {
        const list = show(await witness.call("INFO", "clients"));
        if (/connected_clients:1\\/.test(list) && /blocked_clients:0\\/.test(list)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.fail(
        `clients that left are still counted: ${show(await witness.call("INFO", "clients"))}`,
      );
    });

    test("a client that reads nothing does not stop the others", async () => {
      await witness.call("SET", "big", "x".repeat(1_000_000));
      const deaf = await server.connect();
      deaf.socket.pause();
      for (let index = 0; index < 50; index++) deaf.send("GET", "big");
      for (let turn = 0; turn < 20; turn++) assert.equal(show(await witness.call("PING")), "+PONG");
      deaf.socket.resume();
      for (let index = 0; index < 50; index++) {
        const reply = await deaf.read();
        assert.equal(reply.type === "bulk" && reply.bytes.length, 1_000_000);
      }
      deaf.close();
      await witness.call("DEL", "big");
    });
  });
}

/** A first line that ends in a bare LF is a person's, and is answered in a person's language. */
function opensConsole(text: string): boolean {
  const end = text.indexOf("\n");
  return end >= 0 && !text.startsWith("*") && text[end - 1] !== "\r";
}

/** Fails unless the bytes are whole replies, one after another. */
function wholeReplies(bytes: Buffer): void {
  const parser = new ReplyParser();
  parser.push(bytes);
  while (parser.next() !== undefined) {}
  assert.equal(parser.leftover.length, 0, `a reply is cut off: ${quote(parser.leftover)}`);
}

describe("pipelines cut at any byte", () => {
  let theirs: Server | undefined;
  let ours: Server[] = [];

  before(async () => {
    if (!hasProgram("redis-server")) return;
    theirs = await startRedisServer();
    ours = await Promise.all(RUNTIMES.map((runtime) => startOurServer({ runtime })));
  });
  after(async () => {
    for (const server of [...ours, ...(theirs ? [theirs] : [])]) await server.stop();
  });

  test("the replies are those to the whole", async (t) => {
    if (!redisServerOrSkip(t, "pipelines cut at any byte")) return;
    t.diagnostic(`TSKEYDB_SEED=${SEED}`);
    const large = fc.nat(200_000).map((length) => "large ".repeat(length / 6 + 1));
    const text = fc.oneof({ weight: 10, arbitrary: anyBytes }, { weight: 1, arbitrary: large });
    const request = fc.oneof(
      fc.tuple(fc.constant("ECHO"), text),
      fc.tuple(fc.constant("SET"), fc.constantFrom("a", "b"), text),
      fc.tuple(fc.constant("GET"), fc.constantFrom("a", "b")),
      fc.tuple(fc.constant("INCR"), fc.constantFrom("n", "m")),
      fc.tuple(fc.constant("RPUSH"), fc.constant("l"), text, text),
      fc.tuple(fc.constant("LRANGE"), fc.constant("l"), fc.constant("0"), fc.constant("-1")),
      fc.tuple(fc.constantFrom("MULTI", "EXEC", "DISCARD", "PING", "BOGUS")),
    );
    const pipelines = fc.array(request, { minLength: 1, maxLength: 30 });
    const property = fc.asyncProperty(
      pipelines,
      fc.array(fc.nat(), { maxLength: 12 }),
      async (list, at) => {
        const parts = list.map((each) =>
          encodeCommand(each.map((one) => Buffer.from(one, "latin1"))),
        );
        const bytes = Buffer.concat([encodeCommand(["FLUSHALL"]), ...parts, LAST]);
        const expected = await converse(theirs as Server, [bytes]);
        for (const server of ours) {
          const got = await converse(server, cut(bytes, at));
          if (!got.equals(expected)) {
            const where = got.findIndex((byte, index) => byte !== expected[index]);
            const from = Math.max(
              0,
              (where < 0 ? Math.min(got.length, expected.length) : where) - 40,
            );
            assert.equal(
              quote(got.subarray(from, from + 200)),
              quote(expected.subarray(from, from + 200)),
              `${server.name} differs near byte ${from + 40}; ${got.length} bytes, not ${expected.length}`,
            );
          }
        }
      },
    );
    await fc.assert(property, { seed: SEED, numRuns: RUNS });
  });
});
