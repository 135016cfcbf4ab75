// One try to read a shared database without the lock: what was found counts if nobody has written
// meanwhile, and else nothing of it remains, neither what was thrown nor what was counted.
//
//   begin ─▶ the caller looks, in a try block ─▶ end: whether it counts
//
// Whoever looks may find torn bytes: its walks end all the same (base/torn-read.ts), and whatever
// they throw says nothing as long as somebody may have written. Where more than looking is to be
// done (a key whose time is over goes, somebody hears of a miss), `lockNeeded` is thrown.

import { lockNeeded } from "../base/lock-needed.ts";
import type { Database as Engine } from "../database.ts";
import type { CompiledCommand } from "../engine/command.ts";
import { FIGURES, Figure, type Statistics } from "../engine/statistics.ts";
import { Counter } from "../keyspace/figures.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Member } from "../threads/member.ts";

/** Where the figures are kept as they were. */
const Kept = { hits: 0, misses: 1, calls: 2, microseconds: 3, failed: 4 } as const;

export class Attempt {
  readonly #keyspace: Keyspace;
  readonly #statistics: Statistics;
  readonly #cells: Float64Array;
  readonly #kept: Float64Array = new Float64Array(5);
  #cell = 0;
  #sequence = 0;

  constructor(engine: Engine) {
    this.#keyspace = engine.keyspace;
    this.#statistics = engine.executor.statistics;
    this.#cells = this.#statistics.cells;
  }

  /**
   * Begins to look, for a command; false where somebody writes on and on. REQUIRES: end() follows,
   * and member.memory.refresh() before anything is looked at.
   */
  begin(member: Member, command: CompiledCommand): boolean {
    // Who takes the lock looks at this, too: what a dead writer left is shown to nobody.
    member.check();
    const sequence = member.lock.beginRead();
    if (sequence < 0) return false;
    this.#sequence = sequence;
    this.#keep(command.index * FIGURES);
    this.#keyspace.beginReading();
    return true;
  }

  /** Whether what was looked at counts. Throws `failure` where that does, and is one. */
  end(member: Member, failure: unknown): boolean {
    this.#keyspace.endReading();
    if (member.lock.isSame(this.#sequence)) {
      if (failure === undefined) return true;
      if (failure !== lockNeeded) throw failure;
    }
    this.takeBack();
    return false;
  }

  #keep(cell: number): void {
    const kept = this.#kept;
    const cells = this.#cells;
    this.#cell = cell;
    this.#statistics.errorCell = -1;
    kept[Kept.hits] = this.#keyspace.counter(Counter.hits);
    kept[Kept.misses] = this.#keyspace.counter(Counter.misses);
    kept[Kept.calls] = cells[cell + Figure.calls];
    kept[Kept.microseconds] = cells[cell + Figure.microseconds];
    kept[Kept.failed] = cells[cell + Figure.failed];
  }

  /** Nothing was counted since begin(). */
  takeBack(): void {
    const kept = this.#kept;
    const cells = this.#cells;
    const cell = this.#cell;
    const keyspace = this.#keyspace;
    keyspace.count(Counter.hits, kept[Kept.hits] - keyspace.counter(Counter.hits));
    keyspace.count(Counter.misses, kept[Kept.misses] - keyspace.counter(Counter.misses));
    cells[cell + Figure.calls] = kept[Kept.calls];
    cells[cell + Figure.microseconds] = kept[Kept.microseconds];
    cells[cell + Figure.failed] = kept[Kept.failed];
    const { errorCell } = this.#statistics;
    if (errorCell >= 0) cells[errorCell]--;
    this.#statistics.errorCell = -1;
  }
}
