// The handle of a shared database: all that another thread needs to attach to it. It is made of
// shared buffers and plain values, so that postMessage, workerData and environment data carry it,
// and a copy of it is as good as itself.

import { LatencyHistograms } from "../engine/latency-histogram.ts";
import type { SharedSegments } from "../memory/arenas.ts";
import type { SharedLog } from "../persistence/log/log.ts";
import { MEMBERS_MAX, newControl, newMailboxes } from "./control.ts";
import { ROSTER_BYTES_MAX } from "./roster.ts";

/** What hands a database over to another thread; see Database.share(). Opaque to programs. */
export interface SharedDatabase {
  /** The version of the module that made it: others may lay memory out in another way. */
  readonly tskeydb: string;
  /** Tells databases of a process apart. */
  readonly id: string;
  /** The directory, as an absolute path, or "" for a database in memory. */
  readonly path: string;
  readonly databases: number;
  readonly control: Int32Array;
  readonly segments: SharedSegments;
  /** Null for a database in memory. */
  readonly log: SharedLog | null;
  readonly roster: SharedArrayBuffer;
  /** How long calls took; see LatencyHistograms. */
  readonly histograms: SharedArrayBuffer;
  readonly mailboxes: SharedArrayBuffer;
}

/**
 * What a handle holds besides the segments: made once, by the owner.
 * @param commands how many there are
 */
export function newMeeting(
  commands: number,
): Pick<SharedDatabase, "control" | "roster" | "mailboxes" | "histograms"> {
  const histogramBytes = LatencyHistograms.bytesMax(MEMBERS_MAX, commands);
  return {
    histograms: new SharedArrayBuffer(0, { maxByteLength: histogramBytes }),
    control: newControl(),
    roster: new SharedArrayBuffer(0, { maxByteLength: ROSTER_BYTES_MAX }),
    mailboxes: newMailboxes(),
  };
}

/** What util.inspect, and so console.log, asks an object for. Cloning leaves symbols out. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** The handle, shown as one line where it is printed: its buffers are megabytes. */
export function printable(handle: SharedDatabase): SharedDatabase {
  const { id, path } = handle;
  const where = path === "" ? "in memory" : path;
  const value = (): string => `SharedDatabase(${where}, ${id})`;
  return Object.defineProperty(handle, INSPECT, { value, configurable: true });
}

/** Whether a value is a handle, from this realm or another. */
export function isSharedDatabase(value: unknown): value is SharedDatabase {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { tskeydb?: unknown }).tskeydb === "string" &&
    typeof (value as { mailboxes?: unknown }).mailboxes === "object"
  );
}
