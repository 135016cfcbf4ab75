// Walks through an RDB file without making anything of its values: for who wants to know where it
// ends, and whether it is whole.

import { RdbError } from "../../codec/rdb-error.ts";
import type { RdbInput } from "../../codec/rdb-input.ts";
import type { File, Platform } from "../../platform/platform.ts";
import { RdbReader } from "./rdb-reader.ts";

/** Where the file ends that begins here; a log may follow. Throws RdbError: it is not whole. */
export function endOfRdb(input: RdbInput): number {
  const reader = new RdbReader(input);
  if (!reader.begin()) {
    const message = `${input.path} is no RDB file: it does not begin with "REDIS" and a version.`;
    throw new RdbError("RDB_FORMAT", input.path, 0, message);
  }
  while (reader.next()) {
    const { frame } = reader;
    if (frame === undefined) input.fail(`a value of an unknown type, ${reader.format}`);
    else reader.skipValue(frame);
  }
  return input.position;
}

/** When the data of an RDB file were as it says, in seconds since 1970; 0: it does not say. */
export function timeOfRdb(input: RdbInput): number {
  const reader = new RdbReader(input);
  if (!reader.begin()) return 0;
  reader.next();
  const seconds = Number(reader.notes.get("ctime") ?? 0);
  return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : 0;
}

/** Whether a file begins as RDB files do. */
export function isRdb(platform: Platform, file: File): boolean {
  const bytes = new Uint8Array(6);
  platform.read(file, bytes, 0, bytes.length, 0);
  const begin = String.fromCharCode(...bytes);
  return begin.startsWith("REDIS") || begin === "VALKEY";
}
