// The promise of SCAN, HSCAN and SSCAN: whatever is there from the first call to the last is given
// at least once, and what never was is never given, while the collection grows, shrinks and
// changes.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import type { Client } from "../support/client.ts";
import { itemsOf, type Reply, textOf } from "../support/resp.ts";
import { type Server, startOurServer } from "../support/servers.ts";

const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 31);
const RUNS = Math.max(1, Math.round(Number(process.env.TSKEYDB_RUNS ?? 60) / 5));

/** How elements of each collection are added, removed and walked. */
const WALKS = {
  SCAN: {
    add: (name: string) => ["SET", name, "v"],
    remove: (name: string) => ["DEL", name],
    scan: (cursor: string) => ["SCAN", cursor],
    step: 1,
  },
  HSCAN: {
    add: (name: string) => ["HSET", "h", name, "v"],
    remove: (name: string) => ["HDEL", "h", name],
    scan: (cursor: string) => ["HSCAN", "h", cursor],
    step: 2,
  },
  SSCAN: {
    add: (name: string) => ["SADD", "s", name],
    remove: (name: string) => ["SREM", "s", name],
    scan: (cursor: string) => ["SSCAN", "s", cursor],
    step: 1,
  },
};

describe("cursors under change", () => {
  let server: Server;
  let client: Client;
  before(async () => {
    server = await startOurServer();
    client = await server.connect();
  });
  after(async () => {
    client?.close();
    await server?.stop();
  });

  for (const [command, walk] of Object.entries(WALKS)) {
    test(`${command} gives all that stays, and nothing that never was`, async (t) => {
      t.diagnostic(`TSKEYDB_SEED=${SEED}`);
      const size = fc.integer({ min: 0, max: 3_000 });
      const change = fc.record({ grow: size, shrink: size });
      const property = fc.asyncProperty(
        size,
        size,
        fc.array(change, { maxLength: 6 }),
        fc.integer({ min: 1, max: 500 }),
        async (stable, passing, changes, count) => {
          await client.call("FLUSHALL");
          const names = (what: string, length: number, from = 0) =>
            Array.from({ length }, (_, index) => `${what}:${from + index}`);
          const stay = names("stay", stable);
          let living = names("pass", passing);
          let born = passing;
          await client.pipeline([...stay, ...living].map(walk.add));
          const seen = new Set<string>();
          let cursor = "0";
          let calls = 0;
          do {
            const reply = await client.call(...walk.scan(cursor), "COUNT", count);
            const [next, page] = itemsOf(reply) as [Reply, Reply];
            const items = itemsOf(page);
            for (let at = 0; at < items.length; at += walk.step) {
              seen.add(textOf(items[at] as Reply) ?? "");
            }
            cursor = textOf(next) ?? "";
            const now = changes[calls++];
            if (now) {
              const leaving = living.splice(0, now.shrink);
              const coming = names("pass", now.grow, born);
              born += now.grow;
              living = [...living, ...coming];
              await client.pipeline([...leaving.map(walk.remove), ...coming.map(walk.add)]);
            }
            assert.ok(calls < 20_000, "the walk came to no end");
          } while (cursor !== "0");
          const missed = stay.filter((name) => !seen.has(name));
          assert.deepEqual(missed.slice(0, 5), [], `${missed.length} of ${stable} were missed`);
          const known = new Set([...stay, ...names("pass", born)]);
          assert.deepEqual([...seen].filter((name) => !known.has(name)).slice(0, 5), []);
        },
      );
      await fc.assert(property, { seed: SEED, numRuns: RUNS });
    });
  }
});
