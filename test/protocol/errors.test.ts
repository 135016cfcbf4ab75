// Malformed requests: what comes back to the byte, and whether the connection ends, beside
// redis-server.
//
// Each case is sent as it stands, then the sending side is closed: what a server has understood by
// then it answers, and closes too.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { quote } from "../support/resp.ts";
import {
  hasProgram,
  RUNTIMES,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";

const CRLF = "\r\n";
const PING = `*1${CRLF}$4${CRLF}PING${CRLF}`;

const CASES: Record<string, string> = {
  "a proper request": PING,
  "many proper requests": PING.repeat(1000),
  "nothing at all": "",
  "an empty array": `*0${CRLF}${PING}`,
  "a negative array": `*-1${CRLF}${PING}`,
  "a very negative array": `*-2147483648${CRLF}${PING}`,
  "an array of no length": `*${CRLF}${PING}`,
  "an array of letters": `*abc${CRLF}${PING}`,
  "an array of a sum": `*+1${CRLF}$4${CRLF}PING${CRLF}`,
  "an array with a leading zero": `*01${CRLF}$4${CRLF}PING${CRLF}`,
  "an array with a space": `* 1${CRLF}$4${CRLF}PING${CRLF}`,
  "an array with more behind its length": `*1x${CRLF}$4${CRLF}PING${CRLF}`,
  "an array beyond the most elements": `*2147483648${CRLF}${PING}`,
  "an array beyond 64 bits": `*99999999999999999999${CRLF}${PING}`,
  "an array that ends in a bare LF": `*1\n$4${CRLF}PING${CRLF}`,
  "a length line without end": `*${"1".repeat(70_000)}`,
  "a bulk that is no bulk": `*1${CRLF}xPING${CRLF}`,
  "a bulk that is an integer": `*2${CRLF}$4${CRLF}ECHO${CRLF}:5${CRLF}`,
  "a bulk whose sign is missing": `*1${CRLF}${CRLF}PING${CRLF}`,
  "a bulk with a control character": `*1${CRLF}\x01PING${CRLF}`,
  "a bulk with a quote": `*1${CRLF}'PING${CRLF}`,
  "a bulk of negative length": `*1${CRLF}$-1${CRLF}${PING}`,
  "a bulk of no length": `*1${CRLF}$${CRLF}${PING}`,
  "a bulk of letters": `*1${CRLF}$abc${CRLF}${PING}`,
  "a bulk with a leading zero": `*1${CRLF}$04${CRLF}PING${CRLF}`,
  "a bulk beyond the limit": `*1${CRLF}$536870913${CRLF}${PING}`,
  "a bulk beyond 64 bits": `*1${CRLF}$99999999999999999999${CRLF}${PING}`,
  "a bulk length line without end": `*1${CRLF}$${"1".repeat(70_000)}`,
  "a bulk longer than its length": `*1${CRLF}$3${CRLF}PING${CRLF}`,
  "a bulk shorter than its length": `*1${CRLF}$5${CRLF}PING${CRLF}${PING}`,
  "a truncated array": `*2${CRLF}$4${CRLF}ECHO${CRLF}`,
  "a truncated bulk": `${PING}*1${CRLF}$4${CRLF}PI`,
  "replies instead of requests": `+OK${CRLF}`,
  "inline requests": `PING${CRLF}ECHO hello${CRLF}SET k v${CRLF}GET k${CRLF}`,
  "an inline request with quotes": `ECHO "a\\x41\\n b"${CRLF}ECHO 'a\\'b'${CRLF}ECHO ""${CRLF}`,
  "inline requests with spaces around": `   PING   ${CRLF}\t PING\t${CRLF}`,
  "inline requests with every white space": [
    `ECHO a\x0bb${CRLF}\x0bECHO \x0b\x0ca\x0cb\x0c${CRLF}ECHO "a"\x0b${CRLF}`,
    `ECHO 'a'\x0cb${CRLF}ECHO a\x0b"b c"\x0c${CRLF}ECHO a\rb${CRLF}ECHO\ta\r${CRLF}`,
  ].join(""),
  "empty inline lines": `${CRLF}${CRLF}PING${CRLF}`,
  "lines of spaces": `   ${CRLF}PING${CRLF}`,
  "unbalanced double quotes": `SET k "v${CRLF}${PING}`,
  "unbalanced single quotes": `SET k 'v${CRLF}${PING}`,
  "a quote with letters behind": `SET k "v"x${CRLF}${PING}`,
  "an inline request after a proper one": `${PING}PING${CRLF}${PING}`,
  "an inline line without end": `${"x".repeat(70_000)}`,
  "a long inline line": `ECHO ${"x".repeat(60_000)}${CRLF}`,
  "an inline unknown command": `BOGUS a b${CRLF}`,
  "HTTP, which must be refused": `POST / HTTP/1.1${CRLF}Host: localhost${CRLF}${CRLF}PING${CRLF}`,
  "HTTP by its Host header": `GET / HTTP/1.1${CRLF}Host: localhost:6379${CRLF}${CRLF}PING${CRLF}`,
  "requests behind QUIT": `${PING}*1${CRLF}$4${CRLF}QUIT${CRLF}${PING}`,
  "requests behind an error": `*1${CRLF}x${CRLF}${PING}`,
  "a mistake within MULTI": `MULTI${CRLF}*1${CRLF}x${CRLF}`,
  "an empty command name": `*1${CRLF}$0${CRLF}${CRLF}${PING}`,
  "a command of bytes": `*2${CRLF}$4${CRLF}\x01\xff\r\n${CRLF}$2${CRLF}\xc3\xff${CRLF}${PING}`,
};

const LOCKED_CASES: Record<string, string> = {
  "ten arguments": `*10${CRLF}${`$1${CRLF}a${CRLF}`.repeat(10)}`,
  "eleven arguments": `*11${CRLF}${`$1${CRLF}a${CRLF}`.repeat(11)}`,
  "a large argument": `*2${CRLF}$4${CRLF}AUTH${CRLF}$16384${CRLF}${"a".repeat(16384)}${CRLF}`,
  "too large an argument": `*2${CRLF}$4${CRLF}AUTH${CRLF}$16385${CRLF}${"a".repeat(16385)}${CRLF}`,
  "a proper request": PING,
  "AUTH, then many arguments": `AUTH secret${CRLF}*11${CRLF}$5${CRLF}LPUSH${CRLF}${`$1${CRLF}a${CRLF}`.repeat(10)}`,
};

/**
 * Sends the bytes in pieces, then the end of sending, and gives what comes back. Nothing is sent
 * behind an answer that ends the connection: the kernel would then throw that answer away.
 */
async function sendInPieces(server: Server, bytes: Buffer, size: number, pauseMs: number) {
  const client = await server.connect();
  const heard = client.capture();
  let at = 0;
  while (at < bytes.length && !Buffer.concat(heard).includes("ERR Protocol error")) {
    client.write(bytes.subarray(at, at + size));
    at += size;
    if (at < bytes.length) await pause(pauseMs);
  }
  client.end();
  return shown(await client.untilClosed());
}

function shown(bytes: Buffer): string {
  const text = quote(bytes);
  return text.length > 2_000 ? `${text.slice(0, 2_000)}… (${bytes.length} bytes)` : text;
}

function compareCases(name: string, cases: Record<string, string>, args: readonly string[]) {
  describe(name, () => {
    let theirs: Server | undefined;
    let ours: Server[] = [];

    before(async () => {
      if (!hasProgram("redis-server")) return;
      theirs = await startRedisServer({ args });
      ours = await Promise.all(RUNTIMES.map((runtime) => startOurServer({ runtime, args })));
    });
    after(async () => {
      for (const server of [...ours, ...(theirs ? [theirs] : [])]) await server.stop();
    });

    for (const [title, text] of Object.entries(cases)) {
      test(title, { timeout: 60_000 }, async (t) => {
        if (!redisServerOrSkip(t, `malformed requests: ${title}`)) return;
        const bytes = Buffer.from(text, "latin1");
        const whole = Math.max(1, bytes.length);
        const sizes = bytes.length > 150 ? [whole, Math.ceil(whole / 3)] : [whole, 1];
        const servers = [theirs as Server, ...ours];
        for (const size of sizes) {
          // On a busy machine a piece may overtake the answer that should have stopped it; then
          // slower.
          for (const pauseMs of [1, 5, 25]) {
            const [expected, ...got] = await Promise.all(
              servers.map((server) => sendInPieces(server, bytes, size, pauseMs)),
            );
            if (pauseMs < 25 && got.some((each) => each !== expected)) continue;
            for (const [index, each] of got.entries()) {
              assert.equal(each, expected, `${ours[index]?.name}, in pieces of ${size} bytes`);
            }
            break;
          }
        }
      });
    }
  });
}

/** Connections that the server ends: what is sent on each, and whether another one kills it. */
const ENDS: Record<string, readonly [text: string, killed?: boolean]> = {
  POST: [`POST / HTTP/1.1${CRLF}Host: localhost${CRLF}${CRLF}`],
  "POST with a body": [`POST / HTTP/1.1${CRLF}Content-Length: 5${CRLF}${CRLF}PING${CRLF}`],
  "POST behind a request": [`${PING}POST / HTTP/1.1${CRLF}`],
  GET: [`GET / HTTP/1.1${CRLF}Host: localhost${CRLF}${CRLF}`],
  "an array that is a Host header": [`*1${CRLF}$5${CRLF}HoSt:${CRLF}`],
  QUIT: [`QUIT${CRLF}`],
  "a malformed request": [`*x${CRLF}`],
  "CLIENT KILL of an idle client": [PING, true],
  "CLIENT KILL in the middle of a request": [`${PING}*1${CRLF}$4${CRLF}PI`, true],
};

/** What came back on a connection that the server has ended, and whether in good order. */
async function endOf(server: Server, text: string, killed: boolean): Promise<string> {
  const client = await server.connect();
  const heard = client.capture();
  const errors: string[] = [];
  client.socket.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code ?? ""));
  client.write(text);
  if (killed) {
    while (Buffer.concat(heard).length === 0) await pause(1);
    const killer = await server.connect();
    const { localAddress, localPort } = client.socket;
    await killer.call("CLIENT", "KILL", `${localAddress}:${localPort}`);
    killer.close();
  }
  const bytes = await client.untilClosed();
  return `${shown(bytes)} ${errors.length === 0 ? "in good order" : errors.join(" ")}`;
}

describe("the end of a connection", () => {
  for (const runtime of RUNTIMES) {
    test(`is in good order where redis-server's is (${runtime})`, async (t) => {
      if (!redisServerOrSkip(t, "how connections end")) return;
      const theirs = await startRedisServer();
      t.after(() => theirs.stop());
      const ours = await startOurServer({ runtime });
      t.after(() => ours.stop());
      for (const [title, [text, killed]] of Object.entries(ENDS)) {
        const expected = await endOf(theirs, text, killed ?? false);
        assert.equal(await endOf(ours, text, killed ?? false), expected, title);
      }
      assert.match(ours.output, /127\.0\.0\.1:\d+ was disconnected: it speaks HTTP/);
      assert.equal(ours.output.split("speaks HTTP").length, 2, "said once a minute at most");
    });
  }
});

const SMALL_BULK_CASES: Record<string, string> = {
  "a bulk at the limit": `*2${CRLF}$4${CRLF}ECHO${CRLF}$1048576${CRLF}${"a".repeat(1048576)}${CRLF}`,
  "a bulk beyond the limit": `*2${CRLF}$4${CRLF}ECHO${CRLF}$1048577${CRLF}`,
  "a string that would grow beyond it": [
    `SETRANGE k 1048575 x${CRLF}APPEND k y${CRLF}STRLEN k${CRLF}`,
    `SETRANGE k 1048576 x${CRLF}SETRANGE l 1048570 toolong${CRLF}EXISTS l${CRLF}`,
  ].join(""),
};

const SLEEPING_CASES: Record<string, string> = {
  "a deadline that passes between two requests of an arrival": [
    `SET k v PX 20${CRLF}DEBUG SLEEP 0.05${CRLF}GET k${CRLF}`,
    `SET k v PX 20${CRLF}DEBUG SLEEP 0.05${CRLF}EXISTS k${CRLF}`,
  ].join(""),
  "a deadline that passes within a transaction of an arrival": [
    `SET k v PX 20${CRLF}MULTI${CRLF}DEBUG SLEEP 0.05${CRLF}EXEC${CRLF}GET k${CRLF}`,
    `MULTI${CRLF}ECHO a${CRLF}EXEC${CRLF}DBSIZE${CRLF}`,
  ].join(""),
};

compareCases("malformed requests", CASES, []);
compareCases("requests behind a sleep", SLEEPING_CASES, ["--enable-debug-command", "local"]);
compareCases("a small proto-max-bulk-len", SMALL_BULK_CASES, ["--proto-max-bulk-len", "1048576"]);
compareCases("before authentication", LOCKED_CASES, ["--requirepass", "secret"]);
