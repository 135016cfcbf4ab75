// What the pages of results are made of: numbers as text, Markdown tables, and goals with their
// verdicts.

import { median } from "./statistics.ts";

export const NAMES: Record<string, string> = { redis: "redis-server", bun: "Bun", node: "Node" };
/** A ratio; to a peer that took nothing it is infinite, or null in JSON. */
export const times = (ratio: number) => (Number.isFinite(ratio) ? `${ratio.toFixed(2)} ×` : "–");
export const whole = (value: number) => Math.round(value).toLocaleString("en");

/** A Markdown table; every column but the first is aligned to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  const lines = [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.join("\n");
}

export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  /** How many of the cases meet it, and of how many. */
  readonly met: number;
  readonly of: number;
}

export interface Case {
  readonly name: string;
  readonly value: number;
}

/** A goal over many cases: their median, and the one that is farthest from it. */
export function goal(
  what: string,
  side: "at most" | "at least",
  limit: number,
  cases: readonly Case[],
  unit: (value: number) => string = times,
): Goal[] {
  if (cases.length === 0) return [];
  const sorted = [...cases].sort((a, b) =>
    side === "at most" ? b.value - a.value : a.value - b.value,
  );
  const worst = sorted[0];
  const met = cases.filter((each) => {
    return side === "at most" ? each.value <= limit : each.value >= limit;
  }).length;
  const measured =
    cases.length === 1
      ? unit(worst.value)
      : `median ${unit(median(cases.map((each) => each.value)))}, worst ${unit(worst.value)} (${worst.name})`;
  return [{ what, wanted: `${side} ${unit(limit)}`, measured, met, of: cases.length }];
}

export function goalTable(list: readonly Goal[]): string {
  const verdict = (each: Goal) => {
    if (each.met === each.of) return "yes";
    return each.of === 1 ? "no" : `${each.met} of ${each.of}`;
  };
  return table(
    ["goal", "wanted", "measured", "met"],
    list.map((each) => [each.what, each.wanted, each.measured, verdict(each)]),
  );
}
