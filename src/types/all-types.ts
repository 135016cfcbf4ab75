// The data types of this build: the one list of them.

import type { Keyspace } from "../keyspace/keyspace.ts";
import { Hashes } from "./hashes.ts";
import { Lists } from "./lists.ts";
import { Sets } from "./sets.ts";
import { SortedSets } from "./sorted-sets.ts";
import { Streams } from "./streams.ts";
import { Strings } from "./strings.ts";

/** Lets a keyspace hold every data type. */
export function registerTypes(keyspace: Keyspace): void {
  for (const Type of [Strings, Lists, Hashes, Sets, SortedSets, Streams]) {
    keyspace.register(new Type(keyspace));
  }
}
