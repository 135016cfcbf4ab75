// Snapshots in tiny slices between random commands of every family, transactions that hold or are
// rolled back, and databases that are emptied and exchanged. What is saved must be what there was
// at the snapshot's moment, to the byte and the deadline; afterwards every structure verifies, all
// marks are alike, and no byte is without an owner.
// Run by itself: `node src/embedded/snapshot.fuzz.ts <seed> <snapshots>`.

import fc from "fast-check";
import { everyCommand, type Words } from "../../test/support/commands/all-commands.ts";
import { assert } from "../base/assert.ts";
import { DatabaseError } from "../base/database-error.ts";
import { Random } from "../base/random.ts";
import { RdbInput } from "../codec/rdb-input.ts";
import { RdbOutput } from "../codec/rdb-output.ts";
import type { PendingGroups } from "../keyspace/data-type.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { loadRdb } from "../persistence/rdb/rdb-loader.ts";
import { RdbWriter } from "../persistence/rdb/rdb-writer.ts";
import { Barrier } from "../persistence/snapshot/barrier.ts";
import { Snapshot } from "../persistence/snapshot/snapshot.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { ReplyError } from "../protocol/reply-reader.ts";
import { registerTypes } from "../types/all-types.ts";
import type { Database } from "./database.ts";
import { engineOf, usedByEntries } from "./embedded-test-support.ts";
import { open } from "./open.ts";
import {
  aimed,
  compare,
  DATABASES,
  holdings,
  inVain,
  ownCommand,
  setLimits,
  settle,
} from "./transaction.fuzz.ts";

const DRAWN = 500;
const PATH = "/dump.rdb";

/** Commands that concern whole databases, or keys in two. */
function largeCommand(random: Random): Words {
  const type = ["string", "list", "set", "hash", "sorted-set", "stream"][random.below(6)];
  const key = `${type}${1 + random.below(2)}`;
  switch (random.below(8)) {
    case 0:
      return ["FLUSHDB", random.below(2) === 0 ? "ASYNC" : "SYNC"];
    case 1:
      return ["FLUSHALL"];
    case 2:
      return ["RENAME", key, `${type}${1 + random.below(2)}`];
    case 3:
      return ["MOVE", key, `${random.below(DATABASES)}`];
    case 4:
      return ["COPY", key, `copy:${key}`, "DB", `${random.below(DATABASES)}`, "REPLACE"];
    case 5:
      return ["UNLINK", key];
    case 6:
      return [
        "LTRIM",
        `list${1 + random.below(2)}`,
        `${random.below(9)}`,
        `-${1 + random.below(9)}`,
      ];
    default:
      return ["SELECT", `${random.below(DATABASES)}`];
  }
}

/** Commands that change what is pending in the groups of streams. */
function groupCommand(db: Database, random: Random): Words {
  const key = `stream${1 + random.below(2)}`;
  const group = `g${random.below(2)}`;
  const consumer = random.below(6) === 0 ? "" : `c${random.below(3)}`;
  const few = `${1 + random.below(9)}`;
  switch (random.below(17)) {
    case 0:
    case 1:
      return ["XGROUP", "CREATE", key, group, "0", "MKSTREAM"];
    case 2:
      return ["XGROUP", "DESTROY", key, group];
    case 3:
      return ["XGROUP", "DELCONSUMER", key, group, consumer];
    case 4:
      return ["XAUTOCLAIM", key, group, consumer, "0", "-", "COUNT", few];
    case 15:
      return ["XADD", key, "*", "name", "value"];
    case 5:
      return ["XDEL", key, pendingId(db, random, key, group)];
    case 6:
    case 16:
      return ["XCLAIM", key, group, consumer, "0", pendingId(db, random, key, group)];
    case 7:
    case 8:
      return ["XACK", key, group, pendingId(db, random, key, group)];
    case 9:
      return ["XGROUP", "SETID", key, group, "0"];
    default:
      return ["XREADGROUP", "GROUP", group, consumer, "COUNT", `1${few}`, "STREAMS", key, ">"];
  }
}

/** The ID of an entry that is pending in a group, where there is one. */
function pendingId(db: Database, random: Random, key: string, group: string): string {
  try {
    const found = db.call("XPENDING", key, group, "-", "+", "20") as unknown as [string][];
    return found.length === 0 ? "1-1" : found[random.below(found.length)][0];
  } catch (error) {
    if (!(error instanceof ReplyError || error instanceof DatabaseError)) throw error;
    return "1-1";
  }
}

export function fuzzSnapshots(seed: number, snapshots: number): void {
  const random = new Random().seed(seed, 77);
  let now = 1_700_000_000_000;
  const clock = (): number => now;
  using db = open({ seed, databases: DATABASES, clock });
  setLimits(db, seed);
  const { keyspace } = engineOf(db);
  keyspace.settings.activeExpiry = false;
  keyspace.members.expiredAtOnce = 1 + (seed % 3);
  const view = Keyspace.attach(keyspace.memory, 1);
  registerTypes(view);
  const barrier = new Barrier(view);
  barrier.largeElements = 3 + (seed % 5);
  barrier.largeNodes = 1 + (seed % 3);
  barrier.chains.listedAtATime = 1 + (seed % 2);
  barrier.groups.walkedAtATime = 1 + (seed % 3);
  barrier.strings.longBytes = 9000;
  barrier.strings.pieceBytes = 700 + 1000 * (seed % 5);
  let words: Words[] = [];
  let draws = 0;

  const command = (): void => {
    if (words.length === 0) {
      words = fc.sample(everyCommand, { seed: seed + draws++, numRuns: DRAWN });
    }
    const choice = random.below(17);
    const next =
      choice === 0
        ? largeCommand(random)
        : choice >= 12
          ? groupCommand(db, random)
          : choice < 5
            ? ownCommand(random)
            : aimed(db, random, words.pop() as Words);
    const [name, ...rest] = next;
    try {
      db.bytes.call(name, ...rest.map((each) => Buffer.from(each, "latin1")));
    } catch (error) {
      if (!(error instanceof ReplyError || error instanceof DatabaseError)) throw error;
    }
  };
  const some = (): void => {
    for (let n = random.below(6); n > 0; n--) {
      const choice = random.below(10);
      if (choice === 0) db.transaction(some);
      else if (choice === 1) inVain(db, some);
      else command();
    }
  };

  try {
    for (let i = 0; i < snapshots; i++) {
      now += random.below(5) === 0 ? 100_000 : random.below(30);
      for (let n = random.below(20); n >= 0; n--) some();
      settle(db);
      const before = holdings(db);
      const bytes = saved(db, barrier, random, some);
      settle(db);
      keyspace.verify();
      assert(areMarkedAlike(keyspace), "fuzz: all records and nodes have the present mark");
      assert(usedByEntries(keyspace).unaccounted === 0, "fuzz: each byte belongs to something");
      compare(before, loaded(bytes, clock), now, false);
    }
  } catch (error) {
    console.error(`snapshot fuzz: seed ${seed}`);
    throw error;
  }
}

/** A snapshot of the present moment, with other things done between its slices. */
function saved(db: Database, barrier: Barrier, random: Random, between: () => void): Uint8Array {
  const { keyspace } = engineOf(db);
  const parts: Uint8Array[] = [];
  const output = new RdbOutput((bytes, end) => parts.push(bytes.slice(0, end)));
  const writer = new RdbWriter(output, keyspace, { redisVersion: "7.4.0", nowMs: keyspace.now });
  writer.begin();
  const snapshot = new Snapshot(keyspace, barrier, writer);
  const pieces = 1 + random.below(6);
  for (let isDone = false; !isDone; ) {
    for (let n = random.below(3); n > 0; n--) between();
    let left = random.below(pieces) + 1;
    isDone = snapshot.step(() => --left <= 0);
  }
  writer.end();
  return Buffer.concat(parts);
}

function areMarkedAlike(keyspace: Keyspace): boolean {
  const { databases, records, tables, types } = keyspace;
  const marked = (table: number): boolean => {
    for (let chain = 0; table !== 0 && chain < tables.buckets(table); chain++) {
      for (const record of tables.found.slice(0, tables.collect(table, chain))) {
        if (!records.isMarked(record)) return false;
        const kind = records.kind(record);
        const type = types.collections[kind];
        const root = records.pointer(record);
        if (type === undefined) continue;
        if (!marked(type.memberTable(kind, root))) return false;
        const { nodes } = type;
        let node = nodes?.firstNode(root) ?? 0;
        for (; node !== 0; node = nodes?.nextNode(node) ?? 0) {
          if (!nodes?.marks.has(node)) return false;
        }
        if (type.pendings !== undefined && !pendingAlike(type.pendings, root)) return false;
      }
    }
    return true;
  };
  for (let db = 0; db < databases; db++) if (!marked(keyspace.table(db))) return false;
  return true;
}

function pendingAlike(pendings: PendingGroups, root: number): boolean {
  let isAlike = true;
  for (let i = 0; i < pendings.groupCount(root); i++) {
    const group = pendings.groupAt(root, i);
    pendings.walk(group, new Uint32Array(4), Number.MAX_SAFE_INTEGER, (pending) => {
      isAlike &&= pendings.marks.has(pending);
    });
  }
  return isAlike;
}

/** What a file holds. */
function loaded(bytes: Uint8Array, clock: () => number): ReturnType<typeof holdings> {
  const platform = new SimulatedPlatform(1);
  platform.putFile(PATH, bytes);
  using other = open({ databases: DATABASES, clock });
  const { keyspace } = engineOf(other);
  keyspace.settings.activeExpiry = false;
  const input = RdbInput.ofFile(platform, platform.open(PATH, "read"), PATH);
  loadRdb(input, { keyspace, nowMs: clock(), keepsExpired: true });
  keyspace.verify();
  return holdings(other);
}

if (import.meta.main) {
  const [seed = 1, snapshots = 1000] = process.argv.slice(2).map(Number);
  for (let i = 0; i < snapshots; i += 20) fuzzSnapshots(seed + i, 20);
  console.log("snapshot fuzz: passed");
}
