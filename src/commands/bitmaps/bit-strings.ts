// What the commands on bits share: where bits lie in strings, and strings made long enough to be
// written to.

import { asciiBytes } from "../../base/bytes.ts";
import type { Context } from "../../engine/context.ts";
import { EventClass, type KeyEvent, keyEvent } from "../../engine/events.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { PLACE_BITS, PLACE_MASK } from "../../memory/memory.ts";
import { errorLine } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { StringKind, stringsOf } from "../../types/strings.ts";

/** Bits of a string were written. */
export const setbitEvent: KeyEvent = keyEvent(EventClass.string, "setbit");

export const offsetNotInteger: Uint8Array = errorLine(
  "ERR bit offset is not an integer or out of range",
);

/** How ranges are counted, where bits may be meant. */
export const BIT: Uint8Array = asciiBytes("bit");
export const BYTE: Uint8Array = asciiBytes("byte");

/** Strings up to so many bytes are made from these. */
const ZEROS = new Uint8Array(1024);

/** Whether a bit at this offset lies in a string of the greatest length; NaN does not. */
export function offsetAllowed(c: Context, offset: number): boolean {
  return offset >= 0 && offset < stringsOf(c).lengthMax * 8;
}

/**
 * The string of the key at argument 1, at least `length` bytes long, its bytes [from, to) to be
 * written by the caller: records.bytes and start say where it lies. Bytes that are new are zeros.
 * −1 where another type is there, and that has been replied.
 */
export function writableString(c: Context, length: number, from: number, to: number): number {
  const { keyspace } = c;
  const { records } = keyspace;
  const entry = c.findTypedForWrite(1, STRING);
  if (entry < 0) return -1;
  if (entry === 0) {
    written.grown = true;
    makeZeros(c, length);
    const made = c.findForWrite(1);
    records.value(made);
    return made;
  }
  const before = records.valueLength(entry);
  written.grown = length > before;
  const whole = Math.max(length, before);
  const moved = keyspace.resizeString(c.db, entry, StringKind.raw, whole, from, to);
  if (written.grown) records.bytes.fill(0, records.start + before, records.end);
  return moved;
}

/** Of the last writableString: whether it made the string, or made it longer. */
export const written = { grown: false };

/** Sets the key at argument 1 to `length` zeros. */
function makeZeros(c: Context, length: number): void {
  if (length <= ZEROS.length) {
    c.setString(1, StringKind.raw, ZEROS, 0, length, NO_DEADLINE);
    return;
  }
  const { memory } = c;
  const block = memory.allocate(length);
  const start = (block & PLACE_MASK) << 3;
  memory.u8[block >>> PLACE_BITS].fill(0, start, start + length);
  c.setBlock(1, StringKind.raw, block, length);
}
