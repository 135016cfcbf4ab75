// What INFO and MEMORY say of memory.
//
//   used      = tables + blocks of keys and values + buffers of clients + what waits for the log
//               + texts of scripts and functions
//   startup   = the tables of an empty memory
//   overhead  = used − blocks
//   dataset   = blocks; its share is of what came after the start
//   not counted for evict = used − startup − blocks − texts: maxmemory limits the others
//
// The values that scripts have at the moment, and what surrounds them, are not part of it, as in
// Redis: they have a limit of their own.
//
// The runtime itself, its code and its garbage are in the resident size alone.

import { type InfoField, type InfoSection, ratio, section } from "../../engine/info-section.ts";
import { Counter } from "../../keyspace/figures.ts";
import { Memory } from "../../memory/memory.ts";
import { scriptingOf } from "../../scripting/scripting.ts";
import type { InfoSource } from "./source.ts";

/**
 * Memory in use that mem_fragmentation_ratio divides by at least. Redis counts itself, about so
 * much; beside an empty database any ratio is huge.
 */
const USED_MIN = 1 << 20;

/** The figures, in bytes. */
export interface MemoryFigures {
  readonly used: number;
  readonly peak: number;
  readonly startup: number;
  readonly overhead: number;
  readonly blocks: number;
  readonly segments: number;
  readonly clients: number;
  readonly log: number;
  readonly scripts: number;
  readonly resident: number;
}

export function memoryFigures({ database, network }: InfoSource): MemoryFigures {
  const { memory, log, platform } = database;
  const clients = network.clientBytes;
  const logBytes = log?.openBytes ?? 0;
  const blocks = memory.usedBytes;
  const scripts = database.keyspace.settings.memoryBeside;
  const overhead = memory.tableBytes + clients + logBytes + scripts;
  const used = blocks + overhead;
  return {
    used,
    peak: Math.max(memory.peakBytes + memory.tableBytes, used),
    startup: Memory.startupBytes,
    overhead,
    blocks,
    segments: memory.reservedBytes,
    clients,
    log: logBytes,
    scripts,
    resident: platform.residentBytes(),
  };
}

/** The share of the dataset in what came after the start, in percent. */
function datasetShare({ used, startup, blocks }: MemoryFigures): number {
  return used > startup ? (100 * blocks) / (used - startup) : 0;
}

type MemoryField = readonly [string, number, "bytes" | "both"] | InfoField;

/** What the interpreter has, for scripts and for functions, and what their texts take. */
function scriptFields({ database }: InfoSource): MemoryField[] {
  const scripting = scriptingOf(database.executor.context);
  const { cache, functions, memory } = scripting;
  return [
    ["used_memory_lua", memory.scripts],
    ["used_memory_vm_eval", memory.scripts],
    ["used_memory_lua_human", human(memory.scripts)],
    ["used_memory_scripts_eval", cache.bytes],
    ["number_of_cached_scripts", cache.count],
    ["number_of_functions", functions.count],
    ["number_of_libraries", functions.libraries.size],
    ["used_memory_vm_functions", memory.functions],
    ["used_memory_vm_total", memory.scripts + memory.functions, "both"],
    ["used_memory_functions", functions.bytes],
    ["used_memory_scripts", cache.bytes + functions.bytes, "both"],
  ];
}

export function memorySection(source: InfoSource): InfoSection {
  return section("memory", () => {
    const { database, configuration } = source;
    const figures = memoryFigures(source);
    const { used, peak, startup, overhead, blocks, segments, resident } = figures;
    const fields: MemoryField[] = [
      ["used_memory", used, "both"],
      ["used_memory_rss", resident, "both"],
      ["used_memory_peak", peak, "both"],
      ["used_memory_peak_perc", percent(used, peak)],
      ["used_memory_overhead", overhead],
      ["used_memory_startup", startup],
      ["used_memory_dataset", blocks],
      ["used_memory_dataset_perc", `${datasetShare(figures).toFixed(2)}%`],
      ["used_memory_segments", segments],
      ["allocator_allocated", used],
      ["allocator_active", segments],
      ["allocator_resident", segments],
      ["allocator_muzzy", 0],
      ["total_system_memory", database.platform.totalMemoryBytes(), "both"],
      ...scriptFields(source),
      ["maxmemory", configuration.get("maxmemory"), "both"],
      ["maxmemory_policy", configuration.get("maxmemory-policy")],
      ["allocator_frag_ratio", ratio(segments, used)],
      ["allocator_frag_bytes", segments - used],
      ["allocator_rss_ratio", "1.00"],
      ["allocator_rss_bytes", 0],
      ["rss_overhead_ratio", ratio(resident, segments)],
      ["rss_overhead_bytes", resident - segments],
      ["mem_fragmentation_ratio", ratio(resident, Math.max(used, USED_MIN))],
      ["mem_fragmentation_bytes", resident - used],
      ["mem_not_counted_for_evict", used - startup - blocks - figures.scripts],
      ["mem_replication_backlog", 0],
      ["mem_total_replication_buffers", 0],
      ["mem_clients_slaves", 0],
      ["mem_clients_normal", figures.clients],
      ["mem_cluster_links", 0],
      ["mem_aof_buffer", figures.log],
      ["mem_allocator", "tskeydb"],
      ["mem_overhead_db_hashtable_rehashing", 0],
      ["active_defrag_running", 0],
      ["lazyfree_pending_objects", database.keyspace.disposals.count],
      ["lazyfreed_objects", database.keyspace.total(Counter.lazyFreed)],
    ];
    return fields.flatMap(([name, value, form]) =>
      form === "both"
        ? [[name, value] as const, [`${name}_human`, human(value as number)] as const]
        : [[name, value] as const],
    );
  });
}

/** MEMORY STATS. */
export function memoryStats(source: InfoSource): (readonly [name: string, value: number])[] {
  const { database } = source;
  const scripting = scriptingOf(database.executor.context);
  const figures = memoryFigures(source);
  const { used, peak, startup, overhead, blocks, segments, resident } = figures;
  let keys = 0;
  for (let db = 0; db < database.keyspace.databases; db++) keys += database.keyspace.size(db);
  return [
    ["peak.allocated", peak],
    ["total.allocated", used],
    ["startup.allocated", startup],
    ["replication.backlog", 0],
    ["clients.slaves", 0],
    ["clients.normal", figures.clients],
    ["cluster.links", 0],
    ["aof.buffer", figures.log],
    ["lua.caches", scripting.cache.bytes],
    ["functions.caches", scripting.functions.bytes],
    ["overhead.total", overhead],
    ["keys.count", keys],
    ["keys.bytes-per-key", keys === 0 ? 0 : Math.floor(blocks / keys)],
    ["dataset.bytes", blocks],
    ["dataset.percentage", datasetShare(figures)],
    ["peak.percentage", peak === 0 ? 0 : (100 * used) / peak],
    ["allocator.allocated", used],
    ["allocator.active", segments],
    ["allocator.resident", segments],
    ["allocator.muzzy", 0],
    ["allocator-fragmentation.ratio", segments / Math.max(used, 1)],
    ["allocator-fragmentation.bytes", segments - used],
    ["allocator-rss.ratio", 1],
    ["allocator-rss.bytes", 0],
    ["rss-overhead.ratio", resident / Math.max(segments, 1)],
    ["rss-overhead.bytes", resident - segments],
    ["fragmentation", resident / Math.max(used, USED_MIN)],
    ["fragmentation.bytes", resident - used],
  ];
}

const MIB = 1 << 20;

/** MEMORY DOCTOR: what is out of the ordinary. */
export function memoryAdvice(source: InfoSource): string {
  const figures = memoryFigures(source);
  const { used, peak, segments, clients } = figures;
  if (used < 5 * MIB) return "There is too little data to judge the use of memory by.\n";
  const found: string[] = [];
  if (peak > used * 1.5) {
    found.push(
      `At its peak memory was ${human(peak)}, now it is ${human(used)}: what was deleted may ` +
        "still be in segments. It is used again, and empty segments are given back.",
    );
  }
  if (segments - used > 32 * MIB && segments > used * 1.5) {
    found.push(
      `Segments of ${human(segments)} hold ${human(used)}. MEMORY PURGE gives back those that ` +
        "are empty.",
    );
  }
  if (clients > used / 4) {
    found.push(
      `${human(clients)} wait in buffers of clients: some reads too slowly, or sends requests ` +
        "that are not whole. CLIENT LIST shows which.",
    );
  }
  if (found.length === 0) return "Nothing is out of the ordinary.\n";
  return found.map((text) => `* ${text}\n`).join("");
}

/** MEMORY MALLOC-STATS. */
export function allocatorText({ database: { memory } }: InfoSource): string {
  const segments = memory.u8.filter((segment) => segment.length > 0);
  const lines = [
    `${segments.length} segments of ${memory.reservedBytes} bytes, ${memory.usedBytes} in use`,
    ...segments.map((segment, i) => `segment ${i}: ${segment.length} bytes`),
  ];
  return `${lines.join("\n")}\n`;
}

function percent(part: number, whole: number): string {
  return `${ratio(100 * part, whole)}%`;
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
