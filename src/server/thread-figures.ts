// The network's figures of each I/O thread, in shared memory: each writes its own when a turn has
// ended, and who reports adds them up. What is looked at in every connection is written once a
// second.

import type { NetworkFigures } from "../host/network-figures.ts";

const COUNTED = [
  "bytesReceived",
  "bytesSent",
  "reads",
  "writes",
  "connectionsReceived",
  "connectionsRejected",
  "inputLimitDisconnections",
  "outputLimitDisconnections",
  "subscribedClients",
  "watchingClients",
] as const;
const LOOKED_UP = ["clientBytes", "inputBytesMost", "outputBytesMost"] as const;
const FIELDS = [...COUNTED, ...LOOKED_UP];
type Field = (typeof FIELDS)[number];

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
    for (let i = 0; i < COUNTED.length; i++) row[i] = this.#figures[COUNTED[i] as Field];
  }

  /** Writes what has to be looked up, too. */
  writeAll(): void {
    this.write();
    for (const [i, field] of LOOKED_UP.entries()) {
      this.#row[COUNTED.length + i] = this.#figures[field];
    }
  }
}

/** The figures of all threads together. */
export class AllFigures implements NetworkFigures {
  port = 0;
  readonly #shared: SharedFigures;

  constructor(shared: SharedFigures) {
    this.#shared = shared;
  }

  resetFigures(): void {
    Atomics.add(this.#shared.resets, 0, 1);
    const { rows } = this.#shared;
    for (let i = 0; i < rows.length; i++) if (!isPresent(i % FIELDS.length)) rows[i] = 0;
  }

  get bytesReceived(): number {
    return this.#sum("bytesReceived");
  }
  get bytesSent(): number {
    return this.#sum("bytesSent");
  }
  get reads(): number {
    return this.#sum("reads");
  }
  get writes(): number {
    return this.#sum("writes");
  }
  get connectionsReceived(): number {
    return this.#sum("connectionsReceived");
  }
  get connectionsRejected(): number {
    return this.#sum("connectionsRejected");
  }
  get inputLimitDisconnections(): number {
    return this.#sum("inputLimitDisconnections");
  }
  get outputLimitDisconnections(): number {
    return this.#sum("outputLimitDisconnections");
  }
  get subscribedClients(): number {
    return this.#sum("subscribedClients");
  }
  get watchingClients(): number {
    return this.#sum("watchingClients");
  }
  get clientBytes(): number {
    return this.#sum("clientBytes");
  }
  get inputBytesMost(): number {
    return Math.max(...this.#all("inputBytesMost"));
  }
  get outputBytesMost(): number {
    return Math.max(...this.#all("outputBytesMost"));
  }

  #sum(field: Field): number {
    let sum = 0;
    for (const value of this.#all(field)) sum += value;
    return sum;
  }

  *#all(field: Field): Generator<number> {
    const { rows } = this.#shared;
    for (let at = FIELDS.indexOf(field); at < rows.length; at += FIELDS.length) {
      yield rows[at] as number;
    }
  }
}

/** Of a row: whether it says what is now, and is not counted from some time on. */
function isPresent(index: number): boolean {
  const field = FIELDS[index];
  return field === "subscribedClients" || field === "watchingClients";
}
