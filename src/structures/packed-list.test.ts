import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text } from "../base/bytes.ts";
import { Memory } from "../memory/memory.ts";
import { fuzzPackedLists } from "./packed-list.fuzz.ts";
import { backLengthSize, checkListpack, PACKED_EMPTY, PackedLists } from "./packed-list.ts";

const encoder = new TextEncoder();

function listOf(lists: PackedLists, texts: string[]): number {
  let list = lists.create();
  for (const text of texts) {
    const bytes = encoder.encode(text);
    list = lists.append(list, bytes, 0, bytes.length);
  }
  return list;
}

function wholeOf(lists: PackedLists, list: number): Uint8Array {
  lists.whole(list);
  return lists.bytes.slice(lists.start, lists.end);
}

function textsOf(lists: PackedLists, list: number): string[] {
  const texts: string[] = [];
  for (let at = lists.first(list); at !== 0; at = lists.next(list, at)) {
    lists.read(list, at);
    texts.push(latin1Text(lists.bytes, lists.start, lists.end));
  }
  return texts;
}

// The listpack in the DUMP of a list of these texts on redis-server 7.0.15.
const REDIS_TEXTS = [
  ...["", "0", "127", "128", "-1", "-4096", "4095", "-4097", "4096", "32767", "-32768", "32768"],
  ...["8388607", "-8388608", "8388608", "2147483647", "-2147483648", "2147483648", "-2147483649"],
  ...["9223372036854775807", "-9223372036854775808", "9223372036854775808", "9007199254740993"],
  ...["-9007199254740993", "1234567890123456789", "01", "-0", "+1", "1e3", "x"],
];
const REDIS_HEX =
  "b90000001e00800100017f01c08002dfff02d00002cfff02f1ffef03f1001003f1ff7f03f1008003f200800004" +
  "f2ffff7f04f200008004f30000800005f3ffffff7f05f30000008005f4000000800000000009f4ffffff7fffffffff" +
  "09f4ffffffffffffff7f09f4000000000000008009933932323333373230333638353437373538303814f401000000" +
  "0000200009f4ffffffffffffdfff09f41581e97df41022110982303103822d3003822b3103833165330481780" +
  "2ff";

test("the bytes are those that redis-server writes", () => {
  const lists = new PackedLists(new Memory());
  const list = listOf(lists, REDIS_TEXTS);
  assert.equal(Buffer.from(wholeOf(lists, list)).toString("hex"), REDIS_HEX);
  const bytes = Uint8Array.from(Buffer.from(REDIS_HEX, "hex"));
  assert.equal(checkListpack(bytes, 0, bytes.length), REDIS_TEXTS.length);
  const read = lists.fromListpack(bytes, 0, bytes.length);
  assert.deepEqual(textsOf(lists, read), REDIS_TEXTS);
});

test("back lengths grow where those of Redis grow", () => {
  const sizes = [1, 127, 128, 16382, 16383, 2097150, 2097151, 268435454, 268435455];
  assert.deepEqual(sizes.map(backLengthSize), [1, 1, 2, 2, 3, 3, 4, 4, 5]);
  const lists = new PackedLists(new Memory());
  for (const size of [4095, 4096, 16377, 16378, 2097145, 2097146]) {
    const list = listOf(lists, ["first", "s".repeat(size), "last"]);
    lists.verify(list);
    assert.equal(lists.textLength(list, lists.previous(list, lists.last(list))), size);
    lists.free(list);
  }
});

test("integers are given as digits and as halves", () => {
  const lists = new PackedLists(new Memory());
  const list = listOf(lists, ["-9007199254740993", "12", "text", "4294967296"]);
  assert.equal(lists.readInteger(list, lists.first(list)), true);
  assert.equal((BigInt(lists.high) << 32n) | BigInt(lists.low >>> 0), -9007199254740993n);
  assert.equal(lists.readInteger(list, lists.seek(list, 1)), true);
  assert.equal(lists.number, 12);
  assert.equal(lists.readInteger(list, lists.seek(list, 2)), false);
  assert.equal(lists.readInteger(list, lists.seek(list, -1)), true);
  assert.equal(lists.number, 4294967296);
});

test("find compares texts with integers, and can look at fields only", () => {
  const lists = new PackedLists(new Memory());
  const list = listOf(lists, ["a", "7", "7", "a", "-300", "b", "", "c"]);
  const find = (text: string, skip: number): number => {
    const bytes = encoder.encode(text);
    return lists.find(list, lists.first(list), bytes, 0, bytes.length, skip);
  };
  assert.equal(find("7", 1), lists.seek(list, 2));
  assert.equal(find("7", 0), lists.seek(list, 1));
  assert.equal(find("-300", 1), lists.seek(list, 4));
  assert.equal(find("", 1), lists.seek(list, 6));
  assert.equal(find("b", 1), 0);
  assert.equal(find("07", 0), 0);
});

test("a list of more than 65534 entries counts them by walking, and forgets that again", () => {
  const lists = new PackedLists(new Memory());
  let list = lists.create();
  for (let i = 0; i < 65600; i++) list = lists.appendInteger(list, i & 127);
  assert.equal(lists.count(list), 65600);
  lists.verify(list);
  list = lists.removeRange(list, lists.seek(list, 10), 100);
  assert.equal(lists.count(list), 65500);
  assert.equal(lists.readInteger(list, lists.seek(list, 10)), true);
  assert.equal(lists.number, 110);
  lists.verify(list);
});

test("random entries are all reachable", () => {
  const lists = new PackedLists(new Memory());
  const list = listOf(lists, ["a", "b", "c"]);
  const cursors = [0, 0x55555556, 0xaaaaaaab, 0xffffffff].map((r) => lists.random(list, r));
  assert.deepEqual(
    cursors,
    [0, 1, 2, 2].map((i) => lists.seek(list, i)),
  );
});

test("damaged listpacks are told from sound ones", () => {
  const lists = new PackedLists(new Memory());
  const sound = wholeOf(lists, listOf(lists, ["a", "1", "x".repeat(70), "70000", "end"]));
  assert.equal(checkListpack(sound, 0, sound.length), 5);
  for (let cut = 0; cut < sound.length; cut++) assert.equal(checkListpack(sound, 0, cut), -1);
  let accepted = 0;
  for (let bit = 0; bit < sound.length * 8; bit++) {
    const damaged = sound.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    if (checkListpack(damaged, 0, damaged.length) >= 0) accepted++;
  }
  // What still passes has other content, or other values of integers, in a sound frame.
  assert.ok(accepted > 0 && accepted < sound.length * 8);
  const empty = Uint8Array.of(7, 0, 0, 0, 0, 0, 0xff);
  assert.equal(checkListpack(empty, 0, PACKED_EMPTY), 0);
});

test("an empty list has no entries at either end", () => {
  const memory = new Memory();
  const lists = new PackedLists(memory);
  const list = lists.create();
  assert.equal(lists.first(list), 0);
  assert.equal(lists.last(list), 0);
  assert.equal(lists.seek(list, 0), 0);
  assert.equal(lists.find(list, lists.first(list), encoder.encode("a"), 0, 1, 0), 0);
  lists.free(list);
  assert.equal(memory.usedBytes, 0);
});

test("random operations agree with an array", () => {
  for (let seed = 1; seed <= 4; seed++) fuzzPackedLists(seed, 4000);
});
