// Scripts, as far as those need to know them who execute other things: one that takes long is left
// between two of its instructions and gone on with later. Until it has ended nothing else is
// executed: whoever asks waits, and after a while (busy-reply-threshold) is told so. See
// scripting/runner.ts.

import type { ReplyWriter } from "../protocol/reply-writer.ts";

export interface Scripts {
  /** A script has been left in the middle of what it does. */
  readonly isParked: boolean;
  /** It runs for so long that others are not kept waiting: the error line that they get. */
  readonly busy: Uint8Array | undefined;
  /** Goes on with the script that was left, until it has ended or others are told that it runs. */
  finish(): void;
  /**
   * Of a transaction in which the script was left: goes on with `next` when the script has ended,
   * before anything else is executed. What `next` is given writes the script's reply.
   */
  follow(next: (writeReply: (reply: ReplyWriter) => void) => void): void;
  /** Calls back, once, when it has ended, or when others are told that it runs. */
  whenFree(done: () => void): void;
}

/** Where no script has ever run. */
export const noScripts: Scripts = {
  isParked: false,
  busy: undefined,
  finish: () => {},
  follow: () => {},
  whenFree: (done) => done(),
};
