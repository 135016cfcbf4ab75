// A simulated network, between sockets of the same process. Each direction of a connection holds at
// most WINDOW_BYTES that were not read yet. Bytes arrive after a delay, and in pieces that have
// nothing to do with how they were written.

import type {
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
  PlatformError,
  Socket,
  SocketHandlers,
} from "./platform.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import { Content, failure } from "./simulated-disk.ts";

export const WINDOW_BYTES = 64 * 1024;

const DELAY_MS_MAX = 2;

export class SimulatedNetwork implements Network {
  readonly canSharePort = false;
  readonly #clock: SimulatedClock;
  readonly #listeners = new Map<number, SocketHandlers>();
  #nextPort = 40000;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  listen(options: ListenOptions, handlers: SocketHandlers): Promise<Listener> {
    const port = options.port === 0 ? this.#nextPort++ : options.port;
    if (this.#listeners.has(port)) {
      return Promise.reject(failure("EADDRINUSE", `${options.host}:${port}`));
    }
    this.#listeners.set(port, handlers);
    return Promise.resolve({
      address: options.host,
      port,
      close: () => void this.#listeners.delete(port),
    });
  }

  connect(
    { port }: ConnectOptions,
    handlers: SocketHandlers,
    failed: (error: PlatformError) => void,
  ): () => void {
    let isOver = false;
    this.#clock.setTimer(this.#clock.random(DELAY_MS_MAX * 1000) / 1000, () => {
      if (isOver) return;
      isOver = true;
      if (this.#listeners.has(port)) this.dial(port, handlers);
      else failed(failure("ECONNREFUSED", `port ${port}`));
    });
    return () => {
      isOver = true;
    };
  }

  /** The same at once, for tests: both ends are told in a later turn. */
  dial(port: number, handlers: SocketHandlers): SimulatedSocket {
    const accepting = this.#listeners.get(port);
    if (accepting === undefined) throw failure("ECONNREFUSED", `port ${port}`);
    const clientPort = this.#nextPort++;
    const client = new SimulatedSocket(this.#clock, handlers, clientPort, port);
    const server = new SimulatedSocket(this.#clock, accepting, port, clientPort);
    client.peer = server;
    server.peer = client;
    this.#clock.setTimer(0, () => {
      accepting.opened(server);
      handlers.opened(client);
    });
    return client;
  }

  /** Nobody listens any more. */
  stopListening(): void {
    this.#listeners.clear();
  }
}

/** One end of a simulated connection. */
export class SimulatedSocket implements Socket {
  context: unknown = undefined;
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort: number;
  readonly localAddress = "127.0.0.1";
  readonly localPort: number;
  peer!: SimulatedSocket;

  readonly #clock: SimulatedClock;
  readonly #handlers: SocketHandlers;
  // What the peer has sent and this side has not read, in order.
  readonly #arriving = new Content();
  #finished = false;
  #delivering = false;
  #short = false;
  #paused = false;
  #ending = false;
  #gone = false;

  constructor(
    clock: SimulatedClock,
    handlers: SocketHandlers,
    localPort: number,
    remotePort: number,
  ) {
    this.#clock = clock;
    this.#handlers = handlers;
    this.localPort = localPort;
    this.remotePort = remotePort;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (this.#gone || this.#ending || this.peer.#gone) return length;
    const arriving = this.peer.#arriving;
    const room = WINDOW_BYTES - arriving.length;
    let taken = Math.min(length, room);
    // Now and then the kernel takes less than it could.
    if (taken > 1 && this.#clock.random(8) === 0) taken = 1 + this.#clock.random(taken);
    if (taken > 0) arriving.write(arriving.length, bytes.subarray(start, start + taken));
    if (taken < length) this.#short = true;
    this.peer.#expect();
    return taken;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#expect();
  }

  end(): void {
    if (this.#gone || this.#ending) return;
    this.#ending = true;
    this.peer.#finish();
    this.#later(() => this.#vanish(undefined));
  }

  /** Sends no more but still reads; the way in which a client half-closes. */
  endWriting(): void {
    this.peer.#finish();
  }

  destroy(): void {
    if (this.#gone) return;
    this.#ending = true;
    this.#paused = true;
    this.#later(() => {
      this.#vanish(undefined);
      this.peer.#vanish(failure("ECONNRESET", `port ${this.remotePort}`));
    });
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}

  keepAwake(): void {}

  /** Calls back after a random delay. */
  #later(callback: () => void): void {
    this.#clock.setTimer(this.#clock.random(DELAY_MS_MAX * 1000) / 1000, callback);
  }

  #finish(): void {
    this.#finished = true;
    this.#expect();
  }

  #expect(): void {
    if (this.#delivering || this.#gone) return;
    this.#delivering = true;
    this.#later(() => this.#deliver());
  }

  #deliver(): void {
    this.#delivering = false;
    if (this.#gone || this.#paused) return;
    if (this.#arriving.length > 0) {
      const count = 1 + this.#clock.random(this.#arriving.length);
      const bytes = this.#arriving.bytes.slice(0, count);
      this.#arriving.bytes.copyWithin(0, count, this.#arriving.length);
      this.#arriving.length -= count;
      if (!this.#ending) this.#handlers.data(this, bytes, count);
      this.peer.#makeRoom();
      // What was lent is gone after the call.
      bytes.fill(0xee);
      this.#expect();
    } else if (this.#finished) {
      this.#finished = false;
      if (!this.#ending) this.#handlers.ended(this);
    }
  }

  #makeRoom(): void {
    if (!this.#short || this.#gone || this.#ending) return;
    this.#short = false;
    this.#later(() => {
      if (!this.#gone && !this.#ending) this.#handlers.writable(this);
    });
  }

  #vanish(error: Error | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#handlers.closed(this, error);
  }
}
