// The platform on Bun: Node's for everything but sockets, and for those Bun.listen, whose write is
// one system call, unbuffered, and says how many bytes the kernel took. That is the interface we
// want, so there is little to add: the address checks, and who may be called when.
//
// Server CPU per GET, 50 clients, no pipelining, beside redis-server in the same run: 0.80. Handing
// out "uint8array" or "buffer" makes no difference, nor does writing at once or after the turn.

import { plainAddress } from "./addresses.ts";
import { connecting } from "./connecting.ts";
import { NodePlatform } from "./node.ts";
import {
  type ConnectOptions,
  type File,
  type Listener,
  type ListenOptions,
  PlatformError,
  type Socket,
  type SocketHandlers,
} from "./platform.ts";

/** What we use of Bun's sockets; its own types are not in scope for code that Node runs too. */
interface BunTcpSocket {
  /** Undefined for a connection whose peer had gone before it was opened. */
  data: BunSocket | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  write(bytes: Uint8Array, offset: number, length: number): number;
  pause(): void;
  resume(): void;
  end(): void;
  close(): void;
  terminate(): void;
  setNoDelay(on: boolean): void;
  setKeepAlive(on: boolean, initialDelayMs: number): void;
  ref(): void;
  unref(): void;
}

interface BunTcpHandlers {
  binaryType: "uint8array";
  open(socket: BunTcpSocket): void;
  data(socket: BunTcpSocket, bytes: Uint8Array): void;
  drain(socket: BunTcpSocket): void;
  end(socket: BunTcpSocket): void;
  close(socket: BunTcpSocket, error?: Error): void;
  error(socket: BunTcpSocket, error: Error): void;
  connectError?(socket: BunTcpSocket, error: Error): void;
}

declare const Bun: {
  readonly version: string;
  listen(options: {
    hostname: string;
    port: number;
    backlog: number;
    allowHalfOpen: boolean;
    ipv6Only: boolean;
    reusePort: boolean;
    socket: BunTcpHandlers;
  }): { readonly port: number; readonly hostname: string; stop(closeActive?: boolean): void };
  connect(options: {
    hostname: string;
    port: number;
    allowHalfOpen: boolean;
    socket: BunTcpHandlers;
  }): Promise<unknown>;
};

/** What Bun offers of its engine. */
interface Jsc {
  fullGC(): void;
}

class BunSocket implements Socket {
  context: unknown = undefined;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;

  readonly #socket: BunTcpSocket;
  // The last write was short; `drain` is also called when nobody waits for it.
  short = false;
  closing = false;
  // Bun reports that a socket is closed from inside the call that closes it.
  calling = false;

  constructor(socket: BunTcpSocket, remoteAddress: string) {
    this.#socket = socket;
    this.remoteAddress = plainAddress(remoteAddress);
    this.remotePort = socket.remotePort;
    this.localAddress = plainAddress(socket.localAddress);
    this.localPort = socket.localPort;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    if (this.closing) return end - start;
    const length = end - start;
    const taken = this.#socket.write(bytes, start, length);
    // Closed by the peer: the bytes have nowhere to go, and `closed` is on its way.
    if (taken < 0) return length;
    this.short = taken < length;
    return taken;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    if (this.closing) return;
    this.closing = true;
    this.calling = true;
    this.#socket.end();
    this.calling = false;
  }

  destroy(): void {
    this.closing = true;
    this.calling = true;
    // Not terminate(), which resets the connection: the peer could lose what it was sent before.
    this.#socket.close();
    this.calling = false;
  }

  setNoDelay(on: boolean): void {
    this.#socket.setNoDelay(on);
  }

  setKeepAlive(idleSeconds: number): void {
    this.#socket.setKeepAlive(idleSeconds > 0, idleSeconds * 1000);
  }

  keepAwake(on: boolean): void {
    if (on) this.#socket.ref();
    else this.#socket.unref();
  }
}

export class BunPlatform extends NodePlatform {
  override readonly runtimeName = "bun";
  override readonly runtimeVersion = Bun.version;
  override get canSharePort(): boolean {
    return process.platform === "linux";
  }
  #jsc: Jsc | undefined;
  /** How often each was adopted: a number comes again, once another thread has closed it. */
  readonly #adopted = new Map<File, number>();

  // The other thread's descriptor: Bun closes none when a thread dies.
  override adopt(file: File, path: string): File {
    this.nameFile(file, path);
    this.#adopted.set(file, (this.#adopted.get(file) ?? 0) + 1);
    return file;
  }

  override close(file: File): void {
    const times = this.#adopted.get(file) ?? 0;
    if (times === 0) return super.close(file);
    if (times > 1) this.#adopted.set(file, times - 1);
    else this.#adopted.delete(file);
    if (times === 1) this.nameFile(file, undefined);
  }

  override collectGarbage(): void {
    // Not Bun.gc: without force it leaves large buffers, and with it takes four times as long.
    // Nor an import, which bundlers look into: they find no module of that name, or no name at all.
    this.#jsc ??= (process.getBuiltinModule as (name: string) => Jsc)("bun:jsc");
    setImmediate(() => this.#jsc?.fullGC());
  }

  override async listen(options: ListenOptions, handlers: SocketHandlers): Promise<Listener> {
    const { host, port, backlog } = options;
    try {
      const server = Bun.listen({
        hostname: host,
        port,
        backlog,
        allowHalfOpen: true,
        ipv6Only: host.includes(":"),
        reusePort: options.reusePort === true,
        socket: bunHandlers(handlers),
      });
      return { address: host, port: server.port, close: () => server.stop(false) };
    } catch (error) {
      const subject = `${host}:${port}`;
      const { code } = error as { code?: string };
      if (code !== "EADDRINUSE") throw PlatformError.from(error, subject);
      // Bun says "Failed to listen".
      throw new PlatformError(code, subject, `${subject}: address already in use`);
    }
  }

  override connect(
    { host, port, timeoutMs }: ConnectOptions,
    handlers: SocketHandlers,
    failed: (error: PlatformError) => void,
  ): () => void {
    return connecting({ host, port, timeoutMs }, failed, async (attempt) => {
      const socket = bunHandlers(handlers);
      const { open } = socket;
      socket.open = (opened) => {
        if (attempt.isOver) return opened.terminate();
        attempt.connected();
        open(opened);
      };
      socket.connectError = (_, error) => attempt.failed(error);
      await Bun.connect({ hostname: host, port, allowHalfOpen: true, socket });
    });
  }
}

function bunHandlers(handlers: SocketHandlers): BunTcpHandlers {
  return {
    binaryType: "uint8array",
    open(socket) {
      // A peer that has already gone leaves no address and nothing to serve.
      if (socket.remoteAddress === undefined) return socket.terminate();
      const own = new BunSocket(socket, socket.remoteAddress);
      socket.data = own;
      handlers.opened(own);
    },
    data(socket, bytes) {
      const own = socket.data;
      if (own !== undefined && !own.closing) handlers.data(own, bytes, bytes.length);
    },
    drain(socket) {
      const own = socket.data;
      if (own === undefined || !own.short || own.closing) return;
      own.short = false;
      handlers.writable(own);
    },
    end(socket) {
      const own = socket.data;
      if (own !== undefined && !own.closing) handlers.ended(own);
    },
    close(socket, error) {
      const own = socket.data;
      if (own === undefined) return;
      own.closing = true;
      if (own.calling) queueMicrotask(() => handlers.closed(own, error));
      else handlers.closed(own, error);
    },
    error(_socket, error) {
      // A handler of ours threw: that is a defect, and it is not to be swallowed.
      queueMicrotask(() => {
        throw error;
      });
    },
  };
}
