// What INFO counts: the sections stats, commandstats, errorstats and latencystats. What this
// version does not do (replicate, fork, defragment, track clients' caches, keep users) has happened
// 0 times.

import { type InfoField, type InfoSection, section } from "../../engine/info-section.ts";
import { Figure } from "../../engine/statistics.ts";
import { Topic } from "../../engine/subscriptions.ts";
import { Counter } from "../../keyspace/figures.ts";
import { scriptingOf } from "../../scripting/scripting.ts";
import { staleShare } from "./keyspace-section.ts";
import type { InfoSource } from "./source.ts";

export function statsSections(source: InfoSource): InfoSection[] {
  return [
    section("stats", () => stats(source)),
    section("commandstats", () => commandStats(source), true),
    section("errorstats", () =>
      source.database.executor.statistics
        .errors()
        .map(([code, count]) => [`errorstat_${code}`, `count=${count}`] as const),
    ),
    section("latencystats", () => latencyStats(source), true),
  ];
}

function commandStats(source: InfoSource): InfoField[] {
  const { statistics, table, timer } = source.database.executor;
  timer.settle();
  const fields: InfoField[] = [];
  for (const command of table.all) {
    const calls = statistics.figure(command, Figure.calls);
    const us = statistics.figure(command, Figure.microseconds);
    const rejected = statistics.figure(command, Figure.rejected);
    const failed = statistics.figure(command, Figure.failed);
    if (calls + rejected === 0) continue;
    const each = (calls === 0 ? 0 : us / calls).toFixed(2);
    fields.push([
      `cmdstat_${command.fullName}`,
      `calls=${calls},usec=${Math.round(us)},usec_per_call=${each},` +
        `rejected_calls=${rejected},failed_calls=${failed}`,
    ]);
  }
  return fields;
}

function latencyStats(source: InfoSource): InfoField[] {
  const { table, timer, keyspace } = source.database.executor;
  const fields: InfoField[] = [];
  if (!keyspace.settings.callsTracked) return fields;
  timer.settle();
  const percents = source.configuration.get("latency-tracking-info-percentiles").map(Number);
  for (const command of table.all) {
    const histogram = timer.histogram(command);
    if (histogram === undefined) continue;
    const values = percents.map(
      (percent) => `p${percent}=${histogram.percentile(percent).toFixed(3)}`,
    );
    fields.push([`latency_percentiles_usec_${command.fullName}`, values.join(",")]);
  }
  return fields;
}

function stats(source: InfoSource): InfoField[] {
  const { network, rates, database } = source;
  const { executor, keyspace, expiry } = database;
  const { pubsub } = executor.context;
  executor.timer.settle();
  const { commands } = executor.statistics;
  const errors = new Map(executor.statistics.errors());
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
    ["expired_subkeys", keyspace.total(Counter.expiredMembers)],
    ["expired_keys", keyspace.total(Counter.expired)],
    ["expired_stale_perc", staleShare(keyspace).toFixed(2)],
    ["expired_time_cap_reached_count", expiry.cut],
    ["expire_cycle_cpu_milliseconds", Math.floor(expiry.ms)],
    ["evicted_keys", keyspace.total(Counter.evicted)],
    ["evicted_clients", 0],
    ["evicted_scripts", scriptingOf(executor.context).cache.evicted],
    ["total_eviction_exceeded_time", Math.floor(rates.exceededMs + rates.exceedingMs)],
    ["current_eviction_exceeded_time", Math.floor(rates.exceedingMs)],
    ["keyspace_hits", keyspace.total(Counter.hits)],
    ["keyspace_misses", keyspace.total(Counter.misses)],
    ["pubsub_channels", pubsub.names(Topic.channel).size],
    ["pubsub_patterns", pubsub.names(Topic.pattern).size],
    ["pubsubshard_channels", pubsub.names(Topic.shardChannel).size],
    ["latest_fork_usec", 0],
    ["total_forks", 0],
    ["migrate_cached_sockets", Math.max(source.targets.count, network.targetConnections)],
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
