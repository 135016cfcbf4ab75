// A database of records k0, k1 …, put in this order, whose log is rewritten, for tests on a
// simulated disk. What a base holds is written as commands behind an RDB file without keys, a few
// records at a time, by a snapshot that remembers how many there were.

import assert from "node:assert/strict";
import type { World } from "../../../test/simulation/world.ts";
import { rdbFile } from "../rdb/rdb-test-support.ts";
import { append, command, encode, spell, writes } from "../test-support.ts";
import type { FsyncPolicy, Log } from "./log.ts";
import { openLog, type Recovery, type SnapshotFile } from "./recovery.ts";
import { type BaseWriting, Rewrite, type RewriteHost } from "./rewrite.ts";

export const DIRECTORY = "/data/appendonlydir";
/** A base begins as an RDB file; its records follow as commands. */
export const PREAMBLE: Uint8Array = rdbFile(10, []);
const RECORDS_A_STEP = 3;

/** The commands that put records [start, end). */
export function recordsFrom(start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += command("SET", `k${i}`, String(i));
  return text;
}

export abstract class RecordsHost implements RewriteHost {
  readonly platform: World;
  readonly log: Log;
  readonly rewrite: Rewrite;
  readonly recovery: Recovery;
  /** What was there when it was opened, as recordsTo() spells it. */
  readonly found: string[];
  count: number;
  isReady = true;
  commands = 0;
  percentage = 0;
  sizeMin = 0;
  readonly syncsAsItGoes = true;
  readonly said: string[] = [];
  aborted = 0;

  constructor(world: World, fsync: FsyncPolicy, snapshot?: SnapshotFile) {
    const commands: string[] = [];
    const { log, files, recovery } = openLog({
      platform: world,
      directory: "/data",
      fsync,
      snapshot,
      apply: (args) => void commands.push(spell(args)),
    });
    assert.deepEqual(recovery.warnings, []);
    this.platform = world;
    this.log = log;
    this.recovery = recovery;
    this.found = writes(commands);
    this.count = this.found.length;
    this.rewrite = new Rewrite(this, log);
    this.rewrite.follow(files);
  }

  abstract spread(): void;
  abstract noteNamed(): void;

  turn(work: () => void): void {
    work();
  }

  begin(sink: (bytes: Uint8Array, end: number) => void): BaseWriting {
    const { count } = this;
    let done = 0;
    let isBegun = false;
    return {
      step: () => {
        if (!isBegun) sink(PREAMBLE, PREAMBLE.length);
        isBegun = true;
        const end = Math.min(count, done + RECORDS_A_STEP);
        const bytes = encode(recordsFrom(done, end));
        done = end;
        sink(bytes, bytes.length);
        return done === count;
      },
      abort: () => void this.aborted++,
      extraBytes: 0,
    };
  }

  notice(text: string): void {
    this.said.push(text);
  }

  warning(text: string): void {
    this.said.push(text);
  }

  put(): void {
    if (!this.log.isResting) {
      this.log.selectDatabase(0);
      append(this.log, "SET", `k${this.count}`, String(this.count));
    }
    this.count++;
    this.commands++;
  }

  close(): void {
    this.rewrite.close();
    this.log.close();
  }
}

/** Fails on a file of the log that the manifest does not name and that is not kept on purpose. */
export function assertNoRubbish(world: World): void {
  const manifest = new TextDecoder().decode(
    world.contentOf(`${DIRECTORY}/appendonly.aof.manifest`) ?? new Uint8Array(),
  );
  for (const name of world.list(DIRECTORY)) {
    const isKept = /\.(manifest|torn-[0-9.]+)$/.test(name) && !name.startsWith("temp");
    assert.ok(isKept || manifest.includes(`file ${name} `), `${name} is rubbish`);
  }
}
