// Random commands on positions. Keys are few of their own, so that searches find something, and no
// score of a position gets a fraction; no distances are stored: versions of Redis spell those
// differently (shortest-doubles).

import fc from "fast-check";
import { type Family, many, options, sequence } from "./grammar.ts";
import { count, member } from "./words.ts";

const key = fc.constantFrom("here", "there");
const degrees = (max: number) =>
  fc.oneof(
    { weight: 10, arbitrary: fc.integer({ min: -max * 8, max: max * 8 }).map((n) => `${n / 8}`) },
    { weight: 6, arbitrary: fc.integer({ min: -400, max: 400 }).map((n) => `${10 + n / 1000}`) },
    { weight: 1, arbitrary: fc.constantFrom("0", "180", "-180", "85.05112878", "-85.05112878") },
    { weight: 1, arbitrary: fc.constantFrom("181", "-86", "abc", "", "inf", "1e300") },
  );
const position = sequence(degrees(180), degrees(85));
const unit = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom("m", "km", "ft", "mi", "KM") },
  { weight: 1, arbitrary: fc.constant("miles") },
);
const length = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("0", "1", "50", "300", "1000", "5000.5", "30000") },
  { weight: 1, arbitrary: fc.constantFrom("-1", "abc", "1e20") },
);
const circle = sequence(length, unit);
const counted = sequence("COUNT", count, fc.constantFrom("ANY", "ASC", "DESC"));
const details = ["WITHDIST", "WITHHASH", "WITHCOORD", "ASC", "DESC"] as const;
const from = fc.oneof(sequence("FROMMEMBER", member), sequence("FROMLONLAT", position));
const by = fc.oneof(sequence("BYRADIUS", circle), sequence("BYBOX", length, length, unit));
const polygon = fc
  .array(position, { minLength: 2, maxLength: 6 })
  .map((corners) => ["BYPOLYGON", `${corners.length}`, ...corners.flat()]);
const store = sequence("STORE", key);
const flags = fc.shuffledSubarray(["NX", "XX", "CH"], { maxLength: 2 });

export const geo: Family = {
  commands: [
    [8, sequence("GEOADD", key, many(sequence(position, member), 6))],
    [2, sequence("GEOADD", key, flags, many(sequence(position, member), 3))],
    [2, sequence("GEOPOS", key, many(member, 3))],
    [2, sequence("GEOHASH", key, many(member, 3))],
    [2, sequence("GEODIST", key, member, member, options(unit))],
    [6, sequence("GEOSEARCH", key, from, by, options(...details, sequence("COUNT", count)))],
    [2, sequence("GEOSEARCH", key, by, from, counted)],
    [3, sequence("GEOSEARCHSTORE", key, key, from, by, options(counted, "WITHDIST"))],
    [2, sequence("GEORADIUS", key, position, circle, options(...details, store))],
    [1, sequence("GEORADIUS_RO", key, position, circle, options(...details, store))],
    [2, sequence("GEORADIUSBYMEMBER", key, member, circle, options(...details, store))],
    [1, sequence("GEORADIUSBYMEMBER_RO", key, member, circle, options(...details))],
  ],
  later: [
    [2, sequence("GEOSEARCH", key, polygon, options(...details, sequence("COUNT", count)))],
    [2, sequence("GEOSEARCHSTORE", key, key, polygon, options(counted, "STOREDIST"))],
  ],
};
