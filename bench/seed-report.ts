// The seed's rows beside ours: which of ours is ahead, as goals and as tables. Where PyKeyDB itself
// ran on the same machine, ahead means ahead of that, and its published figures stand beside.

import { counterparts, PUBLISHED, type SeedRun } from "./seed.ts";
import type { SeedFigure, SeedMode } from "./seed-child.ts";
import { type Goal, goal, NAMES, table, times, whole } from "./tables.ts";

/** Ahead means more throughput, a smaller average and a smaller P95, all three. */
export function seedGoals(runs: readonly SeedRun[]): Goal[] {
  return (["node", "bun"] as const).flatMap((runtime) => {
    const rows = seedRows(runs, runtime);
    if (rows.length === 0) return [];
    const behind = rows.filter((each) => each.ahead === "");
    const slow = rows.filter((each) => / everysec$/.test(each.ahead));
    const list = (some: readonly SeedLine[]) =>
      some.map((each) => each.operation + (each.fsync ? " with fsync" : "")).join(", ");
    const measured = [`${rows.length - behind.length} of ${rows.length}`];
    if (slow.length > 0) measured.push(`only by everysec: ${list(slow)}`);
    if (behind.length > 0) measured.push(`not: ${list(behind)}`);
    const whose = rows[0]?.here ? "PyKeyDB's rows, run here," : "The seed's published rows";
    return [
      {
        what: `${whose} on ${NAMES[runtime]}: ahead in throughput, average and P95`,
        wanted: "every row",
        measured: measured.join("; "),
        met: rows.length - behind.length,
        of: rows.length,
      },
      ...WANTED.flatMap(([operations, fsync, limit]) => {
        const cases = rows
          .filter((each) => each.fsync === fsync && operations.includes(each.operation))
          .flatMap(({ operation, here, ours }) => {
            const best = Math.max(...ours.filter(isDurable(fsync)).map(perSecond));
            return here ? [{ name: operation, value: best / here.perSecond }] : [];
          });
        const name = operations.join(", ") + (fsync ? " with fsync" : "");
        const what = `Beside PyKeyDB here, ${name} on ${NAMES[runtime]}: throughput`;
        return goal(what, "at least", limit, cases);
      }),
    ];
  });
}

/** How far ahead of PyKeyDB on the same machine these are to be. */
const WANTED: readonly (readonly [operations: readonly string[], fsync: boolean, ratio: number])[] =
  [
    [["SET"], false, 10],
    [["SET"], true, 3],
    [["GET"], false, 20],
    [["LPUSH", "HSET", "SADD"], false, 200],
    [["LRANGE"], false, 2],
  ];

type Ours = SeedLine["ours"][number];
const perSecond = ({ figure }: Ours): number => figure.perSecond;
/** Where a row is one with fsync, only what has been synced when it returns is to be compared. */
const isDurable =
  (fsync: boolean) =>
  ({ label, likest }: Ours): boolean =>
    likest && !(fsync && label.endsWith("everysec"));

interface SeedLine {
  group: string;
  operation: string;
  fsync: boolean;
  published: SeedFigure;
  /** What PyKeyDB itself did on this machine, if it ran. */
  here: SeedFigure | undefined;
  /** `likest`: it does what the seed's does, as far as that can be. */
  ours: { label: string; likest: boolean; figure: SeedFigure; ahead: boolean }[];
  /** The first of ours that is ahead in throughput, average and P95; empty when none is. */
  ahead: string;
}

const UNSYNCED: readonly SeedMode[] = ["no", "threads"];
const SYNCED: readonly SeedMode[] = ["always", "threads-always", "together", "everysec"];
const LABELS: Partial<Record<SeedMode, string>> = {
  threads: "four threads",
  "threads-always": "always, four threads",
};
const READS = /GET|RANGE|MEMBER|CARD/;

/** The seed's rows with our counterparts, the strictest or likest first. */
function seedRows(runs: readonly SeedRun[], runtime: SeedRun["runtime"]): SeedLine[] {
  const figures = (mode: SeedMode, who = runtime) =>
    runs.find((run) => run.mode === mode && run.runtime === who)?.figures ?? [];
  const lines: SeedLine[] = [];
  for (const fsync of [false, true]) {
    for (const row of PUBLISHED) {
      const { operation } = row;
      const [rate, averageUs, p95Us] = fsync ? row.with : row.without;
      const published = { operation, perSecond: rate, averageUs, p95Us };
      const here = figures(fsync ? "always" : "no", "python").find(
        (each) => each.operation === operation,
      );
      const rival = here ?? published;
      const ours: SeedLine["ours"] = [];
      const modes = !fsync ? UNSYNCED : READS.test(operation) ? SYNCED.slice(0, 2) : SYNCED;
      for (const mode of modes) {
        for (const [index, name] of counterparts(operation).entries()) {
          const figure = figures(mode).find((each) => each.operation === name);
          if (!figure) continue;
          const label = mode === "no" ? name : `${name}, ${LABELS[mode] ?? mode}`;
          const ahead =
            figure.perSecond > rival.perSecond &&
            figure.averageUs < rival.averageUs &&
            figure.p95Us < rival.p95Us;
          ours.push({ label, likest: index === 0, figure, ahead });
        }
      }
      if (ours.length === 0) continue;
      lines.push({
        group: row.group,
        operation,
        fsync,
        published,
        here,
        ours,
        ahead: ours.find((each) => each.ahead)?.label ?? "",
      });
    }
  }
  return lines;
}

export function seedTables(runs: readonly SeedRun[]): string {
  const parts: string[] = [];
  for (const runtime of ["node", "bun"] as const) {
    const lines = seedRows(runs, runtime);
    const bare = runs.find((run) => run.runtime === runtime && run.mode === "always")?.bareSyncUs;
    for (const fsync of [false, true]) {
      const chosen = lines.filter((each) => each.fsync === fsync);
      if (chosen.length === 0) continue;
      const limit =
        fsync && bare ? ` (a bare write and fdatasync here: ${bare.toFixed(0)} µs)` : "";
      const head = ["operation", "per second", "× published", "× PyKeyDB here"];
      parts.push(
        `### ${NAMES[runtime]}, ${fsync ? "with" : "without"} fsync${limit}`,
        table([...head, "average µs", "P95 µs", "ahead in all"], chosen.flatMap(seedCells)),
      );
    }
  }
  return parts.join("\n\n");
}

function seedCells({ operation, published, here, ours }: SeedLine): string[][] {
  const cells = (label: string, figure: SeedFigure, ahead: string) => {
    const { perSecond, averageUs, p95Us } = figure;
    const ratio = (other: SeedFigure | undefined) =>
      other === undefined || other === figure ? "" : times(perSecond / other.perSecond);
    const latencies = [averageUs.toFixed(2), p95Us.toFixed(2), ahead];
    return [label, whole(perSecond), ratio(published), ratio(here), ...latencies];
  };
  return [
    cells(`**${operation}** (published)`, published, ""),
    ...(here ? [cells(`**${operation}** (PyKeyDB here)`, here, "")] : []),
    ...ours.map(({ label, figure, ahead }) => cells(label, figure, ahead ? "yes" : "no")),
  ];
}
