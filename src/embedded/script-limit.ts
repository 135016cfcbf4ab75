// The limit of a script's time in a program: what takes longer has never been.

import { scriptingOf } from "../scripting/scripting.ts";
import type { Core } from "./core.ts";

/**
 * Does what runs a script, which has scriptTimeLimitMs at most: beyond that it throws, and all that
 * the script has done is taken back.
 */
export function limited<V>(core: Core, ask: () => V): V {
  const { scriptTimeLimitMs } = core;
  // Scripts of a thread that has attached are executed by the one that opened the database.
  if (scriptTimeLimitMs === Number.POSITIVE_INFINITY || !core.engine.isOwner) return ask();
  core.check();
  const { runner } = scriptingOf(core.context);
  let failure: unknown;
  const outer = runner.untilMs;
  const value = core.transaction(() => {
    runner.untilMs = core.services.monotonicMs() + scriptTimeLimitMs;
    runner.wasCut = false;
    try {
      return ask();
    } catch (error) {
      if (runner.wasCut) throw error;
      // A script's own error takes nothing back.
      failure = error;
      return undefined;
    } finally {
      runner.untilMs = outer;
    }
  });
  if (failure !== undefined) throw failure;
  return value as V;
}
