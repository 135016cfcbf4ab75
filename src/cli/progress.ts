// The line that says how far a tool, or a snapshot of a server, has come, where standard error is a
// terminal: rewritten in its place a few times a second, and gone when there is something to say.

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
  readonly read = (path: string, bytes: number): void => {
    if (!this.#platform.hasTerminal) return;
    const nowMs = this.#platform.monotonicMs();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + PERIOD_MS;
    const name = path.slice(path.lastIndexOf("/") + 1);
    this.#show(`${name}: ${Math.floor(bytes / MIB).toLocaleString("en")} MiB read`);
  };

  /** Says how many keys another server has taken. */
  sent(keys: number, of: number): void {
    if (!this.#platform.hasTerminal) return;
    const nowMs = this.#platform.monotonicMs();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + PERIOD_MS;
    const percent = Math.floor((100 * keys) / Math.max(1, of));
    this.#show(
      `Sending: ${percent} %, ${keys.toLocaleString("en")} of ${of.toLocaleString("en")} keys`,
    );
  }

  /** Says how many keys of a snapshot have been written. */
  wrote(keys: number, of: number): void {
    if (!this.#platform.hasTerminal) return;
    const percent = Math.floor((100 * keys) / Math.max(1, of));
    const counts = `${keys.toLocaleString("en")} of ${of.toLocaleString("en")} keys`;
    this.#show(`Saving: ${percent} %, ${counts}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#width > 0) this.#show("");
  }

  #show(text: string): void {
    const padded = text.padEnd(this.#width);
    this.#width = text.length;
    this.#platform.printError(`\r${padded}${text === "" ? "\r" : ""}`);
  }
}
