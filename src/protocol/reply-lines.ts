// Replies of one line each (+OK, -ERR …, :1), as they arrive from another server: for who asks for
// nothing that has others.

import { latin1Text } from "../base/bytes.ts";

const LINE_CHARACTERS_MAX = 64 * 1024;

export class ReplyLines {
  #text = "";
  #at = 0;

  /** bytes[0, length) have arrived. */
  add(bytes: Uint8Array, length: number): void {
    this.#text = this.#text.slice(this.#at) + latin1Text(bytes, 0, length);
    this.#at = 0;
  }

  /** The next line, without its end, each byte one character; undefined: it is not whole yet. */
  next(): string | undefined {
    const end = this.#text.indexOf("\n", this.#at);
    if (end < 0) return undefined;
    const start = this.#at;
    this.#at = end + 1;
    return this.#text.slice(start, this.#text[end - 1] === "\r" ? end - 1 : end);
  }

  /** Whether something stands behind the line that was returned last. */
  get hasMore(): boolean {
    return this.#at < this.#text.length;
  }

  /** Whether what is not whole yet is longer than any reply of one line. */
  get isEndless(): boolean {
    return this.#text.length - this.#at > LINE_CHARACTERS_MAX;
  }
}
