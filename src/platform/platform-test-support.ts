// The process's own platform, for a test that replaces a part of it.

import { type Platform, thisPlatform } from "./index.ts";

/** A platform like the process's whose members may be assigned to; that one stays as it is. */
export function changeablePlatform(): Platform {
  const Kind = thisPlatform().constructor as new () => Platform;
  return new Kind();
}
