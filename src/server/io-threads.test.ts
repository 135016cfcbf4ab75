// I/O threads: connections of one port that several threads serve, as one server would.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { Client } from "../../test/support/client.ts";
import { show, textOf } from "../../test/support/resp.ts";
import { type OurOptions, startOurServer, temporaryFolder } from "../../test/support/servers.ts";
import { type Database, type Listening, type OpenOptions, open } from "../index.ts";
import { ControlWord, MEMBERS_MAX, MemberWord, memberWord, OWNER } from "../threads/control.ts";

const RUNTIME = "bun" in process.versions ? "bun" : "node";
/** With so many it would be a wonder if all of them met on one thread of two. */
const MANY = 24;

/** A database in memory, or in a directory, that two threads serve. */
async function withListening(
  work: (db: Database, port: number, listening: Listening) => Promise<void>,
  directory = ":memory:",
  options: OpenOptions = {},
): Promise<void> {
  const db = open(directory, options);
  try {
    const listening = await db.listen({ port: 0, threads: 2 });
    await work(db, listening.port, listening);
    if (!db.closed) db.verify();
  } finally {
    db.close();
  }
}

async function withClients(
  port: number,
  count: number,
  work: (...clients: Client[]) => Promise<void>,
): Promise<void> {
  const clients = await Promise.all(Array.from({ length: count }, () => Client.connect(port)));
  try {
    await work(...clients);
  } finally {
    for (const client of clients) client.close();
  }
}

/** How many clients each thread but the owner has. */
function clientsByThread(db: Database): number[] {
  const { control } = db.share();
  const counts: number[] = [];
  for (let member = OWNER + 1; member <= MEMBERS_MAX; member++) {
    const count = Atomics.load(control, memberWord(member, MemberWord.clients));
    if (count > 0) counts.push(count);
  }
  return counts;
}

/** A field of INFO. */
async function infoField(client: Client, name: string): Promise<number> {
  const text = textOf(await client.call("INFO", "everything")) ?? "";
  return Number(new RegExp(`^${name}:(.*)\r$`, "m").exec(text)?.[1]);
}

test("connections are spread over the threads, and each command is executed once", () =>
  withListening((db, port) =>
    withClients(port, MANY, async (...clients) => {
      const rounds = 50;
      await Promise.all(
        clients.map(async (client) => {
          for (let i = 0; i < rounds; i++) await client.call("INCR", "n");
        }),
      );
      assert.equal(db.get("n"), String(MANY * rounds));
      const counts = clientsByThread(db);
      assert.equal(counts.length, 2, "both threads have clients");
      assert.equal(counts[0] + counts[1], MANY);
      assert.equal(await infoField(clients[0], "connected_clients"), MANY);
    }),
  ));

test("replies to a pipeline come in its order, whoever else writes", () =>
  withListening((_db, port) =>
    withClients(port, 6, async (...clients) => {
      const length = 2000;
      await Promise.all(
        clients.map(async (client, n) => {
          const commands = Array.from({ length }, (_, i) =>
            i % 2 === 0 ? ["SET", `k${n}`, i] : ["GET", `k${n}`],
          );
          const replies = await client.pipeline(commands);
          for (let i = 1; i < length; i += 2) {
            assert.equal(textOf(replies[i]), String(i - 1));
          }
        }),
      );
    }),
  ));

test("EXEC hears in every thread of a watched key that another has changed", () =>
  withListening((db, port) =>
    withClients(port, MANY, async (...clients) => {
      const [writer, ...watchers] = clients;
      for (const client of watchers) await client.call("WATCH", "key");
      assert.equal(await infoField(writer, "watching_clients"), watchers.length);
      await writer.call("SET", "key", "changed");
      for (const client of watchers) {
        await client.call("MULTI");
        await client.call("INCR", "n");
        assert.equal((await client.call("EXEC")).type, "nullArray");
      }
      for (const client of watchers) {
        await client.call("WATCH", "key");
        await client.call("MULTI");
        await client.call("INCR", "n");
        assert.equal((await client.call("EXEC")).type, "array");
      }
      assert.equal(db.get("n"), String(watchers.length));
    }),
  ));

test("maxclients holds for all threads together", () =>
  withListening(async (db, port) => {
    const most = 10;
    db.call("CONFIG", "SET", "maxclients", most);
    await withClients(port, MANY, async (...clients) => {
      const replies = await Promise.all(
        clients.map((client) => client.call("PING").catch(() => undefined)),
      );
      const served = clients.filter((_, i) => replies[i]?.type === "simple");
      const refused = replies.filter((reply) => reply?.type === "error");
      assert.equal(served.length, most);
      assert.equal(refused.length, MANY - most);
      assert.equal(await infoField(served[0], "rejected_connections"), MANY - most);
      served[1].close();
      while ((await infoField(served[0], "connected_clients")) === most) await pause(1);
      await withClients(port, 1, async (client) => {
        assert.equal(textOf(await client.call("PING")), "PONG");
      });
    });
  }));

test("INFO adds up what all threads have seen, and RESETSTAT begins anew", () =>
  withListening((_db, port) =>
    withClients(port, MANY, async (...clients) => {
      const value = "x".repeat(1000);
      for (const client of clients) await client.call("ECHO", value);
      const [client] = clients;
      assert.equal(await infoField(client, "total_connections_received"), MANY);
      assert.ok((await infoField(client, "total_net_input_bytes")) > MANY * 1000);
      assert.ok((await infoField(client, "total_net_output_bytes")) > MANY * 1000);
      assert.ok((await infoField(client, "total_reads_processed")) >= MANY);
      await client.call("CONFIG", "RESETSTAT");
      assert.equal(await infoField(client, "total_connections_received"), 0);
      assert.ok((await infoField(client, "total_net_input_bytes")) < 1000);
      assert.equal(await infoField(client, "connected_clients"), MANY);
    }),
  ));

test("what CONFIG SET sets holds in all threads", () =>
  withListening((_db, port) =>
    withClients(port, MANY, async (...clients) => {
      await clients[0].call("CONFIG", "SET", "requirepass", "secret");
      await withClients(port, MANY, async (...others) => {
        for (const client of others) {
          assert.match(textOf(await client.call("PING")) ?? "", /^NOAUTH/);
          assert.equal(textOf(await client.call("AUTH", "secret")), "OK");
          assert.equal(textOf(await client.call("PING")), "PONG");
        }
      });
    }),
  ));

test("DEBUG PAUSE-CRON, asked of any thread, is one for all", () =>
  withListening((db, port) =>
    withClients(port, MANY, async (...clients) => {
      const { control } = db.share();
      for (const [i, client] of clients.entries()) {
        const word = i % 2 === 0 ? 1 : 0;
        assert.equal(textOf(await client.call("DEBUG", "PAUSE-CRON", String(word))), "OK");
        assert.equal(Atomics.load(control, ControlWord.cronPaused), word);
      }
    }),
  ));

test("a port that somebody has is told, though it could be shared", () =>
  withListening(async (_db, port) => {
    const other = open();
    try {
      for (const threads of [1, 2]) {
        await assert.rejects(other.listen({ port, threads }), { code: "EADDRINUSE" });
      }
      const server = createServer();
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      const taken = (server.address() as { port: number }).port;
      await assert.rejects(other.listen({ port: taken, threads: 2 }), { code: "EADDRINUSE" });
      server.close();
      const listening = await other.listen({ port: 0, threads: 2 });
      listening.close();
    } finally {
      other.close();
    }
  }));

test("close() of a listener frees its port, and others go on", () =>
  withListening(async (db, port, listening) => {
    const other = await db.listen({ port: 0, threads: 2 });
    const own = await db.listen({ port: 0 });
    await withClients(other.port, 4, async (...clients) => {
      listening.close();
      await assert.rejects(Client.connect(port));
      for (const client of clients) assert.equal(textOf(await client.call("PING")), "PONG");
      const again = await db.listen({ port, threads: 3 });
      await withClients(port, 4, async (...more) => {
        for (const client of more) await client.call("INCR", "n");
      });
      await withClients(own.port, 1, async (client) => {
        assert.equal(textOf(await client.call("GET", "n")), "4");
        while ((await infoField(client, "connected_clients")) !== 5) await pause(1);
      });
      again.close();
    });
  }));

test("the threads serve while the program computes", () =>
  withListening(async (db, port) => {
    const wanted = 500;
    const sent = `*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n`.repeat(wanted);
    const client = new Worker(
      `const { connect } = require("node:net");
       const socket = connect(${port}, "127.0.0.1", () => socket.write(${JSON.stringify(sent)}));`,
      { eval: true },
    );
    // No turn of this thread's event loop comes before they have done it.
    const untilMs = Date.now() + 20_000;
    while (Number(db.get("n")) < wanted && Date.now() < untilMs);
    assert.equal(db.get("n"), String(wanted));
    await client.terminate();
  }));

test("close() returns when all is written, and nothing acknowledged is missing", async () => {
  const directory = temporaryFolder();
  const acknowledged: string[] = [];
  let stops = Promise.resolve();
  await withListening(async (db, port) => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => Client.connect(port)));
    const writing = clients.map(async (client, n) => {
      for (let i = 0; ; i++) {
        const key = `${n}:${i}`;
        const reply = await client.call("SET", key, i).catch(() => undefined);
        if (reply?.type !== "simple") return;
        acknowledged.push(key);
      }
    });
    stops = Promise.all(writing).then(() => {});
    while (acknowledged.length < 500) await pause(1);
    db.close();
  }, directory);
  const db = open(directory);
  const atOnce = db.dbsize();
  await stops;
  for (const key of acknowledged) assert.equal(db.get(key), key.split(":")[1]);
  assert.ok(atOnce >= 500);
  db.close();
});

for (const fsync of ["everysec", "always", "no"] as const) {
  const title = `while the log cannot be written all threads read and refuse, then go on (${fsync})`;
  test(title, { timeout: 60_000 }, () => {
    const directory = temporaryFolder();
    return withListening(
      (_db, port) =>
        withClients(port, MANY, async (writing, ...others) => {
          const path = join(directory, "appendonlydir");
          const [name = ""] = readdirSync(path).filter((each) => each.includes(".incr."));
          const file = join(path, name);
          for (const client of others) await client.call("SET", "before", "1");
          renameSync(file, `${file}.away`);
          // The first one that finds out has been executed, and is answered when it is written.
          let n = 0;
          let underWay = writing.call("SET", "n", String(++n));
          for (;;) {
            const first = await Promise.race([underWay, pause(500)]);
            if (first === undefined) break;
            assert.equal(show(first), "+OK");
            await pause(20);
            underWay = writing.call("SET", "n", String(++n));
          }
          for (const client of others) {
            assert.equal(show(await client.call("GET", "before")), '"1"');
            assert.match(show(await client.call("SET", "before", "2")), /^-MISCONF/);
            assert.equal(show(await client.call("GET", "n")), `"${n}"`);
          }
          renameSync(`${file}.away`, file);
          assert.equal(show(await underWay), "+OK");
          let all = 0;
          for (const client of others) {
            assert.equal(show(await client.call("INCR", "all")), `:${++all}`);
          }
        }),
      directory,
      { fsync },
    );
  });
}

test("listen() says what is wrong with its threads", async () => {
  const db = open();
  for (const threads of [0, 61, 1.5, "2" as unknown as number]) {
    await assert.rejects(db.listen({ port: 0, threads }), RangeError);
  }
  db.close();
  const timed = open({ clock: () => 1 });
  await assert.rejects(timed.listen({ port: 0, threads: 2 }), { code: "OPTIONS" });
  timed.close();
});

// The server of the command line

async function withServer(
  options: OurOptions,
  work: (server: Awaited<ReturnType<typeof startOurServer>>) => Promise<void>,
): Promise<void> {
  const args = ["--io-threads", "2", ...(options.args ?? [])];
  const server = await startOurServer({ runtime: RUNTIME, ...options, args });
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

test("requirepass, and the names that commands are given, are every thread's", () =>
  withServer(
    { args: ["--requirepass", "secret", "--rename-command", "GET", "FETCH"] },
    ({ port }) =>
      withClients(port, MANY, async (...clients) => {
        for (const [n, client] of clients.entries()) {
          assert.match(textOf(await client.call("PING")) ?? "", /^NOAUTH/);
          await client.call("AUTH", "secret");
          await client.call("SET", "k", n);
          assert.equal(textOf(await client.call("FETCH", "k")), String(n));
          assert.match(textOf(await client.call("GET", "k")) ?? "", /unknown command/);
        }
      }),
  ));

for (const [policy, signal] of [
  ["everysec", "SIGTERM"],
  ["always", "SIGTERM"],
  ["always", "SIGKILL"],
] as const) {
  test(`with ${policy}, ${signal} in the middle of writing loses nothing acknowledged`, async () => {
    const dir = temporaryFolder();
    const acknowledged: [string, number][] = [];
    const durable = { dir, args: ["--appendonly", "yes", "--appendfsync", policy] };
    await withServer(durable, async (server) => {
      const clients = await Promise.all(
        Array.from({ length: 8 }, () => Client.connect(server.port)),
      );
      const writing = clients.map(async (client, n) => {
        for (let i = 0; ; i++) {
          const reply = await client.call("SET", `${n}:${i}`, i).catch(() => undefined);
          if (reply?.type !== "simple") return;
          acknowledged.push([`${n}:${i}`, i]);
        }
      });
      while (acknowledged.length < 300) await pause(1);
      const exit = await server.stop(signal);
      assert.equal(exit, signal === "SIGTERM" ? 0 : signal);
      await Promise.all(writing);
    });
    const db = open(dir);
    for (const [key, value] of acknowledged) assert.equal(db.get(key), String(value));
    db.close();
  });
}

test("SHUTDOWN, asked of any thread, closes who asked and ends the server", async () => {
  const dir = temporaryFolder();
  await withServer({ dir, args: ["--appendonly", "yes"] }, ({ port }) =>
    withClients(port, MANY, async (...clients) => {
      for (const client of clients) await client.call("INCR", "n");
      clients.at(-1)?.send("SHUTDOWN");
      await Promise.all(clients.map((client) => client.closed));
    }),
  );
  const db = open(dir);
  assert.equal(db.get("n"), String(MANY));
  db.close();
});

test("a port that another server's threads have ends the start with one line", () =>
  withServer({}, async ({ port }) => {
    const started = startOurServer({ runtime: RUNTIME, port, args: ["--io-threads", "2"] });
    await assert.rejects(started, /the port is in use/);
  }));

test("a thread that ends by itself ends the program, as an error that nobody catches", () => {
  const index = new URL("../index.ts", import.meta.url).href;
  const program = `
    import { open } from ${JSON.stringify(index)};
    const workers = [];
    process.on("worker", (worker) => workers.push(worker));
    const db = open();
    await db.listen({ port: 0, threads: 2 });
    workers[0].terminate();
    setTimeout(() => process.exit(7), 20_000);`;
  const path = join(temporaryFolder(), "program.mjs");
  writeFileSync(path, program);
  const ended = spawnSync(process.execPath, [path], { encoding: "utf8" });
  assert.equal(ended.status, 1);
  assert.match(ended.stderr, /I\/O thread has ended/);
});
