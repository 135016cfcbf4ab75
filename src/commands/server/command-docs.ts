// COMMAND: the command table as clients read it, to learn which commands there are, where their
// keys stand and how they are used.

import { asciiBytes } from "../../base/bytes.ts";
import { globMatches } from "../../base/glob.ts";
import { type CompiledCommand, categoryNames, Flag } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { FoundKeys, keyFlagNames } from "../../engine/key-specs.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { Errors } from "../../protocol/errors.ts";
import { replyHelp } from "../shared/help.ts";
import { replyDocs, replyInfo, replyNames } from "./describe-command.ts";

const nameArguments: Command["args"] = [
  { name: "command-name", type: "string", optional: true, multiple: true },
];

const requestArguments: Command["args"] = [
  { name: "command", type: "string" },
  { name: "arg", type: "string", optional: true, multiple: true },
];

/** What the subcommands have in common. */
const subcommand = { flags: "loading stale", categories: "connection", group: "server" } as const;

export const command: Command = {
  ...subcommand,
  name: "command",
  arity: -1,
  tips: "nondeterministic_output_order",
  since: "2.8.13",
  complexity: "O(N) where N is the total number of Redis commands",
  summary: "Describes every command.",
  handler: commandInfoAll,
  subcommands: [
    {
      ...subcommand,
      name: "count",
      arity: 2,
      since: "2.8.13",
      complexity: "O(1)",
      summary: "Counts the commands.",
      handler: (c) => c.reply.integer(c.executor.table.names.size),
    },
    {
      ...subcommand,
      name: "list",
      arity: -2,
      tips: "nondeterministic_output_order",
      since: "7.0.0",
      complexity: "O(N) where N is the total number of Redis commands",
      summary: "Names the commands, subcommands among them.",
      args: [
        {
          name: "filterby",
          type: "oneof",
          token: "FILTERBY",
          optional: true,
          arguments: [
            { name: "module-name", type: "string", token: "MODULE" },
            { name: "category", type: "string", token: "ACLCAT" },
            { name: "pattern", type: "pattern", token: "PATTERN" },
          ],
        },
      ],
      handler: commandList,
    },
    {
      ...subcommand,
      name: "info",
      arity: -2,
      tips: "nondeterministic_output_order",
      since: "2.8.13",
      complexity: "O(N) where N is the number of commands to look up",
      summary: "Describes the named commands, or every command.",
      args: nameArguments,
      handler: commandInfo,
    },
    {
      ...subcommand,
      name: "docs",
      arity: -2,
      tips: "nondeterministic_output_order",
      since: "7.0.0",
      complexity: "O(N) where N is the number of commands to look up",
      summary: "Documents the named commands, or every command.",
      args: nameArguments,
      handler: commandDocs,
    },
    {
      ...subcommand,
      name: "getkeys",
      arity: -3,
      since: "2.8.13",
      complexity: "O(N) where N is the number of arguments to the command",
      summary: "Picks the keys out of a whole request.",
      args: requestArguments,
      handler: commandGetkeys,
    },
    {
      ...subcommand,
      name: "getkeysandflags",
      arity: -3,
      since: "7.0.0",
      complexity: "O(N) where N is the number of arguments to the command",
      summary: "Picks the keys out of a request and tells what happens to them.",
      args: requestArguments,
      handler: commandGetkeysandflags,
    },
    {
      ...subcommand,
      name: "help",
      arity: 2,
      since: "5.0.0",
      complexity: "O(1)",
      summary: "Lists the subcommands.",
      handler: commandHelp,
    },
  ],
};

export const commandCommands: readonly Command[] = [command];

/** The command or subcommand that a name ("get", "config|set") in argument i means. */
function named(c: Context, i: number): CompiledCommand | undefined {
  const [name, sub, ...more] = c.args.text(i).toLowerCase().split("|");
  const found = c.executor.table.names.get(name);
  if (sub === undefined) return found;
  return more.length > 0 ? undefined : found?.subcommands?.get(sub);
}

// INFO and DOCS

function commandInfoAll(c: Context): void {
  const { names } = c.executor.table;
  c.reply.array(names.size);
  for (const each of names.values()) replyInfo(c.reply, each);
}

function commandInfo(c: Context): void {
  const { args, reply } = c;
  if (args.count === 2) {
    commandInfoAll(c);
    return;
  }
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    const found = named(c, i);
    if (found === undefined) reply.null();
    else replyInfo(reply, found);
  }
}

function commandDocs(c: Context): void {
  const { args, reply } = c;
  const found: CompiledCommand[] = [];
  if (args.count === 2) found.push(...c.executor.table.names.values());
  for (let i = 2; i < args.count; i++) {
    const each = named(c, i);
    if (each !== undefined) found.push(each);
  }
  reply.map(found.length);
  for (const each of found) {
    reply.bulkText(each.fullName);
    replyDocs(reply, each);
  }
}

// LIST

const FILTERBY = asciiBytes("filterby");
const MODULE = asciiBytes("module");
const ACLCAT = asciiBytes("aclcat");
const PATTERN = asciiBytes("pattern");

function commandList(c: Context): void {
  const { args, reply } = c;
  let matches: (each: CompiledCommand) => boolean = () => true;
  if (args.count === 5 && args.is(2, FILTERBY) && args.is(3, MODULE)) {
    matches = () => false;
  } else if (args.count === 5 && args.is(2, FILTERBY) && args.is(3, ACLCAT)) {
    const category = args.text(4).toLowerCase();
    const known = categoryNames.includes(category);
    matches = (each) => known && each.categories.includes(category);
  } else if (args.count === 5 && args.is(2, FILTERBY) && args.is(3, PATTERN)) {
    const pattern = asciiBytes(args.text(4).toLowerCase());
    matches = (each) => {
      const name = asciiBytes(each.fullName);
      return globMatches(pattern, 0, pattern.length, name, 0, name.length);
    };
  } else if (args.count !== 2) {
    reply.error(Errors.syntax);
    return;
  }
  const names: string[] = [];
  const add = (each: CompiledCommand): void => {
    if (matches(each)) names.push(each.fullName);
    each.subcommands?.forEach(add);
  };
  c.executor.table.names.forEach(add);
  reply.array(names.length);
  for (const name of names) reply.bulkText(name);
}

// GETKEYS

/** The request at argument 2, its keys in foundKeys; undefined when an error has been replied. */
function findRequestKeys(c: Context): Arguments | undefined {
  const { args, reply } = c;
  const request = new Arguments();
  request.bytes = args.bytes;
  for (let i = 2; i < args.count; i++) request.push(args.starts[i], args.ends[i]);
  let found = c.executor.table.find(request, 0);
  if (found?.subcommands !== undefined && request.count > 1) {
    found = found.subcommands.get(request.text(1).toLowerCase());
  }
  if (found === undefined) {
    reply.errorText("ERR Invalid command specified");
    return undefined;
  }
  if (!found.keys.any) {
    reply.errorText("ERR The command has no key arguments");
    return undefined;
  }
  const { arity } = found;
  if ((arity > 0 && request.count !== arity) || request.count < -arity) {
    reply.errorText("ERR Invalid number of arguments specified for command");
    return undefined;
  }
  if (!found.keys.findInto(request, foundKeys)) {
    if ((found.flags & Flag.no_mandatory_keys) === 0) {
      reply.errorText("ERR Invalid arguments specified for command");
      return undefined;
    }
    foundKeys.count = 0;
  }
  return request;
}

const foundKeys = new FoundKeys();

function commandGetkeys(c: Context): void {
  const request = findRequestKeys(c);
  if (request === undefined) return;
  const { count, positions } = foundKeys;
  c.reply.array(count);
  for (let i = 0; i < count; i++) replyArgument(c, request, positions[i]);
}

function commandGetkeysandflags(c: Context): void {
  const request = findRequestKeys(c);
  if (request === undefined) return;
  const { count, positions, flags } = foundKeys;
  c.reply.array(count);
  for (let i = 0; i < count; i++) {
    c.reply.array(2);
    replyArgument(c, request, positions[i]);
    replyNames(c.reply, keyFlagNames(flags[i]));
  }
}

function replyArgument(c: Context, args: Arguments, i: number): void {
  c.reply.bulk(args.bytes, args.starts[i], args.ends[i]);
}

function commandHelp(c: Context): void {
  replyHelp(c, "COMMAND", [
    ["(no subcommand)", "Describes every command."],
    ["COUNT", "How many commands there are."],
    ["LIST [FILTERBY (MODULE <module>|ACLCAT <category>|PATTERN <pattern>)]", "Their names."],
    ["INFO [<command-name> ...]", "Arity, flags, keys and categories of these, or of all."],
    ["DOCS [<command-name> ...]", "Documentation of these, or of all."],
    ["GETKEYS <full-command>", "The keys in a whole request."],
    ["GETKEYSANDFLAGS <full-command>", "The keys in a whole request, and what happens to them."],
  ]);
}
