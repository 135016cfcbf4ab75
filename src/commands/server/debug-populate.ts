// DEBUG POPULATE: many strings at once, for tests that need a full database. Unlike in Redis they
// go to the log as the SETs that they are.

import { asciiBytes } from "../../base/bytes.ts";
import type { Context } from "../../engine/context.ts";
import { Errors } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { stringKind, stringsOf } from "../../types/strings.ts";

/** POPULATE count [prefix] [size]: `prefix:0` … with `value:0` … cut or filled to the size. */
export function populate(c: Context): void {
  const { args, reply, keyspace } = c;
  const count = positive(c, 2);
  const size = args.count === 5 ? positive(c, 4) : 0;
  if (count < 0 || size < 0) return;
  const prefix = args.count > 3 ? args.text(3) : "key";
  if (size > stringsOf(c).lengthMax) {
    reply.error(Errors.outOfRange);
    return;
  }
  for (let i = 0; i < count; i++) {
    if (keyspace.memory.nearlyExhausted) {
      reply.error(Errors.outOfMemory);
      return;
    }
    const key = asciiBytes(`${prefix}:${i}`);
    if (keyspace.find(c.db, key, 0, key.length) !== 0) continue;
    const text = asciiBytes(`value:${i}`);
    let value = text;
    if (size > 0) {
      value = new Uint8Array(size);
      value.set(text.subarray(0, size));
    }
    const kind = stringKind(value, 0, value.length);
    keyspace.setString(c.db, key, 0, key.length, kind, value, 0, value.length, NO_DEADLINE);
    if (keyspace.watched.any) keyspace.watched.touch(c.db, key, 0, key.length);
    c.changes++;
    c.effect(3);
    c.effectText("SET");
    c.effectBytes(key, 0, key.length);
    c.effectBytes(value, 0, value.length);
  }
  reply.ok();
}

/** Argument i, which is not below 0; −1 when an error has been replied. */
function positive(c: Context, i: number): number {
  const value = c.args.integer(i);
  if (value >= 0) return value;
  c.reply.error(Errors.notPositive);
  return -1;
}
