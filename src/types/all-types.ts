// The data types of this build: the one list of them.

import type { Keyspace } from "../keyspace/keyspace.ts";
import { Hashes } from "./hashes.ts";
import { Lists } from "./lists.ts";
import { Sets } from "./sets.ts";
import { Strings } from "./strings.ts";

/** Lets a keyspace hold every data type. */
export function registerTypes(keyspace: Keyspace): void {
  const { memory, records, tables } = keyspace;
  keyspace.register(new Strings());
  keyspace.register(new Lists(memory, records));
  keyspace.register(new Hashes(memory, records, tables));
  keyspace.register(new Sets(memory, records, tables));
}
