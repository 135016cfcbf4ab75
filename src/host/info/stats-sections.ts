// What INFO counts: the sections stats, errorstats and commandstats. What this version does not do
// (replicate, fork, defragment, track clients' caches, keep users) has happened 0 times.

import type { CompiledCommand } from "../../engine/command.ts";
import { type InfoField, type InfoSection, section } from "../../engine/info-section.ts";
import { Counter } from "../../keyspace/keyspace.ts";
import { staleShare } from "./keyspace-section.ts";
import type { InfoSource } from "./source.ts";

export function statsSections(source: InfoSource): InfoSection[] {
  const { table } = source.database.executor;
  return [
    section("stats", () => stats(source)),
    section(
      "commandstats",
      () => {
        const fields: InfoField[] = [];
        for (const command of table.commands.values()) addCommand(command, fields);
        return fields;
      },
      true,
    ),
    section("errorstats", () =>
      [...table.statistics.errors]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([code, count]) => [`errorstat_${code}`, `count=${count}`] as const),
    ),
  ];
}

function addCommand(command: CompiledCommand, fields: InfoField[]): void {
  const { calls, microseconds, rejected, failed } = command;
  if (calls + rejected > 0) {
    const each = (calls === 0 ? 0 : microseconds / calls).toFixed(2);
    fields.push([
      `cmdstat_${command.fullName}`,
      `calls=${calls},usec=${Math.round(microseconds)},usec_per_call=${each},` +
        `rejected_calls=${rejected},failed_calls=${failed}`,
    ]);
  }
  for (const sub of command.subcommands?.values() ?? []) addCommand(sub, fields);
}

function stats(source: InfoSource): InfoField[] {
  const { network, rates, database } = source;
  const { executor, keyspace, expiry } = database;
  const { pubsub } = executor.context;
  const { errors, commands } = executor.table.statistics;
  let errorReplies = 0;
  for (const count of errors.values()) errorReplies += count;
  return [
    ["total_connections_received", network.connectionsReceived],
    ["total_commands_processed", commands],
    ["instantaneous_ops_per_sec", rates.commandsPerSecond],
    ["total_net_input_bytes", network.bytesReceived],
    ["total_net_output_bytes", network.bytesSent],
    ["total_net_repl_input_bytes", 0],
    ["total_net_repl_output_bytes", 0],
    ["instantaneous_input_kbps", rates.inputKilobytesPerSecond.toFixed(2)],
    ["instantaneous_output_kbps", rates.outputKilobytesPerSecond.toFixed(2)],
    ["instantaneous_input_repl_kbps", "0.00"],
    ["instantaneous_output_repl_kbps", "0.00"],
    ["rejected_connections", network.connectionsRejected],
    ["sync_full", 0],
    ["sync_partial_ok", 0],
    ["sync_partial_err", 0],
    ["expired_subkeys", 0],
    ["expired_keys", keyspace.counter(Counter.expired)],
    ["expired_stale_perc", staleShare(keyspace).toFixed(2)],
    ["expired_time_cap_reached_count", expiry.cut],
    ["expire_cycle_cpu_milliseconds", Math.floor(expiry.ms)],
    ["evicted_keys", keyspace.counter(Counter.evicted)],
    ["evicted_clients", 0],
    ["evicted_scripts", 0],
    ["total_eviction_exceeded_time", Math.floor(rates.exceededMs + rates.exceedingMs)],
    ["current_eviction_exceeded_time", Math.floor(rates.exceedingMs)],
    ["keyspace_hits", keyspace.counter(Counter.hits)],
    ["keyspace_misses", keyspace.counter(Counter.misses)],
    ["pubsub_channels", pubsub.channels.size],
    ["pubsub_patterns", pubsub.patterns.size],
    ["pubsubshard_channels", pubsub.shardChannels.size],
    ["latest_fork_usec", 0],
    ["total_forks", 0],
    ["migrate_cached_sockets", 0],
    ["slave_expires_tracked_keys", 0],
    ["active_defrag_hits", 0],
    ["active_defrag_misses", 0],
    ["active_defrag_key_hits", 0],
    ["active_defrag_key_misses", 0],
    ["total_active_defrag_time", 0],
    ["current_active_defrag_time", 0],
    ["tracking_total_keys", 0],
    ["tracking_total_items", 0],
    ["tracking_total_prefixes", 0],
    ["unexpected_error_replies", 0],
    ["total_error_replies", errorReplies],
    ["dump_payload_sanitizations", 0],
    ["total_reads_processed", network.reads],
    ["total_writes_processed", network.writes],
    ["io_threaded_reads_processed", 0],
    ["io_threaded_writes_processed", 0],
    ["client_query_buffer_limit_disconnections", network.inputLimitDisconnections],
    ["client_output_buffer_limit_disconnections", network.outputLimitDisconnections],
    ["reply_buffer_shrinks", 0],
    ["reply_buffer_expands", 0],
    ["acl_access_denied_auth", errors.get("WRONGPASS") ?? 0],
    ["acl_access_denied_cmd", 0],
    ["acl_access_denied_key", 0],
    ["acl_access_denied_channel", 0],
  ];
}
