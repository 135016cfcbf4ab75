// file: URLs as the system's paths.

import { fileURLToPath } from "node:url";

/** The path that a file: URL names. Throws TypeError where it names none. */
export function pathOfUrl(url: string): string {
  return fileURLToPath(url);
}
