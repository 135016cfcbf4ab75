// Bytes per key or element beside redis-server, for the shapes that data commonly has.
//
// Each shape is filled into a fresh server. `used` is the growth of used_memory (INFO), which is
// what each server says of itself, everything counted: tables, headers, wasted space inside
// blocks. `resident` is the growth of what the kernel says (the proportional share of smaps), as
// a check on it; it also holds whatever the runtime took meanwhile, so it is noisy for few bytes.

import { Client, type Filling, fill, NUMBER, withClient } from "./client.ts";
import { residentBytes } from "./kernel.ts";
import { type Contender, serve, settle } from "./process.ts";

const TEN = Array.from({ length: 10 }, (_, index) => index);
const HUNDRED = Array.from({ length: 100 }, (_, index) => index);
const VALUE = "x".repeat(16);

interface Shape {
  readonly name: string;
  /** What the bytes are divided by. */
  readonly unit: string;
  readonly unitsPerRecord: number;
  readonly records: number;
  readonly record: Filling["record"];
  readonly lines?: number;
  /** What is done when it is filled, by a command that must exist. */
  readonly after?: { readonly command: string; act(client: Client, units: number): Promise<void> };
}

/** Keys `prefix` + 12 digits: 16 bytes. */
const key = (prefix: string) => `${prefix}${NUMBER}`;

const SHAPES: readonly Shape[] = [
  {
    name: "strings, 16-byte keys and values",
    unit: "key",
    unitsPerRecord: 1,
    records: 1_000_000,
    record: [["SET", key("key:"), VALUE]],
  },
  {
    name: "strings with a deadline",
    unit: "key",
    unitsPerRecord: 1,
    records: 1_000_000,
    record: [["SET", key("key:"), VALUE, "EX", "100000"]],
  },
  {
    name: "small hashes, 10 fields of 6 and 10 bytes",
    unit: "hash",
    unitsPerRecord: 1,
    records: 100_000,
    record: [["HSET", key("has:"), ...TEN.flatMap((i) => [`field${i}`, "x".repeat(10)])]],
  },
  {
    name: "small lists, 10 elements of 10 bytes",
    unit: "list",
    unitsPerRecord: 1,
    records: 100_000,
    record: [["RPUSH", key("lis:"), ...TEN.map(() => "x".repeat(10))]],
  },
  {
    name: "small sets, 10 members of 10 bytes",
    unit: "set",
    unitsPerRecord: 1,
    records: 100_000,
    record: [["SADD", key("set:"), ...TEN.map((i) => `member000${i}`)]],
  },
  {
    name: "small sets of 10 integers",
    unit: "set",
    unitsPerRecord: 1,
    records: 100_000,
    record: [["SADD", key("int:"), ...TEN.map((i) => String(1000 + i))]],
  },
  {
    name: "one list of a million elements of 16 bytes",
    unit: "element",
    unitsPerRecord: 100,
    records: 10_000,
    record: [["RPUSH", "list", ...HUNDRED.map(() => VALUE)]],
  },
  {
    name: "one hash of a million fields of 16 and 16 bytes",
    unit: "field",
    unitsPerRecord: 100,
    records: 10_000,
    record: [["HSET", "hash", ...HUNDRED.flatMap(() => [key("fld:"), VALUE])]],
  },
  {
    name: "one hash of a million fields of 16 and 16 bytes, each with a deadline",
    unit: "field",
    unitsPerRecord: 100,
    records: 10_000,
    record: [["HSET", "hash", ...HUNDRED.flatMap(() => [key("fld:"), VALUE])]],
    after: { command: "HPEXPIRE", act: (client, units) => expireFields(client, units) },
  },
  {
    name: "one set of a million members of 16 bytes",
    unit: "member",
    unitsPerRecord: 100,
    records: 10_000,
    record: [["SADD", "set", ...HUNDRED.map(() => key("mem:"))]],
  },
  {
    name: "small sorted sets, 10 members of 10 bytes",
    unit: "sorted set",
    unitsPerRecord: 1,
    records: 100_000,
    record: [["ZADD", key("zset:"), ...TEN.flatMap((i) => [String(i), `member000${i}`])]],
  },
  {
    name: "one sorted set of a million members of 16 bytes",
    unit: "member",
    unitsPerRecord: 100,
    records: 10_000,
    record: [["ZADD", "ranks", ...HUNDRED.flatMap((i) => [`${i}`, key("rnk:")])]],
  },
  {
    name: "one stream of a million entries of three fields",
    unit: "entry",
    unitsPerRecord: 1,
    records: 1_000_000,
    lines: 2,
    record: [["XADD", "stream", "*", "sensor", "4", "heat", "21.5", "at", NUMBER]],
  },
];

/** Gives the fields of a hash deadlines within a day, ten of them the same. */
async function expireFields(client: Client, fields: number): Promise<void> {
  for (let from = 0; from < fields; from += 10) {
    const names = TEN.map((i) => `fld:${String(from + i).padStart(NUMBER.length, "0")}`);
    const ms = String(3_600_000 + ((from * 7919) % 86_400_000));
    await client.call("HPEXPIRE", "hash", ms, "FIELDS", "10", ...names);
  }
}

export interface MemoryRow {
  shape: string;
  unit: string;
  units: number;
  /** Bytes per unit of each contender. */
  measured: Record<string, { used: number; resident: number }>;
}

export async function benchmarkMemory(
  contenders: readonly Contender[],
  quick: boolean,
): Promise<MemoryRow[]> {
  const rows: MemoryRow[] = [];
  for (const shape of SHAPES) {
    const records = quick ? shape.records / 10 : shape.records;
    const units = records * shape.unitsPerRecord;
    const known = await Promise.all(contenders.map((contender) => knows(contender, shape)));
    if (!known.every(Boolean)) continue;
    const row: MemoryRow = { shape: shape.name, unit: shape.unit, units, measured: {} };
    for (const contender of contenders) {
      row.measured[contender.id] = await measure(contender, shape, records, units);
    }
    rows.push(row);
    const parts = Object.entries(row.measured).map(([id, m]) => {
      return `${id} ${m.used.toFixed(1)} (resident ${m.resident.toFixed(1)})`;
    });
    console.log(`  ${shape.name}, bytes per ${shape.unit}: ${parts.join(" | ")}`);
  }
  return rows;
}

/** Whether a contender has what it takes to make a shape. */
async function knows(contender: Contender, { after }: Shape): Promise<boolean> {
  if (after === undefined) return true;
  const server = await serve(contender);
  try {
    return await withClient(server.port, (client) => client.knows(after.command));
  } finally {
    await server.stop();
  }
}

async function measure(contender: Contender, shape: Shape, records: number, units: number) {
  const server = await serve(contender);
  try {
    const client = await Client.connect(server.port);
    await settle(server.pid);
    const usedBefore = await client.info("memory", "used_memory");
    const residentBefore = residentBytes(server.pid);
    await fill(server.port, { record: shape.record, lines: shape.lines, count: records });
    await shape.after?.act(client, units);
    await settle(server.pid);
    const used = (await client.info("memory", "used_memory")) - usedBefore;
    const resident = residentBytes(server.pid) - residentBefore;
    client.close();
    return { used: used / units, resident: resident / units };
  } finally {
    await server.stop();
  }
}
