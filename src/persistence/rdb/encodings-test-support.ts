// Builds values in every encoding that lists, sets and hashes have had in RDB files, byte by byte
// from the description of each form and not with the product's writers: most of them no server
// writes any more. Integers are given as numbers or bigints, everything else as text, a byte for
// each character.

import { bytesOf, crc64Of, length, type Part, text } from "./rdb-test-support.ts";

export type Element = string | number | bigint;

/** A two's complement integer of so many bytes, the lowest first. */
export function little(value: Element, bytes: number): Part {
  const whole = BigInt.asUintN(8 * bytes, BigInt(value));
  return Array.from({ length: bytes }, (_, i) => Number((whole >> BigInt(8 * i)) & 255n));
}

function fits(value: bigint, bits: number): boolean {
  return BigInt.asIntN(bits, value) === value;
}

/** The form of each width of integer. */
type Forms = readonly (readonly [bits: number, head: number])[];

function integer(value: bigint, forms: Forms): Part {
  const form = forms.find(([bits]) => fits(value, bits));
  if (form === undefined) throw new RangeError(`${value} takes more than 64 bits`);
  const [bits, head] = form;
  return [head, little(value, bits / 8)];
}

const ziplistForms: Forms = [
  [8, 0xfe],
  [16, 0xc0],
  [24, 0xf0],
  [32, 0xd0],
  [64, 0xe0],
];

function ziplistElement(element: Element): Part {
  if (typeof element !== "string") {
    const value = BigInt(element);
    if (value >= 0n && value <= 12n) return 0xf1 + Number(value);
    return integer(value, ziplistForms);
  }
  const n = element.length;
  if (n < 64) return [n, element];
  if (n < 16384) return [0x40 | (n >> 8), n, element];
  return [0x80, n >>> 24, n >>> 16, n >>> 8, n, element];
}

/** A ziplist. */
export function ziplist(...elements: readonly Element[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let before = 0;
  let last = 10;
  let at = 10;
  for (const element of elements) {
    const back = before < 254 ? before : [254, little(before, 4)];
    const bytes = bytesOf(back, ziplistElement(element));
    parts.push(bytes);
    last = at;
    at += bytes.length;
    before = bytes.length;
  }
  const count = Math.min(elements.length, 0xffff);
  return bytesOf(little(at + 1, 4), little(last, 4), little(count, 2), parts, 0xff);
}

const listpackForms: Forms = [
  [16, 0xf1],
  [24, 0xf2],
  [32, 0xf3],
  [64, 0xf4],
];

function listpackElement(element: Element): Part {
  if (typeof element !== "string") {
    const value = BigInt(element);
    if (value >= 0n && value < 128n) return Number(value);
    if (fits(value, 13)) {
      const low = Number(BigInt.asUintN(13, value));
      return [0xc0 | (low >> 8), low];
    }
    return integer(value, listpackForms);
  }
  const n = element.length;
  if (n < 64) return [0x80 | n, element];
  if (n < 4096) return [0xe0 | (n >> 8), n, element];
  return [0xf0, little(n, 4), element];
}

/** How long an element of a listpack is, from behind: groups of seven bits. */
function backLength(n: number): Part {
  const groups: number[] = [];
  for (let left = n; ; left = Math.floor(left / 128)) {
    groups.unshift((left % 128) | 0x80);
    if (left < 128) break;
  }
  groups[0] = (groups[0] as number) & 0x7f;
  return groups;
}

/** A listpack. */
export function listpack(...elements: readonly Element[]): Uint8Array {
  const parts = elements.map((element) => {
    const bytes = bytesOf(listpackElement(element));
    return bytesOf(bytes, backLength(bytes.length));
  });
  const total = parts.reduce((sum, { length }) => sum + length, 7);
  return bytesOf(little(total, 4), little(Math.min(elements.length, 0xffff), 2), parts, 0xff);
}

/** A zipmap of field, value, field …, with so many free bytes behind each value. */
export function zipmap(free: number, ...elements: readonly string[]): Uint8Array {
  const size = (n: number): Part => (n < 254 ? n : [254, little(n, 4)]);
  const parts = elements.map((element, i) =>
    i % 2 === 0
      ? [size(element.length), element]
      : [size(element.length), free, element, "x".repeat(free)],
  );
  return bytesOf(Math.min(elements.length / 2, 254), parts, 0xff);
}

/** An integer set, its members as wide as the widest needs. */
export function integerSet(...members: readonly (number | bigint)[]): Uint8Array {
  const sorted = members.map(BigInt).sort((a, b) => (a < b ? -1 : 1));
  const bits = [16, 32, 64].find((width) => sorted.every((each) => fits(each, width))) ?? 64;
  const bytes = bits / 8;
  return bytesOf(
    little(bytes, 4),
    little(sorted.length, 4),
    sorted.map((each) => little(each, bytes)),
  );
}

/** A string in LZF that saves nothing: all of it literal. */
export function literalLzf(content: string): Part {
  const runs = content.match(/.{1,32}/gs) ?? [];
  const packed = bytesOf(runs.map((run) => [run.length - 1, run]));
  return [0xc3, length(packed.length), length(content.length), packed];
}

/** A DUMP payload: a value in this encoding, the version and the checksum. */
export function payload(format: number, value: Part, version = 10): Uint8Array {
  const bytes = bytesOf(format, value, little(version, 2));
  return bytesOf(bytes, crc64Of(bytes));
}

function strings(...elements: readonly Element[]): Part {
  return [length(elements.length), elements.map((each) => text(String(each)))];
}

const LONG = "a long element ".repeat(20);
const LONGER = "and one that needs five bytes for its length ".repeat(400);
const ELEMENTS: readonly Element[] = [
  "a",
  0,
  12,
  13,
  -1,
  127,
  128,
  -129,
  4095,
  -4096,
  32767,
  -32769,
  8388607,
  -8388609,
  2147483647,
  -2147483649n,
  9223372036854775807n,
  "",
  "x".repeat(63),
  "y".repeat(64),
  LONG,
];
const FEW: readonly Element[] = ["f", "v", "n", 17, -3, LONG];
const PAIRS: readonly string[] = ["field", "value", "", "empty", "n", "-17", "long", LONG];

export interface Sample {
  readonly name: string;
  readonly format: number;
  readonly value: Part;
  /** redis-server 7.0 reads it. */
  readonly isShared: boolean;
  /** What the value holds, in order where it has one; fields before their values. */
  readonly holds: readonly Element[];
}

function sample(
  name: string,
  format: number,
  value: Part,
  holds: readonly Element[],
  isShared = true,
): Sample {
  return { name, format, value, isShared, holds };
}

/** A value in each encoding of RDB files that is read here. */
export const samples: readonly Sample[] = [
  sample("string", 0, text("hello"), ["hello"]),
  sample("empty string", 0, text(""), [""]),
  sample("int8 string", 0, [0xc0, little(-128, 1)], ["-128"]),
  sample("int16 string", 0, [0xc1, little(32767, 2)], ["32767"]),
  sample("int32 string", 0, [0xc2, little(-2147483648, 4)], ["-2147483648"]),
  sample("LZF string", 0, literalLzf(LONG), [LONG]),
  sample("list of strings", 1, strings(...ELEMENTS), ELEMENTS),
  sample("list of a ziplist", 10, text(ziplist(...ELEMENTS)), ELEMENTS),
  sample("list of a compressed ziplist", 10, literalLzf(latin1(ziplist("a", 1))), ["a", 1]),
  sample(
    "list of ziplists",
    14,
    [length(2), text(ziplist(...ELEMENTS)), text(ziplist("z", LONGER, 5))],
    [...ELEMENTS, "z", LONGER, 5],
  ),
  sample(
    "list of nodes",
    18,
    [length(3), 2, text(listpack(...ELEMENTS)), 1, text(LONGER), 2, text(listpack(7, "end"))],
    [...ELEMENTS, LONGER, 7, "end"],
  ),
  sample("set of strings", 2, strings("b", "a", -5, LONG), ["b", "a", -5, LONG]),
  sample("set of 16 bits", 11, text(integerSet(-5, 3, 70)), [-5, 3, 70]),
  sample("set of 32 bits", 11, text(integerSet(-70000, 1)), [-70000, 1]),
  sample("set of 64 bits", 11, text(integerSet(2n ** 40n, -1)), [-1, 2n ** 40n]),
  sample("set of a listpack", 20, text(listpack("m", 5, "5x", LONG)), ["m", 5, "5x", LONG], false),
  sample("hash of strings", 4, [length(4), PAIRS.map((each) => text(each))], PAIRS),
  sample("hash of a zipmap", 9, text(zipmap(0, ...PAIRS)), PAIRS),
  sample("hash of a zipmap with gaps", 9, text(zipmap(3, ...PAIRS)), PAIRS),
  sample("hash of a ziplist", 13, text(ziplist(...FEW)), FEW.map(String)),
  sample("hash of a listpack", 16, text(listpack(...FEW)), FEW.map(String)),
];

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
