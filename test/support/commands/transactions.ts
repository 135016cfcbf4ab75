// Random transactions, which begin and end at any command.

import { type Family, many, sequence } from "./grammar.ts";
import { key } from "./words.ts";

export const transactions: Family = {
  commands: [
    [6, sequence("MULTI")],
    [9, sequence("EXEC")],
    [1, sequence("DISCARD")],
    [3, sequence("WATCH", many(key, 2))],
    [1, sequence("UNWATCH")],
  ],
};
