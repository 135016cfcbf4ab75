// The network's figures of each I/O thread, in shared memory: each writes its own when a turn has
// ended, and who reports adds them up. What is looked at in every connection is written once a
// second.

import {
  COUNTED,
  LARGEST,
  type NetworkFigure,
  type NetworkFigures,
  NetworkTotals,
  PRESENT,
} from "../host/network-figures.ts";

const FIELDS: readonly NetworkFigure[] = [...COUNTED, ...PRESENT, ...LARGEST];
/** The first of those for which every connection is looked at. */
const LOOKED_UP = FIELDS.indexOf("clientBytes");

/** What is shared: a row of figures for each thread, and how often they were set back. */
export interface SharedFigures {
  readonly rows: Float64Array;
  readonly resets: Int32Array;
}

export function newSharedFigures(threads: number): SharedFigures {
  const bytes = threads * FIELDS.length * Float64Array.BYTES_PER_ELEMENT;
  return {
    rows: new Float64Array(new SharedArrayBuffer(bytes)),
    resets: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
  };
}

/** A thread's own row. */
export class FiguresWriter {
  readonly #shared: SharedFigures;
  readonly #row: Float64Array;
  readonly #figures: NetworkFigures;
  #resets = 0;

  constructor(shared: SharedFigures, thread: number, figures: NetworkFigures) {
    this.#shared = shared;
    this.#row = shared.rows.subarray(thread * FIELDS.length, (thread + 1) * FIELDS.length);
    this.#figures = figures;
  }

  /** Writes what is counted. */
  write(): void {
    const resets = Atomics.load(this.#shared.resets, 0);
    if (resets !== this.#resets) {
      this.#resets = resets;
      this.#figures.resetFigures();
    }
    const row = this.#row;
    for (let i = 0; i < LOOKED_UP; i++) row[i] = this.#figures[FIELDS[i]];
  }

  /** Writes what has to be looked up, too. */
  writeAll(): void {
    this.write();
    for (let i = LOOKED_UP; i < FIELDS.length; i++) this.#row[i] = this.#figures[FIELDS[i]];
  }
}

/** The figures of all threads together. */
export class AllFigures extends NetworkTotals {
  port = 0;
  readonly #shared: SharedFigures;

  constructor(shared: SharedFigures) {
    super();
    this.#shared = shared;
  }

  resetFigures(): void {
    Atomics.add(this.#shared.resets, 0, 1);
    const { rows } = this.#shared;
    for (let at = 0; at < rows.length; at += FIELDS.length) rows.fill(0, at, at + COUNTED.length);
  }

  protected *values(figure: NetworkFigure): Generator<number> {
    const { rows } = this.#shared;
    for (let at = FIELDS.indexOf(figure); at < rows.length; at += FIELDS.length) yield rows[at];
  }
}
