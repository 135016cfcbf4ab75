// What an RDB file calls the types of its values, and where each value ends, whether or not there
// is such a type here: so that a file can be walked through, and what it holds be named.
//
// A value's frame is written in letters, which skipValue() follows:
//
//   s  a string                  l  a length                8  eight bytes
//   f  a number as text: its length in a byte (253, 254, 255: not a number, ∞, −∞), and so much
//   m  a module's value: its module in a length, then parts up to part 0
//   *(…)  a length, and then so many times what stands in the parentheses
//
// Numbers are never given to another type, but for 22: Valkey gave it a meaning of its own, and the
// signature of a file says whose it is.

import type { RdbInput } from "../../codec/rdb-input.ts";

/** The type of a value, as its number in a file says. */
export interface ValueFrame {
  /** As TYPE replies it, or with a word more where the encoding is the point. */
  readonly name: string;
  readonly frame: Frame;
}

type Frame = readonly (string | Frame)[];

const DEADLINES = "hash with field deadlines";

/** Pending entries of a group, and its consumers with theirs; times: how many a consumer has. */
const groups = (offset: string, times: string): string => `*(s${offset}ll*(888l)*(s${times}*(88)))`;

const frames: readonly (readonly [number: number, name: string, frame: string])[] = [
  [0, "string", "s"],
  [1, "list", "*(s)"],
  [2, "set", "*(s)"],
  [3, "zset", "*(sf)"],
  [4, "hash", "*(ss)"],
  [5, "zset", "*(s8)"],
  [7, "module", "m"],
  [9, "hash", "s"],
  [10, "list", "s"],
  [11, "set", "s"],
  [12, "zset", "s"],
  [13, "hash", "s"],
  [14, "list", "*(s)"],
  [15, "stream", `*(ss)lll${groups("", "8")}`],
  [16, "hash", "s"],
  [17, "zset", "s"],
  [18, "list", "*(ls)"],
  [19, "stream", `*(ss)llllllll${groups("l", "8")}`],
  [20, "set", "s"],
  [21, "stream", `*(ss)llllllll${groups("l", "88")}`],
  [22, DEADLINES, "*(lss)"],
  [23, DEADLINES, "s"],
  [24, DEADLINES, "8*(lss)"],
  [25, DEADLINES, "8s"],
];

const ofRedis = new Map(
  frames.map(([number, name, frame]) => [number, { name, frame: parse(frame) }]),
);
const ofValkey = new Map(ofRedis).set(22, { name: DEADLINES, frame: parse("*(ss8)") });

/** The frame of a file's type; undefined where the number is unknown: the value has no end then. */
export function frameOf(format: number, isValkey: boolean): ValueFrame | undefined {
  return (isValkey ? ofValkey : ofRedis).get(format);
}

/** "*(ls)8" as [["l", "s"], "8"]. */
function parse(text: string): Frame {
  const open: (string | Frame)[][] = [[]];
  for (const letter of text) {
    if (letter === "(") open.push([]);
    else if (letter === ")") {
      const group = open.pop() as Frame;
      open.at(-1)?.push(group);
    } else if (letter !== "*") open.at(-1)?.push(letter);
  }
  return open[0];
}

/** Skips a value; `seen` is told the name of the module whose value it is. */
export function skipValue(input: RdbInput, frame: Frame, seen: (module: string) => void): void {
  for (const part of frame) {
    if (typeof part !== "string") {
      for (let left = input.count(); left > 0; left--) skipValue(input, part, seen);
    } else if (part === "s") input.skipString();
    else if (part === "l") input.length();
    else if (part === "8") input.skip(8);
    else if (part === "f") skipNumber(input);
    else {
      input.length();
      seen(moduleName(input.high, input.low));
      skipParts(input);
    }
  }
}

function skipNumber(input: RdbInput): void {
  const length = input.byte();
  if (length < 253) input.skip(length);
}

// What a module's part is, by the length before it.
const ModulePart = { end: 0, signed: 1, unsigned: 2, float: 3, double: 4, string: 5 } as const;

/** Skips the parts of what a module has saved, up to the last, which ends them. */
export function skipParts(input: RdbInput): void {
  for (;;) {
    const part = input.length();
    if (part === ModulePart.end) return;
    if (part === ModulePart.signed || part === ModulePart.unsigned) input.length();
    else if (part === ModulePart.float) input.skip(4);
    else if (part === ModulePart.double) input.skip(8);
    else if (part === ModulePart.string) input.skipString();
    else input.fail(`a module's part of the unknown kind ${part}`);
  }
}

const MODULE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The name in a module's number: nine letters of 6 bits above 10 bits of its version. */
export function moduleName(high: number, low: number): string {
  let name = "";
  for (let bit = 58; bit >= 10; bit -= 6) {
    const word =
      bit >= 32 ? high >>> (bit - 32) : (low >>> bit) | (bit > 26 ? high << (32 - bit) : 0);
    name += MODULE_LETTERS[word & 63];
  }
  return name;
}
