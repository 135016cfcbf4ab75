// What goes to the log for deliveries, which depend on the time and on what was there: to whom an
// entry was given, when and how often (XCLAIM), where a group stands (XGROUP SETID), that there is
// a consumer (XGROUP CREATECONSUMER), that an entry is pending no more (XACK). As Redis words them.
//
// Redis does not say what XREADGROUP changes of deliveries that it repeats, nor that it has made a
// consumer who got nothing; here nothing that was replied is lost, so both are said.

import { asciiBytes } from "../../base/bytes.ts";
import type { Context } from "../../engine/context.ts";
import { DELIVERIES_MAX } from "../../structures/stream-groups.ts";
import { createId, ID_TEXT_MAX, type StreamId, writeId } from "../../structures/stream-id.ts";
import { streamsOf } from "../../types/streams.ts";
import { MOST_DELIVERIES } from "./group-replies.ts";

const XCLAIM = asciiBytes("XCLAIM");
const XACK = asciiBytes("XACK");
const XGROUP = asciiBytes("XGROUP");
const SETID = asciiBytes("SETID");
const CREATECONSUMER = asciiBytes("CREATECONSUMER");
const ENTRIESREAD = asciiBytes("ENTRIESREAD");
const ZERO = asciiBytes("0");
const TIME = asciiBytes("TIME");
const RETRYCOUNT = asciiBytes("RETRYCOUNT");
const FORCE = asciiBytes("FORCE");
const JUSTID = asciiBytes("JUSTID");
const LASTID = asciiBytes("LASTID");

const id = createId();
const text = new Uint8Array(ID_TEXT_MAX);

function word(c: Context, bytes: Uint8Array): void {
  c.effectBytes(bytes, 0, bytes.length);
}

function idWord(c: Context, of: StreamId): void {
  c.effectBytes(text, 0, writeId(text, 0, of));
}

/**
 * An entry is pending for its consumer as it is now, in the group at arguments `key` and `group`
 * that was delivered `lastId` last.
 */
export function claimEffect(
  c: Context,
  key: number,
  group: number,
  pending: number,
  lastId: StreamId,
): void {
  c.rewritten = true;
  if (!c.effects.isHeard) return;
  const { groups } = streamsOf(c);
  const { names } = groups;
  c.effect(14);
  word(c, XCLAIM);
  c.effectArg(key);
  c.effectArg(group);
  names.read(groups.consumerOf(pending));
  c.effectBytes(names.bytes, names.start, names.end);
  word(c, ZERO);
  groups.ids.readId(pending, id);
  idWord(c, id);
  word(c, TIME);
  c.effectInteger(groups.delivered(pending));
  word(c, RETRYCOUNT);
  const count = groups.deliveries(pending);
  c.effectText(String(count < DELIVERIES_MAX ? count : MOST_DELIVERIES));
  word(c, FORCE);
  word(c, JUSTID);
  word(c, LASTID);
  idWord(c, lastId);
}

/** Where the group stands. */
export function positionEffect(
  c: Context,
  key: number,
  group: number,
  lastId: StreamId,
  entriesRead: number,
): void {
  c.effect(7);
  word(c, XGROUP);
  word(c, SETID);
  c.effectArg(key);
  c.effectArg(group);
  idWord(c, lastId);
  word(c, ENTRIESREAD);
  c.effectInteger(entriesRead);
}

/** There is a consumer, whom argument `consumer` names. */
export function consumerEffect(c: Context, key: number, group: number, consumer: number): void {
  c.effect(5);
  word(c, XGROUP);
  word(c, CREATECONSUMER);
  c.effectArg(key);
  c.effectArg(group);
  c.effectArg(consumer);
}

/** An entry is pending no more. */
export function acknowledgedEffect(c: Context, key: number, group: number, of: StreamId): void {
  c.effect(4);
  word(c, XACK);
  c.effectArg(key);
  c.effectArg(group);
  idWord(c, of);
}
