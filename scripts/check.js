// Everything that can be said of the source without running it: types, lint and format, structure.
// `npm run check -- --fix` formats and applies the linter's safe repairs.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./runtimes.js";
import { structureFaults } from "./structure.js";

const fix = process.argv.includes("--fix");
const modules = join(root, "node_modules");

const steps = [
  ["types", [join(modules, "typescript", "bin", "tsc"), "-p", "."]],
  [
    "lint and format",
    [
      join(modules, "@biomejs", "biome", "bin", "biome"),
      "check",
      "--error-on-warnings",
      ...(fix ? ["--write"] : []),
    ],
  ],
];

let failed = false;
for (const [name, command] of steps) {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: "inherit" });
  report(name, status === 0);
}
const faults = structureFaults(root);
for (const fault of faults) console.error(fault);
report("structure", faults.length === 0);
process.exit(failed ? 1 : 0);

function report(name, passed) {
  console.log(`${passed ? "✔" : "✖"} ${name}`);
  if (!passed) failed = true;
}
