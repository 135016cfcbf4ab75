// When the next sync of a log is due, by its policy: with `always` at once, with `everysec` a
// second after the last one began, or before, when much waits; and at once, whatever the policy,
// when somebody wants it.

import type { LogState } from "./log-state.ts";

export const SYNC_PERIOD_MS = 1000;
const SYNC_LATE_MS = 2000;
/** From here on a sync does not wait for its second. */
const UNSYNCED_BYTES_EARLY = 8 << 20;
const UNSYNCED_BYTES_MAX = 64 << 20;

/** Milliseconds since the last sync began; without end, where the clocks of threads disagree. */
export function sinceSyncMs(state: LogState, nowMs: number): number {
  const ms = nowMs - state.syncStartMs;
  return ms >= 0 ? ms : Number.POSITIVE_INFINITY;
}

/** Whether so much waits, or for so long, that a commit has to wait for a sync. */
export function isSyncLate(state: LogState, nowMs: number): boolean {
  const { written, synced } = state;
  return written - synced > UNSYNCED_BYTES_MAX || sinceSyncMs(state, nowMs) > SYNC_LATE_MS;
}

/** Whether somebody wants on the disk what is not there yet. */
export function isSyncWanted(state: LogState): boolean {
  return state.wanted > state.syncedThrough;
}

export function syncDueInMs(state: LogState, nowMs: number): number {
  const { policy, written, synced } = state;
  if (policy === "always" || written - synced > UNSYNCED_BYTES_EARLY) return 0;
  if (isSyncWanted(state)) return 0;
  return SYNC_PERIOD_MS - sinceSyncMs(state, nowMs);
}
