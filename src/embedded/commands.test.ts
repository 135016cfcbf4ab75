// Every command as a method: that it is there, and that it returns what its documentation says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { commandFamilies } from "../commands/all-commands.ts";
import { ReplyError } from "../protocol/reply-reader.ts";
import type { Database } from "./database.ts";
import { open } from "./open.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function withDatabase(work: (db: Database) => void): void {
  const db = open({ seed: 7 });
  try {
    work(db);
    assert.equal(db.call("PING"), "PONG");
  } finally {
    db.close();
  }
}

/** Commands without a method of their own, and why. */
const without: Record<string, string> = {
  exec: "a method of what multi() returns",
  discard: "a method of what multi() returns",
  unwatch: "discard() of what watch() returns",
  blpop: "a call that waits would stop the program that is to fill the list",
  brpop: "as blpop",
  blmove: "as blpop",
  brpoplpush: "as blpop",
  blmovem: "as blpop",
  blmpop: "as blpop",
  bzpopmin: "as blpop",
  bzpopmax: "as blpop",
  bzmpop: "as blpop",
  unsubscribe: "subscribe() returns a function for it",
  punsubscribe: "psubscribe() returns a function for it",
  ssubscribe: "shard channels are for clients of a server",
  sunsubscribe: "as ssubscribe",
  xidmprecord: "the log's own",
  select: "database(index)",
  quit: "there is no connection",
  reset: "there is no connection",
  auth: "there is no connection",
  hello: "there is no connection",
  client: "there is no connection",
  function: "defineFunction() and register() define them",
  role: "for Sentinel and clients of a server",
  shutdown: "close()",
  module: "there are none",
  replicaof: "there is no replication",
  slaveof: "as replicaof",
  wait: "as replicaof",
  waitaof: 'fsync: "always" means the disk',
  cluster: "there is none",
  asking: "as cluster",
  readonly: "as cluster",
  readwrite: "as cluster",
  pfdebug: "for tests of servers; call() has it",
  pfselftest: "as pfdebug",
  lolwut: "for those who ask a server; call() has it",
  debug: "for tests of servers; call() has it",
  command: "for clients that must learn the commands first; methods have types",
};

test("every command is a method, or it is said why not", () => {
  const db = open();
  for (const { name } of commandFamilies.flat()) {
    const method = (db as unknown as Record<string, unknown>)[name];
    if (name in without) assert.equal(method, undefined, `${name} is a method after all`);
    else assert.equal(typeof method, "function", `${name} has no method`);
  }
  const names = new Set(commandFamilies.flat().map(({ name }) => name));
  for (const name of Object.keys(without)) assert.ok(names.has(name), `${name} is no command`);
  db.close();
});

test("dumps are bytes, in whichever form the rest is", () => {
  withDatabase((db) => {
    db.rpush("list", "a", "b");
    const payload = db.dump("list");
    assert.ok(payload instanceof Uint8Array);
    assert.deepEqual(db.bytes.dump("list"), payload);
    assert.equal(db.dump("nothing"), null);
    assert.equal(db.restore("copy", 0, payload), "OK");
    assert.deepEqual(db.lrange("copy", 0, -1), ["a", "b"]);
    assert.throws(() => db.restore("copy", 0, payload), /BUSYKEY/);
    const at = Date.now() + 100_000;
    assert.equal(db.restore("copy", at, payload, { replace: true, absttl: true }), "OK");
    assert.equal(db.pexpiretime("copy"), at);
    const [text, dumped] = db.multi().get("nothing").dump("list").exec() ?? [];
    assert.equal(text, null);
    assert.deepEqual(dumped, payload);
  });
});

test("strings", () => {
  withDatabase((db) => {
    assert.equal(db.set("k", "v"), "OK");
    assert.equal(db.get("k"), "v");
    assert.equal(db.get("nothing"), null);
    assert.equal(db.set("k", "w", { nx: true }), null);
    assert.equal(db.set("k", "w", { xx: true, get: true }), "v");
    assert.equal(db.set("k", "x", { ex: 60 }), "OK");
    assert.equal(db.ttl("k"), 60);
    assert.equal(db.set("k", "y", { keepttl: true }), "OK");
    assert.equal(db.ttl("k"), 60);
    assert.equal(db.getex("k", { persist: true }), "y");
    assert.equal(db.ttl("k"), -1);
    assert.equal(db.getset("k", "z"), "y");
    assert.equal(db.getdel("k"), "z");
    assert.equal(db.exists("k"), 0);
    assert.equal(db.mset({ a: 1, b: "zwei" }), "OK");
    assert.equal(db.mset("c", 3, "d", 4n), "OK");
    assert.deepEqual(db.mget("a", ["b", "c"], "nothing"), ["1", "zwei", "3", null]);
    assert.equal(db.msetnx(new Map([["a", "x"]])), 0);
    assert.equal(db.msetnx("e", 5), 1);
    assert.equal(db.setnx("e", 6), 0);
    assert.equal(db.setex("f", 10, "v"), "OK");
    assert.equal(db.psetex("f", 10_000, "v"), "OK");
    assert.equal(db.append("f", "alue"), 5);
    assert.equal(db.strlen("f"), 5);
    assert.equal(db.getrange("f", 1, -2), "alu");
    assert.equal(db.substr("f", 0, 0), "v");
    assert.equal(db.setrange("f", 0, "V"), 5);
    assert.equal(db.incr("n"), 1);
    assert.equal(db.incrby("n", 41), 42);
    assert.equal(db.decr("n"), 41);
    assert.equal(db.decrby("n", 40), 1);
    assert.equal(db.incrbyfloat("n", 0.5), "1.5");
    db.set("big", 2n ** 62n);
    assert.equal(db.incr("big") as unknown, 2n ** 62n + 1n);
  });
});

test("common subsequences", () => {
  withDatabase((db) => {
    db.mset({ a: "ohmytext", b: "mynewtext" });
    assert.equal(db.lcs("a", "b"), "mytext");
    assert.equal(db.lcs("a", "b", { len: true }), 6);
    const matches = [
      { a: [4, 7], b: [5, 8], length: 4 },
      { a: [2, 3], b: [0, 1], length: 2 },
    ];
    assert.deepEqual(db.lcs("a", "b", { idx: true }), { matches, len: 6 });
    const long = { matches: matches.slice(0, 1), len: 6 };
    assert.deepEqual(db.bytes.lcs("a", "b", { idx: true, minmatchlen: 3 }), long);
    assert.deepEqual(db.multi().lcs("a", "b", { idx: true }).exec(), [{ matches, len: 6 }]);
    const [error] = db.multi().rpush("l", "x").lcs("l", "a").exec()?.slice(1) ?? [];
    assert.ok(error instanceof ReplyError);
    assert.deepEqual(db.bytes.lcs("a", "b"), encode("mytext"));
  });
});

test("strings with conditions", () => {
  withDatabase((db) => {
    assert.equal(db.set("k", "v", { ifeq: "x" }), null);
    assert.equal(db.set("k", "v", { ifne: "x", ex: 60 }), "OK");
    assert.equal(db.set("k", "w", { ifeq: "v", keepttl: true }), "OK");
    assert.equal(db.ttl("k"), 60);
    assert.equal(db.set("k", "x", { ifeq: "v", get: true }), "w");
    const digest = db.digest("k") as string;
    assert.match(digest, /^[0-9a-f]{16}$/);
    assert.equal(db.set("k", "x", { ifdne: digest }), null);
    assert.equal(db.set("k", "x", { ifdeq: digest }), "OK");
    assert.equal(db.digest("nothing"), null);
    assert.equal(db.delex("k", { ifeq: "w" }), 0);
    assert.equal(db.delex("k", { ifne: "w" }), 1);
    assert.equal(db.delex("k"), 0);
    assert.equal(db.msetex({ a: 1, b: 2 }, { ex: 60, nx: true }), 1);
    assert.equal(db.msetex(new Map([["a", "x"]]), { nx: true }), 0);
    assert.equal(db.msetex({}), 1);
    assert.equal(db.ttl("b"), 60);
    assert.equal(db.delifeq("a", 2), 0);
    assert.equal(db.delifeq("a", 1), 1);
  });
});

test("counters with bounds and deadlines", () => {
  withDatabase((db) => {
    assert.deepEqual(db.increx("n"), [1, 1]);
    assert.deepEqual(db.increx("n", { byint: 10, ubound: 5 }), [1, 0]);
    assert.deepEqual(db.increx("n", { byint: 10, ubound: 5, saturate: true }), [5, 4]);
    assert.deepEqual(db.increx("n", { byint: -1, ex: 60, enx: true }), [4, -1]);
    assert.equal(db.ttl("n"), 60);
    assert.deepEqual(db.increx("n", { byfloat: 0.25, persist: true }), [4.25, 0.25]);
    assert.equal(db.ttl("n"), -1);
    assert.equal(db.get("n"), "4.25");
    assert.deepEqual(db.increx("m", { byint: 2n ** 62n }) as unknown[], [2n ** 62n, 2n ** 62n]);
  });
});

test("bits of strings", () => {
  withDatabase((db) => {
    assert.equal(db.setbit("k", 7, 1), 0);
    assert.equal(db.setbit("k", 7, 1), 1);
    assert.equal(db.getbit("k", 7), 1);
    assert.equal(db.getbit("k", 700), 0);
    db.set("k", "foobar");
    assert.equal(db.bitcount("k"), 26);
    assert.equal(db.bitcount("k", { start: 1, end: 1 }), 6);
    assert.equal(db.bitcount("k", { start: 5, end: -10, unit: "BIT" }), 19);
    assert.equal(db.bitpos("k", 1), 1);
    assert.equal(db.bitpos("k", 1, { start: 2 }), 17);
    assert.equal(db.bitpos("k", 0, { start: 1, end: 3, unit: "BIT" }), 3);
    assert.equal(db.bitpos("k", 1, { start: 3, unit: "BIT" }), 5);
    db.set("l", "abcdef");
    assert.equal(db.bitop("AND", "d", "k", "l"), 6);
    assert.equal(db.get("d"), "`bc`ab");
    assert.equal(db.bitop("DIFF", "d", ["k", "l"]), 6);
    const read = db.bitfield(
      "n",
      { set: "u8", offset: "#1", value: 200 },
      { get: "i8", offset: 8 },
    );
    assert.deepEqual(read, [0, -56]);
    const add = { incrby: "u8", offset: 8, increment: 100, overflow: "FAIL" } as const;
    assert.deepEqual(db.bitfield("n", add, { ...add, overflow: "SAT" }), [null, 255]);
    assert.deepEqual(db.bitfield("n", { ...add, overflow: undefined }), [99]);
    assert.deepEqual(db.bitfield_ro("n", { get: "u16", offset: 0 }), [99]);
    db.bitfield("n", { set: "i64", offset: 0, value: 2n ** 62n });
    assert.deepEqual(db.bitfield_ro("n", { get: "i64", offset: 0 }) as unknown[], [2n ** 62n]);
    assert.deepEqual(db.bitfield("n"), []);
    const wrong = { start: 0, END: 1 } as unknown as { start: number; end: number };
    assert.throws(() => db.bitcount("k", wrong), /no option 'END'/);
    assert.deepEqual(db.multi().setbit("m", 0, 1).bitcount("m").exec(), [0, 1]);
  });
});

test("HyperLogLogs", () => {
  withDatabase((db) => {
    assert.equal(db.pfadd("h"), 1);
    assert.equal(db.pfadd("h", "a", ["b", "c"], new Set(["d"])), 1);
    assert.equal(db.pfadd("h", "a", "b"), 0);
    assert.equal(db.pfadd("h", []), 0);
    assert.equal(db.pfcount("h"), 4);
    assert.equal(db.pfcount("nothing"), 0);
    assert.equal(db.pfcount([]), 0);
    db.pfadd("i", "c", "d", "e");
    assert.equal(db.pfcount("h", "i"), 5);
    assert.equal(db.pfmerge("all", "h", ["i"]), "OK");
    assert.equal(db.pfcount("all"), 5);
    assert.equal(db.call("PFDEBUG", "ENCODING", "all"), "sparse");
    assert.equal(db.call("PFSELFTEST"), "OK");
    const before = db.bytes.get("all");
    assert.throws(() => {
      db.transaction(() => {
        db.pfadd("all", ...Array.from({ length: 5000 }, (_, i) => i));
        db.pfmerge("h", "all");
        assert.equal(db.call("PFDEBUG", "ENCODING", "h"), "dense");
        db.pfadd("all", "one more of them");
        db.pfcount("all");
        throw new Error("rolled back");
      });
    }, /rolled back/);
    assert.deepEqual(db.bytes.get("all"), before);
    assert.equal(db.pfcount("h"), 4);
  });
});

test("keys and deadlines", () => {
  withDatabase((db) => {
    db.mset({ a: 1, b: 2 });
    assert.equal(db.exists("a", "a", "x"), 2);
    assert.equal(db.type("a"), "string");
    assert.deepEqual(db.keys("*").sort(), ["a", "b"]);
    assert.deepEqual(db.scan(0, { match: "a*", count: 100, type: "string" }), [0, ["a"]]);
    assert.ok(["a", "b"].includes(db.randomkey() as string));
    assert.equal(db.rename("a", "c"), "OK");
    assert.equal(db.renamenx("c", "b"), 0);
    assert.equal(db.copy("c", "d"), 1);
    assert.equal(db.copy("c", "d", { db: 1, replace: true }), 1);
    assert.equal(db.database(1).get("d"), "1");
    assert.equal(db.touch("c", "d"), 2);
    assert.equal(db.move("c", 2), 1);
    assert.equal(db.object("encoding", "b"), "int");
    assert.equal(db.object("refcount", "nothing"), null);
    assert.equal(db.expire("b", 100, "nx"), 1);
    assert.equal(db.expire("b", 50, "GT"), 0);
    assert.equal(db.pexpire("b", 100_000), 1);
    assert.ok(db.pttl("b") > 99_000);
    assert.equal(db.expireat("b", 4_000_000_000), 1);
    assert.equal(db.expiretime("b"), 4_000_000_000);
    assert.equal(db.pexpireat("b", 4_000_000_000_123), 1);
    assert.equal(db.pexpiretime("b"), 4_000_000_000_123);
    assert.equal(db.persist("b"), 1);
    assert.equal(db.ttl("b"), -1);
    assert.equal(db.ttl("nothing"), -2);
    assert.equal(db.unlink("b", "d"), 2);
    assert.equal(db.del(["x", "y"]), 0);
    assert.equal(db.memory("usage", "x"), null);
  });
});

test("lists", () => {
  withDatabase((db) => {
    assert.equal(db.rpush("l", "b", "c"), 2);
    assert.equal(db.lpush("l", ["a"]), 3);
    assert.equal(db.rpushx("l", "d"), 4);
    assert.equal(db.lpushx("nothing", "d"), 0);
    assert.deepEqual(db.lrange("l", 0, -1), ["a", "b", "c", "d"]);
    assert.equal(db.llen("l"), 4);
    assert.equal(db.lindex("l", -1), "d");
    assert.equal(db.lindex("l", 9), null);
    assert.equal(db.lset("l", 0, "A"), "OK");
    assert.equal(db.linsert("l", "BEFORE", "b", "a2"), 5);
    assert.equal(db.lpos("l", "b"), 2);
    assert.equal(db.lpos("l", "x"), null);
    assert.deepEqual(db.lpos("l", "b", { count: 0, rank: -1, maxlen: 10 }), [2]);
    assert.equal(db.lrem("l", 0, "a2"), 1);
    assert.equal(db.ltrim("l", 0, 2), "OK");
    assert.equal(db.lmove("l", "m", "left", "right"), "A");
    assert.equal(db.rpoplpush("l", "m"), "c");
    assert.deepEqual(db.lmpop(["nothing", "m"], "RIGHT", { count: 5 }), ["m", ["A", "c"]]);
    assert.equal(db.lmpop("m", "LEFT"), null);
    assert.equal(db.lpop("l"), "b");
    assert.equal(db.lpop("l"), null);
    assert.equal(db.rpop("l", 3), null);
    db.rpush("l", 1, 2, 3);
    assert.deepEqual(db.rpop("l", 2), ["3", "2"]);
    assert.equal(db.call("BLPOP", "nothing", 0), null, "what would wait finds nothing");
    assert.deepEqual(db.call("BLPOP", "l", 0), ["l", "1"]);
    db.rpush("n", "a", "b", "c", "d", "e", "f");
    assert.deepEqual(db.lmovem("n", "o", "left", "right"), ["a"]);
    assert.deepEqual(db.lmovem("n", "o", "LEFT", "LEFT", { count: 2 }), ["b", "c"]);
    assert.deepEqual(db.lmovem("n", "o", "LEFT", "LEFT", { order: "OBO", exactly: 2 }), ["e", "d"]);
    assert.equal(db.lmovem("n", "o", "LEFT", "LEFT", { exactly: 2 }), null);
    assert.deepEqual(db.lrange("o", 0, -1), ["e", "d", "b", "c", "a"]);
    assert.throws(() => db.lmovem("n", "o", "LEFT", "LEFT", { order: "OBO" }), /syntax error/);
  });
});

test("hashes", () => {
  withDatabase((db) => {
    assert.equal(db.hset("h", { a: 1, b: "zwei" }), 2);
    assert.equal(db.hset("h", "a", 1, "c", 3), 1);
    assert.equal(db.hset("h", new Map([["d", 4]])), 1);
    assert.equal(db.hmset("h", { a: 1 }), "OK");
    assert.equal(db.hsetnx("h", "a", 9), 0);
    assert.equal(db.hget("h", "b"), "zwei");
    assert.equal(db.hget("h", "x"), null);
    assert.deepEqual(db.hmget("h", "a", "x"), ["1", null]);
    assert.deepEqual({ ...db.hgetall("h") }, { a: "1", b: "zwei", c: "3", d: "4" });
    assert.equal(Object.getPrototypeOf(db.hgetall("h")), null);
    assert.deepEqual({ ...db.hgetall("nothing") }, {});
    assert.deepEqual(db.hkeys("h"), ["a", "b", "c", "d"]);
    assert.deepEqual(db.hvals("h"), ["1", "zwei", "3", "4"]);
    assert.equal(db.hlen("h"), 4);
    assert.equal(db.hexists("h", "a"), 1);
    assert.equal(db.hstrlen("h", "b"), 4);
    assert.equal(db.hincrby("h", "a", 2), 3);
    assert.equal(db.hincrbyfloat("h", "a", "0.5"), "3.5");
    assert.ok(["a", "b", "c", "d"].includes(db.hrandfield("h") as string));
    assert.equal(db.hrandfield("h", 9).length, 4);
    assert.deepEqual(db.hrandfield("h", 9, { withvalues: true })[0], ["a", "3.5"]);
    assert.deepEqual(db.hscan("h", 0, { match: "b" }), [0, [["b", "zwei"]]]);
    assert.equal(db.hdel("h", "a", "x"), 1);
    db.hset("h", "__proto__", "kept");
    assert.deepEqual(Object.entries(db.hgetall("h")).at(-1), ["__proto__", "kept"]);
  });
});

test("sorted sets", () => {
  withDatabase((db) => {
    assert.equal(db.zadd("z", { a: 1, b: 2.5 }), 2);
    assert.equal(db.zadd("z", new Map([["c", "inf"]])), 1);
    assert.equal(db.zadd("z", -1, "d", 2, "b"), 1);
    assert.equal(db.zadd("z", { a: 5, e: 6 }, { xx: true, gt: true, ch: true }), 1);
    assert.equal(db.zadd("z", {}), 0);
    assert.throws(() => db.zadd("z", { a: 1 }, { incr: true } as object), /no option 'incr'/);
    assert.equal(db.zincrby("z", -0.5, "a"), 4.5);
    assert.equal(db.zscore("z", "a"), 4.5);
    assert.equal(db.zscore("z", "c"), Infinity);
    assert.equal(db.zscore("z", "x"), null);
    assert.deepEqual(db.zmscore("z", "d", "x"), [-1, null]);
    assert.deepEqual(db.zrange("z", 0, -1), ["d", "b", "a", "c"]);
    assert.deepEqual(db.zrange("z", 0, 1, { withscores: true }), [
      ["d", -1],
      ["b", 2],
    ]);
    const upwards = { byscore: true, limit: [1, 1] } as const;
    assert.deepEqual(db.zrange("z", -1, "(5", upwards), ["b"]);
    assert.deepEqual(db.zrange("z", 0, 0, { rev: true }), ["c"]);
    assert.throws(() => db.zrange("z", 0, 1, { limit: 5 } as object), /limit is an array/);
    assert.deepEqual(db.zrevrange("z", 0, 1), ["c", "a"]);
    assert.deepEqual(db.zrangebyscore("z", 2, 5), ["b", "a"]);
    assert.deepEqual(db.zrevrangebyscore("z", 5, 2, { withscores: true, limit: [0, 1] }), [
      ["a", 4.5],
    ]);
    assert.equal(db.zrank("z", "b"), 1);
    assert.deepEqual(db.zrevrank("z", "b", { withscore: true }), [2, 2]);
    assert.equal(db.zrank("z", "x"), null);
    assert.equal(db.zcard("z"), 4);
    assert.equal(db.zcount("z", 0, "+inf"), 3);
    assert.equal(db.zrangestore("y", "z", 0, 1), 2);
    db.zadd("lex", { a: 0, b: 0, c: 0 });
    assert.deepEqual(db.zrangebylex("lex", "[b", "+"), ["b", "c"]);
    assert.deepEqual(db.zrevrangebylex("lex", "(c", "-"), ["b", "a"]);
    assert.equal(db.zlexcount("lex", "-", "[b"), 2);
    assert.equal(db.zremrangebylex("lex", "[a", "[a"), 1);
    assert.equal(db.zremrangebyrank("lex", 0, 0), 1);
    assert.equal(db.zremrangebyscore("lex", 0, 0), 1);
    assert.deepEqual(db.zunion(["z", "y"], { withscores: true, weights: [1, 2] }).slice(0, 2), [
      ["d", -3],
      ["a", 4.5],
    ]);
    assert.deepEqual(db.zinter(["z", "y"]), ["d", "b"]);
    assert.deepEqual(db.zdiff(["z", "y"], { withscores: true })[0], ["a", 4.5]);
    assert.equal(db.zunionstore("u", ["z", "y"], { aggregate: "MAX" }), 4);
    assert.equal(db.zinterstore("u", ["z", "y"]), 2);
    assert.equal(db.zdiffstore("u", "z", "y"), 2);
    assert.equal(db.zintercard(["z", "y"], { limit: 1 }), 1);
    assert.ok(["a", "b", "c", "d"].includes(db.zrandmember("z") as string));
    assert.equal(db.zrandmember("z", 9).length, 4);
    assert.equal(db.zrandmember("z", -9, { withscores: true })[0].length, 2);
    assert.deepEqual(db.zscan("z", 0, { match: "c" }), [0, [["c", Infinity]]]);
    assert.deepEqual(db.zpopmin("z"), ["d", -1]);
    assert.deepEqual(db.zpopmax("z", 2), [
      ["c", Infinity],
      ["a", 4.5],
    ]);
    assert.deepEqual(db.zmpop(["x", "z"], "MIN", { count: 5 }), ["z", [["b", 2]]]);
    assert.equal(db.zmpop("z", "max"), null);
    assert.deepEqual(db.zpopmin("z"), []);
    assert.equal(db.zrem("y", "d", "x"), 1);
  });
});

test("sorting", () => {
  withDatabase((db) => {
    db.rpush("l", 3, 1, 2, 10);
    assert.deepEqual(db.sort("l"), ["1", "2", "3", "10"]);
    assert.deepEqual(db.sort("l", { desc: true, limit: [0, 2] }), ["10", "3"]);
    assert.deepEqual(db.sort_ro("l", { alpha: true }), ["1", "10", "2", "3"]);
    db.mset({ "w:1": 4, "w:2": 3, "w:3": 2 });
    const byWeight = { by: "w:*", get: ["#", "w:*"] };
    assert.deepEqual(db.sort("l", byWeight), ["10", null, "3", "2", "2", "3", "1", "4"]);
    assert.equal(db.sort("l", { store: "sorted" }), 4);
    assert.deepEqual(db.lrange("sorted", 0, -1), ["1", "2", "3", "10"]);
    db.rpush("huge", 1, "1e400");
    assert.throws(() => db.sort("huge"), /can't be converted into double/);
    assert.throws(() => db.sort("l", { order: "desc" } as object), /no option 'order'/);
    assert.throws(() => db.sort("l", { limit: 3 } as object), /limit is an array/);
  });
});

test("positions", () => {
  withDatabase((db) => {
    assert.equal(db.geoadd("g", 13.361389, 38.115556, "Palermo"), 1);
    assert.equal(
      db.geoadd("g", { Catania: [15.087269, 37.502669], Palermo: [0, 0] }, { nx: true }),
      1,
    );
    assert.equal(db.geoadd("g", new Map([["Palermo", [13.361389, 38.115556]]]), { ch: true }), 0);
    assert.equal(db.geoadd("g", {}), 0);
    assert.deepEqual(db.geopos("g", "Palermo", "x"), [
      [13.361389338970184, 38.1155563954963],
      null,
    ]);
    assert.deepEqual(db.geohash("g", "Palermo"), ["sqc8b49rny0"]);
    assert.equal(db.geodist("g", "Palermo", "Catania"), "166274.1516");
    assert.equal(db.geodist("g", "Palermo", "Catania", "km"), "166.2742");
    assert.equal(db.geodist("g", "Palermo", "x"), null);
    const near = { fromlonlat: [15, 37], byradius: [200, "km"] } as const;
    assert.deepEqual(db.geosearch("g", { ...near, asc: true }), ["Catania", "Palermo"]);
    const detailed = db.geosearch("g", { ...near, count: 1, withdist: true, withhash: true });
    assert.deepEqual(detailed, [["Catania", "56.4413", 3479447370796909]]);
    const box = { frommember: "Palermo", bybox: [10, 10, "km"] } as const;
    assert.equal(db.geosearchstore("h", "g", { ...box, storedist: true }), 1);
    const bypolygon: [number, number][] = [14, 16, 15].map((x, i) => [x, i < 2 ? 37 : 39]);
    assert.deepEqual(db.geosearch("g", { bypolygon, count: 5 }), ["Catania"]);
    assert.equal(db.geosearchstore("p", "g", { bypolygon }), 1);
    assert.throws(
      () => db.geosearch("g", { bypolygon: bypolygon.slice(1) }),
      /at least 3 vertices/,
    );
    assert.deepEqual(db.zrange("h", 0, -1, { withscores: true }), [["Palermo", 0]]);
    assert.deepEqual(db.georadius_ro("g", [15, 37], 100, "km"), ["Catania"]);
    assert.equal(db.georadius("g", [15, 37], 100, "km", { store: "h" }), 1);
    assert.deepEqual(db.georadiusbymember_ro("g", "Palermo", 1, "m"), ["Palermo"]);
    assert.deepEqual(db.georadiusbymember("g", "Palermo", 900, "mi", { desc: true }), [
      "Catania",
      "Palermo",
    ]);
    assert.throws(() => db.geoadd("g", 181, 0, "a"), /invalid longitude,latitude pair 181.0/);
  });
});

test("sets", () => {
  withDatabase((db) => {
    assert.equal(db.sadd("s", "a", "b", ["c"]), 3);
    assert.equal(db.srem("s", "x", "c"), 1);
    assert.equal(db.sismember("s", "a"), 1);
    assert.deepEqual(db.smismember("s", "a", "x"), [1, 0]);
    assert.deepEqual(db.smembers("s").sort(), ["a", "b"]);
    assert.deepEqual(db.smembers("nothing"), []);
    assert.equal(db.scard("s"), 2);
    db.sadd("t", "b", "d");
    assert.deepEqual(db.sinter("s", "t"), ["b"]);
    assert.equal(db.sintercard(["s", "t"], { limit: 5 }), 1);
    assert.equal(db.sunioncard(["s", "t", "nothing"]), 3);
    assert.equal(db.sunioncard(["s", "t"], { limit: 2 }), 2);
    assert.equal(db.sunioncard(["s", "t"], { approx: true }), 3);
    assert.equal(db.sdiffcard(["s", "t"]), 1);
    assert.equal(db.sdiffcard(["nothing", "t"]), 0);
    assert.deepEqual(db.sunion("s", "t").sort(), ["a", "b", "d"]);
    assert.deepEqual(db.sdiff("s", "t"), ["a"]);
    assert.equal(db.sinterstore("u", "s", "t"), 1);
    assert.equal(db.sunionstore("u", "s", "t"), 3);
    assert.equal(db.sdiffstore("u", "s", "t"), 1);
    assert.equal(db.smove("s", "t", "a"), 1);
    assert.deepEqual(db.sscan("u", 0), [0, ["a"]]);
    assert.equal(db.srandmember("u"), "a");
    assert.deepEqual(db.srandmember("u", -2), ["a", "a"]);
    assert.deepEqual(db.spop("t", 9).sort(), ["a", "b", "d"]);
    assert.equal(db.spop("t"), null);
  });
});

test("the database as a whole", () => {
  withDatabase((db) => {
    assert.equal(db.ping(), "PONG");
    assert.equal(db.ping("hello"), "hello");
    assert.equal(db.echo("hello"), "hello");
    db.set("a", 1);
    assert.equal(db.dbsize(), 1);
    assert.equal(db.swapdb(0, 1), "OK");
    assert.equal(db.database(1).get("a"), "1");
    assert.equal(db.database(1).flushdb(), "OK");
    assert.equal(db.flushall(), "OK");
    assert.equal(db.database(1).dbsize(), 0);
    assert.match(db.info("server"), /redis_version:7\.4\.0/);
    assert.match(db.time()[0], /^\d+$/);
    assert.ok(Math.abs(Number(db.time()[0]) - db.lastsave()) < 600);
    assert.deepEqual({ ...db.config("get", "maxmemory") }, { maxmemory: "0" });
    assert.equal(db.config("set", "hash-max-listpack-entries", 4), "OK");
    assert.equal(db.publish("nobody", "hears"), 0);
    assert.equal(db.spublish("nobody", "hears"), 0);
    assert.deepEqual(db.pubsub("channels"), []);
    assert.equal(db.pubsub("numpat"), 0);
  });
});

test("bytes in and out", () => {
  withDatabase((db) => {
    const bytes = Uint8Array.of(0, 255, 13, 10, 128);
    assert.equal(db.set(bytes, bytes), "OK");
    assert.deepEqual(db.bytes.get(bytes), bytes);
    assert.equal(db.bytes.get("nothing"), null);
    db.hset("h", [[bytes, bytes]]);
    assert.deepEqual(db.bytes.hgetall("h"), [[bytes, bytes]]);
    assert.deepEqual(db.bytes.hmget("h", bytes, "x"), [bytes, null]);
    db.sadd("s", bytes);
    assert.deepEqual(db.bytes.smembers("s"), [bytes]);
    assert.deepEqual(db.bytes.sscan("s", 0), [0, [bytes]]);
    db.rpush("l", bytes, "text");
    assert.deepEqual(db.bytes.lrange("l", 0, -1), [bytes, encode("text")]);
    assert.equal(db.bytes.type("l"), "list");
    assert.equal(db.bytes.rpush("l", 1), 3);
    const got = db.bytes.get(bytes) as Uint8Array;
    got[0] = 77;
    assert.deepEqual(db.bytes.get(bytes), bytes, "what comes out is a copy");
    assert.ok(!(got.buffer instanceof SharedArrayBuffer));
  });
});

test("texts of every length and kind come back as they went in", () => {
  withDatabase((db) => {
    const texts = ["", "ü", "日本語", "🙂".repeat(9), "\u0000\r\n", "\ufeffmark", "a".repeat(9000)];
    for (let length = 1; length <= 40; length++) texts.push(`${"x".repeat(length - 1)}y`);
    texts.push("long ".repeat(500_000));
    for (const text of texts) {
      db.set(text, text);
      assert.equal(db.get(text), text);
      assert.equal(db.exists(text), 1);
    }
    assert.equal(db.dbsize(), texts.length);
  });
});

test("numbers go in as their decimal text", () => {
  withDatabase((db) => {
    for (const number of [0, -1, 1.5, 2 ** 53, -(2 ** 60), 1e21, 5e-324, 12345678901234]) {
      db.set("n", number);
      assert.equal(Number(db.get("n")), number);
    }
    db.set("n", -0);
    assert.equal(db.get("n"), "0");
    db.set("n", 123456789012345678901234567890n);
    assert.equal(db.get("n"), "123456789012345678901234567890");
  });
});

test("what is no argument is refused", () => {
  withDatabase((db) => {
    const loose = db as unknown as Record<string, (...args: unknown[]) => unknown>;
    assert.throws(() => loose.set("k", null), /an argument is a string, .* not null/);
    assert.throws(() => loose.set("k", true), TypeError);
    assert.throws(() => loose.set("k", undefined), TypeError);
    assert.throws(() => loose.append("k", undefined), /wrong number of arguments for 'append'/);
    assert.throws(() => loose.lpush("k", [undefined]), TypeError);
    assert.throws(() => loose.get(), TypeError);
    assert.throws(() => loose.strlen(), TypeError);
    assert.throws(() => loose.incr(), /wrong number of arguments for 'incr'/);
    assert.throws(() => loose.hmget("k"), /wrong number of arguments for 'hmget'/);
    assert.equal(db.dbsize(), 0);
  });
});

test("a refused command throws a ReplyError with its code", () => {
  withDatabase((db) => {
    db.set("k", "text");
    const code = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        assert.ok(error instanceof ReplyError);
        return error.code;
      }
      return "";
    };
    assert.equal(
      code(() => db.lpush("k", 1)),
      "WRONGTYPE",
    );
    assert.equal(
      code(() => db.incr("k")),
      "ERR",
    );
    assert.equal(
      code(() => db.call("NOSUCH", "x")),
      "ERR",
    );
    assert.equal(
      code(() => db.call("GET")),
      "ERR",
    );
    db.rpush("l", 1);
    assert.equal(
      code(() => db.get("l")),
      "WRONGTYPE",
    );
    assert.equal(db.get("k"), "text");
  });
});

test("call() takes any command, over a connection of its own", () => {
  withDatabase((db) => {
    assert.equal(db.call("set", "k", 1), "OK");
    assert.equal(db.call("OBJECT", "ENCODING", "k"), "int");
    assert.deepEqual(db.bytes.call("GET", "k"), encode("1"));
    db.call("SELECT", 3);
    db.call("SET", "k", "three");
    assert.equal(db.get("k"), "1");
    assert.equal(db.database(3).get("k"), "three");
    assert.equal(db.call("MULTI"), "OK");
    assert.equal(db.call("GET", "k"), "QUEUED");
    assert.equal(db.get("k"), "1");
    assert.deepEqual(db.call("EXEC"), ["three"]);
    db.call("HELLO", 2);
    assert.equal(db.call("HGET", "h", "f"), null);
    assert.equal(db.call("CLIENT", "REPLY", "OFF"), null);
    assert.equal(db.call("PING"), null);
    assert.equal(db.call("CLIENT", "REPLY", "ON"), "OK");
    assert.throws(() => db.call("SUBSCRIBE", "c"), /use db\.subscribe/);
    assert.throws(() => db.call("SHUTDOWN"), /use db\.close/);
  });
});

test("options that a method does not know are refused", () => {
  withDatabase((db) => {
    db.set("k", "v");
    // biome-ignore lint/suspicious/noExplicitAny: what programs without types write
    const untyped = db as any;
    const refused: [() => unknown, RegExp][] = [
      [
        () => untyped.set("k", "w", "EX", 60),
        /^set\(\): options are an object, such as .* not 'EX'$/,
      ],
      [() => untyped.set("k", "w", "NX"), /not 'NX'$/],
      [() => untyped.set("k", "w", null), /not null$/],
      [() => untyped.set("k", "w", ["EX", 60]), /not an array$/],
      [
        () => untyped.set("k", "w", { EX: 60 }),
        /^set\(\): there is no option 'EX'; there are ex, px,/,
      ],
      [() => untyped.getex("k", "EX", 50), /^getex\(\): options are an object/],
      [() => untyped.scan(0, "MATCH", "x"), /^scan\(\): options are an object/],
      [() => untyped.scan(0, { cnt: 3 }), /no option 'cnt'/],
      [() => untyped.hscan("h", 0, { type: "x" }), /no option 'type'/],
      [() => untyped.sscan("s", 0, 5), /not 5$/],
      [() => untyped.copy("k", "l", { REPLACE: true }), /no option 'REPLACE'/],
      [() => untyped.lpos("l", "e", { max: 1 }), /no option 'max'/],
      [() => untyped.lmpop("l", "LEFT", 2), /not 2$/],
      [() => untyped.lmovem("l", "m", "LEFT", "LEFT", 2), /not 2$/],
      [() => untyped.sintercard("s", 2), /not 2$/],
      [() => untyped.hrandfield("h", 1, true), /not true$/],
      [() => untyped.call(), /the command's name is missing/],
      [() => untyped.subscribe("channel"), /the listener is a function/],
      [() => untyped.subscribe(null, () => {}), /not null$/],
      [() => untyped.transaction(), /work is a function/],
    ];
    for (const [call, message] of refused) {
      assert.throws(call, (error) => error instanceof TypeError && message.test(error.message));
    }
    assert.equal(db.get("k"), "v");
    assert.equal(db.ttl("k"), -1);
    db.set("k", "w", { ex: undefined, nx: false, xx: true });
    assert.equal(db.get("k"), "w");
  });
});

test("settings are read as the fields of a hash are", () => {
  withDatabase((db) => {
    assert.equal(db.config("get", "maxmemory").maxmemory, "0");
    const [[name, value]] = db.bytes.config("get", "maxmemory");
    assert.deepEqual([name, value], [encode("maxmemory"), encode("0")]);
  });
});

test("texts made for reading end their last line", () => {
  using db = open();
  for (const words of ["INFO", "LOLWUT", "MEMORY DOCTOR", "MEMORY MALLOC-STATS"]) {
    const [name = "", ...rest] = words.split(" ");
    assert.match(String(db.call(name, ...rest)), /\n$/, words);
  }
});
