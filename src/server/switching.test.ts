// CONFIG SET appendonly while clients are served: what they are answered, what INFO says, and what
// the next start has.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../../test/support/client.ts";
import { show } from "../../test/support/resp.ts";
import { type Server, startOurServer, temporaryFolder } from "../../test/support/servers.ts";

const RUNTIME = "bun" in process.versions ? "bun" : "node";

interface Session {
  readonly dir: string;
  readonly server: Server;
  readonly client: Client;
  /** Sends a line, and returns the reply as text. */
  say(line: string): Promise<string>;
}

async function withServer(
  dir: string,
  args: readonly string[],
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const server = await startOurServer({ runtime: RUNTIME, dir, args });
  const client = await server.connect();
  const say = async (line: string): Promise<string> => show(await client.call(...line.split(" ")));
  try {
    await work({ dir, server, client, say });
  } finally {
    client.close();
    await server.stop();
  }
}

async function field(client: Client, name: string): Promise<string> {
  const reply = await client.call("INFO", "persistence");
  const text = reply.type === "bulk" ? reply.bytes.toString() : "";
  return new RegExp(`^${name}:(.*)\r$`, "m").exec(text)?.[1] ?? "";
}

/** Waits until the log that was switched on has its base. */
async function founded(client: Client): Promise<void> {
  for (;;) {
    const running = await field(client, "aof_rewrite_in_progress");
    if (running === "0" && (await field(client, "aof_rewrite_scheduled")) === "0") return;
    await pause(5);
  }
}

const ON = ["--appendonly", "yes"];
const OFF = ["--appendonly", "no"];
const NO_WAITAOF = "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

for (const threads of ["1", "4"]) {
  const io = ["--io-threads", threads];

  test(`the log is switched on and off, and the next start has it all (io-threads ${threads})`, async () => {
    const dir = temporaryFolder();
    await withServer(dir, [...OFF, ...io, "--appendfsync", "always"], async ({ client, say }) => {
      assert.equal(await say("SET before 1"), "+OK");
      assert.equal(await field(client, "aof_enabled"), "0");
      assert.equal(await say("WAITAOF 1 0 10"), NO_WAITAOF);
      assert.equal(await say("CONFIG SET appendonly yes"), "+OK");
      assert.equal(await field(client, "aof_enabled"), "1");
      assert.equal(await say("SET meanwhile 1"), "+OK");
      assert.equal(await say("WAITAOF 1 0 0"), "[:1, :0]");
      assert.equal(await field(client, "aof_rewrite_scheduled"), "0");
      assert.equal(await say("CONFIG SET appendonly yes"), "+OK", "it is");
      for (let i = 0; i < 50; i++) assert.equal(await say(`RPUSH list ${i}`), `:${i + 1}`);
    });
    await withServer(dir, [...ON, ...io], async ({ client, say }) => {
      assert.equal(await say("MGET before meanwhile"), '["1", "1"]');
      assert.equal(await say("LLEN list"), ":50");
      assert.equal(await say("CONFIG SET appendonly no"), "+OK");
      assert.equal(await field(client, "aof_enabled"), "0");
      assert.equal(await field(client, "aof_current_size"), "");
      assert.equal(await say("SET later 1"), "+OK");
      assert.equal(await say("CONFIG GET appendonly"), '["appendonly", "no"]');
    });
    await withServer(dir, [...ON, ...io], async ({ say }) => {
      assert.equal(await say("MGET before later"), '["1", $-1]', "nobody saved it");
    });
  });

  test(`a pipeline, and a transaction, with a switch in it (io-threads ${threads})`, async () => {
    const dir = temporaryFolder();
    await withServer(dir, [...ON, ...io], async ({ client, say }) => {
      const replies = await client.pipeline([
        ["SET", "a", "1"],
        ["CONFIG", "SET", "appendonly", "no"],
        ["SET", "b", "1"],
      ]);
      assert.deepEqual(replies.map(show), ["+OK", "+OK", "+OK"]);
      const lines = ["MULTI", "SET c 1", "CONFIG SET appendonly yes", "SET d 1"];
      for (const line of lines) await say(line);
      assert.equal(await say("EXEC"), "[+OK, +OK, +OK]");
      await founded(client);
      for (const line of ["MULTI", "CONFIG SET appendonly no", "SET e 1", "EXEC"]) await say(line);
      assert.equal(await field(client, "aof_enabled"), "0");
    });
    await withServer(dir, [...ON, ...io], async ({ say }) => {
      assert.equal(await say("MGET a b c d e"), '["1", "1", "1", "1", $-1]');
    });
  });

  test(`a snapshot saved without a log is newer than the log (io-threads ${threads})`, async () => {
    const dir = temporaryFolder();
    await withServer(dir, [...ON, ...io], async ({ say }) => {
      assert.equal(await say("SET n 1"), "+OK");
      assert.equal(await say("SAVE"), "+OK");
      assert.equal(await say("SET n 2"), "+OK");
      assert.equal(await say("CONFIG SET appendonly no"), "+OK");
    });
    await withServer(dir, [...ON, ...io], async ({ say }) => {
      assert.equal(await say("GET n"), '"2"', "the snapshot is older");
      assert.equal(await say("CONFIG SET appendonly no"), "+OK");
      assert.equal(await say("SET n 3"), "+OK");
      assert.equal(await say("SAVE"), "+OK");
      assert.equal(await say("SET n 4"), "+OK");
    });
    await withServer(dir, [...OFF, ...io], async ({ say }) => {
      assert.equal(await say("GET n"), '"3"');
      assert.equal(await say("SET n 5"), "+OK");
      assert.equal(await say("SAVE"), "+OK");
    });
    await withServer(dir, [...ON, ...io], async ({ say }) => {
      assert.equal(await say("GET n"), '"5"');
      assert.equal(await say("SET n 6"), "+OK");
    });
    await withServer(dir, [...ON, ...io], async ({ say }) => {
      assert.equal(await say("GET n"), '"6"', "and the log is newer again");
    });
    assert.equal(readdirSync(join(dir, "appendonlydir")).length, 3);
  });
}

test("SHUTDOWN while a log is being begun ends that first", async () => {
  const dir = temporaryFolder();
  await withServer(dir, OFF, async ({ server, client, say }) => {
    assert.equal(await say("DEBUG POPULATE 20000 key 100"), "+OK");
    const sent = [["CONFIG", "SET", "appendonly", "yes"], ["SET", "last", "1"], ["SHUTDOWN"]];
    await client.pipeline(sent).catch(() => {});
    assert.equal(await server.exited, 0);
  });
  await withServer(dir, ON, async ({ say }) => {
    assert.equal(await say("DBSIZE"), ":20001");
  });
});

test("a log that cannot be begun is refused, and the setting stays", async () => {
  const dir = temporaryFolder();
  await withServer(dir, OFF, async ({ client, say }) => {
    assert.equal(await say("SET a 1"), "+OK");
    writeFileSync(join(dir, "appendonlydir"), "");
    const refused =
      "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - " +
      "Unable to turn on AOF. Check server logs.";
    assert.equal(await say("CONFIG SET appendonly yes"), refused);
    assert.equal(await say("CONFIG GET appendonly"), '["appendonly", "no"]');
    assert.equal(await field(client, "aof_enabled"), "0");
    assert.equal(await say("BGREWRITEAOF"), "-ERR there is no log to rewrite: appendonly is no");
    assert.match(await say("DEBUG LOADAOF"), /^-ERR/);
    rmSync(join(dir, "appendonlydir"));
    mkdirSync(join(dir, "appendonlydir"));
    assert.equal(await say("CONFIG SET appendonly yes appendfsync always"), "+OK");
    await founded(client);
    assert.equal(await say("DEBUG LOADAOF"), "+OK");
    assert.equal(await say("GET a"), '"1"');
  });
});

test("CONFIG SET of several takes the switch back where another is refused", async () => {
  const dir = temporaryFolder();
  await withServer(dir, OFF, async ({ client, say }) => {
    assert.match(await say("CONFIG SET appendonly yes maxclients 4000000000"), /^-ERR CONFIG SET/);
    assert.equal(await field(client, "aof_enabled"), "0");
    assert.equal(await say("CONFIG SET appendonly yes"), "+OK");
    await founded(client);
    assert.equal(await say("FLUSHALL"), "+OK");
    assert.equal(await say("SET a 1"), "+OK");
  });
  await withServer(dir, ON, async ({ say }) => assert.equal(await say("DBSIZE"), ":1"));
});

test("a log that was not loaded is kept when another is begun", async () => {
  const dir = temporaryFolder();
  await withServer(dir, ON, async ({ say }) => {
    assert.equal(await say("SET old 1"), "+OK");
  });
  const old = join(dir, "appendonlydir", "appendonly.aof.1.incr.aof");
  await withServer(dir, OFF, async ({ client, say }) => {
    assert.equal(await say("SET new 1"), "+OK");
    assert.equal(await say("CONFIG SET appendonly yes"), "+OK");
    await founded(client);
  });
  assert.ok(existsSync(old));
  await withServer(dir, ON, async ({ say }) => {
    assert.equal(await say("MGET old new"), '[$-1, "1"]');
  });
});
