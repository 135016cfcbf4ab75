// The replies below are those of redis-server 7.0.15; encodings are 7.2's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fixture } from "../collections-test-support.ts";
import { TestDatabase } from "../test-support.ts";

function bulks(reply: string): string[] {
  return reply.split(" ").filter((word, i) => i > 0 && !/^[$*~]/.test(word));
}

function sorted(reply: string): string {
  return bulks(reply).sort().join(" ");
}

test("SADD and SREM count what they change, and the last member takes the set with it", () => {
  const f = new Fixture();
  f.listen();
  assert.equal(f.call("sadd s a b a"), ":2");
  assert.equal(f.call("sadd s a"), ":0");
  assert.equal(f.call("srem s x"), ":0");
  assert.equal(f.call("srem s a b a"), ":2");
  assert.equal(f.encoding("s"), "none");
  assert.deepEqual(f.events, ["sadd s", "srem s", "del s"]);
  assert.deepEqual(f.effects, ["sadd s a b a", "srem s a b a"]);
});

test("what is not there is null, 0 or empty, in the form of each protocol", () => {
  const f = new Fixture();
  assert.equal(f.call("smembers s"), "*0");
  assert.equal(f.call("spop s"), "$-1");
  assert.equal(f.call("spop s 2"), "*0");
  assert.equal(f.call("smismember s a b"), "*2 :0 :0");
  f.session.protocol = 3;
  assert.equal(f.call("smembers s"), "~0");
  assert.equal(f.call("sinter s"), "~0");
  assert.equal(f.call("spop s"), "_");
  assert.equal(f.call("spop s 2"), "~0");
  assert.equal(f.call("srandmember s"), "_");
  assert.equal(f.call("srandmember s 2"), "*0");
  f.call("sadd t a");
  assert.equal(f.call("sunion t"), "~1 $1 a");
  assert.equal(f.call("srandmember t 2"), "*1 $1 a");
  assert.equal(f.call("spop t 2"), "~1 $1 a");
});

test("SPOP is logged as what it removed", () => {
  const f = new Fixture();
  f.listen();
  f.call("sadd s a b c d e f g h i j");
  f.effects = [];
  const [one] = bulks(f.call("spop s"));
  const three = bulks(f.call("spop s 3"));
  assert.deepEqual(f.effects, [`SREM s ${one}`, `SREM s ${three.join(" ")}`]);
  assert.equal(bulks(f.call("spop s 100")).length, 6);
  assert.equal(f.effects.at(-1), "DEL s");
  f.call("sadd t a");
  assert.equal(f.call("spop t"), "$1 a");
  assert.equal(f.effects.at(-1), "SREM t a");
  const popped = ["spop s", "spop s", "spop s", "del s", "sadd t", "spop t", "del t"];
  assert.deepEqual(f.events, ["sadd s", ...popped]);
  assert.equal(f.call("spop t -1"), "-ERR value is out of range, must be positive");
  assert.equal(f.call("spop t x"), "-ERR value is out of range, must be positive");
  assert.equal(f.call("spop t 1 1"), "-ERR syntax error");
});

test("a large SPOP is logged in several removals and leaves the rest", () => {
  const f = new Fixture();
  const members = Array.from({ length: 5000 }, (_, i) => `m${i}`);
  for (const count of [1500, 4900]) {
    f.callWords(["sadd", `s${count}`, ...members]);
    f.effects = [];
    const popped = new Set(bulks(f.call(`spop s${count} ${count}`)));
    assert.equal(popped.size, count);
    const removals = f.effects.filter((each) => each.startsWith("SREM"));
    assert.equal(removals.length, Math.ceil(count / 1024));
    const logged = removals.flatMap((each) => each.split(" ").slice(2));
    assert.deepEqual(new Set(logged), popped);
    const left = bulks(f.call(`smembers s${count}`));
    assert.equal(left.length, 5000 - count);
    assert.ok(left.every((member) => !popped.has(member)));
    f.keyspace.reclaim(100_000);
    f.keyspace.verify();
  }
  assert.equal(f.encoding("s4900"), "listpack");
});

test("SRANDMEMBER returns distinct members for a count and draws for a negative one", () => {
  const f = new Fixture();
  const sources = {
    integers: Array.from({ length: 400 }, (_, i) => String(i)),
    packed: Array.from({ length: 100 }, (_, i) => `m${i}`),
    table: Array.from({ length: 1000 }, (_, i) => `m${i}`),
  };
  for (const [key, members] of Object.entries(sources)) {
    f.callWords(["sadd", key, ...members]);
    for (const count of [1, 10, 90, 600, 2000]) {
      const drawn = bulks(f.call(`srandmember ${key} ${count}`));
      assert.equal(drawn.length, Math.min(count, members.length));
      assert.equal(new Set(drawn).size, drawn.length);
      assert.ok(drawn.every((member) => members.includes(member)));
    }
    assert.equal(bulks(f.call(`srandmember ${key} -3000`)).length, 3000);
  }
  assert.equal(f.call("srandmember table 0"), "*0");
  assert.equal(f.call("srandmember table 1 1"), "-ERR syntax error");
});

test("SMOVE moves between sets and refuses other types", () => {
  const f = new Fixture();
  f.listen();
  f.call("sadd a 1 x");
  assert.equal(f.call("smove a b 2"), ":0");
  assert.equal(f.call("smove a b 1"), ":1");
  assert.equal(f.encoding("b"), "intset");
  assert.equal(f.call("smove a a x"), ":1");
  assert.equal(f.call("smove a b x"), ":1");
  assert.equal(f.encoding("a"), "none");
  assert.equal(f.encoding("b"), "listpack");
  const moves = ["srem a", "sadd b", "srem a", "del a", "sadd b"];
  assert.deepEqual(f.events, ["sadd a", ...moves]);
  f.call("set s text");
  assert.equal(f.call("smove none s x"), ":0");
  assert.match(f.call("smove b s x"), /^-WRONGTYPE/);
});

test("intersections, unions and differences over every mix of encodings", () => {
  const f = new Fixture();
  const many = Array.from({ length: 700 }, (_, i) => String(i));
  f.call("sadd i 1 2 3 5000");
  f.call("sadd p 2 3 x y");
  f.callWords(["sadd", "t", ...many, "x"]);
  assert.equal(sorted(f.call("sinter i p t")), "2 3");
  assert.equal(sorted(f.call("sinter i t")), "1 2 3");
  assert.equal(sorted(f.call("sdiff i t")), "5000");
  assert.equal(sorted(f.call("sdiff p i none")), "x y");
  assert.equal(sorted(f.call("sdiff t t")), "");
  assert.equal(sorted(f.call("sunion i p none")), "1 2 3 5000 x y");
  assert.equal(bulks(f.call("sunion i p t i p")).length, 703);
  assert.equal(f.call("sintercard 2 i t"), ":3");
  assert.equal(f.call("sintercard 2 i t limit 2"), ":2");
  assert.equal(f.call("sintercard 2 i t limit 0"), ":3");
  assert.equal(f.call("sintercard 0 i"), "-ERR numkeys should be greater than 0");
  assert.equal(
    f.call("sintercard 3 i"),
    "-ERR Number of keys can't be greater than number of args",
  );
  assert.equal(f.call("sintercard 1 i limit -1"), "-ERR LIMIT can't be negative");
  assert.equal(f.call("sintercard 1 i foo 1"), "-ERR syntax error");
});

test("the STORE forms replace the destination, whatever it was", () => {
  const f = new Fixture();
  f.listen();
  f.call("sadd a 1 2 3");
  f.call("sadd b 2 3 x");
  f.call("set d text");
  assert.equal(f.call("sinterstore d a b"), ":2");
  assert.equal(f.encoding("d"), "intset");
  assert.equal(f.call("sunionstore d a b d"), ":4");
  assert.equal(f.encoding("d"), "listpack");
  assert.equal(f.call("sdiffstore a a b"), ":1");
  assert.equal(f.call("smembers a"), "*1 $1 1");
  assert.equal(f.call("sinterstore d a none"), ":0");
  assert.equal(f.encoding("d"), "none");
  assert.equal(f.call("sinterstore d a none"), ":0");
  const stores = ["sinterstore d", "sunionstore d", "sdiffstore a", "del d"];
  assert.deepEqual(f.events, ["sadd a", "sadd b", "set d", ...stores]);
  assert.equal(f.effects.at(-1), "sinterstore d a none");
  assert.equal(f.effects.length, 7);
});

test("an intersection of tables that is small is stored small", () => {
  const f = new Fixture();
  const many = Array.from({ length: 700 }, (_, i) => String(i));
  f.callWords(["sadd", "a", ...many, "x", "shared"]);
  f.callWords(["sadd", "b", ...many.map((each) => `9${each}`), "y", "shared"]);
  f.callWords(["sadd", "c", "9", "90", ...many.map((each) => `n${each}`)]);
  f.call("sinterstore d a b");
  assert.equal(f.encoding("d"), "listpack");
  f.call("sinterstore d a c");
  assert.equal(f.encoding("d"), "intset");
});

test("SSCAN returns a small set at once and meets every member of a large one", () => {
  const f = new Fixture();
  f.call("sadd s a b");
  assert.equal(f.call("sscan s 0"), "*2 $1 0 *2 $1 a $1 b");
  assert.equal(f.call("sscan s 0 type string"), "-ERR syntax error");
  assert.equal(f.call("sscan s 0 novalues"), "-ERR NOVALUES option can only be used in HSCAN");
  f.callWords(["sadd", "t", ...Array.from({ length: 3000 }, (_, i) => `m${i}`)]);
  const met = new Set<string>();
  let cursor = "0";
  do {
    const words = f.call(`sscan t ${cursor} match m*1`).split(" ");
    cursor = words[2];
    for (const word of words) if (word.startsWith("m")) met.add(word);
  } while (cursor !== "0");
  assert.equal(met.size, 300);
});

test("deleting everything gives all memory back", () => {
  const f = new Fixture();
  f.callWords(["sadd", "t", ...Array.from({ length: 3000 }, (_, i) => `m${i}`)]);
  f.callWords(["hset", "h", ...Array.from({ length: 3000 }, (_, i) => `m${i}`)]);
  f.call("sunionstore u t t");
  f.keyspace.flush(0);
  f.keyspace.reclaim(1_000_000);
  assert.equal(f.keyspace.memory.usedBytes, 0);
});

test("unions and differences are counted, to a limit or about", () => {
  const client = new TestDatabase().connect();
  const numbered = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => `m${from + i}`);
  client.call("SADD", "a", ...numbered(0, 6000));
  client.call("SADD", "b", ...numbered(4000, 9000));
  client.call("SADD", "i", "1", "2", "3");
  client.call("SET", "s", "x");
  assert.equal(client.call("SUNIONCARD", "3", "a", "b", "i"), 9003);
  assert.equal(client.call("SUNIONCARD", "1", "a", "LIMIT", "5"), 5);
  assert.equal(client.call("SUNIONCARD", "2", "b", "a", "LIMIT", "5001"), 5001);
  assert.equal(client.call("SUNIONCARD", "2", "a", "a", "LIMIT", "0"), 6000);
  assert.equal(client.call("SUNIONCARD", "2", "nothing", "none"), 0);
  const about = client.call("SUNIONCARD", "3", "a", "b", "i", "LIMIT", "0", "APPROX") as number;
  assert.ok(Math.abs(about - 9003) < 300, `${about}`);
  assert.equal(client.call("SUNIONCARD", "2", "a", "b", "APPROX", "LIMIT", "7"), 7);
  assert.equal(client.call("SDIFFCARD", "3", "a", "b", "nothing"), 4000);
  assert.equal(client.call("SDIFFCARD", "2", "a", "b", "LIMIT", "10"), 10);
  assert.equal(client.call("SDIFFCARD", "2", "a", "a"), 0);
  for (const [words, error] of [
    ["SUNIONCARD 0 a", "numkeys should be greater than 0"],
    ["SUNIONCARD 3 a b", "Number of keys can't be greater than number of args"],
    ["SUNIONCARD 1 a LIMIT -1", "LIMIT can't be negative"],
    ["SUNIONCARD 1 a LIMIT", "syntax error"],
    ["SDIFFCARD 1 a APPROX", "syntax error"],
    ["SDIFFCARD 2 a s", "WRONGTYPE"],
  ] as const) {
    assert.ok(client.raw(...words.split(" ")).includes(error), words);
  }
});
