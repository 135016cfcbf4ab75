import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text, utf8Bytes } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { freshEntry, freshHashes, fuzzHashes } from "./hashes.fuzz.ts";
import type { Hashes } from "./hashes.ts";

function set(hashes: Hashes, entry: number, field: string, value: string): boolean {
  const f = utf8Bytes(field);
  const v = utf8Bytes(value);
  return hashes.set(entry, f, 0, f.length, v, 0, v.length);
}

function get(hashes: Hashes, entry: number, field: string): string | undefined {
  const f = utf8Bytes(field);
  if (!hashes.get(entry, f, 0, f.length)) return undefined;
  return latin1Text(hashes.bytes, hashes.start, hashes.end);
}

function encoding(hashes: Hashes, entry: number): string {
  return new Map<number, string>(hashes.kinds).get(hashes.records.kind(entry)) ?? "";
}

test("encodings change at Redis's thresholds and keep what is there", () => {
  const hashes = freshHashes();
  const many = freshEntry(hashes);
  for (let i = 0; i < 512; i++) assert.ok(set(hashes, many, `f${i}`, String(i)));
  assert.equal(encoding(hashes, many), "listpack");
  assert.ok(!set(hashes, many, "f7", "again"));
  assert.equal(encoding(hashes, many), "listpack");
  assert.ok(set(hashes, many, "f512", "512"));
  assert.equal(encoding(hashes, many), "hashtable");
  assert.equal(get(hashes, many, "f7"), "again");
  assert.equal(get(hashes, many, "f511"), "511");

  const long = freshEntry(hashes);
  set(hashes, long, "12", "x".repeat(64));
  assert.equal(encoding(hashes, long), "listpack");
  set(hashes, long, "13", "x".repeat(65));
  assert.equal(encoding(hashes, long), "hashtable");
  assert.equal(get(hashes, long, "12"), "x".repeat(64));

  const expected = freshEntry(hashes);
  set(hashes, expected, "1", "2");
  hashes.expect(expected, 513);
  assert.equal(encoding(hashes, expected), "hashtable");
  assert.equal(get(hashes, expected, "1"), "2");
});

test("an integer that a packed list stores as one reads back as it was written", () => {
  const hashes = freshHashes();
  const entry = freshEntry(hashes);
  for (const text of ["0", "-1", "007", "+5", "-0", "9223372036854775807", "9223372036854775808"]) {
    set(hashes, entry, text, text);
    assert.equal(get(hashes, entry, text), text);
  }
  assert.equal(hashes.count(entry), 7);
});

test("a value may grow past what lies inline and shrink again", () => {
  const hashes = freshHashes();
  const entry = freshEntry(hashes);
  for (const length of [5, 100, 8192, 8193, 1_000_000, 70_000, 9, 0]) {
    set(hashes, entry, "f", "z".repeat(length));
    assert.equal(get(hashes, entry, "f")?.length, length);
  }
  hashes.free(hashes.records.kind(entry), hashes.records.pointer(entry), 1000);
  hashes.memory.free(entry);
  assert.equal(hashes.memory.usedBytes, 0);
});

test("every field of both encodings is drawn about equally often", () => {
  for (const table of [false, true]) {
    const hashes = freshHashes();
    const random = new Random().seed(5);
    const entry = freshEntry(hashes);
    if (table) hashes.expect(entry, 1000);
    for (let i = 0; i < 50; i++) set(hashes, entry, `f${i}`, "v");
    const drawn = new Map<string, number>();
    for (let i = 0; i < 50_000; i++) {
      hashes.pick(entry, random);
      const field = latin1Text(hashes.bytes, hashes.start, hashes.end);
      drawn.set(field, (drawn.get(field) ?? 0) + 1);
    }
    assert.equal(drawn.size, 50);
    for (const times of drawn.values()) assert.ok(times > 840 && times < 1160, String(times));
  }
});

test("random operations agree with a model", () => {
  fuzzHashes(1, 4000);
  fuzzHashes(2, 4000);
});
