// The line that says how far a tool has come, or a server with its start or a snapshot, where
// standard error is a terminal: rewritten in its place a few times a second, and gone when there is
// something to say.

import type { Platform } from "../platform/platform.ts";

const PERIOD_MS = 100;
const MIB = 1 << 20;

export class Progress {
  readonly #platform: Platform;
  #nextMs = 0;
  #width = 0;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Says that so many bytes of a file have been read. */
  readonly read = (path: string, bytes: number): void => this.#bytes(path, bytes, "read");

  /** Says that so many bytes of a file have been written. */
  readonly written = (path: string, bytes: number): void => this.#bytes(path, bytes, "written");

  /** Says how many keys another server has taken. */
  sent(keys: number, of: number): void {
    this.#keys("Sending", keys, of);
  }

  /** Says how many keys of a snapshot have been written. */
  saved(keys: number, of: number): void {
    this.#keys("Saving", keys, of);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#width > 0) this.#show("");
  }

  #bytes(path: string, bytes: number, what: string): void {
    if (!this.#isDue()) return;
    const name = path.slice(path.lastIndexOf("/") + 1);
    this.#show(`${name}: ${Math.floor(bytes / MIB).toLocaleString("en")} MiB ${what}`);
  }

  #keys(what: string, keys: number, of: number): void {
    if (!this.#isDue()) return;
    const percent = Math.floor((100 * keys) / Math.max(1, of));
    const counts = `${keys.toLocaleString("en")} of ${of.toLocaleString("en")} keys`;
    this.#show(`${what}: ${percent} %, ${counts}`);
  }

  #isDue(): boolean {
    if (!this.#platform.hasTerminal) return false;
    const nowMs = this.#platform.monotonicMs();
    if (nowMs < this.#nextMs) return false;
    this.#nextMs = nowMs + PERIOD_MS;
    return true;
  }

  #show(text: string): void {
    const padded = text.padEnd(this.#width);
    this.#width = text.length;
    this.#platform.printError(`\r${padded}${text === "" ? "\r" : ""}`);
  }
}
