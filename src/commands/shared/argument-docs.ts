// The documentation of arguments that many commands share.

import type { ArgumentDoc } from "../../engine/command.ts";

export const keyArg: ArgumentDoc = { name: "key", type: "key", keySpecIndex: 0 };
export const keysArg: ArgumentDoc = { ...keyArg, multiple: true };

/** What a command that scans takes. */
export const scanArgs: readonly ArgumentDoc[] = [
  { name: "cursor", type: "integer" },
  { name: "pattern", type: "pattern", token: "MATCH", optional: true },
  { name: "count", type: "integer", token: "COUNT", optional: true },
];

/** A number; with a token it is an option. */
export function integer(name: string, token?: string): ArgumentDoc {
  if (token === undefined) return { name, type: "integer" };
  return { name, type: "integer", token, optional: true };
}

function word(token: string): ArgumentDoc {
  return { name: token.toLowerCase(), type: "pure-token", token };
}

/** One of several words. */
export function oneOf(name: string, ...tokens: string[]): ArgumentDoc {
  return { name, type: "oneof", arguments: tokens.map(word) };
}
