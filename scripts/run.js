// Runs a program with Bun or with Node: `node scripts/run.js bun src/cli/main.ts --port 7001`.
// Arguments go through untouched, empty ones too. Where Node can, it becomes the program, so that
// no second process stays behind it and signals reach it as they were sent.

import { spawn } from "node:child_process";
import { findRuntime } from "./runtimes.js";

const [name, ...args] = process.argv.slice(2);
if (name !== "bun" && name !== "node") fail("usage: run.js bun|node file [argument …]");

let path = "";
try {
  path = findRuntime(name);
} catch (error) {
  fail(error.message);
}

if (name === "node") args.unshift("--disable-warning=ExperimentalWarning");
if (typeof process.execve === "function" && process.platform !== "win32") {
  process.execve(path, [path, ...args], process.env);
}

const child = spawn(path, args, { stdio: "inherit" });
for (const signal of ["SIGTERM", "SIGHUP", "SIGUSR1"]) process.on(signal, () => child.kill(signal));
// A terminal sends its interrupt to every process of the group: then the child has it already.
process.on("SIGINT", () => {
  if (!process.stdin.isTTY) child.kill("SIGINT");
});
child.on("error", (error) => fail(error.message));
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});

function fail(text) {
  console.error(`tskeydb: ${text}`);
  process.exit(1);
}
