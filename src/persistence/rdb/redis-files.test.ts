// RDB files between redis-server and us, both ways: what one writes, the other loads.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { textOf } from "../../../test/support/resp.ts";
import {
  programOrSkip,
  redisServerOrSkip,
  startRedisServer,
  temporaryFolder,
} from "../../../test/support/servers.ts";
import { asciiBytes } from "../../base/bytes.ts";
import { Keyspace } from "../../keyspace/keyspace.ts";
import { Memory } from "../../memory/memory.ts";
import { thisPlatform } from "../../platform/index.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { registerTypes } from "../../types/all-types.ts";
import { loadRdbFile, saveRdb } from "./dump-file.ts";

const platform = thisPlatform();
const NOTES = { redisVersion: "7.4.0", nowMs: Date.now() };
const FAR = 4_000_000_000_000;

function newKeyspace(): Keyspace {
  const keyspace = new Keyspace(new Memory(), 16, new Int32Array(4));
  registerTypes(keyspace);
  return keyspace;
}

function set(of: Keyspace, db: number, key: string, value: string, deadline = NO_DEADLINE): void {
  const bytes = asciiBytes(key);
  const text = asciiBytes(value);
  const kind = of.types.byNumber[0]?.kindOfString?.(text, 0, text.length) ?? 0;
  of.setString(db, bytes, 0, bytes.length, kind, text, 0, text.length, deadline);
}

/** Strings of every form, in two databases, some with deadlines. */
function filled(): Keyspace {
  const keyspace = newKeyspace();
  const values = [
    "",
    "0",
    "-128",
    "128",
    "-32769",
    "2147483647",
    "2147483648",
    "00",
    "a".repeat(70),
  ];
  values.push(
    "no repetition here 0123456789",
    "x".repeat(20),
    "bytes \x00\x80\xff",
    "ab".repeat(3e5),
  );
  for (const [i, value] of values.entries()) set(keyspace, 0, `k${i}`, value);
  for (let i = 0; i < 1000; i++) set(keyspace, 11, `key:${i}`, `value:${i * i}`, FAR + i);
  set(keyspace, 3, "12345", "its key is a number");
  return keyspace;
}

test("redis-server loads what we write, and redis-check-rdb passes it", async (t) => {
  if (!redisServerOrSkip(t, "RDB files that we write")) return;
  if (!programOrSkip(t, "redis-check-rdb", "RDB files that we write")) return;
  const keyspace = filled();
  for (const options of [
    { compresses: true, sums: true },
    { compresses: false, sums: false },
  ]) {
    const dir = temporaryFolder();
    const path = `${dir}/dump.rdb`;
    saveRdb(platform, path, keyspace, NOTES, options);
    const { status, stdout } = spawnSync("redis-check-rdb", [path], { encoding: "utf8" });
    assert.equal(status, 0, stdout);
    assert.match(stdout, options.sums ? /Checksum OK/ : /RDB looks OK/);
    const server = await startRedisServer({ dir });
    try {
      const client = await server.connect();
      const ask = async (...words: string[]) => textOf(await client.call(...words));
      assert.equal(await ask("DBSIZE"), "13");
      assert.equal(await ask("GET", "k4"), "-32769");
      assert.equal(await ask("STRLEN", "k12"), "600000");
      await ask("SELECT", "3");
      assert.equal(await ask("GET", "12345"), "its key is a number");
      await ask("SELECT", "11");
      assert.equal(await ask("GET", "key:999"), "value:998001");
      assert.equal(await ask("PEXPIRETIME", "key:999"), String(FAR + 999));
      await ask("SAVE");
      client.close();
    } finally {
      await server.stop();
    }
    const back = newKeyspace();
    const loaded = loadRdbFile(platform, path, { keyspace: back, nowMs: NOTES.nowMs });
    assert.equal(loaded.keys, 1014);
    assert.equal(loaded.notes.get("redis-ver"), server.version);
    back.verify();
    const again = `${dir}/again.rdb`;
    saveRdb(platform, again, back, NOTES, options);
    assert.equal(loadRdbFile(platform, again, { keyspace: newKeyspace(), nowMs: 0 }).keys, 1014);
  }
});
