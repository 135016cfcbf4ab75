// Everything that can be said of the source without running it: types, lint and format, structure.
// `npm run check -- --fix` formats and applies the linter's safe repairs.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { findRuntime, root } from "./runtimes.js";

const fix = process.argv.includes("--fix") ? ["--write"] : [];
const node = findRuntime("node");
const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
const linter = join(root, "node_modules", "@biomejs", "biome", "bin", "biome");

let failed = false;
step("types", [compiler, "-p", "."]);
step("lint and format", [linter, "check", "--error-on-warnings", ...fix]);
step("structure", ["--test", "--test-reporter=dot", "test/source.test.ts"]);
process.exit(failed ? 1 : 0);

function step(name, args) {
  const { status } = spawnSync(node, args, { cwd: root, stdio: "inherit" });
  console.log(`${status === 0 ? "✔" : "✖"} ${name}`);
  if (status !== 0) failed = true;
}
