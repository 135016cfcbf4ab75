// Real RDB files, as servers of many versions wrote them, opened as a program or a server opens
// them. They lie beside the project, in shared/data/rdb (TSKEYDB_RDB_FILES says where else), with
// what they hold; where they are not there, that is said.

import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../../test/support/servers.ts";
import { open, RdbError } from "../index.ts";
import type { Database } from "./database.ts";

const beside = fileURLToPath(new URL("../../../shared/data/rdb", import.meta.url));
const FILES = process.env.TSKEYDB_RDB_FILES ?? beside;

function areThere(t: TestContext): boolean {
  if (existsSync(FILES)) return true;
  t.skip(`real RDB files are not in ${FILES}`);
  return false;
}

function openFile(name: string): Database {
  const directory = temporaryFolder();
  cpSync(join(FILES, name), join(directory, "dump.rdb"));
  return open(directory);
}

type Held = Record<string, unknown>;

/** What the database holds, in the form of the expectations: sets are sorted. */
function held(db: Database): Held {
  const found: Held = {};
  for (const key of db.keys("*")) {
    const type = db.type(key);
    if (type === "string") found[key] = db.get(key);
    else if (type === "list") found[key] = db.lrange(key, 0, -1);
    else if (type === "hash") found[key] = { ...db.hgetall(key) };
    else if (type === "zset") {
      const scores = db.zrange(key, 0, -1, { withscores: true });
      found[key] = Object.fromEntries(scores.sort());
    } else found[key] = [...db.smembers(key)].sort();
  }
  return found;
}

/** Scores as numbers, members in the order of their names. */
function asScores(scores: Held): Record<string, number> {
  const pairs = Object.entries(scores).map(([member, score]): [string, number] => [
    member,
    Number(String(score).replace("inf", "Infinity")),
  ]);
  return Object.fromEntries(pairs.sort());
}

function expected(name: string, isSet: boolean): Held {
  const text = readFileSync(join(FILES, `${name}.json`), "utf8").trim();
  const parsed = JSON.parse(/^[[{]/.test(text) ? text : `{${text}}`) as Held;
  for (const note of Object.keys(parsed).filter((key) => key.startsWith("__"))) delete parsed[note];
  if (isSet) for (const value of Object.values(parsed)) (value as string[]).sort();
  if (name.includes("zset")) {
    for (const [key, scores] of Object.entries(parsed)) parsed[key] = asScores(scores as Held);
  }
  return parsed;
}

/** Files, and where it is said what they hold. */
const whole: readonly (readonly [file: string, expectation: string, isSet?: boolean])[] = [
  ["cluster_slot_info", "cluster_slot_info"],
  ["hash_lp_v11", "hash_lp_v11_data"],
  ["hash_v3", "plain_hash_data"],
  ["hash_zl_v6", "hash_zl_v6_data"],
  ["hash_zm_v2", "hash_zm_v2_data"],
  ["mem_policy_lfu", "mem_policy_lfu"],
  ["mem_policy_lru", "mem_policy_lru"],
  ["multiple_lists_strings", "multiple_lists_strings_data"],
  ["plain_list_v6", "plain_list_v6_data"],
  ["plain_set_v6", "plain_set_v6_data", true],
  ["quicklist", "quicklist_data"],
  ["quicklist2_v11", "single_list_data"],
  ["set_is_v11", "set_is_v11_data", true],
  ["set_lp_v11", "set_lp_v11_data", true],
  ["single_key", "single_key_data"],
  ["string_int_encoded", "string_int_encoded"],
  ["ziplist_v3", "ziplist_data"],
  ["plain_zset_2_v11", "plain_zset_2_v11_data"],
  ["plain_zset_v6", "plain_zset_v6_data"],
  ["zset_lp_v11", "zset_lp_v11_data"],
  ["zset_zl_v6", "zset_zl_v6_data"],
];

test("files of versions 2 to 12 hold what they say, and so does what we make of them", (t) => {
  if (!areThere(t)) return;
  for (const [file, expectation, isSet = false] of whole) {
    const db = openFile(`${file}.rdb`);
    const holds = expected(expectation, isSet);
    assert.ok(Object.keys(holds).length > 0, file);
    assert.deepEqual(held(db), holds, file);
    db.verify();
    db.call("debug", "reload");
    assert.deepEqual(held(db), holds, `${file}, saved and loaded again`);
    db.call("debug", "loadaof");
    assert.deepEqual(held(db), holds, `${file}, as the base of a log`);
    db.verify();
    db.close();
  }
});

test("fields have the deadlines that files say, and are gone when those have passed", (t) => {
  if (!areThere(t)) return;
  for (const [file, expectation] of [
    ["hash_with_expire_v12", "hash_ex_v12_data"],
    ["hash_lp_with_hexpire_v12", "hash_lp_ex_v12_data"],
  ]) {
    const directory = temporaryFolder();
    cpSync(join(FILES, `${file}.rdb`), join(directory, "dump.rdb"));
    let now = 1_718_000_000_000;
    using db = open(directory, { clock: () => now });
    const holds = expected(expectation, false);
    assert.deepEqual(held(db), holds, file);
    db.verify();
    db.call("debug", "reload");
    assert.deepEqual(held(db), holds, `${file}, saved and loaded again`);
    const fields = db.hkeys("myhash");
    const deadlines = db.hpexpiretime("myhash", fields).filter((deadline) => deadline > 0);
    assert.ok(deadlines.length > 0, file);
    now = Math.max(...deadlines) + 1;
    assert.equal(db.hlen("myhash"), fields.length - deadlines.length);
    db.verify();
  }
});

test("several databases, many lists, functions, modules' data, Redis Enterprise", (t) => {
  if (!areThere(t)) return;
  const several = openFile("multiple_dbs.rdb");
  assert.deepEqual(
    [0, 1, 2].map((index) => held(several.database(index))),
    [{ x: "0" }, { y: "1" }, { z: "2" }],
  );
  several.close();
  for (const [name, keys] of [
    ["100_lists", 100],
    ["empty", 0],
    ["function", 0],
    ["function2", 10],
    ["misc_with_stream", 11],
    ["stream_v11", 1],
    ["module_aux", 0], // Its one key lies in database 9, see below.
    ["module_aux_empty", 0],
    ["redis_ent_opcode_ram_lru", 3],
    ["script", 0],
    ["script_legacy", 0],
    ["set_not_expired_v11", 1],
    ["set_expired_v11", 0],
    ["string_lzf", 2],
  ] as const) {
    const db = openFile(`${name}.rdb`);
    assert.equal(db.dbsize(), keys, name);
    db.verify();
    db.close();
  }
  const ninth = openFile("module_aux.rdb");
  assert.deepEqual(held(ninth.database(9)), { x: "1" });
  ninth.close();
});

test("what cannot be loaded is named by key, type and database", (t) => {
  if (!areThere(t)) return;
  for (const [name, code, message] of [
    // A file of today with the version of tomorrow written into it.
    ["future_v19", "RDB_DAMAGED", /does not agree with its checksum/],
    ["invalid_chksum_v8", "RDB_DAMAGED", /does not agree with its checksum, at offset 209/],
    ["module", "RDB_TYPES", /1 key of types .* \(module test__rdb, database 0\)\. Nothing of it /],
    ["module_aux_v12", "RDB_TYPES", /1 key of types .* \(module test__rdb, database 0\)/],
  ] as const) {
    assert.throws(
      () => openFile(`${name}.rdb`),
      (error) => error instanceof RdbError && error.code === code && message.test(error.message),
      name,
    );
  }
});
