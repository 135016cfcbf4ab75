// What a command is: one declarative entry and one short function. Dispatch, COMMAND, COMMAND
// DOCS, ACL categories, HELP and the reference documentation all come from these entries. Names of
// flags, groups and argument types are those of Redis's COMMAND and COMMAND DOCS
// (redis.io/docs/latest/commands/command-docs).

import { assert } from "../base/assert.ts";
import type { ConsoleShape } from "../protocol/console-renderer.ts";
import { CommandKeys, type KeyFinder, type RowKeys } from "./key-specs.ts";
import type { Wait } from "./wait.ts";

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
  /** Where the keys are and what happens to them (key-specs.ts); a text: argument 1 is the key. */
  keys?: RowKeys;
  /** Finds the keys of a request where the specifications do not tell all. */
  findKeys?: KeyFinder;
  /**
   * How many words behind its key the first member stands that it looks for: 1 if not said, 0 where
   * it looks for none.
   */
  member?: number;
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
  /** A session that is subscribed in RESP2 may use it. */
  allowedWhenSubscribed?: true;
  /** Inside MULTI it is executed at once. */
  notQueued?: true;
  /**
   * What it is about lives in the thread that opened the database (the configuration, figures of
   * the process): other threads have that one execute it. Of a container: each subcommand.
   */
  owner?: true;
  /** What it waits for at its keys, where it finds nothing there; see Context.block. */
  wait?: Wait;
  /** The error line for which the command is neither called nor queued now, or undefined. */
  guard?: (c: C) => Uint8Array | undefined;
  handler?: (c: C) => void;
}

/** The flags that dispatch and COMMAND know, one bit each, in the order of COMMAND INFO. */
export const Flag = {
  write: 1,
  readonly: 2,
  denyoom: 4,
  module: 8,
  admin: 16,
  pubsub: 32,
  noscript: 64,
  blocking: 128,
  loading: 256,
  stale: 512,
  skip_monitor: 1024,
  skip_slowlog: 2048,
  asking: 4096,
  fast: 8192,
  no_auth: 16384,
  may_replicate: 32768,
  no_mandatory_keys: 65536,
  no_async_loading: 131072,
  no_multi: 262144,
  movablekeys: 524288,
  allow_busy: 1048576,
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
  handler: ((c: never) => void) | undefined;
  readonly subcommands: Map<string, CompiledCommand> | undefined;
  readonly parent: CompiledCommand | undefined;
  readonly keys: CommandKeys;
  /**
   * The argument that is the first key in every request, of whatever subcommand, that has one; 0:
   * none has, or it is not the same.
   */
  readonly firstKey: number;
  /** How many words behind it the member stands that may be loaded ahead, or 0. */
  readonly firstMember: number;
  readonly allowedWhenSubscribed: boolean;
  readonly notQueued: boolean;
  /** Whether there is anything to ask before it is called (Executor.admit). */
  readonly mayBeRefused: boolean;
  /** Whether it looks at the data alone, which goes without the lock of several threads. */
  readonly onlyLooks: boolean;

  /** Its number in the table, set there: subcommands have one as well. */
  index = 0;

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
    this.keys = new CommandKeys(entry.keys ?? [], entry.findKeys);
    this.flags = this.keys.movable ? flags | Flag.movablekeys : flags;
    this.arity = entry.arity;
    this.handler = entry.handler;
    this.parent = parent;
    this.allowedWhenSubscribed = entry.allowedWhenSubscribed === true;
    this.notQueued = entry.notQueued === true;
    // A script that only reads may be left half way, and has the lock as others have.
    const isScript = entry.group === "scripting";
    this.onlyLooks = (flags & Flag.readonly) !== 0 && !isScript && !isOwners(this);
    this.mayBeRefused = (flags & (Flag.write | Flag.denyoom)) !== 0 || entry.guard !== undefined;
    if (entry.subcommands !== undefined) {
      this.subcommands = new Map(
        entry.subcommands.map((sub) => [sub.name, new CompiledCommand(sub, this)]),
      );
    }
    this.firstKey = this.#findFirstKey();
    this.firstMember = entry.member ?? 1;
  }

  #findFirstKey(): number {
    if (this.subcommands === undefined) return this.keys.firstPlace;
    const places = new Set<number>();
    for (const { keys } of this.subcommands.values()) if (keys.any) places.add(keys.firstPlace);
    const [place = 0] = places;
    return places.size === 1 ? place : 0;
  }

  /** ACL categories, "@" left out, as Redis derives them from the flags and has them listed. */
  get categories(): string[] {
    const has = (bit: number): boolean => (this.flags & bit) !== 0;
    const { group, categories = "", subcommands } = this.entry;
    const found = new Set(categories.split(" "));
    // WAIT and SORT are generic commands, but about the connection, or about values of some types.
    const isOfGroup = group !== "generic" || !(found.has("connection") || found.has("list"));
    if (isOfGroup && (subcommands === undefined || this.handler !== undefined)) {
      found.add(groupCategory[group]);
    }
    if (has(Flag.write)) found.add("write");
    if (has(Flag.readonly) && group !== "scripting") found.add("read");
    if (has(Flag.admin)) found.add("admin").add("dangerous");
    if (has(Flag.pubsub)) found.add("pubsub");
    if (has(Flag.blocking)) found.add("blocking");
    found.add(has(Flag.fast) ? "fast" : "slow");
    return categoryNames.filter((name) => found.has(name));
  }
}

/** Whether it is executed by the thread that opened the database (CommandEntry.owner). */
export function isOwners({ entry, parent }: CompiledCommand): boolean {
  return entry.owner === true || parent?.entry.owner === true;
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
