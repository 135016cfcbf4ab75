// Notes: what a write in another thread has for the owner's JavaScript objects, which no other
// thread can reach: a key may have something for those who wait for it, an event is to be
// published. They are appended to one buffer by whoever holds the lock, and taken by the owner as
// soon as it has the lock, before anything else is done with it.
//
//   note   0 u32 kind   4 u32 database   8 u32 bytes of a   12 u32 bytes of b   16 a, then b
//          up to a multiple of 4
//
// What would make the buffer longer than NOTES_BYTES_MAX, because the owner does not come to it, is
// dropped if it is an event, as messages are to a subscriber that does not read; that something
// became ready is then said once, of whole databases.

import { copyBytes } from "../base/bytes.ts";
import { ControlWord } from "./control.ts";

export const Note = { ready: 1, database: 2, publish: 3 } as const;

export const NOTES_BYTES_MAX: number = 16 << 20;
const HEADER_BYTES = 16;
/** Kept free for what may not be dropped: a note of each database. */
const RESERVED_BYTES = 4096;
const NOTHING = new Uint8Array(0);

/** Takes what notes say. */
export interface NoteReader {
  note(kind: number, db: number, a: Uint8Array, b: Uint8Array): void;
}

export class Notes {
  readonly #control: Int32Array;
  readonly #buffer: SharedArrayBuffer;
  #bytes: Uint8Array;
  #words: Int32Array;

  constructor(control: Int32Array, buffer: SharedArrayBuffer) {
    this.#control = control;
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer, 0, buffer.byteLength);
    this.#words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
  }

  /** Whether there are any. */
  get any(): boolean {
    return this.#control[ControlWord.notes] !== 0;
  }

  /** The key may have something for those who wait for it. REQUIRES: the lock, as all of these. */
  ready(db: number, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#add(Note.ready, db, bytes, start, end, NOTHING, 0, 0, RESERVED_BYTES)) {
      this.database(db);
    }
  }

  /** Each key of the database may. */
  database(db: number): void {
    this.#add(Note.database, db, NOTHING, 0, 0, NOTHING, 0, 0, 0);
  }

  /** A message goes to a channel. */
  publish(channel: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
    this.#add(Note.publish, 0, channel, 0, channel.length, bytes, start, end, RESERVED_BYTES);
  }

  #add(
    kind: number,
    db: number,
    a: Uint8Array,
    aStart: number,
    aEnd: number,
    b: Uint8Array,
    bStart: number,
    bEnd: number,
    reserved: number,
  ): boolean {
    const control = this.#control;
    const at = control[ControlWord.notes];
    const aBytes = aEnd - aStart;
    const bBytes = bEnd - bStart;
    const end = at + ((HEADER_BYTES + aBytes + bBytes + 3) & ~3);
    if (end > NOTES_BYTES_MAX - reserved) return false;
    this.#reach(end);
    const words = this.#words;
    words[at >> 2] = kind;
    words[(at >> 2) + 1] = db;
    words[(at >> 2) + 2] = aBytes;
    words[(at >> 2) + 3] = bBytes;
    copyBytes(a, aStart, aEnd, this.#bytes, at + HEADER_BYTES);
    copyBytes(b, bStart, bEnd, this.#bytes, at + HEADER_BYTES + aBytes);
    control[ControlWord.notes] = end;
    if (at === 0) ring(control);
    return true;
  }

  /** Makes the buffer, and the views of it, at least so long. */
  #reach(end: number): void {
    if (end <= this.#bytes.length) return;
    const buffer = this.#buffer;
    if (buffer.byteLength < end) buffer.grow(Math.min(NOTES_BYTES_MAX, Math.max(65536, end * 2)));
    this.#bytes = new Uint8Array(buffer, 0, buffer.byteLength);
    this.#words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
  }

  /** Takes all. Reading one may not lead to another: what the owner does, it hears of anyway. */
  take(reader: NoteReader): void {
    const end = this.#control[ControlWord.notes];
    this.#control[ControlWord.notes] = 0;
    this.#reach(end);
    const words = this.#words;
    for (let at = 0; at < end; ) {
      const from = at + HEADER_BYTES;
      const middle = from + words[(at >> 2) + 2];
      const to = middle + words[(at >> 2) + 3];
      const a = this.#bytes.slice(from, middle);
      const b = this.#bytes.slice(middle, to);
      reader.note(words[at >> 2], words[(at >> 2) + 1], a, b);
      at = (to + 3) & ~3;
    }
  }
}

/** Wakes the owner. */
export function ring(control: Int32Array): void {
  Atomics.add(control, ControlWord.bell, 1);
  Atomics.notify(control, ControlWord.bell);
}
