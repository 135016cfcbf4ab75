// The replies below are those of redis-server 7.0.15, except for NOVALUES, which is 7.4's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fixture } from "../collections-test-support.ts";

test("HSET counts new fields only, HMSET says OK, HSETNX leaves what is there", () => {
  const f = new Fixture();
  assert.equal(f.call("hset h a 1 b 2 a 3"), ":2");
  assert.equal(f.call("hset h a 4 c 5"), ":1");
  assert.equal(f.call("hmset h a 6"), "+OK");
  assert.equal(f.call("hsetnx h a 7"), ":0");
  assert.equal(f.call("hsetnx h d 8"), ":1");
  assert.equal(f.call("hmget h a b c d e"), "*5 $1 6 $1 2 $1 5 $1 8 $-1");
  assert.equal(f.call("hset h a"), "-ERR wrong number of arguments for 'hset' command");
  assert.equal(f.call("hset h a 1 b"), "-ERR wrong number of arguments for 'hset' command");
  assert.equal(f.call("hmset h a 1 b"), "-ERR wrong number of arguments for 'hmset' command");
  assert.deepEqual(f.effects, [
    "hset h a 1 b 2 a 3",
    "hset h a 4 c 5",
    "hmset h a 6",
    "hsetnx h d 8",
  ]);
});

test("what is not there is null, 0 or empty, in the form of each protocol", () => {
  const f = new Fixture();
  assert.equal(f.call("hget h a"), "$-1");
  assert.equal(f.call("hmget h a"), "*1 $-1");
  assert.equal(f.call("hgetall h"), "*0");
  assert.equal(f.call("hkeys h"), "*0");
  assert.equal(f.call("hlen h"), ":0");
  assert.equal(f.call("hexists h a"), ":0");
  assert.equal(f.call("hstrlen h a"), ":0");
  assert.equal(f.call("hdel h a"), ":0");
  assert.equal(f.call("hrandfield h"), "$-1");
  assert.equal(f.call("hrandfield h 3"), "*0");
  f.session.protocol = 3;
  assert.equal(f.call("hget h a"), "_");
  assert.equal(f.call("hgetall h"), "%0");
  assert.equal(f.call("hvals h"), "*0");
  assert.equal(f.call("hrandfield h 3 withvalues"), "*0");
  assert.deepEqual(f.effects, []);
});

test("the last field takes the hash with it", () => {
  const f = new Fixture();
  f.listen();
  f.call("hset h a 1 b 2");
  assert.equal(f.call("hdel h a x a b b"), ":2");
  assert.equal(f.encoding("h"), "none");
  assert.deepEqual(f.events, ["hset h", "hdel h", "del h"]);
  assert.equal(f.effects.at(-1), "hdel h a x a b b");
});

test("HINCRBY is exact in 64 bits and refuses to overflow", () => {
  const f = new Fixture();
  assert.equal(f.call("hincrby h n 5"), ":5");
  assert.equal(f.call("hincrby h n -7"), ":-2");
  assert.equal(f.call("hset h n 9007199254740993"), ":0");
  assert.equal(f.call("hincrby h n 2"), ":9007199254740995");
  assert.equal(f.call("hincrby h n 9214364837600034812"), ":9223372036854775807");
  assert.equal(f.call("hincrby h n 1"), "-ERR increment or decrement would overflow");
  assert.equal(f.call("hincrby h m -9223372036854775808"), ":-9223372036854775808");
  assert.equal(f.call("hincrby h m -1"), "-ERR increment or decrement would overflow");
  assert.equal(f.call("hincrby h m 9223372036854775807"), ":-1");
  assert.equal(f.call("hincrby h n 1.5"), "-ERR value is not an integer or out of range");
  f.call("hset h s text");
  assert.equal(f.call("hincrby h s 1"), "-ERR hash value is not an integer");
  assert.equal(f.call("hincrby other s x"), "-ERR value is not an integer or out of range");
  assert.equal(f.encoding("other"), "none");
});

test("HINCRBYFLOAT adds as Redis does and logs the result", () => {
  const f = new Fixture();
  assert.equal(f.call("hincrbyfloat h f 0.1"), "$3 0.1");
  assert.equal(f.call("hincrbyfloat h f 0.2"), "$3 0.3");
  assert.equal(f.call("hincrbyfloat h f 5.0e3"), "$22 5000.29999999999999982");
  assert.deepEqual(f.effects, ["HSET h f 0.1", "HSET h f 0.3", "HSET h f 5000.29999999999999982"]);
  assert.equal(f.call("hincrbyfloat h f nan"), "-ERR value is not a valid float");
  assert.equal(f.call("hincrbyfloat h f inf"), "-ERR value is NaN or Infinity");
  f.call("hset h s text");
  assert.equal(f.call("hincrbyfloat h s 1"), "-ERR hash value is not a float");
  assert.equal(f.encoding("none"), "none");
});

test("HRANDFIELD returns distinct fields for a count and draws for a negative one", () => {
  const f = new Fixture();
  const pairs = Array.from({ length: 300 }, (_, i) => [`f${i}`, `v${i}`]).flat();
  for (const table of [false, true]) {
    f.hashes.entriesMax = table ? 1 : 512;
    f.callWords(["hset", table ? "t" : "p", ...pairs]);
    const key = table ? "t" : "p";
    for (const count of [1, 40, 150, 299, 300, 1000]) {
      const words = f.call(`hrandfield ${key} ${count} withvalues`).split(" ");
      const fields = words.filter((word) => word.startsWith("f"));
      assert.equal(fields.length, Math.min(count, 300));
      assert.equal(new Set(fields).size, fields.length);
      for (const field of fields) {
        assert.equal(words[words.indexOf(field) + 2], field.replace("f", "v"));
      }
    }
    const draws = f.call(`hrandfield ${key} -1000`).split(" ");
    assert.equal(draws[0], "*1000");
  }
  f.session.protocol = 3;
  f.call("hset one a 1");
  assert.equal(f.call("hrandfield one 2 withvalues"), "*1 *2 $1 a $1 1");
  assert.equal(f.call("hrandfield one -2 WITHVALUES"), "*2 *2 $1 a $1 1 *2 $1 a $1 1");
});

test("HRANDFIELD refuses counts as Redis does", () => {
  const f = new Fixture();
  f.call("hset h a 1");
  const range = "-9223372036854775807 and 9223372036854775807";
  assert.equal(f.call("hrandfield h x y"), "-ERR value is not an integer or out of range");
  assert.equal(f.call("hrandfield h 2 x"), "-ERR syntax error");
  assert.equal(f.call("hrandfield h 2 withvalues z"), "-ERR syntax error");
  assert.equal(
    f.call("hrandfield h -9223372036854775808"),
    `-ERR value is out of range, value must between ${range}`,
  );
  assert.equal(f.call("hrandfield h 4611686018427387904 withvalues"), "-ERR value is out of range");
  assert.equal(f.call("hrandfield h 4611686018427387904"), "*1 $1 a");
});

test("HSCAN returns a small hash at once and a large one whole, step by step", () => {
  const f = new Fixture();
  f.call("hset h a 1 b 2");
  assert.equal(f.call("hscan h 0"), "*2 $1 0 *4 $1 a $1 1 $1 b $1 2");
  assert.equal(f.call("hscan h 0 novalues"), "*2 $1 0 *2 $1 a $1 b");
  assert.equal(f.call("hscan h 0 match b* count 1"), "*2 $1 0 *2 $1 b $1 2");
  assert.equal(f.call("hscan h x"), "-ERR invalid cursor");
  assert.equal(f.call("hscan h 0 match"), "-ERR syntax error");
  assert.equal(f.call("hscan h 0 count 0"), "-ERR syntax error");
  assert.equal(f.call("hscan h 0 count x"), "-ERR value is not an integer or out of range");
  assert.equal(f.call("hscan none 0 bad"), "*2 $1 0 *0");
  f.callWords(["hset", "t", ...Array.from({ length: 3000 }, (_, i) => [`f${i}`, "v"]).flat()]);
  const met = new Set<string>();
  let cursor = "0";
  let steps = 0;
  do {
    const words = f.call(`hscan t ${cursor} count 50`).split(" ");
    cursor = words[2];
    for (const word of words) if (word.startsWith("f")) met.add(word);
    steps++;
  } while (cursor !== "0");
  assert.equal(met.size, 3000);
  assert.ok(steps > 30 && steps < 100, String(steps));
});

test("other types are refused", () => {
  const f = new Fixture();
  f.call("set s text");
  const wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
  const lines = [
    "hset s a 1",
    "hmset s a 1",
    "hsetnx s a 1",
    "hget s a",
    "hmget s a",
    "hgetall s",
    "hkeys s",
    "hvals s",
    "hdel s a",
    "hlen s",
    "hexists s a",
    "hstrlen s a",
    "hincrby s a 1",
    "hincrbyfloat s a 1",
    "hrandfield s",
    "hrandfield s 1",
    "hscan s 0",
  ];
  for (const line of lines) assert.equal(f.call(line), wrong, line);
});
