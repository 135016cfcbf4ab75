// The writer of a whole RDB file: its parts in turn, an entry at a time, so that whoever walks
// through a keyspace, at once or in slices, decides what comes when. The order of keys is of no
// matter; each stands behind the part that names its database.
//
// Version 10, which redis-server loads from 7.0 on, with the notes of redis-server 7.0.

import { assert } from "../../base/assert.ts";
import { asciiBytes, writeLatin1 } from "../../base/bytes.ts";
import { formatOf, saveValue } from "../../codec/payload.ts";
import type { RdbOutput } from "../../codec/rdb-output.ts";
import { VERSION_WRITTEN } from "../../codec/rdb-versions.ts";
import { idleSeconds, lfuCounter } from "../../keyspace/access-clock.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { Opcode } from "./rdb-format.ts";

/** What a file says of itself. */
export interface FileNotes {
  /** The version of Redis that it is as from. */
  readonly redisVersion: string;
  /** The wall clock, in milliseconds since 1970. */
  readonly nowMs: number;
  /** It is the base of a log. */
  readonly isBase?: boolean;
  /** Prints of logs that it comes after (../log/log-print.ts). */
  readonly follows?: readonly string[];
}

/** The note that says what a file follows, its prints with a blank between. */
export const FOLLOWS = "tskeydb-follows";

export class RdbWriter {
  readonly output: RdbOutput;
  readonly #keyspace: Keyspace;
  readonly #nowMs: number;
  readonly #notes: FileNotes;
  readonly #keepsIdle: boolean;
  readonly #keepsFrequency: boolean;
  #db = -1;

  constructor(output: RdbOutput, keyspace: Keyspace, notes: FileNotes) {
    this.output = output;
    this.#keyspace = keyspace;
    this.#notes = notes;
    this.#nowMs = notes.nowMs;
    const { settings } = keyspace;
    // As Redis: where nothing is evicted by them, clocks are not kept.
    this.#keepsIdle = settings.evictionPolicy.endsWith("-lru");
    this.#keepsFrequency = settings.lfu;
  }

  /** The signature, the notes, and the functions. */
  begin(): void {
    const { output } = this;
    const signature = asciiBytes(`REDIS${String(VERSION_WRITTEN).padStart(4, "0")}`);
    output.raw(signature, 0, signature.length);
    const { redisVersion, isBase = false, follows = [] } = this.#notes;
    this.#note("redis-ver", redisVersion);
    this.#note("redis-bits", "64");
    this.#note("ctime", String(Math.floor(this.#nowMs / 1000)));
    this.#note("used-mem", String(this.#keyspace.memory.usedBytes));
    this.#note("aof-base", isBase ? "1" : "0");
    if (follows.length > 0) this.#note(FOLLOWS, follows.join(" "));
    for (const code of this.#keyspace.libraries.codes) {
      const bytes = new Uint8Array(code.length);
      writeLatin1(code, bytes, 0);
      output.byte(Opcode.function);
      output.string(bytes, 0, bytes.length);
    }
  }

  #note(name: string, value: string): void {
    const { output } = this;
    output.byte(Opcode.aux);
    for (const text of [name, value]) output.string(asciiBytes(text), 0, text.length);
  }

  /** The entries that follow are of this database, so many, so many of them with a deadline. */
  select(db: number, entries: number, deadlines: number): void {
    const { output } = this;
    this.#db = db;
    output.byte(Opcode.select);
    output.length(db);
    output.byte(Opcode.resize);
    output.length(entries);
    output.length(deadlines);
  }

  /** As select, where the sizes have been said before or are not known. */
  return(db: number): void {
    if (db === this.#db) return;
    this.#db = db;
    this.output.byte(Opcode.select);
    this.output.length(db);
  }

  /** Something else was written, which may belong to any database. */
  unselect(): void {
    this.#db = -1;
  }

  /** An entry with all that it holds. */
  entry(entry: number): void {
    const { output } = this;
    const { records } = this.#keyspace;
    const format = formatOf(this.#keyspace, entry);
    records.key(entry);
    const { bytes, start, end } = records;
    this.head(records.deadline(entry), records.clock(entry), format, bytes, start, end);
    saveValue(this.#keyspace, entry, output);
  }

  /** What comes before an entry's value. */
  head(
    deadline: number,
    clock: number,
    format: number,
    key: Uint8Array,
    start: number,
    end: number,
  ): void {
    assert(this.#db >= 0, "an entry has a database before it");
    const { output } = this;
    if (deadline !== NO_DEADLINE) {
      output.byte(Opcode.untilMs);
      output.int64(deadline);
    }
    if (this.#keepsIdle) {
      output.byte(Opcode.idle);
      output.length(idleSeconds(clock, this.#nowMs));
    } else if (this.#keepsFrequency) {
      output.byte(Opcode.frequency);
      output.byte(lfuCounter(clock, this.#nowMs, this.#keyspace.settings.lfuDecayMinutes));
    }
    output.byte(format);
    output.string(key, start, end);
  }

  /** The end and the sum; the sink is given all that is left. */
  end(): void {
    this.output.byte(Opcode.end);
    this.output.sum();
  }
}

/** Writes all of a keyspace at once. */
export function writeAll(writer: RdbWriter, keyspace: Keyspace): void {
  const { tables } = keyspace;
  let chain = new Int32Array(64);
  writer.begin();
  for (let db = 0; db < keyspace.databases; db++) {
    const table = keyspace.table(db);
    if (keyspace.size(db) === 0) continue;
    writer.select(db, keyspace.size(db), keyspace.deadlineCount(db));
    for (let i = 0; i < tables.buckets(table); i++) {
      const count = tables.collect(table, i);
      // A copy, since a type that saves itself may collect the records of a table of its own.
      if (count > chain.length) chain = new Int32Array(2 * count);
      for (let k = 0; k < count; k++) chain[k] = tables.found[k];
      for (let k = 0; k < count; k++) writer.entry(chain[k]);
    }
  }
  writer.end();
}
