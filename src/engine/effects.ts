// Effects: what a write did, as commands, on their way to the log (and to replicas). One request
// has, as a rule, one effect: itself, and its bytes go on as they came. A handler that is not
// deterministic puts others in its place; a transaction, and a request with several effects,
// reach the log between MULTI and EXEC, so that they count together or not at all.
//
// While a server works through what one client has sent, the array in which it arrived is lent to
// the log: requests that follow one another in it are copied together, and not one by one.

import { assert } from "../base/assert.ts";
import { asciiBytes, copyBytes, utf8Length, writeUtf8 } from "../base/bytes.ts";
import { writeInteger } from "../base/integers.ts";
import type { Arguments } from "../protocol/arguments.ts";

/** Where effects go: the log. Bytes are whole RESP commands. */
export interface EffectSink extends Appending {
  /** Bytes of all that was appended. */
  readonly sizeBytes: number;
  /** Takes back what was appended last: there were `sizeBytes` before. */
  shorten(sizeBytes: number): void;
}

interface Appending {
  /** The commands that follow are for this database. */
  selectDatabase(db: number): void;
  append(bytes: Uint8Array, start: number, end: number): void;
  /** As append, but they may be copied, with what follows them in the array, as late as `take`. */
  borrow(bytes: Uint8Array, start: number, end: number): void;
  /** Copies what was borrowed. */
  take(): void;
}

const MULTI = asciiBytes("*1\r\n$5\r\nMULTI\r\n");
const DOLLAR = 0x24;
const INTEGER_TEXT_MAX = 20;
const EXEC = asciiBytes("*1\r\n$4\r\nEXEC\r\n");

export class Effects {
  readonly #sinks: EffectSink[] = [];
  /** The sink, or what passes everything on to several; null while there is none. */
  #sink: Appending | null = null;

  /** Commands gathered of the request that is being executed. */
  count = 0;

  // The array that requests stand in and that nobody changes for now.
  #lent: Uint8Array | null = null;

  readonly #digits = new Uint8Array(INTEGER_TEXT_MAX);
  #bytes: Uint8Array = new Uint8Array(4096);
  #length = 0;
  // For each gathered command the database and where its bytes begin.
  #dbs: Int32Array = new Int32Array(16);
  #starts: Int32Array = new Int32Array(16);
  #holding = 0;

  /** Whether they go anywhere; else nothing is gathered. */
  get isHeard(): boolean {
    return this.#sink !== null;
  }

  /** From now on they go to this sink as well. */
  addSink(sink: EffectSink): void {
    assert(!this.#sinks.includes(sink), "an effect goes to a sink once");
    assert(this.count === 0, "a sink begins between requests");
    this.#sinks.push(sink);
    this.#connect();
  }

  /** From now on they do not go to this sink, if they did; nor does what has been gathered. */
  removeSink(sink: EffectSink): void {
    const at = this.#sinks.indexOf(sink);
    if (at >= 0) this.#sinks.splice(at, 1);
    this.#connect();
  }

  #connect(): void {
    this.#sink = this.#sinks.length > 1 ? new Spread(this.#sinks) : (this.#sinks[0] ?? null);
  }

  /**
   * Until takeBack(), `bytes` stay as they are: the requests of a pipeline need not be copied
   * singly.
   */
  lend(bytes: Uint8Array): void {
    this.#lent = bytes;
  }

  /** What was borrowed of it so far is copied: others may write to the sink now. */
  take(): void {
    this.#sink?.take();
  }

  takeBack(): void {
    this.#lent = null;
    this.#sink?.take();
  }

  /** Between hold() and release() everything gathered counts as one request's effects. */
  hold(): void {
    this.#holding++;
  }

  /** Whether something is gathered, or is going to be. */
  get isPending(): boolean {
    return this.#holding > 0 || this.count > 0;
  }

  /** Sends what was gathered since hold(). */
  release(): void {
    assert(this.#holding > 0, "what is released was held");
    this.#holding--;
    this.flush();
  }

  /** Forgets what was gathered, whoever holds it: nothing more is sent. */
  abandon(): void {
    this.#holding = 0;
    this.discard();
  }

  /** Begins a command of `words` words, which must follow by text(), range() or argument(). */
  begin(db: number, words: number): void {
    if (this.#sink === null) return;
    if (this.count === this.#dbs.length) this.#grow();
    this.#dbs[this.count] = db;
    this.#starts[this.count] = this.#length;
    this.count++;
    this.#head(42, words);
  }

  text(text: string): void {
    if (this.#sink === null) return;
    const length = utf8Length(text);
    this.#head(36, length);
    this.#reserve(length + 2);
    this.#length = writeUtf8(text, this.#bytes, this.#length);
    this.#lineEnd();
  }

  integer(n: number): void {
    if (this.#sink === null) return;
    this.range(this.#digits, 0, writeInteger(this.#digits, 0, n));
  }

  range(bytes: Uint8Array, start: number, end: number): void {
    if (this.#sink === null) return;
    this.#head(36, end - start);
    this.#reserve(end - start + 2);
    copyBytes(bytes, start, end, this.#bytes, this.#length);
    this.#length += end - start;
    this.#lineEnd();
  }

  argument(args: Arguments, i: number): void {
    this.range(args.bytes, args.starts[i], args.ends[i]);
  }

  /** The request itself is its effect. Goes straight to the sink where nothing else is waiting. */
  request(db: number, args: Arguments): void {
    const sink = this.#sink;
    if (sink === null) return;
    if (this.count === 0 && this.#holding === 0 && args.rawStart >= 0) {
      sink.selectDatabase(db);
      if (args.bytes === this.#lent) sink.borrow(args.bytes, args.rawStart, args.rawEnd);
      else sink.append(args.bytes, args.rawStart, args.rawEnd);
      return;
    }
    if (args.rawStart >= 0) {
      if (this.count === this.#dbs.length) this.#grow();
      this.#dbs[this.count] = db;
      this.#starts[this.count] = this.#length;
      this.count++;
      this.#reserve(args.rawEnd - args.rawStart);
      copyBytes(args.bytes, args.rawStart, args.rawEnd, this.#bytes, this.#length);
      this.#length += args.rawEnd - args.rawStart;
      return;
    }
    this.begin(db, args.count);
    for (let i = 0; i < args.count; i++) this.argument(args, i);
  }

  /**
   * As request, with bytes[start, end) in the place of argument i. Where the request came as RESP,
   * what is before and behind that is copied as it is.
   */
  requestWith(
    db: number,
    args: Arguments,
    i: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.#sink === null) return;
    if (args.rawStart < 0) {
      this.begin(db, args.count);
      for (let k = 0; k < i; k++) this.argument(args, k);
      this.range(bytes, start, end);
      for (let k = i + 1; k < args.count; k++) this.argument(args, k);
      return;
    }
    if (this.count === this.#dbs.length) this.#grow();
    this.#dbs[this.count] = db;
    this.#starts[this.count] = this.#length;
    this.count++;
    let head = args.starts[i] - 3;
    while (args.bytes[head] !== DOLLAR) head--;
    this.#copy(args.bytes, args.rawStart, head);
    this.range(bytes, start, end);
    this.#copy(args.bytes, args.ends[i] + 2, args.rawEnd);
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    copyBytes(bytes, start, end, this.#bytes, this.#length);
    this.#length += end - start;
  }

  /** Sends what was gathered, unless something holds it. */
  flush(): void {
    if (this.count === 0 || this.#holding > 0) return;
    const sink = this.#sink;
    if (this.count > 1) for (let i = 0; i < this.#sinks.length; i++) this.#flushGroup(i);
    else if (sink !== null) this.#flushAll(sink);
    this.discard();
  }

  /** All of it, or, where there is no memory for that, nothing. */
  #flushGroup(index: number): void {
    const sink = this.#sinks[index] as EffectSink;
    const before = sink.sizeBytes;
    let isWhole = false;
    try {
      sink.selectDatabase(this.#dbs[0]);
      sink.append(MULTI, 0, MULTI.length);
      this.#flushAll(sink);
      sink.append(EXEC, 0, EXEC.length);
      isWhole = true;
    } finally {
      if (!isWhole) sink.shorten(before);
    }
  }

  #flushAll(sink: Appending): void {
    for (let i = 0; i < this.count; i++) {
      const end = i + 1 < this.count ? this.#starts[i + 1] : this.#length;
      sink.selectDatabase(this.#dbs[i]);
      sink.append(this.#bytes, this.#starts[i], end);
    }
  }

  /** Forgets what was gathered since `count` was this. */
  truncate(count: number): void {
    assert(count >= 0, "what was gathered since a count is forgotten");
    if (count >= this.count) return;
    this.#length = this.#starts[count];
    this.count = count;
  }

  /** Forgets what was gathered. */
  discard(): void {
    this.count = 0;
    this.#length = 0;
    if (this.#bytes.length > 1 << 20) this.#bytes = new Uint8Array(4096);
  }

  #head(type: number, n: number): void {
    this.#reserve(16);
    this.#bytes[this.#length++] = type;
    this.#length = writeInteger(this.#bytes, this.#length, n);
    this.#lineEnd();
  }

  #lineEnd(): void {
    this.#bytes[this.#length++] = 13;
    this.#bytes[this.#length++] = 10;
  }

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#bytes.length) return;
    const longer = new Uint8Array((this.#bytes.length + extra) * 2);
    longer.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = longer;
  }

  #grow(): void {
    const dbs = new Int32Array(this.#dbs.length * 2);
    const starts = new Int32Array(this.#dbs.length * 2);
    dbs.set(this.#dbs);
    starts.set(this.#starts);
    this.#dbs = dbs;
    this.#starts = starts;
  }
}

/** Several sinks as one. */
class Spread implements Appending {
  readonly #sinks: readonly Appending[];

  constructor(sinks: readonly Appending[]) {
    this.#sinks = sinks;
  }

  selectDatabase(db: number): void {
    for (const sink of this.#sinks) sink.selectDatabase(db);
  }
  append(bytes: Uint8Array, start: number, end: number): void {
    for (const sink of this.#sinks) sink.append(bytes, start, end);
  }
  borrow(bytes: Uint8Array, start: number, end: number): void {
    for (const sink of this.#sinks) sink.borrow(bytes, start, end);
  }
  take(): void {
    for (const sink of this.#sinks) sink.take();
  }
}
