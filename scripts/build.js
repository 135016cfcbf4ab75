// Builds the published package in dist: declarations for every module, and plain JavaScript in a
// few files. Loading a file for each module takes Node longer than running what is in them: they
// are joined, except that what only a server needs is loaded once it serves.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rollup } from "@rollup/wasm-node";
import { root } from "./runtimes.js";

const dist = join(root, "dist");
const modules = mkdtempSync(join(tmpdir(), "tskeydb-build-"));
try {
  rmSync(dist, { recursive: true, force: true });
  compile("--emitDeclarationOnly", "--outDir", dist);
  compile("--declaration", "false", "--outDir", modules);
  await joinModules("index", "cli/main");
  chmodSync(join(dist, "cli", "main.js"), 0o755);
} finally {
  rmSync(modules, { recursive: true });
}

function compile(...options) {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(
    process.execPath,
    [compiler, "-p", "tsconfig.build.json", ...options],
    { cwd: root, stdio: "inherit" },
  );
  if (status !== 0) process.exit(status ?? 1);
}

async function joinModules(...entries) {
  const joined = await rollup({
    input: Object.fromEntries(entries.map((entry) => [entry, join(modules, `${entry}.js`)])),
    external: /^(node|bun):/,
    onwarn(warning) {
      // The compiler's helper for `using` looks for one that is there already.
      if (warning.code !== "THIS_IS_UNDEFINED") throw new Error(warning.message);
    },
  });
  await joined.write({
    dir: dist,
    chunkFileNames: "chunks/[name]-[hash].js",
    minifyInternalExports: false,
    generatedCode: "es2015",
  });
  await joined.close();
}
