// Wait queue: the sessions that wait for one key, oldest first. Whoever is anywhere in it leaves at
// once, and the oldest is found at once, however many wait: a Set of JavaScript does the first, but
// looks for its first element among all that were deleted in front of it.
//
//   first ⇄ place ⇄ place ⇄ last        places: session ─▶ its place
//
// A walk goes on from a place that is left meanwhile to those behind it.

import { assert } from "../base/assert.ts";
import type { Session } from "./session.ts";

class Place {
  readonly session: Session;
  previous: Place | null;
  next: Place | null = null;
  isLeft = false;

  constructor(session: Session, previous: Place | null) {
    this.session = session;
    this.previous = previous;
  }
}

export class WaitQueue implements Iterable<Session> {
  readonly #places: Map<Session, Place> = new Map();
  #first: Place | null = null;
  #last: Place | null = null;

  get size(): number {
    return this.#places.size;
  }

  /** The session waits behind all others, unless it waits already. */
  add(session: Session): void {
    if (this.#places.has(session)) return;
    const place = new Place(session, this.#last);
    this.#places.set(session, place);
    if (this.#last === null) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
  }

  /** The session waits here no more, if it did. */
  delete(session: Session): void {
    const place = this.#places.get(session);
    if (place === undefined) return;
    assert(!place.isLeft, "a place is left once");
    place.isLeft = true;
    this.#places.delete(session);
    // Its own `next` stays: a walk may stand on it.
    if (place.previous === null) this.#first = place.next;
    else place.previous.next = place.next;
    if (place.next === null) this.#last = place.previous;
    else place.next.previous = place.previous;
  }

  *[Symbol.iterator](): IterableIterator<Session> {
    for (let place = this.#first; place !== null; place = place.next) {
      if (!place.isLeft) yield place.session;
    }
  }
}
