import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text, utf8Bytes } from "../base/bytes.ts";
import { Arguments } from "../protocol/arguments.ts";
import { Effects } from "./effects.ts";

/** A sink that spells what it gets: "1: *2…" for the commands of database 1. */
function listenTo(effects: Effects): { text: string } {
  const heard = { text: "" };
  effects.addSink({
    selectDatabase: (db) => {
      heard.text += `${db}: `;
    },
    append: (bytes, start, end) => {
      heard.text += latin1Text(bytes, start, end);
    },
    borrow: () => assert.fail("nothing is lent"),
    take: () => {},
    sizeBytes: 0,
    shorten: () => {},
  });
  return heard;
}

function spell(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

// Places of effects are kept in arrays of 16, 32 … and their bytes in one of 4096, 8192 …
for (const count of [2, 15, 16, 17, 31, 32, 33, 100]) {
  test(`${count} effects of one request reach the log whole, each for its database`, () => {
    const effects = new Effects();
    const heard = listenTo(effects);
    let expected = `0: ${spell("MULTI")}`;
    effects.hold();
    for (let i = 0; i < count; i++) {
      const value = "v".repeat((i * 37) % 700);
      const db = i % 3;
      if (i % 2 === 0) {
        effects.begin(db, 3);
        effects.text("SET");
        effects.integer(i);
        effects.range(utf8Bytes(value), 0, value.length);
      } else {
        const args = new Arguments();
        args.fill(["SET", String(i), value]);
        effects.request(db, args);
      }
      expected += `${db}: ${spell("SET", String(i), value)}`;
    }
    effects.release();
    assert.equal(heard.text, expected + spell("EXEC"));
    assert.equal(effects.count, 0);
  });
}

test("an effect longer than the buffer replaces it in the middle of a command", () => {
  const effects = new Effects();
  const heard = listenTo(effects);
  const value = "x".repeat(5000);
  for (const length of [4060, 4080, 4095, 4096, 4097, 5000]) {
    heard.text = "";
    effects.begin(0, 3);
    effects.text("SET");
    effects.text("k");
    effects.text(value.slice(0, length));
    effects.flush();
    assert.equal(heard.text, `0: ${spell("SET", "k", value.slice(0, length))}`);
  }
});

test("a transaction that a sink has no room for is taken back from it whole", () => {
  const effects = new Effects();
  const heard: string[] = [];
  const append = (bytes: Uint8Array, start: number, end: number): void => {
    if (heard.length === 3) throw new RangeError("Array buffer allocation failed");
    heard.push(latin1Text(bytes, start, end));
  };
  effects.addSink({
    selectDatabase: () => {},
    append,
    borrow: append,
    take: () => {},
    get sizeBytes() {
      return heard.length;
    },
    shorten: (size: number) => {
      heard.length = size;
    },
  });
  const set = (key: string): void => {
    effects.begin(0, 2);
    effects.text("INCR");
    effects.text(key);
  };
  set("first");
  effects.flush();
  effects.hold();
  for (const key of ["a", "b", "c"]) set(key);
  assert.throws(() => effects.release(), RangeError);
  assert.deepEqual(heard, ["*2\r\n$4\r\nINCR\r\n$5\r\nfirst\r\n"]);
});

test("several sinks hear the same, and one that was taken away no more", () => {
  const effects = new Effects();
  assert.equal(effects.isHeard, false);
  const first = listenTo(effects);
  const second: string[] = [];
  const sink = {
    selectDatabase: (db: number) => second.push(`${db}: `),
    append: (bytes: Uint8Array, start: number, end: number) =>
      second.push(latin1Text(bytes, start, end)),
    borrow: () => assert.fail("nothing is lent"),
    take: () => {},
    sizeBytes: 0,
    shorten: () => {},
  };
  effects.addSink(sink);
  const say = (word: string): void => {
    effects.begin(1, 1);
    effects.text(word);
    effects.flush();
  };
  say("one");
  assert.equal(first.text, `1: ${spell("one")}`);
  assert.equal(second.join(""), first.text);
  effects.removeSink(sink);
  say("two");
  assert.equal(first.text, `1: ${spell("one")}1: ${spell("two")}`);
  assert.equal(second.length, 2);
  assert.equal(effects.isHeard, true);
});
