import assert from "node:assert/strict";
import { test } from "node:test";
import { Arguments } from "../protocol/arguments.ts";
import { CommandKeys, FoundKeys, keyFlagNames } from "./key-specs.ts";
import { keyRows, wordsOf } from "./key-specs-test-support.ts";

const found = new FoundKeys();

/** The keys of a request with their flags; those that were found before it turned out wrong. */
function keysOf(keys: CommandKeys, words: string[]): string {
  const args = new Arguments();
  args.fill(words);
  const whole = keys.findInto(args, found);
  const texts: string[] = [];
  for (let i = 0; i < found.count; i++) {
    texts.push(`${args.text(found.positions[i])} ${keyFlagNames(found.flags[i]).join(" ")}`);
  }
  return whole ? texts.join(", ") : `not whole: ${texts.join(", ")}`;
}

for (const { name, keys, findKeys, range, requests } of keyRows) {
  test(`the keys of ${name.toUpperCase()} are found as Redis finds them`, () => {
    const compiled = new CommandKeys(keys, findKeys);
    const { first, last, step, movable } = compiled;
    assert.deepEqual([first, last, step, movable], range);
    for (const [request, expected] of Object.entries(requests)) {
      const got = keysOf(compiled, wordsOf(request));
      if (expected === "") assert.match(got, /^not whole/, request);
      else assert.equal(got, expected, request);
    }
  });
}

test("a text is the flags of one key, and no keys are none", () => {
  const one = new CommandKeys("RW insert", undefined);
  assert.equal(keysOf(one, ["LPUSH", "k", "v"]), "k RW insert");
  assert.deepEqual([one.first, one.last, one.step, one.movable], [1, 1, 1, false]);
  const none = new CommandKeys([], undefined);
  assert.equal(keysOf(none, ["PING", "k"]), "");
  assert.deepEqual([none.first, none.last, none.step, none.any], [0, 0, 0, false]);
});

test("keys that were found before a request turned out wrong are told", () => {
  const pfmerge = keyRows.find(({ name }) => name === "pfmerge");
  assert.ok(pfmerge !== undefined);
  const keys = new CommandKeys(pfmerge.keys, undefined);
  assert.equal(keysOf(keys, ["PFMERGE", "d"]), "not whole: d RW access insert");
});

test("a step leaves out what stands between keys, and any number of keys is found", () => {
  const mset = new CommandKeys([{ index: 1, last: -1, step: 2, flags: "OW update" }], undefined);
  const words = ["MSET"];
  for (let i = 0; i < 300; i++) words.push(`k${i}`, "v");
  const expected = Array.from({ length: 300 }, (_, i) => `k${i} OW update`).join(", ");
  assert.equal(keysOf(mset, words), expected);
  assert.deepEqual([mset.first, mset.last, mset.step, mset.movable], [1, -1, 2, false]);
});

test("words that only route a request are no keys of it", () => {
  const channels = new CommandKeys([{ index: 1, last: -1, flags: "not_key" }], undefined);
  assert.equal(channels.any, false);
  assert.equal(keysOf(channels, ["SSUBSCRIBE", "a", "b"]), "");
  assert.deepEqual([channels.first, channels.last, channels.step], [1, -1, 1]);
});

test("an option that is repeated tells of each of its keys", () => {
  const georadius = keyRows.find(({ name }) => name === "georadius");
  assert.ok(georadius !== undefined);
  const keys = new CommandKeys(georadius.keys, undefined);
  assert.equal(
    keysOf(keys, wordsOf("GEORADIUS k 1 2 3 m STORE d STORE e")),
    "k RO access, d OW update, e OW update",
  );
});
