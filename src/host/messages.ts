// Messages to whoever runs the server: its start, its end, and what goes wrong in between. They go
// to the standard output or, each line with its time, to the end of the file that `logfile` names,
// which is opened for each message, so that it may be moved away at any time (logrotate).
// `loglevel` says which: all of them, warnings only, or nothing.

import { utf8Bytes } from "../base/bytes.ts";
import { type Platform, PlatformError } from "../platform/platform.ts";
import { type Configuration, ConfigurationError } from "./configuration.ts";

export class Messages {
  readonly #platform: Platform;
  readonly #configuration: Configuration;
  readonly #path: string;
  /** Called before a message is written to the standard output. */
  onWrite: () => void = () => {};

  /** Throws ConfigurationError where the file cannot be written. */
  constructor(platform: Platform, configuration: Configuration) {
    this.#platform = platform;
    this.#configuration = configuration;
    this.#path = configuration.get("logfile");
    if (this.#path === "") return;
    try {
      platform.close(platform.open(this.#path, "append"));
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      throw new ConfigurationError(`cannot write the logfile ${error.message}`, "logfile");
    }
  }

  /** What one likes to know. */
  notice(text: string): void {
    const level = this.#configuration.get("loglevel");
    if (level !== "warning" && level !== "nothing") this.#write(text);
  }

  /** What one has to know. */
  warning(text: string): void {
    if (this.#configuration.get("loglevel") !== "nothing") this.#write(text);
  }

  // A disk that is full must not stop the server: what cannot be written is lost.
  #write(text: string): void {
    const platform = this.#platform;
    if (this.#path === "") {
      this.onWrite();
      platform.print(`${text}\n`);
      return;
    }
    const time = new Date(platform.nowMs()).toISOString();
    const lines = text.split("\n").map((line) => `${time} ${line}\n`);
    const bytes = utf8Bytes(lines.join(""));
    try {
      const file = platform.open(this.#path, "append");
      try {
        platform.write(file, bytes, 0, bytes.length);
      } finally {
        platform.close(file);
      }
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
    }
  }
}
