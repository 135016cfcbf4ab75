import assert from "node:assert/strict";
import { test } from "node:test";
import { TestDatabase } from "../test-support.ts";

test("AGGREGATE COUNT adds the weights of the sorted sets that have a member", () => {
  const client = new TestDatabase().connect();
  client.line("ZADD s1 1 foo 1 bar");
  client.line("ZADD s2 2 foo 2 bar inf only");
  client.line("ZADD s3 3 foo");
  client.line("SADD plain foo other");
  const ask = (line: string): unknown => client.call(...line.split(" "));
  assert.equal(ask("ZUNIONSTORE out 3 s1 s2 s3 AGGREGATE COUNT"), 3);
  assert.deepEqual(ask("ZRANGE out 0 -1 WITHSCORES"), ["only", "1", "bar", "2", "foo", "3"]);
  assert.equal(ask("ZINTERSTORE out 3 s1 s2 s3 aggregate count WEIGHTS 2 3 -10"), 1);
  assert.deepEqual(ask("ZRANGE out 0 -1 WITHSCORES"), ["foo", "-5"]);
  assert.deepEqual(ask("ZUNION 3 s1 s2 plain WEIGHTS 2 3 0.5 AGGREGATE COUNT WITHSCORES"), [
    ...["other", "0.5", "only", "3", "bar", "5", "foo", "5.5"],
  ]);
  assert.deepEqual(ask("ZINTER 3 s1 s2 none AGGREGATE COUNT"), []);
  assert.deepEqual(ask("ZINTER 2 s1 s1 AGGREGATE COUNT WITHSCORES"), ["bar", "2", "foo", "2"]);
  assert.deepEqual(ask("ZUNION 2 s1 s2 WEIGHTS inf -inf AGGREGATE COUNT WITHSCORES"), [
    ...["only", "-inf", "bar", "0", "foo", "0"],
  ]);
  assert.equal(ask("ZUNION 1 s1 AGGREGATE COUNTS"), "-ERR syntax error");
  assert.equal(ask("ZUNIONSTORE out 1 s1 AGGREGATE"), "-ERR syntax error");
});

test("what is counted and stored goes to the log as it is", () => {
  const database = new TestDatabase();
  const client = database.connect();
  client.line("ZADD s 1 a 2 b");
  database.log = [];
  client.line("ZUNIONSTORE out 1 s WEIGHTS 0.5 AGGREGATE COUNT");
  client.line("ZINTERSTORE out 2 s none AGGREGATE COUNT");
  client.line("ZINTERSTORE out 2 s none AGGREGATE COUNT");
  assert.deepEqual(database.log, ["MULTI", "DEL out", "ZADD out 0.5 a 0.5 b", "EXEC", "DEL out"]);
});
