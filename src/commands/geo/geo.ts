// Commands on positions: members of a sorted set whose scores are cells of a grid (geohash.ts).
// What is near a position, or within an area, is found in search.ts.

import { asciiBytes } from "../../base/bytes.ts";
import { writeInteger } from "../../base/integers.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { SORTED_SET, sortedSetsOf } from "../../types/sorted-sets.ts";
import { keyArg, oneOf } from "../shared/argument-docs.ts";
import { NX, XX } from "../shared/words.ts";
import { addScored, memberArg, Option, roomForScores } from "../sorted-sets/sorted-sets.ts";
import { distance } from "./areas.ts";
import { geohashText, LATITUDE_MAX, LONGITUDE_MAX, Position, scoreOf } from "./geohash.ts";

const unknownUnit = errorLine("ERR unsupported unit provided. please use M, KM, FT, MI");

const CH = asciiBytes("ch");
/** Units of length, in metres. */
const UNITS = [
  [asciiBytes("m"), 1],
  [asciiBytes("km"), 1000],
  [asciiBytes("ft"), 0.3048],
  [asciiBytes("mi"), 1609.34],
] as const;
const DECIMALS = 17;

export const unitArg: ArgumentDoc = oneOf("unit", "m", "km", "ft", "mi");

/** Where two positions are looked at. */
const here = new Position();
const there = new Position();

/** Metres of the unit at argument i, or −1 after the error. */
export function readUnit(c: Context, i: number): number {
  for (const [word, metres] of UNITS) if (c.args.is(i, word)) return metres;
  c.reply.error(unknownUnit);
  return -1;
}

/** Reads longitude and latitude at arguments i and i + 1; false after the error. */
export function readPosition(c: Context, i: number, into: Position): boolean {
  const { args, reply } = c;
  const longitude = args.double(i);
  const latitude = args.double(i + 1);
  if (Number.isNaN(longitude) || Number.isNaN(latitude)) {
    reply.error(Errors.notFloat);
    return false;
  }
  if (Math.abs(longitude) > LONGITUDE_MAX || Math.abs(latitude) > LATITUDE_MAX) {
    const pair = `${sixDecimals(longitude)},${sixDecimals(latitude)}`;
    reply.errorText(`ERR invalid longitude,latitude pair ${pair}`);
    return false;
  }
  into.longitude = longitude;
  into.latitude = latitude;
  return true;
}

/** As C's %f. */
function sixDecimals(n: number): string {
  if (!Number.isFinite(n)) return n < 0 ? "-inf" : "inf";
  return Math.abs(n) < 1e21 ? n.toFixed(6) : `${BigInt(n)}.000000`;
}

const lengthText = new Uint8Array(32);

/** Replies a length: a string with four decimals, in both protocols. */
export function replyLength(c: Context, length: number): void {
  const units = Math.round(Math.abs(length) * 10_000);
  let end = writeInteger(lengthText, 0, Math.floor(units / 10_000));
  lengthText[end++] = 0x2e;
  for (let power = 1000; power >= 1; power /= 10) {
    lengthText[end++] = 0x30 + (Math.floor(units / power) % 10);
  }
  c.reply.bulk(lengthText, 0, end);
}

/** Replies longitude and latitude, each with as many decimals as it has, up to 17. */
export function replyPosition(c: Context, position: Position): void {
  c.reply.array(2);
  for (const degrees of [position.longitude, position.latitude]) {
    c.reply.doubleText(degrees.toFixed(DECIMALS).replace(/\.?0+$/, ""));
  }
}

/** The position of the member at argument i; false where it is not there. */
export function positionOf(c: Context, entry: number, i: number, into: Position): boolean {
  const { bytes, starts, ends } = c.args;
  const sets = sortedSetsOf(c);
  if (entry === 0 || !sets.find(entry, bytes, starts[i], ends[i])) return false;
  into.of(sets.score);
  return true;
}

export const geoadd: Command = {
  name: "geoadd",
  arity: -5,
  flags: "write denyoom",
  keys: "RW update",
  member: 3,
  group: "geo",
  since: "3.2.0",
  complexity: "O(log(N)) for each member, N being the number of members",
  summary: "Adds members with their positions, or moves them.",
  args: [
    keyArg,
    { ...oneOf("condition", "NX", "XX"), since: "6.2.0", optional: true },
    { name: "change", type: "pure-token", token: "CH", since: "6.2.0", optional: true },
    {
      name: "data",
      type: "block",
      multiple: true,
      arguments: [
        { name: "longitude", type: "double" },
        { name: "latitude", type: "double" },
        memberArg,
      ],
    },
  ],
  handler: geoaddCommand,
};

function geoaddCommand(c: Context): void {
  const { args, reply } = c;
  let options = 0;
  let first = 2;
  for (; first < args.count; first++) {
    if (args.is(first, NX)) options |= Option.nx;
    else if (args.is(first, XX)) options |= Option.xx;
    else if (args.is(first, CH)) options |= Option.ch;
    else break;
  }
  const both = Option.nx | Option.xx;
  const members = (args.count - first) / 3;
  if (!Number.isInteger(members) || members < 1 || (options & both) === both) {
    return reply.error(Errors.syntax);
  }
  const scores = roomForScores(members);
  for (let k = 0; k < members; k++) {
    if (!readPosition(c, first + 3 * k, here)) return;
    const score = scoreOf(here.longitude, here.latitude);
    scores[k] = score;
  }
  addScored(c, members, first + 2, 3, options);
}

export const geopos: Command = {
  name: "geopos",
  arity: -2,
  flags: "readonly",
  keys: "RO access",
  group: "geo",
  since: "3.2.0",
  complexity: "O(1) for each member",
  summary: "Returns the longitudes and latitudes of members.",
  args: [keyArg, { ...memberArg, multiple: true, optional: true }],
  handler: geoposCommand,
};

function geoposCommand(c: Context): void {
  const entry = c.findTyped(1, SORTED_SET);
  if (entry < 0) return;
  c.reply.array(c.args.count - 2);
  for (let i = 2; i < c.args.count; i++) {
    if (positionOf(c, entry, i, here)) replyPosition(c, here);
    else c.reply.nullArray();
  }
}

export const geohash: Command = {
  name: "geohash",
  arity: -2,
  flags: "readonly",
  keys: "RO access",
  group: "geo",
  since: "3.2.0",
  complexity: "O(1) for each member",
  summary: "Returns the positions of members in the letters of geohash.org.",
  args: [keyArg, { ...memberArg, multiple: true, optional: true }],
  handler: geohashCommand,
};

function geohashCommand(c: Context): void {
  const entry = c.findTyped(1, SORTED_SET);
  if (entry < 0) return;
  c.reply.array(c.args.count - 2);
  for (let i = 2; i < c.args.count; i++) {
    if (positionOf(c, entry, i, here)) {
      c.reply.bulkText(geohashText(here.longitude, here.latitude));
    } else c.reply.null();
  }
}

export const geodist: Command = {
  name: "geodist",
  arity: -4,
  flags: "readonly",
  keys: "RO access",
  group: "geo",
  since: "3.2.0",
  complexity: "O(1)",
  summary: "Returns the distance between two members.",
  args: [
    keyArg,
    { name: "member1", type: "string" },
    { name: "member2", type: "string" },
    { ...unitArg, optional: true },
  ],
  handler: geodistCommand,
};

function geodistCommand(c: Context): void {
  const { args, reply } = c;
  let unit = 1;
  if (args.count > 5) return reply.error(Errors.syntax);
  if (args.count === 5) {
    unit = readUnit(c, 4);
    if (unit < 0) return;
  }
  const entry = c.findTyped(1, SORTED_SET);
  if (entry < 0) return;
  if (!positionOf(c, entry, 2, here) || !positionOf(c, entry, 3, there)) return reply.null();
  const metres = distance(here.longitude, here.latitude, there.longitude, there.latitude);
  replyLength(c, metres / unit);
}

/** The commands on positions, but for the searches. */
export const geoCommands: Command[] = [geoadd, geopos, geohash, geodist];
