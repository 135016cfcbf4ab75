// A connection that was opened from here: what is to be sent queues up where it lies until the
// socket takes it, and where nothing moves for too long it ends. Who asks another server something
// stands on this: MIGRATE, the tools of the command line.
//
//   connecting ──▶ open: send, received … ──▶ ended, once, by whatever
//        └────────────────────────────────────────▲
//
// Its owner may change while it is open, and is called from the event loop only.

import {
  type Clock,
  type ConnectOptions,
  type Network,
  PlatformError,
  type Socket,
  type Timer,
} from "./platform.ts";

/** What was being waited for. */
export type Stage = "connecting" | "writing" | "reading";

export interface OutgoingOwner {
  opened(): void;
  /** `bytes` from 0 to `length` have arrived, which are overwritten after the call. */
  received(bytes: Uint8Array, length: number): void;
  /** Everything that was to be sent has been taken. */
  sent(): void;
  /** The last call. `stage`: what it was in the middle of. */
  ended(stage: Stage, error: PlatformError): void;
}

/** So much is handed over at a time, where the other side reads as fast as that: others follow. */
const TURN_BYTES = 1 << 20;

interface Piece {
  readonly bytes: Uint8Array;
  start: number;
  readonly end: number;
}

export class Outgoing {
  owner: OutgoingOwner;
  /** Bytes that are to be sent. */
  unsentBytes = 0;
  isOpen = false;
  isOver = false;

  readonly #clock: Clock;
  readonly #subject: string;
  readonly #giveUp: () => void;
  #socket: Socket | undefined;
  #pieces: Piece[] = [];
  #yields = false;
  #limitMs = 0;
  #movedMs = 0;
  #timer: Timer | undefined;

  constructor(world: Network & Clock, options: ConnectOptions, owner: OutgoingOwner) {
    this.#clock = world;
    this.owner = owner;
    this.#subject = `${options.host}:${options.port}`;
    this.#giveUp = world.connect(
      options,
      {
        opened: (socket) => this.#open(socket),
        data: (_, bytes, length) => {
          this.#move();
          if (!this.isOver) this.owner.received(bytes, length);
        },
        writable: () => this.#drain(true),
        ended: () => this.#end(this.#failure("ECONNRESET", "the connection was closed")),
        closed: (_, error) => {
          this.#end(
            error === undefined
              ? this.#failure("ECONNRESET", "the connection was closed")
              : PlatformError.from(error, this.#subject),
          );
        },
      },
      (error) => this.#end(error),
    );
  }

  #failure(code: string, text: string): PlatformError {
    return new PlatformError(code, this.#subject, `${this.#subject}: ${text}`);
  }

  #open(socket: Socket): void {
    this.#socket = socket;
    this.isOpen = true;
    socket.setNoDelay(true);
    this.owner.opened();
  }

  /** Sends bytes[start, end), which stay as they are from now on. REQUIRES: isOpen. */
  send(bytes: Uint8Array, start: number, end: number): void {
    if (this.isOver || start === end) return;
    this.#pieces.push({ bytes, start, end });
    this.unsentBytes += end - start;
    if (this.#pieces.length === 1 && !this.#yields) this.#drain(false);
  }

  /** From now on it ends if nothing moves for so long; 0: it may rest. */
  limit(idleMs: number): void {
    this.#limitMs = idleMs;
    this.#move();
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    if (idleMs > 0 && !this.isOver) this.#wait(idleMs);
  }

  /** Whether the event loop goes on because of it. */
  keepAwake(on: boolean): void {
    this.#socket?.keepAwake(on);
  }

  /** Closes it; its owner is not called any more. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.isOpen = false;
    this.limit(0);
    this.#pieces = [];
    this.unsentBytes = 0;
    if (this.#socket === undefined) this.#giveUp();
    else this.#socket.destroy();
  }

  #move(): void {
    this.#movedMs = this.#clock.monotonicMs();
  }

  #wait(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => {
      const leftMs = this.#movedMs + this.#limitMs - this.#clock.monotonicMs();
      if (leftMs > 0) this.#wait(leftMs);
      else this.#end(this.#failure("ETIMEDOUT", "no answer in time"));
    });
  }

  #drain(tells: boolean): void {
    const socket = this.#socket;
    if (socket === undefined || this.isOver) return;
    let done = 0;
    let left = TURN_BYTES;
    for (const piece of this.#pieces) {
      const end = Math.min(piece.end, piece.start + left);
      const asked = end - piece.start;
      const taken = socket.write(piece.bytes, piece.start, end);
      piece.start += taken;
      this.unsentBytes -= taken;
      left -= taken;
      if (taken < asked) break;
      if (piece.start === piece.end) done++;
      if (left === 0) {
        this.#yield();
        break;
      }
    }
    this.#pieces.splice(0, done);
    this.#move();
    if (tells && this.#pieces.length === 0) this.owner.sent();
  }

  /** Goes on in the next turn of the event loop. */
  #yield(): void {
    if (this.#yields) return;
    this.#yields = true;
    this.#clock.afterTurn(() => {
      this.#yields = false;
      this.#drain(true);
    });
  }

  #end(error: PlatformError): void {
    if (this.isOver) return;
    const stage = !this.isOpen ? "connecting" : this.unsentBytes > 0 ? "writing" : "reading";
    this.close();
    this.owner.ended(stage, error);
  }
}
