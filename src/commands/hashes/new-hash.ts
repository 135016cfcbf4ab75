// The hash that a command makes where there is none.

import type { Context } from "../../engine/context.ts";
import { hashesOf } from "../../types/hashes.ts";

/** A new hash at argument 1, without a field. */
export function newHash(c: Context): number {
  const hashes = hashesOf(c);
  const root = hashes.create(); // says of which kind it is
  return c.create(1, hashes.createdKind, root);
}
