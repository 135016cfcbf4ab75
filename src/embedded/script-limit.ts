// Scripts that take long, and a program: its own have a limit, beyond which they have never been;
// those of clients are left for now and gone on with, and what the program calls comes after them.

import { DatabaseError } from "../base/database-error.ts";
import type { Context } from "../engine/context.ts";
import { scriptingOf } from "../scripting/scripting.ts";

/** What a program's calls stand on (Core), as far as scripts need it. */
export interface ScriptCaller {
  readonly engine: { readonly isOwner: boolean; readonly damage: DatabaseError | undefined };
  readonly context: Context;
  readonly services: { monotonicMs(): number };
  readonly scriptTimeLimitMs: number;
  readonly closed: boolean;
  refuses: boolean;
  check(): void;
  transaction<R>(work: () => R): R;
}

/**
 * Does what runs a script, which has scriptTimeLimitMs at most: beyond that it throws, and all that
 * the script has done is taken back.
 */
export function limited<V>(core: ScriptCaller, ask: () => V): V {
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

/** While a client's script is left, no call is served just so: see comeAfterScript. */
export function onParked(core: ScriptCaller): void {
  const { runner } = scriptingOf(core.context);
  runner.onParked.push(() => {
    const { damage } = core.engine;
    core.refuses = core.closed || damage !== undefined || runner.isParked;
  });
}

/** A client's script that was left counts as one: what is called comes after its end. */
export function comeAfterScript({ scripts }: Context): void {
  scripts.finish();
  if (!scripts.isParked) return;
  throw new DatabaseError("BUSY", "a script that a client has sent takes long");
}
