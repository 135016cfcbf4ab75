// Commands that find the members within an area: GEOSEARCH and GEOSEARCHSTORE, and the older
// GEORADIUS and GEORADIUSBYMEMBER with their forms that only read.

import { asciiBytes } from "../../base/bytes.ts";
import { ascending } from "../../base/number-order.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, Events, keyEvent } from "../../engine/events.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import type { SortedSetWalk } from "../../types/sorted-set-walk.ts";
import { SORTED_SET, sortedSetsOf } from "../../types/sorted-sets.ts";
import { keyArg, oneOf } from "../shared/argument-docs.ts";
import { COUNT } from "../shared/words.ts";
import { memberArg } from "../sorted-sets/sorted-sets.ts";
import { logStored, storeHolder } from "../sorted-sets/storing.ts";
import { Area } from "./areas.ts";
import { positionOf, readPosition, readUnit, replyLength, replyPosition, unitArg } from "./geo.ts";
import { Position } from "./geohash.ts";

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

/** Up to so many are sorted by insertion; on Node the other way takes 25 µs more for any number. */
const INSERTED_MAX = 256;
/** What has room for more is not kept. */
const KEPT_MAX = 4096;
const FOUND_FIRST = 128;
/** Members are read from the set so many at a time. */
const BATCH = 64;

/** The members within the area, by numbers from 0 on. Reused. */
class Found {
  count = 0;
  /** Of each: where the walk meets it, its score, and how far it is from the centre. */
  places = new Int32Array(FOUND_FIRST);
  scores = new Float64Array(FOUND_FIRST);
  metres = new Float64Array(FOUND_FIRST);
  /** Their numbers in the order in which they are wanted. */
  order = new Uint32Array(FOUND_FIRST);

  clear(): void {
    if (this.places.length > KEPT_MAX) this.#resize(FOUND_FIRST);
    this.count = 0;
  }

  /** Adds those that the walk meets within the area, until there are `most`. */
  gather(walk: SortedSetWalk, area: Area, most: number): void {
    while (this.count < most) {
      if (this.count + BATCH > this.places.length) this.#resize(2 * this.places.length);
      const { places, scores, metres, order, count } = this;
      const read = walk.readBetween(places, scores, count, BATCH);
      let kept = count;
      for (let i = count; i < count + read && kept < most; i++) {
        if (!area.measure(scores, metres, i)) continue;
        places[kept] = places[i];
        scores[kept] = scores[i];
        metres[kept] = metres[i];
        order[kept] = kept;
        kept++;
      }
      this.count = kept;
      if (read < BATCH) return;
    }
  }

  #resize(length: number): void {
    const { places, scores, metres, order } = this;
    this.places = new Int32Array(length);
    this.scores = new Float64Array(length);
    this.metres = new Float64Array(length);
    this.order = new Uint32Array(length);
    if (length < places.length) return;
    this.places.set(places);
    this.scores.set(scores);
    this.metres.set(metres);
    this.order.set(order);
  }

  /**
   * Orders them by distance, the nearest first, or last, and keeps the first `wanted` of them.
   * Those equally far stay as they stand.
   */
  sort(direction: number, wanted: number): void {
    const { count, metres, order } = this;
    this.count = Math.min(wanted, count);
    if (this.count > INSERTED_MAX) {
      const keys = new Float64Array(count);
      for (let i = 0; i < count; i++) keys[i] = direction * metres[i];
      order.set(ascending(keys, count));
      return;
    }
    for (let i = 0, kept = 0; i < count; i++) {
      const key = direction * metres[i];
      let at = kept;
      for (; at > 0 && direction * metres[order[at - 1]] > key; at--) order[at] = order[at - 1];
      if (at < wanted) order[at] = i;
      if (kept < wanted) kept++;
    }
  }
}

const found = new Found();

const Order = { none: 0, ascending: 1, descending: -1 } as const;

const position = new Position();

/** What one request asks for. Reused. */
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

  /** Nothing has been asked for yet. */
  begin(form: Form): void {
    this.withDistance = false;
    this.withHash = false;
    this.withPosition = false;
    this.any = false;
    this.order = Order.none;
    this.count = 0;
    this.store = form.stores === true ? 1 : 0;
    this.storesDistances = false;
    this.isFromMember = false;
    this.isFromPosition = false;
    this.isCircle = false;
    this.area.isBox = false;
    this.area.corners = null;
  }

  /** Finds the members within the area, in the order of the cells. */
  find(c: Context, entry: number): void {
    const { area } = this;
    const { cells } = area;
    const most = this.any ? this.count : Number.POSITIVE_INFINITY;
    const { walk } = sortedSetsOf(c);
    area.cover();
    for (let i = 0; i < area.cellCount && found.count < most; i++) {
      // Where the grid is so coarse that two neighbours are one.
      if (i > 1 && cells[i].firstScore === cells[i - 1].firstScore) continue;
      walk.openBetween(entry, cells[i].firstScore, cells[i].firstScore + cells[i].scores);
      found.gather(walk, area, most);
    }
  }
}

const search = new Search();

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
function readMember(c: Context, entry: number, i: number): boolean {
  if (entry !== 0 && !positionOf(c, entry, i, position)) {
    c.reply.error(noMember);
    return false;
  }
  search.centre();
  return true;
}

/** Reads what stands before the options of GEORADIUS and its kin; false after an error. */
function readCircle(c: Context, form: Form, entry: number): boolean {
  const radiusAt = form.options - 2;
  if (form.isAroundMember === true) {
    // Without a key nothing is found, whatever else is said.
    if (entry === 0) return true;
    return readMember(c, entry, 2) && readRadius(c, radiusAt, search.area);
  }
  if (!readPosition(c, 2, position)) return false;
  search.centre();
  return readRadius(c, radiusAt, search.area);
}

/** Reads the option at argument i; returns the argument behind it, or −1 after an error. */
function readOption(c: Context, form: Form, entry: number, i: number): number {
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
  else if (isSearch) return readWhere(c, entry, i);
  else {
    reply.error(Errors.syntax);
    return -1;
  }
  return i + 1;
}

/** Of GEOSEARCH: reads where, and how far; returns the argument behind it, or −1 after an error. */
function readWhere(c: Context, entry: number, i: number): number {
  const { args, reply } = c;
  const { area, isPolygon } = search;
  const rest = args.count - i - 1;
  if (rest >= 1 && args.is(i, FROMMEMBER) && !search.isFromPosition && !isPolygon) {
    search.isFromMember = true;
    return readMember(c, entry, i + 1) ? i + 2 : -1;
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
function conflictIn(c: Context, form: Form): Uint8Array | undefined {
  const hasDetails = search.withDistance || search.withHash || search.withPosition;
  if (search.store > 0 && hasDetails) return form.isSearch ? storeOfSearch : storeOfRadius;
  if (form.isSearch && !search.hasCentre && !search.isPolygon) {
    return notOneOf(c, "FROMMEMBER or FROMLONLAT");
  }
  if (form.isSearch && !search.isCircle && !search.area.isBox && !search.isPolygon) {
    return notOneOf(c, "BYRADIUS and BYBOX");
  }
  return search.any && search.count === 0 ? anyAlone : undefined;
}

function notOneOf(c: Context, choices: string): Uint8Array {
  return errorLine(`ERR exactly one of ${choices} can be specified for ${c.args.text(0)}`);
}

function searchCommand(c: Context, form: Form): void {
  const { args, reply } = c;
  const entry = c.findTyped(form.source, SORTED_SET);
  if (entry < 0) return;
  search.begin(form);
  if (form.isSearch !== true && !readCircle(c, form, entry)) return;
  for (let i = form.options; i < args.count; ) {
    i = readOption(c, form, entry, i);
    if (i < 0) return;
  }
  const conflict = conflictIn(c, form);
  if (conflict !== undefined) return reply.error(conflict);
  found.clear();
  if (entry !== 0) search.find(c, entry);
  // The nearest are meant where only so many are asked for.
  if (search.order === Order.none && search.count > 0 && !search.any) {
    search.order = Order.ascending;
  }
  const wanted = search.count > 0 ? search.count : found.count;
  if (search.order !== Order.none) found.sort(search.order, wanted);
  else found.count = Math.min(found.count, wanted);
  if (search.store === 0) return replyFound(c);
  storeFound(c, form);
  if (search.isPolygon) logStored(c, search.store);
}

function replyFound(c: Context): void {
  const { reply } = c;
  const { walk } = sortedSetsOf(c);
  const { withDistance, withHash, withPosition, area } = search;
  const details = Number(withDistance) + Number(withHash) + Number(withPosition);
  reply.array(found.count);
  for (let k = 0; k < found.count; k++) {
    const i = found.order[k];
    walk.goTo(found.places[i]);
    if (details > 0) reply.array(1 + details);
    reply.bulk(walk.bytes, walk.start, walk.end);
    if (withDistance) replyLength(c, found.metres[i] / area.unit);
    if (withHash) reply.integer(Math.trunc(found.scores[i]));
    if (withPosition) replyPosition(c, position.of(found.scores[i]));
  }
}

function storeFound(c: Context, form: Form): void {
  const { count } = found;
  if (count === 0) {
    if (c.remove(search.store)) c.modified(search.store, Events.del);
    c.reply.integer(0);
    return;
  }
  const sets = sortedSetsOf(c);
  const { walk } = sets;
  const holder = sets.beginGathering(count);
  for (let k = 0; k < count; k++) {
    const i = found.order[k];
    walk.goTo(found.places[i]);
    const { bytes, start, end } = walk;
    sets.find(holder, bytes, start, end); // for its hash: it is not there
    const metres = found.metres[i];
    const stored = search.storesDistances ? metres / search.area.unit : found.scores[i];
    sets.gather(holder, bytes, start, end, stored);
  }
  sets.endGathering(holder);
  const { geosearchstore, georadiusstore } = SearchEvents;
  const event = form.isSearch ? geosearchstore : georadiusstore;
  storeHolder(c, holder, event, search.store, count);
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
  member: 0,
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
  member: 0,
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
  member: 1,
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
