// The script that was left: at most one at a time, of whichever thread. The thread that runs it
// says what has become of it, and every thread that serves or calls looks here before it executes
// anything else. Where several threads use the database they tell one another by a board
// (threads/script-board.ts), which is read by whoever takes the lock.
//
//   left ─▶ told (others hear BUSY) ─▶ ended          killed: by whichever thread, while it is left

import type { Context } from "../engine/context.ts";
import { errorLine } from "../protocol/errors.ts";

/** What is so of the script that was left; none of it: there is none. */
export const Left = { parked: 1, told: 2, isFunction: 4, hasWritten: 8, killed: 16 } as const;

/** What threads tell one another of their scripts. All of it requires the lock, but `wait`. */
export interface ScriptBoard {
  /** Bits of Left. */
  readonly state: number;
  /** Whether it is this thread that runs, or ran, what the state is about. */
  readonly isOwn: boolean;
  /** From now on this is so, and all threads shall look. */
  write(state: number): void;
  /** Waits in place, for a moment, for the state to be another than this. */
  wait(state: number): void;
  /** The reply of the thread that runs the script to what is asked of all; see script-board.ts. */
  running(protocol: 2 | 3): Uint8Array | undefined;
  /** How often scripts have been flushed, and libraries have been changed. */
  readonly scriptsAge: number;
  readonly librariesAge: number;
  /** This thread, which has opened the database, has done that. */
  flushed(): void;
  changedLibraries(): void;
  /** The text of a script that the thread that opened the database knows. */
  source(digest: string): string | undefined;
  /** Has that thread know a script. */
  note(source: string): void;
  /** What the values of scripts take in this thread, for others; and what they said of theirs. */
  report(memory: ScriptMemory): void;
  readonly memoryElsewhere: ScriptMemory;
  /** The libraries that it has, and the names of what its program has registered. */
  libraries(): SharedLibraries;
}

/** Bytes of the values of scripts, and of functions. */
export interface ScriptMemory {
  readonly scripts: number;
  readonly functions: number;
}

/** What threads that have attached know of functions. */
export interface SharedLibraries {
  readonly codes: readonly string[];
  readonly registered: readonly string[];
}

const busyScript = errorLine(
  "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
);
const busyFunction = errorLine(
  "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.",
);

/** What others are told while this runs. */
export function busyLine(isFunction: boolean): Uint8Array {
  return isFunction ? busyFunction : busyScript;
}

export class LeftScript {
  /** A script has been left in the middle of what it does. */
  isParked = false;
  /** It runs for so long that others are not kept waiting: the error line that they get. */
  busy: Uint8Array | undefined;
  board: ScriptBoard | undefined;
  /** Called when a script has been left, and when it has ended. */
  readonly onParked: (() => void)[] = [];

  readonly #context: Context;
  #state = 0;
  #waiting: (() => void)[] = [];

  constructor(context: Context) {
    this.#context = context;
  }

  /** Bits of Left. */
  get state(): number {
    return this.#state;
  }

  /** Whether another thread runs the script that was left. */
  get isElsewhere(): boolean {
    return this.isParked && this.board?.isOwn === false;
  }

  /** This is so from now on; who waits is told by `free`. REQUIRES: the lock. */
  set(state: number): void {
    if (state === this.#state) return;
    this.board?.write(state);
    this.#take(state);
  }

  /** Others may have said what is so. REQUIRES: the lock. */
  look(): void {
    const { board } = this;
    if (board === undefined || board.state === this.#state) return;
    this.#take(board.state);
    if (!this.isParked || this.busy !== undefined) this.free();
  }

  #take(state: number): void {
    this.#state = state;
    const isParked = (state & Left.parked) !== 0;
    const isTold = (state & Left.told) !== 0;
    this.busy = isTold ? busyLine((state & Left.isFunction) !== 0) : undefined;
    if (isParked !== this.isParked) {
      this.isParked = isParked;
      this.#context.keyspace.isHalfWay = isParked;
      for (const tell of this.onParked) tell();
    }
  }

  whenFree(done: () => void): void {
    this.#waiting.push(done);
  }

  /** Calls back, once, when no script is left any more. */
  whenEnded(done: () => void): void {
    if (!this.isParked) done();
    else this.whenFree(() => this.whenEnded(done));
  }

  /** Whoever waits for the script may go on. */
  free(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}
