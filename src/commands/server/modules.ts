// MODULE: there are no modules. The list is empty, and loading one fails as it does in Redis where
// a library cannot be loaded. Who may try says the directive enable-module-command.

import type { Command, Context } from "../../engine/context.ts";
import { allowsAction } from "../../engine/protected-actions.ts";
import { errorLine } from "../../protocol/errors.ts";
import { replyHelp } from "../shared/help.ts";

const notAllowed = errorLine(
  'ERR MODULE command not allowed. If the enable-module-command option is set to "local", you ' +
    "can run it from a local connection, otherwise you need to set this option in the " +
    "configuration file, and then restart the server.",
);
const notLoaded = errorLine("ERR Error loading the extension. Please check the server logs.");
const notUnloaded = errorLine("ERR Error unloading module: no such module with that name");

/** The error line where modules may not be loaded, at all or from the session's address. */
function refusal(c: Context): Uint8Array | undefined {
  const setting = c.services.configGet(["enable-module-command"])[0]?.[1] ?? "no";
  return allowsAction(setting, c.session) ? undefined : notAllowed;
}

function failing(line: Uint8Array): Pick<Command, "guard" | "handler"> {
  return { guard: refusal, handler: (c) => c.reply.error(line) };
}

const loading = {
  flags: "no_async_loading admin noscript",
  group: "server",
  since: "4.0.0",
  complexity: "O(1)",
} as const;

export const module: Command = {
  name: "module",
  arity: -2,
  flags: "",
  group: "server",
  since: "4.0.0",
  complexity: "Depends on subcommand.",
  summary: "Lists modules, of which there are none.",
  subcommands: [
    {
      name: "list",
      arity: 2,
      flags: "admin noscript",
      tips: "nondeterministic_output_order",
      group: "server",
      since: "4.0.0",
      complexity: "O(N) where N is the number of loaded modules.",
      summary: "Returns the modules that are loaded: none.",
      handler: (c) => c.reply.array(0),
    },
    {
      ...loading,
      name: "load",
      arity: -3,
      summary: "Refuses to load a module.",
      args: [
        { name: "path", type: "string" },
        { name: "arg", type: "string", optional: true, multiple: true },
      ],
      ...failing(notLoaded),
    },
    {
      ...loading,
      name: "loadex",
      arity: -3,
      since: "7.0.0",
      summary: "Refuses to load a module with settings.",
      args: [
        { name: "path", type: "string" },
        {
          name: "configs",
          type: "block",
          token: "CONFIG",
          optional: true,
          multiple: true,
          multipleToken: true,
          arguments: [
            { name: "name", type: "string" },
            { name: "value", type: "string" },
          ],
        },
        { name: "args", type: "string", token: "ARGS", optional: true, multiple: true },
      ],
      ...failing(notLoaded),
    },
    {
      ...loading,
      name: "unload",
      arity: 3,
      summary: "Refuses to unload a module.",
      args: [{ name: "name", type: "string" }],
      ...failing(notUnloaded),
    },
    {
      name: "help",
      arity: 2,
      flags: "loading stale",
      group: "server",
      since: "5.0.0",
      complexity: "O(1)",
      summary: "Lists the subcommands.",
      handler: moduleHelp,
    },
  ],
};

export const moduleCommands: readonly Command[] = [module];

function moduleHelp(c: Context): void {
  replyHelp(c, "MODULE", [
    ["LIST", "The modules that are loaded: none."],
    ["LOAD <path> [<arg> ...]", "Fails: modules cannot be loaded."],
    ["LOADEX <path> [[CONFIG NAME VALUE] ...] [ARGS ...]", "Fails: modules cannot be loaded."],
    ["UNLOAD <name>", "Fails: there is no module of any name."],
  ]);
}
