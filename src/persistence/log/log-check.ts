// Checking a log without opening it: what `tskeydb check` reports. Nothing is changed.

import { messageOf } from "../../base/realms.ts";
import { RdbError } from "../../codec/rdb-error.ts";
import type { Platform } from "../../platform/platform.ts";
import { evidenceOfDamage } from "./damage.ts";
import { LogError } from "./log-error.ts";
import type { LogPlace } from "./log-place.ts";
import { readerOf } from "./log-reader.ts";
import { filesOf, type LogFile, manifestAt, wordFor } from "./manifest.ts";
import { tailOf } from "./recovery.ts";
import { refuseEmptied, warningsOf } from "./siblings.ts";

/** What `checkLog` says of one file. */
export interface FileCheck {
  readonly path: string;
  readonly type: LogFile["type"];
  readonly commands: number;
  readonly batches: number;
  /** Bytes that are whole. */
  readonly bytes: number;
  readonly verdict: "ok" | "torn" | "damaged" | "missing";
  /** Where the trouble begins; −1 when there is none. */
  readonly offset: number;
  /** What is wrong, and what was or can be done; empty when all is well. */
  readonly text: string;
  /** When the last of what is whole was executed, as stamps say; 0: they do not. */
  readonly lastTime: number;
}

export interface LogCheck {
  readonly files: readonly FileCheck[];
  /** What a start would say besides, a sentence each. */
  readonly warnings: readonly string[];
  /** Whether the log would be opened as it is now, without losing anything. */
  readonly isWhole: boolean;
}

export interface CheckOptions {
  platform: Platform;
  place: LogPlace;
  onRead?: ((path: string, offset: number) => void) | undefined;
}

/** Reads the log without applying it. */
export function checkLog(options: CheckOptions): LogCheck {
  const { platform, place } = options;
  const manifest = manifestAt(platform, place);
  const listed = filesOf(manifest);
  const tailFrom = tailOf(platform, place, listed);
  const files = listed.map((file, i) =>
    checkFile(options, place.path(file.name), file.type, i >= tailFrom),
  );
  if (files.every(({ verdict }) => verdict === "ok")) refuseEmptied(platform, place, manifest);
  const warnings = files.some(({ verdict }) => verdict === "missing")
    ? []
    : warningsOf(platform, place, manifest);
  const isWhole = files.every((file) => file.verdict === "ok");
  return { files, warnings, isWhole };
}

/** As checkLog, for one file alone, as if a log ended with it. */
export function checkFile(
  { platform, onRead }: Pick<CheckOptions, "platform" | "onRead">,
  path: string,
  type: LogFile["type"] = "i",
  isTail = true,
): FileCheck {
  const nothing = { path, type, commands: 0, batches: 0, bytes: 0, offset: 0, lastTime: 0 };
  const kind = platform.kindOf(path);
  if (kind !== "file") {
    const what = kind === "nothing" ? "" : `it is ${wordFor(kind)}; `;
    return { ...nothing, verdict: "missing", text: `${what}the manifest names it; restore it` };
  }
  const file = platform.open(path, "read");
  try {
    const reader = readerOf(platform, file, path, null);
    reader.onRead = (offset) => onRead?.(path, offset);
    reader.run();
    const { commands, batches, whole, reason, lastTime } = reader;
    const counts = { path, type, commands, batches, bytes: whole, lastTime };
    if (reason === "") return { ...counts, verdict: "ok", offset: -1, text: "" };
    const evidence = isTail ? evidenceOfDamage(platform, file, path, reader) : undefined;
    const rest = reader.size - whole;
    const found = `${reason}, at offset ${reader.reasonOffset}; ${rest} bytes from ${whole} on`;
    if (isTail && evidence === undefined) {
      const text = `${found} are a torn write: the next start, or repair, moves them aside`;
      return { ...counts, verdict: "torn", offset: whole, text };
    }
    const text =
      evidence === undefined
        ? `${found} cannot be used, and it is not the last file: restore it from a backup, or let repair ` +
          "end the log there, and move aside what follows"
        : `${found} are no torn write, as ${evidence.what} at ${evidence.offset}: restore the file ` +
          "from a backup, or let repair move them aside, with the valid data among them";
    return { ...counts, verdict: "damaged", offset: whole, text };
  } catch (error) {
    if (!(error instanceof LogError || error instanceof RdbError)) throw error;
    return { ...nothing, verdict: "damaged", offset: error.offset, text: messageOf(error) };
  } finally {
    platform.close(file);
  }
}
