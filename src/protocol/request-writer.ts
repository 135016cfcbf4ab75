// Requests to another server, written as RESP arrays of bulks. They gather in buffers that the
// sink keeps; a long word is passed on in an array of its own.
//
// How to write: begin(words), then each word by text(), integer() or range(); flush() at the end.

import { copyBytes, utf8Length, writeUtf8 } from "../base/bytes.ts";
import { writeInteger } from "../base/integers.ts";

/** Takes bytes[0, end), which nobody changes any more. */
export type RequestSink = (bytes: Uint8Array, end: number) => void;

const BUFFER_BYTES = 64 * 1024;
/** What is longer is not copied behind others. */
const LONG_BYTES = 16 * 1024;
const HEAD_BYTES_MAX = 32;
const DOLLAR = 0x24;
const STAR = 0x2a;

export class RequestWriter {
  readonly #sink: RequestSink;
  #bytes: Uint8Array = new Uint8Array(BUFFER_BYTES);
  #end = 0;

  constructor(sink: RequestSink) {
    this.#sink = sink;
  }

  /** Begins a request of so many words. */
  begin(words: number): void {
    this.#head(STAR, words);
  }

  text(text: string): void {
    const length = utf8Length(text);
    this.#head(DOLLAR, length);
    if (length > LONG_BYTES) {
      const bytes = new Uint8Array(length);
      writeUtf8(text, bytes, 0);
      this.#pass(bytes);
    } else {
      this.#room(length);
      this.#end = writeUtf8(text, this.#bytes, this.#end);
    }
    this.#lineEnd();
  }

  integer(n: number): void {
    this.text(String(n));
  }

  /** A word of bytes, which are copied. */
  range(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#head(DOLLAR, length);
    if (length > LONG_BYTES) this.#pass(bytes.slice(start, end));
    else {
      this.#room(length);
      this.#end = copyBytes(bytes, start, end, this.#bytes, this.#end);
    }
    this.#lineEnd();
  }

  /** Passes on what is here. */
  flush(): void {
    if (this.#end === 0) return;
    const bytes = this.#bytes;
    const end = this.#end;
    this.#end = 0;
    // A short rest keeps no long buffer.
    if (end < bytes.length / 4) return this.#sink(bytes.slice(0, end), end);
    this.#bytes = new Uint8Array(BUFFER_BYTES);
    this.#sink(bytes, end);
  }

  #pass(bytes: Uint8Array): void {
    this.flush();
    this.#sink(bytes, bytes.length);
  }

  #head(type: number, n: number): void {
    this.#room(HEAD_BYTES_MAX);
    this.#bytes[this.#end] = type;
    this.#end = writeInteger(this.#bytes, this.#end + 1, n);
    this.#lineEnd();
  }

  #lineEnd(): void {
    this.#room(2);
    this.#bytes[this.#end++] = 13;
    this.#bytes[this.#end++] = 10;
  }

  #room(bytes: number): void {
    if (this.#end + bytes > this.#bytes.length) this.flush();
  }
}
