// The reader of one log file: finds its commands, checks its seals, hands the commands on, and says
// where and why it had to stop.
//
//   file      = { foreign | session }
//   session   = opening { batch } [ opening | reserve ]   opening = a seal of length 0
//   reserve   = ( "#" … "#" LF )+                         room kept free, see reserve.ts
//   batch     = [ stamp ] ( command | transaction )+ seal   no other annotation; see stamp.ts
//   foreign   = ( command | transaction | annotation )+   what Redis (or a person) wrote
//   transaction = MULTI { command } EXEC                  both words as commands of one argument
//   command   = "*" count CRLF count × ( "$" length CRLF bytes CRLF )
//   annotation = "#" … LF
//
// Behind a seal the file is ours: nothing counts until its seal has been seen, so a batch is
// checked before any of it is applied. At the start of a file, and again from a SELECT in capitals
// on, the bytes are foreign: redis-server selects the database with its first write to a file that
// it opened, in capitals, where our log says `select`. Foreign commands carry no sums and count as
// soon as they are whole. An opening ends the foreign part.
//
// A file is valid when it ends behind a seal or behind a whole foreign command or transaction.
// Otherwise reading stops at the end of what was whole, `whole`. Whether a crash can explain what
// stands there is decided by damage.ts.
//
// Commands are first written to a tape of numbers (count, then start and end of each argument), and
// applied from it once they count: one pass over the bytes, no object for a command.
// The buffer holds a chunk of the file, and grows only for a batch or a command that is longer.

import { assert } from "../../base/assert.ts";
import { crc32c } from "../../base/crc32c.ts";
import { messageOf } from "../../base/realms.ts";
import { RdbInput } from "../../codec/rdb-input.ts";
import { ABSENT, FORESIGHT_DEPTH, type Foresight } from "../../keyspace/foresight.ts";
import type { File, Platform } from "../../platform/platform.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { endOfRdb, isRdb } from "../rdb/rdb-walk.ts";
import { LogError } from "./log-error.ts";
import { isReserveLine } from "./reserve.ts";
import { Seal } from "./seal.ts";
import { secondsOf } from "./stamp.ts";

/** Receives each command of the log. The arguments are borrowed for the call. */
export type Apply = (args: Arguments) => void;

export const CHUNK_BYTES = 4 << 20;

const TAPE_FLUSH = 8192; // numbers on the tape from which on it is applied at the next chance
const ANNOTATION_BYTES_MAX = 1024; // redis-check-aof reads no longer one
const ARGUMENTS_MAX = 0x7fffffff;
const SUM_BYTES = 1 << 20;
const SLACK = 16; // zero bytes behind the chunk, so that reading digits needs no test of bounds

const CR = 13;
const LF = 10;
const HASH = 35;
const DOLLAR = 36;
const STAR = 42;
const ZERO = 48;

// What #parse() came upon.
const MORE = 0; // the chunk ended; #need is how many bytes it must hold
const FLUSH = 1; // the tape is full enough
const BAD = 2; // #reason says what is wrong
const OVER = 3; // what follows is later than it is to be read

export class LogReader {
  /** Commands that counted, without MULTI and EXEC. */
  commands = 0;
  /** Batches whose seal was right. */
  batches = 0;
  /** Offset behind the last byte that counts; where the file ends with a reserve, before that. */
  whole: number;
  /** Whether the bytes at `whole` follow a seal, so that a batch may be appended there. */
  sealed = false;
  /** Why reading stopped before the end of the file; empty when it did not. */
  reason = "";
  /** Where the bytes are that gave the reason. */
  reasonOffset = 0;
  /** Up to here, as the last seal says, everything is on the disk. */
  settled = 0;
  /** Called now and then with the offset that reading has come to. */
  onRead: (offset: number) => void = () => {};
  /** Reading stops before what was executed after this, in seconds since 1970. */
  until: number = Number.POSITIVE_INFINITY;
  /** Whether it did, and when what follows was executed. */
  isOver = false;
  overTime = 0;
  /** When the first and the last of what counts was executed, as stamps say; 0: none does. */
  firstTime = 0;
  lastTime = 0;
  /** Whether reading stopped at a seal that no crash can leave where it is. */
  isMisplaced = false;

  readonly #platform: Platform;
  readonly #file: File;
  readonly #path: string;
  readonly #size: number;
  readonly #apply: Apply | null;
  readonly #foresight: Foresight | null;
  readonly #args: Arguments;

  #bytes: Uint8Array;
  #origin: number; // offset in the file of #bytes[0]
  #filled = 0;
  #safeAt = 0; // in #bytes: behind what counts
  #tape: Int32Array = new Int32Array(2 * TAPE_FLUSH);
  #safeTape = 0; // numbers on the tape that count
  #applying = 0; // place on the tape of the command being applied
  #commandAt = 0; // in #bytes: where the command or annotation begins that parsing stopped in
  #need = 0;
  #badAt = 0;
  #stampedS = 0; // of the batch being read
  #reserveFrom = -1; // offset of a reserve behind which nothing else has been found yet
  readonly #seal = new Seal();

  /**
   * @param from where to begin: 0, or behind an RDB part
   * @param apply receives the commands, or null to only check
   * @param foresight loads what the commands will look for, some ahead of their turn
   */
  constructor(
    platform: Platform,
    file: File,
    path: string,
    from: number,
    apply: Apply | null,
    chunkBytes = CHUNK_BYTES,
    foresight: Foresight | null = null,
  ) {
    this.#platform = platform;
    this.#foresight = foresight;
    this.#file = file;
    this.#path = path;
    this.#size = platform.size(file);
    this.#apply = apply;
    this.#args = new Arguments();
    this.#origin = from;
    this.whole = from;
    this.#bytes = new Uint8Array(Math.min(chunkBytes, this.#size - from) + SLACK);
  }

  get size(): number {
    return this.#size;
  }

  /** Where the command or annotation begins that reading stopped in. */
  get commandOffset(): number {
    return this.#origin + this.#commandAt;
  }

  /** Reads on until the file ends or something is wrong; `reason` says which. */
  run(): void {
    for (;;) {
      const found = this.#parse();
      this.#deliver();
      const end = this.#origin + this.#safeAt;
      assert(end >= this.whole && end <= this.#size, "reading a log goes backwards");
      this.whole = this.#reserveFrom < 0 ? end : this.#reserveFrom;
      if (found === FLUSH) continue;
      if (found === OVER) {
        this.isOver = true;
        return;
      }
      if (found === BAD) {
        this.reasonOffset = this.#origin + this.#badAt;
        return;
      }
      if (end === this.#size) return;
      if (this.#origin + this.#need > this.#size) {
        this.reasonOffset = this.#size;
        this.reason = this.sealed
          ? "the file ends inside a batch"
          : "the file ends inside a command or a transaction";
        return;
      }
      this.#refill();
      this.onRead(this.#origin);
    }
  }

  /** Parses from #safeAt until the chunk ends; leaves the commands that count on the tape. */
  #parse(): number {
    const bytes = this.#bytes;
    const filled = this.#filled;
    let tape = this.#tape;
    let t = 0;
    let p = this.#safeAt;
    let inTransaction = false;
    let sealed = this.sealed;
    this.#safeTape = 0;
    for (;;) {
      const commandTape = t;
      this.#commandAt = p;
      if (bytes[p] !== STAR) {
        if (p >= filled) return this.#more(p + 1);
        if (bytes[p] !== HASH) return this.#bad(p, "a command was expected");
        p = this.#annotation(p, inTransaction);
        if (p < 0) return ~p;
        sealed = this.sealed;
        // A stamp belongs to the batch that it opens.
        if (sealed ? this.#stampedS > 0 : inTransaction) continue;
        this.#safeAt = p;
        this.#safeTape = t;
        if (t > TAPE_FLUSH) return FLUSH;
        continue;
      }
      let digit = bytes[++p] - ZERO;
      if (digit < 0 || digit > 9) return this.#unexpected(p, "a number of arguments was expected");
      let count = digit;
      for (digit = bytes[++p] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++p] - ZERO) {
        count = count * 10 + digit;
      }
      if (bytes[p] !== CR || bytes[p + 1] !== LF) {
        return this.#unexpected(bytes[p] === CR ? p + 1 : p, "the end of a line was expected");
      }
      p += 2;
      if (count === 0 || count > ARGUMENTS_MAX) return this.#bad(p - 3, "a wrong argument count");
      // An argument takes at least 6 bytes; so the tape never grows for a count that is not there.
      if (count * 6 > filled - p) return this.#more(p + count * 6);
      if (t + 1 + count * 2 > tape.length) tape = this.#growTape(t, t + 1 + count * 2);
      tape[t++] = count;
      for (let i = 0; i < count; i++) {
        if (bytes[p] !== DOLLAR) return this.#unexpected(p, "an argument was expected");
        digit = bytes[++p] - ZERO;
        if (digit < 0 || digit > 9) return this.#unexpected(p, "a length was expected");
        let length = digit;
        for (digit = bytes[++p] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++p] - ZERO) {
          length = length * 10 + digit;
        }
        if (bytes[p] !== CR || bytes[p + 1] !== LF) {
          return this.#unexpected(bytes[p] === CR ? p + 1 : p, "the end of a line was expected");
        }
        const start = p + 2;
        const end = start + length;
        if (end + 2 > filled) return this.#more(end + 2);
        if (bytes[end] !== CR || bytes[end + 1] !== LF) {
          return this.#bad(end, "the end of an argument was expected");
        }
        tape[t++] = start;
        tape[t++] = end;
        p = end + 2;
      }
      if (count <= 2) {
        const start = tape[commandTape + 1];
        const length = tape[commandTape + 2] - start;
        if (count === 1 && length === 5 && isWord(bytes, start, "multi")) {
          if (inTransaction) return this.#bad(start, "a MULTI inside a transaction");
          inTransaction = true;
          t = commandTape;
        } else if (count === 1 && length === 4 && isWord(bytes, start, "exec")) {
          inTransaction = false;
          t = commandTape;
        } else if (sealed && count === 2 && length === 6 && isForeignSelect(bytes, start)) {
          sealed = false;
          this.#leaveSealed();
        }
      }
      if (!sealed && !inTransaction) {
        this.#safeAt = p;
        this.#safeTape = t;
        if (t > TAPE_FLUSH) return FLUSH;
      }
    }
  }

  /** Reads the annotation at `p`: the index behind its line, or ~MORE, ~BAD or ~OVER. */
  #annotation(p: number, inTransaction: boolean): number {
    const bytes = this.#bytes;
    const limit = Math.min(this.#filled, p + ANNOTATION_BYTES_MAX);
    let end = p + 1;
    while (end < limit && bytes[end] !== LF) end++;
    if (end === limit) {
      const isLast = limit === this.#filled && this.#origin + limit === this.#size;
      if (isLast && this.sealed && this.#takeReserve(p, limit)) return limit;
      if (limit === this.#filled) return ~this.#more(limit + 1);
      return ~this.#bad(p, "an annotation without end");
    }
    end++;
    const seal = this.#seal;
    if (seal.parse(bytes, p, end)) {
      if (inTransaction) return ~this.#bad(p, "a seal inside a transaction");
      const at = this.#origin + p;
      const offset = at - seal.length;
      if (this.#reserveFrom >= 0) return ~this.#bad(p, "a batch behind a reserve");
      if (this.sealed) {
        if (p - seal.length !== this.#safeAt) {
          return ~this.#bad(p, "a seal that is not that of the batch before it");
        }
        if (!seal.closes(crc32c(bytes, this.#safeAt, p), offset)) {
          this.isMisplaced = seal.isOpeningElsewhere(offset);
          return ~this.#bad(p, "a batch does not agree with its checksum");
        }
      } else if (
        offset < 0 ||
        !seal.closes(sumOfFile(this.#platform, this.#file, offset, at), offset)
      ) {
        this.isMisplaced = true;
        return ~this.#bad(p, "a seal does not agree with the bytes before it");
      }
      this.sealed = true;
      this.settled = seal.length > 0 ? offset - seal.lag : this.#origin + end;
      if (seal.length > 0) this.batches++;
      if (this.#stampedS > 0) this.#note(this.#stampedS);
      this.#stampedS = 0;
      return end;
    }
    const seconds = secondsOf(bytes, p, end);
    if (seconds > this.until) {
      this.overTime = seconds;
      return ~OVER;
    }
    if (!this.sealed) {
      if (seconds > 0) this.#note(seconds);
      return end;
    }
    if (this.#takeReserve(p, end)) return end;
    // One of another server's is followed by its SELECT.
    const isStamp = seconds > 0 && p === this.#safeAt;
    if (!isStamp) return ~this.#bad(p, "an unknown annotation in a sealed part");
    this.#stampedS = seconds;
    return end;
  }

  /** What counts was executed then. */
  #note(seconds: number): void {
    if (this.firstTime === 0) this.firstTime = seconds;
    this.lastTime = seconds;
  }

  /** Whether [p, end) is a line of a reserve, which lies behind a whole batch. */
  #takeReserve(p: number, end: number): boolean {
    if (p !== this.#safeAt || !isReserveLine(this.#bytes, p, end)) return false;
    if (this.#reserveFrom < 0) this.#reserveFrom = this.#origin + p;
    return true;
  }

  /** What follows was written by another server. */
  #leaveSealed(): void {
    this.sealed = false;
    this.#reserveFrom = -1;
    if (this.#stampedS > 0) this.#note(this.#stampedS);
    this.#stampedS = 0;
  }

  /** Something else than expected at `p`: the end of the chunk, or wrong bytes. */
  #unexpected(p: number, reason: string): number {
    return p >= this.#filled ? this.#more(p + 1) : this.#bad(p, reason);
  }

  #more(need: number): number {
    this.#need = need;
    return MORE;
  }

  #bad(p: number, reason: string): number {
    this.#badAt = p;
    this.reason = reason;
    return BAD;
  }

  #growTape(used: number, needed: number): Int32Array {
    const longer = new Int32Array(Math.max(needed, this.#tape.length * 2));
    longer.set(this.#tape.subarray(0, used));
    this.#tape = longer;
    return longer;
  }

  /** Applies (or counts) what counts on the tape. */
  #deliver(): void {
    const end = this.#safeTape;
    const apply = this.#apply;
    if (end === 0) return;
    const tape = this.#tape;
    if (apply === null) {
      for (let i = 0; i < end; i += 1 + 2 * tape[i]) this.commands++;
      return;
    }
    try {
      this.#applyTape(tape, end, apply);
    } catch (error) {
      const offset = this.#origin + this.#commandStart(tape[this.#applying + 1]);
      throw new LogError(
        "LOG_COMMAND",
        this.#path,
        offset,
        `${this.#path}: the command at offset ${offset} cannot be applied: ${messageOf(error)}`,
        error,
      );
    }
  }

  #applyTape(tape: Int32Array, end: number, apply: Apply): void {
    const args = this.#args;
    args.bytes = this.#bytes;
    args.rawStart = -1;
    const foresight = this.#foresight;
    let commands = 0;
    for (let i = 0; i < end; ) {
      if (foresight !== null) {
        if (commands % FORESIGHT_DEPTH === 0) this.#foresee(foresight, tape, i, end);
        foresight.announce(commands % FORESIGHT_DEPTH);
      }
      this.#applying = i;
      const count = tape[i++];
      if (count > args.starts.length) {
        args.starts = new Int32Array(2 * count);
        args.ends = new Int32Array(2 * count);
      }
      const starts = args.starts;
      const ends = args.ends;
      for (let k = 0; k < count; k++) {
        starts[k] = tape[i++];
        ends[k] = tape[i++];
      }
      args.count = count;
      apply(args);
      commands++;
    }
    foresight?.end();
    this.commands += commands;
  }

  /** Loads what the next commands of the tape will look for. */
  #foresee(foresight: Foresight, tape: Int32Array, from: number, end: number): void {
    foresight.begin(this.#bytes);
    let i = from;
    for (let seen = 0; seen < FORESIGHT_DEPTH && i < end; seen++) {
      const count = tape[i];
      const key = count > 1 ? tape[i + 3] : ABSENT;
      const member = count > 2 ? tape[i + 5] : ABSENT;
      foresight.add(key, tape[i + 4], member, tape[i + 6]);
      i += 1 + 2 * count;
    }
    foresight.load();
  }

  /** Where the command begins whose first argument begins at `start`. */
  #commandStart(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    while (at > 0 && bytes[at] !== STAR) at--;
    return at;
  }

  /** Moves what does not count yet to the front of the buffer and reads on. */
  #refill(): void {
    const pending = this.#filled - this.#safeAt;
    const need = this.#need - this.#safeAt;
    let bytes = this.#bytes;
    if (need + SLACK > bytes.length || pending + SLACK >= bytes.length / 2) {
      bytes = new Uint8Array(Math.max(need, 2 * bytes.length) + SLACK);
      bytes.set(this.#bytes.subarray(this.#safeAt, this.#filled));
      this.#bytes = bytes;
    } else {
      bytes.copyWithin(0, this.#safeAt, this.#filled);
    }
    this.#origin += this.#safeAt;
    this.#safeAt = 0;
    const end = bytes.length - SLACK;
    const room = Math.min(end, this.#size - this.#origin);
    const read = this.#platform.read(this.#file, bytes, pending, room, this.#origin + pending);
    this.#filled = pending + read;
    bytes.fill(0, this.#filled, this.#filled + SLACK);
    if (this.#filled < room) {
      const offset = this.#origin + this.#filled;
      throw new LogError("LOG_DAMAGED", this.#path, offset, `${this.#path} became shorter`);
    }
  }
}

/** Loads what an RDB part at the start of a file holds; returns where that ends. */
export type LoadRdb = (file: File, path: string) => number;

/**
 * A reader of a file of the log, behind the RDB part that it may begin with. That is loaded by
 * `loadRdb` or, where there is none, only walked through. Throws RdbError where it is not whole.
 */
export function readerOf(
  platform: Platform,
  file: File,
  path: string,
  apply: Apply | null,
  chunkBytes?: number,
  foresight: Foresight | null = null,
  loadRdb?: LoadRdb,
): LogReader {
  let from = 0;
  // What is named so and does not begin so, an emptied file too, is no log of commands.
  if (isRdb(platform, file) || path.endsWith(".rdb")) {
    from = loadRdb?.(file, path) ?? endOfRdb(RdbInput.ofFile(platform, file, path));
  }
  return new LogReader(platform, file, path, from, apply, chunkBytes, foresight);
}

/** The CRC-32C of a file's bytes [start, end). */
export function sumOfFile(platform: Platform, file: File, start: number, end: number): number {
  const bytes = new Uint8Array(Math.min(end - start, SUM_BYTES));
  let sum = 0;
  for (let at = start; at < end; at += bytes.length) {
    const length = Math.min(bytes.length, end - at);
    platform.read(file, bytes, 0, length, at);
    sum = crc32c(bytes, 0, length, sum);
  }
  return sum;
}

/** Whether the letters at `start` are `word`, in any case. REQUIRES: room for the word. */
function isWord(bytes: Uint8Array, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) {
    if ((bytes[start + i] | 0x20) !== word.charCodeAt(i)) return false;
  }
  return true;
}

function isForeignSelect(b: Uint8Array, at: number): boolean {
  return (
    b[at] === 0x53 &&
    b[at + 1] === 0x45 &&
    b[at + 2] === 0x4c &&
    b[at + 3] === 0x45 &&
    b[at + 4] === 0x43 &&
    b[at + 5] === 0x54
  );
}
