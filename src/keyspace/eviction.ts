// Eviction: which entry goes when memory is over `maxmemory`. As in Redis, a few entries are drawn
// at random and the one that is most dispensable by the policy goes; under volatile-ttl the
// deadlines are in order, so that the next to expire is known without drawing.

import { idleSeconds, lfuCounter } from "./access-clock.ts";
import type { Keyspace } from "./keyspace.ts";
import type { EvictionPolicy } from "./settings.ts";

export class Eviction {
  /** The entry that choose() found, and its database. */
  entry = 0;
  db = 0;

  readonly #keyspace: Keyspace;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** Finds the entry that should go; false where the policy allows none. */
  choose(): boolean {
    this.entry = 0;
    const keyspace = this.#keyspace;
    const { evictionPolicy: policy, evictionSamples: samples } = keyspace.settings;
    if (policy === "noeviction") return false;
    if (policy === "volatile-ttl") return this.#chooseNextDeadline();
    const volatile = policy.startsWith("volatile");
    let best = -1;
    for (let db = 0; db < keyspace.databases; db++) {
      const size = volatile ? keyspace.deadlineCount(db) : keyspace.size(db);
      const draws = Math.min(size, samples);
      for (let i = 0; i < draws; i++) {
        const entry = this.#draw(db, volatile, size);
        const score = this.#score(policy, entry);
        if (score <= best) continue;
        best = score;
        this.entry = entry;
        this.db = db;
      }
    }
    return this.entry !== 0;
  }

  #draw(db: number, volatile: boolean, size: number): number {
    const { tables, deadlines, random } = this.#keyspace;
    if (!volatile) return tables.random(this.#keyspace.table(db), random);
    deadlines.at(this.#keyspace.deadlineTree(db), random.below(size));
    return deadlines.value;
  }

  /** How dispensable an entry is. */
  #score(policy: EvictionPolicy, entry: number): number {
    const keyspace = this.#keyspace;
    if (policy.endsWith("random")) return keyspace.random.below(1 << 30);
    const clock = keyspace.records.clock(entry);
    if (policy.endsWith("lfu")) {
      return 255 - lfuCounter(clock, keyspace.now, keyspace.settings.lfuDecayMinutes);
    }
    return idleSeconds(clock, keyspace.now);
  }

  #chooseNextDeadline(): boolean {
    const keyspace = this.#keyspace;
    let earliest = Number.POSITIVE_INFINITY;
    for (let db = 0; db < keyspace.databases; db++) {
      if (keyspace.deadlineCount(db) === 0) continue;
      const tree = keyspace.deadlineTree(db);
      const deadline = keyspace.deadlines.firstKey(tree);
      if (deadline >= earliest) continue;
      earliest = deadline;
      this.entry = keyspace.deadlines.firstValue(tree);
      this.db = db;
    }
    return this.entry !== 0;
  }
}
