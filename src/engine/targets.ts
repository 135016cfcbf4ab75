// Connections to other servers that this thread sends keys to (MIGRATE). One that has done its work
// is kept for the next that goes to the same address as the same user, for TARGET_IDLE_MS; of those
// that wait there are at most TARGETS_MAX. They do not keep a process alive.

import { Outgoing, type OutgoingOwner, type Stage } from "../platform/outgoing.ts";
import { type Clock, type Network, PlatformError, type Timer } from "../platform/platform.ts";

export const TARGETS_MAX = 64;
export const TARGET_IDLE_MS = 10_000;

/** Where to, and as whom. */
export interface TargetPlace {
  readonly host: string;
  readonly port: number;
  /** Empty where it gives no password; else tells users and passwords apart. */
  readonly credentials: string;
}

/** A connection, in use or waiting to be. */
export class Target {
  readonly name: string;
  readonly outgoing: Outgoing;
  /** The database that is selected there; "": not known. */
  database = "";
  timer: Timer | undefined;

  constructor(name: string, outgoing: Outgoing) {
    this.name = name;
    this.outgoing = outgoing;
  }
}

export class Targets {
  readonly #world: Network & Clock;
  readonly #turn: (work: () => void) => void;
  /** Those that wait, the one that has waited longest first. */
  readonly #idle: Set<Target> = new Set();
  /** Those that are in use, with what tells their users that there will be no answer. */
  readonly #busy: Map<Target, () => void> = new Map();

  /** @param turn what an event does, it does inside of this */
  constructor(world: Network & Clock, turn: (work: () => void) => void) {
    this.#world = world;
    this.#turn = turn;
  }

  /** Connections that there are. */
  get count(): number {
    return this.#idle.size + this.#busy.size;
  }

  /**
   * A connection for the caller alone, until it gives it back or drops it: one that waits, which is
   * open, or a new one; always a new one where those that wait have turned out to be dead
   * (`anew`). `owner` is called within turns.
   */
  take(place: TargetPlace, timeoutMs: number, owner: OutgoingOwner, anew: boolean): Target {
    const name = JSON.stringify([place.host, place.port, place.credentials]);
    const inTurn = this.#inTurn(owner);
    const waiting = [...this.#idle].filter((each) => each.name === name);
    if (anew) for (const each of waiting) this.#forget(each);
    let target = anew ? undefined : waiting.at(-1);
    if (target === undefined) {
      const options = { host: place.host, port: place.port, timeoutMs };
      target = new Target(name, new Outgoing(this.#world, options, inTurn));
    } else {
      this.#idle.delete(target);
      if (target.timer !== undefined) this.#world.clearTimer(target.timer);
      target.timer = undefined;
      target.outgoing.owner = inTurn;
      target.outgoing.keepAwake(true);
      target.outgoing.limit(timeoutMs);
    }
    const { outgoing } = target;
    this.#busy.set(target, () => {
      if (outgoing.isOver) return;
      outgoing.close();
      owner.ended("reading", new PlatformError("ECLOSED", place.host, "the database was closed"));
    });
    return target;
  }

  #inTurn(owner: OutgoingOwner): OutgoingOwner {
    return {
      opened: () => this.#turn(() => owner.opened()),
      received: (bytes, length) => this.#turn(() => owner.received(bytes, length)),
      sent: () => {},
      ended: (stage: Stage, error: PlatformError) => this.#turn(() => owner.ended(stage, error)),
    };
  }

  /** It has done its work, and nothing more is to come from there: it waits for the next. */
  giveBack(target: Target): void {
    this.#busy.delete(target);
    const { outgoing } = target;
    if (outgoing.isOver) return;
    const [oldest] = this.#idle;
    if (this.#idle.size >= TARGETS_MAX && oldest !== undefined) this.#forget(oldest);
    const forget = (): void => this.#forget(target);
    outgoing.owner = { opened() {}, received: forget, sent() {}, ended: forget };
    outgoing.limit(0);
    outgoing.keepAwake(false);
    this.#idle.add(target);
    target.timer = this.#world.setTimer(TARGET_IDLE_MS, forget);
  }

  /** It is of no use any more. */
  drop(target: Target): void {
    this.#busy.delete(target);
    target.outgoing.close();
  }

  #forget(target: Target): void {
    this.#idle.delete(target);
    if (target.timer !== undefined) this.#world.clearTimer(target.timer);
    target.outgoing.close();
  }

  /** All are closed; who uses one is told so, in a turn. */
  close(): void {
    for (const target of this.#idle) this.#forget(target);
    const tell = [...this.#busy.values()];
    this.#turn(() => {
      for (const each of tell) each();
    });
    for (const target of this.#busy.keys()) this.drop(target);
  }
}
