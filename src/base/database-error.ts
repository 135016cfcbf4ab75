// What the embedded API throws, beside ReplyError (a command was refused; see reply-reader.ts),
// LogError (the log) and DirectoryLocked (a process or thread has the directory).

export type DatabaseErrorCode =
  | "CLOSED"
  | "OPTIONS"
  | "TRANSACTION"
  | "MULTI"
  | "CALL"
  | "NO_LOG"
  | "SNAPSHOT"
  | "BUSY"
  | "DAMAGED"
  | "VERSION"
  | "THREAD";

/**
 * The API was used in a way that cannot work. `code` is stable:
 * `CLOSED` the database has been closed; `OPTIONS` open() or listen() was given options that do
 * not fit those under which the path is open, or the database listens, already; `TRANSACTION` a
 * transaction's function is asynchronous, or something does not go inside one; `MULTI` a multi()
 * has ended already; `CALL` a command that call() cannot carry out; `NO_LOG` something is to be on
 * the disk, and the database has no log; `SNAPSHOT` a snapshot could not be written.
 * `BUSY` a script that a client has sent has been running for longer than busy-reply-threshold.
 * `DAMAGED`: the data contradicts itself, as verify() has found, or a write to it ended in the
 * middle, by the death of its thread or by an error, which is the `cause`.
 * `VERSION`: threads that share a database have different versions of this module. `THREAD`: the
 * thread that has it open cannot be reached, or no more threads can attach.
 */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly code: DatabaseErrorCode;

  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What every call throws once a write has ended midway; `cause` is the error that ended it. */
export function damaged(cause?: unknown): DatabaseError {
  return new DatabaseError(
    "DAMAGED",
    "a write to this database ended in the middle of it, by an error or the end of its thread, " +
      "so that what is in memory cannot be trusted: close it and open it again. What was written " +
      "to its log is there",
    cause === undefined ? undefined : { cause },
  );
}
