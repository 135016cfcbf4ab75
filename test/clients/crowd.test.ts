// Ten thousand clients at once, and limits on how many there may be and how long they may idle.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { after, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { show } from "../support/resp.ts";
import { endWithUs, RUNTIMES, type Server, startOurServer } from "../support/servers.ts";

const CROWD = fileURLToPath(new URL("crowd.ts", import.meta.url));
const COUNT = Number(process.env.TSKEYDB_CROWD ?? 10_000);
const openFiles = Number(spawnSync("sh", ["-c", "ulimit -n"]).stdout?.toString() || 0) || Infinity;

function crowd(port: number, count: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = endWithUs(spawn(process.execPath, [CROWD, String(port), String(count)]));
    let output = "";
    child.stdout?.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.stderr?.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.once("error", reject);
    child.once("close", () => resolve(output.trim()));
  });
}

for (const runtime of RUNTIMES) {
  describe(`many clients on ${runtime}`, { timeout: 120_000 }, () => {
    const servers: Server[] = [];
    const start = async (...args: string[]) => {
      const server = await startOurServer({ runtime, args });
      servers.push(server);
      return server;
    };
    after(async () => {
      for (const server of servers) await server.stop();
    });

    const few = openFiles < COUNT + 200;
    const skip = few ? `ulimit -n is ${openFiles}; not tried: ${COUNT} connections` : false;
    test(`${COUNT} connections at once`, { skip }, async () => {
      const server = await start("--maxclients", String(COUNT + 100));
      const result = JSON.parse(await crowd(server.port, COUNT));
      assert.equal(result.right, COUNT);
      assert.ok(result.connected >= COUNT, `INFO counts ${result.connected}`);
      const client = await server.connect();
      assert.equal(show(await client.call("DBSIZE")), `:${COUNT}`);
      for (let tries = 0; tries < 200; tries++) {
        if (/connected_clients:1\\r/.test(show(await client.call("INFO", "clients")))) break;
        await pause(25);
      }
      assert.match(show(await client.call("INFO", "clients")), /connected_clients:1\\r/);
      client.close();
    });

    test("one more than maxclients is told so", async () => {
      const server = await start("--maxclients", "5");
      // Whoever asked whether the server is up may still count as a client.
      await pause(300);
      const clients = await Promise.all(Array.from({ length: 5 }, () => server.connect()));
      for (const client of clients) assert.equal(show(await client.call("PING")), "+PONG");
      const late = await server.connect();
      const answer = await late.exchange("");
      assert.equal(answer.toString(), "-ERR max number of clients reached\r\n");
      clients.pop()?.close();
      // The server hears of the departure in its own time.
      let reply = "";
      for (let turn = 0; turn < 50 && reply !== "+PONG"; turn++) {
        await pause(100);
        const next = await server.connect();
        reply = show(await next.call("PING"));
        next.close();
      }
      assert.equal(reply, "+PONG");
      for (const client of clients) client.close();
    });

    test("idle clients are closed after timeout; subscribers and blocked are not", async () => {
      const server = await start("--timeout", "1");
      const [idle, busy, subscriber, blocked] = await Promise.all([
        server.connect(),
        server.connect(),
        server.connect(),
        server.connect(),
      ]);
      await idle.call("PING");
      await subscriber.call("SUBSCRIBE", "ch");
      blocked.send("BLPOP", "q", "0");
      let gone = false;
      idle.closed.then(() => {
        gone = true;
      });
      for (let turn = 0; turn < 50 && !gone; turn++) {
        assert.equal(show(await busy.call("PING")), "+PONG");
        await pause(100);
      }
      assert.ok(gone, "the idle client is still connected");
      await busy.call("PUBLISH", "ch", "still here");
      await busy.call("RPUSH", "q", "x");
      assert.match(show(await subscriber.read()), /still here/);
      assert.match(show(await blocked.read()), /"x"/);
      for (const client of [busy, subscriber, blocked]) client.close();
    });

    test("a subscriber that reads nothing is cut off at its output limit", async () => {
      const server = await start("--client-output-buffer-limit", "pubsub", "1mb", "512kb", "1");
      const deaf = await server.connect();
      const publisher = await server.connect();
      await deaf.call("SUBSCRIBE", "flood");
      deaf.socket.pause();
      const message = "x".repeat(100_000);
      let receivers = 1;
      for (let index = 0; index < 500 && receivers > 0; index++) {
        const reply = await publisher.call("PUBLISH", "flood", message);
        receivers = reply.type === "integer" ? Number(reply.text) : -1;
      }
      assert.equal(receivers, 0, "the deaf subscriber still receives after 50 MB");
      deaf.close();
      publisher.close();
    });
  });
}
