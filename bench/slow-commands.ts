// Data commands that take milliseconds, on long strings and large collections.

import { type Call, type CallOptions, type CallRow, measureCalls } from "./calls.ts";
import type { Client } from "./client.ts";

const MEMBERS = 100_000;
const LONG_BYTES = 10 * 2 ** 20;
const COUNTERS = 10;

const counters = (prefix: string) => Array.from({ length: COUNTERS }, (_, i) => `${prefix}:${i}`);

const TESTS: readonly Call[] = [
  { name: "BITCOUNT of 10 MB", call: ["BITCOUNT", "long:a"] },
  { name: "BITOP AND of two of 10 MB", call: ["BITOP", "AND", "long:c", "long:a", "long:b"] },
  { name: "BITOP XOR of two of 10 MB", call: ["BITOP", "XOR", "long:c", "long:a", "long:b"] },
  { name: "BITPOS through 10 MB", call: ["BITPOS", "long:zeros", "1"] },
  { name: "PFCOUNT of 10 dense", call: ["PFCOUNT", ...counters("dense")] },
  { name: "PFCOUNT of 10 sparse", call: ["PFCOUNT", ...counters("sparse")] },
  { name: "ZUNIONSTORE of two of 100,000", call: ["ZUNIONSTORE", "z:c", "2", "z:a", "z:b"] },
  { name: "ZINTERSTORE of two of 100,000", call: ["ZINTERSTORE", "z:c", "2", "z:a", "z:b"] },
  { name: "SORT of 100,000", call: ["SORT", "numbers", "LIMIT", "0", "10"] },
  { name: "SORT ALPHA of 100,000", call: ["SORT", "words", "ALPHA", "LIMIT", "0", "10"] },
  { name: "LCS of 10 KB", call: ["LCS", "text:a", "text:b", "LEN"] },
];

export function measureSlowCommands(options: CallOptions): Promise<CallRow[]> {
  return measureCalls(TESTS, options, fillAll);
}

/** The same for every server. */
async function fillAll(client: Client): Promise<void> {
  const draw = sequence();
  await client.call("SET", "long:a", drawn(draw, LONG_BYTES, 96));
  await client.call("SET", "long:b", drawn(draw, LONG_BYTES, 96));
  await client.call("SETBIT", "long:zeros", String(LONG_BYTES * 8 - 1), "1");
  await client.call("SET", "text:a", drawn(draw, 10_000, 4));
  await client.call("SET", "text:b", drawn(draw, 10_000, 4));
  const numbers = Array.from({ length: MEMBERS }, () => Math.floor(draw() * 1e9));
  await many(client, "RPUSH", "numbers", numbers.map(String));
  await many(
    client,
    "RPUSH",
    "words",
    numbers.map((number) => `w${number.toString(36)}`),
  );
  for (const [key, from] of [
    ["z:a", 0],
    ["z:b", MEMBERS / 2],
  ] as const) {
    const members = numbers.flatMap((number, i) => [String(number), `member:${from + i}`]);
    await many(client, "ZADD", key, members);
  }
  for (const [prefix, elements] of [
    ["dense", 20_000],
    ["sparse", 100],
  ] as const) {
    for (const key of counters(prefix)) {
      const all = Array.from({ length: elements }, () => String(draw()));
      await many(client, "PFADD", key, all);
    }
  }
}

const WORDS_A_COMMAND = 2000;

async function many(client: Client, command: string, key: string, words: readonly string[]) {
  for (let from = 0; from < words.length; from += WORDS_A_COMMAND) {
    await client.call(command, key, ...words.slice(from, from + WORDS_A_COMMAND));
  }
}

/** Numbers from 0 to below 1, the same ones each time. */
function sequence(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** ASCII characters, of so many kinds. */
function drawn(draw: () => number, length: number, kinds: number): string {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = 31 + (Math.ceil(draw() * kinds) % 96);
  return bytes.toString("latin1");
}
