// A log that we have rewritten, as redis-server and its tools see it; and the command's replies.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { open } from "../../src/embedded/open.ts";
import { show } from "../support/resp.ts";
import {
  programOrSkip,
  redisServerOrSkip,
  startOurServer,
  startRedisServer,
  temporaryFolder,
} from "../support/servers.ts";

function checkPasses(t: TestContext, directory: string): void {
  if (!programOrSkip(t, "redis-check-aof", "redis-check-aof on our log")) return;
  const manifest = `${directory}/appendonlydir/appendonly.aof.manifest`;
  const { status, stdout } = spawnSync("redis-check-aof", [manifest], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /All AOF files and manifest are valid/);
}

test("a log that was rewritten is one that redis-server loads and checks", async (t) => {
  if (!redisServerOrSkip(t, "a rewritten log")) return;
  const directory = temporaryFolder();
  const db = open(directory);
  for (let i = 0; i < 300; i++) db.rpush("l", String(i));
  db.hset("h", { f: "1" });
  db.sadd("s", 1, 2, 3);
  db.set("k", "v", { px: 3_600_000 });
  await db.compact();
  db.incr("after");
  db.close();
  checkPasses(t, directory);
  const server = await startRedisServer({ dir: directory, args: ["--appendonly", "yes"] });
  const client = await server.connect();
  const replies = await client.pipeline([
    ["LLEN", "l"],
    ["HGET", "h", "f"],
    ["SCARD", "s"],
    ["GET", "k"],
    ["INCR", "after"],
    ["DBSIZE"],
  ]);
  client.close();
  await server.stop();
  assert.deepEqual(replies.map(show), [":300", '"1"', ":3", '"v"', ":2", ":5"]);
  const again = open(directory);
  assert.equal(again.get("after"), "2");
  assert.equal(again.lindex("l", 299), "299");
  await again.compact();
  assert.equal(again.dbsize(), 5);
  again.close();
  checkPasses(t, directory);
});

test("BGREWRITEAOF replies as Redis does", async (t) => {
  if (!redisServerOrSkip(t, "replies of BGREWRITEAOF")) return;
  const args = ["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"];
  for (const start of [startRedisServer, startOurServer]) {
    const server = await start({ dir: temporaryFolder(), args, runtime: "node" } as never);
    const client = await server.connect();
    await client.call("SET", "k", "v");
    const first = show(await client.call("BGREWRITEAOF"));
    assert.equal(first, "+Background append only file rewriting started");
    const again = show(await client.call("BGREWRITEAOF"));
    assert.match(again, /^-ERR Background append only file rewriting already in progress$/);
    for (let tries = 0; ; tries++) {
      const info = show(await client.call("INFO", "persistence"));
      if (info.includes("aof_rewrite_in_progress:0")) {
        assert.match(info, /aof_rewrites:1\b/);
        assert.match(info, /aof_last_bgrewrite_status:ok/);
        break;
      }
      assert.ok(tries < 1000, "it ends");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const wrong = show(await client.call("BGREWRITEAOF", "now"));
    assert.match(wrong, /^-ERR wrong number of arguments for 'bgrewriteaof' command$/);
    client.close();
    await server.stop();
  }
});
