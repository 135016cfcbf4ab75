// Servers for tests: ours (on Bun or Node) and redis-server, each a process of its own on a free
// port of loopback with a directory of its own under the system's temporary folder.
//
// Whatever happens, nothing stays behind: a server is ended by its process id, by `stop`, or at the
// latest when the test process exits.
//
// TSKEYDB_IO_THREADS=4 has each of ours serve by so many threads, where a test says nothing else.
// TSKEYDB_SUBJECT=redis-server puts redis-server in our place: that checks the tests themselves,
// which must then find no difference at all.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "./client.ts";
import { textOf } from "./resp.ts";

export type Runtime = "bun" | "node";
export const RUNTIMES: readonly Runtime[] = ["bun", "node"];

export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const READY = "Ready to accept connections";
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

export interface StartOptions {
  /** Directives and their values, as on the command line: `["--maxclients", "100"]`. */
  readonly args?: readonly string[];
  /** A directory that outlives the server; without it there is a fresh one, removed at the end. */
  readonly dir?: string;
  readonly port?: number;
}

export interface OurOptions extends StartOptions {
  readonly runtime?: Runtime;
}

const living = new Set<ChildProcess>();
const folders = new Set<string>();

function leaveNothing(): void {
  for (const child of living) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
process.once("exit", leaveNothing);
process.once("SIGTERM", () => process.exit(143));
process.once("SIGINT", () => process.exit(130));

/** A fresh folder that is removed when the test process exits. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tskeydb-test-"));
  folders.add(folder);
  return folder;
}

/** Kills the child at the latest when the test process exits. */
export function endWithUs(child: ChildProcess): ChildProcess {
  living.add(child);
  child.once("exit", () => living.delete(child));
  return child;
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

export class Server {
  readonly name: string;
  readonly port: number;
  readonly dir: string;
  readonly process: ChildProcess;
  /** What `INFO` says: "7.4.0". */
  version = "";
  #output: string[] = [];
  #exit: Promise<number | NodeJS.Signals>;
  #ownsDir: boolean;

  constructor(name: string, port: number, dir: string, ownsDir: boolean, command: string[]) {
    this.name = name;
    this.port = port;
    this.dir = dir;
    this.#ownsDir = ownsDir;
    this.process = spawn(command[0] as string, command.slice(1), {
      cwd: PROJECT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    endWithUs(this.process);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on("data", (bytes: Buffer) => this.#output.push(bytes.toString()));
    }
    this.#exit = new Promise((resolve, reject) => {
      this.process.once("error", reject);
      this.process.once("exit", (code, signal) => resolve(code ?? signal ?? 0));
    });
    this.#exit.catch(() => {});
  }

  /** Everything that the server has printed. */
  get output(): string {
    return this.#output.join("");
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** The exit code, or the signal's name. */
  get exited(): Promise<number | NodeJS.Signals> {
    return this.#exit;
  }

  async ready(): Promise<this> {
    const limit = Date.now() + START_TIMEOUT_MS;
    while (!this.output.includes(READY)) {
      if (!this.running) throw new Error(`${this.name} ended at its start:\n${this.output}`);
      if (Date.now() > limit) {
        this.process.kill("SIGKILL");
        throw new Error(
          `${this.name} was not ready within ${START_TIMEOUT_MS} ms:\n${this.output}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this;
  }

  connect(): Promise<Client> {
    return Client.connect(this.port);
  }

  async readVersion(): Promise<this> {
    const client = await this.connect();
    const info = textOf(await client.call("INFO", "server")) ?? "";
    client.close();
    this.version = /redis_version:(\S+)/.exec(info)?.[1] ?? "";
    return this;
  }

  /** Ends the server (SIGKILL if the signal is not heeded) and removes a directory of its own. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | NodeJS.Signals> {
    if (this.running) this.process.kill(signal);
    const timer = setTimeout(() => this.process.kill("SIGKILL"), STOP_TIMEOUT_MS);
    const exit = await this.#exit;
    clearTimeout(timer);
    if (this.#ownsDir) rmSync(this.dir, { recursive: true, force: true });
    return exit;
  }
}

async function start(name: string, program: string[], options: StartOptions): Promise<Server> {
  const port = options.port ?? (await freePort());
  const dir = options.dir ?? temporaryFolder();
  const args = options.args ?? [];
  const defaults = ["--port", String(port), "--dir", dir, "--save", ""];
  if (!args.includes("--appendonly")) defaults.push("--appendonly", "no");
  const ownsDir = options.dir === undefined;
  const server = new Server(name, port, dir, ownsDir, [...program, ...defaults, ...args]);
  await server.ready();
  // A server behind a password answers INFO with an error; its version stays unknown.
  return server.readVersion();
}

/** Starts redis-server; only after `redisServerOrSkip` has found one. */
export function startRedisServer(options: StartOptions = {}): Promise<Server> {
  return start("redis-server", ["redis-server", "--bind", "127.0.0.1"], options);
}

/** Starts our server on the runtime. Without `args` it keeps everything in memory. */
export function startOurServer(options: OurOptions = {}): Promise<Server> {
  if (subjectIsRedis()) return startRedisServer(options);
  const runtime = options.runtime ?? "bun";
  const threads = process.env.TSKEYDB_IO_THREADS;
  const more = threads === undefined ? [] : ["--io-threads", threads];
  return start(`tskeydb on ${runtime}`, [...ourCommand(runtime), ...more], options);
}

/** The program and arguments that start our server, without directives. */
export function ourCommand(runtime: Runtime): string[] {
  if (subjectIsRedis()) return ["redis-server"];
  return [runtimeProgram(runtime), join(PROJECT, "src/cli/main.ts")];
}

/** The runtime's program: what `npm test` has found, else what is installed with the project. */
function runtimeProgram(runtime: Runtime): string {
  const told = process.env[runtime === "bun" ? "TSKEYDB_BUN" : "TSKEYDB_NODE"];
  if (told) return told;
  const installed = join(PROJECT, "node_modules/.bin", runtime);
  if (existsSync(installed)) return installed;
  return runtime === "node" ? process.execPath : runtime;
}

/** Whether the tests run redis-server in our place, to check themselves. */
export function subjectIsRedis(): boolean {
  return process.env.TSKEYDB_SUBJECT === "redis-server";
}

const found = new Map<string, boolean>();

/** Whether the program can be run. */
export function hasProgram(program: string): boolean {
  let there = found.get(program);
  if (there === undefined) {
    there = spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
    found.set(program, there);
  }
  return there;
}

/**
 * Whether the program is there. Without it the test is skipped and says which comparison was; with
 * CI=true, where everything must be compared, it fails instead.
 */
export function programOrSkip(t: TestContext, program: string, comparison: string): boolean {
  if (hasProgram(program)) return true;
  const reason = `${program} is not on PATH; not compared: ${comparison}`;
  if (process.env.CI === "true") throw new Error(reason);
  t.skip(reason);
  return false;
}

/** As `programOrSkip`, for the oracle. */
export function redisServerOrSkip(t: TestContext, comparison: string): boolean {
  return programOrSkip(t, "redis-server", comparison);
}

/** Whether version `a` ("7.0.15") is older than version `b`. */
export function olderThan(a: string, b: string): boolean {
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  for (let index = 0; index < 3; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
