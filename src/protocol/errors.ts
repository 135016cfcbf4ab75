// Errors that a client sees, as lines ready to be sent: chosen by name, never thrown. A line is
// "-CODE text\r\n"; its code is the first word. Texts are Redis's, since clients compare them.

import { asciiBytes, utf8Bytes } from "../base/bytes.ts";

/**
 * The line of an error: `text` begins with its code. Line breaks in it become spaces. Where each
 * character is a byte (Arguments.text makes such texts), the bytes come out as they went in.
 */
export function errorLine(text: string): Uint8Array {
  // As Redis does it: line ends at the end go, those within become spaces.
  const line = `-${text.replace(/[\r\n]+$/, "").replaceAll(/[\r\n]/g, " ")}\r\n`;
  return /[^\0-\xff]/.test(line) ? utf8Bytes(line) : asciiBytes(line);
}

/** The text of the error for a request with too few or too many words. */
export function wrongArity(command: string): string {
  return `ERR wrong number of arguments for '${command}' command`;
}

const out = (text: string): Uint8Array => errorLine(text);

export const Errors = {
  syntax: out("ERR syntax error"),
  wrongType: out("WRONGTYPE Operation against a key holding the wrong kind of value"),
  noSuchKey: out("ERR no such key"),
  notInteger: out("ERR value is not an integer or out of range"),
  notFloat: out("ERR value is not a valid float"),
  notPositive: out("ERR value is out of range, must be positive"),
  outOfRange: out("ERR value is out of range"),
  indexOutOfRange: out("ERR index out of range"),
  offsetOutOfRange: out("ERR offset is out of range"),
  stringTooLong: out("ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
  overflow: out("ERR increment or decrement would overflow"),
  decrementOverflow: out("ERR decrement would overflow"),
  notANumber: out("ERR increment would produce NaN or Infinity"),
  invalidCursor: out("ERR invalid cursor"),
  sameObject: out("ERR source and destination objects are the same"),
  databaseOutOfRange: out("ERR DB index is out of range"),
  multiNested: out("ERR MULTI calls can not be nested"),
  watchInMulti: out("ERR WATCH inside MULTI is not allowed"),
  notInMulti: out("ERR Command not allowed inside a transaction"),
  execWithoutMulti: out("ERR EXEC without MULTI"),
  discardWithoutMulti: out("ERR DISCARD without MULTI"),
  execAborted: out("EXECABORT Transaction discarded because of previous errors."),
  authRequired: out("NOAUTH Authentication required."),
  authWrong: out("WRONGPASS invalid username-password pair or user is disabled."),
  authWithoutPassword: out(
    "ERR AUTH <password> called without any password configured for the default user. " +
      "Are you sure your configuration is correct?",
  ),
  timeoutNegative: out("ERR timeout is negative"),
  timeoutNotFloat: out("ERR timeout is not a float or out of range"),
  protocolUnsupported: out("NOPROTO unsupported protocol version"),
  outOfMemory: out("OOM command not allowed when used memory > 'maxmemory'."),
  unblocked: out("UNBLOCKED client unblocked via CLIENT UNBLOCK"),
  noValuesOutsideHscan: out("ERR NOVALUES option can only be used in HSCAN"),
  hashNotInteger: out("ERR hash value is not an integer"),
  hashNotFloat: out("ERR hash value is not a float"),
  notFinite: out("ERR value is NaN or Infinity"),
  countOutOfRange: out(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
  ),
  int32OutOfRange: out("ERR value is out of range, value must between -2147483648 and 2147483647"),
  numkeysNotPositive: out("ERR numkeys should be greater than 0"),
  numkeysTooMany: out("ERR Number of keys can't be greater than number of args"),
  limitNegative: out("ERR LIMIT can't be negative"),
  replyTooLarge: out("ERR the reply would be larger than 2 GiB"),
  queueTooLarge: out("ERR the commands queued since MULTI would be larger than 1 GiB"),
} as const;
