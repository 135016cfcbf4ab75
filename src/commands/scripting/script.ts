// SCRIPT: the scripts that are known by their digests. There is no debugger.

import { latin1Text } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { errorLine } from "../../protocol/errors.ts";
import { scriptingOf } from "../../scripting/scripting.ts";
import { oneOf } from "../shared/argument-docs.ts";
import { replyHelp } from "../shared/help.ts";
import { noScript, scriptOf } from "./eval.ts";

const flushWord = errorLine("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
const debugWord = errorLine("ERR Use SCRIPT DEBUG YES/SYNC/NO");
const noDebugger = errorLine("ERR there is no debugger for scripts; redis.log writes to the log");

const common = { group: "scripting", since: "2.6.0", flags: "noscript" } as const;
const everywhere = "request_policy:all_nodes response_policy:all_succeeded";

export const script: Command = {
  name: "script",
  arity: -2,
  flags: "",
  group: "scripting",
  since: "2.6.0",
  complexity: "Depends on subcommand.",
  summary: "Manages the scripts that are known by their digests.",
  subcommands: [
    {
      ...common,
      name: "debug",
      arity: 3,
      since: "3.2.0",
      complexity: "O(1)",
      summary: "Switches the debugger of scripts, of which there is none.",
      args: [oneOf("mode", "YES", "SYNC", "NO")],
      handler: scriptDebug,
    },
    {
      ...common,
      name: "exists",
      owner: true,
      arity: -3,
      tips: "request_policy:all_shards response_policy:agg_logical_and",
      complexity: "O(N) with N being the number of scripts to check.",
      summary: "Tells which scripts are known.",
      args: [{ name: "sha1", type: "string", multiple: true }],
      handler: scriptExists,
    },
    {
      ...common,
      name: "flush",
      owner: true,
      arity: -2,
      tips: everywhere,
      complexity: "O(N) with N being the number of scripts in cache",
      summary: "Forgets all scripts.",
      args: [{ ...oneOf("flush-type", "ASYNC", "SYNC"), since: "6.2.0", optional: true }],
      handler: scriptFlush,
    },
    {
      ...common,
      name: "help",
      arity: 2,
      flags: "loading stale",
      since: "5.0.0",
      complexity: "O(1)",
      summary: "Lists what SCRIPT can do.",
      handler: scriptHelp,
    },
    {
      ...common,
      name: "kill",
      arity: 2,
      flags: "noscript allow_busy",
      tips: "request_policy:all_shards response_policy:one_succeeded",
      complexity: "O(1)",
      summary: "Ends the script that runs, if it has written nothing.",
      handler: (c) => scriptingOf(c).runner.kill(false),
    },
    {
      ...common,
      name: "load",
      owner: true,
      arity: 3,
      flags: "noscript stale",
      tips: everywhere,
      complexity: "O(N) with N being the length in bytes of the script body.",
      summary: "Keeps a script, which is then known by its SHA-1 digest.",
      args: [{ name: "script", type: "string" }],
      handler: scriptLoad,
    },
    {
      ...common,
      name: "show",
      owner: true,
      arity: 3,
      since: "8.0.0",
      complexity: "O(1).",
      summary: "Returns the text of a script.",
      args: [{ name: "sha1", type: "string" }],
      handler: scriptShow,
    },
  ],
};

function scriptDebug(c: Context): void {
  const mode = c.args.text(2).toLowerCase();
  if (mode === "no") c.reply.ok();
  else c.reply.error(mode === "yes" || mode === "sync" ? noDebugger : debugWord);
}

function scriptExists(c: Context): void {
  const { count } = c.args;
  c.reply.array(count - 2);
  for (let i = 2; i < count; i++) c.reply.integer(scriptOf(c, i) === undefined ? 0 : 1);
}

function scriptFlush(c: Context): void {
  const { args } = c;
  const word = args.count === 2 ? "sync" : args.text(2).toLowerCase();
  if (args.count > 3 || (word !== "sync" && word !== "async")) {
    c.reply.error(flushWord);
    return;
  }
  scriptingOf(c).flush();
  c.reply.ok();
}

function scriptLoad(c: Context): void {
  const { bytes, starts, ends } = c.args;
  const loaded = scriptingOf(c).define(latin1Text(bytes, starts[2], ends[2]), true);
  if (typeof loaded === "string") c.reply.errorText(`ERR ${loaded}`);
  else c.reply.bulkLatin1(loaded.digest);
}

function scriptShow(c: Context): void {
  const found = scriptOf(c, 2);
  if (found === undefined) c.reply.error(noScript);
  else c.reply.bulkLatin1(found.source);
}

function scriptHelp(c: Context): void {
  replyHelp(c, "SCRIPT", [
    ["DEBUG (YES|SYNC|NO)", "Set the debug mode for subsequent scripts executed."],
    [
      "EXISTS <sha1> [<sha1> ...]",
      "Return information about the existence of the scripts in the script cache.",
    ],
    ["FLUSH [ASYNC|SYNC]", "Flush the Lua scripts cache. Very dangerous on replicas."],
    ["KILL", "Kill the currently executing Lua script."],
    ["LOAD <script>", "Load a script into the scripts cache without executing it."],
    ["SHOW <sha1>", "Show a script in the scripts cache."],
  ]);
}

export const scriptCommands: readonly Command[] = [script];
