// Going through a table by index, for those who do not change it meanwhile: no key is looked up.

import type { LuaTable } from "./table.ts";

/** The index of the next pair from `index` on, in the order of `pairs`, or -1. */
export function nextUsed(table: LuaTable, index: number): number {
  const { array, nodeValues } = table;
  const size = array.length;
  let at = index;
  for (; at < size; at++) if (array[at] !== undefined) return at;
  const end = size + nodeValues.length;
  for (; at < end; at++) if (nodeValues[at - size] !== undefined) return at;
  return -1;
}
