// Lives of a log on a simulated disk: sessions of records k0, k1 …, each put behind the one before,
// that end by a kill or a power cut, in any operation of the disk, with calls that fail now and
// then; and what must be there afterwards.

import assert from "node:assert/strict";
import { Chance, World } from "../../../test/simulation/world.ts";
import type { FsyncPolicy, Log } from "./log.ts";

export const POLICIES: readonly FsyncPolicy[] = ["always", "everysec", "no"];
/** More by hand. */
export const SEEDS: number = Number(
  process.env.TSKEYDB_SEEDS ?? (process.env.CI === "true" ? 800 : 120),
);

export interface Life {
  readonly policy: FsyncPolicy;
  readonly world: World;
  readonly chance: Chance;
}

/** A world with an empty data directory, and the policy of a seed. */
export function newLife(seed: number): Life {
  const policy = POLICIES[seed % 3];
  const chance = new Chance(seed);
  // With `no` blocks that were not synced are damage (docs/formats/log.md).
  const world = new World(seed, chance, policy === "no");
  world.makeDirectory("/data");
  return { policy, world, chance };
}

/** What a log holds in which so many records were put. */
export function recordsTo(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `SET k${i} ${i}`);
}

/** Lives a life of each seed; all that is `reached` must be so in one of ten. */
export function liveAll(
  reached: Record<string, number>,
  live: (life: Life, reached: Record<string, number>) => void,
): void {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      live(newLife(seed), reached);
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause });
    }
  }
  for (const [what, times] of Object.entries(reached)) assert.ok(times > SEEDS / 10, what);
}

/** Has one of so many steps' syncs, writes and renames fail. */
export function failSometimes({ world, chance, policy }: Life, oneIn: number): void {
  // With `no` what a sync that fails was for is not repaired (0011 in docs/decisions).
  if (policy !== "no" && chance.oneIn(oneIn)) world.failSync(1 + chance.below(4), "EIO");
  if (chance.oneIn(oneIn)) world.failWrite(1 + chance.below(4), "ENOSPC");
  if (chance.oneIn(oneIn)) world.failNaming(1 + chance.below(6), "EIO");
}

/** How many records must survive: the process (written), and the power (synced). */
export class Promised {
  written: number;
  synced: number;
  /** How many records there are as of each batch. */
  readonly #ends: number[] = [];

  constructor(count: number) {
    this.written = count;
    this.synced = count;
  }

  /** Before a log is written to that holds so many records. */
  begin(count: number): void {
    this.#ends[0] = count;
  }

  /** So many records were put by the end of the batch that is open. */
  note(log: Log, count: number): void {
    this.#ends[log.batch + 1] = count;
  }

  look(log: Log): void {
    this.synced = Math.max(this.synced, this.#ends[log.syncedThrough] ?? 0);
    this.written = Math.max(this.written, this.synced, this.#ends[log.writtenThrough] ?? 0);
  }

  /** What must be there after a death. */
  after(death: "kill" | "power"): number {
    return death === "kill" ? this.written : this.synced;
  }
}
