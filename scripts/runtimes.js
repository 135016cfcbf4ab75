// Where the two runtimes are that develop and test this package.
//
// The npm packages `bun` and `node` put their binaries into place with install scripts, which npm
// runs only for packages a project has allowed, and not at all with --ignore-scripts. The packages
// that carry the binaries themselves, one for each platform, need no script. So nothing here relies
// on one: the binaries are taken from where npm unpacked them. Runs on any Node from 20 on.

import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === "win32";

/** The path of the runtime `name` ("bun" or "node"); throws an error that says what to do. */
export function findRuntime(name) {
  const candidates = name === "bun" ? bunCandidates() : nodeCandidates();
  for (const path of candidates) {
    if (existsSync(path) && answersVersion(path)) return path;
  }
  throw new Error(
    `no ${name} for ${process.platform}-${process.arch}. Run \`npm ci\` without --omit=dev or ` +
      "--omit=optional; " +
      (name === "bun"
        ? "or put Bun (https://bun.com) into the PATH, or use `npm run start:node`."
        : "or install Node 24 or newer and run this with it."),
  );
}

function bunCandidates() {
  finishBun();
  const system = windows ? "windows" : process.platform;
  const processor = process.arch === "arm64" ? "aarch64" : process.arch;
  const file = windows ? "bun.exe" : "bun";
  const packages = [`bun-${system}-${processor}`, `bun-${system}-${processor}-musl`];
  return [
    ...packages.map((name) => join(root, "node_modules", "@oven", name, "bin", file)),
    // Its install script, where npm ran it, has moved the binary here; else this is a stand-in.
    join(root, "node_modules", "bun", "bin", "bun.exe"),
    ...inPath(file),
  ];
}

// Bun's own installer moves its binary into place, so that npm's link `node_modules/.bin/bun`
// works as well. Where npm held it back it is run here, once; without it the binary is found all
// the same.
function finishBun() {
  const folder = join(root, "node_modules", "bun");
  const installed = join(folder, "bin", "bun.exe");
  if (!existsSync(installed) || statSync(installed).size > 1_000_000) return;
  spawnSync(process.execPath, ["install.js"], { cwd: folder });
}

function nodeCandidates() {
  const system = windows ? "win" : process.platform;
  const prefix = system === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  const file = windows ? "node.exe" : "node";
  const bundled = join(root, "node_modules", `${prefix}-${system}-${process.arch}`, "bin", file);
  // Node runs TypeScript as it is from 22.18 on; such a Node serves where ours has no package.
  return [bundled, process.execPath, ...inPath(file)].filter(
    (path) => path === bundled || runsTypeScript(path),
  );
}

/** Every file of that name in the PATH, but for npm's links to what it installed. */
export function inPath(file) {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && !folder.includes("node_modules"))
    .map((folder) => join(folder, file))
    .filter((path) => existsSync(path));
}

function versionOf(path) {
  const { status, stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : "";
}

// A binary for another C library is there and cannot run.
function answersVersion(path) {
  return versionOf(path) !== "";
}

function runsTypeScript(path) {
  const [major, minor] = versionOf(path).replace("v", "").split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}
