// Grouped bars as a hand-written SVG: one file, no dependency, readable on light and on dark pages
// (its colours follow the reader's scheme). Values are ratios; a line marks the reference, 1.
//
// Layout: groups run from top to bottom, because their names are words; each has one bar for each
// series, with its value at the bar's end. A value past the scale is cut there and keeps its label.

export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  readonly series: readonly string[];
  /** One value for each series; undefined leaves the bar out. */
  readonly groups: readonly {
    readonly name: string;
    readonly values: readonly (number | undefined)[];
  }[];
  /** What the line at 1 stands for. */
  readonly reference: string;
}

const WIDTH = 760;
const RIGHT = 50;
const TOP = 92;
const BAR = 11;
const GAP = 12;
const BOTTOM = 34;

const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .quiet { fill: #59636e; }
  .value { font-size: 10px; fill: #59636e; paint-order: stroke; stroke: #ffffff; stroke-width: 3; }
  .page { fill: #ffffff; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .one { stroke: #1f2328; stroke-width: 1.5; stroke-dasharray: 4 3; }
  .s0 { fill: #9ec5f4; } .s1 { fill: #2a78d6; } .s2 { fill: #104281; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .quiet, .value { fill: #9198a1; }
    .page { fill: #0d1117; }
    .value { stroke: #0d1117; }
    .grid { stroke: #3d444d; }
    .one { stroke: #f0f6fc; }
    .s0 { fill: #1c5cab; } .s1 { fill: #5598e7; } .s2 { fill: #b7d3f6; }
  }
`;

/** Draws up to three series. */
export function drawBars(chart: BarChart): string {
  const series = chart.series.length;
  const groupHeight = series * BAR + GAP;
  const height = TOP + chart.groups.length * groupHeight + BOTTOM;
  const values = chart.groups.flatMap((group) => group.values.filter((v) => v !== undefined));
  const scale = Math.min(2, Math.max(1.2, Math.ceil(Math.max(...values, 1) * 5) / 5));
  const left = 30 + 6.8 * Math.max(...chart.groups.map((group) => group.name.length));
  const x = (value: number) => left + (Math.min(value, scale) / scale) * (WIDTH - left - RIGHT);
  const end = height - BOTTOM;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escape(chart.title)}</title><style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>`,
    `<text class="title" x="16" y="28">${escape(chart.title)}</text>`,
    `<text class="quiet" x="16" y="47">${escape(chart.subtitle)}</text>`,
  ];
  let legend = 16;
  for (const [index, name] of chart.series.entries()) {
    parts.push(`<rect class="s${index}" x="${legend}" y="60" width="11" height="11" rx="2"/>`);
    parts.push(`<text x="${legend + 16}" y="70">${escape(name)}</text>`);
    legend += 36 + name.length * 6.6;
  }
  for (let tick = 0; tick <= scale + 1e-9; tick += 0.2) {
    const at = x(tick).toFixed(1);
    parts.push(`<line class="grid" x1="${at}" x2="${at}" y1="${TOP - 6}" y2="${end}"/>`);
    parts.push(tickLabel(at, end, tick.toFixed(1)));
  }
  const labels: string[] = [];
  for (const [index, group] of chart.groups.entries()) {
    const top = TOP + index * groupHeight;
    const middle = top + (series * BAR) / 2 + 4;
    parts.push(
      `<text x="${left - 10}" y="${middle}" text-anchor="end">${escape(group.name)}</text>`,
    );
    for (const [place, value] of group.values.entries()) {
      if (value === undefined) continue;
      const y = top + place * BAR;
      const width = (x(value) - left).toFixed(1);
      const bar = `x="${left}" y="${y}" width="${width}" height="${BAR - 1}" rx="1.5"`;
      parts.push(`<rect class="s${place}" ${bar}/>`);
      const at = `x="${(x(value) + 4).toFixed(1)}" y="${y + 9}"`;
      labels.push(`<text class="value" ${at}>${value.toFixed(2)}</text>`);
    }
  }
  const one = x(1).toFixed(1);
  parts.push(`<line class="one" x1="${one}" x2="${one}" y1="${TOP - 6}" y2="${end}"/>`, ...labels);
  parts.push(
    `<text class="quiet" x="${one}" y="${TOP - 12}" text-anchor="middle">${escape(chart.reference)}</text>`,
    "</svg>",
  );
  return `${parts.join("\n")}\n`;
}

function tickLabel(x: string, end: number, text: string): string {
  return `<text class="quiet" x="${x}" y="${end + 18}" text-anchor="middle">${text}</text>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
