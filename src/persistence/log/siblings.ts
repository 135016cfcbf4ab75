// What the files beside a log say of it: whether data is missing that its own files do not miss.
//
// An increment begins with an opening, which is on the disk before the manifest names it. Only
// redis-server makes one of no bytes, and it makes a base with it. So a log without a base whose
// files are all empty has been emptied by somebody, or its disk has lost it. Where a torn end was
// once cut off such a file, or increments with data lie beside it that are not named, that is
// certain, and the start is refused; else it is said.
//
// An increment with data that nobody names, numbered higher than those that are named, was written
// after this manifest: the manifest is an older one. redis-server starts without a word; so do we,
// but for the word.

import { fileSize } from "../../platform/file-size.ts";
import type { Platform } from "../../platform/platform.ts";
import { LogError } from "./log-error.ts";
import type { LogPlace } from "./log-place.ts";
import { filesOf, type Manifest } from "./manifest.ts";

/** What is to be said of the log at a start, a sentence each. */
export function warningsOf(platform: Platform, place: LogPlace, manifest: Manifest): string[] {
  const warnings: string[] = [];
  if (isEmptied(platform, place, manifest)) {
    const path = place.path(manifest.increments[0].name);
    warnings.push(
      `${path} was empty, without even the opening of a new log: if there was data in it, stop ` +
        "the server and restore a backup.",
    );
  }
  const later = laterFiles(platform, place, manifest);
  if (later.length > 0 && filesOf(manifest).length > 0) {
    warnings.push(
      `${place.manifestPath} does not name ${later.join(", ")}, with data and higher numbers than ` +
        "those it names: if it was restored from an older backup, what they hold is missing.",
    );
  }
  return warnings;
}

/** Throws where the log is empty and the files beside it say that it was not. */
export function refuseEmptied(platform: Platform, place: LogPlace, manifest: Manifest): void {
  if (!isEmptied(platform, place, manifest)) return;
  const names = platform.list(place.directory);
  const cut = manifest.increments.flatMap(({ name }) =>
    names.filter((other) => other.startsWith(`${name}.torn-`)),
  );
  const found = [...cut, ...laterFiles(platform, place, manifest)];
  if (found.length === 0) return;
  const path = place.path(manifest.increments[0].name);
  throw new LogError(
    "LOG_DAMAGED",
    path,
    0,
    `${path} is empty, but ${found.join(", ")} beside it show that it was not. Restore the file ` +
      "from a backup; to begin anew, move everything out of the directory.",
  );
}

/**
 * What an interrupted rewrite has left: files under temporary names, increments that nothing was
 * written to, and the base that it had begun.
 */
export function leftovers(platform: Platform, place: LogPlace, manifest: Manifest): string[] {
  const named = new Set([...filesOf(manifest), ...manifest.history].map(({ name }) => name));
  const begun = `temp-${place.fileName}.`;
  const temporary = platform.list(place.directory).filter((name) => name.startsWith(begun));
  const unnamed = place.dataFiles(platform).filter((name) => {
    if (named.has(name)) return false;
    return name === manifest.begun || !place.holdsData(platform, name);
  });
  return [...temporary, ...unnamed];
}

function isEmptied(platform: Platform, place: LogPlace, manifest: Manifest): boolean {
  const { base, increments } = manifest;
  if (base !== undefined || increments.length === 0) return false;
  return increments.every(({ name }) => fileSize(platform, place.path(name)) === 0);
}

/** Increments with data that the manifest does not name, though their numbers are the highest. */
export function laterFiles(platform: Platform, place: LogPlace, manifest: Manifest): string[] {
  const named = [...filesOf(manifest), ...manifest.history];
  const last = Math.max(0, ...named.map(({ sequence }) => sequence));
  return place.dataFiles(platform).filter((name) => {
    const number = Number(/\.([0-9]+)\.incr\.aof$/.exec(name)?.[1] ?? 0);
    const isNamed = named.some((file) => file.name === name);
    return number > last && !isNamed && place.holdsData(platform, name);
  });
}
