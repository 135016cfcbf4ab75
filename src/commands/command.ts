// What a command is: one declarative entry and one short function. Dispatch, COMMAND, COMMAND
// DOCS, ACL categories, the embedded API, HELP and the reference documentation all come from
// these entries. Names of flags, groups and argument types are those of Redis's COMMAND and
// COMMAND DOCS (redis.io/docs/latest/commands/command-docs).

import type { Arguments } from "../protocol/arguments.ts";
import type { Context } from "./context.ts";

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

/** How the console renders a reply where it differs from redis-cli; see console-renderer.ts. */
export type ConsoleHint = string;

export interface Command {
  /** In lower case; a subcommand's is its own word alone. */
  name: string;
  /** Words of the request with the name; negative: at least that many. */
  arity: number;
  /** Space-separated names, as in COMMAND INFO ("write denyoom fast"). */
  flags: string;
  /** First key, last key (negative: from the end) and step; left out where there are none. */
  keys?: readonly [first: number, last: number, step: number];
  /**
   * Finds the keys where their positions depend on the arguments: fills `positions` and returns
   * how many there are, or −1 when the arguments are wrong.
   */
  movableKeys?: (args: Arguments, positions: Int32Array) => number;
  /** What happens to the keys, for COMMAND's key specifications: "RW access delete" and so on. */
  keyFlags?: string;
  group: string;
  since: string;
  complexity: string;
  summary: string;
  args?: readonly ArgumentDoc[];
  subcommands?: readonly Command[];
  console?: ConsoleHint;
  handler?: (c: Context) => void;
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
  readonly entry: Command;
  readonly name: string;
  /** "config|get" for a subcommand. */
  readonly fullName: string;
  readonly nameBytes: Uint8Array;
  readonly flags: number;
  readonly arity: number;
  readonly handler: ((c: Context) => void) | undefined;
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

  constructor(entry: Command, parent?: CompiledCommand) {
    this.entry = entry;
    this.name = entry.name;
    this.fullName = parent === undefined ? entry.name : `${parent.fullName}|${entry.name}`;
    this.nameBytes = new TextEncoder().encode(entry.name);
    let flags = 0;
    for (const flag of entry.flags.split(" ")) {
      if (flag === "") continue;
      const bit = Flag[flag as keyof typeof Flag];
      if (bit === undefined) throw new Error(`command ${this.fullName}: unknown flag '${flag}'`);
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

  /** Fills `positions` (at least args.count long) with the key arguments; returns how many. */
  keyPositions(args: Arguments, positions: Int32Array): number {
    if (this.entry.movableKeys !== undefined) return this.entry.movableKeys(args, positions);
    if (this.firstKey === 0) return 0;
    const last = this.lastKey < 0 ? args.count + this.lastKey : this.lastKey;
    let count = 0;
    for (let i = this.firstKey; i <= last && i < args.count; i += this.keyStep) {
      positions[count++] = i;
    }
    return count;
  }

  /** ACL categories, "@" left out, derived from the flags and the group as Redis derives them. */
  get categories(): string[] {
    const f = this.flags;
    const has = (bit: number): boolean => (f & bit) !== 0;
    const group = groupCategory[this.entry.group];
    const categories: string[] = [];
    if (has(Flag.write)) categories.push("write");
    const dataGroup = group !== undefined && !["connection", "transaction"].includes(group);
    if (has(Flag.readonly) && !["scripting"].includes(group ?? "")) categories.push("read");
    if (has(Flag.admin)) categories.push("admin", "dangerous");
    if (has(Flag.pubsub)) categories.push("pubsub");
    if (has(Flag.fast)) categories.push("fast");
    if (has(Flag.blocking)) categories.push("blocking");
    if (!has(Flag.fast)) categories.push("slow");
    if (group !== undefined && !categories.includes(group)) {
      if (dataGroup) categories.splice(1, 0, group);
      else categories.push(group);
    }
    return categories;
  }
}

const groupCategory: Record<string, string | undefined> = {
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
  pubsub: "pubsub",
};
