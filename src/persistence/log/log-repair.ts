// Repairing a log, so that it can be loaded: it ends before the first thing that is wrong, and
// nothing is guessed. What lay behind, whole batches among it, is kept beside it.
//
// What cannot be repaired is refused: a base that is missing, or that is wrong (what it held is
// nowhere else), and a manifest that contradicts itself.

import type { Platform } from "../../platform/platform.ts";
import { cutAt } from "./cut.ts";
import { endLog, type Kept } from "./log-end.ts";
import { LogError } from "./log-error.ts";
import type { LogPlace } from "./log-place.ts";
import { type Apply, readerOf } from "./log-reader.ts";
import { filesOf, type LogFileType, manifestAt } from "./manifest.ts";
import { refuseEmptied } from "./siblings.ts";
import { Survey } from "./survey.ts";

export interface RepairOptions {
  readonly platform: Platform;
  readonly place: LogPlace;
  /** Receives each whole command among what is cut off. */
  readonly drop: Apply;
  readonly onRead?: (path: string, offset: number) => void;
}

export interface Repair {
  /** Where the log ends now, and why; undefined where nothing was wrong. */
  readonly end:
    | { readonly path: string; readonly offset: number; readonly reason: string }
    | undefined;
  readonly kept: readonly Kept[];
  /** What is no part of the log any more. */
  readonly dropped: Survey;
  /** When the last of what is left was executed, as its stamps say; 0: they do not. */
  readonly lastTime: number;
}

/** The place in a log where something is wrong. */
interface Fault {
  readonly index: number;
  readonly offset: number;
  readonly reason: string;
}

/** Makes a log loadable. REQUIRES: the lock of the data directory. */
export function repairLog(options: RepairOptions): Repair {
  const { platform, place } = options;
  const manifest = manifestAt(platform, place);
  const dropped = new Survey(platform, options.drop);
  const files = filesOf(manifest).map(({ name, type }) => ({ path: place.path(name), type }));
  const { fault, lastTime } = firstFault(options, files);
  if (fault === undefined) {
    refuseEmptied(platform, place, manifest);
    return { end: undefined, kept: [], dropped, lastTime };
  }
  const { index, offset, reason } = fault;
  const { path } = files[index];
  dropped.add(path, offset);
  for (const later of files.slice(index + 1)) {
    if (platform.kindOf(later.path) === "file") dropped.add(later.path, 0);
  }
  const kept = endLog(platform, place, manifest, index, offset, reason);
  return { end: { path, offset, reason }, kept, dropped, lastTime };
}

/** As repairLog, of a log that is one file, as Redis before 7 kept it. */
export function repairFile(options: Omit<RepairOptions, "place">, path: string): Repair {
  const { platform } = options;
  const dropped = new Survey(platform, options.drop);
  const { fault, lastTime } = firstFault(options, [{ path, type: "i" }]);
  if (fault === undefined) return { end: undefined, kept: [], dropped, lastTime };
  const { offset, reason } = fault;
  dropped.add(path, offset);
  const file = platform.open(path, "update");
  try {
    const kept = [cutAt(platform, file, path, offset, reason)];
    return { end: { path, offset, reason }, kept, dropped, lastTime };
  } finally {
    platform.close(file);
  }
}

function firstFault(
  { platform, onRead }: Omit<RepairOptions, "place">,
  files: readonly { readonly path: string; readonly type: LogFileType }[],
): { fault: Fault | undefined; lastTime: number } {
  let lastTime = 0;
  let end = 0;
  for (let index = 0; index < files.length; index++) {
    const { path, type } = files[index];
    if (platform.kindOf(path) !== "file") {
      if (index === 0) {
        throw new LogError(
          "LOG_MISSING",
          path,
          0,
          `${path} is missing, and the log begins with it`,
        );
      }
      const reason = `${path} is missing`;
      return { fault: { index: index - 1, offset: end, reason }, lastTime };
    }
    const file = platform.open(path, "read");
    try {
      const reader = readerOf(platform, file, path, null);
      reader.onRead = (offset) => onRead?.(path, offset);
      reader.run();
      if (reader.lastTime > 0) lastTime = reader.lastTime;
      end = reader.size;
      if (reader.reason === "") continue;
      if (type === "b" && files.length > 1) {
        const text = `${path}: ${reader.reason}, at offset ${reader.reasonOffset}; it is the base`;
        throw new LogError("LOG_DAMAGED", path, reader.whole, `${text}: restore it from a backup`);
      }
      const reason = `${reader.reason}, at offset ${reader.reasonOffset}`;
      return { fault: { index, offset: reader.whole, reason }, lastTime };
    } finally {
      platform.close(file);
    }
  }
  return { fault: undefined, lastTime };
}
