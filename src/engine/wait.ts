// What a command waits for at its keys: said in its entry (CommandEntry.wait), so that each thread
// knows it of a session of any other.

import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";

/** No value stands there: see Wait.wakes. */
export const NO_VALUE = -1;

/** What a command waits for, and what it replies where it gets nothing; see waiting.ts. */
export interface Wait {
  /**
   * Whether it is to be executed again now that one of its keys holds a value of this Type, or
   * NO_VALUE. `isNew`: the key was given something that may be taken; else it has only changed.
   */
  wakes(type: number, isNew: boolean): boolean;
  /**
   * A name for what it waits for at any of its keys: of those that wait at a key for the same, none
   * finds anything where one who came before has just found nothing. Without it nobody is alike.
   */
  likeness?(args: Arguments): string;
  /** It is told of every change of its keys, their deletion included; else of new values only. */
  readonly hearsAll: boolean;
  /** Replies where nobody may wait: inside a transaction, in an embedded program. */
  denied(reply: ReplyWriter): void;
  /** Replies when the time is up. */
  timedOut(reply: ReplyWriter): void;
}

/** Whoever gets nothing is replied a null array. */
export const orNullArray: Pick<Wait, "denied" | "timedOut"> = {
  denied: (reply) => reply.nullArray(),
  timedOut: (reply) => reply.nullArray(),
};
