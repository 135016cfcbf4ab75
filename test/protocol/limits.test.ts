// Requests and values at the far end of what is allowed: deep pipelines, many arguments, 512 MiB
// strings.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Client } from "../support/client.ts";
import { encodeCommand, itemsOf, show } from "../support/resp.ts";
import { RUNTIMES, type Server, startOurServer } from "../support/servers.ts";

for (const runtime of RUNTIMES) {
  describe(`limits on ${runtime}`, { timeout: 180_000 }, () => {
    let server: Server;
    let client: Client;
    before(async () => {
      server = await startOurServer({ runtime });
      client = await server.connect();
    });
    after(async () => {
      client?.close();
      await server?.stop();
    });

    test("100,000 requests in one write are answered in order", async () => {
      await client.call("FLUSHALL");
      const one = encodeCommand(["INCR", "n"]);
      client.write(Buffer.concat(Array.from({ length: 100_000 }, () => one)));
      for (let index = 1; index <= 100_000; index++) {
        const reply = await client.read();
        assert.equal(reply.type === "integer" && reply.text, String(index));
      }
    });

    const many = (command: string, key: string, members: readonly string[]) => {
      client.write(encodeCommand([command, key, ...members]));
      return client.read();
    };

    test("one request with 200,000 arguments", async () => {
      const members = Array.from({ length: 200_000 }, (_, index) => `member-${index}`);
      assert.equal(show(await many("RPUSH", "l", members)), ":200000");
      const all = itemsOf(await client.call("LRANGE", "l", 0, -1));
      assert.equal(all.length, 200_000);
      assert.equal(show(all[123_456] ?? { type: "null" }), '"member-123456"');
      assert.equal(show(await many("SADD", "s", members)), ":200000");
      assert.equal(show(await client.call("SCARD", "s")), ":200000");
      assert.equal(show(await client.call("DEL", "l", "s")), ":2");
    });

    test("a value of 64 MiB goes in and comes out whole", async () => {
      const value = Buffer.alloc(64 * 2 ** 20);
      for (let at = 0; at < value.length; at += 4)
        value.writeInt32LE(Math.imul(at, 0x9e3779b1), at);
      assert.equal(show(await client.call("SET", "large", value)), "+OK");
      const reply = await client.call("GET", "large");
      assert.ok(reply.type === "bulk" && reply.bytes.equals(value));
      assert.equal(show(await client.call("DEL", "large")), ":1");
    });

    test("a string of 512 MiB, and not a byte more", async () => {
      const top = 512 * 2 ** 20;
      assert.equal(show(await client.call("SETRANGE", "huge", top - 3, "end")), `:${top}`);
      assert.equal(show(await client.call("STRLEN", "huge")), `:${top}`);
      assert.equal(show(await client.call("GETRANGE", "huge", -4, -1)), '"\\x00end"');
      assert.match(show(await client.call("APPEND", "huge", "x")), /^-ERR string exceeds maximum/);
      assert.match(show(await client.call("SETRANGE", "huge", top, "x")), /^-ERR string exceeds/);
      assert.equal(show(await client.call("DEL", "huge")), ":1");
    });

    test("keys and fields of a million bytes", async () => {
      const long = "k".repeat(1_000_000);
      assert.equal(show(await client.call("SET", long, "v", "EX", 1000)), "+OK");
      assert.equal(show(await client.call("GET", long)), '"v"');
      assert.equal(show(await client.call("HSET", "h", long, long)), ":1");
      assert.equal(show(await client.call("HSTRLEN", "h", long)), ":1000000");
      assert.equal(show(await client.call("SADD", "s", long)), ":1");
      assert.equal(show(await client.call("SISMEMBER", "s", long)), ":1");
      assert.equal(show(await client.call("DEL", long, "h", "s")), ":3");
    });

    test("everything deleted, memory use is what it was", async () => {
      const used = async () =>
        Number(/used_memory:(\d+)/.exec(show(await client.call("INFO", "memory")))?.[1]);
      await client.call("FLUSHALL");
      const empty = await used();
      const words = Array.from({ length: 1_000 }, (_, index) => [String(index), "x".repeat(index)]);
      await client.pipeline(words.map(([name, value]) => ["SET", `s${name}`, value as string]));
      await client.pipeline(
        words.map(([name, value]) => ["RPUSH", "l", name as string, value as string]),
      );
      await client.pipeline(
        words.map(([name, value]) => ["HSET", "h", name as string, value as string]),
      );
      await client.pipeline(
        words.map(([name, value]) => ["SADD", "t", name as string, value as string]),
      );
      assert.ok((await used()) > empty + 1_500_000);
      await client.call("DEL", "l", "h", "t");
      await client.pipeline(words.map(([name]) => ["DEL", `s${name}`]));
      assert.equal(show(await client.call("DBSIZE")), ":0");
      // What remains are buffers of the connection and tables that shrink step by step.
      assert.ok((await used()) < empty + 300_000, `${await used()} bytes in use, ${empty} before`);
    });
  });
}
