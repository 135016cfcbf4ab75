// Builds the published package in dist: declarations of what programs see, and plain JavaScript in
// a few files. Loading a file for each module takes Node longer than running what is in them: they
// are joined, except that what only a server needs is loaded once it serves.
//
//   require("tskeydb")   index.js    index.d.ts    ─▶ tskeydb.js ─▶ chunks/
//   import "tskeydb"     index.mjs   index.d.mts   ─▶ index.js
//   new Worker           chunks/io-thread.js       ─▶ chunks/
//
// There is one copy of the code, in CommonJS, and one of each class and type, whichever door a
// program takes; a second copy as ES modules would double the package. The door between, index.js,
// is there because Node 20 reads the names that a CommonJS module exports from its text before it
// imports it, which for a large file takes as long as loading it (58 beside 33 ms); it finds none
// here, and index.mjs names them. Comments are in the declarations and in the source, not here.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { rollup } from "@rollup/wasm-node";
import { root } from "./runtimes.js";

/** In CommonJS a module knows its file's name. */
const importMeta = {
  name: "import-meta",
  resolveImportMeta: (property) =>
    property === "url" ? 'require("node:url").pathToFileURL(__filename).href' : null,
};

const dist = join(root, "dist");
const modules = mkdtempSync(join(tmpdir(), "tskeydb-build-"));
const declarations = mkdtempSync(join(tmpdir(), "tskeydb-build-"));
try {
  rmSync(dist, { recursive: true, force: true });
  compile("--emitDeclarationOnly", "--outDir", declarations);
  compile("--declaration", "false", "--removeComments", "--outDir", modules);
  const names = await joinModules({
    tskeydb: "index",
    "cli/main": "cli/main",
    // Beside the chunks, where what starts it is.
    "chunks/io-thread": "server/io-thread",
  });
  copyDeclarations("index.d.ts");
  makeDoors(names);
  chmodSync(join(dist, "cli", "main.js"), 0o755);
} finally {
  rmSync(modules, { recursive: true });
  rmSync(declarations, { recursive: true });
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

/** Copies a file of declarations, and those that it refers to. */
function copyDeclarations(name, copied = new Set()) {
  if (copied.has(name)) return;
  copied.add(name);
  cpSync(join(declarations, name), join(dist, name));
  const text = readFileSync(join(declarations, name), "utf8");
  for (const [, path] of text.matchAll(/(?:from |import\()"(\.[^"]+)\.ts"/g)) {
    copyDeclarations(join(dirname(name), `${path}.d.ts`), copied);
  }
}

/** Joins what the entries import, and returns the names that the package exports. */
async function joinModules(entries) {
  const input = Object.entries(entries).map(([name, path]) => [name, join(modules, `${path}.js`)]);
  const joined = await rollup({
    input: Object.fromEntries(input),
    external: /^(node|bun):/,
    plugins: [importMeta],
    onwarn(warning) {
      // The compiler's helper for `using` looks for one that is there already.
      if (warning.code !== "THIS_IS_UNDEFINED") throw new Error(warning.message);
    },
  });
  const { output } = await joined.write({
    dir: dist,
    format: "cjs",
    exports: "named",
    interop: "esModule",
    esModule: false,
    externalLiveBindings: false,
    chunkFileNames: "chunks/[name]-[hash].js",
    minifyInternalExports: false,
    generatedCode: "es2015",
  });
  await joined.close();
  return output.find(({ name }) => name === "tskeydb").exports;
}

function makeDoors(names) {
  const door = 'const tskeydb = require("./tskeydb.js");\nmodule.exports = tskeydb;\n';
  const list = names.toSorted().join(", ");
  const files = {
    "package.json": '{ "type": "commonjs" }\n',
    "index.js": `"use strict";\n${door}`,
    "index.mjs": `import tskeydb from "./index.js";\nexport const { ${list} } = tskeydb;\n`,
    "index.d.mts": 'export * from "./index.js";\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dist, name), text);
}
