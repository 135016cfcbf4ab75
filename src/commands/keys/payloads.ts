// DUMP and RESTORE: values as bytes of their own, in the form that Redis gives them.

import { asciiBytes } from "../../base/bytes.ts";
import { isPayload, LoadedValue, writePayload } from "../../codec/payload.ts";
import { RdbInput } from "../../codec/rdb-input.ts";
import { RdbOutput } from "../../codec/rdb-output.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, Events, keyEvent } from "../../engine/events.ts";
import { restoredClock } from "../../keyspace/access-clock.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { keyArg } from "../shared/argument-docs.ts";
import { toDeadline, Unit } from "../shared/deadlines.ts";

/** A buffer that has grown beyond this is not kept. */
const KEPT_BYTES = 1 << 20;
const FREQUENCY_MAX = 255;
/** Compressed strings of a payload are together no longer than this, without `maxmemory` either. */
const EXPANDED_BYTES_MAX = 2 ** 32;

// Scratch of this thread.
let output = new RdbOutput();
const input = new RdbInput();
const loaded = new LoadedValue();

const restored = keyEvent(EventClass.generic, "restore");
const busyKey = errorLine("BUSYKEY Target key name already exists.");
const invalidTtl = errorLine("ERR Invalid TTL value, must be >= 0");
const invalidIdle = errorLine("ERR Invalid IDLETIME value, must be >= 0");
const invalidFrequency = errorLine("ERR Invalid FREQ value, must be >= 0 and <= 255");
const notSound = errorLine("ERR DUMP payload version or checksum are wrong");
const badFormat = errorLine("ERR Bad data format");

export const dump: Command = {
  name: "dump",
  arity: 2,
  flags: "readonly",
  tips: "nondeterministic_output",
  keys: "RO access",
  group: "generic",
  since: "2.6.0",
  complexity: "O(N) for a value of N bytes.",
  summary: "Returns a key's value as bytes that RESTORE takes.",
  args: [keyArg],
  handler: dumpCommand,
};

function dumpCommand(c: Context): void {
  const entry = c.find(1);
  if (entry === 0) {
    c.reply.null();
    return;
  }
  writePayload(c.keyspace, entry, output);
  c.reply.bulk(output.bytes, 0, output.end);
  if (output.bytes.length > KEPT_BYTES) output = new RdbOutput();
}

export const restore: Command = {
  name: "restore",
  arity: -4,
  flags: "write denyoom",
  categories: "dangerous",
  keys: "OW update",
  group: "generic",
  since: "2.6.0",
  complexity: "O(N) for a value of N bytes.",
  summary: "Makes a key of what DUMP returned.",
  args: [
    keyArg,
    { name: "ttl", type: "integer" },
    { name: "serialized-value", type: "string" },
    { name: "replace", type: "pure-token", token: "REPLACE", since: "3.0.0", optional: true },
    { name: "absttl", type: "pure-token", token: "ABSTTL", since: "5.0.0", optional: true },
    { name: "seconds", type: "integer", token: "IDLETIME", since: "5.0.0", optional: true },
    { name: "frequency", type: "integer", token: "FREQ", since: "5.0.0", optional: true },
  ],
  handler: restoreCommand,
};

export const payloadCommands: readonly Command[] = [dump, restore];

const REPLACE = asciiBytes("replace");
const ABSTTL = asciiBytes("absttl");
const IDLETIME = asciiBytes("idletime");
const FREQ = asciiBytes("freq");

/** What RESTORE's options say; −1: nothing. */
const options = { replaces: false, isAbsolute: false, idle: -1, frequency: -1 };

function restoreCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  if (!readOptions(c)) return;
  // What is replaced is found where its place is taken, its deadline passed or not, as in Redis.
  if (!options.replaces && c.findForWrite(1) !== 0) {
    reply.error(busyKey);
    return;
  }
  const ttl = args.integer(2);
  if (Number.isNaN(ttl) || ttl < 0) {
    reply.error(ttl < 0 ? invalidTtl : Errors.notInteger);
    return;
  }
  const start = args.starts[3];
  const end = args.ends[3];
  if (!isPayload(args.bytes, start, end, input)) {
    reply.error(notSound);
    return;
  }
  input.expandedMax = c.executor.replaying ? Number.POSITIVE_INFINITY : expandedMax(keyspace);
  if (!loaded.load(keyspace, args.bytes, start, end, input)) {
    reply.error(input.isTooLarge ? Errors.outOfMemory : badFormat);
    return;
  }
  const unit = options.isAbsolute ? Unit.atMs : Unit.ms;
  const deadline = ttl === 0 ? NO_DEADLINE : toDeadline(c, 2, ttl, unit);
  // One beyond all numbers has passed, as where Redis's sum turns negative.
  if (ttl !== 0 && !(deadline > c.now)) putNothing(c);
  else put(c, deadline);
  reply.ok();
}

/**
 * LZF makes up to 88 bytes of one, so a hostile payload could fill all memory with one command:
 * what its strings come to stays below all that there may be of data, and what there is room for.
 */
function expandedMax({ memory, settings }: Keyspace): number {
  const most = settings.memoryLimit === 0 ? EXPANDED_BYTES_MAX : settings.memoryLimit;
  return Math.min(most, EXPANDED_BYTES_MAX, memory.roomBytes / 2);
}

function readOptions(c: Context): boolean {
  const { args, reply } = c;
  options.replaces = false;
  options.isAbsolute = false;
  options.idle = -1;
  options.frequency = -1;
  for (let i = 4; i < args.count; i++) {
    const hasMore = i + 1 < args.count;
    if (args.is(i, REPLACE)) options.replaces = true;
    else if (args.is(i, ABSTTL)) options.isAbsolute = true;
    else if (hasMore && options.frequency < 0 && args.is(i, IDLETIME)) {
      options.idle = args.integer(++i);
      if (!(options.idle >= 0)) return refuse(c, options.idle, invalidIdle);
    } else if (hasMore && options.idle < 0 && args.is(i, FREQ)) {
      options.frequency = args.integer(++i);
      const isCounter = options.frequency >= 0 && options.frequency <= FREQUENCY_MAX;
      if (!isCounter) return refuse(c, options.frequency, invalidFrequency);
    } else {
      reply.error(Errors.syntax);
      return false;
    }
  }
  return true;
}

function refuse(c: Context, value: number, outOfRange: Uint8Array): boolean {
  c.reply.error(Number.isNaN(value) ? Errors.notInteger : outOfRange);
  return false;
}

/** The deadline has passed already: the key only goes. */
function putNothing(c: Context): void {
  if (loaded.root !== 0) c.keyspace.disposals.disposeRoot(loaded.kind, loaded.root);
  if (!options.replaces || !c.remove(1)) return;
  c.effect(2);
  c.effectText("DEL");
  c.effectArg(1);
  c.modified(1, Events.del);
}

function put(c: Context, deadline: number): void {
  const { args, keyspace } = c;
  const { kind, root } = loaded;
  const { db } = c;
  const { bytes } = args;
  const start = args.starts[1];
  const end = args.ends[1];
  if (root === 0) {
    keyspace.setString(db, bytes, start, end, kind, input.bytes, input.start, input.end, deadline);
  } else keyspace.setPointer(db, bytes, start, end, kind, root, 0, deadline);
  // It is a new key even where it replaces another, and knows nothing of that one's use.
  c.event(1, Events.new);
  const { lfu } = keyspace.settings;
  if (lfu || options.idle >= 0) {
    const entry = keyspace.peek(db, bytes, start, end);
    keyspace.records.setClock(entry, restoredClock(c.now, lfu, options.idle, options.frequency));
  }
  if (deadline !== NO_DEADLINE && !options.isAbsolute) {
    c.effect(args.count + 1);
    for (let i = 0; i < args.count; i++) {
      if (i === 2) c.effectInteger(deadline);
      else c.effectArg(i);
    }
    c.effectText("ABSTTL");
  }
  c.modified(1, restored);
  c.ready(1);
}
