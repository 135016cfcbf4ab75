// The outbox: from the replies of a turn of the event loop to the sockets.
//
// All replies of a turn are appended to one buffer, the reply writer's own, and only ranges of it
// are remembered: this outlet (the sending side of a connection) gets these bytes. When the turn
// ends, the log first writes what the turn changed, and then each outlet's ranges are handed to its
// socket, in one system call where they lie together or are small enough to be gathered.
//
//   requests ─▶ turn buffer, asides ─▶ batch ─▶ [gate] ─▶ outlet ─▶ socket
//                                     batch.ts            outlet.ts
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
// unless a turn brings nobody. A slow sync runs beside the serving; the gate puts the next one off
// for a moment, until as many wait for it as the last one served and left waiting (`hurry`): else
// clients fall into two groups, each of which waits for the other's sync.
//
// A turn buffer above KEEP_BYTES is not used again after its batch; an outlet's backlog may thus
// keep a large remainder where it lies instead of copying it.
//
// Invariants: (1) the bytes an outlet receives are its ranges in the order they were added
// (2) nothing of a batch is sent before the gate has acknowledged its number, but for the
// exception above.

import { assert } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import type { Clock } from "../platform/platform.ts";
import { Batch, FIRST_BYTES, KEEP_BYTES } from "./batch.ts";
import type { Outlet } from "./outlet.ts";

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
  /** Whether this thread has changed something since it was set back; others' changes are none. */
  hasAppended: boolean;
  /** Whether the next commit will take its time, whatever the number of changes. */
  readonly isBlocking: boolean;
  /** All who are likely to come have come: what was put off for them is done now. */
  hurry(): void;
}

/** A gate that is always open, for a database without a log. */
export const openGate: ReplyGate = {
  commit: () => 0,
  acknowledgedThrough: 0,
  failure: null,
  hasAppended: false,
  isBlocking: false,
  hurry: () => {},
};

/** Replies of one turn beyond which they are sent before more requests are served. */
const TURN_BYTES = 1024 * 1024;

const POOL_MAX = 4;
/** A commit that will block waits for so many turns while they bring more to commit. */
const WAITED_TURNS_MAX = 2;
const GATHER_BYTES = 64 * 1024;
const GATHER_RANGE_MAX = 16 * 1024;

export class Outbox {
  /** Bytes that were ever to be sent (INFO's total_net_output_bytes). */
  bytesQueued = 0;
  /** Times that an outlet was given something to send. */
  writes = 0;
  /** To be replaced, where at all, before the first reply. */
  gate: ReplyGate;

  readonly #clock: Clock;
  readonly #writer: ReplyBuffer;

  /** Called when a turn ends in which something was served, before anybody hears of that. */
  onTurn: (() => void) | undefined;

  #batch = new Batch();
  readonly #held: Batch[] = [];
  readonly #spareBatches: Batch[] = [];
  readonly #spareBuffers: Uint8Array[] = [];
  readonly #gathered = new Uint8Array(GATHER_BYTES);

  // The outlet whose requests are being served, and where its replies begin.
  #running: Outlet | null = null;
  #runningStart = 0;
  // Asides for the running outlet, which follow the reply that is being written: place and length.
  readonly #ownAsides: number[] = [];

  readonly #closings: Outlet[] = [];
  #scheduled = false;
  // Outlets of held batches, each as often as it is in one; and how many there were when the gate
  // last acknowledged some.
  #heldOutlets = 0;
  #expectedOutlets = 0;
  // Turns that a commit has waited for, how many outlets they have served, and how many the last.
  #waitedTurns = 0;
  #waitedOutlets = 0;
  #lastOutlets = 0;
  readonly #flushTurn = (): void => {
    this.#scheduled = false;
    if (this.gate.isBlocking && this.#maySoonBeMore()) this.schedule();
    else this.flush();
  };

  constructor(clock: Clock, writer: ReplyBuffer, gate: ReplyGate) {
    this.#clock = clock;
    this.#writer = writer;
    this.gate = gate;
  }

  /** So much has been written in this turn that it should be sent before more is served. */
  get full(): boolean {
    return this.#writer.length + this.#batch.asidesLength >= TURN_BYTES;
  }

  /** Turns whose replies wait for the gate. */
  get heldBatches(): number {
    return this.#held.length;
  }

  /** From here on, what is written to the reply buffer is for `outlet`. */
  begin(outlet: Outlet): void {
    this.#running = outlet;
    this.#runningStart = this.#writer.length;
  }

  /** Up to here. */
  end(): void {
    this.boundary();
    this.#running = null;
  }

  /** A reply is whole, and another may begin: what was delivered in between goes in here. */
  boundary(): void {
    const running = this.#running;
    const runningStart = this.#runningStart;
    const { length } = this.#writer;
    if (running === null) return;
    if (length > runningStart) {
      this.bytesQueued += length - runningStart;
      this.#batch.add(running, runningStart, length, 0);
    }
    this.#runningStart = length;
    if (this.#ownAsides.length > 0) this.#addOwnAsides(running);
  }

  /** What was written for the running outlet since the last boundary is not for it. */
  drop(): void {
    this.#writer.length = this.#runningStart;
    this.#ownAsides.length = 0;
  }

  /** Whether `boundary` has something to do between two replies to one outlet. */
  get hasOwnAsides(): boolean {
    return this.#ownAsides.length > 0;
  }

  /** Takes a copy of bytes that are for one or many outlets; returns the place, for `give`. */
  place(bytes: Uint8Array, start: number, end: number): number {
    this.schedule();
    return this.#batch.place(bytes, start, end);
  }

  /** Sends `length` bytes from `place` to the outlet, after what was written for it so far. */
  give(outlet: Outlet, place: number, length: number): void {
    this.bytesQueued += length;
    if (outlet === this.#running) this.#ownAsides.push(place, length);
    else if (!outlet.gone) this.#batch.add(outlet, place, place + length, 1);
  }

  /** Sends bytes that are not the reply to a running request: a message, a late reply. */
  deliver(outlet: Outlet, bytes: Uint8Array, start: number, end: number): void {
    this.give(outlet, this.place(bytes, start, end), end - start);
  }

  /** Closes the outlet once everything for it has been sent. */
  closeAfterReplies(outlet: Outlet): void {
    outlet.closing = true;
    this.#closings.push(outlet);
    this.schedule();
  }

  /** Whether the end of this turn is waited for: something has been served in it. */
  get isScheduled(): boolean {
    return this.#scheduled;
  }

  /** Flushes at the end of this turn. For whatever writes to the log or to an outlet. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.afterTurn(this.#flushTurn);
  }

  /** Whether a turn more would bring requests of clients that were served by the last commit. */
  #maySoonBeMore(): boolean {
    const { length } = this.#batch.outlets;
    if (length >= this.#lastOutlets || this.full) return false;
    if (length === this.#waitedOutlets || this.#waitedTurns === WAITED_TURNS_MAX) return false;
    this.#waitedOutlets = length;
    this.#waitedTurns++;
    return true;
  }

  /** Lets the log write, and sends what may be sent. Not while requests are being served. */
  flush(): void {
    assert(this.#running === null, "the outbox is flushed between requests");
    this.onTurn?.();
    this.#lastOutlets = this.#batch.outlets.length;
    this.#waitedOutlets = 0;
    this.#waitedTurns = 0;
    const number = this.gate.commit();
    const wrote = this.gate.hasAppended;
    this.gate.hasAppended = false;
    if (this.#held.length > 0) this.release();
    if (this.#batch.ranges === 0) {
      this.#writer.length = 0;
      this.#batch.clear();
    } else if (this.#held.length === 0 && this.gate.acknowledgedThrough >= number) {
      this.#sendNow();
    } else if (this.gate.failure !== null && !wrote) {
      this.#passHeld();
      this.#sendNow();
    } else {
      this.#hold(number);
    }
    if (this.#closings.length > 0) this.#finishClosings();
  }

  /** Sends the held batches that have been acknowledged. To be called when the gate says so. */
  release(): void {
    if (this.#held.length === 0 || this.gate.acknowledgedThrough < this.#held[0].number) return;
    this.#expectedOutlets = this.#heldOutlets;
    while (this.#held.length > 0 && this.gate.acknowledgedThrough >= this.#held[0].number) {
      const batch = this.#held.shift() as Batch;
      this.#heldOutlets -= batch.outlets.length;
      for (const outlet of batch.outlets) outlet.heldBatches--;
      this.#send(batch, batch.replies);
      this.#giveBack(batch.replies);
      batch.clear();
      if (this.#spareBatches.length < POOL_MAX) this.#spareBatches.push(batch);
    }
  }

  #sendNow(): void {
    const batch = this.#batch;
    const writer = this.#writer;
    this.#send(batch, writer.bytes);
    batch.clear();
    writer.length = 0;
    if (writer.bytes.length > KEEP_BYTES) writer.bytes = this.#newBuffer();
  }

  #hold(number: number): void {
    const batch = this.#batch;
    const writer = this.#writer;
    batch.number = number;
    batch.replies = writer.bytes;
    for (const outlet of batch.outlets) {
      outlet.heldBatches++;
      outlet.batch = null;
    }
    this.#held.push(batch);
    this.#heldOutlets += batch.outlets.length;
    if (this.#heldOutlets >= this.#expectedOutlets) this.gate.hurry();
    writer.bytes = this.#newBuffer();
    writer.length = 0;
    this.#batch = this.#spareBatches.pop() ?? new Batch();
  }

  /** Moves what is for outlets that wait in a held batch to the end of the youngest one. */
  #passHeld(): void {
    const batch = this.#batch;
    const youngest = this.#held.at(-1);
    if (youngest === undefined) return;
    for (let slot = 0; slot < batch.outlets.length; slot++) {
      const outlet = batch.outlets[slot];
      if (outlet.heldBatches === 0) continue;
      for (let range = batch.firsts[slot]; range >= 0; range = batch.nexts[range]) {
        const bytes = batch.inAsides[range] === 1 ? batch.asides : this.#writer.bytes;
        const length = batch.ends[range] - batch.starts[range];
        const at = youngest.place(bytes, batch.starts[range], batch.ends[range]);
        const slots = youngest.outlets.length;
        youngest.add(outlet, at, at + length, 1);
        outlet.waitingBytes -= length;
        if (youngest.outlets.length === slots) continue;
        outlet.heldBatches++;
        this.#heldOutlets++;
      }
      outlet.batch = null;
      batch.firsts[slot] = -1;
    }
  }

  #send(batch: Batch, replies: Uint8Array): void {
    for (let slot = 0; slot < batch.outlets.length; slot++) {
      const outlet = batch.outlets[slot];
      if (outlet.batch === batch) outlet.batch = null;
      const first = batch.firsts[slot];
      if (first < 0) continue;
      if (batch.nexts[first] < 0) this.#sendRange(batch, replies, outlet, first);
      else this.#sendRanges(batch, replies, outlet, first);
      outlet.relieved();
      outlet.finish();
    }
  }

  #sendRange(batch: Batch, replies: Uint8Array, outlet: Outlet, range: number): void {
    const bytes = batch.inAsides[range] === 1 ? batch.asides : replies;
    const start = batch.starts[range];
    const end = batch.ends[range];
    outlet.waitingBytes -= end - start;
    this.writes++;
    outlet.send(bytes, start, end, bytes.length > KEEP_BYTES);
  }

  /** Several ranges: short ones are gathered, so that they go out with one system call. */
  #sendRanges(batch: Batch, replies: Uint8Array, outlet: Outlet, first: number): void {
    const gathered = this.#gathered;
    let length = 0;
    for (let range = first; range >= 0; range = batch.nexts[range]) {
      const start = batch.starts[range];
      const end = batch.ends[range];
      if (length > 0 && (end - start > GATHER_RANGE_MAX || length + end - start > GATHER_BYTES)) {
        this.writes++;
        outlet.send(gathered, 0, length, false);
        length = 0;
      }
      if (end - start > GATHER_RANGE_MAX) {
        this.#sendRange(batch, replies, outlet, range);
        continue;
      }
      outlet.waitingBytes -= end - start;
      copyBytes(batch.inAsides[range] === 1 ? batch.asides : replies, start, end, gathered, length);
      length += end - start;
    }
    if (length === 0) return;
    this.writes++;
    outlet.send(gathered, 0, length, false);
  }

  #addOwnAsides(running: Outlet): void {
    const ownAsides = this.#ownAsides;
    for (let i = 0; i < ownAsides.length; i += 2) {
      this.#batch.add(running, ownAsides[i], ownAsides[i] + ownAsides[i + 1], 1);
    }
    ownAsides.length = 0;
  }

  #finishClosings(): void {
    for (const outlet of this.#closings) outlet.finish();
    this.#closings.length = 0;
  }

  #newBuffer(): Uint8Array {
    return this.#spareBuffers.pop() ?? new Uint8Array(FIRST_BYTES);
  }

  #giveBack(buffer: Uint8Array): void {
    if (buffer.length <= KEEP_BYTES && this.#spareBuffers.length < POOL_MAX) {
      this.#spareBuffers.push(buffer);
    }
  }
}
