// How long calls take, for INFO commandstats and latencystats. Reading a clock takes 30 to 40 ns, a
// quick command in a pipeline about as long, so most calls are not timed one by one:
//
//   lap      what a server does with the requests of one arrival, reading them included, is timed
//            together, up to 64 calls at once, and their time is shared out among them. Of short
//            arrivals one in eight is; in the others timing begins with the first call that is
//            timed alone or may take long (its command is neither `fast` nor O(1)), and each call
//            before that counts as long as the latest of its command that were timed alone.
//   alone    a call is timed by itself where its command is new or takes as long as a hundred
//            readings on average, where it is one in 64 of its command, or has many words or bytes.
//            Within a lap that takes one more reading: the calls before it are a lap of their own.
//   outside  what no server executes (embedded programs, the log at start) has no laps. Commands
//            that may take long are timed alone; of the others those above are, and each of the
//            rest counts as long as the latest that were.
//
//     GET GET SET GET │ LRANGE 0 -1 │ GET GET GET …      │ a reading of the clock
//
// Sharing a lap. Calls of one command get equal parts. Those of several get parts in proportion to
// what each command takes on average when it is timed alone. A call that replies much ends its lap,
// and gets all of it but those averages. Where a lap took far longer than they explain, the excess
// is that of the commands in it that may take long, if there are any, and the next call of each of
// those is timed alone.
//
// So the sums are true for every command over time, and a call that takes long is known with its
// duration as soon as it is over; which call of a lap was slow is guessed only where several of
// them may be. Counting calls is part of sharing: see settle().

import type { Settings } from "../keyspace/settings.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { type CompiledCommand, Flag } from "./command.ts";
import { type LatencyHistogram, LatencyHistograms } from "./latency-histogram.ts";
import type { Services } from "./services.ts";
import { FIGURES, Figure, type Statistics } from "./statistics.ts";

/** Of a command's calls, the first so many, and then one in so many, are timed alone. */
const FIRST_ALONE = 16;
const ALONE_EVERY = 64;
/** Of calls that go another way than to the handler, one in so many is shown to it. */
const SHOWN_EVERY = 1024;
/** Commands that take so long on average are timed alone: a hundred readings. */
const LONG_US = 4;
/** So are requests of more words or bytes than these. */
const WORDS_MAX = 64;
const BYTES_MAX = 16 * 1024;
/** A call that replies more than this ends its lap. */
const REPLY_BYTES_MAX = 16 * 1024;
const LAP_CALLS_MAX = 64;
/** Of short arrivals, one in so many is timed from its beginning. */
const LAP_EVERY = 8;
/** A lap is not explained if it took so many times what its calls take, and at least so long. */
const EXCESS = 8;
const EXCESS_US = 100;
/** How much the latest call that was timed alone counts in its command's average. */
const LATEST = 1 / 8;
/**
 * A call that is so many times off its average is followed by another that is timed, soon, unless
 * the difference is what readings of a clock scatter by.
 */
const OFF = 3;
const OFF_US = 0.5;
const OFF_EVERY = 7;
/** How often the clock is read to learn how long that takes. */
const READINGS = 16;

/** What begin() returns for a call that is not timed alone. */
const TOGETHER = -1;

/** Why calls of a command are timed alone, a bit each. */
const Alone = {
  /** They take long on average. */
  long: 1,
  /** They call other commands: their time is that of those as well. */
  nesting: 2,
  /** They may take long; outside a lap nobody would notice. */
  openEnded: 4,
} as const;
const ALONE_IN_LAP = Alone.long | Alone.nesting;
const ALONE_OUTSIDE = ALONE_IN_LAP | Alone.openEnded;

export class CallTimer {
  /** Whether the present lap has taken its slice, as of at most 64 calls ago. */
  isOver = false;
  readonly #services: Services;
  readonly #settings: Settings;
  readonly #cells: Float64Array;

  // By the index of a command:
  // How many calls more are not timed alone, within a lap, outside, and where we are.
  readonly #untilInLap: Int32Array;
  readonly #untilOutside: Int32Array;
  #until: Int32Array;
  readonly #untilShown: Int32Array;
  readonly #alones: Int32Array;
  readonly #reasons: Uint8Array;
  /** What a call takes on average, in µs, of those that were timed alone by turn. */
  readonly #averages: Float64Array;
  readonly #histograms: LatencyHistograms;

  /** What reading the clock takes. */
  readonly #readingMs: number;
  #inLap = false;
  /** Whether the calls of the present lap are being timed, or will be once one may take long. */
  #isTimed = false;
  #mayBeTimed = false;
  #lapsUntilTimed = 0;
  /** The latest reading within a lap, and the commands that were called since. */
  #readMs = 0;
  /** The first reading of a lap that is timed. */
  #startMs = Number.POSITIVE_INFINITY;
  /** What a lap may take, and when it is over. */
  #sliceMs = Number.POSITIVE_INFINITY;
  #endMs = Number.POSITIVE_INFINITY;
  readonly #called = new Int32Array(LAP_CALLS_MAX);
  #count = 0;
  /** The command whose call is being timed to learn its average, or −1. */
  #learning = -1;

  constructor(
    services: Services,
    statistics: Statistics,
    settings: Settings,
    commands: readonly CompiledCommand[],
  ) {
    this.#services = services;
    this.#settings = settings;
    this.#cells = statistics.cells;
    this.#untilInLap = new Int32Array(commands.length);
    this.#untilOutside = new Int32Array(commands.length);
    this.#until = this.#untilOutside;
    this.#untilShown = new Int32Array(commands.length);
    this.#alones = new Int32Array(commands.length);
    this.#averages = new Float64Array(commands.length);
    this.#histograms = new LatencyHistograms(commands.length);
    this.#reasons = Uint8Array.from(commands, (command) => {
      const isBounded = (command.flags & Flag.fast) !== 0 || command.entry.complexity === "O(1)";
      return isBounded ? 0 : Alone.openEnded;
    });
    let readingMs = Number.POSITIVE_INFINITY;
    for (let i = 0, before = this.#read(); i < READINGS; i++) {
      const now = this.#read();
      readingMs = Math.min(readingMs, now - before);
      before = now;
    }
    this.#readingMs = readingMs;
  }

  #read(): number {
    return this.#services.monotonicMs();
  }

  // Laps

  /**
   * A server begins with the requests of an arrival; of a long one it wants to know the time. It is
   * over once it has taken `sliceMs`.
   */
  openLap(isLong: boolean, sliceMs: number): void {
    this.#inLap = true;
    this.isOver = false;
    this.#sliceMs = sliceMs;
    this.#until = this.#untilInLap;
    this.#count = 0;
    this.#startMs = Number.POSITIVE_INFINITY;
    if (isLong || --this.#lapsUntilTimed <= 0) {
      this.#lapsUntilTimed = LAP_EVERY;
      this.#beginTiming();
    } else {
      this.#mayBeTimed = true;
    }
  }

  #beginTiming(): void {
    this.#isTimed = true;
    this.#mayBeTimed = false;
    this.#readMs = this.#read();
    this.#startMs = this.#readMs;
    this.#endMs = this.#readMs + this.#sliceMs;
  }

  /** The clock has been read within a lap. */
  #note(now: number): void {
    this.#readMs = now;
    if (now >= this.#endMs) this.isOver = true;
  }

  /** It has done what there is to do with them for now. */
  closeLap(): void {
    if (this.#count > 0) this.#share(this.#read());
    this.#inLap = false;
    this.#isTimed = false;
    this.#mayBeTimed = false;
    this.#until = this.#untilOutside;
  }

  /**
   * For how long an arrival has been served, as of at most 64 calls ago; negative while its calls
   * are so few and quick that they are not timed.
   */
  get lapMs(): number {
    return this.#readMs - this.#startMs;
  }

  /** Counts what has been called until now: to be called before figures are read within a lap. */
  settle(): void {
    if (this.#count > 0) this.#share(this.#read());
  }

  // Calls

  /** A command is to be called; returns what end() has to be told. */
  begin(command: CompiledCommand, args: Arguments): number {
    const i = command.index;
    if (this.#until[i]-- > 0 && !isLarge(args)) {
      if (this.#mayBeTimed && (this.#reasons[i] & Alone.openEnded) !== 0) this.#beginTiming();
      return TOGETHER;
    }
    return this.#beginAlone(i, args);
  }

  #beginAlone(i: number, args: Arguments): number {
    const until = this.#until;
    if (until[i] < 0) {
      const isAlways = (this.#reasons[i] & (this.#inLap ? ALONE_IN_LAP : ALONE_OUTSIDE)) !== 0;
      const isNew = ++this.#alones[i] < FIRST_ALONE;
      until[i] = isAlways || isNew ? 0 : ALONE_EVERY - 1;
      if (!isLarge(args)) this.#learning = i;
    }
    if (!this.#inLap) return this.#read();
    if (this.#mayBeTimed) this.#beginTiming();
    else if (this.#count > 0) this.#share(this.#read());
    return this.#readMs;
  }

  /** The command has been called, and has replied so many bytes. */
  end(command: CompiledCommand, startMs: number, replyBytes: number): void {
    const i = command.index;
    if (startMs !== TOGETHER) {
      this.#endAlone(i, startMs, replyBytes);
    } else if (this.#isTimed) {
      this.#called[this.#count++] = i;
      if (replyBytes > REPLY_BYTES_MAX) this.#giveLast(this.#read());
      else if (this.#count === LAP_CALLS_MAX) this.#share(this.#read());
    } else {
      this.count(command);
    }
  }

  #endAlone(i: number, startMs: number, replyBytes: number): void {
    const now = this.#read();
    if (this.#inLap) {
      if (this.#count > 0) {
        // Commands have been called within this one.
        this.#reasons[i] |= Alone.nesting;
        this.#share(now);
      }
      this.#note(now);
    }
    const us = this.#between(startMs, now);
    this.#add(i, us, 1);
    if (this.#learning !== i) return;
    this.#learning = -1;
    if (replyBytes > REPLY_BYTES_MAX) return;
    const average = this.#averages[i];
    const learned = average === 0 ? us : average + (us - average) * LATEST;
    this.#averages[i] = learned;
    if (learned >= LONG_US) this.#reasons[i] |= Alone.long;
    else this.#reasons[i] &= ~Alone.long;
    // What has changed is learned sooner.
    const isOff = Math.abs(us - average) > OFF_US && (us > average * OFF || us < average / OFF);
    if (isOff && this.#until[i] > OFF_EVERY) this.#until[i] = OFF_EVERY;
  }

  /** From one reading to the next, in µs, without what the reading took. */
  #between(startMs: number, endMs: number): number {
    return Math.max(0, endMs - startMs - this.#readingMs) * 1000;
  }

  /** The calls since the latest reading took until now: each gets its part. */
  #share(now: number): void {
    const called = this.#called;
    const averages = this.#averages;
    const reasons = this.#reasons;
    const count = this.#count;
    const us = this.#restart(now);
    if (this.#areOneCommand(count)) {
      const each = us / count;
      this.#add(called[0], each, count);
      if (each >= LONG_US) this.#timeAlone(called[0]);
      return;
    }
    let expected = 0;
    let openEnded = 0;
    for (let k = 0; k < count; k++) {
      expected += averages[called[k]];
      if ((reasons[called[k]] & Alone.openEnded) !== 0) openEnded++;
    }
    const isExplained = us < EXCESS_US || us < expected * EXCESS || openEnded === 0;
    const excess = isExplained ? 0 : us - expected;
    const scale = expected === 0 ? 0 : (us - excess) / expected;
    const base = expected === 0 ? us / count : 0;
    for (let k = 0; k < count; k++) {
      const i = called[k];
      const isOpenEnded = (reasons[i] & Alone.openEnded) !== 0;
      let part = base + averages[i] * scale;
      if (excess > 0 && isOpenEnded) {
        part += excess / openEnded;
        this.#timeAlone(i);
      }
      this.#add(i, part, 1);
    }
  }

  /** Calls of a command may have taken long: the next is timed alone. */
  #timeAlone(i: number): void {
    this.#until[i] = 0;
  }

  /** The last call since the latest reading replied much: it took what the others do not. */
  #giveLast(now: number): void {
    const called = this.#called;
    const averages = this.#averages;
    const last = this.#count - 1;
    const us = this.#restart(now);
    let others = 0;
    for (let k = 0; k < last; k++) others += averages[called[k]];
    const scale = others > us / 2 ? us / 2 / others : 1;
    for (let k = 0; k < last; k++) this.#add(called[k], averages[called[k]] * scale, 1);
    this.#add(called[last], us - others * scale, 1);
  }

  /** Begins a lap anew; returns how many µs have passed since the latest reading. */
  #restart(now: number): number {
    const us = this.#between(this.#readMs, now);
    this.#note(now);
    this.#count = 0;
    return us;
  }

  #areOneCommand(count: number): boolean {
    const called = this.#called;
    const first = called[0];
    for (let k = 1; k < count; k++) if (called[k] !== first) return false;
    return true;
  }

  #add(i: number, us: number, times: number): void {
    const at = i * FIGURES;
    this.#cells[at + Figure.calls] += times;
    this.#cells[at + Figure.microseconds] += us * times;
    if (!this.#settings.callsTracked) return;
    this.#histograms.own(i).add(us, times);
  }

  /** How long calls of a command took in all threads, if there were any since the latest reset. */
  histogram(command: CompiledCommand): LatencyHistogram | undefined {
    return this.#histograms.of(command.index);
  }

  /** Several threads call: how long that takes is known to all. */
  shareHistograms(buffer: SharedArrayBuffer, member: number): void {
    this.#histograms.share(buffer, member);
  }

  /** CONFIG RESETSTAT. What calls take on average is as true as before. */
  reset(): void {
    this.#count = 0;
    this.#histograms.clear();
  }

  // Calls that no handler executes (embedded/short-ways.ts)

  /** Whether this call of the command is to go to its handler, to be timed. */
  isDue(command: CompiledCommand): boolean {
    const i = command.index;
    if (--this.#untilShown[i] > 0) return false;
    this.#untilShown[i] = this.#alones[i] < FIRST_ALONE ? 0 : SHOWN_EVERY;
    this.#until[i] = 0;
    return true;
  }

  /** A call went another way: it counts as long as the latest that were timed. */
  count(command: CompiledCommand): void {
    const at = command.index * FIGURES;
    this.#cells[at + Figure.calls]++;
    this.#cells[at + Figure.microseconds] += this.#averages[command.index];
  }

  /** Returns what correct() has to be told of a call that was counted and is going to take long. */
  start(): number {
    return this.#read();
  }

  /** A call that was counted has taken so long after all. */
  correct(command: CompiledCommand, startMs: number): void {
    const us = this.#between(startMs, this.#read());
    const { index } = command;
    this.#cells[index * FIGURES + Figure.calls]--;
    this.#cells[index * FIGURES + Figure.microseconds] -= this.#averages[index];
    this.#add(index, us, 1);
  }
}

/** Whether a request has so many words or bytes that it takes long whatever it asks for. */
function isLarge(args: Arguments): boolean {
  const { count, rawStart } = args;
  if (count > WORDS_MAX) return true;
  const bytes = rawStart >= 0 ? args.rawEnd - rawStart : args.ends[count - 1] - args.starts[0];
  return bytes > BYTES_MAX;
}
