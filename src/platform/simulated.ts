// A simulated world for tests: a clock that stands still until it is told to move, a disk in memory
// that can lose power, fill up and fail, and a network between sockets of the same process. All of
// it follows from one seed, so that a run that found something can be run again.
//
// Time. Nothing happens by itself. `turn()` is one turn of the event loop: what is due now, and
// then what was asked for with `afterTurn`. `advance(ms)` moves the clock from event to event.
// Microtasks run after each callback and at the start of a turn.
//
// Disk. A file has what the process sees and what has reached the disk. What happened since the
// last sync is kept as a list of changes in order. At a `crash()`, some number of the first of them
// have reached the disk all the same, and of the next one, if it is a write, a part; the rest is
// lost. Names work alike: creations, renames and removals since the last `syncDirectory` of their
// directory survive up to some point. A sync that fails loses for good what it should have made
// durable, as Linux does: a later sync that succeeds says nothing about those bytes.
//
// Network. Each direction of a connection holds at most WINDOW_BYTES that were not read yet. Bytes
// arrive after a delay, and in pieces that have nothing to do with how they were written.

import {
  type CpuTimes,
  type DirectoryLock,
  DirectoryLocked,
  type File,
  type Listener,
  type ListenOptions,
  type OpenMode,
  type Platform,
  PlatformError,
  type Signal,
  type Socket,
  type SocketHandlers,
  type Timer,
} from "./platform.ts";

export const WINDOW_BYTES = 64 * 1024;

const START_MS = Date.UTC(2026, 0, 1);
const NETWORK_DELAY_MS_MAX = 2;
const SYNC_DELAY_MS_MAX = 3;

/** Thrown by `exit`, which cannot end a process that runs tests. */
export class SimulatedExit extends Error {
  override readonly name = "SimulatedExit";
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Bytes that grow. */
class Content {
  bytes = new Uint8Array(64);
  length = 0;

  write(position: number, part: Uint8Array): void {
    const end = position + part.length;
    if (end > this.bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.bytes.length));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(part, position);
    this.length = Math.max(this.length, end);
  }

  truncate(length: number): void {
    if (length < this.length) this.bytes.fill(0, length, this.length);
    else this.write(length, new Uint8Array(0));
    this.length = length;
  }
}

/** A change of a file's content that has not reached the disk: a write, or a truncation (no part). */
interface Change {
  readonly position: number;
  readonly part: Uint8Array | undefined;
}

class Node {
  readonly seen = new Content();
  readonly durable = new Content();
  changes: Change[] = [];

  apply(change: Change): void {
    applyTo(this.seen, change);
    this.changes.push(change);
  }
}

function applyTo(content: Content, change: Change): void {
  if (change.part === undefined) content.truncate(change.position);
  else content.write(change.position, change.part);
}

/** A change of names: `path` stands for `node` from now on, or for nothing; `freed` for nothing. */
interface Naming {
  readonly path: string;
  readonly node: Node | undefined;
  /** The old name, when this is a renaming, which happens wholly or not at all. */
  readonly freed: string | undefined;
}

interface OpenFile {
  readonly path: string;
  readonly node: Node;
  readonly mode: OpenMode;
  position: number;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
  periodMs: number;
}

/** A fault that is to come: at the `countdown`-th call from now. */
interface Fault {
  countdown: number;
  readonly code: string;
}

export interface SimulatedOptions {
  /** What a torn write leaves behind its torn place: nothing, or zeros up to its end. */
  readonly tornEnd?: "cut" | "zeros";
}

export class SimulatedPlatform implements Platform {
  readonly runtimeName = "simulated";
  readonly runtimeVersion = "1.0.0";
  readonly systemName = "Simulation 1.0 none";
  readonly pid = 4711;
  readonly commandLine: readonly string[] = [];
  readonly currentDirectory = "/";
  /** Everything printed, to either stream. */
  printed = "";
  /** Bytes the disk holds; a write past them fails with ENOSPC after what still fits. */
  capacityBytes = Number.POSITIVE_INFINITY;

  private readonly tornEnd: "cut" | "zeros";
  private state: number;

  private currentMs = START_MS;
  private events: Event[] = [];
  private eventOrder = 0;
  private afterTurns: (() => void)[] = [];
  private microtasks: (() => void)[] = [];

  private readonly files = new Map<File, OpenFile>();
  private nextFile: File = 3;
  private names = new Map<string, Node>();
  private durableNames = new Map<string, Node>();
  private namings: Naming[] = [];
  private directories = new Set<string>(["/"]);
  private readonly locks = new Set<string>();
  private writeFault: Fault | undefined;
  private syncFault: Fault | undefined;

  private readonly listeners = new Map<number, SocketHandlers>();
  private nextPort = 40000;
  private readonly signalled: { signal: Signal; callback: () => void }[] = [];
  private exiting: (() => void)[] = [];

  constructor(seed: number, options: SimulatedOptions = {}) {
    this.state = seed | 0;
    this.tornEnd = options.tornEnd ?? "cut";
  }

  // ── Randomness ──────────────────────────────────────────────────────────────────────────────

  /** A whole number from 0 to `below` − 1. */
  random(below: number): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return Math.floor((((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32) * below);
  }

  randomInto(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++) bytes[at] = this.random(256);
  }

  // ── Clock ───────────────────────────────────────────────────────────────────────────────────

  nowMs(): number {
    return Math.floor(this.currentMs);
  }

  nowUs(): number {
    return Math.floor(this.currentMs * 1000);
  }

  monotonicMs(): number {
    return this.currentMs - START_MS;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.schedule(delayMs, callback);
  }

  every(periodMs: number, callback: () => void): Timer {
    const event = this.schedule(periodMs, callback);
    event.periodMs = Math.max(periodMs, 1);
    return event;
  }

  clearTimer(timer: Timer): void {
    (timer as Event).periodMs = 0;
    this.events = this.events.filter((event) => event !== timer);
  }

  afterTurn(callback: () => void): void {
    this.afterTurns.push(callback);
  }

  microtask(callback: () => void): void {
    this.microtasks.push(callback);
  }

  /** One turn of the event loop: everything that is due now. Returns whether there was anything. */
  turn(): boolean {
    let busy = this.microtasks.length > 0;
    this.drainMicrotasks();
    // What comes up during this turn with no delay is for the next one.
    const due = this.events.filter((event) => event.atMs <= this.currentMs).sort(byTime);
    for (const event of due) {
      const index = this.events.indexOf(event);
      if (index < 0) continue;
      busy = true;
      this.events.splice(index, 1);
      this.call(event.callback);
      if (event.periodMs > 0) this.repeat(event);
    }
    const callbacks = this.afterTurns;
    this.afterTurns = [];
    for (const callback of callbacks) this.call(callback);
    return busy || callbacks.length > 0;
  }

  /** Lets everything happen that is due at this moment. */
  settle(): void {
    for (let turns = 0; this.turn(); turns++) {
      if (turns > 100000) throw new Error("the simulated event loop does not come to rest");
    }
  }

  /** Moves the clock, and lets everything happen that comes due on the way. */
  advance(milliseconds: number): void {
    const untilMs = this.currentMs + milliseconds;
    this.settle();
    for (;;) {
      let nextMs = Number.POSITIVE_INFINITY;
      for (const event of this.events) nextMs = Math.min(nextMs, event.atMs);
      if (nextMs > untilMs) break;
      this.currentMs = Math.max(this.currentMs, nextMs);
      this.settle();
    }
    this.currentMs = untilMs;
  }

  private schedule(delayMs: number, callback: () => void): Event {
    const atMs = this.currentMs + Math.max(delayMs, 0);
    const event = { atMs, order: this.eventOrder++, callback, periodMs: 0 };
    this.events.push(event);
    return event;
  }

  private repeat(event: Event): void {
    // The same object goes back into the queue, so that it can still be cleared.
    const again = event as { atMs: number; order: number };
    again.atMs = this.currentMs + event.periodMs;
    again.order = this.eventOrder++;
    this.events.push(event);
  }

  private call(callback: () => void): void {
    callback();
    this.drainMicrotasks();
  }

  private drainMicrotasks(): void {
    for (let next = this.microtasks.shift(); next !== undefined; next = this.microtasks.shift()) {
      next();
    }
  }

  // ── Disk ────────────────────────────────────────────────────────────────────────────────────

  open(path: string, mode: OpenMode): File {
    let node = this.names.get(path);
    if (node === undefined) {
      if (mode === "read" || mode === "update") throw failure("ENOENT", path);
      if (!this.directories.has(parentOf(path))) throw failure("ENOENT", path);
      node = new Node();
      this.name(path, node);
    } else if (mode === "create") {
      throw failure("EEXIST", path);
    } else if (mode === "replace") {
      node.apply({ position: 0, part: undefined });
    }
    const file = this.nextFile++;
    this.files.set(file, { path, node, mode, position: 0 });
    return file;
  }

  close(file: File): void {
    this.get(file);
    this.files.delete(file);
  }

  read(file: File, bytes: Uint8Array, start: number, end: number, position: number): number {
    const { seen } = this.get(file).node;
    const count = Math.max(0, Math.min(end - start, seen.length - position));
    bytes.set(seen.bytes.subarray(position, position + count), start);
    return count;
  }

  write(file: File, bytes: Uint8Array, start: number, end: number): PlatformError | undefined {
    const open = this.get(file);
    const position = open.mode === "append" ? open.node.seen.length : open.position;
    const error = this.writeAt(file, bytes, start, end, position);
    open.position = position + (error === undefined ? end - start : error.writtenBytes);
    return error;
  }

  writeAt(
    file: File,
    bytes: Uint8Array,
    start: number,
    end: number,
    position: number,
  ): PlatformError | undefined {
    const { node, path, mode } = this.get(file);
    if (mode === "read") return failure("EBADF", path);
    let code = strike(this.writeFault);
    let length = end - start;
    if (code !== undefined) {
      this.writeFault = undefined;
      length = this.random(length + 1);
    }
    const growth = Math.max(0, position + length - node.seen.length);
    const room = this.capacityBytes - this.usedBytes();
    if (growth > room) {
      code ??= "ENOSPC";
      length = Math.max(0, length - (growth - Math.max(0, room)));
    }
    if (length > 0) node.apply({ position, part: bytes.slice(start, start + length) });
    return code === undefined ? undefined : failure(code, path, length);
  }

  size(file: File): number {
    return this.get(file).node.seen.length;
  }

  truncate(file: File, bytes: number): PlatformError | undefined {
    const { node, path, mode } = this.get(file);
    if (mode === "read") return failure("EINVAL", path);
    node.apply({ position: bytes, part: undefined });
    return undefined;
  }

  sync(file: File): PlatformError | undefined {
    const { node, path } = this.get(file);
    return this.makeDurable(node, path, node.changes.length);
  }

  syncLater(file: File, done: (error: PlatformError | undefined) => void): void {
    const { node, path } = this.get(file);
    const pending = node.changes.slice();
    this.schedule(this.random(SYNC_DELAY_MS_MAX * 1000) / 1000, () => {
      // A sync of the same file that came in between has made some of them durable already.
      const left = pending.filter((change) => node.changes.includes(change)).length;
      done(this.makeDurable(node, path, left));
    });
  }

  rename(from: string, to: string): void {
    const node = this.names.get(from);
    if (node === undefined) throw failure("ENOENT", from);
    if (!this.directories.has(parentOf(to))) throw failure("ENOENT", to);
    this.name(to, node, from);
  }

  remove(path: string): void {
    if (this.names.has(path)) this.name(path, undefined);
  }

  exists(path: string): boolean {
    return this.names.has(path) || this.directories.has(path);
  }

  list(directory: string): string[] {
    if (!this.directories.has(directory)) throw failure("ENOENT", directory);
    const paths = [...this.names.keys(), ...this.directories];
    return paths
      .filter((path) => path !== "/" && parentOf(path) === directory)
      .map((path) => path.slice(path.lastIndexOf("/") + 1))
      .sort();
  }

  makeDirectory(directory: string): void {
    // Directories are durable at once: what is at stake in a crash is what stands in them.
    for (let path = directory; path !== "/"; path = parentOf(path)) this.directories.add(path);
  }

  syncDirectory(directory: string): void {
    if (!this.directories.has(directory)) throw failure("ENOENT", directory);
    const left: Naming[] = [];
    for (const naming of this.namings) {
      if (parentOf(naming.path) === directory) nameIn(this.durableNames, naming);
      else left.push(naming);
    }
    this.namings = left;
  }

  resolve(path: string): string {
    const parts: string[] = [];
    for (const part of path.split("/")) {
      if (part === "..") parts.pop();
      else if (part !== "" && part !== ".") parts.push(part);
    }
    const resolved = `/${parts.join("/")}`;
    if (!this.exists(resolved)) throw failure("ENOENT", path);
    return resolved;
  }

  lockDirectory(directory: string): DirectoryLock {
    const path = this.resolve(directory);
    if (this.locks.has(path)) throw new DirectoryLocked(path, this.pid);
    this.locks.add(path);
    return { release: () => void this.locks.delete(path) };
  }

  /** The `nth` write from now (1 is the next) fails with `code`, after a part of its bytes. */
  failWrite(nth: number, code: "ENOSPC" | "EIO"): void {
    this.writeFault = { countdown: nth, code };
  }

  /** The `nth` sync from now (1 is the next) fails with `code`; what it was for is lost. */
  failSync(nth: number, code: "ENOSPC" | "EIO"): void {
    this.syncFault = { countdown: nth, code };
  }

  /**
   * The power goes: open files, timers, sockets and locks are gone, and of the disk only what had
   * reached it is there. The clock goes on from where it was.
   */
  crash(): void {
    const nodes = new Set([...this.names.values(), ...this.durableNames.values()]);
    for (const { node } of this.namings) if (node !== undefined) nodes.add(node);
    const survivingNames = this.random(this.namings.length + 1);
    for (const naming of this.namings.slice(0, survivingNames)) nameIn(this.durableNames, naming);
    this.namings = [];
    this.names = new Map(this.durableNames);
    for (const node of nodes) this.tear(node);
    this.files.clear();
    this.locks.clear();
    this.events = [];
    this.afterTurns = [];
    this.microtasks = [];
    this.listeners.clear();
    this.signalled.length = 0;
    this.exiting = [];
    this.writeFault = undefined;
    this.syncFault = undefined;
  }

  /** The content of a file as the process sees it, or undefined. */
  contentOf(path: string): Uint8Array | undefined {
    const seen = this.names.get(path)?.seen;
    return seen?.bytes.slice(0, seen.length);
  }

  /** Puts a durable file there, as if it had always been. */
  putFile(path: string, bytes: Uint8Array): void {
    this.makeDirectory(parentOf(path));
    const node = new Node();
    node.seen.write(0, bytes);
    node.durable.write(0, bytes);
    this.names.set(path, node);
    this.durableNames.set(path, node);
  }

  private get(file: File): OpenFile {
    const open = this.files.get(file);
    if (open === undefined) throw failure("EBADF", `file ${file}`);
    return open;
  }

  private name(path: string, node: Node | undefined, freed?: string): void {
    const naming = { path, node, freed };
    nameIn(this.names, naming);
    this.namings.push(naming);
  }

  private usedBytes(): number {
    let used = 0;
    for (const node of new Set(this.names.values())) used += node.seen.length;
    return used;
  }

  private makeDurable(node: Node, path: string, count: number): PlatformError | undefined {
    const code = strike(this.syncFault);
    const changes = node.changes.splice(0, count);
    if (code !== undefined) {
      this.syncFault = undefined;
      return failure(code, path);
    }
    for (const change of changes) applyTo(node.durable, change);
    return undefined;
  }

  private tear(node: Node): void {
    const surviving = this.random(node.changes.length + 1);
    for (const change of node.changes.slice(0, surviving)) applyTo(node.durable, change);
    const torn = node.changes[surviving];
    if (torn?.part !== undefined) {
      const kept = this.random(torn.part.length + 1);
      const part = torn.part.slice(0, this.tornEnd === "zeros" ? torn.part.length : kept);
      part.fill(0, kept);
      if (part.length > 0) node.durable.write(torn.position, part);
    }
    node.changes = [];
    node.seen.truncate(0);
    node.seen.write(0, node.durable.bytes.subarray(0, node.durable.length));
  }

  // ── Network ─────────────────────────────────────────────────────────────────────────────────

  listen(options: ListenOptions, handlers: SocketHandlers): Promise<Listener> {
    const port = options.port === 0 ? this.nextPort++ : options.port;
    if (this.listeners.has(port)) {
      return Promise.reject(failure("EADDRINUSE", `${options.host}:${port}`));
    }
    this.listeners.set(port, handlers);
    return Promise.resolve({
      address: options.host,
      port,
      close: () => void this.listeners.delete(port),
    });
  }

  /** Connects to a listener of this platform; both ends are told in a later turn. */
  connect(port: number, handlers: SocketHandlers): SimulatedSocket {
    const accepting = this.listeners.get(port);
    if (accepting === undefined) throw failure("ECONNREFUSED", `port ${port}`);
    const clientPort = this.nextPort++;
    const client = new SimulatedSocket(this, handlers, clientPort, port);
    const server = new SimulatedSocket(this, accepting, port, clientPort);
    client.peer = server;
    server.peer = client;
    this.schedule(0, () => {
      accepting.opened(server);
      handlers.opened(client);
    });
    return client;
  }

  /** For the network: calls back after a random delay. */
  deliverLater(callback: () => void): void {
    this.schedule(this.random(NETWORK_DELAY_MS_MAX * 1000) / 1000, callback);
  }

  // ── Host ────────────────────────────────────────────────────────────────────────────────────

  environment(): string | undefined {
    return undefined;
  }

  residentBytes(): number {
    return 64 << 20;
  }

  totalMemoryBytes(): number {
    return 8 * 2 ** 30;
  }

  cpuTimes(): CpuTimes {
    const userUs = Math.floor(this.monotonicMs() * 100);
    return { userUs, systemUs: userUs };
  }

  onSignal(signal: Signal, callback: () => void): () => void {
    const entry = { signal, callback };
    this.signalled.push(entry);
    return () => {
      const index = this.signalled.indexOf(entry);
      if (index >= 0) this.signalled.splice(index, 1);
    };
  }

  /** Sends the process a signal, which arrives in a later turn. */
  signal(signal: Signal): void {
    this.schedule(0, () => {
      for (const entry of this.signalled.slice()) if (entry.signal === signal) entry.callback();
    });
  }

  onExit(callback: () => void): () => void {
    this.exiting.push(callback);
    return () => {
      this.exiting = this.exiting.filter((other) => other !== callback);
    };
  }

  exit(code: number): never {
    for (const callback of this.exiting) callback();
    throw new SimulatedExit(code);
  }

  print(text: string): void {
    this.printed += text;
  }

  printError(text: string): void {
    this.printed += text;
  }
}

/** One end of a simulated connection. */
export class SimulatedSocket implements Socket {
  context: unknown = undefined;
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort: number;
  readonly localAddress = "127.0.0.1";
  readonly localPort: number;
  peer!: SimulatedSocket;

  private readonly platform: SimulatedPlatform;
  private readonly handlers: SocketHandlers;
  // What the peer has sent and this side has not read, in order.
  private readonly arriving = new Content();
  private finished = false;
  private delivering = false;
  private short = false;
  private paused = false;
  private ending = false;
  private gone = false;

  constructor(
    platform: SimulatedPlatform,
    handlers: SocketHandlers,
    localPort: number,
    remotePort: number,
  ) {
    this.platform = platform;
    this.handlers = handlers;
    this.localPort = localPort;
    this.remotePort = remotePort;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (this.gone || this.ending || this.peer.gone) return length;
    const { arriving } = this.peer;
    const room = WINDOW_BYTES - arriving.length;
    let taken = Math.min(length, room);
    // Now and then the kernel takes less than it could.
    if (taken > 1 && this.platform.random(8) === 0) taken = 1 + this.platform.random(taken);
    if (taken > 0) arriving.write(arriving.length, bytes.subarray(start, start + taken));
    if (taken < length) this.short = true;
    this.peer.expect();
    return taken;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.expect();
  }

  end(): void {
    if (this.gone || this.ending) return;
    this.ending = true;
    this.peer.finish();
    this.platform.deliverLater(() => this.vanish(undefined));
  }

  /** Sends no more but still reads; the way in which a client half-closes. */
  endWriting(): void {
    this.peer.finish();
  }

  destroy(): void {
    if (this.gone) return;
    this.ending = true;
    this.paused = true;
    this.platform.deliverLater(() => {
      this.vanish(undefined);
      this.peer.vanish(failure("ECONNRESET", `port ${this.remotePort}`));
    });
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}

  private finish(): void {
    this.finished = true;
    this.expect();
  }

  private expect(): void {
    if (this.delivering || this.gone) return;
    this.delivering = true;
    this.platform.deliverLater(() => this.deliver());
  }

  private deliver(): void {
    this.delivering = false;
    if (this.gone || this.paused) return;
    if (this.arriving.length > 0) {
      const count = 1 + this.platform.random(this.arriving.length);
      const bytes = this.arriving.bytes.slice(0, count);
      this.arriving.bytes.copyWithin(0, count, this.arriving.length);
      this.arriving.length -= count;
      if (!this.ending) this.handlers.data(this, bytes, count);
      this.peer.makeRoom();
      // What was lent is gone after the call.
      bytes.fill(0xee);
      this.expect();
    } else if (this.finished) {
      this.finished = false;
      if (!this.ending) this.handlers.ended(this);
    }
  }

  private makeRoom(): void {
    if (!this.short || this.gone || this.ending) return;
    this.short = false;
    this.platform.deliverLater(() => {
      if (!this.gone && !this.ending) this.handlers.writable(this);
    });
  }

  private vanish(error: Error | undefined): void {
    if (this.gone) return;
    this.gone = true;
    this.handlers.closed(this, error);
  }
}

function failure(code: string, subject: string, writtenBytes = 0): PlatformError {
  return new PlatformError(code, subject, `${subject}: ${code}`, writtenBytes);
}

/** Counts a coming fault down; returns its code when it is due. */
function strike(fault: Fault | undefined): string | undefined {
  if (fault === undefined) return undefined;
  fault.countdown--;
  return fault.countdown <= 0 ? fault.code : undefined;
}

function nameIn(names: Map<string, Node>, naming: Naming): void {
  if (naming.freed !== undefined) names.delete(naming.freed);
  if (naming.node === undefined) names.delete(naming.path);
  else names.set(naming.path, naming.node);
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

function byTime(one: Event, other: Event): number {
  return one.atMs - other.atMs || one.order - other.order;
}
