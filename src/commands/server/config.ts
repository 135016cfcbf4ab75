// CONFIG: the settings while the server runs. What they are and mean is known to the services.

import { utf8Text } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Counter } from "../../keyspace/figures.ts";
import { Errors } from "../../protocol/errors.ts";
import { replyHelp } from "../shared/help.ts";

export const config: Command = {
  name: "config",
  owner: true,
  arity: -2,
  flags: "",
  group: "server",
  since: "2.0.0",
  complexity: "Depends on subcommand.",
  summary: "Reads and changes settings.",
  subcommands: [
    {
      name: "get",
      arity: -3,
      flags: "admin noscript loading stale",
      group: "server",
      since: "2.0.0",
      complexity: "O(N) when N is the number of configuration parameters provided",
      summary: "Returns the settings whose names match.",
      args: [
        {
          name: "parameter",
          type: "block",
          multiple: true,
          arguments: [{ name: "parameter", type: "string" }],
        },
      ],
      handler: configGet,
    },
    {
      name: "set",
      arity: -4,
      flags: "admin noscript loading stale",
      tips: "request_policy:all_nodes response_policy:all_succeeded",
      group: "server",
      since: "2.0.0",
      complexity: "O(N) when N is the number of configuration parameters provided",
      summary: "Changes settings, all of them or none.",
      args: [
        {
          name: "data",
          type: "block",
          multiple: true,
          arguments: [
            { name: "parameter", type: "string" },
            { name: "value", type: "string" },
          ],
        },
      ],
      handler: configSet,
    },
    {
      name: "rewrite",
      arity: 2,
      flags: "admin noscript loading stale",
      group: "server",
      since: "2.8.0",
      complexity: "O(1)",
      summary: "Writes the settings back into the configuration file.",
      handler: configRewrite,
    },
    {
      name: "resetstat",
      arity: 2,
      flags: "admin noscript loading stale",
      group: "server",
      since: "2.0.0",
      complexity: "O(1)",
      summary: "Sets the counters that INFO shows back to zero.",
      handler: configResetstat,
    },
    {
      name: "help",
      arity: 2,
      flags: "loading stale",
      group: "server",
      since: "5.0.0",
      complexity: "O(1)",
      summary: "Lists the subcommands.",
      handler: configHelp,
    },
  ],
};

export const configCommands: readonly Command[] = [config];

function text(c: Context, i: number): string {
  return utf8Text(c.args.bytes, c.args.starts[i], c.args.ends[i]);
}

function configGet(c: Context): void {
  const patterns: string[] = [];
  for (let i = 2; i < c.args.count; i++) patterns.push(text(c, i));
  const settings = c.services.configGet(patterns);
  c.reply.map(settings.length);
  for (const [name, value] of settings) {
    c.reply.bulkText(name);
    c.reply.bulkText(value);
  }
}

function configSet(c: Context): void {
  const { args, reply } = c;
  if (args.count % 2 !== 0) {
    reply.error(Errors.syntax);
    return;
  }
  const pairs: [string, string][] = [];
  for (let i = 2; i < args.count; i += 2) pairs.push([text(c, i), text(c, i + 1)]);
  okOr(c, c.services.configSet(pairs));
}

function configRewrite(c: Context): void {
  okOr(c, c.services.configRewrite());
}

function okOr(c: Context, failed: string | undefined): void {
  if (failed === undefined) c.reply.ok();
  else c.reply.errorText(failed);
}

function configResetstat(c: Context): void {
  c.keyspace.figures.reset(0, Counter.changes);
  c.executor.resetStatistics();
  c.services.resetStatistics();
  c.reply.ok();
}

function configHelp(c: Context): void {
  replyHelp(c, "CONFIG", [
    ["GET <pattern> [<pattern> ...]", "The settings whose names match a glob-style pattern."],
    ["SET <directive> <value> [<directive> <value> ...]", "Changes settings, all or none."],
    ["RESETSTAT", "Sets the counters that INFO shows back to zero."],
    ["REWRITE", "Writes the settings back into the configuration file."],
  ]);
}
