// Snapshots in the background beside redis-server: what BGSAVE replies, and that each loads what
// the other has saved.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../support/client.ts";
import { show } from "../support/resp.ts";
import {
  redisServerOrSkip,
  startOurServer,
  startRedisServer,
  temporaryFolder,
} from "../support/servers.ts";

async function saved(client: Client): Promise<void> {
  for (let tries = 0; ; tries++) {
    const info = show(await client.call("INFO", "persistence"));
    assert.match(info, /rdb_last_bgsave_status:ok/);
    // One that is scheduled begins within a tenth of a second.
    const isDone = info.includes("rdb_changes_since_last_save:0");
    if (isDone && info.includes("rdb_bgsave_in_progress:0")) return;
    assert.ok(tries < 1000, "it ends");
    await pause(10);
  }
}

test("BGSAVE replies as Redis does, and either server loads what the other saved", {
  timeout: 60_000,
}, async (t) => {
  if (!redisServerOrSkip(t, "BGSAVE")) return;
  const dir = temporaryFolder();
  const args = ["--appendonly", "no", "--save", ""];
  const servers = [
    () => startRedisServer({ dir, args }),
    () => startOurServer({ dir, args, runtime: "node" }),
    () => startRedisServer({ dir, args }),
    () => startOurServer({ dir, args, runtime: "bun" }),
  ];
  for (const [round, start] of servers.entries()) {
    const server = await start();
    const client = await server.connect();
    // Its socket would keep a run waiting that has failed.
    t.after(() => client.close());
    assert.equal(show(await client.call("DBSIZE")), `:${3 * round}`);
    await client.call("SET", `string:${round}`, "value");
    await client.call("RPUSH", `list:${round}`, "a", "b", "c");
    await client.call("HSET", `hash:${round}`, "field", "value");
    for (const words of [["NOW"], ["SCHEDULE", "NOW"]]) {
      const refused = show(await client.call("BGSAVE", ...words));
      assert.equal(refused, "-ERR syntax error");
    }
    await client.call("MULTI");
    await client.call("BGSAVE");
    const scheduled = show(await client.call("EXEC"));
    assert.match(scheduled, /\+Background saving scheduled/);
    await saved(client);
    const started = show(await client.call("BGSAVE", "SCHEDULE"));
    assert.equal(started, "+Background saving started");
    await saved(client);
    client.close();
    await server.stop();
  }
});

test("BGSAVE while the log is rewritten is refused, or scheduled", {
  timeout: 60_000,
}, async (t) => {
  if (!redisServerOrSkip(t, "BGSAVE while the log is rewritten")) return;
  const args = ["--appendonly", "yes"];
  const replies: string[][] = [];
  for (const start of [startRedisServer, startOurServer]) {
    const server = await start({ args });
    const client = await server.connect();
    t.after(() => client.close());
    const words = Array.from({ length: 1000 }, (_, i) => ["SET", `key:${i}`, "x"]);
    await client.pipeline(words);
    const asked = [["BGREWRITEAOF"], ["BGSAVE"], ["BGSAVE", "SCHEDULE"], ["BGSAVE", "SCHEDULE"]];
    replies.push((await client.pipeline(asked)).map(show));
    await saved(client);
    client.close();
    await server.stop();
  }
  assert.deepEqual(replies[1], replies[0]);
});
