// The text of INFO: sections of `field:value` lines, as clients, dashboards and Sentinel read them.
// Names are Redis's; every value is true of this server, and what has no meaning here is left out,
// except where clients ask for a field by name (replication, cluster, loading).

import type { Database } from "../database.ts";
import type { CompiledCommand } from "../engine/command.ts";
import { redisVersion, version } from "../engine/version.ts";
import { Counter } from "../keyspace/keyspace.ts";

/** What INFO tells beyond the database: the settings and the clients of this process. */
export interface InfoSource {
  readonly database: Database;
  readonly startedMs: number;
  /** 40 hexadecimal digits that are new at each start. */
  readonly runId: string;
  readonly port: number;
  readonly configurationFile: string;
  readonly maxClients: number;
  readonly maxMemory: number;
  readonly maxMemoryPolicy: string;
  readonly connectedClients: number;
  readonly connectionsReceived: number;
  readonly connectionsRejected: number;
  /** Clients cut off because of client-query-buffer-limit, client-output-buffer-limit. */
  readonly inputLimitDisconnections: number;
  readonly outputLimitDisconnections: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Bytes in buffers of clients: unfinished requests and replies not sent yet. */
  readonly clientBytes: number;
  readonly commandsPerSecond: number;
  readonly inputKilobytesPerSecond: number;
  readonly outputKilobytesPerSecond: number;
}

type Field = readonly [name: string, value: string | number];

const DAY_SECONDS = 86400;
/**
 * Memory in use that mem_fragmentation_ratio divides by at least. Redis counts itself, about so
 * much; here only data and clients' buffers count, and beside none of them any ratio is huge.
 */
const USED_MIN = 1 << 20;
const NO_REPLICATION_ID = "0".repeat(40);

/** Sections that plain INFO shows, in order. */
const defaultSections = [
  "server",
  "clients",
  "memory",
  "persistence",
  "stats",
  "replication",
  "cpu",
  "modules",
  "errorstats",
  "cluster",
  "keyspace",
] as const;

const allSections = [
  ...defaultSections.slice(0, 8),
  "commandstats",
  ...defaultSections.slice(8),
] as const;

/** The sections asked for (lower case), as one text with CR LF line ends. */
export function infoText(source: InfoSource, asked: readonly string[]): string {
  const wanted = new Set<string>();
  for (const name of asked.length === 0 ? ["default"] : asked) {
    if (name === "default") for (const section of defaultSections) wanted.add(section);
    else if (name === "all" || name === "everything") for (const s of allSections) wanted.add(s);
    else wanted.add(name);
  }
  const texts: string[] = [];
  for (const section of allSections) {
    if (!wanted.has(section)) continue;
    const title = section === "cpu" ? "CPU" : section[0].toUpperCase() + section.slice(1);
    const lines = builders[section](source).map(([name, value]) => `${name}:${value}\r\n`);
    texts.push(`# ${title}\r\n${lines.join("")}`);
  }
  return texts.join("\r\n");
}

const builders: Record<(typeof allSections)[number], (source: InfoSource) => Field[]> = {
  server: (source) => {
    const { platform, clock } = source.database;
    const now = clock();
    const uptime = Math.max(0, Math.floor((now - source.startedMs) / 1000));
    return [
      ["redis_version", redisVersion],
      ["tskeydb_version", version],
      ["redis_git_sha1", "00000000"],
      ["redis_git_dirty", 0],
      ["redis_build_id", "0"],
      ["redis_mode", "standalone"],
      ["os", platform.systemName],
      ["arch_bits", 64],
      ["runtime", `${platform.runtimeName} ${platform.runtimeVersion}`],
      ["process_id", platform.pid],
      ["process_supervised", "no"],
      ["run_id", source.runId],
      ["tcp_port", source.port],
      ["server_time_usec", platform.nowUs()],
      ["uptime_in_seconds", uptime],
      ["uptime_in_days", Math.floor(uptime / DAY_SECONDS)],
      ["lru_clock", Math.floor(now / 1000) & 0xffffff],
      ["executable", platform.program],
      ["config_file", source.configurationFile],
    ];
  },

  clients: (source) => {
    const { blocking } = source.database.executor.context;
    return [
      ["connected_clients", source.connectedClients],
      ["cluster_connections", 0],
      ["maxclients", source.maxClients],
      ["blocked_clients", blocking.sessions.size],
      ["tracking_clients", 0],
      ["clients_in_timeout_table", timedWaiters(source)],
      ["total_blocking_keys", blocking.keyCount],
    ];
  },

  memory: (source) => {
    const { memory, platform } = source.database;
    const used = memory.usedBytes + source.clientBytes;
    const resident = platform.residentBytes();
    const peak = Math.max(memory.peakBytes, used);
    const total = platform.totalMemoryBytes();
    return [
      ["used_memory", used],
      ["used_memory_human", human(used)],
      ["used_memory_rss", resident],
      ["used_memory_rss_human", human(resident)],
      ["used_memory_peak", peak],
      ["used_memory_peak_human", human(peak)],
      ["used_memory_peak_perc", `${((used / peak) * 100 || 0).toFixed(2)}%`],
      ["used_memory_dataset", memory.usedBytes],
      ["used_memory_segments", memory.reservedBytes],
      ["total_system_memory", total],
      ["total_system_memory_human", human(total)],
      ["maxmemory", source.maxMemory],
      ["maxmemory_human", human(source.maxMemory)],
      ["maxmemory_policy", source.maxMemoryPolicy],
      ["mem_fragmentation_ratio", (resident / Math.max(used, USED_MIN)).toFixed(2)],
      ["mem_clients_normal", source.clientBytes],
      ["mem_aof_buffer", source.database.log?.openBytes ?? 0],
      ["mem_allocator", "tskeydb"],
      ["active_defrag_running", 0],
    ];
  },

  persistence: (source) => {
    const { log, recovery, keyspace } = source.database;
    const fields: Field[] = [
      ["loading", 0],
      ["async_loading", 0],
      ["rdb_changes_since_last_save", keyspace.counter(Counter.changes)],
      ["rdb_bgsave_in_progress", 0],
      ["rdb_last_save_time", Math.floor(source.startedMs / 1000)],
      ["rdb_last_bgsave_status", "ok"],
      ["aof_enabled", log === null ? 0 : 1],
      ["aof_rewrite_in_progress", 0],
      ["aof_rewrite_scheduled", 0],
      ["aof_last_bgrewrite_status", "ok"],
      ["aof_last_write_status", log !== null && log.failure !== null ? "err" : "ok"],
    ];
    if (log === null) return fields;
    fields.push(
      ["aof_current_size", log.sizeBytes],
      ["aof_base_size", recovery?.baseBytes ?? 0],
      ["aof_pending_rewrite", 0],
      ["aof_buffer_length", log.openBytes],
      ["aof_pending_bio_fsync", log.isSyncing ? 1 : 0],
      ["aof_delayed_fsync", log.delayedSyncs],
    );
    return fields;
  },

  stats: (source) => {
    const { executor, keyspace } = source.database;
    const { pubsub } = executor.context;
    let errors = 0;
    for (const count of executor.statistics.errors.values()) errors += count;
    return [
      ["total_connections_received", source.connectionsReceived],
      ["total_commands_processed", executor.statistics.commands],
      ["instantaneous_ops_per_sec", source.commandsPerSecond],
      ["total_net_input_bytes", source.bytesReceived],
      ["total_net_output_bytes", source.bytesSent],
      ["instantaneous_input_kbps", source.inputKilobytesPerSecond.toFixed(2)],
      ["instantaneous_output_kbps", source.outputKilobytesPerSecond.toFixed(2)],
      ["rejected_connections", source.connectionsRejected],
      ["sync_full", 0],
      ["sync_partial_ok", 0],
      ["sync_partial_err", 0],
      ["expired_keys", keyspace.counter(Counter.expired)],
      ["evicted_keys", keyspace.counter(Counter.evicted)],
      ["keyspace_hits", keyspace.counter(Counter.hits)],
      ["keyspace_misses", keyspace.counter(Counter.misses)],
      ["pubsub_channels", pubsub.channels.size],
      ["pubsub_patterns", pubsub.patterns.size],
      ["pubsubshard_channels", pubsub.shardChannels.size],
      ["latest_fork_usec", 0],
      ["total_error_replies", errors],
      ["client_query_buffer_limit_disconnections", source.inputLimitDisconnections],
      ["client_output_buffer_limit_disconnections", source.outputLimitDisconnections],
    ];
  },

  replication: (source) => [
    ["role", "master"],
    ["connected_slaves", 0],
    ["master_failover_state", "no-failover"],
    ["master_replid", source.runId],
    ["master_replid2", NO_REPLICATION_ID],
    ["master_repl_offset", 0],
    ["second_repl_offset", -1],
    ["repl_backlog_active", 0],
    ["repl_backlog_size", 0],
    ["repl_backlog_first_byte_offset", 0],
    ["repl_backlog_histlen", 0],
  ],

  cpu: (source) => {
    const { userUs, systemUs } = source.database.platform.cpuTimes();
    return [
      ["used_cpu_sys", (systemUs / 1e6).toFixed(6)],
      ["used_cpu_user", (userUs / 1e6).toFixed(6)],
      ["used_cpu_sys_children", "0.000000"],
      ["used_cpu_user_children", "0.000000"],
    ];
  },

  modules: () => [],

  commandstats: (source) => {
    const fields: Field[] = [];
    const add = (command: CompiledCommand): void => {
      const { calls, microseconds, rejected, failed } = command;
      if (calls + rejected > 0) {
        const each = (calls === 0 ? 0 : microseconds / calls).toFixed(2);
        fields.push([
          `cmdstat_${command.fullName}`,
          `calls=${calls},usec=${Math.round(microseconds)},usec_per_call=${each},` +
            `rejected_calls=${rejected},failed_calls=${failed}`,
        ]);
      }
      for (const sub of command.subcommands?.values() ?? []) add(sub);
    };
    for (const command of source.database.executor.table.commands.values()) add(command);
    return fields;
  },

  errorstats: (source) =>
    [...source.database.executor.statistics.errors]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, count]) => [`errorstat_${code}`, `count=${count}`] as const),

  cluster: () => [["cluster_enabled", 0]],

  keyspace: (source) => {
    const { keyspace } = source.database;
    const fields: Field[] = [];
    for (let db = 0; db < keyspace.databases; db++) {
      const keys = keyspace.size(db);
      if (keys === 0) continue;
      const expires = keyspace.deadlineCount(db);
      const ttl = averageTtl(source, db);
      // Fields of hashes have no deadlines, so none is due: subexpiry.
      fields.push([`db${db}`, `keys=${keys},expires=${expires},avg_ttl=${ttl},subexpiry=0`]);
    }
    return fields;
  },
};

/** Deadlines that are looked at for the mean time to live. */
const TTL_SAMPLE = 16;

/** The mean time to live of a database's keys in ms, from deadlines spread over their order. */
function averageTtl(source: InfoSource, db: number): number {
  const { keyspace } = source.database;
  const count = keyspace.deadlineCount(db);
  if (count === 0) return 0;
  const { deadlines } = keyspace;
  const tree = keyspace.deadlineTree(db);
  let sum = 0;
  const samples = Math.min(count, TTL_SAMPLE);
  for (let i = 0; i < samples; i++) {
    deadlines.at(tree, Math.floor(((i + 0.5) / samples) * count));
    sum += Math.max(0, deadlines.key - keyspace.now);
  }
  return Math.round(sum / samples);
}

function timedWaiters(source: InfoSource): number {
  let timed = 0;
  for (const session of source.database.executor.context.blocking.sessions) {
    if (session.waiting?.cancelTimer !== undefined) timed++;
  }
  return timed;
}

/** Bytes as Redis writes them for people: 967.70K, 23.54G. */
export function human(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const units = ["K", "M", "G", "T", "P"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)}${units[unit]}`;
}
