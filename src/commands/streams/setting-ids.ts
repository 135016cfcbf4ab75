// XSETID: sets the numbers of a stream that its entries do not tell. Logs that are rewritten and
// programs that copy streams use it.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import {
  compareIds,
  copyId,
  createId,
  GREATEST_ID,
  isLeast,
  LEAST_ID,
} from "../../structures/stream-id.ts";
import { STREAM, streamsOf } from "../../types/streams.ts";
import { integer, keyArg } from "../shared/argument-docs.ts";
import { readId } from "./ids.ts";
import { groupChanged } from "./lookups.ts";
import { StreamEvents } from "./streams.ts";

const ENTRIESADDED = asciiBytes("entriesadded");
const MAXDELETEDID = asciiBytes("maxdeletedid");

const addedNotPositive = errorLine("ERR entries_added must be positive");
const belowGivenErased = errorLine(
  "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
);
const belowErased = errorLine(
  "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id",
);
const belowTop = errorLine(
  "ERR The ID specified in XSETID is smaller than the target stream top item",
);
const addedTooFew = errorLine(
  "ERR The entries_added specified in XSETID is smaller than the target stream length",
);

const last = createId();
const erased = createId();
const found = createId();

export const xsetid: Command = {
  name: "xsetid",
  arity: -3,
  flags: "write denyoom fast",
  keys: "RW update",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Sets the last ID of a stream, and other numbers.",
  args: [
    keyArg,
    { name: "last-id", type: "string" },
    { ...integer("entries-added", "ENTRIESADDED"), since: "7.0.0" },
    {
      name: "max-deleted-id",
      type: "string",
      token: "MAXDELETEDID",
      since: "7.0.0",
      optional: true,
    },
  ],
  handler: xsetidCommand,
};

function xsetidCommand(c: Context): void {
  const { args, reply } = c;
  if (!readId(c, 2, last)) return;
  copyId(LEAST_ID, erased);
  let added = -1;
  for (let i = 3; i < args.count; i += 2) {
    const isAdded = args.is(i, ENTRIESADDED);
    if (i + 1 === args.count || !(isAdded || args.is(i, MAXDELETEDID))) {
      return reply.error(Errors.syntax);
    }
    if (isAdded) {
      added = args.index(i + 1);
      if (Number.isNaN(added)) return reply.error(Errors.notInteger);
      if (added < 0) return reply.error(addedNotPositive);
    } else {
      if (!readId(c, i + 1, erased)) return;
      if (compareIds(last, erased) < 0) return reply.error(belowGivenErased);
    }
  }
  const entry = c.findTypedForWrite(1, STREAM);
  if (entry < 0) return;
  if (entry === 0) return reply.error(Errors.noSuchKey);
  const streams = streamsOf(c);
  const root = streams.records.pointer(entry);
  streams.erasedId(root, found);
  if (compareIds(last, found) < 0) return reply.error(belowErased);
  if (isLeast(erased)) copyId(found, erased);
  const { cursor } = streams;
  if (cursor.seekBack(root, GREATEST_ID)) {
    if (compareIds(last, cursor.id) < 0) return reply.error(belowTop);
    if (added >= 0 && streams.count(root) > added) return reply.error(addedTooFew);
  }
  streams.setNumbers(entry, last, erased, added < 0 ? streams.added(root) : added);
  groupChanged(c, 1, StreamEvents.xsetid);
  reply.ok();
}
