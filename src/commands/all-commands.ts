// Every family of commands, for the command table.

import { clientCommands } from "./clients.ts";
import type { Command } from "./command.ts";
import { commandCommands } from "./command-docs.ts";
import { configCommands } from "./config.ts";
import { connectionCommands } from "./connection.ts";
import { debugCommands } from "./debug.ts";
import { expiryCommands } from "./expiry.ts";
import { hashCommands } from "./hashes.ts";
import { keyCommands } from "./keys.ts";
import { listMoveCommands } from "./list-moves.ts";
import { listCommands } from "./lists.ts";
import { memoryCommands } from "./memory-usage.ts";
import { objectCommands } from "./objects.ts";
import { pubsubCommands } from "./pubsub.ts";
import { serverCommands } from "./server.ts";
import { setAlgebraCommands } from "./set-algebra.ts";
import { setCommands } from "./sets.ts";
import { stringNumberCommands } from "./string-numbers.ts";
import { stringPartCommands } from "./string-parts.ts";
import { stringCommands } from "./strings.ts";
import { transactionCommands } from "./transactions.ts";

export const commandFamilies: readonly (readonly Command[])[] = [
  stringCommands,
  stringPartCommands,
  stringNumberCommands,
  keyCommands,
  expiryCommands,
  objectCommands,
  listCommands,
  listMoveCommands,
  hashCommands,
  setCommands,
  setAlgebraCommands,
  transactionCommands,
  pubsubCommands,
  connectionCommands,
  clientCommands,
  serverCommands,
  configCommands,
  memoryCommands,
  debugCommands,
  commandCommands,
];
