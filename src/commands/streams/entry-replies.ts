// How entries of streams are replied: an entry is its ID and its pairs, names and values in turn.

import type { Context } from "../../engine/context.ts";
import type { StreamCursor } from "../../structures/stream-cursor.ts";
import { compareIds, ID_TEXT_MAX, type StreamId, writeId } from "../../structures/stream-id.ts";
import { streamsOf } from "../../types/streams.ts";

const text = new Uint8Array(ID_TEXT_MAX);

export function replyId(c: Context, id: StreamId): void {
  c.reply.bulk(text, 0, writeId(text, 0, id));
}

/** The entry that a cursor stands on. */
export function replyEntry(c: Context, cursor: StreamCursor): void {
  c.reply.array(2);
  replyId(c, cursor.id);
  replyPairs(c, cursor);
}

/** Its pairs alone. */
export function replyPairs(c: Context, cursor: StreamCursor): void {
  const { reply } = c;
  const { names, values } = cursor;
  reply.array(2 * cursor.pairs);
  while (cursor.nextPair()) {
    reply.bulk(names.bytes, names.start, names.end);
    reply.bulk(values.bytes, values.start, values.end);
  }
}

/** An array of at most `count` entries, whose IDs are not before `first`, nor after `last`. */
export function replyRange(
  c: Context,
  root: number,
  first: StreamId,
  last: StreamId,
  count: number,
  isReverse: boolean,
): void {
  const { reply } = c;
  const { cursor } = streamsOf(c);
  const mark = reply.beginDeferred();
  let replied = 0;
  let more = isReverse ? cursor.seekBack(root, last) : cursor.seek(root, first);
  while (more && replied < count) {
    const isBeyond = isReverse ? compareIds(cursor.id, first) < 0 : compareIds(cursor.id, last) > 0;
    if (isBeyond) break;
    replyEntry(c, cursor);
    replied++;
    more = replied < count && (isReverse ? cursor.previous() : cursor.next());
  }
  reply.endArray(mark, replied);
}
