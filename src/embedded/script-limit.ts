// Scripts that take long, and a program: its own have a limit, beyond which they have never been;
// those of clients are left for now and gone on with, and what the program calls comes after them.

import { DatabaseError } from "../base/database-error.ts";
import type { Context } from "../engine/context.ts";
import { scriptingOf } from "../scripting/scripting.ts";

/** What a program's calls stand on (Core), as far as scripts need it. */
export interface ScriptCaller {
  readonly engine: { readonly damage: DatabaseError | undefined };
  readonly context: Context;
  readonly member: { check(): void } | null;
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
  if (scriptTimeLimitMs === Number.POSITIVE_INFINITY) return ask();
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
  const { left } = scriptingOf(core.context);
  left.onParked.push(() => {
    const { damage } = core.engine;
    core.refuses = core.closed || damage !== undefined || left.isParked;
  });
}

/** A client's script that was left counts as one: what is called comes after its end. */
export function comeAfterScript({ context: { scripts }, member }: ScriptCaller): void {
  member?.check();
  scripts.finish();
  if (!scripts.isParked) return;
  throw new DatabaseError("BUSY", "a script that a client has sent takes long");
}

/** Takes the lock as soon as no script is left that has half done what it does. */
export function enterAfterScript(core: ScriptCaller, lock: { enter(): void; leave(): void }): void {
  lock.enter();
  while (core.context.scripts.isParked) {
    lock.leave();
    core.check();
    lock.enter();
  }
}
