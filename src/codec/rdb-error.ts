// What can keep an RDB file from being read, and what the person at the keyboard is told about it.

/**
 * Why an RDB file was refused. The codes are stable:
 * `RDB_FORMAT` the file is none, or of a version that is not read here;
 * `RDB_DAMAGED` bytes are wrong or missing;
 * `RDB_TYPES` it holds values of types that there are not here; nothing of it was loaded.
 */
export type RdbErrorCode = "RDB_FORMAT" | "RDB_DAMAGED" | "RDB_TYPES";

/** An RDB file cannot be read; the message says what to do about it. */
export class RdbError extends Error {
  override readonly name = "RdbError";
  readonly code: RdbErrorCode;
  readonly file: string;
  /** Where in the file, in bytes. */
  readonly offset: number;

  constructor(code: RdbErrorCode, file: string, offset: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.file = file;
    this.offset = offset;
  }

  static damaged(file: string, offset: number, what: string): RdbError {
    const message = `${file}: ${what}, at offset ${offset}. Restore the file from a backup.`;
    return new RdbError("RDB_DAMAGED", file, offset, message);
  }
}
