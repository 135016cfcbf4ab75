// Watches the log's file while it is open. What is written to it would be gone with the process, or
// be of no use to the next start, if
//
// * its name no longer leads to it: it, or its directory, was removed, moved or replaced;
// * it was cut off (`: > file`) or overwritten: the next write makes it as long as before, but with
//   a hole in it. So the last bytes that are known to be in it are remembered from one look to the
//   next, and have to be there still.
//
// A look is four system calls, so one serves for a while; but as long as something is wrong, each
// call looks, and it is over when the same file with the same bytes is back.

import { equalBytes } from "../../base/bytes.ts";
import { type File, type Platform, PlatformError } from "../../platform/platform.ts";

const SAMPLE_BYTES = 32;

export class FileWatch {
  readonly #platform: Platform;
  readonly #file: File;
  readonly #path: string;
  readonly #place: string; // where the next start will look for the file, whatever the program does
  readonly #canLook: boolean; // not on a file system where a file looks like another to itself
  #lookedMs: number;
  #found: PlatformError | undefined;

  // The bytes [#sampleStart, #sampleStart + #sampleBytes) of the file, as the last look saw them.
  readonly #sample = new Uint8Array(SAMPLE_BYTES);
  readonly #scratch = new Uint8Array(SAMPLE_BYTES);
  #sampleStart = 0;
  #sampleBytes = 0;

  /** The first `settled` bytes of the file are there, and not written again. */
  constructor(platform: Platform, file: File, path: string, settled: number) {
    this.#platform = platform;
    this.#file = file;
    this.#path = path;
    this.#place = platform.resolve(path);
    this.#canLook = platform.isAt(file, this.#place);
    this.#lookedMs = platform.monotonicMs();
    this.#remember(settled);
  }

  /** What is wrong, as far as is known; looks when that was not done for `pauseMs`. */
  check(pauseMs: number, settled: number): PlatformError | undefined {
    const isKnown = this.#platform.monotonicMs() - this.#lookedMs < pauseMs;
    return isKnown && this.#found === undefined ? undefined : this.look(settled);
  }

  /** Looks what is wrong. `settled` never decreases. */
  look(settled: number): PlatformError | undefined {
    this.#lookedMs = this.#platform.monotonicMs();
    if (this.#canLook && !this.#platform.isAt(this.#file, this.#place)) {
      this.#found = this.#error("ENOENT", "removed or replaced");
    } else if (!this.#isAsItWas()) {
      this.#found = this.#error("EIO", "cut off or overwritten");
    } else {
      this.#found = undefined;
      this.#remember(settled);
    }
    return this.#found;
  }

  #error(code: string, what: string): PlatformError {
    return new PlatformError(code, this.#path, `${this.#path}: it was ${what} while it was open`);
  }

  #isAsItWas(): boolean {
    const length = this.#read(this.#scratch, this.#sampleStart, this.#sampleBytes);
    if (length < 0) return true;
    return equalBytes(this.#scratch, 0, length, this.#sample, 0, this.#sampleBytes);
  }

  #remember(settled: number): void {
    this.#sampleStart = Math.max(0, settled - SAMPLE_BYTES);
    const length = this.#read(this.#sample, this.#sampleStart, settled - this.#sampleStart);
    this.#sampleBytes = Math.max(0, length);
  }

  /** Returns how many bytes are there, or −1 where the disk does not say. */
  #read(bytes: Uint8Array, position: number, length: number): number {
    try {
      return this.#platform.read(this.#file, bytes, 0, length, position);
    } catch {
      return -1;
    }
  }
}
