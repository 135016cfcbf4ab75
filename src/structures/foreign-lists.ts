// Short sequences in the packed forms that Redis had before listpacks: ziplists (lists, hashes,
// sorted sets up to Redis 6.2) and zipmaps (hashes up to 2.4). They come from files and payloads,
// so nothing in them is believed: a reader goes over an element at a time, and says at the end
// whether all of it was sound.
//
//   ziplist   u32 bytes  u32 offset of the last element  u16 elements  element …  0xFF
//   element   back length: u8 below 254, or 254 and u32; then one of
//             00xxxxxx │ 01xxxxxx u8 │ 10…… u32 (big endian)   a string of so many bytes, and these
//             C0 i16 │ D0 i32 │ E0 i64 │ F0 i24 │ FE i8 │ F1 … FD: 0 … 12
//   zipmap    u8 pairs, 254: more   then for each: length key, length u8 free value, free …  0xFF
//   length    u8 below 254, or 254 and u32 (little endian)

import { readU32 } from "./packed-list.ts";

const ZIPLIST_HEADER = 10;
const END = 0xff;
const LONG = 254;
const NOTHING = new Uint8Array(0);

/** Goes over the elements of one sequence: `while (reader.next())`, then `reader.isSound`. */
export interface ForeignReader {
  bytes: Uint8Array;
  start: number;
  end: number;
  readonly isSound: boolean;
  open(bytes: Uint8Array, start: number, end: number): void;
  next(): boolean;
}

export class ZiplistReader implements ForeignReader {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** Whether it ended as it should. */
  isSound = false;
  #list: Uint8Array = NOTHING;
  #at = 0;
  #last = 0;
  /** Bytes of the element before. */
  #before = 0;
  #left = 0;
  #tail = 0;
  #isCounted = false;
  readonly #digits = new Uint8Array(24);

  open(bytes: Uint8Array, start: number, end: number): void {
    this.#list = bytes;
    this.isSound = false;
    this.#at = end;
    this.#last = end;
    if (end - start <= ZIPLIST_HEADER || readU32(bytes, start) !== end - start) return;
    if (bytes[end - 1] !== END) return;
    this.#last = end - 1;
    this.#at = start + ZIPLIST_HEADER;
    this.#before = 0;
    this.#tail = start + readU32(bytes, start + 4);
    this.#left = bytes[start + 8] | (bytes[start + 9] << 8);
    this.#isCounted = this.#left < 0xffff;
  }

  next(): boolean {
    const list = this.#list;
    const first = this.#at;
    const last = this.#last;
    if (first === last) {
      this.isSound =
        list[last] === END &&
        (!this.#isCounted || this.#left === 0) &&
        this.#tail === first - this.#before;
      return false;
    }
    let at = first;
    let before = list[at++];
    if (before === LONG) {
      if (at + 4 > last) return this.#stop();
      before = readU32(list, at);
      at += 4;
    } else if (before === END) return this.#stop();
    if (before !== this.#before || at >= last) return this.#stop();
    at = this.#read(at);
    if (at < 0 || at > last) return this.#stop();
    this.#before = at - first;
    this.#at = at;
    this.#left--;
    return true;
  }

  /** Describes the element whose encoding begins at `at`; returns where it ends, or −1. */
  #read(at: number): number {
    const list = this.#list;
    const head = list[at];
    if (head < 0xc0) {
      const form = head >> 6;
      let length = head & 0x3f;
      let from = at + 1;
      if (form === 1) length = (length << 8) | list[from++];
      else if (form === 2) {
        if (from + 4 > this.#last) return -1;
        length = (list[from] << 24) | (list[from + 1] << 16) | (list[from + 2] << 8);
        length = (length | list[from + 3]) >>> 0;
        from += 4;
      }
      if (from + length > this.#last) return -1;
      this.bytes = list;
      this.start = from;
      this.end = from + length;
      return this.end;
    }
    if (head >= 0xf1 && head <= 0xfd) return this.#integer(head - 0xf1, at + 1);
    const width = head === 0xfe ? 1 : head === 0xc0 ? 2 : head === 0xf0 ? 3 : head === 0xd0 ? 4 : 8;
    if (width === 8 && head !== 0xe0) return -1;
    if (at + 1 + width > this.#last) return -1;
    let value = 0n;
    for (let i = width; i > 0; i--) value = (value << 8n) | BigInt(list[at + i]);
    return this.#integer(BigInt.asIntN(8 * width, value), at + 1 + width);
  }

  #integer(value: number | bigint, end: number): number {
    const text = `${value}`;
    for (let i = 0; i < text.length; i++) this.#digits[i] = text.charCodeAt(i);
    this.bytes = this.#digits;
    this.start = 0;
    this.end = text.length;
    return end;
  }

  #stop(): boolean {
    this.isSound = false;
    this.#at = this.#last;
    this.#list = NOTHING;
    return false;
  }
}

export class ZipmapReader implements ForeignReader {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  isSound = false;
  #map: Uint8Array = NOTHING;
  #at = 0;
  #last = 0;
  #isValue = false;
  #count = 0;
  #said = 0;
  #free = 0;

  open(bytes: Uint8Array, start: number, end: number): void {
    this.#map = bytes;
    this.isSound = false;
    this.#isValue = false;
    this.#count = 0;
    this.#free = 0;
    this.#at = start + 1;
    this.#last = end - 1;
    this.#said = bytes[start];
    if (end - start < 2 || bytes[end - 1] !== END) this.#stop();
  }

  next(): boolean {
    const map = this.#map;
    const last = this.#last;
    let at = this.#at;
    if (at >= last) {
      const isCounted = this.#said < LONG;
      this.isSound =
        at === last &&
        !this.#isValue &&
        map[last] === END &&
        (!isCounted || this.#said === this.#count);
      return false;
    }
    let length = map[at++];
    if (length === LONG) {
      if (at + 4 > last) return this.#stop();
      length = readU32(map, at);
      at += 4;
    } else if (length === END) return this.#stop();
    if (this.#isValue) this.#free = map[at++];
    if (at + length > last) return this.#stop();
    this.bytes = map;
    this.start = at;
    this.end = at + length;
    this.#at = at + length;
    if (this.#isValue) {
      this.#at += this.#free;
      this.#count++;
    }
    this.#isValue = !this.#isValue;
    return true;
  }

  #stop(): boolean {
    this.#map = NOTHING;
    this.#at = 1;
    this.#last = 0;
    return false;
  }
}
