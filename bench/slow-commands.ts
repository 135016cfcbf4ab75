// Commands that take milliseconds: CPU time of the server for one call, one after the other on one
// connection. In each round every contender takes its turn; ratios are medians of those within a
// round.

import { Client } from "./client.ts";
import { cpuBetween, cpuOf } from "./kernel.ts";
import { type Contender, serve, settle } from "./process.ts";
import { median, medianRatio } from "./statistics.ts";

const MEMBERS = 100_000;
const LONG_BYTES = 10 * 2 ** 20;
const COUNTERS = 10;
/** One turn takes the peer about so long. */
const TURN_MS = 300;
const CALLS_MAX = 10_000;

export interface SlowRow {
  readonly test: string;
  readonly calls: number;
  readonly measured: Record<string, SlowMeasured>;
}

export interface SlowMeasured {
  readonly cpuMs: number;
  /** Median over the rounds of this contender's CPU time over the peer's. */
  readonly cpuRatio: number;
}

const counters = (prefix: string) => Array.from({ length: COUNTERS }, (_, i) => `${prefix}:${i}`);

const TESTS: readonly { readonly name: string; readonly call: readonly string[] }[] = [
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

export async function measureSlowCommands(
  contenders: readonly Contender[],
  rounds: number,
  quick: boolean,
): Promise<SlowRow[]> {
  const servers = await Promise.all(contenders.map((contender) => serve(contender)));
  const clients = await Promise.all(servers.map(({ port }) => Client.connect(port)));
  const rows: SlowRow[] = [];
  try {
    for (const client of clients) await fillAll(client);
    for (const { name, call } of TESTS) {
      const startedAt = performance.now();
      await clients[0].call(...call);
      const turnMs = quick ? TURN_MS / 10 : TURN_MS;
      const calls = Math.ceil(turnMs / Math.max(performance.now() - startedAt, turnMs / CALLS_MAX));
      const cpu: number[][] = servers.map(() => []);
      for (let round = -1; round < rounds; round++) {
        for (const [i, { pid }] of servers.entries()) {
          await settle(pid);
          const before = cpuOf(pid);
          for (let k = 0; k < calls; k++) await clients[i].call(...call);
          const spentMs = cpuBetween(before, cpuOf(pid)) / 1e6 / calls;
          // The first round warms up.
          if (round >= 0) cpu[i].push(spentMs);
        }
      }
      const measured: Record<string, SlowMeasured> = {};
      for (const [i, { contender }] of servers.entries()) {
        measured[contender.id] = { cpuMs: median(cpu[i]), cpuRatio: medianRatio(cpu[i], cpu[0]) };
      }
      rows.push({ test: name, calls, measured });
      const parts = Object.entries(measured).map(
        ([id, m]) => `${id} ${m.cpuMs.toFixed(3)} ms (${m.cpuRatio.toFixed(2)}×)`,
      );
      console.log(`  ${name}: ${parts.join(" | ")}`);
    }
  } finally {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.stop()));
  }
  return rows;
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
