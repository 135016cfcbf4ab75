// `tskeydb import wal.log`: adds what a PyKeyDB log did to a data directory, as one transaction.
// What is refused, killed or cannot be written leaves the directory as it was.

import { configurationOf } from "../host/configuration.ts";
import { importSeedLog } from "../persistence/seed-log.ts";
import type { Platform } from "../platform/platform.ts";
import { readText } from "../platform/text-files.ts";
import { amount } from "./amount.ts";
import { explain, openDatabase } from "./serve.ts";

/** Imports the log that `args` name; returns the exit code. */
export function importLog(platform: Platform, args: readonly string[]): number {
  const [path, ...flags] = args;
  if (path === undefined || path.startsWith("--")) {
    platform.printError("usage: tskeydb import <wal.log> [--dir directory]\n");
    return 1;
  }
  try {
    const configuration = configurationOf(flags, (file) => readText(platform, file));
    const database = openDatabase(platform, configuration);
    try {
      const { executor } = database;
      const { reply, effects } = executor.context;
      database.tick();
      effects.hold();
      const { commands, torn } = importSeedLog(platform, path, (request) => {
        executor.execute(executor.internal, request);
        const failed = reply.failed;
        const text = failed ? replyLine(reply.bytes, reply.lastErrorAt, reply.length) : "";
        reply.truncate(0);
        if (failed) throw new Error(`'${request.text(0)}' was refused: ${text}`);
      });
      effects.release();
      database.close();
      const where = configuration.get("dir");
      platform.print(`${amount(commands, "command", "commands")} imported into ${where}\n`);
      if (torn !== undefined) {
        platform.print(`Line ${torn.line} was torn (${torn.bytes} bytes) and left out\n`);
      }
      return 0;
    } finally {
      database.close(); // Where it was refused, nothing has been released to the log.
    }
  } catch (error) {
    platform.printError(`tskeydb: ${explain(error)}\n`);
    return 1;
  }
}

function replyLine(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start + 1; at < end && bytes[at] !== 13; at++) {
    text += String.fromCharCode(bytes[at]);
  }
  return text;
}
