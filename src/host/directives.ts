// The configuration directives: what can be set, in one table. Names, bounds and texts are Redis's
// (redis.conf and CONFIG of Redis 7.4), so that files and tools that know Redis find what they
// expect. A directive is one line: its kind with its default, and how it may be set.
//
//   mutable     CONFIG SET may change it while the server runs
//   fixed       only at start; CONFIG SET answers "can't set immutable config"
//   protected   as fixed, because it names files ("can't set protected config")
//   idle        accepted, kept and reported, so that a redis.conf can be used as it is, but without
//               effect in this version; the start-up message names those that were set
//
// Where our defaults differ from Redis's: appendonly is on, dir is ./data, bind is loopback, and
// save is empty, because there are no point-in-time snapshots: the log holds everything.

import { formatEventFlags, parseEventFlags } from "../engine/events.ts";
import { DATABASES_MAX } from "../keyspace/keyspace.ts";
import { evictionPolicies } from "../keyspace/settings.ts";

/** What is wrong with a value, in Redis's words. */
export class Fault extends Error {}

/** How the values of a directive are read and written. */
export interface Kind<T> {
  /** Reads the words of a line; `current` is what earlier lines of the same file made. */
  parse(words: readonly string[], current: T | undefined): T;
  /** As CONFIG GET shows it. */
  format(value: T): string;
  /** As a configuration file has it: the words of each line. */
  lines(value: T): readonly (readonly string[])[];
  /** Whether CONFIG SET's one value is several words. */
  readonly splits: boolean;
}

export interface Directive<T> {
  readonly initial: T;
  readonly kind: Kind<T>;
  readonly setting: "mutable" | "fixed" | "protected";
  readonly isIdle: boolean;
  readonly aliases: readonly string[];
}

interface Options {
  readonly setting?: "mutable" | "fixed" | "protected";
  readonly idle?: boolean;
  readonly aliases?: readonly string[];
}

const INT_MAX = 2147483647;
const UINT_MAX = 4294967295;
const LONG_MAX = 2 ** 63; // Redis's 9223372036854775807, as near as a number comes
const MIB = 1024 * 1024;

function directive<T>(initial: T, kind: Kind<T>, options: Options = {}): Directive<T> {
  return {
    initial,
    kind,
    setting: options.setting ?? "mutable",
    isIdle: options.idle ?? false,
    aliases: options.aliases ?? [],
  };
}

/** A kind whose value is one word. */
function single<T>(parse: (word: string) => T, format: (value: T) => string): Kind<T> {
  return {
    parse(words) {
      if (words.length !== 1) throw new Fault("wrong number of arguments");
      return parse(words[0]);
    },
    format,
    lines: (value) => [[format(value)]],
    splits: false,
  };
}

function wholeText(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
}

function boundText(bound: number): string {
  return bound === LONG_MAX ? "9223372036854775807" : wholeText(bound);
}

function checkBounds(value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw new Fault(`argument must be between ${boundText(min)} and ${boundText(max)} inclusive`);
}

function integer(initial: number, min: number, max: number, options?: Options) {
  const parse = (word: string): number => {
    if (!/^(0|-?[1-9][0-9]{0,18})$/.test(word)) {
      throw new Fault("argument couldn't be parsed into an integer");
    }
    return checkBounds(Number(word), min, max);
  };
  return directive(initial, single(parse, wholeText), options);
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
};

/** Bytes of a memory value such as 1k (1000), 1kb (1024) or 512; undefined when it is none. */
export function parseMemory(word: string): number | undefined {
  const match = /^([0-9]{1,20})([a-z]*)$/i.exec(word);
  if (match === null) return undefined;
  const unit = UNIT_BYTES[match[2].toLowerCase()];
  return unit === undefined ? undefined : Number(match[1]) * unit;
}

function memory(initial: number, min: number, max: number, options?: Options) {
  const parse = (word: string): number => {
    const value = parseMemory(word);
    if (value === undefined) throw new Fault("argument must be a memory value");
    return checkBounds(value, min, max);
  };
  return directive(initial, single(parse, wholeText), options);
}

function flag(initial: boolean, options?: Options) {
  const parse = (word: string): boolean => {
    const lower = word.toLowerCase();
    if (lower !== "yes" && lower !== "no") throw new Fault("argument must be 'yes' or 'no'");
    return lower === "yes";
  };
  const format = (value: boolean): string => (value ? "yes" : "no");
  return directive(initial, single(parse, format), options);
}

function choice<const C extends string>(initial: C, choices: readonly C[], options?: Options) {
  const parse = (word: string): C => {
    const found = choices.find((candidate) => candidate === word.toLowerCase());
    if (found !== undefined) return found;
    throw new Fault(`argument(s) must be one of the following: ${choices.join(", ")}`);
  };
  return directive<C>(initial, single(parse, String), options);
}

function text(initial: string, options?: Options) {
  return directive(
    initial,
    single((word) => word, String),
    options,
  );
}

/** A name of a file, without a path. */
function fileName(initial: string, options?: Options) {
  const parse = (word: string): string => {
    if (word !== "" && !word.includes("/") && !word.includes("\\")) return word;
    throw new Fault("argument can't be a path, just a filename");
  };
  return directive(initial, single(parse, String), options);
}

function words(initial: readonly string[], max: number, options?: Options) {
  const kind: Kind<readonly string[]> = {
    parse(given) {
      if (given.length > max) throw new Fault("wrong number of arguments");
      return given.filter((word) => word !== "");
    },
    format: (value) => value.join(" "),
    lines: (value) => [value.length === 0 ? [""] : value],
    splits: true,
  };
  return directive(initial, kind, options);
}

/** After so many seconds, when there were so many changes. */
export type SavePoint = readonly [seconds: number, changes: number];

const savePoints: Kind<readonly SavePoint[]> = {
  parse(given, current) {
    const numbers = given.length === 1 && given[0] === "" ? [] : given.map(Number);
    const isValid = numbers.every((value, index) => {
      const isPlain = /^[0-9]+$/.test(given[index]);
      return isPlain && Number.isSafeInteger(value) && (index % 2 === 1 || value >= 1);
    });
    if (!isValid || numbers.length % 2 !== 0) throw new Fault("Invalid save parameters");
    const points: SavePoint[] = [];
    for (let i = 0; i < numbers.length; i += 2) points.push([numbers[i], numbers[i + 1]]);
    return numbers.length === 0 ? [] : [...(current ?? []), ...points];
  },
  format: (value) => value.flat().join(" "),
  lines: (value) => (value.length === 0 ? [[""]] : value.map((point) => point.map(String))),
  splits: true,
};

/** How much may wait for a client: at once, and for longer than some seconds; 0 is no limit. */
export interface OutputLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export type OutputLimits = Readonly<Record<"normal" | "replica" | "pubsub", OutputLimit>>;

const outputLimits: Kind<OutputLimits> = {
  parse(given, current) {
    if (given.length === 0 || given.length % 4 !== 0) {
      throw new Fault("Wrong number of arguments in buffer limit configuration.");
    }
    const limits = { ...(current ?? outputLimitsInitial) };
    for (let i = 0; i < given.length; i += 4) {
      const word = given[i].toLowerCase();
      const name = word === "slave" ? "replica" : word;
      if (name !== "normal" && name !== "replica" && name !== "pubsub") {
        throw new Fault("Invalid client class specified in buffer limit configuration.");
      }
      const hardBytes = parseMemory(given[i + 1]);
      const softBytes = parseMemory(given[i + 2]);
      if (hardBytes === undefined || softBytes === undefined || !/^[0-9]+$/.test(given[i + 3])) {
        throw new Fault(
          "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        );
      }
      limits[name] = { hardBytes, softBytes, softSeconds: Number(given[i + 3]) };
    }
    return limits;
  },
  // CONFIG GET still says "slave", as Redis's does.
  format: (value) =>
    limitWords(value)
      .map(([name, ...rest]) => [name === "replica" ? "slave" : name, ...rest].join(" "))
      .join(" "),
  lines: (value) => limitWords(value),
  splits: true,
};

function limitWords(limits: OutputLimits): string[][] {
  return (["normal", "replica", "pubsub"] as const).map((name) => {
    const { hardBytes, softBytes, softSeconds } = limits[name];
    return [name, String(hardBytes), String(softBytes), String(softSeconds)];
  });
}

const outputLimitsInitial: OutputLimits = {
  normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
  replica: { hardBytes: 256 * MIB, softBytes: 64 * MIB, softSeconds: 60 },
  pubsub: { hardBytes: 32 * MIB, softBytes: 8 * MIB, softSeconds: 60 },
};

/** The value is the flags of EventClass. */
const eventFlags = single((word) => {
  const flags = parseEventFlags(word);
  if (flags >= 0) return flags;
  throw new Fault("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
}, formatEventFlags);

const fixed = { setting: "fixed" } as const;
const idle = { idle: true } as const;
const fixedIdle = { setting: "fixed", idle: true } as const;

/** Every directive by its name. CONFIG GET answers in this order. */
export const directives = {
  // The network.
  bind: words(["127.0.0.1", "-::1"], 16, fixed),
  port: integer(6379, 0, 65535, fixed),
  "protected-mode": flag(true),
  "tcp-backlog": integer(511, 0, INT_MAX, fixed),
  timeout: integer(0, 0, INT_MAX),
  "tcp-keepalive": integer(300, 0, INT_MAX),
  maxclients: integer(10000, 1, UINT_MAX),
  requirepass: text(""),
  // A value may have at most 2^30 bytes, and a range of bytes is named by 31-bit offsets.
  "proto-max-bulk-len": memory(512 * MIB, MIB, 1024 * MIB),
  "client-query-buffer-limit": memory(1024 * MIB, MIB, INT_MAX),
  "client-output-buffer-limit": directive(outputLimitsInitial, outputLimits),

  // The process.
  daemonize: flag(false, fixed),
  supervised: choice("no", ["upstart", "systemd", "auto", "no"], fixedIdle),
  pidfile: text("", fixed),
  loglevel: choice("notice", ["debug", "verbose", "notice", "warning", "nothing"]),
  logfile: text("", fixed),
  databases: integer(16, 1, DATABASES_MAX, fixed),
  hz: integer(10, 0, INT_MAX, idle),
  "dynamic-hz": flag(true, idle),
  "enable-debug-command": choice("local", ["no", "yes", "local"], fixed),
  "always-show-logo": flag(false, fixedIdle),
  "set-proc-title": flag(true, fixedIdle),
  "proc-title-template": text("{title} {listen-addr} {server-mode}", idle),
  "crash-log-enabled": flag(true, idle),
  "crash-memcheck-enabled": flag(true, idle),
  "disable-thp": flag(true, fixedIdle),
  "oom-score-adj": choice("no", ["no", "yes", "relative", "absolute"], idle),
  "oom-score-adj-values": words(["0", "200", "800"], 3, idle),
  "io-threads": integer(1, 1, 128, fixedIdle),
  "io-threads-do-reads": flag(false, fixedIdle),
  "jemalloc-bg-thread": flag(true, idle),
  "shutdown-timeout": integer(10, 0, INT_MAX, idle),
  "lua-time-limit": integer(5000, 0, INT_MAX, { idle: true, aliases: ["busy-reply-threshold"] }),
  "acllog-max-len": integer(128, 0, LONG_MAX, idle),
  "tracking-table-max-keys": integer(1000000, 0, LONG_MAX, idle),

  // The data directory and the log.
  dir: text("./data", { setting: "protected" }),
  appendonly: flag(true, fixed),
  appendfilename: fileName("appendonly.aof", fixed),
  appenddirname: fileName("appendonlydir", fixed),
  appendfsync: choice("everysec", ["everysec", "always", "no"]),
  "aof-load-truncated": flag(true),
  "no-appendfsync-on-rewrite": flag(false, idle),
  "auto-aof-rewrite-percentage": integer(100, 0, INT_MAX, idle),
  "auto-aof-rewrite-min-size": memory(64 * MIB, 0, LONG_MAX, idle),
  "aof-use-rdb-preamble": flag(true, idle),
  "aof-timestamp-enabled": flag(false, idle),
  "aof-rewrite-incremental-fsync": flag(true, idle),

  // Point-in-time snapshots, of which there are none.
  save: directive<readonly SavePoint[]>([], savePoints, idle),
  dbfilename: fileName("dump.rdb", { setting: "protected", idle: true }),
  rdbcompression: flag(true, idle),
  rdbchecksum: flag(true, fixedIdle),
  "rdb-del-sync-files": flag(false, idle),
  "rdb-save-incremental-fsync": flag(true, idle),
  "stop-writes-on-bgsave-error": flag(true, idle),
  "sanitize-dump-payload": choice("no", ["no", "yes", "clients"], idle),

  // Memory.
  maxmemory: memory(0, 0, 2 ** 64),
  "maxmemory-policy": choice("noeviction", evictionPolicies),
  "maxmemory-samples": integer(5, 1, 64),
  "maxmemory-eviction-tenacity": integer(10, 0, 100, idle),
  "lfu-log-factor": integer(10, 0, INT_MAX),
  "lfu-decay-time": integer(1, 0, INT_MAX),
  // Large values are always freed in slices.
  "lazyfree-lazy-eviction": flag(false, idle),
  "lazyfree-lazy-expire": flag(false, idle),
  "lazyfree-lazy-server-del": flag(false, idle),
  "lazyfree-lazy-user-del": flag(false, idle),
  "lazyfree-lazy-user-flush": flag(false, idle),
  activerehashing: flag(true, idle),
  activedefrag: flag(false, idle),
  "active-expire-effort": integer(1, 1, 10, idle),

  // Encodings.
  "hash-max-listpack-entries": integer(512, 0, LONG_MAX, { aliases: ["hash-max-ziplist-entries"] }),
  "hash-max-listpack-value": memory(64, 0, LONG_MAX, { aliases: ["hash-max-ziplist-value"] }),
  "list-max-listpack-size": integer(-2, -INT_MAX - 1, INT_MAX, {
    aliases: ["list-max-ziplist-size"],
  }),
  "list-compress-depth": integer(0, 0, INT_MAX, idle),
  "set-max-intset-entries": integer(512, 0, LONG_MAX),
  "set-max-listpack-entries": integer(128, 0, LONG_MAX),
  "set-max-listpack-value": memory(64, 0, LONG_MAX),
  "zset-max-listpack-entries": integer(128, 0, LONG_MAX, {
    idle: true,
    aliases: ["zset-max-ziplist-entries"],
  }),
  "zset-max-listpack-value": memory(64, 0, LONG_MAX, {
    idle: true,
    aliases: ["zset-max-ziplist-value"],
  }),
  "hll-sparse-max-bytes": memory(3000, 0, LONG_MAX, idle),
  "stream-node-max-bytes": memory(4096, 0, LONG_MAX, idle),
  "stream-node-max-entries": integer(100, 0, LONG_MAX, idle),

  // What is noticed and told.
  "notify-keyspace-events": directive<number>(0, eventFlags),
  "slowlog-log-slower-than": integer(10000, -1, LONG_MAX, idle),
  "slowlog-max-len": integer(128, 0, LONG_MAX, idle),
  "latency-monitor-threshold": integer(0, 0, LONG_MAX, idle),
  "latency-tracking": flag(true, idle),
  "latency-tracking-info-percentiles": words(["50", "99", "99.9"], 16, idle),

  // Replication and clusters, of which there are none.
  "cluster-enabled": flag(false, fixed),
  "replica-serve-stale-data": flag(true, { idle: true, aliases: ["slave-serve-stale-data"] }),
  "replica-read-only": flag(true, { idle: true, aliases: ["slave-read-only"] }),
  "replica-priority": integer(100, 0, INT_MAX, { idle: true, aliases: ["slave-priority"] }),
  "replica-lazy-flush": flag(false, { idle: true, aliases: ["slave-lazy-flush"] }),
  "repl-diskless-sync": flag(true, idle),
  "repl-diskless-sync-delay": integer(5, 0, INT_MAX, idle),
  "repl-diskless-sync-max-replicas": integer(0, 0, INT_MAX, idle),
  "repl-diskless-load": choice("disabled", ["disabled", "on-empty-db", "swapdb"], idle),
  "repl-disable-tcp-nodelay": flag(false, idle),
  "repl-backlog-size": memory(MIB, 1, LONG_MAX, idle),
  "repl-timeout": integer(60, 1, INT_MAX, idle),
} as const;

export type DirectiveName = keyof typeof directives;
export type ValueOf<N extends DirectiveName> = (typeof directives)[N]["initial"];

const byName = new Map<string, DirectiveName>();
for (const name of Object.keys(directives) as DirectiveName[]) {
  byName.set(name, name);
  for (const alias of directives[name].aliases) byName.set(alias, name);
}

/** The directive that goes by this name or alias, in any case; undefined when there is none. */
export function directiveNamed(name: string): DirectiveName | undefined {
  return byName.get(name.toLowerCase());
}

/** Every name and alias, with the directive it means. */
export const directiveNames: ReadonlyMap<string, DirectiveName> = byName;

/** The directive's entry, for code that goes over all of them. */
export function directiveOf(name: DirectiveName): Directive<unknown> {
  return directives[name] as unknown as Directive<unknown>;
}
