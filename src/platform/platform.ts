// The platform: everything the database asks of the world outside its own memory. Files, clocks,
// sockets and the process stand behind this one interface, so that the rest of the tree names
// neither Node nor Bun, and so that a test can replace the world with a simulated one: a disk that
// loses what was not synced, a clock that moves when told to, a network without a network.
//
// Conventions: paths are text, joined with "/"; wall-clock times are milliseconds since 1970;
// ranges of bytes are (bytes, start, end), borrowed for the call only. What cannot be done is
// thrown as a PlatformError, except where the log has to carry on without an exception
// (write, truncate, sync), and there the error is returned.

import { messageOf } from "../base/realms.ts";
import type { FunctionMaker } from "./generated-code.ts";

/** What went wrong outside. `code` is the system's name for it ("ENOSPC", "EADDRINUSE", …). */
export class PlatformError extends Error {
  override readonly name: string = "PlatformError";
  readonly code: string;
  /** The file, directory or address that was asked for. */
  readonly subject: string;
  /** For a failed write: how many bytes of the range had reached the file. */
  readonly writtenBytes: number;

  constructor(code: string, subject: string, message: string, writtenBytes = 0) {
    super(message);
    this.code = code;
    this.subject = subject;
    this.writtenBytes = writtenBytes;
  }

  /** What a runtime threw or passed to a callback, as the platform's error. */
  static from(error: unknown, subject: string, writtenBytes = 0): PlatformError {
    if (error instanceof PlatformError) return error;
    const text = messageOf(error);
    // "ENOENT: no such file or directory, open 'x'", "listen EADDRINUSE: address already in use
    // 127.0.0.1:6379": the code and the subject stand elsewhere.
    const reason = text.replace(
      /^(?:listen )?E[A-Z0-9]+: (.*?)(, [a-z]+( '.*')?| \S+:\d+)?$/,
      "$1",
    );
    const code = (error as { code?: string } | undefined)?.code ?? "EUNKNOWN";
    return new PlatformError(code, subject, `${subject}: ${reason}`, writtenBytes);
  }
}

/**
 * Another process holds the lock of a directory, or another thread or copy of this module in this
 * process; `pid` is the process.
 */
export class DirectoryLocked extends PlatformError {
  override readonly name = "DirectoryLocked";
  readonly pid: number;

  /** `holder`: what the message calls it, where that is not simply the process. */
  constructor(directory: string, pid: number, holder = `process ${pid}`) {
    super("ELOCKED", directory, `${directory} is in use by ${holder}`);
    this.pid = pid;
  }
}

/** An open file. The number means something to its platform only. */
export type File = number;

/**
 * How a file is opened:
 * `read`: it must be there; `update`: it must be there, read and written from its start;
 * `append`: created when absent, every write goes to its end; `create`: it must not be there;
 * `replace`: created, or emptied. All but `read` can be read as well as written.
 */
export type OpenMode = "read" | "update" | "append" | "create" | "replace";

/** What stands at a path; "other" is a pipe, a device or a socket, which opening may wait for. */
export type PathKind = "file" | "directory" | "other" | "nothing";

/** A held lock of a directory. */
export interface DirectoryLock {
  release(): void;
}

/** Files. Synchronous, except for what ends in `Later`: that is done on another thread. */
export interface Files {
  open(path: string, mode: OpenMode): File;
  close(file: File): void;
  /** Opens a file to read; `done` runs in a later turn, with undefined where that fails. */
  openLater(path: string, done: (file: File | undefined) => void): void;
  /**
   * As `close`, which frees what a file without a name holds on the disk: 150 to 190 ms for 600 MB.
   * Nobody is told how it went.
   */
  closeLater(file: File): void;
  /**
   * A file that another thread of the process has open at `path`, for this one to read, write and
   * sync, and to close in the end. The other thread closes its own after that, or dies whenever.
   */
  adopt(file: File, path: string): File;
  /** Reads at `position` until the range is full or the file ends; returns the bytes read. */
  read(file: File, bytes: Uint8Array, start: number, end: number, position: number): number;
  /** Writes the whole range at the file's own position (its end with `append`), or says why not. */
  write(file: File, bytes: Uint8Array, start: number, end: number): PlatformError | undefined;
  /**
   * As `write`, at `position` of a file opened with `update`, `create` or `replace`. The log uses
   * it to write anew, over the same place, what a failed sync may have lost.
   */
  writeAt(
    file: File,
    bytes: Uint8Array,
    start: number,
    end: number,
    position: number,
  ): PlatformError | undefined;
  /** Bytes in the file. */
  size(file: File): number;
  truncate(file: File, bytes: number): PlatformError | undefined;
  /** Returns when the file's data is on the disk (fdatasync), or says why it is not. */
  sync(file: File): PlatformError | undefined;
  /**
   * As `sync`, on another thread. `done` runs in a later turn; the file must stay open till then.
   */
  syncLater(file: File, done: (error: PlatformError | undefined) => void): void;
  /** Replaces `to` when it is there. Durable once the directory is synced. */
  rename(from: string, to: string): void;
  /** Gives a file another name beside the one it has, on the same disk (a hard link). */
  link(from: string, to: string): void;
  /** Removes a file; nothing happens when it is not there. */
  remove(path: string): void;
  exists(path: string): boolean;
  /** Symbolic links are followed. */
  kindOf(path: string): PathKind;
  /**
   * Whether `path` still leads to the open file, which was neither removed nor replaced. True where
   * the system does not let one look.
   */
  isAt(file: File, path: string): boolean;
  /** Names (without the path) of what the directory holds, sorted. */
  list(directory: string): string[];
  /** Makes the directory and those above it where they are missing. */
  makeDirectory(directory: string): void;
  /** Makes creations, renames and removals in the directory durable. */
  syncDirectory(directory: string): void;
  /** As `syncDirectory`; `done` runs in a later turn. */
  syncDirectoryLater(directory: string, done: (error: PlatformError | undefined) => void): void;
  /** As `remove`, which takes its time for a large file; `done` runs in a later turn. */
  removeLater(path: string, done: (error: PlatformError | undefined) => void): void;
  /** The absolute path with symbolic links resolved, so that one directory has one name. */
  resolve(path: string): string;
  /**
   * Takes the directory for this thread, or throws DirectoryLocked. The lock of a dead process or
   * thread is taken over. Opening twice in one process is refused as well, with its own pid.
   */
  lockDirectory(directory: string): DirectoryLock;
}

/** A timer that was set. */
export type Timer = object;

/** Clocks and turns of the event loop. Timers never keep a process alive by themselves. */
export interface Clock {
  /** Wall clock, whole milliseconds since 1970. */
  nowMs(): number;
  /** Wall clock, whole microseconds since 1970, in step with `nowMs`. */
  nowUs(): number;
  /** A clock that never goes back, in milliseconds with a fraction, from an arbitrary start. */
  monotonicMs(): number;
  /**
   * As monotonicMs, from a start that all threads of the process have in common; but where somebody
   * set the wall clock between the starts of two threads, they may differ by that.
   */
  threadsMs(): number;
  /** Calls back once; a delay of more than 24 days is cut to 24 days. */
  setTimer(delayMs: number, callback: () => void): Timer;
  /** Calls back every `periodMs` until cleared. */
  every(periodMs: number, callback: () => void): Timer;
  clearTimer(timer: Timer): void;
  /** Calls back once the events of this turn of the event loop have been handled. */
  afterTurn(callback: () => void): void;
  /** Calls back when the running callback returns, before any other event. */
  microtask(callback: () => void): void;
}

/**
 * One TCP connection. A socket calls its handlers from the event loop only, never from inside one
 * of its own methods.
 */
export interface Socket {
  /** Whatever the owner wants to find again in the handlers. */
  context: unknown;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /**
   * Hands over what can be sent now and returns how many bytes that was; the range may be reused at
   * once. Fewer than asked, 0 included, means that `writable` will be called when there is room.
   */
  write(bytes: Uint8Array, start: number, end: number): number;
  /** Stops and resumes the calls of `data`. */
  pause(): void;
  resume(): void;
  /** Closes the socket once everything that was handed over has been sent. `closed` follows. */
  end(): void;
  /**
   * Closes at once; what was not yet handed to the system is dropped. The peer sees an end in good
   * order, unless it has sent what nobody has read. `closed` follows.
   */
  destroy(): void;
  setNoDelay(on: boolean): void;
  /** Probes an idle peer after `idleSeconds`; 0 turns that off. */
  setKeepAlive(idleSeconds: number): void;
  /** Whether the socket keeps the thread's event loop going, as it does unless told otherwise. */
  keepAwake(on: boolean): void;
}

export interface SocketHandlers {
  opened(socket: Socket): void;
  /**
   * `bytes` from 0 to `length` have arrived. Borrowed: they are overwritten after the call. Always
   * a plain Uint8Array, never a subclass, so that a parser may read it in place.
   */
  data(socket: Socket, bytes: Uint8Array, length: number): void;
  /** There is room again after a short write. */
  writable(socket: Socket): void;
  /** The peer will send no more; it may still be reading. */
  ended(socket: Socket): void;
  /** The last call for this socket. `error` says why, unless it was closed in good order. */
  closed(socket: Socket, error: Error | undefined): void;
}

export interface ListenOptions {
  host: string;
  /** 0 chooses a free one. */
  port: number;
  /** Connections that may wait to be accepted. */
  backlog: number;
  /** Lets other threads and processes listen on the same port; the kernel shares out. */
  reusePort?: boolean;
}

export interface ConnectOptions {
  /** A name, or an address of IPv4 or IPv6. */
  host: string;
  port: number;
  /** It is given up after so long. */
  timeoutMs: number;
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Accepts no more; connections that are open stay open. */
  close(): void;
}

export interface Network {
  /** Whether several threads can listen on one port, so that the system shares connections out. */
  readonly canSharePort: boolean;
  /** Resolves once connections are accepted; rejects with a PlatformError (EADDRINUSE, …). */
  listen(options: ListenOptions, handlers: SocketHandlers): Promise<Listener>;
  /**
   * Connects to a server elsewhere. `opened` is called once that has come about, and the socket is
   * as one that was accepted; or `failed`, with ECONNREFUSED, ETIMEDOUT, ENOTFOUND …. Either comes
   * in a later turn. Returns what gives it up: then neither is called any more.
   */
  connect(
    options: ConnectOptions,
    handlers: SocketHandlers,
    failed: (error: PlatformError) => void,
  ): () => void;
}

/** CPU time used so far by the process, in microseconds. */
export interface CpuTimes {
  readonly userUs: number;
  readonly systemUs: number;
}

export type Signal = "SIGTERM" | "SIGINT" | "SIGHUP";

/** What is to be done when the process is about to exit. */
export interface ExitHandlers {
  /** Before whatever else wants to be told of it. */
  begun(): void;
  /** In its turn, by the time of its registration; `othersFollow`: handlers that run after it. */
  ending(othersFollow: boolean): void;
}

/** The process and the machine it runs on. */
export interface Host {
  /** "node", "bun" or "simulated". */
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  /** Kernel name, release and machine, as `uname -srm` has them: "Linux 6.1.0 x86_64". */
  readonly systemName: string;
  readonly pid: number;
  /** The path of the program that runs. */
  readonly program: string;
  /** What stood behind the program's name on the command line. */
  readonly commandLine: readonly string[];
  readonly currentDirectory: string;
  environment(name: string): string | undefined;
  /** Fills the range from the system's source of randomness. */
  randomInto(bytes: Uint8Array, start: number, end: number): void;
  residentBytes(): number;
  /** Bytes of memory the machine (or the container) has. */
  totalMemoryBytes(): number;
  cpuTimes(): CpuTimes;
  /** Of this thread; of the whole process where that is not known. */
  threadCpuTimes(): CpuTimes;
  /** Files and sockets that the process may have open; Infinity where that is not known. */
  openFilesMax(): number;
  /** Returns memory that nothing refers to any more to the system, soon. */
  collectGarbage(): void;
  /** Keeps the thread's event loop going, with nothing else to do; returns what takes that back. */
  stayAwake(): () => void;
  /** Calls back for each such signal instead of dying of it. Returns what takes that back. */
  onSignal(signal: Signal, callback: () => void): () => void;
  /** Whether the process is about to exit: no later turn of the event loop will come. */
  readonly isExiting: boolean;
  /** Calls back, synchronously, when the process is about to exit. Returns what takes that back. */
  onExit(handlers: ExitHandlers): () => void;
  exit(code: number): never;
  /** All of the standard input. */
  readInput(): string;
  /** Writes to the standard output and error streams before returning. */
  print(text: string): void;
  printError(text: string): void;
  /** Whether the standard error stream is a terminal. */
  readonly hasTerminal: boolean;
  /** Makes functions of text; null: the process may not. */
  readonly makeFunction: FunctionMaker | null;
}

/** A worker that this thread has started. */
export interface WorkerThread {
  /** What `workerNumber` is in it. */
  readonly number: number;
  /** Calls back when it has ended, however. */
  onExit(callback: () => void): void;
  /** Calls back before a call of its terminate() takes effect. */
  beforeTermination(callback: () => void): void;
}

/** A worker that was started by startWorker. */
export interface StartedWorker {
  post(message: unknown): void;
  onMessage(callback: (message: unknown) => void): void;
  /** Calls back with an error that nobody has caught in it; `onExit` follows. */
  onError(callback: (error: unknown) => void): void;
  onExit(callback: (code: number) => void): void;
  /** Ends it where it is. */
  terminate(): void;
}

/** In a worker: the thread that has started it. */
export interface ParentThread {
  /** What it was started with. */
  readonly data: unknown;
  post(message: unknown): void;
  onMessage(callback: (message: unknown) => void): void;
}

/** Threads of this process that run JavaScript. */
export interface Threads {
  /** Starts a worker that runs a module, with a copy of `data`. */
  startWorker(module: URL, data: unknown): StartedWorker;
  /** Of a worker that startWorker has started. */
  parentThread(): ParentThread;
  /**
   * Whether a thread's loads are carried out in the order in which they are written, as on x86-64.
   * Compilers are another matter.
   */
  readonly loadsInOrder: boolean;
  /** This thread's number in the system, or 0 where that is not known. */
  threadNumber(): number;
  /** Tells the runtime's threads of this process apart: no two are ever the same. */
  workerNumber(): number;
  /** Whether a thread of this process still runs; true where that cannot be known. */
  isThreadRunning(number: number): boolean;
  /** Calls back, soon, for each worker that this thread starts. Returns what takes that back. */
  onWorker(callback: (worker: WorkerThread) => void): () => void;
  /** What the workers that are started from now on, and theirs, find under a name. */
  tellWorkers(name: string, value: unknown): void;
  toldByParent(name: string): unknown;
}

export interface Platform extends Files, Clock, Network, Host, Threads {}
