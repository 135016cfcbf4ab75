// The scripts that are known by their digests. Those that SCRIPT LOAD has brought stay until SCRIPT
// FLUSH: a client that has loaded one counts on it. Those that came with EVAL are kept as long as
// they are among the last so many that were used, since programs that write a new script for each
// call are not rare.
//
// Invariant: a Map keeps its entries in the order in which they were set, so that the script of
// EVAL that was used least recently is the first of #evaluated.

import { latin1Text } from "../base/bytes.ts";
import type { LuaClosure } from "../lua/thread.ts";

export const DIGEST_LENGTH = 40;
/** Places for scripts that were found last. */
const RECENT = 64;
/** Scripts of EVAL that are kept. */
const EVALUATED_MAX = 500;
/** What a cached script takes beside its text and its digest, about. */
const SCRIPT_BYTES = 100;

export interface Script {
  readonly digest: string;
  /** As it came, its first line included. */
  readonly source: string;
  /** Undefined: another thread has compiled it, and this one has not run it yet. */
  closure: LuaClosure | undefined;
  /** Bits of ScriptFlag, or COMPATIBLE. */
  readonly flags: number;
  /** It was loaded, and stays. */
  isLoaded: boolean;
}

export class ScriptCache {
  readonly #scripts: Map<string, Script> = new Map();
  readonly #evaluated: Map<string, Script> = new Map();
  /** The scripts that were found last, each by a part of its digest. */
  readonly #recent: (Script | undefined)[] = new Array(RECENT).fill(undefined);
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

  /** The script whose digest stands at bytes[start], in any case. */
  findAt(bytes: Uint8Array, start: number): Script | undefined {
    const place = (bytes[start] * 31 + bytes[start + 1] * 7 + bytes[start + 2]) % RECENT;
    const recent = this.#recent[place];
    if (recent !== undefined && isDigest(bytes, start, recent.digest)) return recent;
    const digest = latin1Text(bytes, start, start + DIGEST_LENGTH).toLowerCase();
    const script = this.#scripts.get(digest);
    if (script !== undefined) this.#recent[place] = script;
    return script;
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
      this.#recent.fill(undefined);
      this.#bytes -= script.source.length + digest.length;
      this.evicted++;
      return;
    }
  }

  clear(): void {
    this.#scripts.clear();
    this.#evaluated.clear();
    this.#recent.fill(undefined);
    this.#bytes = 0;
  }
}

/** Whether these digits are at bytes[start], in any case: letters differ in one bit in theirs. */
function isDigest(bytes: Uint8Array, start: number, digest: string): boolean {
  for (let i = 0; i < DIGEST_LENGTH; i++) {
    if ((bytes[start + i] | 0x20) !== digest.charCodeAt(i)) return false;
  }
  return true;
}
