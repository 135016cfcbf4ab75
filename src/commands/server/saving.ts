// Snapshots of all databases, as files (persistence/rdb, persistence/snapshot).

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";

export const save: Command = {
  name: "save",
  owner: true,
  arity: 1,
  flags: "no_async_loading admin noscript no_multi",
  group: "server",
  since: "1.0.0",
  complexity: "O(N) where N is the total number of keys in all databases",
  summary: "Saves all databases to the snapshot file; nobody is served meanwhile.",
  handler: saveCommand,
};

function saveCommand(c: Context): void {
  if (c.mayBeUndone) {
    c.reply.errorText("ERR SAVE in a transaction would save what may be rolled back");
    return;
  }
  const failed = c.services.save();
  if (failed === undefined) c.reply.ok();
  else c.reply.errorText(failed);
}

export const bgsave: Command = {
  name: "bgsave",
  owner: true,
  arity: -1,
  flags: "no_async_loading admin noscript",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Has all databases saved to the snapshot file in the background.",
  args: [
    { name: "schedule", type: "pure-token", token: "SCHEDULE", since: "3.2.2", optional: true },
  ],
  handler: bgsaveCommand,
};

const SCHEDULE = asciiBytes("schedule");
const isSaving = errorLine("ERR Background save already in progress");
const isBusy = errorLine(
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in " +
    "order to schedule a BGSAVE whenever possible.",
);

const isNowhere = errorLine("ERR The snapshot cannot be saved: the database has no directory");

function bgsaveCommand(c: Context): void {
  const { args, reply } = c;
  const isPatient = args.count === 2 && args.is(1, SCHEDULE);
  if (args.count > 1 && !isPatient) {
    reply.error(Errors.syntax);
    return;
  }
  const isInside = c.inTransaction || c.mayBeUndone;
  const answer = c.services.saveInBackground(isPatient, isInside);
  if (answer === "running") reply.error(isSaving);
  else if (answer === "busy") reply.error(isBusy);
  else if (answer === "nowhere") reply.error(isNowhere);
  else reply.simple(`Background saving ${answer}`);
}

export const lastsave: Command = {
  name: "lastsave",
  owner: true,
  arity: 1,
  flags: "loading stale fast",
  tips: "nondeterministic_output",
  categories: "admin dangerous",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Returns when a snapshot was saved last, or else when the server started.",
  handler: (c) => c.reply.integer(Math.floor(c.services.lastSaveMs / 1000)),
};

export const savingCommands: readonly Command[] = [save, bgsave, lastsave];
