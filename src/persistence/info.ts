// What INFO says of the log and of snapshots: the section "persistence".

import { type InfoSection, section } from "../engine/info-section.ts";
import { Counter } from "../keyspace/figures.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "./log/log.ts";
import type { Rewrite } from "./log/rewrite.ts";
import type { DumpFile } from "./rdb/dump-file.ts";
import type { Loaded } from "./rdb/rdb-loader.ts";
import type { BackgroundSaves } from "./snapshot/background-saves.ts";
import type { Snapshots } from "./snapshot/snapshots.ts";

/** What the section is about. */
export interface PersistenceSource {
  readonly log: Log | null;
  readonly rewrite: Rewrite | null;
  readonly keyspace: Keyspace;
  readonly dump: DumpFile | null;
  readonly snapshots: Snapshots;
  readonly saves: BackgroundSaves | null;
  /** What the last RDB file held that was loaded. */
  readonly loaded: Loaded | undefined;
}

export function persistenceSection(source: PersistenceSource, startedMs: number): InfoSection {
  return section("persistence", () => {
    const { log, rewrite, keyspace, dump, snapshots, saves } = source;
    const isOn = rewrite !== null && !rewrite.isOff;
    const writing = snapshots.current;
    const percent = writing === undefined ? 0 : (100 * writing.written) / writing.entries || 0;
    const always = [
      ["loading", 0],
      ["async_loading", 0],
      // There is no fork, but memory besides the data and a share that is done.
      ["current_cow_peak", writing?.extraBytes ?? 0],
      ["current_cow_size", snapshots.heldBytes],
      ["current_cow_size_age", 0],
      ["current_fork_perc", percent.toFixed(2)],
      ["current_save_keys_processed", writing?.written ?? 0],
      ["current_save_keys_total", writing?.entries ?? 0],
      ["rdb_changes_since_last_save", keyspace.total(Counter.changes) - (dump?.changesSaved ?? 0)],
      ["rdb_bgsave_in_progress", saves?.isSaving === true ? 1 : 0],
      ["rdb_last_save_time", Math.floor((dump?.lastSaveMs ?? startedMs) / 1000)],
      ["rdb_last_bgsave_status", saves?.hasFailed === true ? "err" : "ok"],
      ["rdb_last_bgsave_time_sec", wholeSeconds(saves?.lastMs)],
      ["rdb_current_bgsave_time_sec", wholeSeconds(saves?.currentMs)],
      ["rdb_saves", dump?.saves ?? 0],
      ["rdb_last_cow_size", saves?.lastExtraBytes ?? 0],
      ["rdb_last_load_keys_expired", source.loaded?.expired ?? 0],
      ["rdb_last_load_keys_loaded", source.loaded?.keys ?? 0],
      ["aof_enabled", isOn ? 1 : 0],
      ["aof_rewrite_in_progress", rewrite?.isRunning === true ? 1 : 0],
      ["aof_rewrite_scheduled", rewrite?.isScheduled === true ? 1 : 0],
      ["aof_last_rewrite_time_sec", wholeSeconds(rewrite?.lastMs)],
      ["aof_current_rewrite_time_sec", wholeSeconds(rewrite?.currentMs)],
      ["aof_last_bgrewrite_status", rewrite === null || rewrite.failures === 0 ? "ok" : "err"],
      ["aof_rewrites", rewrite?.count ?? 0],
      ["aof_rewrites_consecutive_failures", rewrite?.failures ?? 0],
      ["aof_last_write_status", log !== null && log.failure !== null ? "err" : "ok"],
      ["aof_last_cow_size", rewrite?.lastExtraBytes ?? 0],
      ["module_fork_in_progress", 0],
      ["module_fork_last_cow_size", 0],
    ] as const;
    if (!isOn) return always;
    return [
      ...always,
      ["aof_current_size", rewrite.sizeBytes],
      ["aof_base_size", rewrite.sizeAfter],
      ["aof_pending_rewrite", rewrite.isScheduled ? 1 : 0],
      ["aof_buffer_length", log?.openBytes ?? 0],
      ["aof_pending_bio_fsync", log?.isSyncing === true ? 1 : 0],
      ["aof_delayed_fsync", log?.delayedSyncs ?? 0],
    ];
  });
}

/** Whole seconds, as Redis gives them; −1 stays. */
function wholeSeconds(ms = -1): number {
  return ms < 0 ? -1 : Math.floor(ms / 1000);
}
