// The log: its rewriting in the background.

import type { Command, Context } from "../../engine/context.ts";
import { errorLine } from "../../protocol/errors.ts";

const isRewriting = errorLine("ERR Background append only file rewriting already in progress");
const noLog = errorLine("ERR there is no log to rewrite: appendonly is no");

export const bgrewriteaof: Command = {
  name: "bgrewriteaof",
  owner: true,
  arity: 1,
  flags: "admin noscript no_async_loading",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Has the log rewritten in the background: it becomes as short as it can.",
  handler: bgrewriteaofCommand,
};

function bgrewriteaofCommand(c: Context): void {
  const outcome = c.services.rewriteLog();
  if (outcome === "running") c.reply.error(isRewriting);
  else if (outcome === "no log") c.reply.error(noLog);
  else c.reply.simple(`Background append only file rewriting ${outcome}`);
}

export const logCommands: readonly Command[] = [bgrewriteaof];
