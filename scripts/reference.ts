// Writes docs/commands.md from the command table: `node scripts/reference.ts` (or `npm run
// reference`). What a command is stands in its entry alone; a test keeps the page current.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commandFamilies } from "../src/commands/all-commands.ts";
import type { Command } from "../src/engine/context.ts";
import { syntaxText } from "../src/protocol/console-renderer.ts";

/** Where the page lies. */
export const commandsPath: string = fileURLToPath(new URL("../docs/commands.md", import.meta.url));

/** Groups in the page's order, with their headings. */
const groups: Readonly<Record<string, string>> = {
  string: "Strings",
  bitmap: "Bits of strings",
  hyperloglog: "HyperLogLogs",
  list: "Lists",
  hash: "Hashes",
  set: "Sets",
  "sorted-set": "Sorted sets",
  stream: "Streams",
  geo: "Positions on Earth",
  generic: "Keys of any type",
  transactions: "Transactions",
  scripting: "Scripts and functions",
  pubsub: "Publish and subscribe",
  connection: "Connection",
  server: "Server",
  cluster: "Clusters, of which there are none",
};

/** Flags that tell a reader something, as the page says them. */
const flagTexts: Readonly<Record<string, string>> = {
  write: "writes",
  readonly: "reads",
  denyoom: "refused over `maxmemory`",
  blocking: "may wait",
  admin: "for administrators",
  no_auth: "needs no password",
  no_multi: "not in MULTI",
};

const intro = `# Commands

Every command of TSKeyDB, rendered from the command table (\`src/commands\`) by \`npm run reference\`.
The same entries answer \`COMMAND DOCS\`, redis-cli's hints and \`HELP\` in the console. Behaviour, replies and
errors are those of Redis 7.4; where they differ, [differences.md](differences.md) says so.

In a syntax, \`[…]\` may be left out, \`a | b\` is a choice, and \`x [x ...]\` may be repeated. "Since" is the
version of Redis that brought the command. A command that is *refused over \`maxmemory\`* answers \`OOM\` when
memory is used up and nothing may be evicted.
`;

/** The page, whole. */
export function commandsPage(): string {
  const commands = commandFamilies.flat();
  const unknown = commands.find((command) => groups[command.group] === undefined);
  if (unknown !== undefined) throw new Error(`${unknown.name}: no heading for its group`);
  const sections = Object.entries(groups).map(([group, heading]) => {
    const members = commands.filter((command) => command.group === group);
    return { heading, members };
  });
  const contents = sections.map(({ heading, members }) => {
    const names = members.map(({ name }) => `[${name.toUpperCase()}](#${name})`);
    return `**${heading}**: ${names.join(", ")}\n`;
  });
  const bodies = sections.map(
    ({ heading, members }) => `## ${heading}\n\n${members.map(commandText).join("\n")}`,
  );
  return [intro, ...contents, ...bodies].join("\n");
}

function commandText(command: Command): string {
  const name = command.name.toUpperCase();
  const lines = [`### ${name}\n`];
  if (command.handler !== undefined) lines.push(`\`${syntax(name, command)}\`\n`);
  lines.push(`${withoutPeriod(command.summary)}.${replaced(command)}\n`);
  lines.push(`*${facts(command)}*\n`);
  if (command.subcommands !== undefined) {
    lines.push("| subcommand | what it does | since | cost |", "| --- | --- | --- | --- |");
    for (const each of command.subcommands) {
      const text = syntax(`${name} ${each.name.toUpperCase()}`, each).replaceAll("|", "\\|");
      const cost = withoutPeriod(each.complexity);
      lines.push(`| \`${text}\` | ${withoutPeriod(each.summary)} | ${each.since} | ${cost} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

function syntax(name: string, command: Command): string {
  return `${name} ${syntaxText(command.args ?? [])}`.trimEnd();
}

function facts(command: Command): string {
  const { flags, since, complexity } = command;
  const said = flags.split(" ").flatMap((flag) => flagTexts[flag] ?? []);
  const cost = command.handler === undefined ? [] : [withoutPeriod(complexity)];
  return [`Since ${since}`, ...said, ...cost].join(" · ");
}

function replaced({ deprecated }: Command): string {
  if (deprecated === undefined) return "";
  const [since, by] = deprecated;
  // Redis marks arguments with "!" for its own renderer.
  return ` Deprecated since ${since} in favour of ${by.replaceAll("`!", "`")}.`;
}

function withoutPeriod(text: string): string {
  return text.replace(/\.$/, "");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(commandsPath, commandsPage());
}
