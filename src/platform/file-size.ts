// How long a file is that nobody here has open, on top of any platform.

import type { Platform } from "./platform.ts";

/** Bytes. Throws PlatformError. */
export function fileSize(platform: Platform, path: string): number {
  const file = platform.open(path, "read");
  try {
    return platform.size(file);
  } finally {
    platform.close(file);
  }
}
