// Sources that are nearly programs: chunks of programs.ts with tokens left out, put in, put twice.
// What compilers say of them is compared, and where.

import type { Random } from "../../../src/base/random.ts";
import { Programs } from "./programs.ts";

const TOKENS = [
  "and",
  "break",
  "do",
  "else",
  "elseif",
  "end",
  "false",
  "for",
  "function",
  "if",
  "in",
  "local",
  "nil",
  "not",
  "or",
  "repeat",
  "return",
  "then",
  "true",
  "until",
  "while",
  "+",
  "-",
  "*",
  "/",
  "%",
  "^",
  "#",
  "==",
  "~=",
  "<=",
  ">=",
  "<",
  ">",
  "=",
  "(",
  ")",
  "{",
  "}",
  "[",
  "]",
  ";",
  ":",
  ",",
  ".",
  "..",
  "...",
  "1",
  "0x",
  "1e",
  "3..2",
  "0xg",
  "1.2.3",
  "'a",
  '"b',
  "]]",
  "[=[",
  "--",
  "--[=[",
  "x",
  "\\",
  "@",
  "$",
  "!",
  "~",
  "`",
  "\0",
  "\xff",
  "'\\q'",
  "'\\300'",
  "'\\999'",
  '"\n"',
  "'\\\n'",
  "a.b",
  "a:b",
  "a:b()",
  "f{}",
  "f''",
  "local function",
  "1..2",
  "08",
  "0x1p4",
  "1e+5",
  "'\\0012'",
  "x=1",
  "[==[ ]=] ]==]",
  "\v",
  "\f",
  "\r",
  "\r\n",
  "goto",
  "::",
  "//",
  "&",
];

/** A source, and the name that its errors give it. */
export function brokenSource(random: Random): { source: string; name: string } {
  const parts = new Programs(random)
    .chunk()
    .split(/(\s+|\b|(?=[^\w\s])|(?<=[^\w\s]))/)
    .filter((part) => part !== "" && part !== undefined);
  const token = (): string => TOKENS[random.below(TOKENS.length)];
  for (let i = random.below(4); i >= 0; i--) {
    const at = random.below(parts.length);
    const way = random.below(4);
    if (way === 0) parts.splice(at, 1 + random.below(3));
    else if (way === 1) parts.splice(at, 0, ` ${token()} `);
    else if (way === 2) parts[at] = token();
    else parts.splice(at, 0, parts[random.below(parts.length)]);
    if (parts.length === 0) parts.push(" ");
  }
  let source = parts.join("");
  if (random.below(3) !== 0) source = source.slice(0, 30 + random.below(100));
  const long = `@${"long/".repeat(30)}name`;
  const names = ["@user_script", "=x", source, long, `=${"y".repeat(100)}`, "\n", "a\nb", ""];
  return { source, name: names[random.below(names.length)] };
}
