// What a client may call itself and its library: printable characters without spaces, so that
// CLIENT LIST stays one line for each client and its fields stay apart.

import type { Arguments } from "../../protocol/arguments.ts";

export const NAME_ERROR = "ERR Client names cannot contain spaces, newlines or special characters.";

/** Whether argument i has a byte that may not stand in a name. */
export function invalidName(args: Arguments, i: number): boolean {
  for (let at = args.starts[i]; at < args.ends[i]; at++) {
    const byte = args.bytes[at];
    if (byte < 33 || byte > 126) return true;
  }
  return false;
}
