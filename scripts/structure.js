// What the layout of the source promises, read from the source itself:
// (1) a folder of src imports only from itself and from the folders above it in `layers`;
// (2) only src/platform names `node:` modules or Bun (tests may: they stand outside);
// (3) relative imports end in `.ts`, so that Node and Bun run the source as it is;
// (4) no line is wider than 110 columns (code keeps to the formatter's 100, prose may run over);
// (5) nothing is left to do, and nothing is focused: no TODO, no `test.only`.

import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";

const layers = [
  "base",
  "platform",
  "memory",
  "structures",
  "keyspace",
  "protocol",
  "commands",
  "persistence",
  "replication",
  "scripting",
  "database.ts",
  "server",
  "index.ts",
  "cli",
];
const columnsMax = 110;

/** One line of text for each place under `root` that breaks a promise. */
export function structureFaults(root) {
  const faults = [];
  for (const folder of ["src", "test", "bench", "scripts"]) {
    for (const file of sourceFiles(join(root, folder))) {
      const path = relative(root, file).split(sep).join("/");
      faultsOfFile(path, readFileSync(file, "utf8"), faults);
    }
  }
  return faults;
}

/** Appends to `faults` what is wrong with the file at `path` (from the root, with slashes). */
export function faultsOfFile(path, text, faults) {
  const isTest = /\.(test|fuzz|bench)\.ts$/.test(path);
  const lines = text.split("\n");
  lines.forEach((line, index) => {
    const say = (fault) => faults.push(`${path}:${index + 1}: ${fault}`);
    // A literal that cannot be broken, such as an address, may stand in a line of its own.
    if (line.length > columnsMax && /\s\S/.test(line.trim().slice(3))) {
      say(`${line.length} columns, at most ${columnsMax}`);
    }
    if (/\b(TODO|FIXME|XXX)\b/.test(line) && !path.startsWith("scripts/structure")) {
      say("something is left to do");
    }
    if (isTest && /\b(test|it|describe)\.only\(/.test(line)) say("a focused test hides the others");
    const imported =
      /^\s*(?:import|export)\b.*?\bfrom "([^"]+)"|^\s*(?:}|\*.*) from "([^"]+)"/.exec(line);
    const bare = /^\s*import "([^"]+)"/.exec(line) ?? /\bimport\("([^"]+)"\)/.exec(line);
    const target = imported?.[1] ?? imported?.[2] ?? bare?.[1];
    if (path.startsWith("src/") && target !== undefined) importFaults(path, target, isTest, say);
    if (path.startsWith("src/") && !isTest && /(?<![\w."'`/])Bun\.[a-z]/.test(code(line))) {
      if (layerOf(path) !== "platform") say("Bun is named outside src/platform");
    }
  });
}

function importFaults(path, target, isTest, say) {
  if (target.startsWith(".")) {
    if (!target.endsWith(".ts")) say(`the import of ${target} does not end in .ts`);
    const from = layers.indexOf(layerOf(path));
    const to = layers.indexOf(layerOf(posix.join(posix.dirname(path), target)));
    if (from < 0) say("the file is in no layer");
    if (to > from && !isTest) say(`${target} lies in a layer below`);
    return;
  }
  const system = target.startsWith("node:") || target === "bun" || target.startsWith("bun:");
  if (system && !isTest && layerOf(path) !== "platform" && layerOf(path) !== "cli") {
    say(`${target} is named outside src/platform`);
  }
}

function layerOf(path) {
  return path.split("/")[1] ?? "";
}

function code(line) {
  return line.replace(/\/\/.*$/, "").replace(/^\s*\*.*/, "");
}

function sourceFiles(folder) {
  let entries = [];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : sourceFiles(path);
    return /\.(ts|js)$/.test(entry.name) ? [path] : [];
  });
}
