// Work of a native function that may take long: it is done at once as far as STEPS_AT_ONCE go,
// which is enough for nearly all, and otherwise goes on as a generator that can be left between two
// pieces.

import type { LuaThread, NativeSteps } from "./thread.ts";

/** Some hundreds of microseconds. */
export const STEPS_AT_ONCE = 100_000;

/** Steps that cost a run as much as a turn of a loop. */
const STEPS_SHIFT = 3;

export interface LongWork {
  /** What was left of the steps that `run` was given; 0 or less: nothing. */
  readonly left: number;
  /** Goes on for about so many steps; true: it is done. */
  run(steps: number): boolean;
  /** Puts the results from stack[base] on and returns their number. */
  finish(thread: LuaThread, base: number): number;
}

/** What the native function that has this to do returns. */
export function workOn(thread: LuaThread, base: number, work: LongWork): number {
  const isDone = work.run(STEPS_AT_ONCE);
  charge(thread, work.left);
  return isDone ? work.finish(thread, base) : thread.resumable(goOn(thread, base, work));
}

function* goOn(thread: LuaThread, base: number, work: LongWork): NativeSteps {
  let isDone: boolean;
  do {
    yield pause(thread);
    isDone = work.run(STEPS_AT_ONCE);
    charge(thread, work.left);
  } while (!isDone);
  return work.finish(thread, base);
}

/** Takes what was used of STEPS_AT_ONCE from the run's budget. */
export function charge(thread: LuaThread, left: number): void {
  thread.state.budget -= (STEPS_AT_ONCE - left) >> STEPS_SHIFT;
}

/** What a generator yields where it has nothing to call and can be left. */
export function pause(thread: LuaThread): void {
  thread.request(-1, 0);
}
