// Picks the platform by the runtime that the process is.

import { BunPlatform } from "./bun.ts";
import { NodePlatform } from "./node.ts";
import type { Platform } from "./platform.ts";

export * from "./platform.ts";

let current: Platform | undefined;

/** The platform of this thread; the same one at every call. */
export function thisPlatform(): Platform {
  current ??= "bun" in process.versions ? new BunPlatform() : new NodePlatform();
  return current;
}
