// A client that hides nothing: raw bytes out, tagged replies in, in the order of the wire.
//
// Pushes (RESP3) and messages (RESP2's subscribed mode) are replies like any other here: whoever
// reads next gets them. Every wait has a limit, so a server that says nothing fails a test instead
// of hanging it.

import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type Argument, encodeCommand, quote, type Reply, ReplyParser, splitLine } from "./resp.ts";

export const REPLY_TIMEOUT_MS = 10_000;

interface Waiter {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

export class Client {
  readonly socket: Socket;
  /** Settles when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  #parser = new ReplyParser();
  #replies: Reply[] = [];
  #waiters: Waiter[] = [];
  #ended: Error | undefined;
  #raw: Buffer[] | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#fail(new Error("the server closed the connection"));
        resolve();
      });
    });
  }

  static connect(port: number, host = "127.0.0.1"): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, allowHalfOpen: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        socket.on("end", () => socket.end());
        resolve(new Client(socket));
      });
    });
  }

  #take(bytes: Buffer): void {
    if (this.#raw !== undefined) {
      this.#raw.push(Buffer.from(bytes));
      return;
    }
    try {
      this.#parser.push(bytes);
      for (let reply = this.#parser.next(); reply; reply = this.#parser.next()) {
        const waiter = this.#waiters.shift();
        if (waiter) waiter.resolve(reply);
        else this.#replies.push(reply);
      }
    } catch (error) {
      this.#fail(error as Error);
      this.socket.destroy();
    }
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#ended);
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array | string): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Sends one command as a RESP array, and does not wait. */
  send(...args: Argument[]): void {
    this.socket.write(encodeCommand(args));
  }

  /** The next reply in the order of the wire. */
  read(timeoutMs = REPLY_TIMEOUT_MS): Promise<Reply> {
    const reply = this.#replies.shift();
    if (reply !== undefined) return Promise.resolve(reply);
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const waiter = {
        resolve(found: Reply) {
          clearTimeout(timer);
          resolve(found);
        },
        reject(error: Error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        const rest = this.#parser.leftover;
        const seen = rest.length > 0 ? `; so far came ${quote(rest.subarray(0, 200))}` : "";
        reject(new Error(`no reply within ${timeoutMs} ms${seen}`));
      }, timeoutMs);
      this.#waiters.push(waiter);
    });
  }

  /** Sends a command and reads the next reply. */
  call(...args: Argument[]): Promise<Reply> {
    this.send(...args);
    return this.read();
  }

  /** As `call`, for a line with redis-cli's quoting. */
  line(line: string): Promise<Reply> {
    return this.call(...splitLine(line));
  }

  /** Sends all commands at once; the replies in order. */
  pipeline(commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
    this.socket.write(Buffer.concat(commands.map(encodeCommand)));
    return Promise.all(commands.map(() => this.read()));
  }

  /** A reply that has come already, or comes within the time; undefined when all is silent. */
  async peek(withinMs: number): Promise<Reply | undefined> {
    if (this.#replies.length === 0) await pause(withinMs);
    return this.#replies.shift();
  }

  /** From now on bytes are kept as they come, instead of parsed; `untilClosed` gives them. */
  capture(): Buffer[] {
    this.#raw ??= [];
    return this.#raw;
  }

  /** Ends the sending side. */
  end(): void {
    this.socket.end();
  }

  /** Every captured byte, once the server has closed the connection. */
  async untilClosed(timeoutMs = REPLY_TIMEOUT_MS): Promise<Buffer> {
    const limit = new AbortController();
    const late = pause(timeoutMs, "late", { signal: limit.signal }).catch(() => "closed");
    const first = await Promise.race([this.closed, late]);
    limit.abort();
    if (first === "late") {
      this.socket.destroy();
      throw new Error(`the server did not close the connection within ${timeoutMs} ms`);
    }
    return Buffer.concat(this.capture());
  }

  /** Sends bytes and the end of sending; every byte that comes back until the server closes. */
  exchange(bytes: Uint8Array | string): Promise<Buffer> {
    this.capture();
    this.socket.end(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    return this.untilClosed();
  }

  close(): void {
    this.socket.destroy();
  }
}
