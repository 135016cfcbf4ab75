// Errors that a client sees, as lines ready to be sent: chosen by name, never thrown. A line is
// "-CODE text\r\n"; its code is the first word. Texts are Redis's, since clients compare them. Here
// is what several families of commands say; an error of one family alone stands beside it.

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
  overflow: out("ERR increment or decrement would overflow"),
  notANumber: out("ERR increment would produce NaN or Infinity"),
  databaseOutOfRange: out("ERR DB index is out of range"),
  notInMulti: out("ERR Command not allowed inside a transaction"),
  authRequired: out("NOAUTH Authentication required."),
  outOfMemory: out("OOM command not allowed when used memory > 'maxmemory'."),
  tooMuchForThreads: out(
    "ERR the names are too long, or too many clients wait, for all threads to know of this one",
  ),
  unblocked: out("UNBLOCKED client unblocked via CLIENT UNBLOCK"),
  countOutOfRange: out(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
  ),
  numkeysNotPositive: out("ERR numkeys should be greater than 0"),
  scriptRuns: out("BUSY a script is being executed"),
  replyTooLarge: out("ERR the reply would be larger than 2 GiB"),
  queueTooLarge: out("ERR the commands queued since MULTI would be larger than 1 GiB"),
} as const;
