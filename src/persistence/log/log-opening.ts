// How a log comes to be: it goes on in an increment, or rests. Other threads attach to it then
// (Log.attach).

import type { Platform } from "../../platform/platform.ts";
import { type Increments, incrementsAhead, incrementsOf } from "./file-watch.ts";
import { type FsyncPolicy, Log } from "./log.ts";
import { LogBuffer } from "./log-buffer.ts";
import { LogFile, NO_FILE, type OpenedIncrement } from "./log-file.ts";
import type { LogPlace } from "./log-place.ts";
import { LogState } from "./log-state.ts";
import { SyncTurns } from "./log-turns.ts";

/**
 * Goes on in an increment, opened for positional writes.
 * REQUIRES: its bytes are synced, and end with a seal.
 */
export function logIn(
  platform: Platform,
  place: LogPlace,
  increment: OpenedIncrement,
  policy: FsyncPolicy,
): Log {
  const { path, sequence, end } = increment;
  const increments = incrementsOf(platform, place, path, sequence);
  return newLog(platform, increments, increment, policy, (tail) => {
    tail.named();
    tail.beginWatch(end);
  });
}

/** A log that rests until it is cut: in a directory, given by an absolute path, that has none. */
export function restingLog(platform: Platform, place: LogPlace, policy: FsyncPolicy): Log {
  const nothing = { file: NO_FILE, path: "", sequence: 0, end: 0 };
  return newLog(platform, incrementsAhead(place), nothing, policy, (_, state) => {
    state.resting = true;
  });
}

/** A log that one thread has open so far. */
function newLog(
  platform: Platform,
  increments: Increments,
  { file, sequence, end }: OpenedIncrement,
  policy: FsyncPolicy,
  prepare: (tail: LogFile, state: LogState) => void,
): Log {
  const state = new LogState();
  state.policy = policy;
  state.begin(file, sequence, end);
  state.largeFrom = Number.POSITIVE_INFINITY;
  state.beginSyncs(platform.threadsMs());
  const buffer = new LogBuffer(state);
  const tail = new LogFile(platform, increments, state, buffer, file, () => true);
  prepare(tail, state);
  return new Log(platform, state, buffer, tail, new SyncTurns(state));
}
