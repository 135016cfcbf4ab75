// Connections: from sockets to whole requests, and when to read on.
//
// Bytes that arrive are offered to the owner's `consume` where they lie. What it leaves (the
// beginning of a request that is not whole yet) is kept in a pending buffer of the connection's
// own, which grows by doubling and is given back when it is empty; a connection at rest has none.
// `consume` may say how many bytes the request takes (`neededBytes`), and is then not called again
// before they are there, so that a bulk of 512 MiB is looked at a handful of times, not 8192 times.
//
//   socket ──data──▶ consume (in place) ──rest──▶ pending ──with the next data──▶ consume
//
// A connection stops consuming while
//   held       its session waits for something (a blocking command): `hold`, `resume`;
//   yielding   its requests have taken a slice of time, or replied much: others come first, and it
//              goes on when this turn of the event loop is over: `yield`;
//   throttled  more than THROTTLE_BYTES of its replies are unsent: its reader or the log is slow;
//   closing    it is to be closed when its replies have been sent.
// A throttled or yielding one is not read from either. A held one is, so that we see when its peer
// goes away, until PENDING_HELD_MAX bytes wait.
//
// Replies go through the outbox (outbox.ts), of which a connection is an outlet. When the replies
// of one turn have become many, `consume` returns early (`outbox.full`), they are sent, and the
// connection yields: a pipeline of large replies needs no more memory than one of small ones, and
// holds up nobody however fast it is read.

import type { Listener, ListenOptions, Platform, Socket } from "../platform/platform.ts";
import type { Outbox } from "./outbox.ts";
import { Outlet } from "./outlet.ts";

/** Unsent bytes beyond which a connection's requests wait. */
export const THROTTLE_BYTES = 1024 * 1024;

/** Bytes that are read for a connection whose session waits. */
const PENDING_HELD_MAX = 1024 * 1024;

const PENDING_BYTES_MIN = 16 * 1024;
const SPARE_BYTES_MAX = 256 * 1024;
const SPARES_MAX = 16;

/** Why a connection was closed from here: it sent more than it may without completing a request. */
export class InputLimitExceeded extends Error {
  override readonly name = "InputLimitExceeded";
  readonly code = "EINPUTLIMIT";
  readonly pendingBytes: number;

  constructor(pendingBytes: number) {
    super(`the client has sent ${pendingBytes} bytes of requests that cannot be served yet`);
    this.pendingBytes = pendingBytes;
  }
}

/** Who gives connections their meaning: the server. */
export interface ConnectionOwner {
  /** It may be refused with `deliver` and `close`. */
  opened(connection: Connection): void;
  /**
   * Serves the whole requests in bytes[start, end) and returns how many bytes they took. Replies go
   * to the reply buffer. Returns early, between two requests, once `outbox.full` or
   * `connection.stopped`, which `connection.yield()` brings about where it takes long; sets
   * `connection.neededBytes` when it knows what the next request takes.
   * The bytes are borrowed for the call.
   */
  consume(connection: Connection, bytes: Uint8Array, start: number, end: number): number;
  closed(connection: Connection, error: Error | undefined): void;
}

export interface ConnectionsOptions {
  /** Idle seconds before the peer is probed (tcp-keepalive); 0 is never. */
  keepAliveSeconds: number;
  /** Bytes of requests a client may send ahead of what is served (client-query-buffer-limit). */
  inputBytesMax: number;
}

export class Connection extends Outlet {
  /** Whatever the owner wants to find again: the session. */
  context: unknown = undefined;
  /** Numbered from 1 in the order of arrival. */
  readonly descriptor: number;
  /** "127.0.0.1:50000", and the same of this side; "[::1]:50000" for IPv6. */
  readonly address: string;
  readonly localAddress: string;
  /** Set by `consume`: how many bytes the request that is not whole yet takes; 0 is unknown. */
  neededBytes = 0;

  readonly #connections: Connections;
  #pending: Uint8Array | null = null;
  #pendingStart = 0;
  #pendingEnd = 0;
  #holds = false;
  #yields = false;
  #paused = false;
  // Bytes may wait that were not looked at because the connection was stopped.
  #stalled = false;
  #peerEnded = false;
  #continuing = false;

  constructor(connections: Connections, socket: Socket, descriptor: number) {
    super(socket, connections.platform);
    this.#connections = connections;
    this.descriptor = descriptor;
    this.address = addressText(socket.remoteAddress, socket.remotePort);
    this.localAddress = addressText(socket.localAddress, socket.localPort);
  }

  /** Bytes received that no request has taken yet. */
  get inputBytes(): number {
    return this.#pendingEnd - this.#pendingStart;
  }

  /** Bytes that the buffer of what no request has taken has room for besides. */
  get inputFreeBytes(): number {
    return (this.#pending?.length ?? 0) - this.inputBytes;
  }

  /** Bytes of replies not sent yet. */
  get outputBytes(): number {
    return this.unsentBytes;
  }

  /** No more requests are to be served now. */
  get stopped(): boolean {
    return (
      this.closing || this.gone || this.#holds || this.#yields || this.unsentBytes > THROTTLE_BYTES
    );
  }

  /** The requests behind this one are left for the next turn of the event loop. */
  yield(): void {
    this.#yields = true;
  }

  /** Sends bytes that are not the reply to a running request. */
  deliver(bytes: Uint8Array, start: number, end: number): void {
    if (!this.closing) this.#connections.outbox.deliver(this, bytes, start, end);
  }

  /** The session waits: requests that have come, and those that come, are left for later. */
  hold(): void {
    this.#holds = true;
  }

  /** The session no longer waits. What has come meanwhile is served in a moment. */
  resume(): void {
    if (!this.#holds) return;
    this.#holds = false;
    this.#continueSoon();
  }

  /** Closes the connection: once its replies have been sent, or, at once, now. */
  close(atOnce: boolean): void {
    if (this.gone) return;
    if (atOnce) this.abort();
    else if (!this.closing) {
      this.#dropPending();
      this.#connections.outbox.closeAfterReplies(this);
    }
  }

  override relieved(): void {
    // Not now: replies are being sent, and requests would write new ones.
    if (this.#stalled && !this.stopped) this.#continueSoon();
  }

  /** From the socket: bytes[0, length) have arrived. */
  receive(bytes: Uint8Array, length: number): void {
    if (this.closing || this.gone) return;
    let start = 0;
    if (this.#pending === null && !this.stopped) {
      start = this.#consume(bytes, 0, length);
      if (start === length || this.closing || this.gone) return;
      this.#append(bytes, start, length);
    } else {
      this.#append(bytes, start, length);
      if (!this.stopped && this.inputBytes >= this.neededBytes) this.#consumePending();
    }
    if (this.inputBytes > this.#connections.options.inputBytesMax) {
      return this.abort(new InputLimitExceeded(this.inputBytes));
    }
    if (this.stopped) this.#stall();
  }

  /** From the socket: the peer sends no more. It gets the replies to what it has sent. */
  peerSendsNoMore(): void {
    this.#peerEnded = true;
    if (this.#holds || !this.#stalled) this.close(false);
  }

  /** From the socket: it is closed. */
  vanish(): void {
    this.gone = true;
    this.closing = true;
    this.dropBacklog();
    this.#dropPending();
  }

  #consume(bytes: Uint8Array, start: number, end: number): number {
    const { outbox, owner } = this.#connections;
    this.neededBytes = 0;
    outbox.begin(this);
    const at = start + owner.consume(this, bytes, start, end);
    outbox.end();
    if (outbox.full) {
      outbox.flush();
      if (at < end && !this.stopped) this.yield();
    }
    outbox.schedule();
    if (this.#yields) this.#connections.platform.afterTurn(() => this.#endYield());
    return at;
  }

  #endYield(): void {
    this.#yields = false;
    this.#continue();
  }

  #consumePending(): void {
    const pending = this.#pending;
    if (pending === null) return;
    const start = this.#consume(pending, this.#pendingStart, this.#pendingEnd);
    // A connection that was closed meanwhile has none any more.
    if (this.#pending === null) return;
    this.#pendingStart = start;
    if (start === this.#pendingEnd) this.#dropPending();
  }

  #continueSoon(): void {
    if (this.#continuing) return;
    this.#continuing = true;
    this.#connections.platform.microtask(() => {
      this.#continuing = false;
      this.#continue();
    });
  }

  #continue(): void {
    if (this.stopped) return;
    this.#stalled = false;
    if (this.inputBytes >= this.neededBytes) this.#consumePending();
    if (this.stopped) return this.#stall();
    if (this.#peerEnded) return this.close(false);
    if (this.#paused) {
      this.#paused = false;
      this.socket.resume();
    }
  }

  #stall(): void {
    if (this.closing) return;
    this.#stalled = true;
    if (this.#paused || (this.#holds && this.inputBytes < PENDING_HELD_MAX)) return;
    this.#paused = true;
    this.socket.pause();
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const pending = this.#pending;
    if (pending === null) {
      this.#pending = this.#connections.newPending(length);
    } else if (this.#pendingEnd + length > pending.length) {
      const rest = this.inputBytes;
      let target = pending;
      if (rest + length > pending.length) {
        target = this.#connections.newPending(this.#grownBytes(pending.length, rest + length));
        target.set(pending.subarray(this.#pendingStart, this.#pendingEnd));
        this.#connections.giveBack(pending);
        this.#pending = target;
      } else {
        pending.copyWithin(0, this.#pendingStart, this.#pendingEnd);
      }
      this.#pendingStart = 0;
      this.#pendingEnd = rest;
    }
    const part = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
    (this.#pending as Uint8Array).set(part, this.#pendingEnd);
    this.#pendingEnd += length;
  }

  /** Twice as many, but not many more than the request is known to take. */
  #grownBytes(bytes: number, required: number): number {
    const doubled = 2 * bytes;
    const enough = Math.max(this.neededBytes, required);
    return Math.max(required, Math.min(doubled, enough + PENDING_BYTES_MIN));
  }

  #dropPending(): void {
    if (this.#pending !== null) this.#connections.giveBack(this.#pending);
    this.#pending = null;
    this.#pendingStart = 0;
    this.#pendingEnd = 0;
  }
}

/** All connections of a server, over all addresses it listens on. */
export class Connections {
  readonly platform: Platform;
  readonly outbox: Outbox;
  readonly owner: ConnectionOwner;
  readonly options: ConnectionsOptions;
  readonly all: Set<Connection> = new Set();
  /** Connections accepted so far. */
  accepted = 0;
  /** Bytes that have arrived, how often, and writes that went on when a socket had room again. */
  bytesRead = 0;
  reads = 0;
  resumedWrites = 0;

  readonly #listeners: Listener[] = [];
  // Accepted, but neither opened nor read yet; undefined where they are opened at once.
  #waiting: Socket[] | undefined;
  readonly #spares: Uint8Array[] = [];

  constructor(
    platform: Platform,
    outbox: Outbox,
    owner: ConnectionOwner,
    options: ConnectionsOptions,
  ) {
    this.platform = platform;
    this.outbox = outbox;
    this.owner = owner;
    this.options = options;
  }

  /** From now on connections are not opened before `admit`. */
  holdBack(): void {
    this.#waiting = [];
  }

  /** Opens the connections that wait, and those that come. */
  admit(): void {
    const sockets = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const socket of sockets) {
      this.#open(socket);
      socket.resume();
    }
  }

  /** Accepts connections at one more address. */
  async listen(options: ListenOptions): Promise<Listener> {
    const listener = await this.platform.listen(options, {
      opened: (socket) => this.#open(socket),
      data: (socket, bytes, length) => {
        this.reads++;
        this.bytesRead += length;
        (socket.context as Connection).receive(bytes, length);
      },
      writable: (socket) => {
        this.resumedWrites++;
        (socket.context as Connection).drain();
      },
      ended: (socket) => (socket.context as Connection).peerSendsNoMore(),
      closed: (socket, error) => this.#forget(socket, error),
    });
    this.#listeners.push(listener);
    return listener;
  }

  /** Accepts no more; the connections stay. */
  stopListening(): void {
    for (const listener of this.#listeners) listener.close();
    this.#listeners.length = 0;
  }

  /** Closes every connection once its replies have been sent. */
  closeAll(): void {
    for (const socket of this.#waiting ?? []) socket.destroy();
    for (const connection of this.all) connection.close(false);
  }

  /** Closes those whose readers have been too slow for too long. For once a second. */
  checkOutputLimits(): void {
    for (const connection of this.all) connection.checkLimit();
  }

  /** A buffer of at least so many bytes, for a request that is not whole. */
  newPending(bytes: number): Uint8Array {
    for (let i = this.#spares.length - 1; i >= 0; i--) {
      if (this.#spares[i].length >= bytes) return this.#spares.splice(i, 1)[0];
    }
    return new Uint8Array(Math.max(bytes, PENDING_BYTES_MIN));
  }

  giveBack(pending: Uint8Array): void {
    if (pending.length <= SPARE_BYTES_MAX && this.#spares.length < SPARES_MAX) {
      this.#spares.push(pending);
    }
  }

  #open(socket: Socket): void {
    if (this.#waiting !== undefined) {
      socket.pause();
      this.#waiting.push(socket);
      return;
    }
    const connection = new Connection(this, socket, ++this.accepted);
    socket.context = connection;
    this.all.add(connection);
    socket.setNoDelay(true);
    if (this.options.keepAliveSeconds > 0) socket.setKeepAlive(this.options.keepAliveSeconds);
    this.owner.opened(connection);
  }

  #forget(socket: Socket, error: Error | undefined): void {
    const connection = socket.context as Connection | undefined;
    if (connection === undefined) {
      this.#waiting = this.#waiting?.filter((other) => other !== socket);
      return;
    }
    connection.vanish();
    this.all.delete(connection);
    this.owner.closed(connection, connection.reason ?? error);
  }
}

function addressText(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
