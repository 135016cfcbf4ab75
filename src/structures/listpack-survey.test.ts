// What is said of listpacks without reading their entries, against what reading them says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes } from "../base/bytes.ts";
import { Memory } from "../memory/memory.ts";
import { areFieldsDistinct, areTextsWithin, textLengthMax } from "./listpack-survey.ts";
import { checkListpack, PACKED_HEADER, PackedLists } from "./packed-list.ts";

/** A listpack of these entries, each as its bytes, without back lengths of more than a byte. */
function listpack(entries: readonly (readonly number[])[]): Uint8Array {
  const body = entries.flatMap((entry) => [...entry, entry.length]);
  const size = PACKED_HEADER + body.length + 1;
  return Uint8Array.from([size & 255, size >> 8, 0, 0, entries.length, 0, ...body, 0xff]);
}

function listOf(words: readonly string[]): { bytes: Uint8Array; at: number } {
  const lists = new PackedLists(new Memory());
  let list = lists.create();
  for (const word of words) list = lists.append(list, asciiBytes(word), 0, word.length);
  lists.whole(list);
  return { bytes: lists.bytes, at: lists.start + PACKED_HEADER };
}

function places(words: readonly string[]): [Uint8Array, number] {
  const { bytes, at } = listOf(words);
  return [bytes, at];
}

const text = (word: string) => [0x80 | word.length, ...asciiBytes(word)];

test("fields of every form are told apart, and a field that comes twice is found", () => {
  const numbers = ["0", "127", "128", "-1", "4095"];
  const words = ["", "a", "ab", "b", "-", "01", "1a", "-0", "x".repeat(63)];
  const fields = [...numbers, ...words];
  const { bytes, at } = listOf(fields.flatMap((field) => [field, "v"]));
  assert.equal(areFieldsDistinct(bytes, at), true);
  for (const field of fields) {
    const twice = listOf([...fields, field].flatMap((each) => [each, "v"]));
    assert.equal(areFieldsDistinct(twice.bytes, twice.at), false, field);
  }
});

test("few fields, which are told apart in one walk, are found to be alike as well", () => {
  for (const field of ["", "7", "-1", "4095", "a", "name", "x".repeat(62)]) {
    assert.equal(areFieldsDistinct(...places([field, "v", "other", "v"])), true, field);
    assert.equal(
      areFieldsDistinct(...places([field, "v", "other", "v", field, "w"])),
      false,
      field,
    );
    assert.equal(areFieldsDistinct(...places([field, "v", `${field}!`, "v"])), true, field);
  }
});

test("values may be alike, and like a field", () => {
  const { bytes, at } = listOf(["a", "b", "b", "b", "c", "a"]);
  assert.equal(areFieldsDistinct(bytes, at), true);
});

test("a field in an unusual form is not passed, since it may be another's", () => {
  const value = text("v");
  const odd: Record<string, number[]> = {
    "digits as a string": text("5"),
    "a small number in 13 bits": [0xc0, 5],
    "a small number in 16 bits": [0xf1, 5, 0],
    "a short string with a long head": [0xe0, 1, 0x61],
  };
  for (const [what, field] of Object.entries(odd)) {
    const bytes = listpack([field, value, text("z"), value]);
    assert.equal(checkListpack(bytes, 0, bytes.length), 4, what);
    assert.equal(areFieldsDistinct(bytes, PACKED_HEADER), false, what);
  }
});

test("the longest text is never said to be shorter than it is", () => {
  for (const words of [["abc", "x".repeat(64)], ["12", "-9223372036854775808"], [""], ["a"]]) {
    const { bytes, at } = listOf(words);
    const longest = Math.max(...words.map((word) => word.length));
    assert.ok(textLengthMax(bytes, at) >= longest, words.join());
  }
  const { bytes, at } = listOf(["x".repeat(5000), "y"]);
  assert.ok(textLengthMax(bytes, at) >= 5000);
  const short = listOf(["abc", "de"]);
  assert.equal(textLengthMax(short.bytes, short.at), 3);
});

test("no text is said to be within a length that it exceeds, whatever the others take", () => {
  for (const length of [0, 20, 21, 62, 63, 64, 65, 200]) {
    for (const others of [[], ["", "1", "ab"], Array.from({ length: 40 }, (_, i) => `text ${i}`)]) {
      const lists = new PackedLists(new Memory());
      let list = lists.create();
      const words = [...others, "x".repeat(length)];
      for (const word of words) list = lists.append(list, asciiBytes(word), 0, word.length);
      lists.whole(list);
      const { bytes, start, end } = lists;
      for (const most of [20, 63, 64, 65]) {
        const isWithin = areTextsWithin(most, bytes, start + PACKED_HEADER, end, words.length);
        // Of longer strings the head is counted.
        const isToBe = length <= 63 ? length <= most : isWithin && length <= most;
        assert.equal(isWithin, isToBe, `${length} of ${words.length}, ${most}`);
      }
    }
  }
});
