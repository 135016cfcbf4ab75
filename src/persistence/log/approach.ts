// Before a log is cut, what it has written is synced in the background until little is left: the
// cut itself syncs the rest, and everybody waits for that.

import type { Clock } from "../../platform/platform.ts";
import type { Log } from "./log.ts";

/** So much at most is left for the cut to sync, … */
const REST_BYTES = 128 << 10;
/** … if that can be had by so many syncs, and in so long: what is written during a sync is left. */
const SYNCS_MAX = 3;
const APPROACH_MS_MAX = 2000;
const LOOK_MS = 1;

/** Calls `done` when the log can be cut without taking long, or does not come to that. */
export function approachCut(clock: Clock, log: Log, done: () => void): void {
  const untilMs = clock.monotonicMs() + APPROACH_MS_MAX;
  let syncs = 0;
  let seen = log.syncedThrough;
  const look = (): void => {
    if (log.syncedThrough > seen) syncs++;
    seen = log.syncedThrough;
    const isNear = log.unsyncedBytes <= REST_BYTES || syncs >= SYNCS_MAX;
    const isOver = log.failure !== null || clock.monotonicMs() > untilMs;
    if ((isNear && !log.isSyncing) || isOver) return done();
    log.requestSync();
    clock.setTimer(LOOK_MS, look);
  };
  look();
}
