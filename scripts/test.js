// `npm test`: the unit tests under Bun, then everything under Node: unit tests, the tests that
// cross folders, and the tests of the built package. Node's summary comes last, and the exit code
// is 0 only when both runs passed. `npm test -- test/console.test.ts` runs only what is named.

import { spawnSync } from "node:child_process";
import { findRuntime, root } from "./runtimes.js";

const named = process.argv.slice(2);
const bun = findRuntime("bun");
const node = findRuntime("node");
// Tests that start a server find both runtimes here.
const env = { ...process.env, TSKEYDB_BUN: bun, TSKEYDB_NODE: node };

const failed = [];
const unitTests = named.filter((path) => path.startsWith("src"));
if (named.length === 0 || unitTests.length > 0) {
  console.log("Unit tests under Bun");
  // Its own limit of five seconds a test is for a machine that does nothing else.
  run("Bun", bun, [
    "test",
    "--timeout",
    "60000",
    ...(unitTests.length > 0 ? unitTests : ["./src"]),
  ]);
}

console.log("\nAll tests under Node");
const everything = [
  "src/**/*.test.ts",
  "test/**/*.test.ts",
  "bench/*.test.ts",
  "scripts/*.test.js",
];
run("Node", node, ["--test", "--test-concurrency=2", ...(named.length > 0 ? named : everything)]);

// What failed under Node stands in the summary just above.
if (failed.includes("Bun")) console.error("✖ unit tests failed under Bun, see above");
process.exit(failed.length === 0 ? 0 : 1);

function run(name, path, args) {
  const { status } = spawnSync(path, args, { cwd: root, env, stdio: "inherit" });
  if (status !== 0) failed.push(name);
}
