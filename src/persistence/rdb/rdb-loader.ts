// Loads an RDB file into a keyspace: entries are made directly, not by commands, and nothing hears
// of them. Where a value has no type here, the rest of the file is only walked through, so that all
// such keys can be named, and the load fails; so it does where bytes are wrong. What was loaded by
// then is for the caller to throw away: nothing is served until a load has ended well.
//
// A file is checked in the same way, each value being freed as soon as it has been made.

import { assert } from "../../base/assert.ts";
import { VALUE_BYTES_MAX } from "../../codec/payload.ts";
import { RdbError } from "../../codec/rdb-error.ts";
import type { RdbInput } from "../../codec/rdb-input.ts";
import { restoredClock } from "../../keyspace/access-clock.ts";
import { type CollectionType, type DataType, STRING } from "../../keyspace/data-type.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { addEntry, expectEntries } from "../../keyspace/loading.ts";
import { MemoryExhausted } from "../../memory/memory.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { type PassedOver, RdbReader, UNSAID } from "./rdb-reader.ts";
import { keyText, RefusedKeys } from "./refused-keys.ts";

/** The greatest number that is less than 2^63: what is written of a deadline has 64 bits. */
const DEADLINE_MAX = 2 ** 63 - 1024;

export interface LoadOptions {
  readonly keyspace: Keyspace;
  /** The wall clock, in milliseconds since 1970. */
  readonly nowMs: number;
  /** Keys whose deadline has passed are loaded all the same: a log follows that deals with them. */
  readonly keepsExpired?: boolean;
  /** A key that is there is replaced; unless said otherwise the file is damaged then. */
  readonly replaces?: boolean;
  /** What is loaded is freed at once: the file is only checked. */
  readonly keepsNothing?: boolean;
  /** Is told now and then how many bytes of the file are done. */
  readonly progress?: (done: number, total: number) => void;
}

export interface Loaded {
  readonly version: number;
  readonly notes: ReadonlyMap<string, string>;
  readonly passedOver: PassedOver;
  /** Libraries of functions that were loaded. */
  readonly libraries: number;
  /** Keys that were loaded. */
  readonly keys: number;
  /** Keys that were not, since their deadline has passed. */
  readonly expired: number;
  /** Keys that were not, since a collection without elements is none. */
  readonly empty: number;
  /** How many keys have a value of each type that files number. */
  readonly formats: Int32Array;
  /** Whether there was a checksum. */
  readonly hasSum: boolean;
  /** Behind the file's last byte; a log may follow. */
  readonly end: number;
}

/** A key takes so many bytes in a file, of those that are worth a table made ahead. */
const KEY_BYTES_LEAST = 8;
const KEYS_A_REPORT = 1 << 14;

/** Reads and loads the file; throws RdbError. REQUIRES: no transaction is open. */
export function loadRdb(input: RdbInput, options: LoadOptions): Loaded {
  return new Loader(input, options).run();
}

class Loader {
  readonly #input: RdbInput;
  readonly #reader: RdbReader;
  readonly #options: LoadOptions;
  readonly #keyspace: Keyspace;
  readonly #refused = new RefusedKeys();
  #keys = 0;
  #libraries = 0;
  #expired = 0;
  #empty = 0;
  readonly #formats = new Int32Array(256);

  constructor(input: RdbInput, options: LoadOptions) {
    this.#input = input;
    this.#reader = new RdbReader(input);
    this.#options = options;
    this.#keyspace = options.keyspace;
  }

  run(): Loaded {
    const input = this.#input;
    const reader = this.#reader;
    const { progress, nowMs, keepsExpired = false } = this.#options;
    if (!reader.begin()) {
      const message = `${input.path} is no RDB file: it does not begin with "REDIS" and a version.`;
      throw new RdbError("RDB_FORMAT", input.path, 0, message);
    }
    if (this.#options.keepsNothing !== true) reader.onLibrary = (code) => this.#loadLibrary(code);
    for (let seen = 0; reader.next(); seen++) {
      if (seen % KEYS_A_REPORT === 0) progress?.(input.position, input.size);
      const hasPassed = reader.deadline !== UNSAID && reader.deadline < nowMs;
      const type = this.#keyspace.types.ofFormat[reader.loadedFormat];
      if (type === undefined || !this.#isDatabase()) this.#refuse();
      else if (this.#refused.count > 0) this.#skip();
      else if (hasPassed && !keepsExpired) {
        this.#skip();
        this.#expired++;
      } else this.#load(type);
    }
    if (this.#refused.count > 0) this.#fail("");
    progress?.(input.position, input.size);
    const { version, notes, passedOver, hasSum } = reader;
    const counts = {
      keys: this.#keys,
      libraries: this.#libraries,
      expired: this.#expired,
      empty: this.#empty,
    };
    const formats = this.#formats;
    return { version, notes, passedOver, ...counts, formats, hasSum, end: input.position };
  }

  #loadLibrary(code: string): void {
    const failure = this.#keyspace.libraries.take(code, this.#options.replaces === true);
    if (failure !== undefined) this.#input.fail(`a library of functions is refused: ${failure}`);
    this.#libraries++;
  }

  #isDatabase(): boolean {
    const { db } = this.#reader;
    const { databases } = this.#keyspace;
    if (db < databases) return true;
    const message =
      `${this.#input.path} holds keys of database ${db}, and there are ${databases}: databases ` +
      `(a directive, or an option of open()) is to be at least ${db + 1}.`;
    throw new RdbError("RDB_FORMAT", this.#input.path, this.#reader.offset, message);
  }

  #skip(): void {
    const frame = this.#reader.frame;
    if (frame !== undefined) this.#reader.skipValue(frame);
  }

  /** Notes a key of a type that there is not, and goes on behind its value if it can. */
  #refuse(): void {
    const reader = this.#reader;
    const { frame, db, key, keyLength } = reader;
    const name = frame === undefined ? `type ${reader.format}` : reader.skipValue(frame);
    this.#refused.add(name, db, key, 0, keyLength);
    if (frame === undefined) this.#fail(" Where its value ends is not known, so more may follow.");
  }

  #fail(more: string): never {
    const { path } = this.#input;
    const message = `${path} holds ${this.#refused.text}. Nothing of it was loaded.${more}`;
    throw new RdbError("RDB_TYPES", path, this.#reader.offset, message);
  }

  #load(type: DataType): void {
    const { tables, records, memory, types } = this.#keyspace;
    const input = this.#input;
    const { db, key, keyLength, loadedFormat, format, keysAhead } = this.#reader;
    if (memory.nearlyExhausted) {
      throw new MemoryExhausted(`${input.path} holds more than there can be in memory`);
    }
    if (keysAhead > 0 && !this.#options.keepsNothing) this.#expect(db, keysAhead);
    const deadline = this.#deadline();
    let entry = 0;
    if (type.type === STRING) {
      input.string();
      const { bytes, start, end } = input;
      if (end - start > VALUE_BYTES_MAX) input.fail("a string is longer than one can be here");
      const kind = type.kindOfString?.(bytes, start, end) ?? 0;
      const clock = this.#clock();
      entry = records.create(kind, key, 0, keyLength, bytes, start, end, deadline, clock);
    } else {
      const collection = type as CollectionType;
      const root = collection.load?.(loadedFormat, input) ?? 0;
      if (root === 0) {
        this.#empty++;
        return;
      }
      const kind = collection.createdKind as number;
      assert(types.collections[kind] === collection, "a type loads a value of its own");
      entry = records.createPointer(kind, key, 0, keyLength, root, 0, deadline, this.#clock());
    }
    this.#keys++;
    this.#formats[format]++;
    if (this.#options.keepsNothing === true) {
      this.#keyspace.dispose(entry);
      while (this.#keyspace.disposing) this.#keyspace.reclaim();
      return;
    }
    const hash = tables.hasher.hash(key, 0, keyLength);
    const table = this.#keyspace.table(db);
    const before = table === 0 ? 0 : tables.find(table, hash, key, 0, keyLength);
    if (before !== 0) this.#replace(db, before);
    addEntry(this.#keyspace, db, hash, entry);
  }

  #replace(db: number, entry: number): void {
    const { key, keyLength } = this.#reader;
    if (this.#options.replaces === true) this.#keyspace.remove(db, entry);
    else this.#input.fail(`${keyText(key, 0, keyLength)} of database ${db} is there already`);
  }

  /** A table for the keys to come; a file that lies about them gets none that it could not fill. */
  #expect(db: number, keys: number): void {
    const most = Math.ceil(this.#input.left / KEY_BYTES_LEAST);
    expectEntries(this.#keyspace, db, Math.min(keys, most));
  }

  #deadline(): number {
    const { deadline } = this.#reader;
    if (deadline === UNSAID) return NO_DEADLINE;
    return Math.min(Math.max(deadline, 0), DEADLINE_MAX);
  }

  /** The access clock, as the file says; else as of an entry that is new. */
  #clock(): number {
    const { nowMs } = this.#options;
    const { idle, frequency } = this.#reader;
    return restoredClock(nowMs, this.#keyspace.settings.lfu, idle, frequency);
  }
}
