// Snapshots of all databases, as files (persistence/rdb).

import type { Command, Context } from "../../engine/context.ts";

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
  if (c.executor.transactionOpen) {
    c.reply.errorText("ERR SAVE in a transaction would save what may be rolled back");
    return;
  }
  const failed = c.services.save();
  if (failed === undefined) c.reply.ok();
  else c.reply.errorText(failed);
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

export const savingCommands: readonly Command[] = [save, lastsave];
