// Data commands that redis-benchmark has no test for, on small keys and on one of a million
// members, entries or bits, as redis-benchmark runs a command that it is given.

import { type Client, fill, NUMBER } from "./client.ts";
import { KEYS, type Test, VALUE } from "./server-tests.ts";

/** A number that redis-benchmark draws anew for each request, below KEYS. */
const DRAWN = "__rand_int__";
/** A large collection has so many members for each number that may be drawn. */
const MEMBERS_EACH = 10;
const MEMBERS_A_COMMAND = 1000;

/** Fills a key once with a million members: what is measured leaves it as large as it is. */
const once =
  (command: string, key: string, words: (number: string, at: number) => readonly string[]) =>
  async (client: Client) => {
    if ((await client.call("EXISTS", key)) === 1) return;
    for (let from = 0; from < KEYS * MEMBERS_EACH; from += MEMBERS_A_COMMAND) {
      const all: string[] = [];
      for (let at = from; at < from + MEMBERS_A_COMMAND; at++) {
        all.push(...words(String(at % KEYS).padStart(NUMBER.length, "0"), at));
      }
      await client.call(command, key, ...all);
    }
  };

/** Numbers in no order, below `limit`. */
const scattered = (at: number, limit: number) => ((at * 0.6180339887498949) % 1) * limit;
const setOf = (at: number) => Math.floor(at / KEYS);

const scores = once("ZADD", "ranks", (number, at) => [
  String(scattered(at, KEYS)),
  `m:${setOf(at)}${number}`,
]);
/** Along ten parallels, some hundred metres from one another. */
const places = once("GEOADD", "places", (number, at) => [
  `${number}e-3`,
  `${setOf(at)}.15`,
  `p:${setOf(at)}${number}`,
]);

/** Entry N of the stream has the ID N-1. */
const entry = ["XADD", "stream", `${NUMBER}-1`, "sensor", "4", "heat", "21.5", "unit", "C"];
const entries: Test["prepare"] = async (client, port) => {
  if ((await client.call("EXISTS", "stream")) === 1) return;
  await fill(port, { record: [entry], lines: 2, count: KEYS * MEMBERS_EACH, first: 1 });
};

/** A stream with as many entries as there will be requests, all of them new to the group. */
const queued = async (client: Client, port: number, requests: number) => {
  await client.call("DEL", "queue");
  const record = [["XADD", "queue", `${NUMBER}-1`, "job", VALUE]];
  await fill(port, { record, lines: 2, count: requests });
  await client.call("XGROUP", "CREATE", "queue", "workers", "0");
};

/** … all of them delivered, and none acknowledged. */
const delivered: Test["prepare"] = async (client, port, requests) => {
  await queued(client, port, requests);
  const count = String(requests);
  await client.call("XREADGROUP", "GROUP", "workers", "w", "COUNT", count, "STREAMS", "queue", ">");
};

/** A sorted set with as many members as there will be requests, and a million that stay. */
const poppable: Test["prepare"] = async (client, port, requests) => {
  const count = KEYS * MEMBERS_EACH + requests;
  const more = count - ((await client.call("ZCARD", "popped")) as number);
  const record = [["ZADD", "popped", NUMBER, `m:${NUMBER}`]];
  await fill(port, { record, count: more, first: count });
};

const fields = once("HSET", "fields", (number, at) => [`f:${setOf(at)}${number}`, VALUE]);
/** A hash of five fields for each number. */
const records = async (client: Client, port: number) => {
  if ((await client.call("EXISTS", `record:${NUMBER}`)) === 1) return;
  const five = ["name", "mail", "city", "token", "seen"].flatMap((field) => [field, VALUE]);
  await fill(port, { record: [["HSET", `record:${NUMBER}`, ...five]], count: KEYS });
};

function custom(name: string, choose: readonly string[], prepare?: Test["prepare"]): Test {
  return { name, command: choose[0].toLowerCase(), choose, prepare };
}

export const DATA_TESTS: readonly Test[] = [
  custom("zadd_small", ["ZADD", `z:${DRAWN}`, "1", "member"]),
  custom("zincrby_small", ["ZINCRBY", `z:${DRAWN}`, "1", "member"]),
  custom("zscore_small", ["ZSCORE", `z:${DRAWN}`, "member"]),
  custom("zrank_small", ["ZRANK", `z:${DRAWN}`, "member"]),
  custom("zrange_small", ["ZRANGE", `z:${DRAWN}`, "0", "9"]),
  custom("zadd_million", ["ZADD", "ranks", DRAWN, `m:1${DRAWN}`], scores),
  custom("zincrby_million", ["ZINCRBY", "ranks", "1", `m:1${DRAWN}`], scores),
  custom("zscore_million", ["ZSCORE", "ranks", `m:1${DRAWN}`], scores),
  custom("zrank_million", ["ZRANK", "ranks", `m:1${DRAWN}`], scores),
  custom("zrange_10_million", ["ZRANGE", "ranks", "500000", "500009"], scores),
  custom(
    "zrangebyscore_10_million",
    ["ZRANGEBYSCORE", "ranks", DRAWN, "+inf", "LIMIT", "0", "10"],
    scores,
  ),
  { ...custom("zpopmin_million", ["ZPOPMIN", "popped"], poppable), requestsMax: 500_000 },
  custom("xadd_small", ["XADD", `x:${DRAWN}`, "*", "field", "value"]),
  custom("xread_10_small", ["XREAD", "COUNT", "10", "STREAMS", `x:${DRAWN}`, "0"]),
  custom("xread_10_million", ["XREAD", "COUNT", "10", "STREAMS", "stream", DRAWN], entries),
  custom("xadd_million", ["XADD", "stream", "*", ...entry.slice(3)], entries),
  {
    ...custom(
      "xreadgroup",
      "XREADGROUP GROUP workers w COUNT 1 STREAMS queue >".split(" "),
      queued,
    ),
    requestsMax: 500_000,
  },
  {
    ...custom("xack", ["XACK", "queue", "workers", `${DRAWN}-1`], delivered),
    requestsMax: KEYS,
  },
  // redis-server has these from 7.4 on.
  custom("hexpire_small", ["HEXPIRE", `record:${DRAWN}`, "1000", "FIELDS", "1", "token"], records),
  custom("httl_small", ["HTTL", `record:${DRAWN}`, "FIELDS", "1", "token"], records),
  custom("hexpire_million", ["HEXPIRE", "fields", "1000", "FIELDS", "1", `f:1${DRAWN}`], fields),
  custom("httl_million", ["HTTL", "fields", "FIELDS", "1", `f:1${DRAWN}`], fields),
  custom("setbit_small", ["SETBIT", `bits:${DRAWN}`, "100", "1"]),
  custom("getbit_small", ["GETBIT", `bits:${DRAWN}`, "100"]),
  custom("setbit_million", ["SETBIT", "bits", "999999", "1"]),
  custom("getbit_million", ["GETBIT", "bits", "500000"]),
  custom("pfadd_small", ["PFADD", `pf:${DRAWN}`, "element"]),
  custom("pfadd_dense", ["PFADD", "visitors", `v:${DRAWN}`]),
  custom("geoadd_million", ["GEOADD", "places", `${DRAWN}e-3`, "1.15", `p:1${DRAWN}`], places),
  custom(
    "geosearch_million",
    ["GEOSEARCH", "places", "FROMLONLAT", "13.3", "3.15", "BYRADIUS", "1", "km", "COUNT", "10"],
    places,
  ),
];
