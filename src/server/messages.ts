// Messages to whoever runs the server: its start, its end, and what goes wrong in between. They go
// to the standard output or, each line with its time, to the end of the file that `logfile` names.
// `loglevel` says which: all of them, warnings only, or nothing.

import { utf8Bytes } from "../base/bytes.ts";
import { type File, type Platform, PlatformError } from "../platform/platform.ts";
import { type Configuration, ConfigurationError } from "./configuration.ts";

export class Messages {
  readonly #platform: Platform;
  readonly #configuration: Configuration;
  readonly #file: File | undefined;

  /** Throws ConfigurationError where the file cannot be written. */
  constructor(platform: Platform, configuration: Configuration) {
    this.#platform = platform;
    this.#configuration = configuration;
    const path = configuration.get("logfile");
    if (path === "") return;
    try {
      this.#file = platform.open(path, "append");
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
    const file = this.#file;
    if (file === undefined) {
      this.#platform.print(`${text}\n`);
      return;
    }
    const time = new Date(this.#platform.nowMs()).toISOString();
    const lines = text.split("\n").map((line) => `${time} ${line}\n`);
    const bytes = utf8Bytes(lines.join(""));
    this.#platform.write(file, bytes, 0, bytes.length);
  }
}
