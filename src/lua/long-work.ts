// Work of a native function that may take long: it is done at once as far as STEPS_AT_ONCE go,
// which is enough for nearly all, and otherwise goes on as a generator that can be left between two
// pieces.

import type { LuaThread, NativeSteps } from "./thread.ts";

/** Some hundreds of microseconds. */
export const STEPS_AT_ONCE = 100_000;

export interface LongWork {
  /** Goes on for about so many steps; true: it is done. */
  run(steps: number): boolean;
  /** Puts the results from stack[base] on and returns their number. */
  finish(thread: LuaThread, base: number): number;
}

/** What the native function that has this to do returns. */
export function workOn(thread: LuaThread, base: number, work: LongWork): number {
  if (work.run(STEPS_AT_ONCE)) return work.finish(thread, base);
  return thread.resumable(goOn(thread, base, work));
}

function* goOn(thread: LuaThread, base: number, work: LongWork): NativeSteps {
  do {
    thread.request(-1, 0);
    yield;
  } while (!work.run(STEPS_AT_ONCE));
  return work.finish(thread, base);
}
