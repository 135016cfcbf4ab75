// The simulated clock, which stands still until it is told to move, the event loop that goes with
// it, and the seed that everything simulated follows from.
//
// Nothing happens by itself. `turn()` is one turn of the event loop: what is due now, and then what
// was asked for with `afterTurn`. `advance(ms)` moves the clock from event to event. Microtasks run
// after each callback and at the start of a turn.

import type { Clock, Timer } from "./platform.ts";

const START_MS = Date.UTC(2026, 0, 1);

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
  periodMs: number;
}

export class SimulatedClock implements Clock {
  #state: number;
  #currentMs = START_MS;
  #events: Event[] = [];
  #eventOrder = 0;
  #afterTurns: (() => void)[] = [];
  #microtasks: (() => void)[] = [];

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to `below` − 1. */
  random(below: number): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return Math.floor((((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32) * below);
  }

  nowMs(): number {
    return Math.floor(this.#currentMs);
  }

  nowUs(): number {
    return Math.floor(this.#currentMs * 1000);
  }

  monotonicMs(): number {
    return this.#currentMs - START_MS;
  }

  threadsMs(): number {
    return this.monotonicMs();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#schedule(delayMs, callback);
  }

  every(periodMs: number, callback: () => void): Timer {
    const event = this.#schedule(periodMs, callback);
    event.periodMs = Math.max(periodMs, 1);
    return event;
  }

  clearTimer(timer: Timer): void {
    (timer as Event).periodMs = 0;
    this.#events = this.#events.filter((event) => event !== timer);
  }

  afterTurn(callback: () => void): void {
    this.#afterTurns.push(callback);
  }

  microtask(callback: () => void): void {
    this.#microtasks.push(callback);
  }

  /** One turn of the event loop: everything that is due now. Returns whether there was anything. */
  turn(): boolean {
    let busy = this.#microtasks.length > 0;
    this.#drainMicrotasks();
    // What comes up during this turn with no delay is for the next one.
    const due = this.#events.filter((event) => event.atMs <= this.#currentMs).sort(byTime);
    for (const event of due) {
      const index = this.#events.indexOf(event);
      if (index < 0) continue;
      busy = true;
      this.#events.splice(index, 1);
      this.#call(event.callback);
      if (event.periodMs > 0) this.#repeat(event);
    }
    const callbacks = this.#afterTurns;
    this.#afterTurns = [];
    for (const callback of callbacks) this.#call(callback);
    return busy || callbacks.length > 0;
  }

  /** Lets everything happen that is due at this moment. */
  settle(): void {
    for (let turns = 0; this.turn(); turns++) {
      if (turns > 100000) throw new Error("the simulated event loop does not come to rest");
    }
  }

  /** Moves the clock, and lets everything happen that comes due on the way. */
  advance(milliseconds: number): void {
    const untilMs = this.#currentMs + milliseconds;
    this.settle();
    for (;;) {
      let nextMs = Number.POSITIVE_INFINITY;
      for (const event of this.#events) nextMs = Math.min(nextMs, event.atMs);
      if (nextMs > untilMs) break;
      this.#currentMs = Math.max(this.#currentMs, nextMs);
      this.settle();
    }
    // A system call may have taken longer.
    this.#currentMs = Math.max(this.#currentMs, untilMs);
  }

  /** Time passes while the process does nothing else, as in a system call that blocks. */
  pass(milliseconds: number): void {
    this.#currentMs += milliseconds;
  }

  /** What was to happen does not. */
  protected forgetEvents(): void {
    this.#events = [];
    this.#afterTurns = [];
    this.#microtasks = [];
  }

  #schedule(delayMs: number, callback: () => void): Event {
    const atMs = this.#currentMs + Math.max(delayMs, 0);
    const event = { atMs, order: this.#eventOrder++, callback, periodMs: 0 };
    this.#events.push(event);
    return event;
  }

  #repeat(event: Event): void {
    // The same object goes back into the queue, so that it can still be cleared.
    const again = event as { atMs: number; order: number };
    again.atMs = this.#currentMs + event.periodMs;
    again.order = this.#eventOrder++;
    this.#events.push(event);
  }

  #call(callback: () => void): void {
    callback();
    this.#drainMicrotasks();
  }

  #drainMicrotasks(): void {
    for (let next = this.#microtasks.shift(); next !== undefined; next = this.#microtasks.shift()) {
      next();
    }
  }
}

function byTime(one: Event, other: Event): number {
  return one.atMs - other.atMs || one.order - other.order;
}
