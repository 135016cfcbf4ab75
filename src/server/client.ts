// A client: a connection together with its session. It is the session's way to the socket, and
// keeps what parsing needs between one arrival of bytes and the next. To a client of the console
// everything is rendered as text on its way out.

import {
  type ClientBuffers,
  type ClientKind,
  type ClientLink,
  Session,
} from "../engine/session.ts";
import { ConsoleRenderer } from "../protocol/console-renderer.ts";
import type { Progress } from "../protocol/request-parser.ts";
import type { Connection } from "./listener.ts";

const renderer = new ConsoleRenderer();

export class Client implements ClientLink {
  readonly connection: Connection;
  readonly session: Session;
  /** Where parsing a request with very many arguments stopped. */
  progress: Progress | null = null;
  /** No request has come yet: the first decides whether a person is speaking. */
  fresh = true;
  /** The last turn in which something of it was served, and for how long. */
  turn = 0;
  servedMs = 0;
  /** The kind of client as which its replies are limited (client-output-buffer-limit). */
  limitedAs: ClientKind = "normal";
  /** It watched keys when it was served last. */
  watches = false;

  constructor(connection: Connection, id: number, nowMs: number) {
    this.connection = connection;
    this.session = new Session(id, nowMs, this);
  }

  get address(): string {
    return this.connection.address;
  }
  get localAddress(): string {
    return this.connection.localAddress;
  }
  get descriptor(): number {
    return this.connection.descriptor;
  }
  get inputBytes(): number {
    return this.connection.inputBytes;
  }
  get outputBytes(): number {
    return this.connection.outputBytes;
  }
  get buffers(): ClientBuffers {
    return this.connection;
  }

  deliver(bytes: Uint8Array, start: number, end: number): void {
    if (!this.session.console) {
      this.connection.deliver(bytes, start, end);
      return;
    }
    for (let at = start; at < end; ) at = renderer.reply(bytes, at);
    this.connection.deliver(renderer.bytes, 0, renderer.length);
    renderer.clear();
  }

  resume(): void {
    this.connection.resume();
  }

  close(atOnce: boolean): void {
    this.connection.close(atOnce);
  }
}
