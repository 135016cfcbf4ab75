// A session: what the database remembers of one client between requests. Its database number,
// protocol, authentication, transaction, subscriptions and, while it waits, what it waits for.
// Sockets are elsewhere: a session speaks to its client through ClientLink.

import { assert } from "../base/assert.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { CompiledCommand } from "./command.ts";
import { Transaction } from "./transaction.ts";
import type { Wait } from "./wait.ts";

/** What is behind the bytes of a client that wait. */
export interface ClientBuffers {
  /** Bytes that the buffer of its requests has room for besides. */
  readonly inputFreeBytes: number;
  /** Of its replies, those that the system did not take, in how many pieces, in what memory. */
  readonly backlogBytes: number;
  readonly backlogPieces: number;
  readonly backlogMemoryBytes: number;
}

/** The connection behind a session. Embedded sessions have none. */
export interface ClientLink {
  readonly address: string;
  readonly localAddress: string;
  /** A number that tells connections apart for people, as a file descriptor does in Redis. */
  readonly descriptor: number;
  /** It stands for a client of another thread, which waits in place for what it has asked. */
  readonly isBorrowed?: true;
  /** Bytes received that no request has taken yet, and bytes of replies not sent yet. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** More of both, for CLIENT LIST; where there is no connection there are no buffers. */
  readonly buffers?: ClientBuffers;
  /** Sends bytes outside the replies to the session's own requests (a message, a late reply). */
  deliver(bytes: Uint8Array, start: number, end: number): void;
  /** The session no longer waits: its next requests can be served. */
  resume(): void;
  /** Closes the connection: once what was written has been sent, or (at once) now. */
  close(atOnce: boolean): void;
}

/** Reasons to look twice at a request before it is executed; 0 on the common path. See gates.ts. */
export const Gate = {
  /** A password is asked for and has not been given. */
  authentication: 1,
  /** Inside MULTI: requests are queued. */
  transaction: 2,
  /** Subscribed in RESP2: only the commands of that mode are allowed. */
  subscribed: 4,
  /** CLIENT REPLY OFF. */
  silent: 8,
  /** CLIENT REPLY SKIP: the next command is not replied to. */
  skipNext: 16,
  /** The command that is being executed, or that the session waits in, is not replied to. */
  skipping: 32,
} as const;

/** The kinds of clients: each is listed, killed and limited in its output as such. */
export const clientKinds = ["normal", "master", "replica", "pubsub"] as const;

export type ClientKind = (typeof clientKinds)[number];

/** A session's waiting: for what, and in which request. */
export interface Waiting {
  readonly wait: Wait;
  readonly command: CompiledCommand;
  readonly args: Arguments;
  /**
   * The names of the keys under which it stands in the queues, as the request has them, perhaps
   * twice; none if it waits for no key.
   */
  readonly names: readonly string[];
  cancelTimer: (() => void) | undefined;
  /** Ends the timer that has it look again; see Context.block. */
  cancelLook?: (() => void) | undefined;
  /** Of a session of another thread which only that knows how to end: asks it to. */
  readonly unblock?: ((withError: boolean) => void) | undefined;
}

export class Session {
  readonly id: number;
  readonly link: ClientLink | undefined;
  readonly createdMs: number;

  gates = 0;
  db = 0;
  protocol: 2 | 3 = 2;
  /** Requests come from a person at `nc` and replies are rendered for one. */
  console = false;
  /** Whom its client is taken for; see users.ts. */
  user = "default";
  name = "";
  libraryName = "";
  libraryVersion = "";
  noEvict = false;
  noTouch = false;

  readonly transaction: Transaction = new Transaction();

  /** Channels and patterns, each byte one character. */
  channels: Set<string> = new Set();
  patterns: Set<string> = new Set();
  shardChannels: Set<string> = new Set();
  /** Whether it is subscribed to anything; see updateSubscribed. */
  subscribed = false;

  waiting: Waiting | null = null;
  /** Whoever began to wait before has a smaller number. */
  waitOrder = 0;
  /** Close once the replies have been sent (QUIT, CLIENT KILL of itself). */
  closing = false;

  lastMs: number;
  /** What the last request was for, executed or not; undefined if that is no command. */
  lastCommand: CompiledCommand | undefined;

  constructor(id: number, nowMs: number, link?: ClientLink) {
    this.id = id;
    this.link = link;
    this.createdMs = nowMs;
    this.lastMs = nowMs;
  }

  /** What kind of client it is. Nothing replicates: there are two. */
  get kind(): ClientKind {
    return this.subscribed ? "pubsub" : "normal";
  }

  /** To be called when a subscription or the protocol has changed. */
  updateSubscribed(): void {
    this.subscribed = this.channels.size + this.patterns.size + this.shardChannels.size > 0;
    this.setGate(Gate.subscribed, this.protocol === 2 && this.subscribed);
  }

  setGate(gate: number, closed: boolean): void {
    this.gates = closed ? this.gates | gate : this.gates & ~gate;
  }

  /** MULTI: what follows is queued. */
  beginTransaction(): void {
    assert(this.transaction.queue === null, "transactions do not nest");
    this.transaction.queue = [];
    this.setGate(Gate.transaction, true);
  }

  /** Forgets what has been queued and the keys that are watched. */
  endTransaction(keyspace: Keyspace): void {
    this.setGate(Gate.transaction, false);
    this.transaction.end();
    this.transaction.unwatch(keyspace);
    assert(this.transaction.watchCount === 0, "nothing is watched beyond a transaction");
  }
}
