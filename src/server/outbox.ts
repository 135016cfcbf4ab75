// The outbox: from the replies of a turn of the event loop to the sockets.
//
// All replies of a turn are appended to one buffer, the reply writer's own, and only ranges of it
// are remembered: this outlet (the sending side of a connection) gets these bytes. When the turn
// ends, the log first writes what the turn changed, and then each outlet's ranges are handed to its
// socket, in one system call where they lie together or are small enough to be gathered.
//
//   turn buffer   │ A: 3 replies │ B │ A: 1 │ C            │    adjacent ranges of one outlet merge
//   asides        │ message │ late reply │                       bytes that are not the running
//                                                                request's reply; one range may go
//                                                                to many outlets
//
// A batch is the buffers and ranges of one turn. The gate (the log) numbers what it writes; a batch
// whose number is not yet acknowledged is held, with its buffers, until it is, while later turns
// fill the next batch. Batches leave in the order in which they were filled, reads included, so
// nobody sees a value that a crash could take back. Only while the log has failed do batches
// without writes pass the held ones; an outlet that waits in a held batch keeps its order by having
// later replies appended there.
//
// A commit that blocks (a sync with `always`) serves all who are there for it, and costs the same
// for one as for fifty. It waits for a turn or two while fewer are there than it served last time,
// unless a turn brings nobody.
//
// What the kernel does not take is kept as the outlet's backlog, counted to the byte and bounded by
// its limit. A turn buffer above KEEP_BYTES is not used again after its batch; a backlog may thus
// keep a large remainder where it lies instead of copying it.
//
// Invariants: (1) the bytes an outlet receives are its ranges in the order they were added
// (2) nothing of a batch is sent before the gate has acknowledged its number, but for the
// exception above (3) outlet.backlogBytes is the sum of its chunks.

import { assert } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import type { Clock, Socket } from "../platform/platform.ts";

/** The buffer that replies are written to: the reply writer, seen from here. */
export interface ReplyBuffer {
  bytes: Uint8Array;
  length: number;
}

/** What decides when replies may leave: the log, seen from here. */
export interface ReplyGate {
  /** Writes what has changed since the last call; returns the number of the last change. */
  commit(): number;
  /** Replies up to this number may leave. */
  readonly acknowledgedThrough: number;
  /** Why nothing can be acknowledged at the moment, or null. */
  readonly failure: string | null;
  /** Whether the next commit will take its time, whatever the number of changes. */
  readonly isBlocking: boolean;
}

/** A gate that is always open, for a database without a log. */
export const openGate: ReplyGate = {
  commit: () => 0,
  acknowledgedThrough: 0,
  failure: null,
  isBlocking: false,
};

/** How much may wait for a slow reader (client-output-buffer-limit); 0 is no limit. */
export interface OutputLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export const noOutputLimit: OutputLimit = { hardBytes: 0, softBytes: 0, softSeconds: 0 };

/** Why a connection was closed from here: its reader is too slow for its limit. */
export class OutputLimitExceeded extends Error {
  override readonly name = "OutputLimitExceeded";
  readonly code = "EOUTPUTLIMIT";
  readonly unsentBytes: number;

  constructor(unsentBytes: number) {
    super(`the client has ${unsentBytes} bytes of replies to read, which is over its limit`);
    this.unsentBytes = unsentBytes;
  }
}

/** Replies of one turn beyond which they are sent before more requests are served. */
export const TURN_BYTES = 1024 * 1024;

const FIRST_BYTES = 64 * 1024;
const KEEP_BYTES = 4 * 1024 * 1024;
const POOL_MAX = 4;
/** A commit that will block waits for so many turns while they bring more to commit. */
const WAITED_TURNS_MAX = 2;
const GATHER_BYTES = 64 * 1024;
const GATHER_RANGE_MAX = 16 * 1024;
const CHUNK_BYTES_MIN = 16 * 1024;
const NOTHING = new Uint8Array(0);

interface Chunk {
  readonly bytes: Uint8Array;
  start: number;
  end: number;
  /** Behind `end` there is room that nobody else uses. */
  readonly own: boolean;
}

/** The sending side of a connection. */
export abstract class Outlet {
  readonly socket: Socket;
  limit: OutputLimit = noOutputLimit;

  /** Bytes in batches that were not sent yet. */
  waitingBytes = 0;
  /** Bytes that the kernel did not take yet. */
  backlogBytes = 0;
  /** Close once everything has been sent; nothing more is received. */
  closing = false;
  /** Nothing can be sent any more. */
  gone = false;
  /** Why it was closed, if it was from this side and not in good order. */
  reason: Error | undefined = undefined;

  /** For the outbox: where it stands in the batch being filled, and how many held ones it is in. */
  batch: object | null = null;
  slot = 0;
  heldBatches = 0;

  private chunks: Chunk[] = [];
  private firstChunk = 0;
  private softSinceMs = -1;
  private readonly clock: Clock;

  constructor(socket: Socket, clock: Clock) {
    this.socket = socket;
    this.clock = clock;
  }

  /** Called when something was sent, or can no longer be: less is unsent than before. */
  abstract relieved(): void;

  get unsentBytes(): number {
    return this.waitingBytes + this.backlogBytes;
  }

  /**
   * Sends the range now, or keeps what the kernel does not take. `mayKeep`: the bytes are not used
   * again by anybody.
   */
  send(bytes: Uint8Array, start: number, end: number, mayKeep: boolean): void {
    if (this.gone) return;
    let at = start;
    if (this.backlogBytes === 0) at += this.socket.write(bytes, start, end);
    if (at < end) this.keep(bytes, at, end, mayKeep);
  }

  /** The socket has room again. */
  drain(): void {
    while (this.backlogBytes > 0 && !this.gone) {
      const chunk = this.chunks[this.firstChunk];
      const taken = this.socket.write(chunk.bytes, chunk.start, chunk.end);
      chunk.start += taken;
      this.backlogBytes -= taken;
      if (chunk.start < chunk.end) break;
      this.firstChunk++;
    }
    if (this.backlogBytes === 0) this.dropBacklog();
    else if (this.firstChunk > 64) {
      this.chunks.splice(0, this.firstChunk);
      this.firstChunk = 0;
    }
    if (this.backlogBytes <= this.limit.softBytes) this.softSinceMs = -1;
    this.relieved();
    this.finish();
  }

  /** Closes it if it is closing and has nothing left to send. */
  finish(): void {
    if (!this.closing || this.gone || this.unsentBytes > 0) return;
    this.gone = true;
    this.socket.end();
  }

  /** Closes it now; what was not sent is lost. */
  abort(reason?: Error): void {
    if (this.gone) return;
    this.gone = true;
    this.closing = true;
    this.reason = reason;
    this.dropBacklog();
    this.socket.destroy();
  }

  /** Closes it if its backlog has been over a limit for too long. */
  checkLimit(): void {
    const { hardBytes, softBytes, softSeconds } = this.limit;
    const backlog = this.backlogBytes;
    if (hardBytes > 0 && backlog > hardBytes) return this.abort(new OutputLimitExceeded(backlog));
    if (softBytes === 0 || backlog <= softBytes) {
      this.softSinceMs = -1;
      return;
    }
    const nowMs = this.clock.monotonicMs();
    if (this.softSinceMs < 0) this.softSinceMs = nowMs;
    else if (nowMs - this.softSinceMs > softSeconds * 1000) {
      this.abort(new OutputLimitExceeded(backlog));
    }
  }

  protected dropBacklog(): void {
    this.chunks.length = 0;
    this.firstChunk = 0;
    this.backlogBytes = 0;
  }

  private keep(bytes: Uint8Array, start: number, end: number, mayKeep: boolean): void {
    const length = end - start;
    const { hardBytes } = this.limit;
    if (hardBytes > 0 && this.backlogBytes + length > hardBytes) {
      return this.abort(new OutputLimitExceeded(this.backlogBytes + length));
    }
    this.backlogBytes += length;
    if (mayKeep && length >= bytes.length >> 1) {
      this.chunks.push({ bytes, start, end, own: false });
    } else {
      this.copyToBacklog(bytes, start, end);
    }
    this.checkLimit();
  }

  private copyToBacklog(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    let last = this.chunks.at(-1);
    if (last === undefined || !last.own || last.bytes.length - last.end < length) {
      const room = new Uint8Array(Math.max(CHUNK_BYTES_MIN, length));
      last = { bytes: room, start: 0, end: 0, own: true };
      this.chunks.push(last);
    }
    copyBytes(bytes, start, end, last.bytes, last.end);
    last.end += length;
  }
}

/** The ranges of one turn, and, while it is held, its buffer of replies. */
class Batch {
  number = 0;
  replies: Uint8Array = NOTHING;
  asides: Uint8Array = NOTHING;
  asidesLength = 0;

  // One entry for each outlet: its first and its last range.
  readonly outlets: Outlet[] = [];
  firsts = new Int32Array(64);
  lasts = new Int32Array(64);
  // One entry for each range; `inAsides` is 1 for a range of the asides; `nexts` is −1 at the end.
  ranges = 0;
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  nexts = new Int32Array(64);
  inAsides = new Int32Array(64);

  add(outlet: Outlet, start: number, end: number, inAsides: number): void {
    outlet.waitingBytes += end - start;
    if (outlet.batch === this) {
      const last = this.lasts[outlet.slot];
      if (this.ends[last] === start && this.inAsides[last] === inAsides) {
        this.ends[last] = end;
        return;
      }
      const next = this.newRange(start, end, inAsides);
      this.nexts[last] = next;
      this.lasts[outlet.slot] = next;
      return;
    }
    const slot = this.outlets.length;
    if (slot === this.firsts.length) {
      this.firsts = longer(this.firsts);
      this.lasts = longer(this.lasts);
    }
    outlet.batch = this;
    outlet.slot = slot;
    this.outlets.push(outlet);
    const first = this.newRange(start, end, inAsides);
    this.firsts[slot] = first;
    this.lasts[slot] = first;
  }

  /** Appends a copy of the bytes to the asides; returns where. */
  place(bytes: Uint8Array, start: number, end: number): number {
    const at = this.asidesLength;
    const needed = at + end - start;
    if (needed > this.asides.length) {
      const asides = new Uint8Array(Math.max(needed, 2 * this.asides.length, FIRST_BYTES));
      asides.set(this.asides.subarray(0, at));
      this.asides = asides;
    }
    copyBytes(bytes, start, end, this.asides, at);
    this.asidesLength = needed;
    return at;
  }

  clear(): void {
    this.outlets.length = 0;
    this.ranges = 0;
    this.asidesLength = 0;
    if (this.asides.length > KEEP_BYTES) this.asides = NOTHING;
    this.replies = NOTHING;
  }

  // It may replace the arrays of ranges: its result goes into a local before it goes into one of
  // them, since `this.nexts[last] = this.newRange(…)` would write into the array as it was before.
  private newRange(start: number, end: number, inAsides: number): number {
    const range = this.ranges++;
    if (range === this.starts.length) {
      this.starts = longer(this.starts);
      this.ends = longer(this.ends);
      this.nexts = longer(this.nexts);
      this.inAsides = longer(this.inAsides);
    }
    this.starts[range] = start;
    this.ends[range] = end;
    this.nexts[range] = -1;
    this.inAsides[range] = inAsides;
    return range;
  }
}

export class Outbox {
  /** Bytes that were ever to be sent (INFO's total_net_output_bytes). */
  bytesQueued = 0;
  /** To be replaced, where at all, before the first reply. */
  gate: ReplyGate;

  private readonly clock: Clock;
  private readonly writer: ReplyBuffer;

  private batch = new Batch();
  private readonly held: Batch[] = [];
  private readonly spareBatches: Batch[] = [];
  private readonly spareBuffers: Uint8Array[] = [];
  private readonly gathered = new Uint8Array(GATHER_BYTES);

  // The outlet whose requests are being served, and where its replies begin.
  private running: Outlet | null = null;
  private runningStart = 0;
  // Asides for the running outlet, which follow the reply that is being written: place and length.
  private readonly ownAsides: number[] = [];

  private readonly closings: Outlet[] = [];
  private lastNumber = 0;
  private scheduled = false;
  // Turns that a commit has waited for, how many outlets they have served, and how many the last.
  private waitedTurns = 0;
  private waitedOutlets = 0;
  private lastOutlets = 0;
  private readonly flushTurn = (): void => {
    this.scheduled = false;
    if (this.gate.isBlocking && this.maySoonBeMore()) this.schedule();
    else this.flush();
  };

  constructor(clock: Clock, writer: ReplyBuffer, gate: ReplyGate) {
    this.clock = clock;
    this.writer = writer;
    this.gate = gate;
  }

  /** So much has been written in this turn that it should be sent before more is served. */
  get full(): boolean {
    return this.writer.length + this.batch.asidesLength >= TURN_BYTES;
  }

  /** Turns whose replies wait for the gate. */
  get heldBatches(): number {
    return this.held.length;
  }

  /** From here on, what is written to the reply buffer is for `outlet`. */
  begin(outlet: Outlet): void {
    this.running = outlet;
    this.runningStart = this.writer.length;
  }

  /** Up to here. */
  end(): void {
    this.boundary();
    this.running = null;
  }

  /** A reply is whole, and another may begin: what was delivered in between goes in here. */
  boundary(): void {
    const { running, runningStart } = this;
    const { length } = this.writer;
    if (running === null) return;
    if (length > runningStart) {
      this.bytesQueued += length - runningStart;
      this.batch.add(running, runningStart, length, 0);
    }
    this.runningStart = length;
    if (this.ownAsides.length > 0) this.addOwnAsides(running);
  }

  /** Whether `boundary` has something to do between two replies to one outlet. */
  get hasOwnAsides(): boolean {
    return this.ownAsides.length > 0;
  }

  /** Takes a copy of bytes that are for one or many outlets; returns the place, for `give`. */
  place(bytes: Uint8Array, start: number, end: number): number {
    this.schedule();
    return this.batch.place(bytes, start, end);
  }

  /** Sends `length` bytes from `place` to the outlet, after what was written for it so far. */
  give(outlet: Outlet, place: number, length: number): void {
    this.bytesQueued += length;
    if (outlet === this.running) this.ownAsides.push(place, length);
    else if (!outlet.gone) this.batch.add(outlet, place, place + length, 1);
  }

  /** Sends bytes that are not the reply to a running request: a message, a late reply. */
  deliver(outlet: Outlet, bytes: Uint8Array, start: number, end: number): void {
    this.give(outlet, this.place(bytes, start, end), end - start);
  }

  /** Closes the outlet once everything for it has been sent. */
  closeAfterReplies(outlet: Outlet): void {
    outlet.closing = true;
    this.closings.push(outlet);
    this.schedule();
  }

  /** Flushes at the end of this turn. For whatever writes to the log or to an outlet. */
  schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.clock.afterTurn(this.flushTurn);
  }

  /** Whether a turn more would bring requests of clients that were served by the last commit. */
  private maySoonBeMore(): boolean {
    const { length } = this.batch.outlets;
    if (length >= this.lastOutlets || this.full) return false;
    if (length === this.waitedOutlets || this.waitedTurns === WAITED_TURNS_MAX) return false;
    this.waitedOutlets = length;
    this.waitedTurns++;
    return true;
  }

  /** Lets the log write, and sends what may be sent. Not while requests are being served. */
  flush(): void {
    assert(this.running === null, "the outbox is flushed between requests");
    this.lastOutlets = this.batch.outlets.length;
    this.waitedOutlets = 0;
    this.waitedTurns = 0;
    const number = this.gate.commit();
    const wrote = number !== this.lastNumber;
    this.lastNumber = number;
    if (this.held.length > 0) this.release();
    if (this.batch.ranges === 0) {
      this.writer.length = 0;
      this.batch.clear();
    } else if (this.held.length === 0 && this.gate.acknowledgedThrough >= number) {
      this.sendNow();
    } else if (this.gate.failure !== null && !wrote) {
      this.passHeld();
      this.sendNow();
    } else {
      this.hold(number);
    }
    if (this.closings.length > 0) this.finishClosings();
  }

  /** Sends the held batches that have been acknowledged. To be called when the gate says so. */
  release(): void {
    while (this.held.length > 0 && this.gate.acknowledgedThrough >= this.held[0].number) {
      const batch = this.held.shift() as Batch;
      for (const outlet of batch.outlets) outlet.heldBatches--;
      this.send(batch, batch.replies);
      this.giveBack(batch.replies);
      batch.clear();
      if (this.spareBatches.length < POOL_MAX) this.spareBatches.push(batch);
    }
  }

  private sendNow(): void {
    const { batch, writer } = this;
    this.send(batch, writer.bytes);
    batch.clear();
    writer.length = 0;
    if (writer.bytes.length > KEEP_BYTES) writer.bytes = this.newBuffer();
  }

  private hold(number: number): void {
    const { batch, writer } = this;
    batch.number = number;
    batch.replies = writer.bytes;
    for (const outlet of batch.outlets) {
      outlet.heldBatches++;
      outlet.batch = null;
    }
    this.held.push(batch);
    writer.bytes = this.newBuffer();
    writer.length = 0;
    this.batch = this.spareBatches.pop() ?? new Batch();
  }

  /** Moves what is for outlets that wait in a held batch to the end of the youngest one. */
  private passHeld(): void {
    const { batch } = this;
    const youngest = this.held.at(-1);
    if (youngest === undefined) return;
    for (let slot = 0; slot < batch.outlets.length; slot++) {
      const outlet = batch.outlets[slot];
      if (outlet.heldBatches === 0) continue;
      for (let range = batch.firsts[slot]; range >= 0; range = batch.nexts[range]) {
        const bytes = batch.inAsides[range] === 1 ? batch.asides : this.writer.bytes;
        const length = batch.ends[range] - batch.starts[range];
        const at = youngest.place(bytes, batch.starts[range], batch.ends[range]);
        const slots = youngest.outlets.length;
        youngest.add(outlet, at, at + length, 1);
        outlet.waitingBytes -= length;
        if (youngest.outlets.length > slots) outlet.heldBatches++;
      }
      outlet.batch = null;
      batch.firsts[slot] = -1;
    }
  }

  private send(batch: Batch, replies: Uint8Array): void {
    for (let slot = 0; slot < batch.outlets.length; slot++) {
      const outlet = batch.outlets[slot];
      if (outlet.batch === batch) outlet.batch = null;
      const first = batch.firsts[slot];
      if (first < 0) continue;
      if (batch.nexts[first] < 0) this.sendRange(batch, replies, outlet, first);
      else this.sendRanges(batch, replies, outlet, first);
      outlet.relieved();
      outlet.finish();
    }
  }

  private sendRange(batch: Batch, replies: Uint8Array, outlet: Outlet, range: number): void {
    const bytes = batch.inAsides[range] === 1 ? batch.asides : replies;
    const start = batch.starts[range];
    const end = batch.ends[range];
    outlet.waitingBytes -= end - start;
    outlet.send(bytes, start, end, bytes.length > KEEP_BYTES);
  }

  /** Several ranges: short ones are gathered, so that they go out with one system call. */
  private sendRanges(batch: Batch, replies: Uint8Array, outlet: Outlet, first: number): void {
    const { gathered } = this;
    let length = 0;
    for (let range = first; range >= 0; range = batch.nexts[range]) {
      const start = batch.starts[range];
      const end = batch.ends[range];
      if (length > 0 && (end - start > GATHER_RANGE_MAX || length + end - start > GATHER_BYTES)) {
        outlet.send(gathered, 0, length, false);
        length = 0;
      }
      if (end - start > GATHER_RANGE_MAX) {
        this.sendRange(batch, replies, outlet, range);
        continue;
      }
      outlet.waitingBytes -= end - start;
      copyBytes(batch.inAsides[range] === 1 ? batch.asides : replies, start, end, gathered, length);
      length += end - start;
    }
    if (length > 0) outlet.send(gathered, 0, length, false);
  }

  private addOwnAsides(running: Outlet): void {
    const { ownAsides } = this;
    for (let i = 0; i < ownAsides.length; i += 2) {
      this.batch.add(running, ownAsides[i], ownAsides[i] + ownAsides[i + 1], 1);
    }
    ownAsides.length = 0;
  }

  private finishClosings(): void {
    for (const outlet of this.closings) outlet.finish();
    this.closings.length = 0;
  }

  private newBuffer(): Uint8Array {
    return this.spareBuffers.pop() ?? new Uint8Array(FIRST_BYTES);
  }

  private giveBack(buffer: Uint8Array): void {
    if (buffer.length <= KEEP_BYTES && this.spareBuffers.length < POOL_MAX) {
      this.spareBuffers.push(buffer);
    }
  }
}

function longer(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
