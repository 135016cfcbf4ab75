// The methods for positions, which are members of sorted sets.

import { Options } from "../options.ts";
import { wordsOf } from "../request.ts";
import { type AnyMode, As, type Reply, type Value, type Values } from "../values.ts";
import { Asking, bound, isEmpty } from "./asking.ts";

/** Where something is, in degrees. */
export type GeoPosition = readonly [longitude: number, latitude: number];

/** A unit of length. */
export type GeoUnit = "m" | "km" | "ft" | "mi";

/** Members with their positions: an object, a Map, or any other iterable of pairs. */
export type Positions =
  | Readonly<Record<string, GeoPosition>>
  | Iterable<readonly [Value, GeoPosition]>;

export interface GeoaddOptions {
  /** Only adds members. */
  readonly nx?: boolean | undefined;
  /** Only moves members that are there. */
  readonly xx?: boolean | undefined;
  /** Counts members that were moved as well. */
  readonly ch?: boolean | undefined;
}

/** The area that is searched: a circle or a box around a member or a position, or a polygon. */
export interface GeoArea {
  readonly frommember?: Value | undefined;
  readonly fromlonlat?: GeoPosition | undefined;
  readonly byradius?: readonly [radius: number, unit: GeoUnit] | undefined;
  readonly bybox?: readonly [width: number, height: number, unit: GeoUnit] | undefined;
  /** Three corners or more, in order; distances are in metres, from the mean of the corners. */
  readonly bypolygon?: readonly GeoPosition[] | undefined;
  /** Up to so many: the nearest. */
  readonly count?: number | undefined;
  /** With count: those that are found first, and not the nearest. */
  readonly any?: boolean | undefined;
  /** The nearest first. */
  readonly asc?: boolean | undefined;
  /** The farthest first. */
  readonly desc?: boolean | undefined;
}

/** What is returned of each member besides. */
export interface GeoDetails {
  readonly withdist?: boolean | undefined;
  readonly withhash?: boolean | undefined;
  readonly withcoord?: boolean | undefined;
}

const area = {
  frommember: "value",
  fromlonlat: "values",
  byradius: "values",
  bybox: "values",
  bypolygon: "values",
  count: "value",
  any: "flag",
  asc: "flag",
  desc: "flag",
} as const;
const details = { withdist: "flag", withhash: "flag", withcoord: "flag" } as const;
const circle = { count: "value", any: "flag", asc: "flag", desc: "flag" } as const;
const stores = { store: "value", storedist: "value" } as const;

const options = {
  geoadd: new Options("geoadd", { nx: "flag", xx: "flag", ch: "flag" }),
  geosearch: new Options("geosearch", { ...area, ...details }),
  geosearchstore: new Options("geosearchstore", { ...area, storedist: "flag" }),
  georadius: new Options("georadius", { ...circle, ...details, ...stores }),
  georadius_ro: new Options("georadius_ro", { ...circle, ...details }),
  georadiusbymember: new Options("georadiusbymember", { ...circle, ...details, ...stores }),
  georadiusbymember_ro: new Options("georadiusbymember_ro", { ...circle, ...details }),
};

/** The words of an area; a polygon's corners are counted in front of them. */
function areaWords(of: Options, area: GeoArea): Value[] | undefined {
  if (!Array.isArray(area?.bypolygon)) return of.words(area);
  const corners = area.bypolygon as readonly GeoPosition[];
  return of.words({ ...area, bypolygon: [corners.length, ...corners.flat()] });
}

/** Options of the older searches; see GeoArea and GeoDetails. */
export type GeoradiusOptions = Pick<GeoArea, "count" | "any" | "asc" | "desc"> & GeoDetails;

/** Where the older searches may store what they find: positions, or distances as scores. */
export interface GeoStore {
  readonly store?: Value | undefined;
  readonly storedist?: Value | undefined;
}

export abstract class GeoMethods<M extends AnyMode> extends Asking<M> {
  /**
   * Adds members with their positions, or moves them, and returns how many are new:
   * `geoadd("g", { Palermo: [13.361389, 38.115556] })`; or, as in Redis, `geoadd("g", 13.36, 38.12,
   * "Palermo")`.
   */
  geoadd(key: Value, members: Positions, options?: GeoaddOptions): Reply<M, number>;
  geoadd(
    key: Value,
    longitude: number,
    latitude: number,
    member: Value,
    ...more: Value[]
  ): Reply<M, number>;
  geoadd(
    key: Value,
    first: number | Positions,
    second?: number | GeoaddOptions,
    ...rest: Value[]
  ): Reply<M, number> {
    const on = bound(this);
    if (typeof first === "number") {
      return on.askAll(As.value, "geoadd", rest, key, first, second as number);
    }
    const words = [...(options.geoadd.words(second as GeoaddOptions | undefined) ?? [])];
    const pairs = Symbol.iterator in first ? first : Object.entries(first);
    let isAny = false;
    for (const [member, [longitude, latitude]] of pairs) {
      words.push(longitude, latitude, member);
      isAny = true;
    }
    return isAny ? on.askAll(As.value, "geoadd", words, key) : on.answer(0);
  }

  /** The positions of members, null for each that is not there. */
  geopos(key: Value, ...members: Values): Reply<M, ([number, number] | null)[]> {
    const words = wordsOf(members);
    if (isEmpty(members, words)) return bound(this).answer([]);
    return bound(this).askAll(As.value, "geopos", words, key);
  }

  /** The positions of members in the letters of geohash.org, null for each that is not there. */
  geohash(key: Value, ...members: Values): Reply<M, (M["text"] | null)[]> {
    const words = wordsOf(members);
    if (isEmpty(members, words)) return bound(this).answer([]);
    return bound(this).askAll(As.value, "geohash", words, key);
  }

  /** The distance between two members, as text with four decimals, or null. */
  geodist(key: Value, a: Value, b: Value, unit?: GeoUnit): Reply<M, M["text"] | null> {
    return bound(this).ask(As.value, "geodist", key, a, b, unit);
  }

  /**
   * The members within an area: `geosearch("g", { fromlonlat: [15, 37], byradius: [200, "km"] })`;
   * with details, arrays of the member and what was asked for (distance as text, hash, position).
   */
  geosearch(key: Value, area: GeoArea): Reply<M, M["text"][]>;
  geosearch(key: Value, area: GeoArea & GeoDetails): Reply<M, unknown[]>;
  geosearch(key: Value, area: GeoArea & GeoDetails): Reply<M, unknown[]> {
    return bound(this).askAll(As.list, "geosearch", areaWords(options.geosearch, area), key);
  }

  /** Stores the members within an area (`storedist`: with their distances as scores). */
  geosearchstore(
    destination: Value,
    source: Value,
    area: GeoArea & { readonly storedist?: boolean | undefined },
  ): Reply<M, number> {
    const words = areaWords(options.geosearchstore, area);
    return bound(this).askAll(As.value, "geosearchstore", words, destination, source);
  }

  /** As geosearch around a position; with `store` or `storedist`, how many were stored. */
  georadius(
    key: Value,
    position: GeoPosition,
    radius: number,
    unit: GeoUnit,
    more?: GeoradiusOptions & GeoStore,
  ): Reply<M, unknown[] | number> {
    const words = [...position, radius, unit, ...(options.georadius.words(more) ?? [])];
    return bound(this).askAll(As.list, "georadius", words, key);
  }

  /** As geosearch around a position. */
  georadius_ro(
    key: Value,
    position: GeoPosition,
    radius: number,
    unit: GeoUnit,
    more?: GeoradiusOptions,
  ): Reply<M, unknown[]> {
    const words = [...position, radius, unit, ...(options.georadius_ro.words(more) ?? [])];
    return bound(this).askAll(As.list, "georadius_ro", words, key);
  }

  /** As geosearch around a member; with `store` or `storedist`, how many were stored. */
  georadiusbymember(
    key: Value,
    member: Value,
    radius: number,
    unit: GeoUnit,
    more?: GeoradiusOptions & GeoStore,
  ): Reply<M, unknown[] | number> {
    const words = [radius, unit, ...(options.georadiusbymember.words(more) ?? [])];
    return bound(this).askAll(As.list, "georadiusbymember", words, key, member);
  }

  /** As geosearch around a member. */
  georadiusbymember_ro(
    key: Value,
    member: Value,
    radius: number,
    unit: GeoUnit,
    more?: GeoradiusOptions,
  ): Reply<M, unknown[]> {
    const words = [radius, unit, ...(options.georadiusbymember_ro.words(more) ?? [])];
    return bound(this).askAll(As.list, "georadiusbymember_ro", words, key, member);
  }
}
