// The executor: the one way through. Requests of sockets, of the embedded API, of transactions,
// of the log at start and of blocked clients that are served all come here, and everything that
// commands have in common is decided here, once: which command it is, whether its words are
// enough, who may call it, whether it is queued, whether memory and log allow it, what of it goes
// to the log, who is woken, what is counted.

import { utf8Text } from "../base/bytes.ts";
import { Eviction } from "../keyspace/eviction.ts";
import { Counter, type Keyspace, type KeyspaceListener } from "../keyspace/keyspace.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { Errors, errorLine, wrongArity } from "../protocol/errors.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import { queuedKey } from "./blocking.ts";
import { type CompiledCommand, Flag } from "./command.ts";
import type { CommandTable } from "./command-table.ts";
import { type Command, Context, type Engine, type Statistics } from "./context.ts";
import { Events, type KeyEvent } from "./events.ts";
import type { Services } from "./services.ts";
import { Gate, Session } from "./session.ts";

/** Elements of large collections freed behind each command while something waits to be freed. */
const RECLAIM_STEP = 64;
/** Entries that each command evicts, and each background step, after the limit was lowered. */
const EVICT_STEP = 64;
/** A transaction's commands, all of which reach the log as one. */
const QUEUE_BYTES_MAX = 1024 * 1024 * 1024;
/** One call in so many is timed; its time counts that often. */
const TIMED_EVERY = 64;

/** Sees the keys that a write is about to change; see database transactions. */
export interface ChangeObserver {
  beforeWrite(c: Context, command: CompiledCommand): void;
}

export class Executor implements Engine, KeyspaceListener {
  readonly table: CommandTable;
  readonly keyspace: Keyspace;
  readonly context: Context;
  readonly statistics: Statistics = { commands: 0, errors: new Map() };

  /** Told of writes before they happen while a transaction of the embedded API is open. */
  observer: ChangeObserver | undefined;
  readonly eviction: Eviction;
  /** Memory is above its limit, and there are entries to evict until it is not. */
  evicting = false;
  /** Whether memoryLimit does not count for now: a transaction has made its room. */
  unlimited = false;

  /** For requests that nobody sent: expiry, eviction, the log at start. */
  readonly internal: Session;

  #memoryLimit = 0;
  // Where a limit was lowered: memory comes down from here step by step, and never grows meanwhile.
  #memoryCeiling = 0;

  #depth = 0;
  /** As reply.errors when an error was counted last. */
  #errorsCounted = 0;
  /** Where the reply to a request that gates hold up begins. */
  #gatedReply = 0;
  /** Whose request is being executed, and the messages for it, which follow the reply. */
  #current: Session | undefined;
  readonly #messages = new ReplyWriter();

  constructor(table: CommandTable, keyspace: Keyspace, services: Services) {
    this.table = table;
    this.keyspace = keyspace;
    this.eviction = new Eviction(keyspace);
    this.internal = new Session(0, 0);
    this.context = new Context(this, keyspace, services, this.internal);
    this.context.pubsub.toSelf = (session, bytes, start, end) => {
      if (session !== this.#current || session.link === undefined) return false;
      this.#messages.raw(bytes, start, end);
      return true;
    };
    keyspace.listener = this;
  }

  /** maxmemory in bytes, 0 without a limit. */
  get memoryLimit(): number {
    return this.#memoryLimit;
  }

  set memoryLimit(bytes: number) {
    const { usedBytes } = this.keyspace.memory;
    this.#memoryLimit = bytes;
    this.#memoryCeiling = Math.max(bytes, usedBytes);
    this.evicting = bytes > 0 && usedBytes > bytes;
  }

  /** The time that the commands which follow see. */
  setNow(nowMs: number): void {
    this.context.now = nowMs;
    this.keyspace.setNow(nowMs);
  }

  /**
   * Executes one request of `session` and writes its reply to context.reply. A session that waits
   * afterwards (session.waiting) has not been replied to yet.
   */
  execute(session: Session, args: Arguments): void {
    const c = this.context;
    c.session = session;
    c.db = session.db;
    c.args = args;
    c.reply.protocol = session.protocol;
    this.#current = session;
    if (session.gates !== 0) {
      this.#executeGated(session, args);
    } else {
      const command = this.#lookUp(args);
      if (command !== undefined) this.#admit(command, args);
    }
    this.#current = undefined;
    if (this.#messages.length > 0) this.#takeMessages();
  }

  #takeMessages(): void {
    this.context.reply.raw(this.#messages.bytes, 0, this.#messages.length);
    this.#messages.length = 0;
  }

  #executeGated(session: Session, args: Arguments): void {
    const c = this.context;
    const before = c.reply.length;
    this.#gatedReply = before;
    const errorsBefore = c.reply.errors;
    const skip = (session.gates & Gate.skipNext) !== 0;
    if (skip) {
      session.setGate(Gate.skipNext, false);
      session.setGate(Gate.skipping, true);
    }
    const command = this.#lookUp(args);
    if (command !== undefined && this.#passGates(session, command, args)) {
      this.#admit(command, args);
    } else if (session.queue !== null && c.reply.errors !== errorsBefore) {
      session.queueFailed = true;
    }
    // CLIENT REPLY ON, which ends the silence, is replied to.
    if (!skip && (session.gates & Gate.silent) === 0) return;
    c.reply.truncate(before);
    if (session.waiting === null) session.setGate(Gate.skipping, false);
  }

  /** Takes back what was replied to a request while the session was silent (see CLIENT REPLY). */
  dropSilenced(): void {
    this.context.reply.truncate(this.#gatedReply);
  }

  /** What was written behind `from` is a push: a session that is not replied to gets it as well. */
  keepPush(from: number): void {
    const { reply, session } = this.context;
    if ((session.gates & (Gate.silent | Gate.skipping)) === 0) return;
    this.#messages.raw(reply.bytes, from, reply.length);
    reply.truncate(from);
  }

  /** Returns whether the command is to be executed now. */
  #passGates(session: Session, command: CompiledCommand, args: Arguments): boolean {
    const c = this.context;
    if ((session.gates & Gate.authentication) !== 0 && (command.flags & Flag.no_auth) === 0) {
      return this.#reject(command, Errors.authRequired);
    }
    if ((session.gates & Gate.subscribed) !== 0 && session.protocol === 2) {
      if (!subscribedCommands.has(command.fullName)) {
        return this.#rejectText(
          command,
          `Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / ` +
            "PING / QUIT / RESET are allowed in this context",
        );
      }
    }
    if (session.queue !== null && !transactionCommands.has(command.fullName)) {
      if ((command.flags & Flag.no_multi) !== 0) return this.#reject(command, Errors.notInMulti);
      // A queue takes memory, whatever is queued.
      const refused =
        (command.entry as Command).guard?.(c) ?? this.refusal(command.flags | Flag.denyoom);
      if (refused !== undefined) return this.#reject(command, refused);
      if (session.queuedBytes + args.totalBytes > QUEUE_BYTES_MAX) {
        return this.#reject(command, Errors.queueTooLarge);
      }
      session.queue.push(args.clone());
      session.queuedCommands.push(command);
      session.queuedBytes += args.totalBytes;
      c.reply.simple("QUEUED");
      return false;
    }
    return true;
  }

  #lookUp(args: Arguments): CompiledCommand | undefined {
    let command = this.table.find(args, 0);
    if (command === undefined) {
      this.#unknownCommand(args);
      return undefined;
    }
    if (command.subcommands !== undefined && args.count > 1) {
      const sub = command.subcommands.get(args.text(1).toLowerCase());
      if (sub !== undefined) {
        command = sub;
      } else {
        this.context.reply.errorText(
          `ERR unknown subcommand '${shortText(args.text(1), 128)}'. ` +
            `Try ${command.name.toUpperCase()} HELP.`,
        );
        this.#failed();
        return undefined;
      }
    }
    const { arity } = command;
    if ((arity > 0 && args.count !== arity) || args.count < -arity) {
      this.#rejectText(command, `wrong number of arguments for '${command.fullName}' command`);
      return undefined;
    }
    return command;
  }

  #unknownCommand(args: Arguments): void {
    // A browser was made to speak to us: it gets nothing, and what follows is no request.
    if (httpWords.has(args.text(0).toLowerCase())) {
      this.context.services.disconnectBrowser(this.context.session);
      return;
    }
    let shown = "";
    for (let i = 1; i < args.count && shown.length < 128; i++) {
      shown += `'${shortText(args.text(i), 128 - shown.length)}' `;
    }
    this.context.reply.errorText(
      `ERR unknown command '${shortText(args.text(0), 128)}', with args beginning with: ${shown}`,
    );
    this.#failed();
  }

  /** Checks what depends on the state of the database, then calls the command. */
  #admit(command: CompiledCommand, args: Arguments): void {
    if ((command.flags & (Flag.write | Flag.denyoom)) !== 0) {
      const refused = this.refusal(command.flags);
      if (refused !== undefined) {
        this.#reject(command, refused);
        return;
      }
    }
    const c = this.context;
    c.session.lastCommand = command;
    this.call(command, args);
    // What a transaction of the embedded API takes back must not have been given away before.
    const serves = this.#depth === 0 && this.observer === undefined;
    if (c.blocking.pending && serves) this.serveWaiting();
    if (this.keyspace.disposing) this.keyspace.reclaim(RECLAIM_STEP);
  }

  /** The error line that a command with these flags gets at the moment, or undefined. */
  refusal(flags: number): Uint8Array | undefined {
    if ((flags & Flag.denyoom) !== 0 && this.keyspace.memory.nearlyExhausted) {
      return Errors.outOfMemory;
    }
    const limited = this.#memoryLimit > 0 && !this.unlimited;
    if (limited && !this.makeRoom() && (flags & Flag.denyoom) !== 0) return Errors.outOfMemory;
    if ((flags & Flag.write) === 0) return undefined;
    const refused = this.context.services.writesRefused();
    return refused === undefined ? undefined : errorLine(refused);
  }

  /**
   * Evicts entries until memory is within its limit, or, while a lowered limit is being approached,
   * until it has come nearer; returns whether it has.
   */
  makeRoom(): boolean {
    const { memory, records } = this.keyspace;
    const limit = this.#memoryLimit;
    if (memory.usedBytes <= limit) {
      this.#memoryCeiling = limit;
      this.evicting = false;
      return true;
    }
    let found = true;
    const c = this.context;
    c.effects.hold();
    for (let steps = 0; memory.usedBytes > limit; steps++) {
      if (steps >= EVICT_STEP && memory.usedBytes <= this.#memoryCeiling) break;
      if (this.keyspace.disposing) {
        this.keyspace.reclaim(RECLAIM_STEP);
        continue;
      }
      if (!this.eviction.choose()) {
        found = false;
        break;
      }
      const { db, entry } = this.eviction;
      records.key(entry);
      this.#deleted(db, records.bytes, records.start, records.end, Events.evicted);
      this.keyspace.count(Counter.evicted);
      this.keyspace.remove(db, entry);
    }
    c.effects.release();
    this.#memoryCeiling = Math.max(limit, memory.usedBytes);
    this.evicting = found && memory.usedBytes > limit;
    return found;
  }

  /** Replies an error line in the command's place. */
  #reject(command: CompiledCommand, line: Uint8Array): false {
    if (command.fullName === "exec") {
      this.#rejectText(command, utf8Text(line, 1, line.length - 2));
      return false;
    }
    this.context.reply.error(line);
    command.rejected++;
    this.#failed();
    return false;
  }

  /** As #reject, for an error without a code. EXEC ends its transaction even so. */
  #rejectText(command: CompiledCommand, text: string): false {
    const { reply, session } = this.context;
    if (command.fullName === "exec") {
      this.endTransaction(session);
      reply.errorText(`EXECABORT Transaction discarded because of: ${text}`);
    } else {
      reply.errorText(`ERR ${text}`);
    }
    command.rejected++;
    this.#failed();
    return false;
  }

  /**
   * Calls a command's handler with `args`, which are of the right number, and passes on what it
   * did. Used directly by EXEC and by what serves waiting sessions.
   */
  call(command: CompiledCommand, args: Arguments): void {
    const c = this.context;
    const { reply, effects, session } = c;
    // Entries are made with handlers that take a Context (context.ts, Command).
    const handler = command.handler as ((c: Context) => void) | undefined;
    if (handler === undefined) {
      reply.errorText(wrongArity(command.fullName));
      this.#failed();
      return;
    }
    c.args = args;
    c.command = command;
    c.changes = 0;
    c.rewritten = false;
    if (session.noTouch) this.keyspace.touching = false;
    if (this.observer !== undefined && (command.flags & Flag.write) !== 0) {
      this.observer.beforeWrite(c, command);
    }
    const errors = reply.errors;
    const before = reply.length;
    const statistics = this.statistics;
    const timed = (++statistics.commands & (TIMED_EVERY - 1)) === 0;
    const startUs = timed ? c.services.nowUs() : 0;
    this.#depth++;
    handler(c);
    this.#depth--;
    if (reply.overflowed && this.#depth === 0) reply.recover(before);
    if (timed) command.microseconds += (c.services.nowUs() - startUs) * TIMED_EVERY;
    command.calls++;
    if (session.noTouch) this.keyspace.touching = true;
    if (c.changes > 0) {
      this.keyspace.count(Counter.changes, c.changes);
      if (!c.rewritten) effects.request(c.db, args);
    }
    if (effects.count > 0) effects.flush();
    // An error within EXEC is the failure of the command that replied it, and of no other.
    if (reply.errors !== errors && reply.errors !== this.#errorsCounted) {
      command.failed++;
      this.#failed();
    }
  }

  /** Counts the error that was written last by its code. */
  #failed(): void {
    const { bytes, length, lastErrorAt } = this.context.reply;
    this.#errorsCounted = this.context.reply.errors;
    let code = "";
    for (let at = lastErrorAt + 1; at < length; at++) {
      if (bytes[at] === 32 || bytes[at] === 13) break;
      code += String.fromCharCode(bytes[at]);
    }
    const { errors } = this.statistics;
    errors.set(code, (errors.get(code) ?? 0) + 1);
  }

  // Sessions that wait

  /** Serves the sessions that wait for the keys that have become ready. */
  serveWaiting(): void {
    const c = this.context;
    const { session, db, args, command } = c;
    while (c.blocking.pending) {
      const name = c.blocking.takeReady();
      const { db: owner, key } = queuedKey(name);
      for (const waiter of c.blocking.waitingFor(name)) {
        const entry = this.keyspace.peek(owner, key, 0, key.length);
        if (entry === 0) break;
        if (this.keyspace.typeOf(entry) === waiter.waiting?.type) this.#serve(waiter);
      }
    }
    c.session = session;
    c.db = db;
    c.args = args;
    c.command = command;
    c.reply.protocol = session.protocol;
  }

  #serve(waiter: Session): void {
    const c = this.context;
    const { waiting } = waiter;
    if (waiting === null) return;
    const before = c.reply.length;
    c.session = waiter;
    c.db = waiting.db;
    c.reply.protocol = waiter.protocol;
    c.serving = true;
    c.stillWaiting = false;
    this.call(waiting.command, waiting.args);
    c.serving = false;
    if (c.stillWaiting) {
      c.reply.truncate(before);
      return;
    }
    this.#wake(waiter, before);
  }

  /** A waiting session's time is up. */
  timeOut(session: Session): void {
    const c = this.context;
    if (session.waiting === null) return;
    const before = c.reply.length;
    c.reply.protocol = session.protocol;
    c.reply.nullArray();
    this.#wake(session, before);
  }

  /** CLIENT UNBLOCK … ERROR. */
  unblockWithError(session: Session): void {
    const c = this.context;
    if (session.waiting === null) return;
    const before = c.reply.length;
    c.reply.error(Errors.unblocked);
    this.#wake(session, before);
    c.reply.protocol = c.session.protocol;
  }

  /** Takes what was written behind `before` out of the writer and sends it to the session. */
  #wake(session: Session, before: number): void {
    const { reply, blocking } = this.context;
    blocking.remove(session);
    const silent = (session.gates & (Gate.silent | Gate.skipping)) !== 0;
    session.setGate(Gate.skipping, false);
    if (!silent) session.link?.deliver(reply.bytes, before, reply.length);
    reply.truncate(before);
    session.link?.resume();
  }

  // The keyspace speaks

  /** An entry is being deleted because its time is over: the log must say so before the request. */
  expired(db: number, bytes: Uint8Array, start: number, end: number): void {
    this.#deleted(db, bytes, start, end, Events.expired);
  }

  /** An entry is being deleted that no request asked to delete. */
  #deleted(db: number, bytes: Uint8Array, start: number, end: number, event: KeyEvent): void {
    const c = this.context;
    c.effects.begin(db, 2);
    c.effects.text("DEL");
    c.effects.range(bytes, start, end);
    if (this.keyspace.watched.any) this.keyspace.watched.touch(db, bytes, start, end);
    c.announce(db, bytes, start, end, event);
  }

  /** Deletes up to `budget` entries whose time is over; returns how many. */
  expireDue(budget: number): number {
    this.context.effects.hold();
    const expired = this.keyspace.expireDue(budget);
    this.context.effects.release();
    return expired;
  }

  /** A session has gone: everything that refers to it is forgotten. */
  forget(session: Session): void {
    const c = this.context;
    c.blocking.remove(session);
    c.pubsub.forget(session);
    this.endTransaction(session);
  }

  /** Forgets the commands that a session has queued and the keys that it watches. */
  endTransaction(session: Session): void {
    session.setGate(Gate.transaction, false);
    session.queue = null;
    session.queuedCommands = [];
    session.queuedBytes = 0;
    session.queueFailed = false;
    this.unwatch(session);
  }

  /** CONFIG RESETSTAT: nothing has been executed yet. */
  resetStatistics(): void {
    this.statistics.commands = 0;
    this.statistics.errors.clear();
    const reset = (command: CompiledCommand): void => {
      command.calls = 0;
      command.microseconds = 0;
      command.rejected = 0;
      command.failed = 0;
      command.subcommands?.forEach(reset);
    };
    this.table.commands.forEach(reset);
  }

  /** Forgets the keys that a session watches. */
  unwatch(session: Session): void {
    if (session.watches.length === 0) return;
    for (const watch of session.watches) {
      this.keyspace.watched.unwatch(watch.db, watch.key, 0, watch.key.length);
    }
    session.watches = [];
  }
}

/** A client's word as an error shows it: cut, and ended by a zero byte as texts in C are. */
function shortText(text: string, max: number): string {
  const zero = text.indexOf("\0");
  return text.slice(0, zero < 0 ? max : Math.min(zero, max));
}

/** First words of HTTP requests that could carry commands in their bodies. */
const httpWords = new Set(["post", "host:"]);

const subscribedCommands = new Set([
  "subscribe",
  "unsubscribe",
  "psubscribe",
  "punsubscribe",
  "ssubscribe",
  "sunsubscribe",
  "ping",
  "quit",
  "reset",
]);

const transactionCommands = new Set(["exec", "discard", "multi", "watch", "quit", "reset"]);
