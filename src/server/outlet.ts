// An outlet: the sending side of a connection. The outbox hands it what its client is to receive;
// what the kernel does not take is kept as its backlog, counted to the byte and bounded by its
// limit, until the socket has room again.
//
// The backlog is a queue of chunks. Short remainders are copied into chunks of its own, one behind
// another; a large one whose buffer nobody uses again may stay where it lies.
//
// Invariant: backlogBytes is the sum of its chunks.

import { copyBytes } from "../base/bytes.ts";
import type { OutputLimit } from "../host/directive-kinds.ts";
import type { Clock, Socket } from "../platform/platform.ts";

const noOutputLimit: OutputLimit = { hardBytes: 0, softBytes: 0, softSeconds: 0 };

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

const CHUNK_BYTES_MIN = 16 * 1024;

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

  #chunks: Chunk[] = [];
  #firstChunk = 0;
  #softSinceMs = -1;
  readonly #clock: Clock;

  constructor(socket: Socket, clock: Clock) {
    this.socket = socket;
    this.#clock = clock;
  }

  /** Called when something was sent, or can no longer be: less is unsent than before. */
  abstract relieved(): void;

  get unsentBytes(): number {
    return this.waitingBytes + this.backlogBytes;
  }

  /** How many chunks the backlog has, and the bytes of memory that they lie in. */
  get backlogPieces(): number {
    return this.#chunks.length - this.#firstChunk;
  }
  get backlogMemoryBytes(): number {
    let bytes = 0;
    for (let i = this.#firstChunk; i < this.#chunks.length; i++)
      bytes += this.#chunks[i].bytes.length;
    return bytes;
  }

  /**
   * Sends the range now, or keeps what the kernel does not take. `mayKeep`: the bytes are not used
   * again by anybody.
   */
  send(bytes: Uint8Array, start: number, end: number, mayKeep: boolean): void {
    if (this.gone) return;
    let at = start;
    if (this.backlogBytes === 0) at += this.socket.write(bytes, start, end);
    if (at < end) this.#keep(bytes, at, end, mayKeep);
  }

  /** The socket has room again. */
  drain(): void {
    while (this.backlogBytes > 0 && !this.gone) {
      const chunk = this.#chunks[this.#firstChunk];
      const taken = this.socket.write(chunk.bytes, chunk.start, chunk.end);
      chunk.start += taken;
      this.backlogBytes -= taken;
      if (chunk.start < chunk.end) break;
      this.#firstChunk++;
    }
    if (this.backlogBytes === 0) this.dropBacklog();
    else if (this.#firstChunk > 64) {
      this.#chunks.splice(0, this.#firstChunk);
      this.#firstChunk = 0;
    }
    if (this.backlogBytes <= this.limit.softBytes) this.#softSinceMs = -1;
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
      this.#softSinceMs = -1;
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    if (this.#softSinceMs < 0) this.#softSinceMs = nowMs;
    else if (nowMs - this.#softSinceMs > softSeconds * 1000) {
      this.abort(new OutputLimitExceeded(backlog));
    }
  }

  protected dropBacklog(): void {
    this.#chunks.length = 0;
    this.#firstChunk = 0;
    this.backlogBytes = 0;
  }

  #keep(bytes: Uint8Array, start: number, end: number, mayKeep: boolean): void {
    const length = end - start;
    const { hardBytes } = this.limit;
    if (hardBytes > 0 && this.backlogBytes + length > hardBytes) {
      return this.abort(new OutputLimitExceeded(this.backlogBytes + length));
    }
    this.backlogBytes += length;
    if (mayKeep && length >= bytes.length >> 1) {
      this.#chunks.push({ bytes, start, end, own: false });
    } else {
      this.#copyToBacklog(bytes, start, end);
    }
    this.checkLimit();
  }

  #copyToBacklog(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    let last = this.#chunks.at(-1);
    if (last === undefined || !last.own || last.bytes.length - last.end < length) {
      const room = new Uint8Array(Math.max(CHUNK_BYTES_MIN, length));
      last = { bytes: room, start: 0, end: 0, own: true };
      this.#chunks.push(last);
    }
    copyBytes(bytes, start, end, last.bytes, last.end);
    last.end += length;
  }
}
