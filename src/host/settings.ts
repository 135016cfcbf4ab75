// From the configuration to the parts that it governs: sets them at the start, and again whenever
// CONFIG SET changes a directive.

import { messageOf } from "../base/realms.ts";
import type { Database } from "../database.ts";
import { SETTING_MAX } from "../keyspace/data-type.ts";
import { LogError } from "../persistence/log/log-error.ts";
import { SILENT } from "../persistence/rewriting.ts";
import { PlatformError } from "../platform/platform.ts";
import type { Configuration } from "./configuration.ts";
import type { DirectiveName, ValueOf } from "./directives.ts";

/** Directives whose values are numbers; those that a data type names are among them. */
type NumberDirective = {
  [N in DirectiveName]: ValueOf<N> extends number ? N : never;
}[DirectiveName];

const UNABLE = "Unable to turn on AOF";
const TLS_REFUSED = "Unable to update TLS configuration. Check server logs.";

/** Values that CONFIG SET cannot have, because it would then look as if they acted. */
const refusals: { readonly [N in DirectiveName]?: (value: ValueOf<N>) => string | undefined } = {
  activedefrag: (on) =>
    on
      ? "Active defragmentation cannot be enabled: it requires a Redis server compiled with a " +
        "modified Jemalloc like the one shipped by default with the Redis source distribution"
      : undefined,
  "tls-port": (port) => (port === 0 ? undefined : TLS_REFUSED),
  "tls-replication": (on) => (on ? TLS_REFUSED : undefined),
  "tls-cluster": (on) => (on ? TLS_REFUSED : undefined),
  dir: () => "the data directory is chosen at the start",
};

/** Applies a directive now and whenever it changes. */
export function bind<N extends DirectiveName>(
  configuration: Configuration,
  name: N,
  apply: (value: ValueOf<N>) => void,
): void {
  apply(configuration.get(name));
  configuration.onChange(name, (value) => {
    apply(value);
    return undefined;
  });
}

/** Has a log begun, or rest; returns why that cannot be. */
function switchLog(database: Database, on: boolean): string | undefined {
  if (database.dump === null) {
    return on ? "a database in memory keeps no log: open one in a directory" : undefined;
  }
  try {
    database.switchLog(on);
    return undefined;
  } catch (error) {
    if (!(error instanceof LogError || error instanceof PlatformError)) throw error;
    database.reporter.warning(`No log can be begun: ${error.message}`);
    // As redis-server has it; a program has no server's log to look into.
    const isTold = database.reporter !== SILENT;
    return isTold ? `${UNABLE}. Check server logs.` : `${UNABLE}: ${error.message}`;
  }
}

/** Lets the configuration govern the database. */
export function applySettings(database: Database, configuration: Configuration): void {
  const { executor, keyspace } = database;
  const { memoryLimit } = executor;
  const { settings } = keyspace;
  for (const type of keyspace.types) {
    for (const [name, set] of Object.entries(type.settings)) {
      bind(configuration, name as NumberDirective, (n) => set(Math.min(n, SETTING_MAX)));
    }
  }
  bind(configuration, "notify-keyspace-events", (flags) => {
    settings.notifications = flags;
  });
  bind(configuration, "maxmemory", (n) => {
    memoryLimit.maxmemory = n;
  });
  bind(configuration, "maxmemory-policy", (policy) => {
    keyspace.setEvictionPolicy(policy);
  });
  bind(configuration, "maxmemory-samples", (n) => {
    settings.evictionSamples = n;
  });
  bind(configuration, "lfu-log-factor", (n) => {
    settings.lfuLogFactor = n;
  });
  bind(configuration, "lfu-decay-time", (n) => {
    settings.lfuDecayMinutes = n;
  });
  for (const [name, refusal] of Object.entries(refusals)) {
    configuration.onChange(name as DirectiveName, refusal as () => string | undefined);
  }
  bind(configuration, "latency-tracking", (tracking) => {
    settings.callsTracked = tracking;
  });
  configuration.onChange("aof-timestamp-enabled", (on) => {
    database.turn(() => database.stampLog(on));
    return undefined;
  });
  const { rewriteSettings } = database;
  bind(configuration, "auto-aof-rewrite-percentage", (percentage) => {
    rewriteSettings.percentage = percentage;
    database.rewrite?.watch();
  });
  bind(configuration, "auto-aof-rewrite-min-size", (bytes) => {
    rewriteSettings.sizeMin = bytes;
    database.rewrite?.watch();
  });
  bind(configuration, "aof-rewrite-incremental-fsync", (syncs) => {
    rewriteSettings.syncsAsItGoes = syncs;
  });
  bind(configuration, "save", (points) => {
    if (database.saves !== null) database.saves.points = points;
  });
  configuration.onChange("appendonly", (on) => switchLog(database, on));
  configuration.onChange("appendfsync", (policy) => {
    try {
      database.directoryLog?.setPolicy(policy);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  });
}
