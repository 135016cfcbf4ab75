// Sockets on Node. net.Socket is a stream, and what a stream adds (objects for each chunk, queues,
// events, a callback for each write) costs more than the rest of a short request. So two of its
// parts are passed by, and everything else (errors, closing, shutdown, keep-alive) is left to it:
//
// Reading: the `onread` option, by which all sockets read into one buffer and no object is made
// for a chunk. A server does not offer the option, so the accepted handle is moved to a socket
// that was made with it.
//
// Writing: straight to the handle below the stream, `writeBuffer`, which hands the bytes to the
// kernel at once. It is not public and has had two forms; which one is in force is seen by
// watching what the first write of the process, through the public way, does:
//   "lazy"     writeBuffer(null, bytes) → 0, or −errno, or the request that finishes later
//   "request"  writeBuffer(request, bytes) → 0 or −errno; unfinished if handle.writeQueueSize > 0
// With any other form, or where the handle lacks a part that is needed, the public way stays.
//
// What the kernel does not take at once, libuv keeps a pointer to until it is sent, so the caller's
// bytes are first copied to a staging buffer of ours. Usually that is free again when the call
// returns. When the write is unfinished, the buffer stays with it and comes back to the pool in the
// end; meanwhile the socket takes nothing more. A socket thus holds at most one staging buffer.
//
// Server CPU per GET, 50 clients, no pipelining, beside redis-server in the same run (Node 26):
// stream both ways 1.40, `onread` alone 1.12, both parts 0.92, no net.Socket at all 0.88.

import { createServer, Socket as NetSocket } from "node:net";
import { plainAddress } from "./addresses.ts";
import type { Attempt } from "./connecting.ts";
import {
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  PlatformError,
  type Socket,
  type SocketHandlers,
} from "./platform.ts";

const RECEIVE_BYTES = 64 * 1024;
const STAGING_BYTES = 64 * 1024;
const STAGING_POOL_MAX = 64;

/** A request to write that is under way in libuv. */
interface WriteRequest {
  oncomplete: (status: number) => void;
  buffer: unknown;
}

/** What we use of the handle below a net.Socket. */
interface Handle {
  readonly writeQueueSize: number;
  writeBuffer(request: unknown, bytes: Uint8Array): number | WriteRequest;
  useUserBuffer(bytes: Uint8Array): void;
}

type WriteForm = "unknown" | "lazy" | "request" | "public";

const receiveBuffer = new Uint8Array(RECEIVE_BYTES);
const stagingPool: Uint8Array[] = [];
let writeForm: WriteForm = "unknown";
// The class of requests, and one that is free to be used, for the form "request".
let WriteWrap: new () => WriteRequest;
let spareRequest: WriteRequest | undefined;

export function listenOnNode(options: ListenOptions, handlers: SocketHandlers): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (accepted) =>
      open(accepted, handlers),
    );
    const { host, port, backlog } = options;
    server.once("error", (error) => reject(PlatformError.from(error, `${host}:${port}`)));
    server.listen(
      { host, port, backlog, ipv6Only: host.includes(":"), reusePort: options.reusePort },
      () => {
        const address = server.address() as { address: string; port: number };
        // Out of file descriptors: the connection is refused, the others go on.
        server.on("error", () => {});
        resolve({ address: address.address, port: address.port, close: () => server.close() });
      },
    );
  });
}

/** Connects; the socket becomes one of ours before it has read anything. */
export function connectOnNode(
  { host, port }: ConnectOptions,
  handlers: SocketHandlers,
  attempt: Attempt,
): void {
  if (attempt.isOver) return;
  const stream = new NetSocket({ allowHalfOpen: true });
  attempt.onGivenUp = () => void stream.destroy();
  stream.pause();
  stream.once("error", (error) => attempt.failed(error));
  stream.once("connect", () => {
    if (attempt.isOver) return void stream.destroy();
    attempt.connected();
    open(stream, handlers);
  });
  stream.connect({ host, port });
}

function open(accepted: NetSocket, handlers: SocketHandlers): void {
  // A peer that has already gone leaves no address and nothing to serve.
  if (accepted.remoteAddress === undefined) return void accepted.destroy();
  const socket = new NodeSocket(accepted, handlers);
  handlers.opened(socket);
  socket.start();
}

/** The handle of an accepted connection, if it has what reading into one buffer needs. */
function handleOf(socket: NetSocket): Handle | null {
  const handle = (socket as unknown as { _handle: Handle | null })._handle;
  return typeof handle?.useUserBuffer === "function" ? handle : null;
}

class NodeSocket implements Socket {
  context: unknown = undefined;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;

  readonly #handlers: SocketHandlers;
  readonly #stream: NetSocket;
  readonly #handle: Handle | null;
  // A write is unfinished: nothing more is taken until it is done.
  #blocked = false;
  #paused = false;
  #closing = false;
  #error: Error | undefined = undefined;

  constructor(accepted: NetSocket, handlers: SocketHandlers) {
    this.#handlers = handlers;
    this.remoteAddress = plainAddress(accepted.remoteAddress ?? "");
    this.remotePort = accepted.remotePort ?? 0;
    this.localAddress = plainAddress(accepted.localAddress ?? "");
    this.localPort = accepted.localPort ?? 0;
    this.#handle = handleOf(accepted);
    this.#stream = this.#handle === null ? this.#readChunks(accepted) : this.#adopt(accepted);
    this.#stream.on("error", (error) => {
      this.#error = error;
    });
    this.#stream.on("end", () => this.#handlers.ended(this));
    this.#stream.on("close", () => {
      this.#closing = true;
      this.#handlers.closed(this, this.#error);
    });
  }

  start(): void {
    if (!this.#paused) this.#stream.resume();
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    if (this.#closing) return end - start;
    if (writeForm === "unknown") watchWrites(this.#handle);
    if (writeForm === "public" || writeForm === "unknown" || this.#handle === null) {
      return this.#writeToStream(bytes, start, end);
    }
    let at = start;
    while (at < end && !this.#blocked) {
      const staging = stagingPool.pop() ?? new Uint8Array(STAGING_BYTES);
      const length = Math.min(end - at, STAGING_BYTES);
      copyInto(staging, bytes, at, length);
      at += length;
      this.#writeToHandle(this.#handle, staging, length);
      if (this.#closing) return end - start;
    }
    return at - start;
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream.resume();
  }

  end(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#stream.end(() => this.#stream.destroy());
  }

  destroy(): void {
    this.#closing = true;
    this.#stream.destroy();
  }

  setNoDelay(on: boolean): void {
    this.#stream.setNoDelay(on);
  }

  setKeepAlive(idleSeconds: number): void {
    this.#stream.setKeepAlive(idleSeconds > 0, idleSeconds * 1000);
  }

  keepAwake(on: boolean): void {
    if (on) this.#stream.ref();
    else this.#stream.unref();
  }

  /** Moves the connection to a socket that reads into the shared buffer. */
  #adopt(accepted: NetSocket): NetSocket {
    (accepted as unknown as { _handle: unknown })._handle = null;
    const options = {
      handle: this.#handle,
      allowHalfOpen: true,
      onread: {
        buffer: receiveBuffer,
        callback: (length: number): boolean => {
          if (!this.#closing) this.#handlers.data(this, receiveBuffer, length);
          return !this.#paused;
        },
      },
    };
    return new NetSocket(options as unknown as ConstructorParameters<typeof NetSocket>[0]);
  }

  #readChunks(accepted: NetSocket): NetSocket {
    accepted.on("data", (chunk) => {
      const bytes = chunk as Buffer;
      for (let at = 0; at < bytes.length && !this.#closing; at += RECEIVE_BYTES) {
        const part = bytes.subarray(at, at + RECEIVE_BYTES);
        receiveBuffer.set(part);
        this.#handlers.data(this, receiveBuffer, part.length);
      }
    });
    return accepted;
  }

  #writeToHandle(handle: Handle, staging: Uint8Array, length: number): void {
    const bytes = staging.subarray(0, length);
    let status: number;
    let unfinished: WriteRequest | undefined;
    if (writeForm === "lazy") {
      const result = handle.writeBuffer(null, bytes);
      if (typeof result === "number") status = result;
      else {
        status = 0;
        unfinished = result;
      }
    } else {
      const request = spareRequest ?? new WriteWrap();
      status = handle.writeBuffer(request, bytes) as number;
      if (status === 0 && handle.writeQueueSize > 0) unfinished = request;
      spareRequest = unfinished === undefined ? request : undefined;
    }
    if (unfinished !== undefined) {
      this.#blocked = true;
      unfinished.buffer = bytes;
      unfinished.oncomplete = (result) => {
        returnStaging(staging);
        this.#written(result);
      };
      return;
    }
    returnStaging(staging);
    if (status < 0) this.#fail(status);
  }

  /** The public way: one chunk at a time, and the next when that has been sent. */
  #writeToStream(bytes: Uint8Array, start: number, end: number): number {
    if (this.#blocked) return 0;
    const length = Math.min(end - start, STAGING_BYTES);
    const more = length < end - start;
    this.#stream.write(Buffer.from(bytes.slice(start, start + length)), () => {
      if (this.#blocked) this.#written(0);
    });
    this.#blocked = more || this.#stream.writableLength > 0;
    return length;
  }

  #written(status: number): void {
    this.#blocked = false;
    if (this.#closing) return;
    if (status < 0) this.#fail(status);
    else this.#handlers.writable(this);
  }

  #fail(status: number): void {
    this.#closing = true;
    this.#stream.destroy(new Error(`write failed with error ${-status}`));
  }
}

function returnStaging(staging: Uint8Array): void {
  if (stagingPool.length < STAGING_POOL_MAX) stagingPool.push(staging);
}

/** Learns the form of `writeBuffer` from the stream's own next call of it. */
function watchWrites(handle: Handle | null): void {
  if (typeof handle?.writeBuffer !== "function") {
    writeForm = "public";
    return;
  }
  handle.writeBuffer = function watched(this: Handle, request: unknown, bytes: Uint8Array) {
    // Takes this method off again, so that the handle's own one, below, is back.
    delete (this as Partial<Handle>).writeBuffer;
    const result = this.writeBuffer(request, bytes);
    learnWriteForm(this, request, result);
    return result;
  };
}

function learnWriteForm(handle: Handle, request: unknown, result: unknown): void {
  const kind = (request as object | null)?.constructor as { new (): WriteRequest; name: string };
  if (request === null && typeof result === "number") {
    writeForm = "lazy";
  } else if (
    kind?.name === "WriteWrap" &&
    typeof result === "number" &&
    typeof handle.writeQueueSize === "number"
  ) {
    writeForm = "request";
    WriteWrap = kind;
  } else if (request !== null || typeof (result as WriteRequest)?.oncomplete !== "function") {
    // Not a form we know. (A first write that was unfinished leaves the question open.)
    writeForm = "public";
  }
}

// Where a loop and `set` cross, on V8.
const SHORT_COPY_BYTES = 64;

function copyInto(target: Uint8Array, bytes: Uint8Array, start: number, length: number): void {
  if (length > SHORT_COPY_BYTES) target.set(bytes.subarray(start, start + length));
  else for (let i = 0; i < length; i++) target[i] = bytes[start + i];
}
