// The state of a log that is being written: what there is to know of it beside its bytes, in one
// block of shared memory, so that any thread of the process can go on where another left off.
//
//      0  offsets, batch numbers and times, 64-bit floats (F)
//    256  cells of 32 bits (I)
//    512  one byte for each member that has the log open: 1, and 2 where it waits for progress
//    640  the last bytes of the file that were looked at (file-watch.ts)
//    672  why the log cannot be written, UTF-8
//
// All of it is read and changed with the database's lock, but for what those look at who wait
// (log-turns.ts): `progress` and `turn`, by Atomics, and, behind a load of `progress`, the batch
// numbers and `failed`. An aligned 64-bit float is loaded and stored whole on every machine that
// the runtimes run on.

import { assert } from "../../base/assert.ts";
import { utf8Bytes, utf8Text } from "../../base/bytes.ts";
import type { File } from "../../platform/platform.ts";

/** When written batches are synced: before they are acknowledged, each second, or never by us. */
export type FsyncPolicy = "always" | "everysec" | "no";

const POLICIES: readonly FsyncPolicy[] = ["always", "everysec", "no"];

/** Members have the numbers 1 to this. */
export const MEMBERS_MAX = 127;
/** Bytes that the last look at the file remembers at most. */
export const SAMPLE_BYTES = 32;

/** How long syncs take is a moving average, in which the last one has this weight. */
const LAST_SYNC_WEIGHT = 0.25;
/** At first they pass for slow. */
const FIRST_SYNC_MS = 1;

const CELLS = 256;
const MEMBERS = 512;
const SAMPLE = 640;
const FAILURE = 672;
const STATE_BYTES = 2048;

/** Of `largeFrom`: the file has grown to it. */
export const GROWN = -1;

const F = {
  end: 0,
  batchStart: 1,
  sealedEnd: 2,
  written: 3,
  synced: 4,
  reserveEnd: 5,
  batch: 6,
  writtenThrough: 7,
  syncedThrough: 8,
  syncStartMs: 9,
  syncMs: 10,
  delayedSyncs: 11,
  lookedMs: 12,
  sampleStart: 13,
  sequence: 14,
  wanted: 15,
  largeFrom: 16,
  stampedS: 17,
  floats: 18,
} as const;

const I = {
  policy: 64,
  database: 65,
  syncRound: 66,
  syncFailed: 67,
  reserveRefused: 68,
  closed: 69,
  failed: 70,
  failureVersion: 71,
  failureBytes: 72,
  found: 73,
  sampleBytes: 74,
  progress: 75,
  turn: 76,
  membersEnd: 77,
  tickets: 78,
  expectedTickets: 79,
  gatheringsToSkip: 80,
  file: 81,
  stamps: 82,
  expected: 83,
  rewritesEnded: 84,
  rewritesFailed: 85,
  files: 86,
  canLook: 87,
  resting: 88,
  provisional: 89,
  founding: 90,
  cells: 91,
} as const;

/** The word that grows with each sync and each failure: who waits for either waits for it. */
export const PROGRESS = I.progress;
/** The word that says who syncs, see log-turns.ts. */
export const TURN = I.turn;

assert(F.floats * 8 <= CELLS && I.cells * 4 <= MEMBERS, "a log's state is laid out in order");

export class LogState {
  readonly buffer: SharedArrayBuffer;
  /** For Atomics. */
  readonly cells: Int32Array;
  readonly #f64: Float64Array;
  readonly #bytes: Uint8Array;
  // The failure's text, as last read or written here, and its version.
  #failure = "";
  #failureVersion = 0;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(STATE_BYTES)) {
    this.buffer = buffer;
    this.cells = new Int32Array(buffer, 0, FAILURE / 4);
    this.#f64 = new Float64Array(buffer, 0, CELLS / 8);
    this.#bytes = new Uint8Array(buffer);
  }

  /**
   * A log that goes on behind the first `end` bytes, all of them synced, of a file: the increment
   * of that number, which the thread that opened the log has open as `file`.
   */
  begin(file: File, sequence: number, end: number): void {
    this.cells[I.files]++;
    this.file = file;
    this.sequence = sequence;
    this.database = -1;
    this.expected = -1;
    this.stampedS = 0;
    this.reserveEnd = 0;
    this.found = 0;
    this.end = end;
    this.batchStart = end;
    this.sealedEnd = end;
    this.written = end;
    this.synced = end;
  }

  /** Grows each time that the log goes on in another file. */
  get files(): number {
    return this.cells[I.files];
  }

  /** False on a file system where a file looks like another to itself. */
  get canLook(): boolean {
    return this.cells[I.canLook] !== 0;
  }
  set canLook(can: boolean) {
    this.cells[I.canLook] = can ? 1 : 0;
  }

  /** Nothing is written: there is no file. */
  get resting(): boolean {
    return this.cells[I.resting] !== 0;
  }
  set resting(resting: boolean) {
    this.cells[I.resting] = resting ? 1 : 0;
  }

  /** The file is one that the next start will not read: its base is still being written. */
  get provisional(): boolean {
    return Atomics.load(this.cells, I.provisional) !== 0;
  }
  set provisional(provisional: boolean) {
    Atomics.store(this.cells, I.provisional, provisional ? 1 : 0);
  }

  /** It rests or is provisional, but somebody sees to it that it is written for good. */
  get founding(): boolean {
    return Atomics.load(this.cells, I.founding) !== 0;
  }
  set founding(founding: boolean) {
    Atomics.store(this.cells, I.founding, founding ? 1 : 0);
  }

  /** Number of the increment that is being written: it grows each time the log is cut. */
  get sequence(): number {
    return this.#f64[F.sequence];
  }
  set sequence(sequence: number) {
    this.#f64[F.sequence] = sequence;
  }

  /** The opener is told when the file has grown to this; `GROWN`: it is to be told. */
  get largeFrom(): number {
    return this.#f64[F.largeFrom];
  }
  set largeFrom(bytes: number) {
    this.#f64[F.largeFrom] = bytes;
  }

  /** Whether the file has just grown to that: said once. */
  hasGrown(): boolean {
    if (this.written < this.largeFrom || this.largeFrom === GROWN) return false;
    this.largeFrom = GROWN;
    return true;
  }

  /** As the thread that opened the log has it open. */
  get file(): File {
    return this.cells[I.file];
  }
  set file(file: File) {
    this.cells[I.file] = file;
  }

  /** The offset behind everything that was appended. */
  get end(): number {
    return this.#f64[F.end];
  }
  set end(offset: number) {
    this.#f64[F.end] = offset;
  }

  /** Where the open batch begins. */
  get batchStart(): number {
    return this.#f64[F.batchStart];
  }
  set batchStart(offset: number) {
    this.#f64[F.batchStart] = offset;
  }

  get sealedEnd(): number {
    return this.#f64[F.sealedEnd];
  }
  set sealedEnd(offset: number) {
    this.#f64[F.sealedEnd] = offset;
  }

  get written(): number {
    return this.#f64[F.written];
  }
  set written(offset: number) {
    this.#f64[F.written] = offset;
  }

  get synced(): number {
    return this.#f64[F.synced];
  }
  set synced(offset: number) {
    this.#f64[F.synced] = offset;
  }

  /** Where the reserve ends that lies behind `written`; before it: there is none. */
  get reserveEnd(): number {
    return this.#f64[F.reserveEnd];
  }
  set reserveEnd(offset: number) {
    this.#f64[F.reserveEnd] = offset;
  }

  /** Number of the last batch that was sealed. */
  get batch(): number {
    return this.#f64[F.batch];
  }
  set batch(batch: number) {
    this.#f64[F.batch] = batch;
  }

  /** Number of the last batch that was written to the file. */
  get writtenThrough(): number {
    return this.#f64[F.writtenThrough];
  }
  set writtenThrough(batch: number) {
    this.#f64[F.writtenThrough] = batch;
  }

  /** Number of the last batch that is known to be on the disk. */
  get syncedThrough(): number {
    return this.#f64[F.syncedThrough];
  }
  set syncedThrough(batch: number) {
    this.#f64[F.syncedThrough] = batch;
  }

  /** Number of the last batch that somebody wants on the disk, whatever the policy. */
  get wanted(): number {
    return this.#f64[F.wanted];
  }
  set wanted(batch: number) {
    this.#f64[F.wanted] = batch;
  }

  /** When the last sync began. */
  get syncStartMs(): number {
    return this.#f64[F.syncStartMs];
  }
  set syncStartMs(atMs: number) {
    this.#f64[F.syncStartMs] = atMs;
  }

  /** How long syncs have lately taken. */
  get syncMs(): number {
    return this.#f64[F.syncMs];
  }
  set syncMs(ms: number) {
    this.#f64[F.syncMs] = ms;
  }

  beginSyncs(nowMs: number): void {
    this.syncStartMs = nowMs;
    this.syncMs = FIRST_SYNC_MS;
  }

  /** The sync that began last has ended. */
  noteSync(nowMs: number): void {
    const tookMs = Math.max(0, nowMs - this.syncStartMs);
    this.syncMs += (tookMs - this.syncMs) * LAST_SYNC_WEIGHT;
  }

  /** Commits that had to wait for a sync. */
  get delayedSyncs(): number {
    return this.#f64[F.delayedSyncs];
  }
  set delayedSyncs(count: number) {
    this.#f64[F.delayedSyncs] = count;
  }

  get policy(): FsyncPolicy {
    return POLICIES[this.cells[I.policy]];
  }
  set policy(policy: FsyncPolicy) {
    this.cells[I.policy] = POLICIES.indexOf(policy);
  }

  /** Which `select` is in force at the end; −1: none yet in this session. */
  get database(): number {
    return this.cells[I.database];
  }
  set database(database: number) {
    this.cells[I.database] = database;
  }

  /** The database whose commands can follow as they are; −1: something may come before them. */
  get expected(): number {
    return this.cells[I.expected];
  }
  set expected(database: number) {
    this.cells[I.expected] = database;
  }

  /** Whether batches say when they were executed, see stamp.ts. */
  get stamps(): boolean {
    return this.cells[I.stamps] !== 0;
  }
  set stamps(on: boolean) {
    this.cells[I.stamps] = on ? 1 : 0;
  }

  /** The second of the last stamp in the file; 0: none yet in this session. */
  get stampedS(): number {
    return this.#f64[F.stampedS];
  }
  set stampedS(seconds: number) {
    this.#f64[F.stampedS] = seconds;
  }

  /** Grows with each sync; the outcome of one that another has overtaken is disregarded. */
  get syncRound(): number {
    return this.cells[I.syncRound];
  }
  nextSyncRound(): number {
    return ++this.cells[I.syncRound];
  }

  /** Bytes since `synced` must be written anew before they are synced. */
  get syncFailed(): boolean {
    return this.cells[I.syncFailed] !== 0;
  }
  set syncFailed(failed: boolean) {
    this.cells[I.syncFailed] = failed ? 1 : 0;
  }

  /** There was no room for a reserve. */
  get reserveRefused(): boolean {
    return this.cells[I.reserveRefused] !== 0;
  }
  set reserveRefused(refused: boolean) {
    this.cells[I.reserveRefused] = refused ? 1 : 0;
  }

  get rewritesEnded(): number {
    return Atomics.load(this.cells, I.rewritesEnded);
  }
  set rewritesEnded(count: number) {
    Atomics.store(this.cells, I.rewritesEnded, count);
  }

  get rewritesFailed(): number {
    return Atomics.load(this.cells, I.rewritesFailed);
  }
  set rewritesFailed(count: number) {
    Atomics.store(this.cells, I.rewritesFailed, count);
  }

  /** The last member has closed the log. */
  get closed(): boolean {
    return this.cells[I.closed] !== 0;
  }
  set closed(closed: boolean) {
    this.cells[I.closed] = closed ? 1 : 0;
  }

  /** Threads that wait for the next sync, … */
  get tickets(): number {
    return Atomics.load(this.cells, I.tickets);
  }
  set tickets(count: number) {
    Atomics.store(this.cells, I.tickets, count);
  }

  /** … and how many are likely to: as many as waited for the last one and behind it. */
  get expectedTickets(): number {
    return Atomics.load(this.cells, I.expectedTickets);
  }
  set expectedTickets(count: number) {
    Atomics.store(this.cells, I.expectedTickets, count);
  }

  /** So many syncs begin without waiting for who is expected. */
  get gatheringsToSkip(): number {
    return Atomics.load(this.cells, I.gatheringsToSkip);
  }
  set gatheringsToSkip(count: number) {
    Atomics.store(this.cells, I.gatheringsToSkip, count);
  }

  // Members

  isMember(member: number): boolean {
    return this.#bytes[MEMBERS + member] !== 0;
  }

  join(member: number): void {
    assert(member > 0 && member <= MEMBERS_MAX, "a member of a log has a number");
    this.#bytes[MEMBERS + member] = 1;
    this.cells[I.membersEnd] = Math.max(this.cells[I.membersEnd], member + 1);
  }

  part(member: number): void {
    this.#bytes[MEMBERS + member] = 0;
  }

  /** All members' numbers are below this. */
  get membersEnd(): number {
    return this.cells[I.membersEnd];
  }

  /** Whether the member waits for progress, and is to be told. */
  isWaiting(member: number): boolean {
    return this.#bytes[MEMBERS + member] === 2;
  }

  setWaiting(member: number, waiting: boolean): void {
    if (this.isMember(member)) this.#bytes[MEMBERS + member] = waiting ? 2 : 1;
  }

  // Why the log cannot be written

  get hasFailed(): boolean {
    return this.cells[I.failed] !== 0;
  }

  get failure(): string | null {
    if (!this.hasFailed) return null;
    if (this.cells[I.failureVersion] !== this.#failureVersion) this.#readFailure();
    return this.#failure;
  }

  fail(text: string): void {
    const { cells } = this;
    const version = cells[I.failureVersion] + 2;
    let short = text;
    while (short.length * 3 > STATE_BYTES - FAILURE) short = short.slice(0, -1);
    Atomics.store(cells, I.failureVersion, version - 1); // odd: it is being written
    const bytes = utf8Bytes(short);
    this.#bytes.set(bytes, FAILURE);
    cells[I.failureBytes] = bytes.length;
    Atomics.store(cells, I.failureVersion, version);
    cells[I.failed] = 1;
    this.#failure = text;
    this.#failureVersion = version;
  }

  heal(): void {
    this.cells[I.failed] = 0;
  }

  /** Without the lock, too: again, where it was being written meanwhile. */
  #readFailure(): void {
    const { cells } = this;
    let version = 0;
    for (let tries = 0; tries < 1000; tries++) {
      version = Atomics.load(cells, I.failureVersion);
      const end = FAILURE + Math.min(cells[I.failureBytes], STATE_BYTES - FAILURE);
      this.#failure = utf8Text(this.#bytes.slice(FAILURE, end), 0, end - FAILURE);
      if (version % 2 === 0 && Atomics.load(cells, I.failureVersion) === version) break;
    }
    this.#failureVersion = version;
  }

  // The last look at the file, see file-watch.ts

  get lookedMs(): number {
    return this.#f64[F.lookedMs];
  }
  set lookedMs(atMs: number) {
    this.#f64[F.lookedMs] = atMs;
  }

  /** What the last look found wrong; 0: nothing. */
  get found(): number {
    return this.cells[I.found];
  }
  set found(what: number) {
    this.cells[I.found] = what;
  }

  get sampleStart(): number {
    return this.#f64[F.sampleStart];
  }
  set sampleStart(offset: number) {
    this.#f64[F.sampleStart] = offset;
  }

  get sampleBytes(): number {
    return this.cells[I.sampleBytes];
  }
  set sampleBytes(length: number) {
    this.cells[I.sampleBytes] = length;
  }

  get sample(): Uint8Array {
    return this.#bytes.subarray(SAMPLE, SAMPLE + SAMPLE_BYTES);
  }
}
