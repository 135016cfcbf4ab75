// A file that is written block by block beside other work: a base of the log, a snapshot. What is
// written is synced on another thread as the file grows, so that the last sync has little to do and
// the kernel never holds much of it. A write that fails is remembered in `error`: whoever writes
// looks there now and then, and gives up.

import type { File, Platform, PlatformError } from "../platform/platform.ts";

/** A sync begins when so much was written since the last one began, … */
const SYNC_BYTES = 4 << 20;
/** … and whoever writes had better wait while so much is not on the disk. */
const UNSYNCED_BYTES_MAX = 32 << 20;

export class BackgroundFile {
  readonly path: string;
  /** Why the file is not what it should be. */
  error: PlatformError | undefined;
  /** Bytes written. */
  size = 0;
  readonly #platform: Platform;
  readonly #file: File;
  readonly #syncs: boolean;
  #synced = 0;
  /** Where the sync that is under way will have come to; −1: none is. */
  #syncing = -1;
  #onIdle: (() => void) | undefined;
  #isClosed = false;

  /** Makes the file, empty; throws PlatformError. `syncs`: as it grows, or only at the end. */
  constructor(platform: Platform, path: string, syncs: boolean) {
    this.#platform = platform;
    this.path = path;
    this.#syncs = syncs;
    this.#file = platform.open(path, "replace");
  }

  /** Appends bytes[0, end). */
  readonly write = (bytes: Uint8Array, end: number): void => {
    if (this.error !== undefined) return;
    this.error = this.#platform.writeAt(this.#file, bytes, 0, end, this.size);
    this.size += end;
    if (this.#syncs && this.size - this.#synced >= SYNC_BYTES) this.#sync();
  };

  /** Whether more should wait until the disk has caught up. */
  get isBehind(): boolean {
    return this.#syncing >= 0 && this.size - this.#synced >= UNSYNCED_BYTES_MAX;
  }

  #sync(): void {
    if (this.#syncing >= 0) return;
    this.#syncing = this.size;
    this.#platform.syncLater(this.#file, (error) => {
      this.error ??= error;
      this.#synced = this.#syncing;
      this.#syncing = -1;
      this.#onIdle?.();
    });
  }

  /** Syncs and closes it, and tells `done` whether all of it is on the disk. */
  finish(done: (error: PlatformError | undefined) => void): void {
    const end = (): void => {
      if (this.error === undefined && this.#synced < this.size) return this.#sync();
      this.#end();
      this.#platform.close(this.#file);
      done(this.error);
    };
    this.#onIdle = end;
    if (this.#syncing < 0) end();
  }

  /** Removes and closes it, in this order: what it holds on the disk is freed on another thread. */
  abandon(): void {
    try {
      this.#platform.remove(this.path);
    } catch {
      // Nobody reads it.
    }
    if (this.#isClosed) return;
    const close = (): void => {
      this.#end();
      this.#platform.closeLater(this.#file);
    };
    this.#onIdle = close;
    if (this.#syncing < 0) close();
  }

  #end(): void {
    this.#onIdle = undefined;
    this.#isClosed = true;
  }
}
