// DEBUG VERIFY: asks a live database whether it is whole. The client waits, as in BLPOP, while the
// keyspace is verified in slices of a millisecond between which everybody else is served. What is
// broken is the reply; the server goes on, and whoever asked decides. Where nobody may wait (in a
// transaction, in an embedded program) it is verified at once.

import type { Context } from "../../engine/context.ts";
import type { Session } from "../../engine/session.ts";
import type { Wait } from "../../engine/wait.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { Verification } from "../../keyspace/verification.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";

/** Elements verified between two looks at the clock. */
const STEP = 256;
const STEPS_MAX = 64;
const SLICE_US = 1000;
const PAUSE_MS = 1;

class VerifyWait implements Wait {
  readonly hearsAll = false;
  isDone = false;
  readonly #verification: Verification;

  constructor(keyspace: Keyspace) {
    this.#verification = new Verification(keyspace);
  }

  wakes(): boolean {
    return false;
  }

  step(budget: number): void {
    this.isDone = this.#verification.check(budget);
  }

  denied(reply: ReplyWriter): void {
    this.step(Number.POSITIVE_INFINITY);
    this.timedOut(reply);
  }

  /** All is verified; or the wait was ended before (CLIENT UNBLOCK). */
  timedOut(reply: ReplyWriter): void {
    const { damage, entries } = this.#verification;
    if (damage !== undefined) reply.errorText(`ERR the database is damaged: ${damage}`);
    else if (this.isDone) reply.ok();
    else reply.errorText(`ERR ended after ${entries} keys, which are whole`);
  }
}

export function debugVerify(c: Context): void {
  const wait = new VerifyWait(c.keyspace);
  c.waitFor(wait, [], 0);
  goOn(c, c.session, wait);
}

/** Verifies a slice after a pause, and so on until all is verified or nobody waits for it. */
function goOn(c: Context, session: Session, wait: VerifyWait): void {
  const { waiting } = session;
  const { services } = c;
  if (waiting === null || waiting.wait !== wait) return;
  waiting.cancelTimer = services.setTimer(PAUSE_MS, () => {
    const endUs = services.nowUs() + SLICE_US;
    for (let i = 0; i < STEPS_MAX && !wait.isDone && services.nowUs() < endUs; i++) wait.step(STEP);
    if (wait.isDone) c.executor.waiters.timeOut(session);
    else goOn(c, session, wait);
  });
}
