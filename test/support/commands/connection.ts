// Random commands on the connection.

import fc from "fast-check";
import { type Family, options, sequence } from "./grammar.ts";
import { database, value, word } from "./words.ts";

export const connection: Family = {
  commands: [
    [2, sequence("SELECT", database)],
    [1, sequence("PING", options(word))],
    [1, sequence("ECHO", value)],
    [1, sequence("CLIENT", "SETNAME", fc.constantFrom("me", "", "a b"))],
    [1, sequence("CLIENT", "GETNAME")],
  ],
};
