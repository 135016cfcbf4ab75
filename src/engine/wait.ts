// What a command waits for at its keys: said in its entry (CommandEntry.wait), so that each thread
// knows it of a session of any other.

import type { ReplyWriter } from "../protocol/reply-writer.ts";

/** No value stands there: see Wait.wakes. */
export const NO_VALUE = -1;

/** What a command waits for, and what it replies where it gets nothing; see waiting.ts. */
export interface Wait {
  /**
   * Whether it is to be executed again now that one of its keys holds a value of this Type, or
   * NO_VALUE.
   */
  wakes(type: number): boolean;
  /** It is told of every change of its keys, their deletion included; else of new values only. */
  readonly hearsAll: boolean;
  /** Replies where nobody may wait: inside a transaction, in an embedded program. */
  denied(reply: ReplyWriter): void;
  /** Replies when the time is up. */
  timedOut(reply: ReplyWriter): void;
}
