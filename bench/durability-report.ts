// The tables and goals of the durability benchmark.

import type { DataSetMeasured, DataSetRow, DurabilityRun } from "./durability.ts";
import type { OverwritingRow } from "./overwriting.ts";
import type { PayloadRow } from "./payloads.ts";
import { type Goal, goal, NAMES, table, times, whole } from "./tables.ts";

const ms = (value: number) => `${value.toFixed(1)} ms`;
const seconds = (value: number) => `${value.toFixed(1)} s`;
const megabytes = (bytes: number) => `${whole(bytes / 1e6)} MB`;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const MINE = ["bun", "node"] as const;
const WORKS = [
  ["snapshot", "a snapshot"],
  ["rewrite", "a rewrite"],
] as const;

function nameOf(row: DataSetRow): string {
  return `${whole(row.keys)} ${row.about}`;
}

function startTable(rows: readonly DataSetRow[]): string {
  return table(
    ["data", "server", "start", "CPU", "resident then", "a snapshot alone", "CPU"],
    rows.flatMap((row) =>
      Object.entries(row.measured).map(([id, { start, save }]) => [
        nameOf(row),
        NAMES[id],
        seconds(start.ms / 1000),
        seconds(start.cpuMs / 1000),
        megabytes(start.residentBytes),
        save === null ? "" : seconds(save.seconds),
        save === null ? "" : seconds(save.cpuSeconds),
      ]),
    ),
  );
}

function waitTable(rows: readonly DataSetRow[]): string {
  const lines = rows.flatMap((row) =>
    WORKS.flatMap(([work, name]) =>
      Object.entries(row.measured).flatMap(([id, measured]) => {
        const m = measured[work];
        if (m === null) return [];
        return [
          [
            nameOf(row),
            name,
            NAMES[id],
            seconds(m.seconds),
            `${ms(m.waitMs)} (${ms(m.waitBeforeMs)})`,
            `${ms(m.ownMs)} (${ms(m.ownBeforeMs)})`,
            ms(m.machineMs),
            `${megabytes(m.bytesMore)} (${megabytes(m.bytes)})`,
            `${whole(m.rate)} (${whole(m.rateBefore)})`,
          ],
        ];
      }),
    ),
  );
  if (lines.length === 0) return "";
  const head =
    "data,during,server,takes,longest wait (without),its own making (without),machine's own," +
    "memory more (of),writes a second (without)";
  return table(head.split(","), lines);
}

function overwritingTable(row: OverwritingRow | null): string {
  if (row === null) return "";
  return table(
    [`${whole(row.keys)} keys`, "directory at most, of the data", "rewrites", "written for a byte"],
    Object.entries(row.measured).map(([id, m]) => [
      NAMES[id],
      times(m.directoryBytesMax / m.dataBytes),
      whole(m.rewrites),
      m.amplification.toFixed(2),
    ]),
  );
}

function payloadTable(rows: readonly PayloadRow[]): string {
  if (rows.length === 0) return "";
  return table(
    ["command", "redis-server", "Bun", "", "Node", ""],
    rows.map(({ command, value, measured }) => [
      `${command}, ${value}`,
      `${whole(measured.redis.cpuNs)} ns`,
      ...MINE.flatMap((id) => {
        const m = measured[id];
        return m === undefined ? ["", ""] : [`${whole(m.cpuNs)} ns`, `**${times(m.cpuRatio)}**`];
      }),
    ]),
  );
}

export function durabilityTables({ data, overwriting, payloads }: DurabilityRun): string {
  const starts = data.length === 0 ? "" : startTable(data);
  return [starts, waitTable(data), overwritingTable(overwriting), payloadTable(payloads)]
    .filter(Boolean)
    .join("\n\n");
}

export function durabilityGoals({ data, overwriting, payloads }: DurabilityRun): Goal[] {
  return MINE.flatMap((id) => [
    ...data.flatMap((row) => {
      const mine = row.measured[id];
      const peer = row.measured.redis;
      return mine === undefined ? [] : dataGoals(NAMES[id], nameOf(row), mine, peer);
    }),
    ...overwritingGoals(id, overwriting),
    ...["DUMP", "RESTORE"].flatMap((command) => {
      const rows = payloads.filter((row) => row.command === command && row.measured[id]);
      const cases = rows.map((row) => ({ name: row.value, value: row.measured[id].cpuRatio }));
      return goal(`${NAMES[id]}, ${command}: CPU`, "at most", 0.9, cases);
    }),
  ]);
}

function dataGoals(
  name: string,
  data: string,
  mine: DataSetMeasured,
  peer: DataSetMeasured,
): Goal[] {
  const one = (value: number) => [{ name: "", value }];
  const goals = [
    ...goal(
      `${name}, ${data}: start, redis-server's time over ours`,
      "at least",
      1.2,
      one(peer.start.ms / mine.start.ms),
    ),
    ...goal(
      `${name}, ${data}: resident after the start`,
      "at most",
      1,
      one(mine.start.residentBytes / peer.start.residentBytes),
    ),
  ];
  if (mine.save !== null && peer.save !== null) {
    const ratio = mine.save.seconds / peer.save.seconds;
    goals.push(...goal(`${name}, ${data}: a snapshot alone`, "at most", 1.2, one(ratio)));
  }
  for (const [work, what] of WORKS) {
    const m = mine[work];
    const p = peer[work];
    if (m === null || p === null) continue;
    const about = `${name}, ${data}, ${what}`;
    goals.push(
      ...goal(`${about}: longest wait of its own making`, "at most", 5, one(m.ownMs), ms),
      ...goal(`${about}: longest wait, of redis-server's`, "at most", p.waitMs, one(m.waitMs), ms),
      ...goal(`${about}: memory more`, "at most", 0.05, one(m.bytesMore / m.bytes), percent),
      ...goal(`${about}: writes answered`, "at least", 0.8, one(m.rate / m.rateBefore)),
    );
  }
  return goals;
}

function overwritingGoals(id: (typeof MINE)[number], row: OverwritingRow | null): Goal[] {
  const m = row?.measured[id];
  if (m === undefined) return [];
  const what = `${NAMES[id]}, the log's directory while all is overwritten, of the data`;
  return goal(what, "at most", 3, [{ name: "", value: m.directoryBytesMax / m.dataBytes }]);
}
