// What can keep a log from being opened, and what the person at the keyboard is told about it.

/**
 * Why a log was refused. The codes are stable:
 * `LOG_MANIFEST` the manifest cannot be understood, or is missing beside files that it should name;
 * `LOG_MISSING` a file that the manifest names is not there;
 * `LOG_DAMAGED` bytes in the middle are wrong, with valid data behind them;
 * `LOG_TRUNCATED` the end is torn, and aof-load-truncated says not to cut it;
 * `LOG_COMMAND` a command of the log could not be applied;
 * `LOG_WRITE` what was appended cannot be written or synced;
 * `LOG_TIME` the log cannot go back to a time;
 * `LOG_REWRITE` the log could not be rewritten, and goes on as it was;
 * `IMPORT_FORMAT` a line of an imported log has none of the accepted shapes.
 */
export type LogErrorCode =
  | "LOG_MANIFEST"
  | "LOG_MISSING"
  | "LOG_DAMAGED"
  | "LOG_TRUNCATED"
  | "LOG_COMMAND"
  | "LOG_WRITE"
  | "LOG_REWRITE"
  | "LOG_TIME"
  | "IMPORT_FORMAT";

/** The log cannot be read or written; the message says what to do about it. */
export class LogError extends Error {
  override readonly name = "LogError";
  readonly code: LogErrorCode;
  readonly file: string;
  /** Where in the file, in bytes (for `IMPORT_FORMAT` and `LOG_MANIFEST`: the line, from 1). */
  readonly offset: number;

  constructor(code: LogErrorCode, file: string, offset: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.file = file;
    this.offset = offset;
  }

  static cannotBeRewritten(file: string, reason: string): LogError {
    const text = `the log could not be rewritten, and goes on as it was: ${reason}`;
    return new LogError("LOG_REWRITE", file, 0, text);
  }

  static cannotBeWritten(file: string, offset: number, reason: string): LogError {
    const text = `the log cannot be written: ${reason}. What was not acknowledged may be missing.`;
    return new LogError("LOG_WRITE", file, offset, text);
  }
}
