// Where a log is to be founded while the database is served: what lies there is brought into order,
// as a start does it, but nothing of it is loaded. See log-files.ts for the steps that follow.

import type { Platform } from "../../platform/platform.ts";
import type { LeftLogs } from "./left-logs.ts";
import { LogFiles } from "./log-files.ts";
import type { LogPlace } from "./log-place.ts";
import { printOf } from "./log-print.ts";
import { emptyManifest, filesOf, type Manifest, readManifest, refuseOrphans } from "./manifest.ts";
import { finishMoves, foundAtOnce, removeLeftovers, tidy } from "./recovery.ts";

/** A log that is about to be founded, and what there was before. */
export interface Foundation {
  readonly files: LogFiles;
  /** Names of files of a log that the data do not descend from; they stay where they are. */
  readonly kept: readonly string[];
}

/**
 * Opens the first increment of a log that is to be founded. `left` are those that the data descend
 * from. Throws LogError or PlatformError; nothing has changed then.
 */
export function openFoundation(platform: Platform, place: LogPlace, left: LeftLogs): Foundation {
  const found = look(platform, place);
  const manifest = found ?? emptyManifest();
  const replacesOld = isReplaced(platform, place, manifest, left);
  const files = new LogFiles(platform, place, manifest, 0, 0, { replacesOld });
  files.openFirst();
  return { files, kept: replacesOld ? [] : filesOf(manifest).map(({ name }) => name) };
}

/** As the steps that follow on openFoundation, at once. Throws LogError or PlatformError. */
export function foundNow(
  platform: Platform,
  place: LogPlace,
  left: LeftLogs,
  saveBase: (path: string) => void,
): void {
  const found = look(platform, place);
  const replacesOld = found === undefined || isReplaced(platform, place, found, left);
  const manifest = foundAtOnce(platform, place, found, replacesOld, saveBase);
  finishMoves(platform, place, manifest);
  tidy(platform, place, manifest);
}

/** What lies there, in order. */
function look(platform: Platform, place: LogPlace): Manifest | undefined {
  platform.makeDirectory(place.directory);
  const found = readManifest(platform, place);
  if (found === undefined) refuseOrphans(platform, place);
  const manifest = found ?? emptyManifest();
  finishMoves(platform, place, manifest);
  removeLeftovers(platform, place, manifest);
  return found;
}

function isReplaced(
  platform: Platform,
  place: LogPlace,
  manifest: Manifest,
  left: LeftLogs,
): boolean {
  return filesOf(manifest).length === 0 || left.has(printOf(platform, place, manifest));
}
