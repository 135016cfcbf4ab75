// Commands that find the members within an area: GEOSEARCH and GEOSEARCHSTORE, and the older
// GEORADIUS and GEORADIUSBYMEMBER with their forms that only read.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, Events, keyEvent } from "../../engine/events.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { SORTED_SET, sortedSetsOf } from "../../types/sorted-sets.ts";
import { keyArg, oneOf } from "../shared/argument-docs.ts";
import { COUNT } from "../shared/words.ts";
import { memberArg } from "../sorted-sets/sorted-sets.ts";
import { logStored, storeHolder } from "../sorted-sets/storing.ts";
import { Area } from "./areas.ts";
import { positionOf, readPosition, readUnit, replyLength, replyPosition, unitArg } from "./geo.ts";
import { type Cell, Position } from "./geohash.ts";

const noMember = errorLine("ERR could not decode requested zset member");
const radiusNotNumber = errorLine("ERR need numeric radius");
const radiusNegative = errorLine("ERR radius cannot be negative");
const widthNotNumber = errorLine("ERR need numeric width");
const heightNotNumber = errorLine("ERR need numeric height");
const boxNegative = errorLine("ERR height or width cannot be negative");
const countNotPositive = errorLine("ERR COUNT must be > 0");
const cornersNotInteger = errorLine("ERR invalid number of vertices");
const cornersTooFew = errorLine("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices");
const anyAlone = errorLine("ERR the ANY argument requires COUNT argument");
const withStore = "is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
const storeOfSearch = errorLine(`ERR GEOSEARCHSTORE ${withStore}`);
const storeOfRadius = errorLine(`ERR STORE option in GEORADIUS ${withStore}`);

const SearchEvents = {
  geosearchstore: keyEvent(EventClass.sortedSet, "geosearchstore"),
  georadiusstore: keyEvent(EventClass.sortedSet, "georadiusstore"),
} as const;

const WITHDIST = asciiBytes("withdist");
const WITHHASH = asciiBytes("withhash");
const WITHCOORD = asciiBytes("withcoord");
const ANY = asciiBytes("any");
const ASC = asciiBytes("asc");
const DESC = asciiBytes("desc");
const STORE = asciiBytes("store");
const STOREDIST = asciiBytes("storedist");
const FROMMEMBER = asciiBytes("frommember");
const FROMLONLAT = asciiBytes("fromlonlat");
const BYRADIUS = asciiBytes("byradius");
const BYBOX = asciiBytes("bybox");
const BYPOLYGON = asciiBytes("bypolygon");

/** A form of the command: where its source and its options stand, and what it may store. */
interface Form {
  readonly source: number;
  readonly options: number;
  /** GEOSEARCH's words say where and how far; a circle is given before the options else. */
  readonly isSearch?: boolean;
  readonly isAroundMember?: boolean;
  /** STORE and STOREDIST with a key are options. */
  readonly mayStore?: boolean;
  /** Argument 1 is where the result goes. */
  readonly stores?: boolean;
}

/** One member within the area. */
interface Found {
  readonly member: Uint8Array;
  readonly score: number;
  readonly metres: number;
}

const Order = { none: 0, ascending: 1, descending: -1 } as const;

const position = new Position();

/** What one request asks for. */
class Search {
  readonly area: Area = new Area();
  withDistance = false;
  withHash = false;
  withPosition = false;
  any = false;
  order: number = Order.none;
  count = 0;
  /** The argument that names where the result goes, or 0; whether distances become scores. */
  store = 0;
  storesDistances = false;
  // How the centre and the shape were given, if they were.
  isFromMember = false;
  isFromPosition = false;
  isCircle = false;

  /** Whether FROMMEMBER or FROMLONLAT was given. */
  get hasCentre(): boolean {
    return this.isFromMember || this.isFromPosition;
  }

  get isPolygon(): boolean {
    return this.area.corners !== null;
  }

  centre(): void {
    this.area.longitude = position.longitude;
    this.area.latitude = position.latitude;
  }

  /** The members within the area, in the order of the cells. */
  find(c: Context, entry: number): Found[] {
    const found: Found[] = [];
    const most = this.any ? this.count : Number.POSITIVE_INFINITY;
    let before: Cell | undefined;
    this.area.cells().forEach((cell, i) => {
      // Where the grid is so coarse that two neighbours are one.
      if (before?.equals(cell) === true || found.length >= most) return;
      this.#findInCell(c, entry, cell, most, found);
      if (i > 0) before = cell;
    });
    return found;
  }

  #findInCell(c: Context, entry: number, cell: Cell, most: number, found: Found[]): void {
    const sets = sortedSetsOf(c);
    const { walk } = sets;
    const first = cell.firstScore;
    const end = first + cell.scores;
    walk.openAtScore(entry, first);
    while (found.length < most && walk.next() && walk.score < end) {
      position.of(walk.score);
      const metres = this.area.distanceWithin(position.longitude, position.latitude);
      if (metres < 0) continue;
      found.push({ member: walk.bytes.slice(walk.start, walk.end), score: walk.score, metres });
    }
  }
}

/** Reads a circle's radius and its unit at arguments i and i + 1; false after an error. */
function readRadius(c: Context, i: number, area: Area): boolean {
  const radius = c.args.double(i);
  if (!(radius >= 0)) {
    c.reply.error(Number.isNaN(radius) ? radiusNotNumber : radiusNegative);
    return false;
  }
  area.radius = radius;
  area.unit = readUnit(c, i + 1);
  return area.unit > 0;
}

/** Reads a box's width, height and their unit at arguments i to i + 2; false after an error. */
function readBox(c: Context, i: number, area: Area): boolean {
  const width = c.args.double(i);
  const height = c.args.double(i + 1);
  let error: Uint8Array | undefined;
  if (Number.isNaN(width)) error = widthNotNumber;
  else if (Number.isNaN(height)) error = heightNotNumber;
  else if (width < 0 || height < 0) error = boxNegative;
  if (error !== undefined) {
    c.reply.error(error);
    return false;
  }
  area.isBox = true;
  area.width = width;
  area.height = height;
  area.unit = readUnit(c, i + 2);
  return area.unit > 0;
}

/** Most corners that there may be. */
const CORNERS_MAX = 2 ** 31 - 1;

/**
 * Reads how many corners a polygon has at argument i, and the corners behind it. Returns the
 * argument behind those, or −1 after an error.
 */
function readPolygon(c: Context, i: number, area: Area): number {
  const { args, reply } = c;
  const count = args.index(i);
  const behind = i + 1 + 2 * count;
  if (!(Math.abs(count) <= CORNERS_MAX)) reply.error(cornersNotInteger);
  else if (count < 3 || behind > args.count) reply.error(cornersTooFew);
  else {
    const corners = new Float64Array(2 * count);
    for (let k = 0; k < corners.length; k += 2) {
      if (!readPosition(c, i + 1 + k, position)) return -1;
      corners[k] = position.longitude;
      corners[k + 1] = position.latitude;
    }
    area.setCorners(corners);
    return behind;
  }
  return -1;
}

/** The centre is the member at argument i; false after an error. */
function readMember(c: Context, entry: number, i: number, search: Search): boolean {
  if (entry !== 0 && !positionOf(c, entry, i, position)) {
    c.reply.error(noMember);
    return false;
  }
  search.centre();
  return true;
}

/** Reads what stands before the options of GEORADIUS and its kin; false after an error. */
function readCircle(c: Context, form: Form, entry: number, search: Search): boolean {
  const radiusAt = form.options - 2;
  if (form.isAroundMember === true) {
    // Without a key nothing is found, whatever else is said.
    if (entry === 0) return true;
    return readMember(c, entry, 2, search) && readRadius(c, radiusAt, search.area);
  }
  if (!readPosition(c, 2, position)) return false;
  search.centre();
  return readRadius(c, radiusAt, search.area);
}

/** Reads the option at argument i; returns the argument behind it, or −1 after an error. */
function readOption(c: Context, form: Form, entry: number, i: number, search: Search): number {
  const { args, reply } = c;
  const rest = args.count - i - 1;
  const isSearch = form.isSearch === true;
  if (args.is(i, WITHDIST)) search.withDistance = true;
  else if (args.is(i, WITHHASH)) search.withHash = true;
  else if (args.is(i, WITHCOORD)) search.withPosition = true;
  else if (args.is(i, ANY)) search.any = true;
  else if (args.is(i, ASC)) search.order = Order.ascending;
  else if (args.is(i, DESC)) search.order = Order.descending;
  else if (args.is(i, COUNT) && rest >= 1) {
    search.count = args.index(i + 1);
    if (search.count > 0) return i + 2;
    reply.error(Number.isNaN(search.count) ? Errors.notInteger : countNotPositive);
    return -1;
  } else if (form.mayStore === true && rest >= 1 && (args.is(i, STORE) || args.is(i, STOREDIST))) {
    search.storesDistances = args.is(i, STOREDIST);
    search.store = i + 1;
    return i + 2;
  } else if (form.stores === true && args.is(i, STOREDIST)) search.storesDistances = true;
  else if (isSearch) return readWhere(c, entry, i, search);
  else {
    reply.error(Errors.syntax);
    return -1;
  }
  return i + 1;
}

/** Of GEOSEARCH: reads where, and how far; returns the argument behind it, or −1 after an error. */
function readWhere(c: Context, entry: number, i: number, search: Search): number {
  const { args, reply } = c;
  const { area, isPolygon } = search;
  const rest = args.count - i - 1;
  if (rest >= 1 && args.is(i, FROMMEMBER) && !search.isFromPosition && !isPolygon) {
    search.isFromMember = true;
    return readMember(c, entry, i + 1, search) ? i + 2 : -1;
  }
  if (rest >= 2 && args.is(i, FROMLONLAT) && !search.isFromMember && !isPolygon) {
    search.isFromPosition = true;
    if (!readPosition(c, i + 1, position)) return -1;
    search.centre();
    return i + 3;
  }
  if (rest >= 2 && args.is(i, BYRADIUS) && !area.isBox && !isPolygon) {
    search.isCircle = true;
    return readRadius(c, i + 1, area) ? i + 3 : -1;
  }
  if (rest >= 3 && args.is(i, BYBOX) && !search.isCircle && !isPolygon) {
    return readBox(c, i + 1, area) ? i + 4 : -1;
  }
  const isShaped = search.isCircle || area.isBox;
  if (rest >= 2 && args.is(i, BYPOLYGON) && !isShaped && !search.hasCentre) {
    return readPolygon(c, i + 1, area);
  }
  reply.error(Errors.syntax);
  return -1;
}

/** The error of options that do not go together, or undefined. */
function conflictIn(c: Context, form: Form, search: Search): Uint8Array | undefined {
  const hasDetails = search.withDistance || search.withHash || search.withPosition;
  if (search.store > 0 && hasDetails) return form.isSearch ? storeOfSearch : storeOfRadius;
  const name = c.args.text(0);
  if (form.isSearch && !search.hasCentre && !search.isPolygon) {
    return errorLine(`ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`);
  }
  if (form.isSearch && !search.isCircle && !search.area.isBox && !search.isPolygon) {
    return errorLine(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`);
  }
  return search.any && search.count === 0 ? anyAlone : undefined;
}

function searchCommand(c: Context, form: Form): void {
  const { args, reply } = c;
  const entry = c.findTyped(form.source, SORTED_SET);
  if (entry < 0) return;
  const search = new Search();
  if (form.stores === true) search.store = 1;
  if (form.isSearch !== true && !readCircle(c, form, entry, search)) return;
  for (let i = form.options; i < args.count; ) {
    i = readOption(c, form, entry, i, search);
    if (i < 0) return;
  }
  const conflict = conflictIn(c, form, search);
  if (conflict !== undefined) return reply.error(conflict);
  const found = entry === 0 ? [] : search.find(c, entry);
  // The nearest are meant where only so many are asked for.
  if (search.order === Order.none && search.count > 0 && !search.any) {
    search.order = Order.ascending;
  }
  if (search.order !== Order.none) found.sort((a, b) => (a.metres - b.metres) * search.order);
  if (search.count > 0 && found.length > search.count) found.length = search.count;
  if (search.store > 0) {
    storeFound(c, form, search, found);
    if (search.isPolygon) logStored(c, search.store);
    return;
  }
  replyFound(c, search, found);
}

function replyFound(c: Context, search: Search, found: readonly Found[]): void {
  const { reply } = c;
  const { withDistance, withHash, withPosition, area } = search;
  const details = Number(withDistance) + Number(withHash) + Number(withPosition);
  reply.array(found.length);
  for (const { member, score, metres } of found) {
    if (details > 0) reply.array(1 + details);
    reply.bulk(member, 0, member.length);
    if (withDistance) replyLength(c, metres / area.unit);
    if (withHash) reply.integer(Math.trunc(score));
    if (withPosition) replyPosition(c, position.of(score));
  }
}

function storeFound(c: Context, form: Form, search: Search, found: readonly Found[]): void {
  if (found.length === 0) {
    if (c.remove(search.store)) c.modified(search.store, Events.del);
    c.reply.integer(0);
    return;
  }
  const sets = sortedSetsOf(c);
  const holder = sets.beginGathering(found.length);
  for (const { member, score, metres } of found) {
    sets.find(holder, member, 0, member.length); // for its hash: it is not there
    const stored = search.storesDistances ? metres / search.area.unit : score;
    sets.gather(holder, member, 0, member.length, stored);
  }
  sets.endGathering(holder);
  const { geosearchstore, georadiusstore } = SearchEvents;
  const event = form.isSearch ? geosearchstore : georadiusstore;
  storeHolder(c, holder, event, search.store, found.length);
}

const token = (name: string, word: string): ArgumentDoc => ({
  name,
  type: "pure-token",
  token: word,
  optional: true,
});
const detailArgs: readonly ArgumentDoc[] = [
  token("withcoord", "WITHCOORD"),
  token("withdist", "WITHDIST"),
  token("withhash", "WITHHASH"),
];
const countArg: ArgumentDoc = {
  name: "count-block",
  type: "block",
  optional: true,
  arguments: [{ name: "count", type: "integer", token: "COUNT" }, token("any", "ANY")],
};
const orderArg: ArgumentDoc = { ...oneOf("order", "ASC", "DESC"), optional: true };
const positionArgs: readonly ArgumentDoc[] = [
  { name: "longitude", type: "double" },
  { name: "latitude", type: "double" },
];
const circleArgs: readonly ArgumentDoc[] = [{ name: "radius", type: "double" }, unitArg];
const storeArg: ArgumentDoc = {
  name: "store",
  type: "oneof",
  optional: true,
  arguments: [
    { name: "storekey", type: "key", token: "STORE", keySpecIndex: 1 },
    { name: "storedistkey", type: "key", token: "STOREDIST", keySpecIndex: 2 },
  ],
};
const fromArg: ArgumentDoc = {
  name: "from",
  type: "oneof",
  optional: true,
  arguments: [
    { name: "member", type: "string", token: "FROMMEMBER" },
    { name: "fromlonlat", type: "block", token: "FROMLONLAT", arguments: [...positionArgs] },
  ],
};
const byArg: ArgumentDoc = {
  name: "by",
  type: "oneof",
  arguments: [
    {
      name: "circle",
      type: "block",
      arguments: [{ name: "radius", type: "double", token: "BYRADIUS" }, unitArg],
    },
    {
      name: "box",
      type: "block",
      arguments: [
        { name: "width", type: "double", token: "BYBOX" },
        { name: "height", type: "double" },
        unitArg,
      ],
    },
    {
      name: "polygon",
      type: "block",
      since: "9.0.0",
      arguments: [
        { name: "num-vertices", type: "integer", token: "BYPOLYGON" },
        { name: "vertices", type: "block", multiple: true, arguments: [...positionArgs] },
      ],
    },
  ],
};
const COST =
  "O(N+log(M)), N being the members in the cells around the area, M those of the whole set";

export const geosearch: Command = {
  name: "geosearch",
  arity: -7,
  flags: "readonly",
  keys: "RO access",
  group: "geo",
  since: "6.2.0",
  complexity: COST,
  summary: "Returns the members within a circle, a box or a polygon.",
  args: [keyArg, fromArg, byArg, orderArg, countArg, ...detailArgs],
  handler: (c) => searchCommand(c, { source: 1, options: 2, isSearch: true }),
};

export const geosearchstore: Command = {
  name: "geosearchstore",
  arity: -8,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "OW update" },
    { index: 2, flags: "RO access" },
  ],
  group: "geo",
  since: "6.2.0",
  complexity: COST,
  summary: "Stores the members within a circle, a box or a polygon.",
  args: [
    { name: "destination", type: "key", keySpecIndex: 0 },
    { name: "source", type: "key", keySpecIndex: 1 },
    fromArg,
    byArg,
    orderArg,
    countArg,
    token("storedist", "STOREDIST"),
  ],
  handler: (c) => searchCommand(c, { source: 2, options: 3, isSearch: true, stores: true }),
};

export const georadius: Command = {
  name: "georadius",
  arity: -6,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "RO access" },
    { keyword: "STORE", index: 6, optional: true, flags: "OW update" },
    { keyword: "STOREDIST", index: 6, optional: true, flags: "OW update" },
  ],
  group: "geo",
  since: "3.2.0",
  deprecated: ["6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument"],
  complexity: COST,
  summary: "Returns, or stores, the members within a circle.",
  args: [keyArg, ...positionArgs, ...circleArgs, ...detailArgs, countArg, orderArg, storeArg],
  handler: (c) => searchCommand(c, { source: 1, options: 6, mayStore: true }),
};

export const georadiusRo: Command = {
  ...georadius,
  name: "georadius_ro",
  flags: "readonly",
  keys: "RO access",
  since: "3.2.10",
  deprecated: ["6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument"],
  summary: "Returns the members within a circle.",
  args: [keyArg, ...positionArgs, ...circleArgs, ...detailArgs, countArg, orderArg],
  handler: (c) => searchCommand(c, { source: 1, options: 6 }),
};

export const georadiusbymember: Command = {
  ...georadius,
  name: "georadiusbymember",
  arity: -5,
  keys: [
    { index: 1, flags: "RO access" },
    { keyword: "STORE", index: 5, optional: true, flags: "OW update" },
    { keyword: "STOREDIST", index: 5, optional: true, flags: "OW update" },
  ],
  deprecated: [
    "6.2.0",
    "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
  ],
  summary: "Returns, or stores, the members within a circle around a member.",
  args: [keyArg, memberArg, ...circleArgs, ...detailArgs, countArg, orderArg, storeArg],
  handler: (c) => searchCommand(c, { source: 1, options: 5, isAroundMember: true, mayStore: true }),
};

export const georadiusbymemberRo: Command = {
  ...georadiusbymember,
  name: "georadiusbymember_ro",
  flags: "readonly",
  keys: "RO access",
  since: "3.2.10",
  deprecated: ["6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments"],
  summary: "Returns the members within a circle around a member.",
  args: [keyArg, memberArg, ...circleArgs, ...detailArgs, countArg, orderArg],
  handler: (c) => searchCommand(c, { source: 1, options: 5, isAroundMember: true }),
};

/** The commands that search. */
export const geoSearchCommands: Command[] = [
  geosearch,
  geosearchstore,
  georadius,
  georadiusRo,
  georadiusbymember,
  georadiusbymemberRo,
];
