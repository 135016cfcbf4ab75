// Torn or damaged? Reading a log stopped at `whole`. What stands behind it is torn when a crash can
// explain it (it may be cut off then), and damaged when none can.
//
// What a crash leaves: a file that ends anywhere, or one in which blocks that were not synced are
// zero, or room that was kept free, or what they were before, and others, behind them, are as they
// were written. All of it stands where it was written: no crash moves a byte, and no crash
// takes back what was synced. So the log is damaged when one of these holds.
//
//   (1) A valid seal behind `whole` says that bytes behind `whole` were on the disk (settled >
//       whole): they had been there, and changed later.
//   (2) At `whole` stands the opening of another place: what was before it is missing, or is too
//       much. (An opening in which one digit is wrong is one that a flipped bit has changed.)
//   (3) Batches lie elsewhere than they were sealed for, all by the same distance, the *shift*:
//       bytes were put in or taken out before them. See below.
//   (4) In our part, foreign commands lie behind, up to the end of the file: Redis read the file,
//       so it was whole then. What a value holds may look the same. So where the file ends inside a
//       batch, they count only behind that batch's seal, where it ends with a reserve, there are
//       none, and behind a lost block they end with a whole command.
//   (5) In a foreign part, a whole command lies behind something that is no command at all, or,
//       where a command is longer than the file, commands lie inside it that end exactly with the
//       file.
//   (6) A seal that ends a foreign part is wrong.
//
// Shifts. A seal's offset is in its sum and not in its line, but the sum tells it: only one in four
// thousand million offsets agrees by chance (seal-offsets.ts). A shift is suspected where
//
//   (a) a batch agrees with the shift that the batch directly before it has when that is taken for
//       the one that begins at `whole`: length and place of its seal say how far it was moved;
//   (b) a batch agrees with a shift of at most NEAR_BYTES;
//   (c) two batches, one directly behind the other, agree with one and the same shift, whichever.
//
// A suspicion becomes evidence as in (1): a batch that agrees with the shift says that bytes behind
// `whole` were on the disk. In case (c) it is enough that the first of the two begins at `whole`:
// something was left out before it, repeated or moved.
//
// A value may hold the text of a log, of another server say, and a crash may tear such a value. Of
// a copy of the same log no seal says that bytes behind `whole` were on the disk. Of another, case
// (c) leaves out what lies inside the command that reading stopped in, and what lies behind a lost
// block; (a) and (b) take a coincidence of offsets.

import type { File, Platform } from "../../platform/platform.ts";
import { LogReader, sumOfFile } from "./log-reader.ts";
import { isReserveLine, RESERVE_LINE_BYTES } from "./reserve.ts";
import { SEAL_BYTES_MAX, SEAL_PREFIX, Seal } from "./seal.ts";
import { sealOffsets } from "./seal-offsets.ts";

const SEARCH_BYTES = 1 << 20;
/** Offsets up to this are tried for a seal whatever the size of the file, … */
const CLAIM_MIN = 2 ** 26;
/** … and in a larger one up to so many times its size: it may have been longer. */
const CLAIM_SIZES = 16;
/** A seal's own bytes were changed: its neighbour moves by so much at most. */
const NEAR_BYTES = 16;
/** Batches that are kept in mind for the one that may lie directly behind: values may hold some. */
const NEIGHBOURS_MAX = 4096;
/** Pairs of batches that are asked for the offsets they were sealed for. */
const PAIRS_MAX = 64;
/** Shifts that are looked for at the same time. */
const KNOWN_MAX = 64;
/** Bytes summed at most, in sizes of the tail: values may hold seals of ever so long batches. */
const SUMS_MAX = 8;
/** As many zeros in a row, or as much of a reserve, look like a block that was lost. */
const LOST_BYTES = 64;
/** No disk loses less than this, but where a block was partly synced. */
const BLOCK_BYTES = 512;

const LF = 10;
const CR = 13;
const HASH = 35;
const DOLLAR = 36;
const ZERO = 48;

/** What shows that a log is damaged. */
export interface Evidence {
  readonly offset: number;
  /** What lies there, as a sentence's beginning. */
  readonly what: string;
}

/** A batch that its line says ends at `end`; a seal whose sum is not looked at yet. */
interface Sealed {
  readonly start: number;
  /** Where the seal begins. */
  readonly end: number;
  /** Where its line ends. */
  readonly next: number;
}

/**
 * What shows that the bytes behind `reader.whole` are damage and no torn write, or undefined.
 * REQUIRES: reader.run() stopped with a reason.
 */
export function evidenceOfDamage(
  platform: Platform,
  file: File,
  path: string,
  reader: LogReader,
): Evidence | undefined {
  return new DamageSearch(platform, file, path, reader).run();
}

class DamageSearch {
  readonly #platform: Platform;
  readonly #file: File;
  readonly #path: string;
  readonly #reader: LogReader;
  readonly #whole: number;
  readonly #size: number;
  readonly #seal = new Seal();
  readonly #before = new Seal();
  #sumsLeft: number;
  #pairsLeft = PAIRS_MAX;

  constructor(platform: Platform, file: File, path: string, reader: LogReader) {
    this.#platform = platform;
    this.#file = file;
    this.#path = path;
    this.#reader = reader;
    this.#whole = reader.whole;
    this.#size = reader.size;
    this.#sumsLeft = SUMS_MAX * (reader.size - reader.whole) + SEARCH_BYTES;
  }

  run(): Evidence | undefined {
    const { reasonOffset, isMisplaced, sealed, commandOffset } = this.#reader;
    if (isMisplaced) return { offset: reasonOffset, what: "the opening of another place stands" };
    const settled = this.#settledBehind();
    if (settled >= 0) return { offset: settled, what: "valid data follows" };
    const shifted = this.#shiftedBehind();
    if (shifted !== undefined) return shifted;
    let foreign = -1;
    if (sealed) {
      const from = this.#foreignFrom();
      if (from >= 0) {
        // They go on to the end, where a crash may have cut them short; where a block was lost
        // before them, that is a value's torn text.
        foreign = this.#commandsBehind(from, "*2\r\n$6\r\nSELECT\r\n$", (reader, offset) => {
          if (reader.commands === 0) return false;
          if (reader.reason === "") return true;
          return reader.reasonOffset === this.#size && !this.#holdsLostBlock(from, offset);
        });
      }
    } else {
      // What came before in an unfinished transaction is whole, and says nothing.
      const toTheEnd = reasonOffset === this.#size;
      foreign = this.#commandsBehind(commandOffset, "*", (reader) =>
        toTheEnd ? reader.reason === "" : reader.commands > 0,
      );
    }
    return foreign < 0 ? undefined : { offset: foreign, what: "valid data follows" };
  }

  /** The offset of a valid seal that vouches for bytes behind `whole`, or −1. */
  #settledBehind(): number {
    const seal = this.#seal;
    return this.#eachSeal(seal, ({ start, end }) => {
      if (start - seal.lag <= this.#whole || !this.#maySum(start, end)) return -1;
      return seal.closes(this.#sum(start, end), start) ? end : -1;
    });
  }

  /** The batch that shows a shift, see above. */
  #shiftedBehind(): Evidence | undefined {
    const whole = this.#whole;
    const seal = this.#seal;
    const known: number[] = []; // shifts with which a batch has agreed
    const byNext = new Map<number, Sealed>(); // those that are not where they were sealed for
    let found: Evidence | undefined;
    this.#eachSeal(seal, (batch) => {
      const { start, end, next } = batch;
      if (start >= whole && this.#maySum(start, end)) {
        const sum = this.#sum(start, end);
        if (seal.closes(sum, start)) return -1;
        const agrees = (shift: number) => start >= shift && seal.closes(sum, start - shift);
        if (known.length < KNOWN_MAX && !known.some(agrees)) {
          const before = byNext.get(start);
          const shift = this.#suspect(before, agrees);
          if (shift !== 0) known.push(shift);
          if (shift !== 0 && before?.start === whole) found = shiftedBy(shift, start);
        }
        for (const shift of known) {
          const vouches = start - shift - seal.lag > whole;
          if (found === undefined && vouches && agrees(shift)) found = shiftedBy(shift, start);
        }
      }
      byNext.set(next, batch);
      if (byNext.size > NEIGHBOURS_MAX) byNext.delete(byNext.keys().next().value as number);
      return found === undefined ? -1 : start;
    });
    return found;
  }

  /** A shift with which a batch agrees, by (a), (b) or (c); 0: none. */
  #suspect(before: Sealed | undefined, agrees: (shift: number) => boolean): number {
    if (before !== undefined) {
      const shift = before.start - this.#whole;
      if (shift !== 0 && agrees(shift)) return shift;
    }
    for (let shift = -NEAR_BYTES; shift <= NEAR_BYTES; shift++) if (agrees(shift)) return shift;
    if (before === undefined || before.start < this.#whole || this.#pairsLeft === 0) return 0;
    return this.#shiftOfPair(before, agrees);
  }

  #shiftOfPair(before: Sealed, agrees: (shift: number) => boolean): number {
    const { start, end } = before;
    if (start !== this.#whole) {
      const { reasonOffset } = this.#reader;
      if (start < reasonOffset || this.#holdsLostBlock(this.#whole, start)) return 0;
    }
    this.#pairsLeft--;
    this.#readSeal(before);
    const limit = Math.max(CLAIM_MIN, CLAIM_SIZES * this.#size);
    for (const offset of sealOffsets(this.#before, this.#sum(start, end), limit)) {
      if (offset !== start && agrees(start - offset)) return start - offset;
    }
    return 0;
  }

  /** Reads the seal of a batch that was seen before into #before. */
  #readSeal(batch: Sealed): void {
    const line = new Uint8Array(batch.next - batch.end);
    this.#platform.read(this.#file, line, 0, line.length, batch.end);
    this.#before.parse(line, 0, line.length);
  }

  /** Whether there are many zeros, or much of a reserve, in [from, to), or up to a block's end. */
  #holdsLostBlock(from: number, to: number): boolean {
    const bytes = new Uint8Array(Math.min(SEARCH_BYTES, to - from));
    let run = 0;
    for (let origin = from; origin < to; origin += bytes.length) {
      const length = Math.min(bytes.length, to - origin);
      this.#platform.read(this.#file, bytes, 0, length, origin);
      for (let i = 0; i < length; i++) {
        const byte = bytes[i];
        run = byte === 0 || byte === HASH || (byte === LF && run > 0) ? run + 1 : 0;
        const end = origin + i + 1;
        if (run === LOST_BYTES || (run === end - from && end % BLOCK_BYTES === 0)) return true;
      }
    }
    return false;
  }

  /** From where on another server's commands may follow our batch at `whole`, or −1. */
  #foreignFrom(): number {
    const whole = this.#whole;
    if (this.#endsWithReserve()) return -1; // another server appends
    if (this.#reader.reasonOffset < this.#size) return whole;
    // Each SELECT up to the command that the file ends in has been seen by the reader. Inside it
    // stands a value's text, unless a length or a count is wrong: then our seal comes first.
    return this.#eachSeal(this.#seal, ({ start, end }) => (start === whole ? end : -1));
  }

  /** Whether the file's last bytes are a whole line of a reserve. */
  #endsWithReserve(): boolean {
    const bytes = new Uint8Array(RESERVE_LINE_BYTES);
    const from = this.#size - bytes.length;
    if (from < this.#whole) return false;
    this.#platform.read(this.#file, bytes, 0, bytes.length, from);
    return bytes[bytes.length - 1] === LF && isReserveLine(bytes, 0, bytes.length);
  }

  /**
   * The offset behind `from` where commands begin with `opening` of which `shows` says, when they
   * have been read as far as that goes, that they show damage; or −1.
   */
  #commandsBehind(
    from: number,
    opening: string,
    shows: (reader: LogReader, offset: number) => boolean,
  ): number {
    const pattern = new Uint8Array(opening.length);
    for (let i = 0; i < opening.length; i++) pattern[i] = opening.charCodeAt(i);
    let skipTo = from + 1;
    return this.#search(from, pattern, (bytes, at, _filled, offset) => {
      if (offset < skipTo || !isCommandHead(bytes, at)) return -1;
      const reader = new LogReader(this.#platform, this.#file, this.#path, offset, null, 1 << 16);
      reader.run();
      if (shows(reader, offset)) return offset;
      skipTo = reader.whole; // what was read once is not read again
      return -1;
    });
  }

  #maySum(start: number, end: number): boolean {
    return end - start <= this.#sumsLeft;
  }

  #sum(start: number, end: number): number {
    this.#sumsLeft -= end - start;
    return sumOfFile(this.#platform, this.#file, start, end);
  }

  /**
   * Visits each line behind `whole` that has the form of a seal, with the seal filled; ends, and
   * returns the result, when that is ≥ 0.
   */
  #eachSeal(seal: Seal, visit: (batch: Sealed) => number): number {
    return this.#search(this.#whole, SEAL_PREFIX, (bytes, at, filled, offset) => {
      const lineEnd = bytes.indexOf(LF, at) + 1;
      if (lineEnd === 0 || lineEnd > filled || !seal.parse(bytes, at, lineEnd)) return -1;
      const start = offset - seal.length;
      return start < 0 ? -1 : visit({ start, end: offset, next: offset + lineEnd - at });
    });
  }

  /**
   * Searches the file from `from` on for `pattern`. `visit` gets each place, in a window that holds
   * at least SEAL_BYTES_MAX bytes from it on (or ends with the file), and returns a result ≥ 0, or
   * −1 to go on.
   */
  #search(
    from: number,
    pattern: Readonly<Uint8Array>,
    visit: (bytes: Uint8Array, at: number, filled: number, offset: number) => number,
  ): number {
    const bytes = new Uint8Array(Math.min(SEARCH_BYTES, this.#size - from));
    for (let origin = from; origin < this.#size; ) {
      const length = Math.min(bytes.length, this.#size - origin);
      this.#platform.read(this.#file, bytes, 0, length, origin);
      const isLast = origin + length === this.#size;
      const end = isLast ? length : length - SEAL_BYTES_MAX;
      for (let at = bytes.indexOf(pattern[0]); at >= 0 && at < end; ) {
        let same = 1;
        while (same < pattern.length && bytes[at + same] === pattern[same]) same++;
        if (same === pattern.length) {
          const result = visit(bytes, at, length, origin + at);
          if (result >= 0) return result;
        }
        at = bytes.indexOf(pattern[0], at + 1);
      }
      if (isLast) return -1;
      origin += end;
    }
    return -1;
  }
}

function shiftedBy(shift: number, start: number): Evidence {
  const bytes = Math.abs(shift) === 1 ? "1 byte was" : `${Math.abs(shift)} bytes were`;
  const what = `${bytes} ${shift > 0 ? "put in" : "taken out"} before the batch`;
  return { offset: start, what };
}

/** Whether "*", digits, CR LF and "$" stand at `at`, as at the start of each command. */
function isCommandHead(bytes: Uint8Array, at: number): boolean {
  let end = at + 1;
  while (bytes[end] >= ZERO && bytes[end] <= ZERO + 9) end++;
  const isLine = end > at + 1 && bytes[end] === CR && bytes[end + 1] === LF;
  return isLine && bytes[end + 2] === DOLLAR;
}
