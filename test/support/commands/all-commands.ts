// Random commands of every family, for comparing two servers. A family's commands stand in a file
// of their own beside this one; what they are made of, in words.ts and grammar.ts.

import fc, { type Arbitrary } from "fast-check";
import type { Mode } from "../compare.ts";
import { bitmaps } from "./bitmaps.ts";
import { connection } from "./connection.ts";
import { geo } from "./geo.ts";
import type { Family, Words } from "./grammar.ts";
import { hashes } from "./hashes.ts";
import { hyperloglog } from "./hyperloglog.ts";
import { keys } from "./keys.ts";
import { lists } from "./lists.ts";
import { pubsub } from "./pubsub.ts";
import { scripting } from "./scripting.ts";
import { server } from "./server.ts";
import { sets } from "./sets.ts";
import { sort } from "./sort.ts";
import { sortedSets } from "./sorted-sets.ts";
import { streamGroups } from "./stream-groups.ts";
import { streams } from "./streams.ts";
import { strings } from "./strings.ts";
import { transactions } from "./transactions.ts";
import { value } from "./words.ts";

export type { Words } from "./grammar.ts";

const FAMILIES: readonly Family[] = [
  strings,
  bitmaps,
  hyperloglog,
  keys,
  lists,
  hashes,
  sets,
  sortedSets,
  geo,
  streams,
  streamGroups,
  sort,
  transactions,
  scripting,
  pubsub,
  connection,
  server,
];

function oneOfAll(commands: Family["commands"]): Arbitrary<Words> {
  return fc.oneof(
    ...commands.map(([weight, arbitrary]) => ({
      weight,
      arbitrary: arbitrary as Arbitrary<Words>,
    })),
  );
}

const ordinary = oneOfAll(FAMILIES.flatMap(({ commands }) => commands));

/** A command with its name in another case, an argument too few, or one too many. */
const maimed: Arbitrary<Words> = fc
  .tuple(ordinary, fc.constantFrom("case", "fewer", "more", "name"), value)
  .map(([words, how, extra]) => {
    switch (how) {
      case "case":
        return [(words[0] as string).toLowerCase(), ...words.slice(1)];
      case "fewer":
        // Half a range of bits is refused only where the key is there (bit-ranges); of XREAD, the
        // error is another (xread-unbalanced).
        return words.length > 1 && !/^(BIT(COUNT|POS)|XREAD.*)$/i.test(words[0] as string)
          ? words.slice(0, -1)
          : words;
      case "more":
        // The last argument of BLPOP is its timeout, which must stay short; ZRANK has had one more
        // since 7.2 (zrank-withscore); XREAD as above.
        return /^(B|Z(REV)?RANK$|XREAD)/i.test(words[0] as string)
          ? words
          : [...words, extra.replaceAll("\0", "0")];
      default:
        // redis-server shows an argument up to its first NUL.
        return [`${words[0]}x`, ...words.slice(1).map((each) => each.replaceAll("\0", "0"))];
    }
  });

/** Any command that every redis-server has, now and then a broken one. */
export const anyCommand: Arbitrary<Words> = fc.oneof(
  { weight: 15, arbitrary: ordinary },
  { weight: 1, arbitrary: maimed },
);

/** Any command of the product. */
export const everyCommand: Arbitrary<Words> = fc.oneof(
  { weight: 7, arbitrary: anyCommand },
  { weight: 1, arbitrary: oneOfAll(FAMILIES.flatMap(({ later = [] }) => later)) },
);

const MODES: Readonly<Record<string, Mode>> = Object.assign(
  {},
  ...FAMILIES.map(({ modes }) => modes),
);
const CHANCE = new Set(FAMILIES.flatMap(({ random = [] }) => random));
const WALKS = new Set(FAMILIES.flatMap(({ cursors = [] }) => cursors));

function nameOf(words: Words): string {
  return (words[0] as string).toUpperCase();
}

/** How the replies of two servers to the command are compared. */
export function modeOf(words: Words): Mode {
  const name = nameOf(words);
  if (name === "OBJECT") {
    const what = words[1]?.toUpperCase();
    if (what === "ENCODING") return "encoding";
    return what === "IDLETIME" || what === "REFCOUNT" ? "kind" : "exact";
  }
  return MODES[name] ?? "exact";
}

/** Whether its answer is a matter of chance. */
export function isRandom(words: Words): boolean {
  return CHANCE.has(nameOf(words));
}

/** Whether it walks by cursor. */
export function isCursor(words: Words): boolean {
  return WALKS.has(nameOf(words));
}
