// The scripts that are known by their digests. Those that SCRIPT LOAD has brought stay until SCRIPT
// FLUSH: a client that has loaded one counts on it. Those that came with EVAL are kept as long as
// they are among the last so many that were used, since programs that write a new script for each
// call are not rare.
//
// Invariant: a Map keeps its entries in the order in which they were set, so that the script of
// EVAL that was used least recently is the first of #evaluated.

import type { LuaClosure } from "../lua/thread.ts";

/** Scripts of EVAL that are kept. */
const EVALUATED_MAX = 500;
/** What a cached script takes beside its text and its digest, about. */
const SCRIPT_BYTES = 100;

export interface Script {
  readonly digest: string;
  /** As it came, its first line included. */
  readonly source: string;
  readonly closure: LuaClosure;
  /** Bits of ScriptFlag, or COMPATIBLE. */
  readonly flags: number;
  /** It was loaded, and stays. */
  isLoaded: boolean;
}

export class ScriptCache {
  readonly #scripts: Map<string, Script> = new Map();
  readonly #evaluated: Map<string, Script> = new Map();
  /** Scripts of EVAL that others have taken the place of. */
  evicted = 0;
  #bytes = 0;

  get count(): number {
    return this.#scripts.size;
  }

  /** What the texts take, about. */
  get bytes(): number {
    return this.#bytes + this.#scripts.size * SCRIPT_BYTES;
  }

  find(digest: string): Script | undefined {
    return this.#scripts.get(digest);
  }

  add(script: Script): void {
    if (!script.isLoaded) {
      while (this.#evaluated.size >= EVALUATED_MAX) this.#evictOldest();
      this.#evaluated.set(script.digest, script);
    }
    this.#scripts.set(script.digest, script);
    this.#bytes += script.source.length + script.digest.length;
  }

  /** SCRIPT LOAD of a script that EVAL has brought: from now on it stays. */
  keep(script: Script): void {
    script.isLoaded = true;
    this.#evaluated.delete(script.digest);
  }

  /** A script has been used. */
  touch(script: Script): void {
    if (script.isLoaded || !this.#evaluated.delete(script.digest)) return;
    this.#evaluated.set(script.digest, script);
  }

  #evictOldest(): void {
    for (const [digest, script] of this.#evaluated) {
      this.#evaluated.delete(digest);
      this.#scripts.delete(digest);
      this.#bytes -= script.source.length + digest.length;
      this.evicted++;
      return;
    }
  }

  clear(): void {
    this.#scripts.clear();
    this.#evaluated.clear();
    this.#bytes = 0;
  }
}
