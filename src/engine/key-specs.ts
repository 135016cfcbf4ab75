// Key specifications: where a command's keys stand and what happens to them, as COMMAND INFO tells
// it to clients and proxies that route by key. Made from an entry's keys, keyCountAt, keyFlags and
// keyNotes. Format: redis.io/docs/latest/develop/reference/key-specs.

import type { CompiledCommand } from "./command.ts";

/** Words that stand where keys do and route a request as keys do, but are none. */
export const NOT_KEY = "not_key";

export interface KeySpec {
  readonly notes?: string;
  /** "RW", "access", "delete" … */
  readonly flags: readonly string[];
  /** The argument where the search begins. */
  readonly index: number;
  /** The keys from there on: a range, or a count and then the keys. */
  readonly find:
    | { readonly type: "range"; readonly lastKey: number; readonly step: number }
    | { readonly type: "keynum"; readonly countAt: number; readonly firstKey: number };
}

/** The specifications of a command, one for each group in its keyFlags. */
export function keySpecs(command: CompiledCommand): KeySpec[] {
  const { keyCountAt, keyFlags = "" } = command.entry;
  if (!command.hasKeys) return [];
  const groups = keyFlags.split(";").map((group) => group.trim().split(" "));
  if (keyCountAt !== undefined) {
    return [
      { flags: groups[0], index: keyCountAt, find: { type: "keynum", countAt: 0, firstKey: 1 } },
    ];
  }
  const { firstKey, lastKey, keyStep } = command;
  return groups.map((flags, i) => {
    const index = firstKey + i;
    const isLast = i === groups.length - 1;
    const beyond = lastKey < 0 ? lastKey : lastKey - index;
    const notes = i === 0 ? command.entry.keyNotes : undefined;
    const find = { type: "range", lastKey: isLast ? beyond : 0, step: keyStep } as const;
    return { notes, flags, index, find };
  });
}

/** What happens to the key at argument `position`, by keyFlags or what stands in its place. */
export function flagsOfKey(
  command: CompiledCommand,
  keyFlags: string,
  position: number,
): readonly string[] {
  const groups = keyFlags.split(";");
  const first = command.entry.keyCountAt ?? command.firstKey;
  const group = groups[Math.min(position - first, groups.length - 1)];
  return group.trim().split(" ");
}
