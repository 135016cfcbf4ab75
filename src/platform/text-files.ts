// Whole files of text, on top of any platform.

import { utf8Bytes, utf8Text } from "../base/bytes.ts";
import { type Platform, PlatformError } from "./platform.ts";

/** The text of a file. Throws PlatformError, also where it is longer than `bytesMax`. */
export function readText(
  platform: Platform,
  path: string,
  bytesMax = Number.POSITIVE_INFINITY,
): string {
  const file = platform.open(path, "read");
  try {
    if (platform.size(file) > bytesMax) {
      throw new PlatformError("EFBIG", path, `${path} is longer than ${bytesMax} bytes`);
    }
    const bytes = new Uint8Array(platform.size(file));
    const length = platform.read(file, bytes, 0, bytes.length, 0);
    return utf8Text(bytes, 0, length);
  } finally {
    platform.close(file);
  }
}

/** Replaces a file as a whole: readers see the old text or the new. Throws PlatformError. */
export function replaceText(platform: Platform, path: string, text: string): void {
  const temporary = `${path}.tmp-${platform.pid}`;
  writeText(platform, temporary, text);
  platform.rename(temporary, path);
}

/** Writes a file anew; when this returns, its content is on the disk. Throws PlatformError. */
export function writeText(platform: Platform, path: string, text: string): void {
  const bytes = utf8Bytes(text);
  const file = platform.open(path, "replace");
  try {
    const error = platform.writeAt(file, bytes, 0, bytes.length, 0) ?? platform.sync(file);
    if (error !== undefined) throw error;
  } finally {
    platform.close(file);
  }
}

/** The path from the root on; of what is there, without symbolic links. */
export function absolutePath(platform: Platform, path: string): string {
  if (platform.exists(path)) return platform.resolve(path);
  if (path.startsWith("/")) return path;
  return `${platform.currentDirectory}/${path.replace(/^(\.\/)+/, "")}`;
}
