// A server in which an error ends a write in the middle of it stops, tells its operator why, and
// has lost nothing that it has acknowledged. See docs/decisions/0022-interrupted-writes.md.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Server, startOurServer } from "../../test/support/servers.ts";
import { open } from "../embedded/open.ts";

const RUNTIME = "Bun" in globalThis ? "bun" : "node";
/** No block of this size is to be had. */
const UNLUCKY_BYTES = 60_000;

/** In every thread of a server: the first block that is large enough is refused. */
const PRELOAD = `
import { Memory } from ${JSON.stringify(new URL("../memory/memory.ts", import.meta.url).href)};
const { allocate } = Memory.prototype;
Memory.prototype.allocate = function (bytes) {
  if (bytes >= ${UNLUCKY_BYTES}) throw new RangeError("Array buffer allocation failed");
  return allocate.call(this, bytes);
};`;

async function startUnlucky(directory: string, args: string[]): Promise<Server> {
  const preload = join(directory, "preload.mjs");
  writeFileSync(preload, PRELOAD);
  const [name, options] =
    RUNTIME === "bun"
      ? ["BUN_OPTIONS", `--preload=${preload}`]
      : ["NODE_OPTIONS", `--disable-warning=ExperimentalWarning --import=${preload}`];
  const before = process.env[name];
  process.env[name] = options;
  try {
    const dir = join(directory, "data");
    return await startOurServer({ runtime: RUNTIME, dir, args: [...args, "--appendonly", "yes"] });
  } finally {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}

// Bun's workers do not load what --preload names.
for (const threads of RUNTIME === "bun" ? ["1"] : ["1", "2"]) {
  const where = threads === "1" ? "" : ` with ${threads} I/O threads`;
  for (const fsync of ["everysec", "always"]) {
    test(`a write${where} that an error ends stops the server (${fsync})`, async () => {
      const directory = mkdtempSync(join(tmpdir(), "tskeydb-interrupted-"));
      const args = ["--io-threads", threads, "--appendfsync", fsync];
      const server = await startUnlucky(directory, args);
      const [one, other] = [await server.connect(), await server.connect()];
      for (let n = 0; n < 20; n++) await (n % 2 ? one : other).call("RPUSH", "list", String(n));
      const unlucky = one.call("MSET", "a", "1", "b", "x".repeat(UNLUCKY_BYTES), "c", "3");
      await unlucky.then(
        (reply) => assert.match(JSON.stringify(reply), /damaged/),
        (error) => assert.match(String(error), /damaged|closed|ended|reset/i),
      );
      assert.equal(await server.exited, 70);
      assert.match(server.output, /A write ended in the middle.*The server stops/);
      assert.match(server.output, /RangeError: Array buffer allocation failed/);
      assert.equal(server.output.split("A write ended").length, 2);
      for (const client of [one, other]) client.close();
      const again = open(join(directory, "data"));
      assert.equal(again.recovery?.torn, undefined);
      assert.equal(again.llen("list"), 20);
      assert.equal(again.exists("a", "b", "c"), 0);
      again.verify();
      again.close();
      rmSync(directory, { recursive: true, force: true });
    });
  }
}
