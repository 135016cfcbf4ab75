// What a command is: one declarative entry and one short function. Dispatch, COMMAND, COMMAND
// DOCS, ACL categories, HELP and the reference documentation all come from these entries. Names of
// flags, groups and argument types are those of Redis's COMMAND and COMMAND DOCS
// (redis.io/docs/latest/commands/command-docs).

import { assert } from "../base/assert.ts";
import { parseInteger } from "../base/integers.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { ConsoleShape } from "../protocol/console-renderer.ts";

/** The documentation of one argument, as COMMAND DOCS has it. */
export interface ArgumentDoc {
  name: string;
  type:
    | "string"
    | "integer"
    | "double"
    | "key"
    | "pattern"
    | "unix-time"
    | "pure-token"
    | "oneof"
    | "block";
  /** The literal word that stands before the argument, or is it. */
  token?: string;
  keySpecIndex?: number;
  since?: string;
  optional?: boolean;
  multiple?: boolean;
  multipleToken?: boolean;
  arguments?: ArgumentDoc[];
}

/**
 * The entry of a command whose handler is given a C. Handlers are given a Context (context.ts has
 * the type Command for that); what is here looks at everything but the handler, and needs no more
 * than that there is one.
 */
export interface CommandEntry<C = never> {
  /** In lower case; a subcommand's is its own word alone. */
  name: string;
  /** Words of the request with the name; negative: at least that many. */
  arity: number;
  /** Space-separated names, as in COMMAND INFO ("write denyoom fast"). */
  flags: string;
  /** First key, last key (negative: from the end) and step; left out where there are none. */
  keys?: readonly [first: number, last: number, step: number];
  /** The argument that says how many keys follow it, where the keys stand so. */
  keyCountAt?: number;
  /**
   * What happens to the keys, for COMMAND's key specifications: "RW access delete". Where the
   * first keys differ, one of these for each of them, and the last for the rest, divided by "; ".
   */
  keyFlags?: string;
  /** The same for a particular request, where it depends on options (then variable_flags). */
  keyFlagsOf?: (args: Arguments) => string;
  /** What the first key specification adds to that in words. */
  keyNotes?: string;
  /** Hints for proxies and clients in COMMAND INFO: "request_policy:all_shards" and so on. */
  tips?: string;
  /** ACL categories beyond those that follow from flags and group. */
  categories?: string;
  /** Since when it is deprecated, and what has replaced it. */
  deprecated?: readonly [since: string, replacedBy: string];
  group: string;
  since: string;
  complexity: string;
  summary: string;
  args?: readonly ArgumentDoc[];
  subcommands?: readonly CommandEntry<C>[];
  /** How the console renders a reply where it differs from redis-cli; see console-renderer.ts. */
  console?: ConsoleShape;
  /** The error line for which the command is not even queued at the moment, or undefined. */
  guard?: (c: C) => Uint8Array | undefined;
  handler?: (c: C) => void;
}

/** The flags that dispatch and COMMAND know, one bit each. */
export const Flag = {
  write: 1,
  readonly: 2,
  denyoom: 4,
  admin: 8,
  pubsub: 16,
  noscript: 32,
  blocking: 64,
  loading: 128,
  stale: 256,
  skip_monitor: 512,
  skip_slowlog: 1024,
  asking: 2048,
  fast: 4096,
  no_auth: 8192,
  may_replicate: 16384,
  allow_busy: 32768,
  movablekeys: 65536,
  no_multi: 131072,
  no_async_loading: 262144,
  no_mandatory_keys: 524288,
  module: 1048576,
} as const;

/** A command as dispatch holds it. */
export class CompiledCommand {
  readonly entry: CommandEntry;
  readonly name: string;
  /** "config|get" for a subcommand. */
  readonly fullName: string;
  readonly nameBytes: Uint8Array;
  readonly flags: number;
  readonly arity: number;
  readonly handler: ((c: never) => void) | undefined;
  readonly subcommands: Map<string, CompiledCommand> | undefined;
  readonly parent: CompiledCommand | undefined;
  readonly firstKey: number;
  readonly lastKey: number;
  readonly keyStep: number;

  // Statistics (INFO commandstats).
  calls = 0;
  microseconds = 0;
  rejected = 0;
  failed = 0;

  constructor(entry: CommandEntry, parent?: CompiledCommand) {
    this.entry = entry;
    this.name = entry.name;
    this.fullName = parent === undefined ? entry.name : `${parent.fullName}|${entry.name}`;
    this.nameBytes = new TextEncoder().encode(entry.name);
    let flags = 0;
    for (const flag of entry.flags.split(" ")) {
      if (flag === "") continue;
      const bit = Flag[flag as keyof typeof Flag];
      assert(bit !== undefined, "the flags of a command are known");
      flags |= bit;
    }
    this.flags = flags;
    this.arity = entry.arity;
    this.handler = entry.handler;
    this.parent = parent;
    this.firstKey = entry.keys?.[0] ?? 0;
    this.lastKey = entry.keys?.[1] ?? 0;
    this.keyStep = entry.keys?.[2] ?? 0;
    if (entry.subcommands !== undefined) {
      this.subcommands = new Map(
        entry.subcommands.map((sub) => [sub.name, new CompiledCommand(sub, this)]),
      );
    }
  }

  /**
   * Fills `positions` (at least args.count long) with the key arguments; returns how many, or −1
   * when the arguments are wrong.
   */
  keyPositions(args: Arguments, positions: Int32Array): number {
    const countAt = this.entry.keyCountAt;
    if (countAt !== undefined) return countedKeys(args, countAt, positions);
    if (this.firstKey === 0) return 0;
    const last = this.lastKey < 0 ? args.count + this.lastKey : this.lastKey;
    let count = 0;
    for (let i = this.firstKey; i <= last && i < args.count; i += this.keyStep) {
      positions[count++] = i;
    }
    return count;
  }

  /** Whether it can have keys. */
  get hasKeys(): boolean {
    return this.firstKey !== 0 || this.entry.keyCountAt !== undefined;
  }

  /** ACL categories, "@" left out, as Redis derives them from the flags and has them listed. */
  get categories(): string[] {
    const has = (bit: number): boolean => (this.flags & bit) !== 0;
    const { group, categories = "", subcommands } = this.entry;
    const found = new Set(categories.split(" "));
    if (subcommands === undefined || this.handler !== undefined) found.add(groupCategory[group]);
    if (has(Flag.write)) found.add("write");
    if (has(Flag.readonly) && group !== "scripting") found.add("read");
    if (has(Flag.admin)) found.add("admin").add("dangerous");
    if (has(Flag.pubsub)) found.add("pubsub");
    if (has(Flag.blocking)) found.add("blocking");
    found.add(has(Flag.fast) ? "fast" : "slow");
    return categoryNames.filter((name) => found.has(name));
  }
}

/** Keys behind the argument that counts them; −1 when there are not so many. */
function countedKeys(args: Arguments, countAt: number, positions: Int32Array): number {
  if (countAt >= args.count) return -1;
  const count = parseInteger(args.bytes, args.starts[countAt], args.ends[countAt]);
  if (!(count >= 1 && count < args.count - countAt)) return -1;
  for (let i = 0; i < count; i++) positions[i] = countAt + 1 + i;
  return count;
}

/** Every category, in Redis's order. */
export const categoryNames: readonly string[] = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
];

/** The category of a group's commands, for the groups whose flags do not tell it. */
const groupCategory: Record<string, string> = {
  string: "string",
  list: "list",
  hash: "hash",
  set: "set",
  "sorted-set": "sortedset",
  stream: "stream",
  bitmap: "bitmap",
  hyperloglog: "hyperloglog",
  geo: "geo",
  generic: "keyspace",
  connection: "connection",
  transactions: "transaction",
  scripting: "scripting",
};
