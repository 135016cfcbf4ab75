// The numbers of the protocol: what a request's header lines may say, and what is answered when
// they say something else. Several hundred headers go to redis-server and to ours, each on a
// connection of its own with a PING behind it, and every byte that comes back must be the same.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  RUNTIMES,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";

const NUMBERS = [
  ..."0 1 2 3 4 5 9 10 11 16384 16385 1048576 1048577 2147483646 2147483647 2147483648".split(" "),
  ..."4294967295 4294967296 4294967297 9007199254740991 9007199254740993".split(" "),
  ..."999999999999999 1000000000000000 9223372036854775806 9223372036854775807".split(" "),
  ..."9223372036854775808 9223372036854775809 9999999999999999999".split(" "),
  ..."18446744073709551615 18446744073709551616 18446744073709551617 18446744073709551620".split(
    " ",
  ),
  "340282366920938463463374607431768211456",
  "9".repeat(400),
];
const SIGNS = ["", "-", "+", "--", "-+", " ", "\t", "- ", "0", "00", "-0", "\v"];
const TAILS = ["", " ", "\t", ".0", "e0", "x", "-", "\n", " 1", "\x80"];
const ODD = [
  "",
  "-",
  "+",
  " ",
  ".",
  "0x4",
  "0b1",
  "1_0",
  "1,0",
  "inf",
  "-inf",
  "nan",
  "٤",
  "\u{1D7DC}",
];

/** Texts that stand where a header has its number. */
function texts(): string[] {
  const found = new Set(ODD);
  for (const number of NUMBERS) {
    for (const sign of SIGNS) found.add(sign + number);
    for (const tail of TAILS) found.add(number + tail).add(`-${number}${tail}`);
  }
  return [...found];
}

const PING = "*1\r\n$4\r\nPING\r\n";

/** Requests that are whole but for what their headers say. */
function requests(): string[] {
  const found: string[] = [];
  for (const text of texts()) {
    found.push(`*${text}\r\n${PING}`);
    found.push(`*1\r\n$${text}\r\nPING\r\n${PING}`);
    found.push(`*2\r\n$4\r\nECHO\r\n$${text}\r\nabcd\r\n${PING}`);
  }
  return found;
}

/** Header lines that lack something, and bytes that stand in a header's place. */
const BROKEN = [
  ..."* *1 *1\r *1\r\n *1\r\n$ *1\r\n$4 *1\r\n$4\r *1\r\n$4\r\nPI *1\r\n$4\r\nPING\r".split(" "),
  "*1\r\nX",
  "*1\r\nX\r\n",
  "*1\r\n\r\n",
  "*1\r\n*1\r\n$4\r\nPING\r\n",
  "*1\r\n:4\r\nPING\r\n",
  "*1\r\n+PING\r\n",
  "*1\r\n\x80\r\n",
  `*1\n$4\nPING\n${PING}`,
  `*1\n\r$4\r\nPING\r\n${PING}`,
  `*1\rX$4\r\nPING\r\n${PING}`,
  `*1\r\n$4\rXPING\r\n${PING}`,
  `*1\r\n$4\r\nPINGXX${PING}`,
  `*1\r\n$4\r\nPING\n\r${PING}`,
  ` *1\r\n$4\r\nPING\r\n`,
  `\r\n\r\n${PING}`,
  `*0\r\n*-1\r\n*-2147483649\r\n${PING}`,
  `*${"1".repeat(65_600)}`,
  `*${"1".repeat(65_600)}\r\n`,
  `*1\r\n$${"4".repeat(65_600)}`,
  `*1\r\n$${"4".repeat(65_600)}\r\n`,
  `*1\r\n${"X".repeat(65_600)}`,
  "X".repeat(65_600),
  `${"X".repeat(65_600)}\r\n`,
];

/** Inline requests whose words are counted or quoted in unusual ways. */
const INLINE = [
  "PING\r\n",
  "  PING\r\n",
  "\tPING\t\r\n",
  "\vPING\r\n",
  "PING \r\n",
  "PING\r\r\n",
  "\rPING\r\n",
  "PING\rx\r\n",
  "$4\r\nPING\r\n",
  "+PING\r\n",
  ":1\r\n",
  "-1\r\n",
  "1\r\n",
  "-9223372036854775809\r\n",
  '"PING"\r\n',
  "'PING'\r\n",
  '"PING" "a b"\r\n',
  '"PING"x\r\n',
  'PI"NG"\r\n',
  '"PI\r\nNG"\r\n',
  'ECHO "\\x41\\x4g\\x"\r\n',
  "ECHO 'a\\'b'\r\n",
  'ECHO "a\\qb\\n\\r\\t\\b\\a\\\\"\r\n',
  'ECHO "\r\n',
  "ECHO '\r\n",
  '""\r\n',
  "''\r\n",
  '"" ""\r\n',
  "SELECT 0\r\n",
  "SELECT 00\r\n",
  "SELECT +1\r\n",
  "SELECT -1\r\n",
  "SELECT ' 1'\r\n",
  "SELECT 9223372036854775808\r\n",
  "SELECT -9223372036854775809\r\n",
].map((line) => line + PING);

const AT_ONCE = 40;

/** What a server sends back for each of the requests. */
async function replies(server: Server, sent: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (let at = 0; at < sent.length; at += AT_ONCE) {
    const some = sent.slice(at, at + AT_ONCE).map(async (bytes) => {
      const client = await server.connect();
      return (await client.exchange(Buffer.from(bytes, "latin1"))).toString("latin1");
    });
    found.push(...(await Promise.all(some)));
  }
  return found;
}

describe("numbers and lines of the protocol", () => {
  // So that a length that is allowed costs no memory worth speaking of.
  const args = ["--proto-max-bulk-len", "1mb"];
  const oracles: Record<string, Server> = {};
  after(async () => {
    for (const server of Object.values(oracles)) await server.stop();
  });

  const oracle = async (name: string, more: readonly string[]): Promise<Server> => {
    oracles[name] ??= await startRedisServer({ args: [...args, ...more] });
    return oracles[name];
  };

  for (const runtime of RUNTIMES) {
    for (const [name, more] of [
      ["", []],
      [", of clients that have not given the password", ["--requirepass", "p"]],
    ] as const) {
      test(`each header is answered as redis-server does it${name} (${runtime})`, async (t) => {
        if (!redisServerOrSkip(t, "headers of requests")) return;
        const theirs = await oracle(name, more);
        const ours = await startOurServer({ runtime, args: [...args, ...more] });
        t.after(() => ours.stop());
        const sent = [...requests(), ...BROKEN, ...INLINE];
        assert.ok(sent.length > 1000);
        const expected = await replies(theirs, sent);
        const got = await replies(ours, sent);
        const wrong = sent.flatMap((bytes, i) =>
          expected[i] === got[i]
            ? []
            : [`${JSON.stringify(bytes.slice(0, 60))}: ${expected[i]} ours: ${got[i]}`],
        );
        assert.deepEqual(wrong, []);
      });
    }
  }
});
