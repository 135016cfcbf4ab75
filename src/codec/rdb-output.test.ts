import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { RdbError } from "./rdb-error.ts";
import { RdbInput } from "./rdb-input.ts";
import { RdbOutput } from "./rdb-output.ts";

const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 30);

function bytesOf(output: RdbOutput): Buffer {
  return Buffer.from(output.bytes.subarray(0, output.end));
}

function textOf(input: RdbInput): string {
  return Buffer.from(input.bytes.subarray(input.start, input.end)).toString("latin1");
}

function written(write: (output: RdbOutput) => void): string {
  const output = new RdbOutput();
  write(output);
  return bytesOf(output).toString("hex");
}

function string(text: string): (output: RdbOutput) => void {
  return (output) => output.string(Buffer.from(text, "latin1"), 0, text.length);
}

test("the bytes of the format", () => {
  const lengths: [number, string][] = [
    [0, "00"],
    [63, "3f"],
    [64, "4040"],
    [16383, "7fff"],
    [16384, "8000004000"],
    [2 ** 32 - 1, "80ffffffff"],
    [2 ** 32, "810000000100000000"],
    [2 ** 53 - 1, "81001fffffffffffff"],
  ];
  for (const [n, bytes] of lengths)
    assert.equal(
      written((o) => o.length(n)),
      bytes,
      `${n}`,
    );
  assert.equal(
    written((o) => o.longLength(0xffffffff, 0xfffffffe)),
    "81fffffffffffffffe",
  );
  assert.equal(
    written((o) => o.longLength(0, 64)),
    "4040",
  );
  const strings: [string, string][] = [
    ["", "00"],
    ["-128", "c080"],
    ["127", "c07f"],
    ["128", "c18000"],
    ["-32768", "c10080"],
    ["32768", "c200800000"],
    ["-2147483648", "c200000080"],
    ["2147483648", "0a32313437343833363438"],
    ["007", "03303037"],
    ["-0", "022d30"],
  ];
  for (const [text, bytes] of strings) assert.equal(written(string(text)), bytes, text);
  assert.equal(
    written((o) => o.double(1.5)),
    "000000000000f83f",
  );
  assert.equal(
    written((o) => o.int64(2 ** 40 + 5)),
    "0500000000010000",
  );
  // 20 bytes stay as they are, 21 are compressed.
  assert.equal(written(string("a".repeat(20))), `14${"61".repeat(20)}`);
  assert.equal(written(string("a".repeat(21))).slice(0, 2), "c3");
});

interface Item {
  write(output: RdbOutput): void;
  check(input: RdbInput): void;
}

function randomItem(random: Random, long: boolean): Item {
  const n = Math.floor(2 ** random.below(53) * (1 + random.below(100) / 100)) % 2 ** 53;
  switch (random.below(4)) {
    case 0:
      return { write: (o) => o.length(n), check: (i) => assert.equal(i.length(), n) };
    case 1: {
      const value = n / 3 - 1000;
      return { write: (o) => o.double(value), check: (i) => assert.equal(i.double(), value) };
    }
    case 2: {
      const value = (n % 2 ** 40) - 2 ** 39;
      return { write: (o) => o.int64(value), check: (i) => assert.equal(i.int64(), value) };
    }
    default: {
      const length = random.below(long ? 700_000 : 60);
      const letters = random.below(2) === 0 ? 3 : 256;
      const text =
        random.below(3) === 0
          ? `${random.next32()}`
          : String.fromCharCode(...Array.from({ length: 40 }, () => random.below(letters)))
              .repeat(Math.ceil(length / 40))
              .slice(0, length);
      const check = (i: RdbInput): void => {
        i.string();
        assert.equal(textOf(i), text);
      };
      return { write: string(text), check };
    }
  }
}

test("what is written is read, as a payload and from a file, through any window", () => {
  const random = new Random().seed(SEED, 3);
  for (let round = 0; round < 300; round++) {
    const items = Array.from({ length: 1 + random.below(40) }, () =>
      randomItem(random, round % 100 === 0),
    );
    const parts: Buffer[] = [];
    const toSink = new RdbOutput((bytes, end) => parts.push(Buffer.from(bytes.subarray(0, end))));
    const alone = new RdbOutput();
    toSink.compresses = round % 2 === 0;
    alone.compresses = round % 2 === 0;
    for (const { write } of items) {
      write(toSink);
      write(alone);
    }
    assert.equal(toSink.size, alone.size);
    toSink.sum();
    alone.sum();
    const all = Buffer.concat(parts);
    assert.deepEqual(all, bytesOf(alone), `seed ${SEED}, round ${round}`);

    const payload = new RdbInput().open(Buffer.concat([Buffer.from("??"), all]), 2, all.length + 2);
    for (const { check } of items) check(payload);
    assert.equal(payload.left, 8);
    assert.equal(payload.failed, false);

    const platform = new SimulatedPlatform(round);
    platform.makeDirectory("/d");
    const file = platform.open("/d/f", "replace");
    platform.writeAt(file, all, 0, all.length, 0);
    const input = RdbInput.ofFile(platform, file, "/d/f", 64 + random.below(200));
    for (const { check } of items) check(input);
    input.sumUp();
    input.raw(8);
    assert.equal(input.crc.equals(input.bytes, input.start), true);
    assert.throws(() => input.byte(), RdbError);
  }
});

test("a payload that is cut short or changed fails, once, and says nothing more", () => {
  const random = new Random().seed(SEED, 4);
  for (let round = 0; round < 3000; round++) {
    const items = Array.from({ length: 1 + random.below(8) }, () => randomItem(random, false));
    const output = new RdbOutput();
    for (const { write } of items) write(output);
    const bytes = bytesOf(output);
    const whole = random.below(2) === 0;
    if (whole) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    const input = new RdbInput().open(bytes, 0, whole ? bytes.length : random.below(bytes.length));
    // Each reading takes a byte at least, so that they come to the end.
    for (let i = 0; i <= bytes.length; i++) {
      if (random.below(2) === 0) input.string();
      else input.count();
      assert.ok(input.end - input.start <= 88 * 400);
    }
    assert.ok(input.failed);
    input.string();
    assert.equal(textOf(input), "");
    assert.equal(input.count(), 0);
  }
});
