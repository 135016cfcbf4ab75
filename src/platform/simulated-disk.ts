// A simulated disk: files in memory that can lose power, fill up and fail.
//
// A file has what the process sees and what has reached the disk. What happened since the last sync
// is kept as a list of changes in order. When the power goes, some number of the first of them have
// reached the disk all the same, and of the next one, if it is a write, a part; the rest is lost.
// Or (`order: "any"`) any of the changes have, and of each write any of its sectors.
// Names work alike: creations, renames and removals since the last `syncDirectory` of their
// directory survive up to some point. A sync that fails loses for good what it should have made
// durable, as Linux does: a later sync that succeeds says nothing about those bytes.

import {
  type DirectoryLock,
  DirectoryLocked,
  type File,
  type Files,
  type OpenMode,
  type PathKind,
  PlatformError,
} from "./platform.ts";
import { SimulatedClock } from "./simulated-clock.ts";

/** What reaches the disk at once, or not at all, where the order of changes is not kept. */
const SECTOR_BYTES = 64;

/** Bytes that grow. */
export class Content {
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

/** A change of content that has not reached the disk: a write, or (no part) a truncation. */
interface Change {
  readonly position: number;
  readonly part: Uint8Array | undefined;
}

class StoredFile {
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
  readonly node: StoredFile | undefined;
  /** The old name, when this is a renaming, which happens wholly or not at all. */
  readonly freed: string | undefined;
}

interface OpenFile {
  readonly path: string;
  readonly node: StoredFile;
  readonly mode: OpenMode;
  position: number;
}

/** A fault that is to come: at the `countdown`-th call from now. */
interface Fault {
  countdown: number;
  readonly code: string;
}

export interface SimulatedOptions {
  /** What a torn write leaves behind its torn place, where nothing was: nothing, or zeros. */
  readonly tornEnd?: "cut" | "zeros";
  /** Whether changes reach the disk in the order they were made, or (but for syncs) in any. */
  readonly order?: "kept" | "any";
}

/** A clock with a disk: a sync takes time. */
export class SimulatedDisk extends SimulatedClock implements Files {
  readonly pid = 4711;
  /** Bytes the disk holds; a write past them fails with ENOSPC after what still fits. */
  capacityBytes = Number.POSITIVE_INFINITY;

  /** A background sync takes up to this long. */
  syncDelayMsMax = 3;

  /**
   * The longest file that a call freed whose caller waits for it: on a real disk such a call takes
   * the longer, the more the file holds.
   */
  freedAtOnceMax = 0;

  readonly #tornEnd: "cut" | "zeros";
  readonly #order: "kept" | "any";
  readonly #files = new Map<File, OpenFile>();
  #nextFile: File = 3;
  #names = new Map<string, StoredFile>();
  #durableNames = new Map<string, StoredFile>();
  #namings: Naming[] = [];
  #directories = new Set<string>(["/"]);
  readonly #pipes = new Set<string>();
  readonly #locks = new Set<string>();
  #writeFault: Fault | undefined;
  #syncFault: Fault | undefined;
  #namingFault: Fault | undefined;

  constructor(seed: number, options: SimulatedOptions = {}) {
    super(seed);
    this.#tornEnd = options.tornEnd ?? "cut";
    this.#order = options.order ?? "kept";
  }

  open(path: string, mode: OpenMode): File {
    this.#strikeNaming(path);
    let node = this.#names.get(path);
    if (this.#pipes.has(path)) throw failure("ESTUCK", path);
    if (node === undefined) {
      if (mode === "read" || mode === "update") throw failure("ENOENT", path);
      if (!this.#directories.has(parentOf(path))) throw failure("ENOENT", path);
      node = new StoredFile();
      this.#name(path, node);
    } else if (mode === "create") {
      throw failure("EEXIST", path);
    } else if (mode === "replace") {
      node.apply({ position: 0, part: undefined });
    }
    const file = this.#nextFile++;
    this.#files.set(file, { path, node, mode, position: 0 });
    return file;
  }

  close(file: File): void {
    const { node } = this.#get(file);
    this.#files.delete(file);
    this.#noteFreed(node);
  }

  openLater(path: string, done: (file: File | undefined) => void): void {
    let file: File | undefined;
    this.#later(
      () => {
        file = this.open(path, "read");
      },
      () => done(file),
    );
  }

  closeLater(file: File): void {
    this.#get(file);
    this.#files.delete(file);
  }

  adopt(file: File): File {
    const own = this.#nextFile++;
    this.#files.set(own, { ...this.#get(file), position: 0 });
    return own;
  }

  read(file: File, bytes: Uint8Array, start: number, end: number, position: number): number {
    const { seen } = this.#get(file).node;
    const count = Math.max(0, Math.min(end - start, seen.length - position));
    bytes.set(seen.bytes.subarray(position, position + count), start);
    return count;
  }

  write(file: File, bytes: Uint8Array, start: number, end: number): PlatformError | undefined {
    const open = this.#get(file);
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
    const { node, path, mode } = this.#get(file);
    if (mode === "read") return failure("EBADF", path);
    let code = strike(this.#writeFault);
    let length = end - start;
    if (code !== undefined) {
      this.#writeFault = undefined;
      length = this.random(length + 1);
    }
    const growth = Math.max(0, position + length - node.seen.length);
    const room = this.capacityBytes - this.usedBytes;
    if (growth > room) {
      code ??= "ENOSPC";
      length = Math.max(0, length - (growth - Math.max(0, room)));
    }
    if (length > 0) node.apply({ position, part: bytes.slice(start, start + length) });
    return code === undefined ? undefined : failure(code, path, length);
  }

  size(file: File): number {
    return this.#get(file).node.seen.length;
  }

  truncate(file: File, bytes: number): PlatformError | undefined {
    const { node, path, mode } = this.#get(file);
    if (mode === "read") return failure("EINVAL", path);
    node.apply({ position: bytes, part: undefined });
    return undefined;
  }

  sync(file: File): PlatformError | undefined {
    const { node, path } = this.#get(file);
    return this.#makeDurable(node, path, node.changes.length);
  }

  syncLater(file: File, done: (error: PlatformError | undefined) => void): void {
    const { node, path } = this.#get(file);
    const pending = node.changes.slice();
    this.setTimer(this.random(this.syncDelayMsMax * 1000) / 1000, () => {
      // A sync of the same file that came in between has made some of them durable already.
      const left = pending.filter((change) => node.changes.includes(change)).length;
      done(this.#makeDurable(node, path, left));
    });
  }

  rename(from: string, to: string): void {
    this.#strikeNaming(from);
    const node = this.#names.get(from);
    if (node === undefined) throw failure("ENOENT", from);
    if (!this.#directories.has(parentOf(to))) throw failure("ENOENT", to);
    const replaced = this.#names.get(to);
    this.#name(to, node, from);
    this.#noteFreed(replaced);
  }

  link(from: string, to: string): void {
    this.#strikeNaming(from);
    const node = this.#names.get(from);
    if (node === undefined) throw failure("ENOENT", from);
    if (this.#names.has(to)) throw failure("EEXIST", to);
    this.#name(to, node);
  }

  remove(path: string): void {
    const removed = this.#names.get(path);
    this.#remove(path);
    this.#noteFreed(removed);
  }

  #remove(path: string): void {
    this.#strikeNaming(path);
    if (this.#names.has(path)) this.#name(path, undefined);
  }

  #noteFreed(node: StoredFile | undefined): void {
    if (node === undefined || node.seen.length <= this.freedAtOnceMax) return;
    for (const named of this.#names.values()) if (named === node) return;
    for (const open of this.#files.values()) if (open.node === node) return;
    this.freedAtOnceMax = node.seen.length;
  }

  exists(path: string): boolean {
    return this.kindOf(path) !== "nothing";
  }

  kindOf(path: string): PathKind {
    if (this.#pipes.has(path)) return "other";
    if (this.#names.has(path)) return "file";
    return this.#directories.has(path) ? "directory" : "nothing";
  }

  isAt(file: File, path: string): boolean {
    return this.#names.get(path) === this.#get(file).node;
  }

  /** Puts a pipe at a path, which nobody writes into: opening it would wait for ever. */
  putPipe(path: string): void {
    this.remove(path);
    this.#pipes.add(path);
  }

  list(directory: string): string[] {
    if (!this.#directories.has(directory)) throw failure("ENOENT", directory);
    const paths = [...this.#names.keys(), ...this.#pipes, ...this.#directories];
    return paths
      .filter((path) => path !== "/" && parentOf(path) === directory)
      .map((path) => path.slice(path.lastIndexOf("/") + 1))
      .sort();
  }

  makeDirectory(directory: string): void {
    // Directories are durable at once: what is at stake in a crash is what stands in them.
    for (let path = directory; path !== "/"; path = parentOf(path)) this.#directories.add(path);
  }

  syncDirectory(directory: string): void {
    this.#strikeNaming(directory);
    if (!this.#directories.has(directory)) throw failure("ENOENT", directory);
    const left: Naming[] = [];
    for (const naming of this.#namings) {
      if (parentOf(naming.path) === directory) nameIn(this.#durableNames, naming);
      else left.push(naming);
    }
    this.#namings = left;
  }

  syncDirectoryLater(directory: string, done: (error: PlatformError | undefined) => void): void {
    this.#later(() => this.syncDirectory(directory), done);
  }

  removeLater(path: string, done: (error: PlatformError | undefined) => void): void {
    this.#later(() => this.#remove(path), done);
  }

  #later(work: () => void, done: (error: PlatformError | undefined) => void): void {
    this.setTimer(this.random(this.syncDelayMsMax * 1000) / 1000, () => {
      try {
        work();
      } catch (error) {
        if (!(error instanceof PlatformError)) throw error;
        return done(error);
      }
      done(undefined);
    });
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
    if (this.#locks.has(path)) throw new DirectoryLocked(path, this.pid);
    this.#locks.add(path);
    return { release: () => void this.#locks.delete(path) };
  }

  /** The `nth` write from now (1 is the next) fails with `code`, after a part of its bytes. */
  failWrite(nth: number, code: "ENOSPC" | "EIO"): void {
    this.#writeFault = { countdown: nth, code };
  }

  /** The `nth` opening, renaming, removal or synced directory from now fails, and does nothing. */
  failNaming(nth: number, code: "ENOSPC" | "EIO"): void {
    this.#namingFault = { countdown: nth, code };
  }

  #strikeNaming(path: string): void {
    const code = strike(this.#namingFault);
    if (code === undefined) return;
    this.#namingFault = undefined;
    throw failure(code, path);
  }

  /** The `nth` sync from now (1 is the next) fails with `code`; what it was for is lost. */
  failSync(nth: number, code: "ENOSPC" | "EIO"): void {
    this.#syncFault = { countdown: nth, code };
  }

  /** The power goes: open files and locks are gone, and what had not reached the disk. */
  protected loseUnsynced(): void {
    const nodes = new Set([...this.#names.values(), ...this.#durableNames.values()]);
    for (const { node } of this.#namings) if (node !== undefined) nodes.add(node);
    const survivingNames = this.random(this.#namings.length + 1);
    for (const naming of this.#namings.slice(0, survivingNames)) nameIn(this.#durableNames, naming);
    this.#namings = [];
    this.#names = new Map(this.#durableNames);
    for (const node of nodes) this.#tear(node);
    this.forgetFiles();
  }

  /** The process is gone: what it had open, its locks, and the faults that were to come. */
  protected forgetFiles(): void {
    this.#files.clear();
    this.#locks.clear();
    this.#writeFault = undefined;
    this.#syncFault = undefined;
    this.#namingFault = undefined;
  }

  /** The content of a file as the process sees it, or undefined. */
  contentOf(path: string): Uint8Array | undefined {
    const seen = this.#names.get(path)?.seen;
    return seen?.bytes.slice(0, seen.length);
  }

  /** Puts a durable file there, as if it had always been. */
  putFile(path: string, bytes: Uint8Array): void {
    this.makeDirectory(parentOf(path));
    const node = new StoredFile();
    node.seen.write(0, bytes);
    node.durable.write(0, bytes);
    this.#names.set(path, node);
    this.#durableNames.set(path, node);
  }

  #get(file: File): OpenFile {
    const open = this.#files.get(file);
    if (open === undefined) throw failure("EBADF", `file ${file}`);
    return open;
  }

  #name(path: string, node: StoredFile | undefined, freed?: string): void {
    const naming = { path, node, freed };
    nameIn(this.#names, naming);
    this.#namings.push(naming);
  }

  /** Bytes of all files. */
  get usedBytes(): number {
    let used = 0;
    for (const node of new Set(this.#names.values())) used += node.seen.length;
    return used;
  }

  #makeDurable(node: StoredFile, path: string, count: number): PlatformError | undefined {
    const code = strike(this.#syncFault);
    const changes = node.changes.splice(0, count);
    if (code !== undefined) {
      this.#syncFault = undefined;
      return failure(code, path);
    }
    for (const change of changes) applyTo(node.durable, change);
    return undefined;
  }

  #tear(node: StoredFile): void {
    if (this.#order === "any" && this.random(2) === 0) this.#scatter(node);
    else this.#cut(node);
    node.changes = [];
    node.seen.truncate(0);
    node.seen.write(0, node.durable.bytes.subarray(0, node.durable.length));
  }

  /** Any of the changes reach the disk, and of a write any of its sectors. */
  #scatter(node: StoredFile): void {
    // From half of them to most.
    const survivors = 2 + this.random(10);
    for (const { position, part } of node.changes) {
      if (this.random(survivors) === 0) continue;
      if (part === undefined) {
        node.durable.truncate(position);
        continue;
      }
      const isWhole = this.random(2) === 0;
      for (let at = 0; at < part.length; at += SECTOR_BYTES) {
        if (!isWhole && this.random(survivors) === 0) continue;
        node.durable.write(position + at, part.subarray(at, at + SECTOR_BYTES));
      }
    }
  }

  /** The first of the changes reach the disk, and of the one behind them a part. */
  #cut(node: StoredFile): void {
    const surviving = this.random(node.changes.length + 1);
    for (const change of node.changes.slice(0, surviving)) applyTo(node.durable, change);
    const torn = node.changes[surviving];
    if (torn?.part !== undefined) {
      const kept = this.random(torn.part.length + 1);
      if (kept > 0) node.durable.write(torn.position, torn.part.subarray(0, kept));
      // A file becomes longer before its new bytes are there; old bytes stay until they are.
      const end = torn.position + torn.part.length;
      if (this.#tornEnd === "zeros" && end > node.durable.length) node.durable.truncate(end);
    }
  }
}

/** The error that the simulated system answers with. */
export function failure(code: string, subject: string, writtenBytes = 0): PlatformError {
  return new PlatformError(code, subject, `${subject}: ${code}`, writtenBytes);
}

/** Counts a coming fault down; returns its code when it is due. */
function strike(fault: Fault | undefined): string | undefined {
  if (fault === undefined) return undefined;
  fault.countdown--;
  return fault.countdown <= 0 ? fault.code : undefined;
}

function nameIn(names: Map<string, StoredFile>, naming: Naming): void {
  if (naming.freed !== undefined) names.delete(naming.freed);
  if (naming.node === undefined) names.delete(naming.path);
  else names.set(naming.path, naming.node);
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}
