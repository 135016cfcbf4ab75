// The executor: the one way through. Requests of sockets, of the embedded API, of transactions,
// of the log at start and of blocked clients that are served all come here, and everything that
// commands have in common is decided here, once: which command it is, whether its words are
// enough, who may call it (gates.ts), whether it is queued (transaction.ts), whether memory
// (memory-limit.ts) and log allow it, what of it goes to the log (effects.ts), who hears of it
// (notices.ts) and is served (waiting.ts), what is counted.
//
//   execute ─▶ look up ─▶ gates ─▶ admit ─▶ refusal ─▶ call ─▶ handler ─▶ effects ─▶ settle
//                                    ▲                  ▲
//                      the embedded API                 EXEC, and waiters that are served, by way
//                                                       of a frame of their own (`inside`)

import { AssertionFailed, assert } from "../base/assert.ts";
import { asciiBytes, utf8Text } from "../base/bytes.ts";
import { isHalfDone } from "../base/half-done.ts";
import { TornRead } from "../base/torn-read.ts";
import { Counter } from "../keyspace/figures.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { Errors, errorLine, wrongArity } from "../protocol/errors.ts";
import { CallTimer } from "./call-timer.ts";
import { type CompiledCommand, Flag } from "./command.ts";
import type { CommandTable } from "./command-table.ts";
import { type Command, Context, type Engine } from "./context.ts";
import { Gates } from "./gates.ts";
import { MemoryLimit } from "./memory-limit.ts";
import type { Services } from "./services.ts";
import { Session } from "./session.ts";
import { Figure, Statistics } from "./statistics.ts";
import { Waiters } from "./waiting.ts";

export class Executor implements Engine {
  readonly table: CommandTable;
  readonly keyspace: Keyspace;
  readonly context: Context;
  readonly statistics: Statistics;
  readonly timer: CallTimer;
  readonly gates: Gates;
  readonly memoryLimit: MemoryLimit;
  readonly waiters: Waiters;
  /** For requests that nobody sent: expiry, eviction, the log at start. */
  readonly internal: Session;

  /** A transaction of the embedded API is open: what it may take back is not given away. */
  transactionOpen = false;
  /** What a log holds is executed: it was accepted before, and no limit of now undoes that. */
  replaying = false;

  /** Frames within which the present command is executed. */
  #depth = 0;

  constructor(table: CommandTable, keyspace: Keyspace, services: Services) {
    this.table = table;
    this.keyspace = keyspace;
    this.statistics = new Statistics(keyspace.memory, keyspace.member, table.all.length);
    this.timer = new CallTimer(services, this.statistics, keyspace.settings, table.all);
    this.internal = new Session(0, 0);
    this.context = new Context(this, keyspace, services, this.internal);
    const { reply, effects, notices, pubsub } = this.context;
    this.gates = new Gates(reply, pubsub);
    this.memoryLimit = new MemoryLimit(keyspace, effects, notices);
    this.waiters = new Waiters(this.context);
  }

  /** The time that the commands which follow see. */
  setNow(nowMs: number): void {
    this.context.now = nowMs;
    this.keyspace.setNow(nowMs);
  }

  /**
   * Executes one request of `session` and writes its reply to context.reply. A session that waits
   * afterwards (session.waiting) has not been replied to yet.
   * @param found the command that the table has for the request, if it was looked up before
   */
  execute(session: Session, args: Arguments, found?: CompiledCommand): void {
    const { gates } = this;
    this.begin(session, args);
    gates.enter(session);
    if (session.gates !== 0 || this.context.scripts.isParked) {
      this.#executeGated(session, args, found);
    } else {
      const command = this.#lookUp(args, found);
      if (command !== undefined) this.admit(command, args);
    }
    gates.leave();
  }

  /** What follows is a request of this session. */
  begin(session: Session, args: Arguments): void {
    const c = this.context;
    c.session = session;
    c.db = session.db;
    c.args = args;
    c.reply.protocol = session.protocol;
  }

  #executeGated(session: Session, args: Arguments, found: CompiledCommand | undefined): void {
    const { gates } = this;
    gates.beginReply(session);
    const command = this.#lookUp(args, found);
    if (command !== undefined) session.lastCommand = command;
    const refused =
      command === undefined
        ? undefined
        : (this.#guarded(command) ?? gates.refusal(session, command) ?? this.#busy(command, args));
    if (command === undefined) {
      if (session.transaction.queue !== null) session.transaction.failed = true;
    } else if (refused !== undefined) {
      this.#reject(command, refused);
    } else if (session.transaction.queue !== null && !command.notQueued) {
      this.#queue(session, command, args);
    } else {
      this.admit(command, args);
    }
    gates.endReply(session);
  }

  #queue(session: Session, command: CompiledCommand, args: Arguments): void {
    // A queue takes memory, whatever is queued.
    let refused =
      (command.flags & Flag.no_multi) !== 0
        ? Errors.notInMulti
        : this.refusal(command.flags | Flag.denyoom);
    if (refused === undefined && !session.transaction.hasRoom(args.totalBytes)) {
      refused = Errors.queueTooLarge;
    }
    if (refused !== undefined) {
      this.#reject(command, refused);
      return;
    }
    session.transaction.add(command, args);
    this.context.reply.simple("QUEUED");
  }

  /** The command that a request is for, if it has enough words; else an error is replied. */
  #lookUp(args: Arguments, found: CompiledCommand | undefined): CompiledCommand | undefined {
    const { session } = this.context;
    let command = found ?? this.table.find(args, 0);
    if (command === undefined) {
      session.lastCommand = undefined;
      this.#unknownCommand(args);
      return undefined;
    }
    if (command.subcommands !== undefined && args.count > 1) {
      const sub = command.subcommands.get(args.text(1).toLowerCase());
      if (sub === undefined) {
        session.lastCommand = undefined;
        this.context.reply.errorText(
          `ERR unknown subcommand '${shortText(args.text(1), 128)}'. ` +
            `Try ${command.name.toUpperCase()} HELP.`,
        );
        this.countError();
        return undefined;
      }
      command = sub;
    }
    const { arity } = command;
    if ((arity > 0 && args.count !== arity) || args.count < -arity) {
      session.lastCommand = command;
      this.#reject(command, errorLine(wrongArity(command.fullName)));
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
    this.countError();
  }

  /**
   * Checks what depends on the state of the database, then calls the command and sees to what
   * follows it. REQUIRES: begin(); the words are enough.
   */
  admit(command: CompiledCommand, args: Arguments): void {
    if (command.mayBeRefused) {
      const refused = this.#guarded(command) ?? this.refusal(command.flags);
      if (refused !== undefined) {
        this.#reject(command, refused);
        return;
      }
    }
    this.context.session.lastCommand = command;
    this.call(command, args);
    this.settle();
  }

  /** What follows a command or a transaction: who waits is served, and a part of disposal done. */
  settle(): void {
    const { blocking, scripts } = this.context;
    const serves = this.#depth === 0 && !this.transactionOpen;
    if (blocking.pending && serves && !scripts.isParked) this.waiters.serveReady();
    if (this.keyspace.disposing) this.keyspace.reclaim();
  }

  /** The error line that the command's own guard gives, or undefined. */
  #guarded(command: CompiledCommand): Uint8Array | undefined {
    return (command.entry as Command).guard?.(this.context);
  }

  /** The error line while a script runs that has been left for now, or undefined. */
  #busy(command: CompiledCommand, args: Arguments): Uint8Array | undefined {
    const { scripts } = this.context;
    if (!scripts.isParked) return undefined;
    const isAllowed = (command.flags & Flag.allow_busy) !== 0 && !savesAtEnd(command, args);
    return isAllowed ? undefined : (scripts.busy ?? Errors.scriptRuns);
  }

  /** The error line that a command with these flags gets at the moment, or undefined. */
  refusal(flags: number): Uint8Array | undefined {
    if (this.replaying) return undefined;
    if ((flags & Flag.denyoom) !== 0 && this.keyspace.memory.nearlyExhausted) {
      return Errors.outOfMemory;
    }
    const { memoryLimit } = this;
    if (memoryLimit.holds && !memoryLimit.makeRoom() && (flags & Flag.denyoom) !== 0) {
      return Errors.outOfMemory;
    }
    if ((flags & Flag.write) === 0) return undefined;
    const refused = this.context.services.writesRefused();
    return refused === undefined ? undefined : errorLine(refused);
  }

  /** Replies an error line in the command's place: EXEC then ends its transaction. */
  #reject(command: CompiledCommand, line: Uint8Array): void {
    const { reply, session } = this.context;
    if (command.fullName === "exec") {
      session.endTransaction(this.keyspace);
      const text = utf8Text(line, 1, line.length - 2).replace(/^ERR /, "");
      reply.errorText(`EXECABORT Transaction discarded because of: ${text}`);
    } else {
      if (session.transaction.queue !== null) session.transaction.failed = true;
      reply.error(line);
    }
    this.statistics.count(command, Figure.rejected);
    this.countError();
  }

  /**
   * Does `work` for `session` in a frame of its own, within the command that is being executed or
   * behind it; what the context says of that command is as before afterwards. Frames nest.
   */
  inside(session: Session, work: () => void): void {
    const c = this.context;
    const { session: outer, db, args, command, changes, rewritten, reply } = c;
    const { failed } = reply;
    c.session = session;
    c.db = session.db;
    reply.protocol = session.protocol;
    const depth = ++this.#depth;
    work();
    assert(this.#depth === depth, "each frame ends before the one around it");
    this.#depth--;
    c.session = outer;
    c.db = db;
    c.args = args;
    c.command = command;
    c.changes = changes;
    c.rewritten = rewritten;
    reply.protocol = outer.protocol;
    reply.failed = failed;
  }

  /**
   * Calls a command's handler with `args`, which are of the right number, and passes on what it
   * did. Used directly within frames.
   */
  call(command: CompiledCommand, args: Arguments): void {
    const c = this.context;
    const { reply, effects } = c;
    // CLIENT NO-TOUCH itself changes it.
    const { noTouch } = c.session;
    // Entries are made with handlers that take a Context (context.ts, Command).
    const handler = command.handler as ((c: Context) => void) | undefined;
    if (handler === undefined) return this.#noHandler(command);
    c.args = args;
    c.command = command;
    c.changes = 0;
    c.rewritten = false;
    if (noTouch) this.keyspace.touching = false;
    const before = reply.length;
    const overflowed = reply.overflowed;
    const { timer } = this;
    const startMs = timer.begin(command, args);
    reply.failed = false;
    handler(c);
    // Where it had overflowed before, `before` is no place in the replies: see to it further out.
    if (reply.overflowed && !overflowed) reply.recover(before);
    timer.end(command, startMs, reply.length - before);
    if (noTouch) this.keyspace.touching = !this.keyspace.reading;
    if (c.changes > 0) {
      this.keyspace.count(Counter.changes, c.changes);
      if (!c.rewritten) effects.request(c.db, args);
    }
    if (effects.count > 0) effects.flush();
    if (reply.failed) this.#countFailed(command);
  }

  #countFailed(command: CompiledCommand): void {
    this.statistics.count(command, Figure.failed);
    this.countError();
  }

  #noHandler(command: CompiledCommand): void {
    this.context.reply.errorText(wrongArity(command.fullName));
    this.countError();
  }

  /** Counts the error that was written last by its code. */
  countError(): void {
    const { bytes, length, lastErrorAt } = this.context.reply;
    if (lastErrorAt < length) this.statistics.countErrorLine(bytes, lastErrorAt, length);
  }

  /**
   * Whether a request that an error has ended may have been in the middle of a change. What failed
   * may be known by the error; else it is by the command that was called last, and what it did not
   * come to send.
   */
  wasChanging(error: unknown): boolean {
    if (error instanceof AssertionFailed || error instanceof TornRead) return true;
    if (isHalfDone(error)) return true;
    const { command, effects } = this.context;
    if (command !== undefined && (command.flags & Flag.write) !== 0) return true;
    return effects.isPending || this.keyspace.disposing;
  }

  /** CONFIG RESETSTAT: nothing has been executed yet. */
  resetStatistics(): void {
    this.statistics.reset();
    this.timer.reset();
  }

  /** This thread leaves the database: what it has counted stays. */
  leave(): void {
    this.timer.settle();
    this.statistics.leave();
    this.keyspace.figures.leave();
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
    const { blocking, pubsub } = this.context;
    blocking.remove(session);
    pubsub.forget(session);
    session.endTransaction(this.keyspace);
  }
}

/** Whether the server is to be shut down, and not to give up what a script has done that runs. */
function savesAtEnd({ name }: CompiledCommand, args: Arguments): boolean {
  if (name !== "shutdown") return false;
  for (let i = 1; i < args.count; i++) if (args.is(i, NOSAVE) || args.is(i, ABORT)) return false;
  return true;
}

const NOSAVE = asciiBytes("nosave");
const ABORT = asciiBytes("abort");

/** A client's word as an error shows it: cut, and ended by a zero byte as texts in C are. */
function shortText(text: string, max: number): string {
  const zero = text.indexOf("\0");
  return text.slice(0, zero < 0 ? max : Math.min(zero, max));
}

/** First words of HTTP requests that could carry commands in their bodies. */
const httpWords = new Set(["post", "host:"]);
