// The package's door: open() and the types that go with it. See docs/embedded.md.

// Programs may be compiled for a JavaScript that does not know `using` yet.
/// <reference lib="esnext.disposable" preserve="true" />

export { DatabaseError, type DatabaseErrorCode } from "./base/database-error.ts";
export { RdbError, type RdbErrorCode } from "./codec/rdb-error.ts";
export type {
  SubscribeOptions,
  Subscriber,
  Synchronous,
} from "./embedded/database.ts";
export { Database } from "./embedded/database.ts";
export type { DurableMethods } from "./embedded/durable.ts";
export type {
  GeoArea,
  GeoaddOptions,
  GeoDetails,
  GeoPosition,
  GeoradiusOptions,
  GeoStore,
  GeoUnit,
  Positions,
} from "./embedded/methods/geo.ts";
export type { SortOptions } from "./embedded/methods/sort.ts";
export type {
  CombineOptions,
  RangeOptions,
  Scored,
  Scores,
  ZaddOptions,
} from "./embedded/methods/sorted-sets.ts";
export type {
  Deletion,
  Deliveries,
  PendingRange,
  ReferenceOptions,
  XclaimOptions,
  XreadgroupOptions,
} from "./embedded/methods/stream-groups.ts";
export type {
  StreamEntries,
  StreamPlaces,
  TrimOptions,
  XaddOptions,
  XreadOptions,
} from "./embedded/methods/streams.ts";
export type { MigrateOptions, MigrationTarget } from "./embedded/migrating.ts";
export { Multi, type Results } from "./embedded/multi.ts";
export { type OpenOptions, open } from "./embedded/open.ts";
export type { WriteOptions } from "./embedded/options.ts";
export type { FileUrl } from "./embedded/place.ts";
export type { FunctionResult, RegisteredFunction, Script } from "./embedded/scripts.ts";
export type { Listening, ListenOptions } from "./embedded/serving.ts";
export type { SnapshotOptions } from "./embedded/snapshots.ts";
export type {
  Claims,
  DeliveredEntry,
  Fields,
  Pairs,
  PendingEntry,
  PendingSummary,
  Several,
  StreamEntry,
  Text,
  Value,
  Values,
} from "./embedded/values.ts";
export { HashView } from "./embedded/views/hashes.ts";
export { ListView } from "./embedded/views/lists.ts";
export { MembersView } from "./embedded/views/sets.ts";
export { type SortedSetRange, SortedSetView } from "./embedded/views/sorted-sets.ts";
export { type StreamRange, type StreamReadOptions, StreamView } from "./embedded/views/streams.ts";
export type { TornTail } from "./persistence/log/cut.ts";
export type { FsyncPolicy } from "./persistence/log/log.ts";
export { LogError, type LogErrorCode } from "./persistence/log/log-error.ts";
export type { Recovery } from "./persistence/log/recovery.ts";
export { DirectoryLocked, PlatformError } from "./platform/platform.ts";
export { ReplyError, type ReplyValue } from "./protocol/reply-reader.ts";
export type { SharedDatabase } from "./threads/handle.ts";
