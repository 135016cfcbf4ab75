// A guest's part: a thread that has attached to a database which another one owns. It reads and
// writes the data itself; what the configuration says is asked of the owner, by commands whose
// entry says so, and the timers are the owner's.

import { DatabaseError } from "../base/database-error.ts";
import { type CompiledCommand, isOwners } from "../engine/command.ts";
import type { Context } from "../engine/context.ts";
import type { Executor } from "../engine/executor.ts";
import type { Memory } from "../memory/memory.ts";
import type { Log } from "../persistence/log/log.ts";
import type { Platform } from "../platform/platform.ts";
import { bellOf, OWNER, ring } from "./control.ts";
import type { SharedDatabase } from "./handle.ts";
import { Member, takeNumber } from "./member.ts";

const MINUS = 0x2d;

export class Guest extends Member {
  #log: Pick<Log, "noteProgress"> | undefined;
  #hasLeft = false;

  constructor(platform: Platform, handle: SharedDatabase, memory: Memory) {
    super(platform, handle, memory, takeNumber(platform, handle.control));
  }

  override join(executor: Executor): void {
    super.join(executor);
    this.#listen(Atomics.load(this.control, bellOf(this.number)));
  }

  /** The log is written by this thread, too: from now on it hears of others' progress. */
  follow(log: Pick<Log, "noteProgress">): void {
    this.#log = log;
  }

  /** Waits, in the event loop, for the bell to have rung since it was `seen`. */
  #listen(seen: number): void {
    if (this.#hasLeft) return;
    const rung = Atomics.waitAsync(this.control, bellOf(this.number), seen);
    if (rung.async) void rung.value.then(() => this.#hear());
    else queueMicrotask(() => this.#hear());
  }

  #hear(): void {
    if (this.#hasLeft) return;
    const seen = Atomics.load(this.control, bellOf(this.number));
    // With the lock it takes what is there. Where the database is closed there will be no more.
    if (!this.tryEnter()) {
      this.heir?.orphaned();
      return;
    }
    this.lock.leave();
    this.#log?.noteProgress();
    this.#listen(seen);
  }

  override leave(): void {
    if (this.roster !== undefined && this.tryEnter()) {
      this.roster.gone(this.number);
      this.lock.leave();
    }
    super.leave();
    this.#hasLeft = true;
    ring(this.control, this.number);
    this.ring();
  }

  /** The owner has something to see to: a deadline that came, something to be freed. */
  ring(): void {
    ring(this.control, OWNER);
  }

  /** What executes a command in this thread, if its own handler must not: the owner. */
  handlerOf(command: CompiledCommand): ((c: Context) => void) | undefined {
    return isOwners(command) ? (c) => void this.askOwner(c) : undefined;
  }

  override askOwner(c: Context): boolean {
    const { timer, statistics } = c.executor;
    // What this thread has counted is to be known there.
    timer.settle();
    this.onReport();
    c.effects.take();
    const reply = this.ask(OWNER, c, c.reply.protocol);
    // It may have set the figures back.
    this.onReport();
    // The owner has counted it.
    if (c.command !== undefined) statistics.uncountCall(c.command);
    if (reply === undefined) {
      this.check();
      throw new DatabaseError("CLOSED", "the thread that opened the database has ended");
    }
    if (this.closesClient) c.session.closing = true;
    if (reply[0] === MINUS) c.reply.error(reply);
    else c.reply.raw(reply, 0, reply.length);
    return true;
  }
}
