// A snapshot on its way into a file, in the background: it is written in slices, under a temporary
// name beside its place, and takes that place when it is on the disk. So whatever fails, and
// whenever the power goes, the file that was there is there, or the new one.

import { messageOf } from "../../base/realms.ts";
import type { RdbSink } from "../../codec/rdb-output.ts";
import { temporaryPathOf } from "../../platform/new-file.ts";
import type { Platform, PlatformError } from "../../platform/platform.ts";
import { BackgroundFile } from "../background-file.ts";
import { IN_BACKGROUND } from "../rdb/dump-file.ts";
import { type SliceHost, Slices } from "./slices.ts";
import type { SnapshotWriting } from "./snapshots.ts";

/** What it asks of the database. */
export interface FileSnapshotHost extends SliceHost {
  readonly platform: Platform;
  /** Does something under the lock, between commands; nothing once the database is closed. */
  turn(work: () => void): void;
  /** Begins a snapshot of this moment, whose bytes go to `sink`. REQUIRES: the lock. */
  begin(sink: RdbSink): SnapshotWriting;
  /** rdb-save-incremental-fsync. */
  readonly syncsAsItGoes: boolean;
}

/** How it ended: undefined when the file is in its place, else why it is not. */
export type SnapshotOutcome = (failure: string | undefined) => void;

export class FileSnapshot {
  readonly path: string;
  readonly #host: FileSnapshotHost;
  readonly #done: SnapshotOutcome;
  readonly #file: BackgroundFile;
  readonly #writing: SnapshotWriting;
  readonly #slices: Slices;
  readonly #letGo: () => void;
  #isOver = false;
  #isWritten = false;

  /**
   * Its moment is now. Throws PlatformError where the file cannot be made; `done` is not called
   * then. REQUIRES: the lock, and that a snapshot can begin.
   * @param onSlice called after each slice
   */
  constructor(
    host: FileSnapshotHost,
    path: string,
    onSlice: (writing: SnapshotWriting) => void,
    done: SnapshotOutcome,
  ) {
    this.path = path;
    this.#host = host;
    this.#done = done;
    const between = temporaryPathOf(path, IN_BACKGROUND);
    this.#file = new BackgroundFile(host.platform, between, host.syncsAsItGoes);
    this.#writing = host.begin(this.#file.write);
    this.#letGo = host.platform.stayAwake();
    this.#slices = new Slices(host, (ms) => {
      const next = this.#step(ms);
      onSlice(this.#writing);
      return next;
    });
  }

  /** Entries in all, how many are written, and the most memory that it took beside the data. */
  get figures(): Pick<SnapshotWriting, "entries" | "written" | "extraBytes"> {
    return this.#writing;
  }

  get #directory(): string {
    const slash = this.path.lastIndexOf("/");
    return slash < 0 ? "." : slash === 0 ? "/" : this.path.slice(0, slash);
  }

  #step(ms: number): "more" | "later" | "over" {
    const file = this.#file;
    let isDone = false;
    let hasTurn = file.isBehind;
    if (file.error === undefined && !file.isBehind) {
      this.#host.turn(() => {
        hasTurn = true;
        if (!this.#isOver) isDone = this.#writing.step(ms);
      });
    }
    if (this.#isOver) return "over";
    if (file.error !== undefined || !hasTurn) {
      this.abort(file.error?.message ?? "the database is not served any more");
      return "over";
    }
    if (!isDone) return file.isBehind ? "later" : "more";
    this.#isWritten = true;
    file.finish((error) => this.#unless(error, () => this.#holdOld()));
    return "over";
  }

  /** The file whose place it takes is held open meanwhile, since freeing it takes its time. */
  #holdOld(): void {
    const { platform } = this.#host;
    if (platform.kindOf(this.path) !== "file") return this.#place();
    platform.openLater(this.path, (old) => {
      if (!this.#isOver) this.#place();
      if (old !== undefined) platform.closeLater(old);
    });
  }

  #place(): void {
    const { platform } = this.#host;
    try {
      platform.rename(this.#file.path, this.path);
    } catch (error) {
      return this.abort(messageOf(error));
    }
    platform.syncDirectoryLater(this.#directory, (error) =>
      this.#unless(error, () => this.#end(undefined)),
    );
  }

  #unless(error: PlatformError | undefined, work: () => void): void {
    if (this.#isOver) return;
    if (error !== undefined) this.abort(error.message);
    else work();
  }

  /** Gives it up, and removes what was written, unless it is in its place. */
  abort(why: string): void {
    if (this.#isOver) return;
    this.#slices.stop();
    if (!this.#isWritten) this.#writing.abort();
    this.#file.abandon();
    this.#end(why);
  }

  #end(failure: string | undefined): void {
    this.#isOver = true;
    this.#letGo();
    this.#done(failure);
  }
}
