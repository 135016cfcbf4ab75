import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/servers.ts";
import { open } from "../index.ts";
import { fuzz, load, sources } from "./rdb-files.fuzz.ts";

const SEED = Number(process.env.TSKEYDB_SEED ?? 42);

test("files in every encoding are loaded, whatever the window", () => {
  const keys = sources().map((bytes) => load(bytes));
  assert.deepEqual(keys, [13, 22, 9]);
  for (const windowBytes of [64, 1000, 100_000]) {
    assert.deepEqual(
      sources().map((bytes) => load(bytes, windowBytes)),
      keys,
    );
  }
});

test("they hold what they say, each element of them", () => {
  const directory = temporaryFolder();
  writeFileSync(`${directory}/dump.rdb`, sources()[1]);
  // Some of its deadlines have passed by today.
  const db = open(directory, { clock: () => 1_700_000_000_000 });
  const long = "x".repeat(70);
  assert.deepEqual(db.mget("string", "integer"), ["value", "513"]);
  assert.equal(db.pexpiretime("string"), 1_700_000_005_000);
  assert.deepEqual(db.lrange("list", 0, -1), ["a", "7", long]);
  assert.equal(db.scard("set"), 40);
  assert.equal(db.hlen("hash"), 40);
  assert.deepEqual({ ...db.hgetall("zipmap") }, { a: "1", b: long, c: "x".repeat(300) });
  const numbers = [0, 12, -1, 300, -70_000, 2 ** 31, 2 ** 40].map(String);
  assert.deepEqual(db.lrange("ziplist", 0, -1), ["a", ...numbers, long]);
  assert.deepEqual(db.lrange("long", 0, -1), ["x".repeat(300), "y", "z".repeat(20_000), "1"]);
  assert.deepEqual([...db.smembers("intset")].map(Number), [-5, 1, 700]);
  assert.deepEqual([...db.smembers("wide")].map(Number), [-(2 ** 40), 3, 2 ** 50]);
  assert.deepEqual({ ...db.hgetall("pairs") }, { a: "1", b: long });
  const one = db.database(1);
  assert.equal(one.get("lzf"), "a".repeat(14));
  assert.deepEqual(one.lrange("quicklist", 0, -1), ["a", "1", long, "-3"]);
  assert.deepEqual({ ...one.hgetall("listpack") }, { a: "1", b: "-7", [long]: "127" });
  assert.deepEqual(one.lrange("nodes", 0, -1), ["a", "5", "x".repeat(9000), long, "z"]);
  assert.equal(one.xlen("stream"), 3);
  assert.deepEqual(
    one.xrange("stream").map(({ fields }) => Object.keys(fields)[0]),
    ["a", "a", "a"],
  );
  assert.deepEqual([...db.database(3).smembers("in three")].map(Number), [-70_000, 80_000]);
  assert.equal(db.fcall("seven"), 7);
  db.verify();
  db.close();
});

test("damaged files are refused, or loaded as something sound, and end", () => {
  const { refused, loaded } = fuzz(SEED, 500);
  assert.ok(refused > 100 && loaded > 50, `${refused} refused, ${loaded} loaded`);
});

test("a bit that is flipped anywhere is found by the checksum, or before", () => {
  for (const whole of sources(true)) {
    const hasSum = whole.length > 9 && whole[8] !== 0x33;
    if (!hasSum) continue; // version 3 has none
    assert.ok(load(whole, 4096) > 0);
    for (let at = 9; at < whole.length; at += 29) {
      const flipped = whole.slice();
      flipped[at] ^= 1 << (at & 7);
      assert.equal(load(flipped, 4096), -1, `offset ${at}`);
    }
  }
});
