import assert from "node:assert/strict";
import { test } from "node:test";
import { Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { fuzzIntegerSets } from "./integer-set.fuzz.ts";
import { DECIMAL_END, IntegerSets } from "./integer-set.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function parse(sets: IntegerSets, text: string): boolean {
  const bytes = encoder.encode(text);
  return sets.parse(bytes, 0, bytes.length);
}

function members(sets: IntegerSets, set: number): string[] {
  const list: string[] = [];
  for (let i = 0; i < sets.count(set); i++) {
    list.push(decoder.decode(sets.text.subarray(sets.at(set, i), DECIMAL_END)));
  }
  return list;
}

const EDGES = [
  "0",
  "1",
  "-1",
  "9",
  "10",
  "-10",
  "32767",
  "32768",
  "-32768",
  "-32769",
  "999999999",
  "1000000000",
  "2147483647",
  "2147483648",
  "-2147483648",
  "-2147483649",
  "4294967295",
  "4294967296",
  "-4294967296",
  "9007199254740993",
  "-9007199254740993",
  "1000000000000000000",
  "9223372036854775807",
  "-9223372036854775807",
  "-9223372036854775808",
];

test("every 64-bit integer is read and rendered exactly", () => {
  const sets = new IntegerSets(new Memory());
  for (const text of EDGES) {
    assert.ok(parse(sets, text), text);
    assert.equal((BigInt(sets.high) << 32n) | BigInt(sets.low >>> 0), BigInt(text));
    assert.equal(decoder.decode(sets.text.subarray(sets.render(), DECIMAL_END)), text);
  }
});

test("what Redis would not print as an integer is not one", () => {
  const sets = new IntegerSets(new Memory());
  const strange = [
    "",
    "-",
    "-0",
    "00",
    "01",
    "+1",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "a",
    "12345678901a",
    "1234567890123a5",
    "9223372036854775808",
    "-9223372036854775809",
    "10000000000000000000",
    "99999999999999999999",
    "-99999999999999999999",
    "18446744073709551616",
  ];
  for (const text of strange) assert.equal(parse(sets, text), false, text);
});

test("the block is Redis's intset to the byte", () => {
  const memory = new Memory();
  const sets = new IntegerSets(memory);
  let set = sets.create();
  for (const text of ["5", "-2", "300"]) {
    assert.ok(parse(sets, text));
    set = sets.add(set);
  }
  const at = (set & PLACE_MASK) << 3;
  const bytes = memory.u8[set >>> PLACE_BITS].slice(at, at + sets.lengthBytes(set));
  assert.deepEqual([...bytes], [2, 0, 0, 0, 3, 0, 0, 0, 0xfe, 0xff, 5, 0, 0x2c, 1]);
  const again = sets.fromBytes(bytes, 0, bytes.length);
  assert.deepEqual(members(sets, again), ["-2", "5", "300"]);
  sets.free(set);
  sets.free(again);
  assert.equal(memory.usedBytes, 0);
});

test("a serialized set that is not valid is refused", () => {
  const memory = new Memory();
  const sets = new IntegerSets(memory);
  const broken = [
    [2, 0, 0, 0],
    [3, 0, 0, 0, 0, 0, 0, 0],
    [2, 0, 0, 0, 2, 0, 0, 0, 1, 0],
    [2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0],
    [2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0],
    [2, 0, 0, 0, 255, 255, 255, 255],
  ];
  for (const list of broken) assert.equal(sets.fromBytes(Uint8Array.from(list), 0, list.length), 0);
  assert.equal(memory.usedBytes, 0);
});

test("a wider member widens all, at either end", () => {
  const sets = new IntegerSets(new Memory());
  for (const wide of ["100000", "-100000", "5000000000", "-5000000000"]) {
    let set = sets.create();
    for (const text of ["3", "-3", "7", wide]) {
      parse(sets, text);
      set = sets.add(set);
    }
    const narrow = ["-3", "3", "7"];
    assert.deepEqual(members(sets, set), wide[0] === "-" ? [wide, ...narrow] : [...narrow, wide]);
    assert.equal(sets.width(set), wide.includes("5") ? 8 : 4);
    sets.verify(set);
  }
});

test("random operations agree with a model", () => {
  fuzzIntegerSets(1, 3000);
});
