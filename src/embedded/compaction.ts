// A promise of a shorter log (Database.compact). The thread that opened the database rewrites it;
// another one asks it to, and looks in the log's shared state when that has ended.

import type { Database as Engine } from "../database.ts";
import type { Log } from "../persistence/log/log.ts";
import { LogError } from "../persistence/log/log-error.ts";

/** Another thread's rewrite is looked at so often. */
const LOOK_MS = 5;

/** Settles when the log of `engine` has been rewritten. `ask` has the owner begin that. */
export async function compact(engine: Engine, log: Log, ask: () => void): Promise<void> {
  const letGo = engine.platform.stayAwake();
  try {
    const { rewrite } = engine;
    const failure =
      rewrite === null
        ? await endOfOthers(engine, log, ask)
        : await new Promise<string | undefined>((resolve) => rewrite.begin(resolve));
    if (failure !== undefined) throw LogError.cannotBeRewritten(log.path, failure);
  } finally {
    letGo();
  }
}

function endOfOthers(engine: Engine, log: Log, ask: () => void): Promise<string | undefined> {
  const { rewritesEnded, rewritesFailed } = log;
  ask();
  return new Promise((resolve) => {
    const look = (): void => {
      if (log.rewritesEnded !== rewritesEnded) {
        const isWell = log.rewritesFailed === rewritesFailed;
        return resolve(isWell ? undefined : "INFO and the messages of its owner say more");
      }
      if (engine.closed || log.isClosed) return resolve("the database was closed");
      const unanswered = engine.member?.whyUnanswered;
      if (unanswered !== undefined) return resolve(unanswered);
      engine.platform.setTimer(LOOK_MS, look);
    };
    look();
  });
}
