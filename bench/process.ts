// Processes: the servers under test, and their clients.
//
// Every child is registered, has a deadline, and is ended by its pid: when its job is done, when
// the benchmark fails, or when it is interrupted.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { cpuBetween, cpuOf, NOTHING_YET } from "./kernel.ts";

export const root = fileURLToPath(new URL("..", import.meta.url));
const binaries = join(root, "node_modules", ".bin");
const source = join(root, "src", "cli", "main.ts");
const built = join(root, "dist", "cli", "main.js");

/** A server that can be measured. The first one of a list is the peer that the others stand beside. */
export interface Contender {
  readonly id: string;
  readonly label: string;
  readonly command: string;
  readonly fixedArgs: readonly string[];
}

/** A rewrite of the log would start in the middle of a measurement. */
const NO_REWRITES = ["--auto-aof-rewrite-percentage", "0"];

const redis: Contender = {
  id: "redis",
  label: "redis-server",
  command: "redis-server",
  fixedArgs: ["--bind", "127.0.0.1", ...NO_REWRITES],
};
const bun: Contender = {
  id: "bun",
  label: "TSKeyDB on Bun",
  command: runtimePath("bun"),
  fixedArgs: [source, ...NO_REWRITES],
};
// What `npx tskeydb` runs. Bun takes the source as `npm start` does; it makes no difference there.
const node: Contender = {
  id: "node",
  label: "TSKeyDB on Node",
  command: runtimePath("node"),
  fixedArgs: [built, ...NO_REWRITES],
};

/** redis-server and ours; with `self`, redis-server twice, which shows the noise of the harness. */
export function contenders(self: boolean): Contender[] {
  if (self) return [redis, { ...redis, id: "bun", label: "redis-server again" }];
  build(root);
  return [redis, bun, node];
}

/**
 * This version beside another one, whose checkout is in `directory` (with its node_modules), on one
 * runtime; the other stands where redis-server stands else.
 */
export function versions(directory: string, runtime: "bun" | "node"): Contender[] {
  const mine = runtime === "bun" ? bun : node;
  for (const folder of runtime === "node" ? [root, directory] : []) build(folder);
  const [program, ...flags] = mine.fixedArgs;
  const there = [join(directory, relative(root, program)), ...flags];
  return [{ ...mine, id: "redis", label: "the other version", fixedArgs: there }, mine];
}

/** On each runtime, a server with one thread, as the peer, and one with two that serve. */
export function servingThreads(): Contender[][] {
  build(root);
  return [node, bun].map((mine) => [
    { ...mine, id: "redis", label: `${mine.label}, one thread` },
    {
      ...mine,
      label: `${mine.label}, two threads`,
      fixedArgs: [...mine.fixedArgs, "--io-threads", "2"],
    },
  ]);
}

function build(folder: string): void {
  execFileSync(process.execPath, [join(folder, "scripts", "build.js")], { stdio: "inherit" });
}

/** Where the pinned runtime of this package lies. */
export function runtimePath(name: "bun" | "node"): string {
  return join(binaries, name);
}

const children = new Set<ChildProcess>();
const directories = new Set<string>();

function endEverything(): void {
  for (const child of children) child.kill("SIGKILL");
  for (const directory of directories) removeDirectory(directory);
}
process.on("exit", endEverything);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(130));
}

/** An empty directory of our own, on the disk that holds the system's temporary files. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-bench-"));
  directories.add(directory);
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
}

interface StartOptions {
  /** Core to hold it on; without one the kernel chooses. */
  cpu?: number | undefined;
  env?: NodeJS.ProcessEnv;
  /** Working directory; this package's unless said otherwise. */
  cwd?: string;
}

function start(command: string, args: readonly string[], options: StartOptions = {}): ChildProcess {
  const { cpu, env, cwd = root } = options;
  const pinned = cpu === undefined ? [] : ["taskset", "-c", String(cpu)];
  const [file, ...rest] = [...pinned, command, ...args];
  const child = spawn(file, rest, { stdio: ["ignore", "pipe", "pipe"], cwd, env });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

export interface ServeOptions {
  log?: "off" | "everysec" | "always";
  /** Data directory; without one the server gets an empty one, removed when it stops. */
  directory?: string;
  /** Core to hold the server on; without one the kernel chooses. */
  cpu?: number;
}

export interface Server {
  readonly contender: Contender;
  readonly pid: number;
  readonly port: number;
  /** From spawning the process to its line "Ready to accept connections". */
  readonly readyMs: number;
  /** CPU time spent until then. */
  readonly readyCpuMs: number;
  stop(): Promise<void>;
}

/** Starts a server and waits until it says that it is ready. */
export async function serve(contender: Contender, options: ServeOptions = {}): Promise<Server> {
  const log = options.log ?? "off";
  const directory = options.directory ?? temporaryDirectory();
  const port = await freePort();
  const args = [
    ...contender.fixedArgs,
    ...["--port", String(port), "--dir", directory],
    ...["--appendonly", log === "off" ? "no" : "yes"],
    ...["--appendfsync", log === "off" ? "everysec" : log, "--save", ""],
  ];
  const startedAt = performance.now();
  const child = start(contender.command, args, { cpu: options.cpu });
  await readyLine(child, contender.label, 120_000);
  child.once("exit", reportEnd);
  const pid = child.pid as number;
  const readyMs = performance.now() - startedAt;
  const readyCpuMs = cpuBetween(NOTHING_YET, cpuOf(pid)) / 1e6;
  function reportEnd(code: number | null, signal: string | null): void {
    console.error(`${contender.label} ended unexpectedly (${code ?? signal})`);
  }
  async function stop(): Promise<void> {
    child.removeListener("exit", reportEnd);
    await end(child);
    if (options.directory === undefined) removeDirectory(directory);
  }
  return { contender, pid, port, readyMs, readyCpuMs, stop };
}

function readyLine(child: ChildProcess, label: string, deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    const fail = (why: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error(`${label} ${why}\n${text.slice(-2000)}`));
    };
    const timer = setTimeout(() => fail(`was not ready after ${deadlineMs} ms`), deadlineMs);
    const ended = (code: number | null, signal: string | null) =>
      fail(`ended (${code ?? signal}) before it was ready`);
    let ready = false;
    child.stdout?.on("data", (chunk: Buffer) => {
      // Once ready, what a server says is read only so that its pipe never fills.
      if (ready) return;
      text += chunk.toString();
      if (!text.includes("Ready to accept connections")) return;
      ready = true;
      clearTimeout(timer);
      child.removeListener("exit", ended);
      resolve();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      if (ready) process.stderr.write(chunk);
      else text += chunk.toString();
    });
    child.once("error", (error) => fail(`could not be started: ${error.message}`));
    child.once("exit", ended);
  });
}

/** Asks a child to end, and insists after 20 seconds. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const insist = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await ended;
  clearTimeout(insist);
}

export interface Finished {
  readonly stdout: string;
  /** CPU time that it had used at the last sample before its end (one each 10 ms). */
  readonly cpuMs: number;
}

/** Runs a program to its end; fails when it fails or takes longer than `deadlineMs`. */
export function run(
  command: string,
  args: readonly string[],
  deadlineMs: number,
  options: StartOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = start(command, args, options);
    let stdout = "";
    let stderr = "";
    let cpuMs = 0;
    const sampler = setInterval(() => {
      try {
        cpuMs = cpuBetween(NOTHING_YET, cpuOf(child.pid as number)) / 1e6;
      } catch {
        // It has just ended; the last sample stands.
      }
    }, 10);
    const insist = setTimeout(() => child.kill("SIGKILL"), deadlineMs);
    child.stdout?.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      stderr += chunk;
    });
    const finish = () => {
      clearInterval(sampler);
      clearTimeout(insist);
    };
    child.once("error", (error) => {
      finish();
      reject(error);
    });
    child.once("close", (code, signal) => {
      finish();
      if (code === 0) resolve({ stdout, cpuMs });
      else reject(new Error(`${command} ${args.join(" ")}: ${code ?? signal}\n${stderr}${stdout}`));
    });
  });
}

/** Runs one of our own scripts; its temporary files are ours to remove, its last line is JSON. */
export async function runScript<T>(
  runtime: "node" | "bun",
  script: string,
  argument: unknown,
  deadlineMs: number,
): Promise<T> {
  const args = [join(root, "bench", script), JSON.stringify(argument)];
  const directory = temporaryDirectory();
  try {
    const env = { ...process.env, TMPDIR: directory };
    const { stdout } = await run(runtimePath(runtime), args, deadlineMs, { env });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
  } finally {
    removeDirectory(directory);
  }
}

/** Waits until a server has nothing left to do (freeing, collecting, compiling), at most 3 s. */
export async function settle(pid: number): Promise<void> {
  let before = cpuOf(pid);
  for (let turn = 0; turn < 100; turn++) {
    await sleep(30);
    const after = cpuOf(pid);
    if (cpuBetween(before, after) < 1e6) return;
    before = after;
  }
}

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  redis: string;
  node: string;
  bun: string;
}

/** What the figures were measured on. */
export function machine(): Machine {
  const version = (command: string) => {
    try {
      return execFileSync(command, ["--version"], { encoding: "utf8" }).trim();
    } catch {
      return "absent";
    }
  };
  const peer = version("redis-server");
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    redis: /v=(\S+)/.exec(peer)?.[1] ?? peer,
    node: version(runtimePath("node")).replace("v", ""),
    bun: version(runtimePath("bun")),
  };
}
