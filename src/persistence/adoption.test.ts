// A snapshot becomes the base of a log that begins: on a simulated disk whose power goes, or whose
// process ends, in any operation of it. Whatever happens, the next start needs nobody, and has the
// snapshot's keys with what was written since.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Chance, ProcessGone, World } from "../../test/simulation/world.ts";
import { asciiBytes } from "../base/bytes.ts";
import { RdbInput } from "../codec/rdb-input.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { registerTypes } from "../types/all-types.ts";
import type { Log } from "./log/log.ts";
import { openLog, type Recovery } from "./log/recovery.ts";
import { loadRdbFile, saveRdb } from "./rdb/dump-file.ts";
import { loadRdb } from "./rdb/rdb-loader.ts";
import { moduleNumber, part, rdbFile, text } from "./rdb/rdb-test-support.ts";
import { append, codeOf, spell, writes } from "./test-support.ts";

const SEEDS = Number(process.env.TSKEYDB_SEEDS ?? (process.env.CI === "true" ? 1000 : 120));
const DUMP = "/data/dump.rdb";
const NOTES = { redisVersion: "7.4.0", nowMs: 1_700_000_000_000, isBase: true };
const WRITING = { compresses: true, sums: true };

const snapshot = rdbFile(12, [
  part.select(0),
  part.resize(2, 0),
  part.key(0, "a", text("1")),
  part.key(0, "b", text("x".repeat(300))),
  part.select(7),
  part.key(0, "c", text("3")),
]);

interface Opened {
  readonly log: Log;
  readonly recovery: Recovery;
  readonly keys: number;
  readonly commands: string[];
}

function openOn(world: World): Opened {
  const keyspace = new Keyspace(new Memory(), 16, new Int32Array(4));
  registerTypes(keyspace);
  const commands: string[] = [];
  const load = { keyspace, nowMs: NOTES.nowMs };
  const { log, recovery } = openLog({
    platform: world,
    directory: "/data",
    fsync: "always",
    apply: (args) => void commands.push(spell(args)),
    loadRdb: (file, path) => loadRdb(RdbInput.ofFile(world, file, path), load).end,
    snapshot: {
      exists: world.exists(DUMP),
      follows: () => false,
      load: () => void loadRdbFile(world, DUMP, load),
      saveBase: (path) => void saveRdb(world, path, keyspace, NOTES, WRITING),
    },
  });
  keyspace.verify();
  const keys = keyspace.size(0) + keyspace.size(7);
  const key = asciiBytes("c");
  assert.equal(keyspace.find(7, key, 0, 1) !== 0, keys === 3);
  return { log, recovery, keys, commands: writes(commands) };
}

test("whenever a process ends that adopts a snapshot, the next has all that it holds", () => {
  const reached = { adopted: 0, crashed: 0, goneOn: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const chance = new Chance(seed);
    const world = new World(seed, chance, false);
    world.putFile(DUMP, snapshot);
    let written = 0;
    for (let life = 0; life < 4; life++) {
      if (life < 3) world.crashIn = 1 + chance.below(40);
      try {
        const { log, recovery, keys, commands } = openOn(world);
        assert.equal(keys, 3, `seed ${seed}`);
        assert.ok(commands.length >= written, `seed ${seed}: what was acknowledged is there`);
        if (recovery.isAdopted) reached.adopted++;
        else reached.goneOn++;
        written = commands.length;
        for (let i = 0; i < 3; i++) {
          log.selectDatabase(0);
          append(log, "SET", "a", String(i));
          if (log.commitNow()) written++;
        }
        log.close();
      } catch (error) {
        if (!(error instanceof ProcessGone)) throw error;
        reached.crashed++;
      }
      world.restart(chance.oneIn(2) ? "power" : "kill");
    }
    const names = world.list("/data/appendonlydir");
    assert.deepEqual(
      names.filter((name) => !/^appendonly\.aof\.(manifest|\d\.(base\.rdb|incr\.aof))/.test(name)),
      [],
      `seed ${seed}: no rubbish is left`,
    );
  }
  assert.ok(
    Object.values(reached).every((times) => times > SEEDS / 5),
    JSON.stringify(reached),
  );
});

test("a snapshot is left alone where there is a log, and where it cannot be loaded", () => {
  const world = new World(1, new Chance(1), false);
  world.makeDirectory("/data");
  openOn(world).log.close();
  world.putFile(DUMP, snapshot);
  const { log, recovery, keys } = openOn(world);
  assert.deepEqual([recovery.isAdopted, keys], [false, 0]);
  log.close();
  const other = new World(1, new Chance(1), false);
  other.putFile(DUMP, rdbFile(12, [part.key(7, "module", moduleNumber("test__rdb", 1), 0)]));
  assert.equal(
    codeOf(() => openOn(other)),
    "RDB_TYPES",
  );
  assert.deepEqual(other.list("/data/appendonlydir"), []);
});
