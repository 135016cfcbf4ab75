// Builds the published package in dist: declarations for every module, and plain JavaScript in a
// few files. Loading one file for each module takes Node longer than running what is in them:
// they are joined, except that what only a server needs is loaded once it serves.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findRuntime, root } from "./runtimes.js";

const dist = join(root, "dist");
const joined = join(root, "dist", "joined");
const entries = ["index.js", join("cli", "main.js")];

rmSync(dist, { recursive: true, force: true });
run(process.execPath, [
  join(root, "node_modules", "typescript", "bin", "tsc"),
  "-p",
  "tsconfig.build.json",
]);
run(findRuntime("bun"), [
  "build",
  ...entries.map((entry) => join(dist, entry)),
  "--target=node",
  "--splitting",
  "--chunk-naming=chunks/[name]-[hash].[ext]",
  `--outdir=${joined}`,
]);
for (const name of readdirSync(dist, { recursive: true })) {
  if (name.endsWith(".js") && !name.startsWith("joined")) rmSync(join(dist, name));
}
rmSync(join(dist, "cli"), { recursive: true });
cpSync(joined, dist, { recursive: true });
rmSync(joined, { recursive: true });
chmodSync(join(dist, "cli", "main.js"), 0o755);

function run(path, args) {
  const { status, stdout, stderr, error } = spawnSync(path, args, { cwd: root, encoding: "utf8" });
  if (status === 0) return;
  console.error(error?.message ?? stdout + stderr);
  process.exit(status ?? 1);
}
