// The platform on Node, and, for everything but sockets, on Bun, which has the same modules.
// Sockets are in node-sockets.ts, the lock of a directory in directory-lock.ts.

import * as fs from "node:fs";
import { machine, release, totalmem, type } from "node:os";
import { dirname } from "node:path";
// Not the globals: a simulated browser has others, and a test's fake clock replaces them.
import { clearTimeout, setImmediate, setInterval, setTimeout } from "node:timers";
import { useLatin1 } from "../base/bytes.ts";
import { connecting } from "./connecting.ts";
import { lockDirectory } from "./directory-lock.ts";
import { type FunctionMaker, functionMaker } from "./generated-code.ts";
import { builtInLatin1 } from "./latin1.ts";
import {
  type ConnectOptions,
  type CpuTimes,
  type DirectoryLock,
  type ExitHandlers,
  type File,
  type Listener,
  type ListenOptions,
  type OpenMode,
  type PathKind,
  type Platform,
  PlatformError,
  type Signal,
  type SocketHandlers,
  type Timer,
} from "./platform.ts";
import { randomInto } from "./system-random.ts";
import {
  isThreadRunning,
  loadsInOrder,
  onWorker,
  parentThread,
  startWorker,
  tellWorkers,
  threadNumber,
  toldByParent,
  workerNumber,
} from "./worker-threads.ts";

useLatin1(builtInLatin1);

const openFlags: Record<OpenMode, string> = {
  read: "r",
  update: "r+",
  append: "a+",
  create: "wx+",
  replace: "w+",
};

// setTimeout takes a longer delay for 1 ms.
const DELAY_MS_MAX = 2 ** 31 - 1;

export class NodePlatform implements Platform {
  readonly runtimeName: string = "node";
  readonly runtimeVersion: string = process.versions.node;
  readonly systemName = `${type()} ${release()} ${machine()}`;
  readonly pid = process.pid;
  readonly program: string = process.argv[1] ?? process.execPath;
  readonly commandLine: readonly string[] = process.argv.slice(2);
  readonly currentDirectory = process.cwd();

  // Paths by file, so that an error can name its file.
  readonly #paths = new Map<File, string>();
  #collector: Promise<Collector> | undefined;
  readonly #originMs = performance.timeOrigin;
  // What turns the monotonic clock, in microseconds, into the wall clock.
  #wallOffsetUs = 0;

  open(path: string, mode: OpenMode): File {
    try {
      const file = fs.openSync(path, openFlags[mode], 0o644);
      this.#paths.set(file, path);
      return file;
    } catch (error) {
      throw PlatformError.from(error, path);
    }
  }

  close(file: File): void {
    const path = this.#pathOf(file);
    this.#paths.delete(file);
    attempt(path, () => fs.closeSync(file));
  }

  openLater(path: string, done: (file: File | undefined) => void): void {
    fs.open(path, "r", (error, file) => {
      if (error === null) this.#paths.set(file, path);
      done(error === null ? file : undefined);
    });
  }

  closeLater(file: File): void {
    this.#paths.delete(file);
    fs.close(file, () => {});
  }

  // A descriptor of its own: Node closes those that a thread has opened when it ends, and warns
  // when another thread closes them.
  adopt(file: File, path: string): File {
    return attempt(path, () => {
      const own = openAgain(file, path);
      this.nameFile(own, path);
      return own;
    });
  }

  read(file: File, bytes: Uint8Array, start: number, end: number, position: number): number {
    let at = start;
    try {
      while (at < end) {
        const count = fs.readSync(file, bytes, at, end - at, position + at - start);
        if (count === 0) break;
        at += count;
      }
    } catch (error) {
      throw PlatformError.from(error, this.#pathOf(file));
    }
    return at - start;
  }

  write(file: File, bytes: Uint8Array, start: number, end: number): PlatformError | undefined {
    return this.#writeAll(file, bytes, start, end, undefined);
  }

  #writeAll(
    file: File,
    bytes: Uint8Array,
    start: number,
    end: number,
    position: number | undefined,
  ): PlatformError | undefined {
    let at = start;
    while (at < end) {
      try {
        const place = position === undefined ? null : position + at - start;
        at += fs.writeSync(file, bytes, at, end - at, place);
      } catch (error) {
        if (codeOf(error) === "EINTR") continue;
        return PlatformError.from(error, this.#pathOf(file), at - start);
      }
    }
    return undefined;
  }

  writeAt(
    file: File,
    bytes: Uint8Array,
    start: number,
    end: number,
    position: number,
  ): PlatformError | undefined {
    return this.#writeAll(file, bytes, start, end, position);
  }

  size(file: File): number {
    return attempt(this.#pathOf(file), () => fs.fstatSync(file).size);
  }

  truncate(file: File, bytes: number): PlatformError | undefined {
    return failureOf(this.#pathOf(file), () => fs.ftruncateSync(file, bytes));
  }

  sync(file: File): PlatformError | undefined {
    return failureOf(this.#pathOf(file), () => fs.fdatasyncSync(file));
  }

  syncLater(file: File, done: (error: PlatformError | undefined) => void): void {
    const path = this.#pathOf(file);
    fs.fdatasync(file, (error) =>
      done(error === null ? undefined : PlatformError.from(error, path)),
    );
  }

  rename(from: string, to: string): void {
    attempt(from, () => fs.renameSync(from, to));
  }

  link(from: string, to: string): void {
    attempt(from, () => fs.linkSync(from, to));
  }

  remove(path: string): void {
    attempt(path, () => fs.rmSync(path, { force: true }));
  }

  exists(path: string): boolean {
    return fs.existsSync(path);
  }

  kindOf(path: string): PathKind {
    const found = attempt(path, () => fs.statSync(path, { throwIfNoEntry: false }));
    if (found === undefined) return "nothing";
    return found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
  }

  // CPU time of the two calls: 1.4 µs on Node, 1.0 µs on Bun; a small write and its sync: 25, 20.
  isAt(file: File, path: string): boolean {
    try {
      const opened = fs.fstatSync(file);
      const found = fs.statSync(path, { throwIfNoEntry: false });
      return found !== undefined && found.ino === opened.ino && found.dev === opened.dev;
    } catch (error) {
      return codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR";
    }
  }

  list(directory: string): string[] {
    return attempt(directory, () => fs.readdirSync(directory).sort());
  }

  makeDirectory(directory: string): void {
    attempt(directory, () => makeDirectories(directory));
  }

  syncDirectory(directory: string): void {
    attempt(directory, () => {
      const file = fs.openSync(directory, "r");
      try {
        fs.fsyncSync(file);
      } finally {
        fs.closeSync(file);
      }
    });
  }

  syncDirectoryLater(directory: string, done: (error: PlatformError | undefined) => void): void {
    const end = (error: Error | null): void =>
      done(error === null ? undefined : PlatformError.from(error, directory));
    fs.open(directory, "r", (error, file) => {
      if (error !== null) return end(error);
      fs.fsync(file, (failure) => fs.close(file, () => end(failure)));
    });
  }

  removeLater(path: string, done: (error: PlatformError | undefined) => void): void {
    fs.rm(path, { force: true }, (error) =>
      done(error === null ? undefined : PlatformError.from(error, path)),
    );
  }

  resolve(path: string): string {
    return attempt(path, () => fs.realpathSync(path));
  }

  lockDirectory(directory: string): DirectoryLock {
    return attempt(directory, () => lockDirectory(fs.realpathSync(directory)));
  }

  nowMs(): number {
    return Date.now();
  }

  nowUs(): number {
    // The monotonic clock fills in the microseconds, held within the wall clock's millisecond.
    const wallUs = Date.now() * 1000;
    const runUs = Math.floor(performance.now() * 1000);
    const offset = this.#wallOffsetUs;
    if (runUs + offset < wallUs) this.#wallOffsetUs = wallUs - runUs;
    else if (runUs + offset > wallUs + 999) this.#wallOffsetUs = wallUs + 999 - runUs;
    return runUs + this.#wallOffsetUs;
  }

  monotonicMs(): number {
    return performance.now();
  }

  threadsMs(): number {
    return this.#originMs + performance.now();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = setTimeout(callback, Math.min(delayMs, DELAY_MS_MAX));
    timer.unref();
    return timer;
  }

  every(periodMs: number, callback: () => void): Timer {
    const timer = setInterval(callback, periodMs);
    timer.unref();
    return timer;
  }

  clearTimer(timer: Timer): void {
    clearTimeout(timer as NodeJS.Timeout);
  }

  afterTurn(callback: () => void): void {
    setImmediate(callback);
  }

  microtask(callback: () => void): void {
    queueMicrotask(callback);
  }

  async listen(options: ListenOptions, handlers: SocketHandlers): Promise<Listener> {
    // With node:net, which a program that only opens a database has no use for.
    const { listenOnNode } = await import("./node-sockets.ts");
    return listenOnNode(options, handlers);
  }

  connect(
    options: ConnectOptions,
    handlers: SocketHandlers,
    failed: (error: PlatformError) => void,
  ): () => void {
    return connecting(options, failed, async (attempt) => {
      const { connectOnNode } = await import("./node-sockets.ts");
      connectOnNode(options, handlers, attempt);
    });
  }

  environment(name: string): string | undefined {
    return process.env[name];
  }

  residentBytes(): number {
    return process.memoryUsage.rss();
  }

  totalMemoryBytes(): number {
    const limit = process.constrainedMemory?.() ?? 0;
    return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  }

  cpuTimes(): CpuTimes {
    const usage = process.cpuUsage();
    return { userUs: usage.user, systemUs: usage.system };
  }

  threadCpuTimes(): CpuTimes {
    const usage = process.threadCpuUsage?.() ?? process.cpuUsage();
    return { userUs: usage.user, systemUs: usage.system };
  }

  openFilesMax(): number {
    let text = "";
    try {
      text = fs.readFileSync("/proc/self/limits", "latin1");
    } catch {
      // There is no /proc: not known.
    }
    const limit = /^Max open files +([0-9]+)/m.exec(text)?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  }

  stayAwake(): () => void {
    const timer = setInterval(() => {}, DELAY_MS_MAX);
    return () => clearInterval(timer);
  }

  collectGarbage(): void {
    this.#collector ??= exposedCollector();
    void this.#collector.then((collect) => collect({ type: "major", execution: "async" }));
  }

  onSignal(signal: Signal, callback: () => void): () => void {
    process.on(signal, callback);
    return () => process.off(signal, callback);
  }

  get isExiting(): boolean {
    return (process as { _exiting?: boolean })._exiting === true;
  }

  onExit(handlers: ExitHandlers): () => void {
    const first = (): void => handlers.begun();
    const own = (): void => handlers.ending(process.listeners("exit").at(-1) !== own);
    process.prependListener("exit", first);
    process.on("exit", own);
    return () => {
      process.off("exit", first);
      process.off("exit", own);
    };
  }

  exit(code: number): never {
    process.exit(code);
  }

  /** Node has it since 22.12 and 23.1; elsewhere than on Linux the system does not share out. */
  get canSharePort(): boolean {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    const since = major === 22 ? 12 : major === 23 ? 1 : 0;
    return process.platform === "linux" && major >= 22 && minor >= since;
  }

  readonly randomInto = randomInto;
  readonly loadsInOrder = loadsInOrder;
  readonly threadNumber = threadNumber;
  readonly workerNumber = workerNumber;
  readonly isThreadRunning = isThreadRunning;
  readonly startWorker = startWorker;
  readonly parentThread = parentThread;
  readonly onWorker = onWorker;
  readonly tellWorkers = tellWorkers;
  readonly toldByParent = toldByParent;

  readInput(): string {
    return attempt("standard input", () => fs.readFileSync(0, "utf8"));
  }

  print(text: string): void {
    printTo(1, text);
  }

  printError(text: string): void {
    printTo(2, text);
  }

  get hasTerminal(): boolean {
    return process.stderr.isTTY === true;
  }

  get makeFunction(): FunctionMaker | null {
    return functionMaker();
  }

  /** What errors call a file. */
  protected nameFile(file: File, path: string | undefined): void {
    if (path === undefined) this.#paths.delete(file);
    else this.#paths.set(file, path);
  }

  #pathOf(file: File): string {
    return this.#paths.get(file) ?? `file ${file}`;
  }
}

/** V8's own collector of garbage. */
type Collector = (options: { type: "major"; execution: "async" }) => void;

async function exposedCollector(): Promise<Collector> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as Collector;
}

// Not mkdir's own `recursive`, which on Node tries for ever where a directory that is there refuses
// every new one with ENOENT, as /proc does.
function makeDirectories(path: string): void {
  try {
    fs.mkdirSync(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") {
      if (fs.statSync(path).isDirectory()) return;
      throw new PlatformError("ENOTDIR", path, `${path}: not a directory`);
    }
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path) throw error;
    makeDirectories(parent);
    makeLast(path);
  }
}

function makeLast(path: string): void {
  try {
    fs.mkdirSync(path);
  } catch (error) {
    // Another process may have been quicker.
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/** Opens the file of an open descriptor once more, whatever its name is by now. */
function openAgain(file: File, path: string): File {
  try {
    return fs.openSync(`/proc/self/fd/${file}`, openFlags.update);
  } catch {
    // There is no /proc.
  }
  const again = fs.openSync(path, openFlags.update);
  const opened = fs.fstatSync(file);
  const found = fs.fstatSync(again);
  if (found.ino === opened.ino && found.dev === opened.dev) return again;
  fs.closeSync(again);
  throw new PlatformError("ENOENT", path, `${path}: it was removed or replaced`);
}

function printTo(file: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  let at = 0;
  while (at < bytes.length) {
    try {
      at += fs.writeSync(file, bytes, at);
    } catch (error) {
      // A pipe may be full for a moment; a reader that went away must not take the server with it.
      if (codeOf(error) !== "EAGAIN") return;
    }
  }
}

function attempt<T>(subject: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw PlatformError.from(error, subject);
  }
}

function failureOf(subject: string, act: () => void): PlatformError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return PlatformError.from(error, subject);
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
