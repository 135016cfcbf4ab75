// Replays a log that is open: DEBUG LOADAOF. Nothing in its files is mended or written.

import type { Platform } from "../../platform/platform.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { LogError } from "./log-error.ts";
import type { LogPlace } from "./log-place.ts";
import { readerOf } from "./log-reader.ts";
import { filesOf, manifestAt } from "./manifest.ts";
import type { LogOptions } from "./recovery.ts";

/** REQUIRES: what was committed is in the files. Throws LogError, RdbError or PlatformError. */
export function replayFiles(
  platform: Platform,
  place: LogPlace,
  options: Pick<LogOptions, "apply" | "foresight" | "loadRdb" | "onRead">,
): void {
  const { apply, foresight, loadRdb, onRead } = options;
  const manifest = manifestAt(platform, place);
  const select = new Arguments();
  select.fill(["SELECT", "0"]);
  for (const { name } of filesOf(manifest)) {
    const path = place.path(name);
    const file = platform.open(path, "read");
    try {
      apply(select);
      const reader = readerOf(platform, file, path, apply, undefined, foresight, loadRdb);
      reader.onRead = (offset) => onRead?.(path, offset);
      reader.run();
      if (reader.reason === "") continue;
      const message = `${path}: ${reader.reason}, at offset ${reader.reasonOffset}`;
      throw new LogError("LOG_DAMAGED", path, reader.reasonOffset, message);
    } finally {
      platform.close(file);
    }
  }
}
