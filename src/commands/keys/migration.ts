// A migration: keys on their way to another server, as MIGRATE sends them. Nobody but who asked
// waits for it, so the keys may change meanwhile, which they cannot in Redis:
//
//   connect ─▶ AUTH, SELECT ─▶ RESTORE … of all keys, as they are at this moment ─▶ replies ─▶ DEL
//                                       │ each is watched from now on                    ▲
//                                       └── one that changes before the DEL stays here ──┘
//
// Keys that the other server has taken, and that nobody has changed since, go together, in one turn
// and with one effect. So a key is never lost, and whoever looks finds all of them or none; but one
// that was changed is here, as it is now, and there, as it was sent, and the reply says so.
//
// The database is selected before any key is sent: a server that has no such database is given
// none, and not those that RESTORE would have put into another one.
//
// See docs/decisions/0028-migrate.md.

import { latin1Text } from "../../base/bytes.ts";
import { VALUE_BYTES_MAX, writePayload } from "../../codec/payload.ts";
import { RdbOutput } from "../../codec/rdb-output.ts";
import type { Context } from "../../engine/context.ts";
import { Session } from "../../engine/session.ts";
import type { Target } from "../../engine/targets.ts";
import type { OutgoingOwner, Stage } from "../../platform/outgoing.ts";
import type { PlatformError } from "../../platform/platform.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { ReplyLines } from "../../protocol/reply-lines.ts";
import { RequestWriter } from "../../protocol/request-writer.ts";
import { NO_DEADLINE } from "../../structures/record.ts";

export interface MigrationOrder {
  /** The database in which the keys are. */
  readonly db: number;
  readonly keys: readonly Uint8Array[];
  readonly host: string;
  readonly port: number;
  /** The database that they go to, as SELECT has it. */
  readonly database: string;
  /** The longest time in which nothing moves. */
  readonly timeoutMs: number;
  readonly copies: boolean;
  readonly replaces: boolean;
  /** Null: no password is given. */
  readonly password: Uint8Array | null;
  readonly username: Uint8Array | null;
  /** Whether who asked has called it off. */
  readonly isUnwanted: () => boolean;
}

/** A key that was sent. */
interface Sent {
  readonly key: Uint8Array;
  readonly deadline: number;
  /** 0 where the key is to stay. */
  readonly watch: number;
  readonly version: number;
  isTaken: boolean;
}

/** What came of it: all has been taken; there was nothing to send; or the text of an error. */
export type MigrationOutcome =
  | { readonly kind: "taken" | "nothing" }
  | { readonly kind: "failed"; readonly text: string };

/** What is sent in one migration lies in memory until it has been sent. */
const SENT_BYTES_MAX = VALUE_BYTES_MAX;
const MINUS = "-";
const PLUS = "+";

/** As in Redis, which hears of these when it writes; of no such host, or no answer, before. */
const refusals: ReadonlySet<string> = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);

const failed = (text: string): MigrationOutcome => ({ kind: "failed", text });

const notConnected = failed("IOERR error or timeout connecting to the client");
const notWritten = failed("IOERR error or timeout writing to target instance");
const notRead = failed("IOERR error or timeout reading from target instance");
const tooLarge = failed("ERR the values are larger than 1 GiB together: migrate fewer at a time");

/** Larger values are not compressed, which would take longer than all the rest. */
const COMPRESSED_BYTES_MAX = 1 << 20;
/** A buffer that has grown beyond this is not kept. */
const KEPT_BYTES = 1 << 20;
// Scratch of this thread.
let output = new RdbOutput();

export class Migration implements OutgoingOwner {
  outcome: MigrationOutcome | undefined;

  readonly #context: Context;
  readonly #order: MigrationOrder;
  readonly #done: () => void;
  /** Whose DEL it is. */
  readonly #session: Session;
  #target: Target | undefined;
  #mayRetry = true;
  #isAsked = false;
  /** Replies that are due before keys are sent. */
  #greetings = 0;
  #sent: Sent[] = [];
  /** How many of them have been replied to. */
  #replied = 0;
  /** What the target's first error said. */
  #refusal = "";
  #lines = new ReplyLines();

  /** `done` is called, in a turn, when there is an outcome that has not been asked for. */
  constructor(context: Context, order: MigrationOrder, done: () => void) {
    this.#context = context;
    this.#order = order;
    this.#done = done;
    this.#session = new Session(0, context.now);
    this.#session.db = order.db;
  }

  /** Sets out. REQUIRES: the lock; a key is there. */
  begin(): void {
    const { host, port, timeoutMs, username, password } = this.#order;
    const text = (word: Uint8Array): string => latin1Text(word, 0, word.length);
    const words = password === null ? [] : [username ?? new Uint8Array(0), password];
    const place = { host, port, credentials: words.map(text).join("\0") };
    const { targets } = this.#context.services;
    this.#target = targets.take(place, timeoutMs, this, !this.#mayRetry);
    if (this.#target.outgoing.isOpen) this.#greet(this.#target);
  }

  /** Ends it where it is, as if the time were up; `done` is not called any more. */
  giveUp(): void {
    if (this.outcome !== undefined) return;
    this.#isAsked = true;
    const { outgoing } = this.#target as Target;
    const isSending = outgoing.unsentBytes > 0;
    this.#end(!outgoing.isOpen ? notConnected : isSending ? notWritten : notRead);
  }

  // As the owner of a connection

  opened(): void {
    const target = this.#target as Target;
    target.outgoing.limit(this.#order.timeoutMs);
    this.#greet(target);
  }

  received(bytes: Uint8Array, length: number): void {
    if (this.#order.isUnwanted()) return this.giveUp();
    const lines = this.#lines;
    lines.add(bytes, length);
    while (this.outcome === undefined) {
      const line = lines.next();
      if (line !== undefined) this.#take(line, lines.hasMore);
      else if (lines.isEndless) this.#end(notRead);
      else return;
    }
  }

  sent(): void {}

  ended(stage: Stage, error: PlatformError): void {
    if (this.outcome !== undefined) return;
    const isAnswered = this.#replied > 0 || this.#refusal !== "";
    const mayRetry = this.#mayRetry && !isAnswered && !this.#order.isUnwanted();
    if (stage === "connecting") this.#end(refusals.has(error.code) ? notWritten : notConnected);
    else if (mayRetry && error.code !== "ETIMEDOUT" && error.code !== "ECLOSED") this.#retry();
    else this.#end(stage === "writing" ? notWritten : notRead);
  }

  /** One that has waited may have been closed over there: a new connection tells. */
  #retry(): void {
    this.#mayRetry = false;
    this.#forget();
    this.#lines = new ReplyLines();
    if (this.#target !== undefined) this.#context.services.targets.drop(this.#target);
    this.begin();
  }

  // Sending

  #greet(target: Target): void {
    const { username, password, database } = this.#order;
    this.#greetings = 0;
    const writer = new RequestWriter((bytes, end) => target.outgoing.send(bytes, 0, end));
    // Also where it was given before: it may not be the password any more.
    if (password !== null) {
      writer.begin(username === null ? 2 : 3);
      writer.text("AUTH");
      if (username !== null) writer.range(username, 0, username.length);
      writer.range(password, 0, password.length);
      this.#greetings++;
    }
    if (target.database !== database) {
      writer.begin(2);
      writer.text("SELECT");
      writer.text(database);
      this.#greetings++;
    }
    writer.flush();
    if (this.#greetings === 0) this.#sendKeys(target);
  }

  /** Sends what the keys hold now; those that are not there any more are left out. */
  #sendKeys(target: Target): void {
    const pieces: [bytes: Uint8Array, end: number][] = [];
    let total = 0;
    const writer = new RequestWriter((bytes, end) => {
      total += end;
      pieces.push([bytes, end]);
    });
    for (const key of this.#order.keys) {
      this.#write(writer, key);
      if (total > SENT_BYTES_MAX) return this.#end(tooLarge, true);
    }
    writer.flush();
    if (output.bytes.length > KEPT_BYTES) output = new RdbOutput();
    if (this.#sent.length === 0) return this.#end({ kind: "nothing" }, true);
    for (const [bytes, end] of pieces) target.outgoing.send(bytes, 0, end);
  }

  #write(writer: RequestWriter, key: Uint8Array): void {
    const { keyspace, now } = this.#context;
    const { db, replaces, copies } = this.#order;
    const entry = keyspace.peek(db, key, 0, key.length);
    if (entry === 0) return;
    const deadline = keyspace.records.deadline(entry);
    output.compresses = keyspace.bytesUsed(entry) <= COMPRESSED_BYTES_MAX;
    writePayload(keyspace, entry, output);
    writer.begin(replaces ? 5 : 4);
    writer.text("RESTORE");
    writer.range(key, 0, key.length);
    writer.integer(deadline === NO_DEADLINE ? 0 : Math.max(1, deadline - now));
    writer.range(output.bytes, 0, output.end);
    if (replaces) writer.text("REPLACE");
    const { watched } = keyspace;
    const watch = copies ? 0 : watched.open(db, key, 0, key.length);
    if (!copies) watched.add(watch);
    const version = copies ? 0 : watched.version(watch);
    this.#sent.push({ key, deadline, watch, version, isTaken: false });
  }

  // Replies

  /** A line has come; `hasMore`: something stands behind it. */
  #take(line: string, hasMore: boolean): void {
    const isError = line.startsWith(MINUS);
    if (!isError && !line.startsWith(PLUS)) return this.#end(notRead);
    if (isError && this.#refusal === "") this.#refusal = line.slice(1);
    if (this.#greetings > 0) return this.#takeGreeting();
    const sent = this.#sent[this.#replied];
    if (sent === undefined) return this.#end(notRead);
    sent.isTaken = !isError;
    this.#replied++;
    // What has not been asked for makes the rest doubtful.
    if (this.#replied === this.#sent.length) this.#end(undefined, !hasMore);
  }

  #takeGreeting(): void {
    if (--this.#greetings > 0) return;
    const target = this.#target as Target;
    if (this.#refusal !== "") return this.#end(undefined, true);
    target.database = this.#order.database;
    this.#sendKeys(target);
  }

  // The end

  /** `failure`: what has ended it, where that is not the last reply. */
  #end(failure: MigrationOutcome | undefined, isReusable = false): void {
    const target = this.#target as Target;
    const { targets } = this.#context.services;
    if (this.#refusal !== "") target.database = "";
    if (isReusable) targets.giveBack(target);
    else targets.drop(target);
    const count = this.#sent.length;
    const kept = this.#settle();
    if (this.#refusal !== "") {
      this.outcome = failed(`ERR Target instance replied with error: ${this.#refusal}`);
    } else if (failure !== undefined) this.outcome = failure;
    else if (kept > 0) this.outcome = failed(changedText(kept, count));
    else this.outcome = { kind: "taken" };
    if (!this.#isAsked) this.#done();
  }

  /** Deletes what was taken and is as it was sent; returns how many keys were taken and are not. */
  #settle(): number {
    const { keyspace, effects, now } = this.#context;
    const { watched } = keyspace;
    if (this.#order.copies) return 0;
    const gone: Uint8Array[] = [];
    let kept = 0;
    effects.hold();
    for (const { key, deadline, watch, version, isTaken } of this.#sent) {
      if (!isTaken) continue;
      const entry = keyspace.peek(this.#order.db, key, 0, key.length);
      if (watched.version(watch) === version) gone.push(key);
      else if (entry !== 0 || deadline === NO_DEADLINE || deadline > now) kept++;
    }
    this.#forget();
    if (gone.length > 0) this.#delete(gone);
    effects.release();
    return kept;
  }

  #delete(keys: readonly Uint8Array[]): void {
    const { executor, reply } = this.#context;
    const command = executor.table.commands.get("del");
    if (command === undefined) return;
    const args = new Arguments(keys.length + 1);
    args.fill(["DEL", ...keys]);
    const before = reply.length;
    executor.inside(this.#session, () => executor.call(command, args));
    executor.statistics.uncountCall(command);
    reply.truncate(before);
  }

  /** Nothing of what was sent is watched any more. */
  #forget(): void {
    const { watched } = this.#context.keyspace;
    if (!this.#order.copies) for (const { watch } of this.#sent) watched.remove(watch);
    this.#sent = [];
  }
}

function changedText(kept: number, sent: number): string {
  const keys = sent === 1 ? "the key was" : `${kept} of ${sent} keys were`;
  return `CHANGED ${keys} changed here while being sent, and not deleted: the target has what was sent`;
}
