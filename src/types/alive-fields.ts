// Draws of a field from a table in which there may be some yet that have expired: one of those is
// drawn again. Where nearly all are, the others are listed once and drawn from: the list is good
// while the table does not change and no time passes.

import { needLock } from "../base/lock-needed.ts";
import type { MemberDeadlines } from "../keyspace/member-deadlines.ts";
import { TableWalk } from "../keyspace/table-walk.ts";
import type { Chance, HashTables } from "../structures/hash-table.ts";

/** So often a field is drawn again before the others are listed. */
const DRAWS_MAX = 64;

/** The keyspace, as far as it is needed here. */
interface Owner {
  readonly now: number;
  readonly reading: boolean;
  readonly tables: HashTables;
  readonly members: MemberDeadlines;
}

export class AliveFields {
  readonly #owner: Owner;
  readonly #walk: TableWalk;
  readonly #records: number[] = [];
  // Of what, and when, the list was made.
  #table = 0;
  #count = 0;
  #losses = 0;
  #now = 0;

  constructor(owner: Owner) {
    this.#owner = owner;
    this.#walk = new TableWalk(owner.tables);
  }

  /** A record of the table, each with the same chance. REQUIRES: one has not expired. */
  draw(table: number, chance: Chance): number {
    const { members, tables } = this.#owner;
    const record = tables.random(table, chance);
    if (!members.hasPast(table)) return record;
    let drawn = record;
    for (let left = DRAWS_MAX; members.isPast(drawn); drawn = tables.random(table, chance)) {
      if (left-- === 0) return this.#drawListed(table, chance);
    }
    return drawn;
  }

  #drawListed(table: number, chance: Chance): number {
    const owner = this.#owner;
    if (owner.reading) needLock(); // what is listed now may be torn
    if (!this.#isListed(table)) this.#list(table);
    return this.#records[chance.below(this.#records.length)];
  }

  #isListed(table: number): boolean {
    const { now, tables } = this.#owner;
    return (
      this.#table === table &&
      this.#now === now &&
      this.#count === tables.count(table) &&
      this.#losses === tables.losses
    );
  }

  #list(table: number): void {
    const { members, now, tables } = this.#owner;
    this.#records.length = 0;
    this.#walk.open(table);
    for (let record = this.#walk.next(); record !== 0; record = this.#walk.next()) {
      if (!members.isPast(record)) this.#records.push(record);
    }
    this.#table = table;
    this.#now = now;
    this.#count = tables.count(table);
    this.#losses = tables.losses;
  }
}
