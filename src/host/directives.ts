// The configuration directives: what can be set, in one table. Names, bounds and texts are Redis's
// (redis.conf and CONFIG of Redis 7.4), so that files and tools that know Redis find what they
// expect. A directive is one line: its kind with its default, and how it may be set.
//
//   mutable     CONFIG SET may change it while the server runs
//   fixed       only at start; CONFIG SET answers "can't set immutable config"
//   protected   as fixed, because it names files ("can't set protected config",
//               unless enable-protected-configs allows it)
//   idle        accepted, kept and reported, so that a redis.conf can be used as it is, but without
//               effect in this version; the start-up message names those that were set
//   hidden      CONFIG GET tells of it only by its whole name
//
// Where our defaults differ from Redis's: appendonly is on, dir is ./data, bind is loopback, and
// save is empty, because there are no point-in-time snapshots: the log holds everything.

import { redisVersion } from "../engine/version.ts";
import { DATABASES_MAX } from "../keyspace/keyspace.ts";
import { evictionPolicies } from "../keyspace/settings.ts";
import { IidLimits } from "../structures/stream-iids.ts";
import {
  bindAddresses,
  choice,
  type Directive,
  directive,
  eventFlags,
  fileName,
  flag,
  hostName,
  INT_MAX,
  integer,
  LONG_MAX,
  MIB,
  masterAddress,
  memory,
  memoryOrPercent,
  oomScores,
  outputLimits,
  outputLimitsInitial,
  percentiles,
  permissions,
  type SavePoint,
  savePoints,
  shutdownWords,
  text,
  titleTemplate,
  UINT_MAX,
  ULONG_MAX,
  versionNumber,
  words,
} from "./directive-kinds.ts";

const fixed = { setting: "fixed" } as const;
const idle = { idle: true } as const;
const fixedIdle = { setting: "fixed", idle: true } as const;
const hiddenIdle = { hidden: true, idle: true } as const;

const SYSLOG_FACILITIES = [
  "user",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
] as const;

/** Every directive by its name. CONFIG GET answers in this order. */
export const directives = {
  // The network.
  bind: words(["127.0.0.1", "-::1"], bindAddresses, fixed),
  port: integer(6379, 0, 65535, fixed),
  "protected-mode": flag(true),
  "tcp-backlog": integer(511, 0, INT_MAX, fixed),
  timeout: integer(0, 0, INT_MAX),
  "tcp-keepalive": integer(300, 0, INT_MAX),
  maxclients: integer(10000, 1, UINT_MAX),
  requirepass: text(""),
  "bind-source-addr": text("", idle),
  "socket-mark-id": integer(0, 0, UINT_MAX, fixedIdle),
  unixsocket: text("", fixed),
  unixsocketperm: permissions(0, 0o777, fixedIdle),
  "max-new-connections-per-cycle": integer(10, 1, 1000, idle),
  "max-new-tls-connections-per-cycle": integer(1, 1, 1000, idle),
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
  hz: integer(10, 0, INT_MAX, { idle: true, clamp: [1, 500] }),
  "dynamic-hz": flag(true, idle),
  "enable-protected-configs": choice("no", ["no", "yes", "local"], fixed),
  "enable-debug-command": choice("local", ["no", "yes", "local"], fixed),
  "enable-module-command": choice("no", ["no", "yes", "local"], fixed),
  // Ours: what clients are told that this is.
  "redis-version-reported": versionNumber(redisVersion),
  "always-show-logo": flag(false, fixedIdle),
  "set-proc-title": flag(true, fixedIdle),
  "proc-title-template": titleTemplate("{title} {listen-addr} {server-mode}", idle),
  "crash-log-enabled": flag(true, idle),
  "crash-memcheck-enabled": flag(true, idle),
  "disable-thp": flag(true, fixedIdle),
  "oom-score-adj": choice("no", ["no", "yes", "relative", "absolute"], idle, {
    relative: "yes",
  }),
  "oom-score-adj-values": words(["0", "200", "800"], oomScores, idle),
  "io-threads": integer(1, 1, 128, fixed),
  "io-threads-do-reads": flag(false, fixedIdle),
  "jemalloc-bg-thread": flag(true, idle),
  "shutdown-timeout": integer(10, 0, INT_MAX, idle),
  "shutdown-on-sigint": words(["default"], shutdownWords),
  "shutdown-on-sigterm": words(["default"], shutdownWords),
  // Ours: functions of scripts that run much become JavaScript, where the process may make such.
  "script-hot-code": flag(true, fixed),
  "busy-reply-threshold": integer(5000, 0, LONG_MAX, { aliases: ["lua-time-limit"] }),
  "server-cpulist": text("", { ...fixedIdle, aliases: ["server_cpulist"] }),
  "bio-cpulist": text("", { ...fixedIdle, aliases: ["bio_cpulist"] }),
  "aof-rewrite-cpulist": text("", { ...fixedIdle, aliases: ["aof_rewrite_cpulist"] }),
  "bgsave-cpulist": text("", { ...fixedIdle, aliases: ["bgsave_cpulist"] }),
  "syslog-enabled": flag(false, fixedIdle),
  "syslog-ident": text("redis", fixedIdle),
  "syslog-facility": choice("local0", SYSLOG_FACILITIES, fixedIdle),
  "ignore-warnings": text("", idle),
  "hide-user-data-from-log": flag(false, idle),
  "locale-collate": text("", idle),
  "use-exit-on-panic": flag(false, hiddenIdle),
  "watchdog-period": integer(0, 0, INT_MAX, hiddenIdle),
  "propagation-error-behavior": choice("ignore", ["ignore", "panic", "panic-on-replicas"], idle),
  "acllog-max-len": integer(128, 0, LONG_MAX, idle),
  "tracking-table-max-keys": integer(1000000, 0, LONG_MAX, idle),

  // The data directory and the log.
  dir: text("./data", { setting: "protected" }),
  appendonly: flag(true),
  appendfilename: fileName("appendonly.aof", "appendfilename", "filename", fixed),
  appenddirname: fileName("appendonlydir", "appenddirname", "dirname", fixed),
  appendfsync: choice("everysec", ["everysec", "always", "no"]),
  "aof-load-truncated": flag(true),
  "no-appendfsync-on-rewrite": flag(false, idle),
  "auto-aof-rewrite-percentage": integer(100, 0, INT_MAX),
  "auto-aof-rewrite-min-size": memory(64 * MIB, 0, LONG_MAX),
  "aof-use-rdb-preamble": flag(true, idle),
  "aof-timestamp-enabled": flag(true),
  "aof-rewrite-incremental-fsync": flag(true),
  "aof-disable-auto-gc": flag(false, hiddenIdle),

  // Snapshots.
  save: directive<readonly SavePoint[]>([], savePoints),
  dbfilename: fileName("dump.rdb", "dbfilename", "filename", { setting: "protected" }),
  rdbcompression: flag(true),
  rdbchecksum: flag(true, fixed),
  "rdb-del-sync-files": flag(false, idle),
  "rdb-save-incremental-fsync": flag(true),
  "stop-writes-on-bgsave-error": flag(true),
  "rdb-key-save-delay": integer(0, -INT_MAX - 1, INT_MAX, hiddenIdle),
  "key-load-delay": integer(0, -INT_MAX - 1, INT_MAX, hiddenIdle),
  "loading-process-events-interval-bytes": integer(2 * MIB, 1024, INT_MAX, hiddenIdle),
  "sanitize-dump-payload": choice("no", ["no", "yes", "clients"], idle),

  // Memory.
  maxmemory: memory(0, 0, ULONG_MAX),
  "maxmemory-policy": choice("noeviction", evictionPolicies),
  "maxmemory-samples": integer(5, 1, 64),
  "maxmemory-eviction-tenacity": integer(10, 0, 100, idle),
  "maxmemory-clients": memoryOrPercent(0, idle),
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
  "active-defrag-cycle-min": integer(1, 1, 99, idle),
  "active-defrag-cycle-max": integer(25, 1, 99, idle),
  "active-defrag-threshold-lower": integer(10, 0, 1000, idle),
  "active-defrag-threshold-upper": integer(100, 0, 1000, idle),
  "active-defrag-ignore-bytes": memory(100 * MIB, 1, LONG_MAX, idle),
  "active-defrag-max-scan-fields": integer(1000, 1, LONG_MAX, idle),
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
  "zset-max-listpack-entries": integer(128, 0, LONG_MAX, { aliases: ["zset-max-ziplist-entries"] }),
  "zset-max-listpack-value": memory(64, 0, LONG_MAX, { aliases: ["zset-max-ziplist-value"] }),
  "hll-sparse-max-bytes": memory(3000, 0, LONG_MAX),
  "stream-node-max-bytes": memory(4096, 0, LONG_MAX),
  "stream-node-max-entries": integer(100, 0, LONG_MAX),
  "stream-idmp-duration": integer(IidLimits.seconds, 1, IidLimits.secondsMax),
  "stream-idmp-maxsize": integer(IidLimits.most, 1, IidLimits.mostMax),

  // What is noticed and told.
  "notify-keyspace-events": directive<number>(0, eventFlags),
  "slowlog-log-slower-than": integer(10000, -1, LONG_MAX, idle),
  "slowlog-max-len": integer(128, 0, LONG_MAX, idle),
  "latency-monitor-threshold": integer(0, 0, LONG_MAX, idle),
  "latency-tracking": flag(true),
  "latency-tracking-info-percentiles": words(["50", "99", "99.9"], percentiles),

  // Users, of whom there is one.
  aclfile: text("", fixed),
  "acl-pubsub-default": choice("resetchannels", ["allchannels", "resetchannels"], idle),

  // Replication, of which there is none.
  replicaof: words([], masterAddress, { setting: "fixed", aliases: ["slaveof"] }),
  masteruser: text("", idle),
  masterauth: text("", idle),
  "min-replicas-to-write": integer(0, 0, INT_MAX, { aliases: ["min-slaves-to-write"] }),
  "min-replicas-max-lag": integer(10, 0, INT_MAX, { aliases: ["min-slaves-max-lag"] }),
  "replica-serve-stale-data": flag(true, { idle: true, aliases: ["slave-serve-stale-data"] }),
  "replica-read-only": flag(true, { idle: true, aliases: ["slave-read-only"] }),
  "replica-priority": integer(100, 0, INT_MAX, { idle: true, aliases: ["slave-priority"] }),
  "replica-lazy-flush": flag(false, { idle: true, aliases: ["slave-lazy-flush"] }),
  "replica-ignore-maxmemory": flag(true, { idle: true, aliases: ["slave-ignore-maxmemory"] }),
  "replica-ignore-disk-write-errors": flag(false, idle),
  "replica-announced": flag(true, idle),
  "replica-announce-ip": text("", { idle: true, aliases: ["slave-announce-ip"] }),
  "replica-announce-port": integer(0, 0, 65535, {
    idle: true,
    aliases: ["slave-announce-port"],
  }),
  "repl-diskless-sync": flag(true, idle),
  "repl-diskless-sync-delay": integer(5, 0, INT_MAX, idle),
  "repl-diskless-sync-max-replicas": integer(0, 0, INT_MAX, idle),
  "repl-diskless-load": choice("disabled", ["disabled", "on-empty-db", "swapdb"], idle),
  "repl-disable-tcp-nodelay": flag(false, idle),
  "repl-ping-replica-period": integer(10, 1, INT_MAX, {
    idle: true,
    aliases: ["repl-ping-slave-period"],
  }),
  "repl-backlog-size": memory(MIB, 1, LONG_MAX, { idle: true, clamp: [16 * 1024, LONG_MAX] }),
  "repl-backlog-ttl": integer(3600, 0, LONG_MAX, idle),
  "repl-timeout": integer(60, 1, INT_MAX, idle),

  // Clusters, of which there are none.
  "cluster-enabled": flag(false, fixed),
  "cluster-config-file": text("nodes.conf", fixedIdle),
  "cluster-port": integer(0, 0, 65535, fixedIdle),
  "cluster-node-timeout": integer(15000, 0, LONG_MAX, idle),
  "cluster-ping-interval": integer(0, 0, LONG_MAX, hiddenIdle),
  "cluster-announce-ip": text("", idle),
  "cluster-announce-hostname": hostName("", idle),
  "cluster-announce-human-nodename": text("", idle),
  "cluster-announce-port": integer(0, 0, 65535, idle),
  "cluster-announce-bus-port": integer(0, 0, 65535, idle),
  "cluster-announce-tls-port": integer(0, 0, 65535, idle),
  "cluster-preferred-endpoint-type": choice("ip", ["ip", "hostname", "unknown-endpoint"], idle),
  "cluster-migration-barrier": integer(1, 0, INT_MAX, idle),
  "cluster-allow-replica-migration": flag(true, idle),
  "cluster-allow-reads-when-down": flag(false, idle),
  "cluster-allow-pubsubshard-when-down": flag(true, idle),
  "cluster-require-full-coverage": flag(true, idle),
  "cluster-link-sendbuf-limit": memory(0, 0, ULONG_MAX, idle),
  "cluster-replica-validity-factor": integer(10, 0, INT_MAX, {
    idle: true,
    aliases: ["cluster-slave-validity-factor"],
  }),
  "cluster-replica-no-failover": flag(false, {
    idle: true,
    aliases: ["cluster-slave-no-failover"],
  }),

  // TLS, which a proxy in front of the server speaks.
  "tls-port": integer(0, 0, 65535),
  "tls-replication": flag(false),
  "tls-cluster": flag(false),
  "tls-cert-file": text("", idle),
  "tls-key-file": text("", idle),
  "tls-key-file-pass": text("", idle),
  "tls-client-cert-file": text("", idle),
  "tls-client-key-file": text("", idle),
  "tls-client-key-file-pass": text("", idle),
  "tls-dh-params-file": text("", idle),
  "tls-ca-cert-file": text("", idle),
  "tls-ca-cert-dir": text("", idle),
  "tls-auth-clients": choice("yes", ["no", "yes", "optional"], idle),
  "tls-protocols": text("", idle),
  "tls-ciphers": text("", idle),
  "tls-ciphersuites": text("", idle),
  "tls-prefer-server-ciphers": flag(false, idle),
  "tls-session-caching": flag(true, idle),
  "tls-session-cache-size": integer(20480, 0, INT_MAX, idle),
  "tls-session-cache-timeout": integer(300, 0, INT_MAX, idle),
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
