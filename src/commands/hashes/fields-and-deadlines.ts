// Fields and their deadlines in one: HGETDEL, HGETEX, HSETEX, as Redis has them from 8.0 on. The
// log gets what redis-server 7.4 knows too.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { awaitMembers } from "../../keyspace/expiry.ts";
import { KEEP_DEADLINE } from "../../keyspace/keyspace.ts";
import { errorLine, wrongArity } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { HASH, hashesOf } from "../../types/hashes.ts";
import { expirationArg, keyArg, oneOf } from "../shared/argument-docs.ts";
import { unitOption } from "../shared/deadlines.ts";
import {
  beginTouched,
  effectDeadline,
  effectFieldDeadline,
  effectRemoved,
  fieldsArg,
  fieldsExpire,
  fieldsFrom,
  fieldsPersist,
  INVALID_DEADLINE,
  parseFieldDeadline,
  persistField,
  touch,
  touchedFields,
} from "./field-deadlines.ts";
import { HashEvents } from "./hash-events.ts";
import { newHash } from "./new-hash.ts";

const FIELDS = asciiBytes("fields");
const FNX = asciiBytes("fnx");
const FXX = asciiBytes("fxx");
const KEEPTTL = asciiBytes("keepttl");
const PERSIST = asciiBytes("persist");

const timeMissing = errorLine("ERR missing expire time");
const twoConditions = errorLine("ERR Only one of FXX or FNX arguments can be specified");
const twoTimes = errorLine(
  "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified",
);
const numberInvalid = errorLine("ERR invalid number of fields");
const hsetexArity = errorLine(wrongArity("hsetex"));

export const hgetdel: Command = {
  name: "hgetdel",
  arity: -5,
  flags: "write fast",
  keys: "RW access delete",
  group: "hash",
  since: "8.0.0",
  complexity: "O(N) for N fields",
  member: 3,
  summary: "Returns the values of fields, and deletes them.",
  args: [keyArg, fieldsArg],
  handler: hgetdelCommand,
};

function hgetdelCommand(c: Context): void {
  const entry = c.findTypedForWrite(1, HASH);
  if (entry < 0 || !fieldsFrom(c, 2)) return;
  const { args } = c;
  const hashes = hashesOf(c);
  c.reply.array(args.count - 4);
  beginTouched(c);
  for (let i = 4; i < args.count; i++) {
    if (!replyField(c, entry, i)) continue;
    hashes.remove(entry, args.bytes, args.starts[i], args.ends[i]);
    touch(i);
  }
  if (touchedFields() === 0) return;
  effectRemoved(c);
  c.modified(1, HashEvents.hdel);
  if (hashes.count(entry) === 0) c.removedEmpty(1);
}

/** Replies the value of the field at argument i, or null; whether it is there. */
function replyField(c: Context, entry: number, i: number): boolean {
  const { args, reply } = c;
  const hashes = hashesOf(c);
  const isThere = entry !== 0 && hashes.get(entry, args.bytes, args.starts[i], args.ends[i]);
  if (isThere) reply.bulk(hashes.bytes, hashes.start, hashes.end);
  else reply.null();
  return isThere;
}

export const hgetex: Command = {
  name: "hgetex",
  arity: -5,
  flags: "write fast",
  keys: [
    { index: 1, flags: "RW access update", notes: "RW and UPDATE because it changes the TTL" },
  ],
  group: "hash",
  since: "8.0.0",
  complexity: "O(N) for N fields",
  summary: "Returns the values of fields, and sets or takes away their deadlines.",
  args: [keyArg, expirationArg("PERSIST"), fieldsArg],
  handler: hgetexCommand,
};

function hgetexCommand(c: Context): void {
  const { args } = c;
  const entry = c.findTypedForWrite(1, HASH);
  if (entry < 0) return;
  const unit = unitOption(c, 2);
  const persists = args.is(2, PERSIST);
  let deadline = NO_DEADLINE;
  if (unit !== 0) {
    deadline = parseFieldDeadline(c, 3, unit);
    if (deadline === INVALID_DEADLINE) return;
  }
  const at = unit !== 0 ? 4 : persists ? 3 : 2;
  if (!fieldsFrom(c, at)) return;
  const hashes = hashesOf(c);
  c.reply.array(args.count - at - 2);
  beginTouched(c);
  for (let i = at + 2; i < args.count; i++) {
    if (!replyField(c, entry, i)) continue;
    if (persists) persistField(c, entry, i);
    if (unit === 0) continue;
    touch(i);
    const { bytes, starts, ends } = args;
    if (deadline <= c.now) hashes.remove(entry, bytes, starts[i], ends[i]);
    else hashes.setDeadline(entry, bytes, starts[i], ends[i], deadline);
  }
  if (touchedFields() === 0) return;
  if (persists) fieldsPersist(c);
  else fieldsExpire(c, entry, deadline);
}

export const hsetex: Command = {
  name: "hsetex",
  arity: -6,
  flags: "write denyoom fast",
  keys: "RW update",
  group: "hash",
  since: "8.0.0",
  complexity: "O(N) for N fields",
  summary: "Sets fields and their deadlines, if the fields are there or are not.",
  args: [
    keyArg,
    { ...oneOf("condition", "FNX", "FXX"), optional: true },
    expirationArg("KEEPTTL"),
    {
      name: "fields",
      type: "block",
      token: "FIELDS",
      arguments: [
        { name: "numfields", type: "integer" },
        {
          name: "data",
          type: "block",
          multiple: true,
          arguments: [
            { name: "field", type: "string" },
            { name: "value", type: "string" },
          ],
        },
      ],
    },
  ],
  handler: hsetexCommand,
};

/** What HSETEX was asked for. */
const asked = { first: 0, onlyNew: false, onlyOld: false, keeps: false, deadline: NO_DEADLINE };

/** Reads the options and FIELDS into `asked`; false after an error. */
function readHsetex(c: Context): boolean {
  const { args, reply } = c;
  asked.onlyNew = false;
  asked.onlyOld = false;
  asked.keeps = false;
  asked.deadline = NO_DEADLINE;
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, FIELDS)) return readPairs(c, i);
    const unit = unitOption(c, i);
    if (unit !== 0 || args.is(i, KEEPTTL)) {
      if (asked.keeps || asked.deadline !== NO_DEADLINE) return refused(c, twoTimes);
      if (unit === 0) asked.keeps = true;
      else {
        if (++i === args.count) return refused(c, timeMissing);
        asked.deadline = parseFieldDeadline(c, i, unit);
        if (asked.deadline === INVALID_DEADLINE) return false;
      }
    } else if (args.is(i, FNX) || args.is(i, FXX)) {
      if (asked.onlyNew || asked.onlyOld) return refused(c, twoConditions);
      if (args.is(i, FNX)) asked.onlyNew = true;
      else asked.onlyOld = true;
    } else {
      reply.errorText(`ERR unknown argument: ${args.text(i)}`);
      return false;
    }
  }
  return refused(c, hsetexArity);
}

function refused(c: Context, error: Uint8Array): boolean {
  c.reply.error(error);
  return false;
}

function readPairs(c: Context, i: number): boolean {
  const { args } = c;
  if (i >= args.count - 3) return refused(c, hsetexArity);
  const count = args.integer(i + 1);
  if (!(count >= 1 && count <= 0x7fffffff)) return refused(c, numberInvalid);
  asked.first = i + 2;
  return 2 * count === args.count - i - 2 || refused(c, hsetexArity);
}

function hsetexCommand(c: Context): void {
  if (!readHsetex(c)) return;
  const { args, reply } = c;
  const { first, keeps, deadline } = asked;
  const found = c.findTypedForWrite(1, HASH);
  if (found < 0) return;
  if (!conditionHolds(c, found)) return reply.integer(0);
  const hashes = hashesOf(c);
  const entry = found === 0 ? newHash(c) : found;
  const { bytes, starts, ends, count } = args;
  hashes.expect(entry, (count - first) >> 1);
  const kept = keeps ? KEEP_DEADLINE : NO_DEADLINE;
  beginTouched(c);
  for (let i = first; i < count; i += 2) {
    touch(i);
    hashes.set(entry, bytes, starts[i], ends[i], bytes, starts[i + 1], ends[i + 1], kept);
    if (deadline === NO_DEADLINE) continue;
    if (deadline <= c.now) hashes.remove(entry, bytes, starts[i], ends[i]);
    else hashes.setDeadline(entry, bytes, starts[i], ends[i], deadline);
  }
  c.modified(1, HashEvents.hset);
  reply.integer(1);
  if (deadline === NO_DEADLINE) {
    effectPairs(c);
    if (keeps) effectKept(c, entry);
    return;
  }
  if (deadline <= c.now) {
    effectRemoved(c);
    c.event(1, HashEvents.hdel);
    if (hashes.count(entry) === 0) c.removedEmpty(1);
    return;
  }
  awaitMembers(c.keyspace, c.db, entry);
  effectPairs(c);
  effectDeadline(c, deadline);
  c.event(1, HashEvents.hexpire);
}

function conditionHolds(c: Context, entry: number): boolean {
  const { first, onlyNew, onlyOld } = asked;
  if (!onlyNew && !onlyOld) return true;
  if (entry === 0) return onlyNew;
  const { bytes, starts, ends, count } = c.args;
  const hashes = hashesOf(c);
  for (let i = first; i < count; i += 2) {
    if (hashes.has(entry, bytes, starts[i], ends[i]) !== onlyOld) return false;
  }
  return true;
}

function effectPairs(c: Context): void {
  const { first } = asked;
  const { count } = c.args;
  c.effect(2 + count - first);
  c.effectText("HSET");
  c.effectArg(1);
  for (let i = first; i < count; i++) c.effectArg(i);
}

/** HSET takes the deadlines that were kept, so the log gives them back. */
function effectKept(c: Context, entry: number): void {
  const hashes = hashesOf(c);
  const { bytes, starts, ends, count } = c.args;
  for (let i = asked.first; i < count; i += 2) {
    const kept = hashes.deadline(entry, bytes, starts[i], ends[i]);
    if (kept !== NO_DEADLINE) effectFieldDeadline(c, i, kept);
  }
}

export const fieldsAndDeadlinesCommands: readonly Command[] = [hgetdel, hgetex, hsetex];
