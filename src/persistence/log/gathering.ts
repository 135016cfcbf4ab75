// The pause behind a slow sync with `always`: the next one is put off for a moment, and again while
// somebody comes, so that those who were just served share it when they write again, instead of
// waiting for the one after (0016 in docs/decisions).

import type { Clock, Timer } from "../../platform/platform.ts";
import type { LogState } from "./log-state.ts";

/** The sync behind one in the background is put off for so long, again while somebody comes, … */
const GATHERING_MS = 1;
/** … up to this part of the time that syncs take, and to this. */
const GATHERING_PART = 0.5;
const GATHERING_MAX_MS = 5;
/** When nobody has come while it waited, so many syncs begin at once. */
export const GATHERINGS_SKIPPED = 8;

/** How long a sync is put off at most. */
export function gatheringMs(state: LogState): number {
  return Math.min(state.syncMs * GATHERING_PART, GATHERING_MAX_MS);
}

export class Gathering {
  readonly #clock: Clock;
  readonly #state: LogState;
  readonly #ended: () => void;
  #timer: Timer | null = null;
  #toSkip = 0;

  /** `ended` is called when the pause is over, unless `end` has ended it. */
  constructor(clock: Clock, state: LogState, ended: () => void) {
    this.#clock = clock;
    this.#state = state;
    this.#ended = ended;
  }

  /** Whether the next sync is put off. */
  get isOn(): boolean {
    return this.#timer !== null;
  }

  begin(): void {
    if (this.isOn || this.#state.hasFailed) return;
    if (this.#toSkip > 0) {
      this.#toSkip--;
      return;
    }
    this.#gather(gatheringMs(this.#state));
  }

  #gather(leftMs: number): void {
    const { batch } = this.#state;
    this.#timer = this.#clock.setTimer(GATHERING_MS, () => {
      this.#timer = null;
      if (this.#state.batch === batch) this.#toSkip = GATHERINGS_SKIPPED;
      else if (leftMs > GATHERING_MS) return this.#gather(leftMs - GATHERING_MS);
      this.#ended();
    });
  }

  end(): void {
    if (this.#timer === null) return;
    this.#clock.clearTimer(this.#timer);
    this.#timer = null;
  }
}
