// The text of INFO: sections of `field:value` lines, as clients, dashboards and Sentinel read them.
// What stands in a section says whoever it is about (engine/info-section.ts); here they are put
// in order and asked for.

import type { InfoSection } from "../../engine/info-section.ts";

/** The order of the sections that Redis has; others follow them. */
const order = [
  "server",
  "clients",
  "memory",
  "persistence",
  "stats",
  "replication",
  "cpu",
  "modules",
  "commandstats",
  "errorstats",
  "latencystats",
  "cluster",
  "keyspace",
];

/** The sections asked for (lower case), as one text with CR LF line ends. */
export function infoText(sections: readonly InfoSection[], asked: readonly string[]): string {
  const isAsked = (name: string): boolean => asked.includes(name);
  const everything = isAsked("all") || isAsked("everything");
  const usual = asked.length === 0 || isAsked("default");
  const wanted = new Map<string, string[]>();
  for (const each of [...sections].sort((a, b) => rank(a.name) - rank(b.name))) {
    const { name, onDemand = false } = each;
    if (!everything && !isAsked(name) && !(usual && !onDemand)) continue;
    const lines = wanted.get(name) ?? [];
    for (const [field, value] of each.fields()) lines.push(`${field}:${value}\r\n`);
    wanted.set(name, lines);
  }
  return [...wanted].map(([name, lines]) => `# ${title(name)}\r\n${lines.join("")}`).join("\r\n");
}

function rank(name: string): number {
  const at = order.indexOf(name);
  return at < 0 ? order.length : at;
}

function title(name: string): string {
  return name === "cpu" ? "CPU" : name[0].toUpperCase() + name.slice(1);
}
