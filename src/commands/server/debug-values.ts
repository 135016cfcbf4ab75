// DEBUG DIGEST, DIGEST-VALUE, OBJECT and QUICKLIST-PACKED-THRESHOLD: what databases hold, in short,
// and how.

import { memoryValue } from "../../base/memory-values.ts";
import { saveValue } from "../../codec/payload.ts";
import { RdbOutput } from "../../codec/rdb-output.ts";
import type { Context } from "../../engine/context.ts";
import { idleSeconds } from "../../keyspace/access-clock.ts";
import { digestOfAll, digestOfValue } from "../../keyspace/digest.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";

/** DIGEST: of all databases. */
export function digest(c: Context): void {
  c.reply.simple(digestOfAll(c.keyspace));
}

/** DIGEST-VALUE key …: of what each holds, zeros where there is none. */
export function digestValues(c: Context): void {
  const { args, keyspace, reply } = c;
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    reply.simple(
      digestOfValue(keyspace, keyspace.peek(c.db, args.bytes, args.starts[i], args.ends[i])),
    );
  }
}

/** OBJECT key: where its value lies, and how. */
export function describeObject(c: Context): void {
  const { args, keyspace, reply } = c;
  const { records, tables, types } = keyspace;
  const [start, end] = [args.starts[2], args.ends[2]];
  const table = keyspace.table(c.db);
  // One whose time is over is there until it is deleted.
  const hash = tables.hash(args.bytes, start, end);
  const entry = table === 0 ? 0 : tables.find(table, hash, args.bytes, start, end);
  if (entry === 0) {
    reply.error(Errors.noSuchKey);
    return;
  }
  const kind = records.kind(entry);
  const clock = records.clock(entry);
  const more = types.collections[kind]?.describe?.(kind, records.pointer(entry)) ?? "";
  reply.simple(
    `Value at:0x${entry.toString(16)} refcount:1 encoding:${types.encodings[kind]} ` +
      `serializedlength:${savedLength(c, entry)} lru:${clock} ` +
      `lru_seconds_idle:${idleSeconds(clock, c.now)}${more}`,
  );
}

/** Bytes that the value takes in an RDB file. */
function savedLength(c: Context, entry: number): number {
  const output = new RdbOutput(() => {});
  output.sums = false;
  saveValue(c.keyspace, entry, output);
  return output.size;
}

const THRESHOLD_MAX = 4 * 1024 ** 3 - 1024 ** 2;
const wrongThreshold = errorLine(
  "ERR argument must be a memory value bigger than 1 and smaller than 4gb",
);

/** QUICKLIST-PACKED-THRESHOLD size: elements so long get a node of their own; 0: as without it. */
export function packedThreshold(c: Context): void {
  const bytes = memoryValue(c.args.text(2));
  if (bytes === undefined || bytes > THRESHOLD_MAX) {
    c.reply.error(wrongThreshold);
    return;
  }
  for (const type of c.keyspace.types) type.tuning?.["quicklist-packed-threshold"]?.(Number(bytes));
  c.reply.ok();
}
