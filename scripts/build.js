// Builds the published package: src as plain JavaScript with declarations, in dist.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./runtimes.js";

const dist = join(root, "dist");
rmSync(dist, { recursive: true, force: true });

const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
const { status } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);

const program = join(dist, "cli", "main.js");
if (existsSync(program)) chmodSync(program, 0o755);
