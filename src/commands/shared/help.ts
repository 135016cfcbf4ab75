// The HELP subcommand of container commands: an array of status lines, in Redis's layout.

import type { Context } from "../../engine/context.ts";

/**
 * Replies the help of a container: each subcommand's syntax, and below it what it does, in lines
 * as the text has them.
 */
export function replyHelp(
  c: Context,
  name: string,
  subcommands: readonly (readonly [syntax: string, description: string])[],
): void {
  const lines = [`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`];
  for (const [syntax, description] of [...subcommands, ["HELP", "Print this help."]]) {
    lines.push(syntax, ...description.split("\n").map((line) => `    ${line}`));
  }
  c.reply.array(lines.length);
  for (const line of lines) c.reply.simple(line);
}

/** A subcommand that cannot be called so: argument 1 names it. */
export function replySubcommandError(c: Context, name: string): void {
  c.reply.errorText(
    "ERR unknown subcommand or wrong number of arguments for " +
      `'${c.args.text(1).slice(0, 128)}'. Try ${name} HELP.`,
  );
}
