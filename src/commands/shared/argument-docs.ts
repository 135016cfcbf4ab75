// The documentation of arguments that many commands share.

import type { ArgumentDoc } from "../../engine/command.ts";

export const keyArg: ArgumentDoc = { name: "key", type: "key", keySpecIndex: 0 };
export const keysArg: ArgumentDoc = { ...keyArg, multiple: true };

/** How many keys follow. */
export const numkeysArg: ArgumentDoc = { name: "numkeys", type: "integer" };

/** How long a command waits, in seconds. */
export const timeoutArg: ArgumentDoc = { name: "timeout", type: "double" };

/** Which part of a result is meant. */
export const limitArg: ArgumentDoc = {
  name: "limit",
  type: "block",
  token: "LIMIT",
  optional: true,
  arguments: [
    { name: "offset", type: "integer" },
    { name: "count", type: "integer" },
  ],
};

/** A deadline, or one more word for what becomes of it. */
export function expirationArg(word: string): ArgumentDoc {
  return {
    name: "expiration",
    type: "oneof",
    optional: true,
    arguments: [
      { name: "seconds", type: "integer", token: "EX" },
      { name: "milliseconds", type: "integer", token: "PX" },
      { name: "unix-time-seconds", type: "unix-time", token: "EXAT" },
      { name: "unix-time-milliseconds", type: "unix-time", token: "PXAT" },
      pureToken(word),
    ],
  };
}

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

function pureToken(token: string): ArgumentDoc {
  return { name: token.toLowerCase(), type: "pure-token", token };
}

/** One of several words. */
export function oneOf(name: string, ...tokens: string[]): ArgumentDoc {
  return { name, type: "oneof", arguments: tokens.map(pureToken) };
}
