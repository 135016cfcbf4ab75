// Work that takes long, done in slices between whatever else the database does.
//
// While nobody executes commands, slices become longer, up to SLICE_MS_MAX, and follow one another:
// between two of them the event loop looks for requests, so that whoever comes waits for one slice
// at most. While commands are executed, by this thread or by others, a slice comes each millisecond
// or so, and is as long as a SHARE of the time that has passed since the last one.
//
// So it ends as soon as it can where there is nothing else to do, and does not stand in the way of
// those who come one after the other: each of them would else wait for a long slice, and the next
// slice would find nobody again.
//
// Where the work is urgent its host asks for a larger share. For more than half of the time slices
// come in each turn of the event loop, and may be longer.

import type { Clock } from "../../platform/platform.ts";

/** Nobody waits longer than this. */
const SLICE_MS_MAX = 1;
const SLICE_MS_MAX_IN_HASTE = 2.5;
const SLICE_MS_MIN = 0.1;
/** The work takes so much time for the time that is left to others: a fifth of all. */
export const SHARE = 0.25;
const PAUSE_MS = 1;
/** Commands come one after the other if no more time than this lies between two. */
const QUIET_MS = 3;

/** What slices ask of the database. */
export interface SliceHost {
  readonly platform: Pick<Clock, "monotonicMs" | "setTimer" | "afterTurn">;
  /** How many commands were executed, by all threads. */
  readonly commands: number;
  /** Where the work is urgent: how much of others' time it takes, instead of SHARE. */
  readonly share?: number;
}

/** One piece of the work, about so long; when the next one is due, or that it is over. */
export type Slice = (ms: number) => "more" | "later" | "over";

export class Slices {
  readonly #host: SliceHost;
  readonly #slice: Slice;
  #isOver = false;
  #ms = SLICE_MS_MIN;
  #commands: number;
  #endedMs: number;
  #busyMs: number;

  /** Begins in a later turn of the event loop. */
  constructor(host: SliceHost, slice: Slice) {
    this.#host = host;
    this.#slice = slice;
    this.#commands = host.commands;
    this.#endedMs = host.platform.monotonicMs();
    this.#busyMs = this.#endedMs;
    this.#soon();
  }

  /** No slice follows. */
  stop(): void {
    this.#isOver = true;
  }

  #soon(): void {
    this.#host.platform.afterTurn(() => this.#look());
  }

  #later(): void {
    this.#host.platform.setTimer(PAUSE_MS, () => this.#look());
  }

  #look(): void {
    if (this.#isOver) return;
    const { platform, commands } = this.#host;
    const nowMs = platform.monotonicMs();
    if (commands !== this.#commands) this.#busyMs = nowMs;
    const isBusy = nowMs - this.#busyMs < QUIET_MS;
    const { share = SHARE } = this.#host;
    const wanted = isBusy ? share * (nowMs - this.#endedMs) : 2 * this.#ms;
    const isInHaste = isBusy && share > 1;
    const longest = isInHaste ? SLICE_MS_MAX_IN_HASTE : SLICE_MS_MAX;
    this.#ms = Math.min(Math.max(wanted, SLICE_MS_MIN), longest);
    const next = this.#slice(this.#ms);
    this.#endedMs = platform.monotonicMs();
    this.#commands = this.#host.commands;
    if (next === "over") this.#isOver = true;
    else if ((isBusy && !isInHaste) || next === "later") this.#later();
    else this.#soon();
  }
}
