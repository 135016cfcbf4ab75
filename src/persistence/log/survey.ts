// A survey of bytes that are no part of a log any more: which whole commands are among them, so
// that whoever cuts them off can be told what is lost. Wherever a command or a stamp may begin, it
// is read from there on as far as it is whole; seals among the bytes are heeded where they are
// right.

import type { File, Platform } from "../../platform/platform.ts";
import { type Apply, LogReader } from "./log-reader.ts";

const SEARCH_BYTES = 1 << 20;
/** "*", digits, CR LF and "$", or "#TS:": what is looked for, of so many bytes at most. */
const HEAD_BYTES = 16;
const CHUNK_BYTES = 1 << 16;

const CR = 13;
const LF = 10;
const HASH = 35;
const DOLLAR = 36;
const STAR = 42;
const ZERO = 48;

export class Survey {
  commands = 0;
  /** The first and the last time that a stamp among them says; 0: none does. */
  firstTime = 0;
  lastTime = 0;

  readonly #platform: Platform;
  readonly #hear: Apply;

  /** @param hear receives each whole command, but for those that select a database */
  constructor(platform: Platform, hear: Apply) {
    this.#platform = platform;
    this.#hear = (args) => {
      if (args.text(0).toLowerCase() === "select") return;
      this.commands++;
      hear(args);
    };
  }

  /** Adds what a file holds from `from` on. */
  add(path: string, from: number): void {
    const file = this.#platform.open(path, "read");
    try {
      this.#search(file, path, from);
    } finally {
      this.#platform.close(file);
    }
  }

  #search(file: File, path: string, from: number): void {
    const platform = this.#platform;
    const size = platform.size(file);
    const bytes = new Uint8Array(Math.min(SEARCH_BYTES, Math.max(0, size - from)));
    for (let origin = from; origin < size; ) {
      const length = Math.min(bytes.length, size - origin);
      platform.read(file, bytes, 0, length, origin);
      const isLast = origin + length === size;
      const end = isLast ? length : length - HEAD_BYTES;
      let next = origin + end;
      for (let at = 0; at < end; at++) {
        if (!isHead(bytes, at, length) && !isStamp(bytes, at)) continue;
        const read = this.#read(file, path, origin + at);
        if (read === origin + at) continue;
        // What was read is not searched.
        next = Math.max(next, read);
        at = read - origin - 1;
      }
      if (isLast && next <= origin + end) return;
      origin = next;
    }
  }

  /** Reads whole commands from `from` on; returns where they end. */
  #read(file: File, path: string, from: number): number {
    const reader = new LogReader(this.#platform, file, path, from, this.#hear, CHUNK_BYTES);
    reader.run();
    if (reader.firstTime > 0) {
      if (this.firstTime === 0) this.firstTime = reader.firstTime;
      this.lastTime = reader.lastTime;
    }
    return reader.whole;
  }
}

function isStamp(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === HASH && bytes[at + 1] === 0x54 && bytes[at + 2] === 0x53;
}

function isHead(bytes: Uint8Array, at: number, length: number): boolean {
  if (bytes[at] !== STAR) return false;
  let end = at + 1;
  while (end < length && bytes[end] >= ZERO && bytes[end] <= ZERO + 9) end++;
  if (end === at + 1 || end + 2 >= length) return false;
  return bytes[end] === CR && bytes[end + 1] === LF && bytes[end + 2] === DOLLAR;
}
