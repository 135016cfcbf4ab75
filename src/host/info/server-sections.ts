// What INFO says of the process and its clients: the sections server, clients, cpu, modules,
// replication and cluster. There are no modules, replicas and clusters, and it is said so.

import { type InfoSection, section } from "../../engine/info-section.ts";
import { version } from "../../engine/version.ts";
import type { InfoSource } from "./source.ts";

const DAY_SECONDS = 86400;
const NO_REPLICATION_ID = "0".repeat(40);
/** How often a second a server looks after what needs it: idle clients, output limits, memory. */
const HZ = 1;

export function serverSections(source: InfoSource): InfoSection[] {
  return [
    section("server", () => [
      ...program(source),
      ["run_id", source.runId],
      ["tcp_port", source.network.port],
      ["server_time_usec", source.database.platform.nowUs()],
      ...uptime(source),
      ["hz", source.network.port === 0 ? 0 : HZ],
      ["configured_hz", source.configuration.get("hz")],
      ["lru_clock", Math.floor(source.database.clock() / 1000) & 0xffffff],
      ["executable", source.database.platform.program],
      ["config_file", source.configuration.file],
      ["io_threads_active", source.configuration.get("io-threads") > 1 ? 1 : 0],
      ...listener(source),
    ]),
    section("clients", () => clients(source)),
    section("replication", () => [
      ["role", "master"],
      ["connected_slaves", 0],
      ["master_failover_state", "no-failover"],
      ["master_replid", source.replicationId],
      ["master_replid2", NO_REPLICATION_ID],
      ["master_repl_offset", 0],
      ["second_repl_offset", -1],
      ["repl_backlog_active", 0],
      ["repl_backlog_size", source.configuration.get("repl-backlog-size")],
      ["repl_backlog_first_byte_offset", 0],
      ["repl_backlog_histlen", 0],
      ...minimum(source),
    ]),
    section("cpu", () => {
      const { platform } = source.database;
      const all = platform.cpuTimes();
      const main = platform.threadCpuTimes();
      return [
        ["used_cpu_sys", seconds(all.systemUs)],
        ["used_cpu_user", seconds(all.userUs)],
        ["used_cpu_sys_children", seconds(0)],
        ["used_cpu_user_children", seconds(0)],
        ["used_cpu_sys_main_thread", seconds(main.systemUs)],
        ["used_cpu_user_main_thread", seconds(main.userUs)],
      ];
    }),
    section("modules", () => []),
    section("cluster", () => [["cluster_enabled", 0]]),
  ];
}

type Fields = ReturnType<InfoSection["fields"]>;

function program({ database: { platform }, configuration }: InfoSource): Fields {
  const isBun = platform.runtimeName === "bun";
  return [
    ["redis_version", configuration.get("redis-version-reported")],
    ["tskeydb_version", version],
    ["redis_git_sha1", "00000000"],
    ["redis_git_dirty", 0],
    ["redis_build_id", "0"],
    ["redis_mode", "standalone"],
    ["os", platform.systemName],
    ["arch_bits", 64],
    ["runtime", `${platform.runtimeName} ${platform.runtimeVersion}`],
    ["monotonic_clock", "performance.now"],
    ["multiplexing_api", isBun ? "uSockets" : "libuv"],
    ["atomicvar_api", "none"],
    ["gcc_version", "0.0.0"],
    ["process_id", platform.pid],
    ["process_supervised", "no"],
  ];
}

function uptime({ database, startedMs }: InfoSource): Fields {
  const passed = Math.max(0, Math.floor((database.clock() - startedMs) / 1000));
  return [
    ["uptime_in_seconds", passed],
    ["uptime_in_days", Math.floor(passed / DAY_SECONDS)],
  ];
}

function listener({ network, configuration }: InfoSource): Fields {
  if (network.port === 0) return [];
  const addresses = configuration.get("bind").map((address) => `bind=${address}`);
  return [["listener0", ["name=tcp", ...addresses, `port=${network.port}`].join()]];
}

function clients(source: InfoSource): Fields {
  const { connectedClients, configuration, network } = source;
  const { blocking } = source.database.executor.context;
  let timed = 0;
  for (const { waiting } of blocking.sessions) if (waiting?.cancelTimer !== undefined) timed++;
  return [
    ["connected_clients", connectedClients],
    ["cluster_connections", 0],
    ["maxclients", configuration.get("maxclients")],
    ["client_recent_max_input_buffer", network.inputBytesMost],
    ["client_recent_max_output_buffer", network.outputBytesMost],
    ["blocked_clients", blocking.sessions.size],
    ["tracking_clients", 0],
    ["pubsub_clients", network.subscribedClients],
    ["watching_clients", network.watchingClients],
    ["clients_in_timeout_table", timed],
    ["total_watched_keys", source.database.keyspace.watched.count],
    ["total_blocking_keys", blocking.keyCount],
    ["total_blocking_keys_on_nokey", blocking.keysHeardOfAll],
  ];
}

/** How many good replicas there are, where writes ask for some. */
function minimum({ configuration }: InfoSource): Fields {
  const asks =
    configuration.get("min-replicas-to-write") > 0 && configuration.get("min-replicas-max-lag") > 0;
  return asks ? [["min_slaves_good_slaves", 0]] : [];
}

function seconds(us: number): string {
  return (us / 1e6).toFixed(6);
}
