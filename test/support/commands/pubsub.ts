// Random commands of publish and subscribe.

import fc from "fast-check";
import { type Family, many, sequence } from "./grammar.ts";
import { value, word } from "./words.ts";

export const pubsub: Family = {
  commands: [
    [1, sequence("PUBLISH", word, value)],
    [1, sequence("PUBSUB", fc.constantFrom("CHANNELS", "NUMSUB", "NUMPAT", "BOGUS"))],
    [1, sequence("PUBSUB", "NUMSUB", many(word))],
  ],
};
