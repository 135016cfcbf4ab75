import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../base/random.ts";
import { type TestClient, TestDatabase } from "../test-support.ts";
import { Position } from "./geohash.ts";

const SYNTAX = "-ERR syntax error";
/** Around Sicily, but not its west. */
const SICILY = ["4", "14", "36", "16", "36", "16", "39", "14", "39"];

function filled(database: TestDatabase = new TestDatabase()): TestClient {
  const client = database.connect();
  client.line("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 14.25 37.5 Enna");
  return client;
}

test("GEOSEARCH finds what is within a polygon, the nearest to its centre first", () => {
  const client = filled();
  const search = (...more: string[]): unknown =>
    client.call("GEOSEARCH", "g", "BYPOLYGON", ...SICILY, ...more);
  assert.deepEqual((search() as string[]).sort(), ["Catania", "Enna"]);
  assert.deepEqual(search("ASC"), ["Catania", "Enna"]);
  assert.deepEqual(search("DESC"), ["Enna", "Catania"]);
  assert.deepEqual(search("COUNT", "1"), ["Catania"]);
  const [[name, metres]] = search("WITHDIST", "COUNT", "1") as [[string, string]];
  assert.equal(name, "Catania");
  // From the mean of the corners, which is at 15 degrees east, 37.5 north, about.
  assert.ok(Math.abs(Number(metres) - 7700) < 300, metres);
  assert.equal(client.call("GEOSEARCHSTORE", "h", "g", "BYPOLYGON", ...SICILY), 2);
  assert.deepEqual(client.call("ZSCORE", "h", "Enna"), client.call("ZSCORE", "g", "Enna"));
  client.call("GEOSEARCHSTORE", "h", "g", "BYPOLYGON", ...SICILY, "STOREDIST");
  assert.ok(Math.abs(Number(client.call("ZSCORE", "h", "Catania")) - Number(metres)) < 0.001);
  assert.deepEqual(client.call("GEOSEARCH", "none", "BYPOLYGON", ...SICILY), []);
});

test("what is stored goes to the log as it is", () => {
  const database = new TestDatabase();
  const client = filled(database);
  const score = client.call("ZSCORE", "g", "Catania");
  database.log = [];
  client.line("GEOSEARCHSTORE h g BYPOLYGON 3 15 37 16 37 15 38");
  assert.deepEqual(database.log, ["MULTI", "DEL h", `ZADD h ${score} Catania`, "EXEC"]);
});

test("a polygon needs three corners, no centre, and no other shape", () => {
  const client = filled();
  const few = "-ERR GEOSEARCH BYPOLYGON must have at least 3 vertices";
  for (const [line, reply] of [
    ["BYPOLYGON 2 1 1 2 2 3 3", few],
    ["BYPOLYGON 4 1 1 2 2 3 3", few],
    ["BYPOLYGON -3 1 1 2 2 3 3", few],
    ["BYPOLYGON x 1 1 2 2 3 3", "-ERR invalid number of vertices"],
    ["BYPOLYGON 99999999999 1 1 2 2 3 3", "-ERR invalid number of vertices"],
    ["BYPOLYGON 3 1 1 2 2 3 3 4", SYNTAX],
    ["BYPOLYGON 3 1 1 2 2 3 x", "-ERR value is not a valid float"],
    ["BYPOLYGON 3 1 1 2 2 3 89", "-ERR invalid longitude,latitude pair 3.000000,89.000000"],
    ["FROMLONLAT 1 1 BYPOLYGON 3 1 1 2 2 3 3", SYNTAX],
    ["BYPOLYGON 3 1 1 2 2 3 3 FROMMEMBER Enna", SYNTAX],
    ["BYPOLYGON 3 1 1 2 2 3 3 BYRADIUS 1 m", SYNTAX],
    ["FROMLONLAT 1 1 BYBOX 1 1 m BYPOLYGON 3 1 1 2 2 3 3", SYNTAX],
  ] as const) {
    assert.equal(client.line(`GEOSEARCH g ${line}`), reply, line);
  }
});

/** Corners around a middle, in order of the angle: a polygon without crossings. */
function drawn(random: Random, size: number): [number, number][] {
  const count = 3 + random.below(8);
  const longitude = random.unit() * 300 - 150;
  const latitude = random.unit() * 130 - 65;
  return Array.from({ length: count }, (_, i) => {
    const angle = ((i + random.unit()) / count) * 2 * Math.PI;
    const far = size * (0.3 + random.unit());
    const x = longitude + far * Math.cos(angle);
    const y = latitude + far * Math.sin(angle);
    return [Math.max(-180, Math.min(180, x)), Math.max(-85, Math.min(85, y))];
  });
}

/** By the angles under which the edges are seen: they make a whole turn from within. */
function isWithin(corners: readonly [number, number][], x: number, y: number): boolean {
  let turn = 0;
  corners.forEach(([ax, ay], i) => {
    const [bx, by] = corners[(i + 1) % corners.length];
    const angle = Math.atan2(by - y, bx - x) - Math.atan2(ay - y, ax - x);
    turn += Math.atan2(Math.sin(angle), Math.cos(angle));
  });
  return Math.abs(turn) > Math.PI;
}

test("polygons of every size hold what lies within, and nothing else", () => {
  const random = new Random().seed(7);
  const client = new TestDatabase().connect();
  const members = Array.from({ length: 3000 }, (_, i) => {
    const [x, y] = [random.unit() * 360 - 180, random.unit() * 170 - 85];
    return [x, y, `m${i}`] as const;
  });
  client.call("GEOADD", "g", ...members.flatMap((each) => each.map(String)));
  const position = new Position();
  const places = members.map(([, , name]) => {
    position.of(Number(client.call("ZSCORE", "g", name)));
    return [position.longitude, position.latitude, name] as const;
  });
  let found = 0;
  for (let round = 0; round < 150; round++) {
    const corners = drawn(random, [2, 10, 40, 150][round % 4]);
    const words = corners.flat().map(String);
    const reply = client.call("GEOSEARCH", "g", "BYPOLYGON", `${corners.length}`, ...words);
    const expected = places.filter(([x, y]) => isWithin(corners, x, y)).map(([, , name]) => name);
    assert.deepEqual((reply as string[]).sort(), expected.sort(), `round ${round}`);
    found += expected.length;
  }
  assert.ok(found > 1000);
});
