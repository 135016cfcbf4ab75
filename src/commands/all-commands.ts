// Every family of commands, for the command table.

import type { Command } from "../engine/context.ts";
import { bitFieldCommands } from "./bitmaps/bit-fields.ts";
import { bitOperationCommands } from "./bitmaps/bit-operations.ts";
import { bitmapCommands } from "./bitmaps/bitmaps.ts";
import { clientCommands } from "./connection/clients.ts";
import { connectionCommands } from "./connection/connection.ts";
import { geoCommands } from "./geo/geo.ts";
import { geoSearchCommands } from "./geo/search.ts";
import { hashCommands } from "./hashes/hashes.ts";
import { hyperloglogCommands } from "./hyperloglog/hyperloglog.ts";
import { hyperloglogDebugCommands } from "./hyperloglog/hyperloglog-debug.ts";
import { expiryCommands } from "./keys/expiry.ts";
import { keyCommands } from "./keys/keys.ts";
import { migrate } from "./keys/migrate.ts";
import { objectCommands } from "./keys/objects.ts";
import { payloadCommands } from "./keys/payloads.ts";
import { blockMoveCommands } from "./lists/block-moves.ts";
import { listMoveCommands } from "./lists/list-moves.ts";
import { listPopCommands } from "./lists/list-pops.ts";
import { listCommands } from "./lists/lists.ts";
import { pubsubCommands } from "./pubsub/pubsub.ts";
import { evalCommands } from "./scripting/eval.ts";
import { functionCommands } from "./scripting/functions.ts";
import { scriptCommands } from "./scripting/script.ts";
import { clusterCommands } from "./server/cluster.ts";
import { commandCommands } from "./server/command-docs.ts";
import { configCommands } from "./server/config.ts";
import { debugCommands } from "./server/debug.ts";
import { logCommands } from "./server/log.ts";
import { lolwutCommands } from "./server/lolwut.ts";
import { memoryCommands } from "./server/memory.ts";
import { moduleCommands } from "./server/modules.ts";
import { replicaCommands } from "./server/replicas.ts";
import { savingCommands } from "./server/saving.ts";
import { serverCommands } from "./server/server.ts";
import { setAlgebraCommands } from "./sets/set-algebra.ts";
import { setCommands } from "./sets/sets.ts";
import { sortCommands } from "./sort/sort.ts";
import { sortedSetAlgebraCommands } from "./sorted-sets/algebra.ts";
import { sortedSetPopCommands } from "./sorted-sets/pops.ts";
import { sortedSetRangeCommands } from "./sorted-sets/ranges.ts";
import { sortedSetCommands } from "./sorted-sets/sorted-sets.ts";
import { allStreamCommands } from "./streams/all-streams.ts";
import { digestCommands } from "./strings/digests.ts";
import { increxCommands } from "./strings/increx.ts";
import { lcsCommands } from "./strings/lcs.ts";
import { msetexCommands } from "./strings/msetex.ts";
import { stringNumberCommands } from "./strings/string-numbers.ts";
import { stringPartCommands } from "./strings/string-parts.ts";
import { stringCommands } from "./strings/strings.ts";
import { transactionCommands } from "./transactions/transactions.ts";

export const commandFamilies: readonly (readonly Command[])[] = [
  stringCommands,
  stringPartCommands,
  stringNumberCommands,
  lcsCommands,
  digestCommands,
  msetexCommands,
  increxCommands,
  bitmapCommands,
  bitOperationCommands,
  bitFieldCommands,
  hyperloglogCommands,
  hyperloglogDebugCommands,
  keyCommands,
  expiryCommands,
  objectCommands,
  payloadCommands,
  [migrate],
  listCommands,
  listMoveCommands,
  blockMoveCommands,
  listPopCommands,
  hashCommands,
  setCommands,
  setAlgebraCommands,
  sortedSetCommands,
  sortedSetRangeCommands,
  sortedSetPopCommands,
  sortedSetAlgebraCommands,
  geoCommands,
  geoSearchCommands,
  sortCommands,
  allStreamCommands,
  transactionCommands,
  evalCommands,
  scriptCommands,
  functionCommands,
  pubsubCommands,
  connectionCommands,
  clientCommands,
  serverCommands,
  savingCommands,
  logCommands,
  configCommands,
  memoryCommands,
  moduleCommands,
  replicaCommands,
  clusterCommands,
  lolwutCommands,
  debugCommands,
  commandCommands,
];
