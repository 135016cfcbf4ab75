// What `tskeydb import … --into` gives to servers that run, and what it says.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Client } from "../../test/support/client.ts";
import { show } from "../../test/support/resp.ts";
import {
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
  temporaryFolder,
} from "../../test/support/servers.ts";
import { open } from "../index.ts";
import { changeablePlatform } from "../platform/platform-test-support.ts";
import { importData } from "./import.ts";

const RUNTIME = "bun" in process.versions ? "bun" : "node";
const DEBUG = ["--enable-debug-command", "yes"];

async function run(...args: string[]): Promise<{ code: number; text: string }> {
  let text = "";
  const platform = changeablePlatform();
  platform.print = (more) => {
    text += more;
  };
  platform.printError = platform.print;
  platform.environment = () => undefined;
  return { code: await importData(platform, args), text };
}

/** A data directory with keys of every type, in two databases, and its snapshot in a file. */
async function source(): Promise<{ data: string; rdb: string; lines: string }> {
  const data = temporaryFolder();
  const rdb = join(temporaryFolder(), "data.rdb");
  const lines = join(temporaryFolder(), "data.jsonl");
  const db = open(data);
  db.set("text", "value", { pxat: Date.now() + 10_000_000 });
  db.set("gone", "value", { px: 1 });
  for (let i = 0; i < 500; i++) {
    db.set(`key:${i}`, `value ${i}`);
    db.rpush("list", `element ${i}`, i);
    db.sadd("set", `member ${i}`);
    db.sadd("integers", i);
    db.hset("hash", [[`field ${i}`, "v".repeat(i)]]);
  }
  db.set("large", "0123456789abcdef".repeat(200_000));
  db.database(5).hset("small", [["f", "v"]]);
  await db.snapshot(rdb);
  db.close();
  writeFileSync(
    lines,
    '{"db":0,"key":"a","type":"string","value":"1"}\n' +
      '{"db":2,"key":"l","type":"list","value":["x"]}\n',
  );
  return { data, rdb, lines };
}

const KEYS = 507;

async function digest(client: Client): Promise<string> {
  return show(await client.call("DEBUG", "DIGEST"));
}

async function checkServer(t: TestContext, server: Server): Promise<void> {
  t.after(() => server.stop());
  const { data, rdb, lines } = await source();
  const client = await server.connect();
  const into = `127.0.0.1:${server.port}`;

  const first = await run(data, "--into", into);
  assert.match(first.text, new RegExp(`^${KEYS} keys imported into ${into}\n`));
  assert.equal(first.code, 0);
  assert.equal(show(await client.call("DBSIZE")), `:${KEYS - 1}`);
  assert.equal(show(await client.call("LRANGE", "list", "-2", "-1")), '["element 499", "499"]');
  const left = Number(show(await client.call("PTTL", "text")).slice(1));
  assert.ok(left > 9_000_000 && left <= 10_000_000, `${left}`);
  await client.call("SELECT", "5");
  assert.equal(show(await client.call("HGET", "small", "f")), '"v"');
  await client.call("SELECT", "0");
  const expected = await digest(client);

  // An existing key is found before anything is sent.
  await client.call("DEL", "text", "list");
  const stopped = await run(rdb, "--into", into);
  assert.match(stopped.text, /^tskeydb: 127\.0\.0\.1:\d+: the key ".*" is there already\n$/);
  assert.equal(stopped.code, 1);
  assert.equal(show(await client.call("EXISTS", "text", "list")), ":0");

  await client.call("SET", "key:7", "theirs");
  const skipped = await run(rdb, "--into", into, "--skip");
  assert.match(
    skipped.text,
    new RegExp(`^2 keys imported into .*\n${KEYS - 2} keys left out, which`),
  );
  assert.equal(skipped.code, 0);
  assert.equal(show(await client.call("GET", "key:7")), '"theirs"');

  const replaced = await run("--into", into, "--replace", rdb);
  assert.deepEqual(replaced, { code: 0, text: `${KEYS} keys imported into ${into}\n` });
  assert.equal(await digest(client), expected);

  const told = await run(lines, "--into", into);
  assert.deepEqual(told, { code: 0, text: `2 keys imported into ${into}\n` });
  await client.call("SELECT", "2");
  assert.equal(show(await client.call("LRANGE", "l", "0", "-1")), '["x"]');

  await client.call("CONFIG", "SET", "requirepass", "secret");
  const unknown = await run(rdb, "--into", into);
  assert.deepEqual(unknown, {
    code: 1,
    text: `tskeydb: ${into}: it says: NOAUTH Authentication required.\n`,
  });
  const wrong = await run(rdb, "--into", into, "--password", "wrong");
  assert.match(wrong.text, /it says: WRONGPASS/);
  const right = await run(rdb, "--into", into, "--password", "secret", "--skip");
  assert.equal(right.code, 0);
  const named = await run(
    rdb,
    "--into",
    into,
    "--user",
    "default",
    "--password",
    "secret",
    "--skip",
  );
  assert.equal(named.code, 0);
  client.close();
}

test("a server of ours is given what a directory, a file and lines hold", async (t) => {
  await checkServer(t, await startOurServer({ runtime: RUNTIME, args: DEBUG }));
});

test("redis-server is given the same", async (t) => {
  if (!redisServerOrSkip(t, "import --into")) return;
  await checkServer(t, await startRedisServer({ args: DEBUG }));
});

test("a server with too few databases gets nothing of those that it lacks", async (t) => {
  const server = await startOurServer({ runtime: RUNTIME, args: ["--databases", "2"] });
  t.after(() => server.stop());
  const { rdb } = await source();
  const { code, text } = await run(rdb, "--into", `127.0.0.1:${server.port}`, "--skip");
  assert.match(text, /it says: ERR DB index is out of range; 506 keys had been taken by then\n$/);
  assert.equal(code, 1);
});

/** What is said where a server that answers as told is given the file. */
async function against(
  rdb: string,
  answer: (socket: Socket, request: number) => void,
): Promise<{ code: number; text: string }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    let requests = 0;
    let received = "";
    socket.on("data", (bytes: Buffer) => {
      received += bytes.toString("latin1");
      const count = received.match(/\r\n(?:PING|SELECT|RESTORE)\r\n/g)?.length ?? 0;
      while (requests < count) answer(socket, ++requests);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const said = await run(rdb, "--into", `127.0.0.1:${port}`, "--skip");
  for (const socket of sockets) socket.destroy();
  server.close();
  return said;
}

test("a server that is none, and one that dies", async () => {
  const { rdb } = await source();
  const garbage = await against(rdb, (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
  assert.equal(garbage.code, 1);
  assert.match(garbage.text, /what it says is no reply\n$/);
  const dead = await against(rdb, (socket, request) => {
    if (request < 3) socket.write("+OK\r\n");
    else if (request === 3) socket.end("+OK\r\n+OK\r\n");
  });
  assert.equal(dead.code, 1);
  assert.match(dead.text, /: the connection was closed; 2 keys had been taken by then\n$/);
  const full = await against(rdb, (socket, request) => {
    socket.write(request < 5 ? "+OK\r\n" : "-OOM command not allowed\r\n");
  });
  assert.equal(full.code, 1);
  assert.match(full.text, /it says: OOM command not allowed; 2 keys had been taken by then\n$/);
  const talkative = await against(rdb, (socket) => socket.write("+OK\r\n+OK\r\n"));
  assert.equal(talkative.code, 1);
});

test("what makes no sense is not tried", async () => {
  const { rdb } = await source();
  for (const [words, said] of [
    [["--into"], /--into has no value/],
    [["--into", "6379"], /it is to be host:port/],
    [["--into", "host:0"], /it is to be host:port/],
    [["--into", "host:99999"], /it is to be host:port/],
    [["--into", "h:1", "--skip", "--replace"], /exclude each other/],
    [["--into", "h:1", "--user", "me"], /--password is missing/],
    [["--skip"], /are for a server/],
    [["--password", "x"], /are for a server/],
  ] as const) {
    const { code, text } = await run(rdb, ...words);
    assert.equal(code, 2, words.join(" "));
    assert.match(text, said);
  }
  const nowhere = await run(rdb, "--into", "no.such.host.invalid:6379");
  assert.deepEqual(nowhere, {
    code: 1,
    text: "tskeydb: no.such.host.invalid:6379: there is no host of this name\n",
  });
  const missing = await run("/nothing/there.rdb", "--into", "127.0.0.1:6379");
  assert.notEqual(missing.code, 0);
});
