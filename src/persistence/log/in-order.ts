// Steps that wait for the disk on another thread, one after the other.

import { PlatformError } from "../../platform/platform.ts";

/** Is told how it ended: undefined when all went well. */
export type Outcome = (error: PlatformError | undefined) => void;

/** Tells `end` in a later turn, or at once, how it ended. It may also throw a PlatformError. */
export type Step = (end: Outcome) => void;

/**
 * Takes the steps up to the first that fails, and tells `done`. Once `isOver` none is taken any
 * more, and nobody is told.
 */
export function inOrder(steps: readonly Step[], isOver: () => boolean, done: Outcome): void {
  const take = (i: number): void => {
    if (isOver()) return;
    if (i === steps.length) return done(undefined);
    try {
      steps[i]((error) => {
        if (error === undefined) take(i + 1);
        else if (!isOver()) done(error);
      });
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      done(error);
    }
  };
  take(0);
}
