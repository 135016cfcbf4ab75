// The server beside redis-server: redis-benchmark's own tests, at several pipelines, with the log
// off and on, on a filled database.
//
// Terms: a line is one way of driving (log, clients, pipeline); a test is one command. In each
// round every contender runs the same number of requests of a test from the same state, one after
// the other, so that a drift of the machine hits all of them; figures are medians over the rounds,
// and ratios are medians of the ratios within a round. The figures that count are the server's CPU
// time per request, its own (user) and the kernel's on its behalf (system) apart, because throughput
// over loopback on few cores is often bounded by the client: where redis-benchmark itself was busy
// all the time, the row says so. What the kernel takes for a system call differs from machine to
// machine by a factor; user time is what the server does itself.
//
// LRANGE is run as a custom command (the very bytes of redis-benchmark's test), because its test
// would first push as many elements as it has requests, and count them for the server.

import { type Client, type Filling, fill, NUMBER, withClient } from "./client.ts";
import { cpuBetween, cpuOf, systemShare } from "./kernel.ts";
import { type Contender, run, type Server, serve, settle } from "./process.ts";
import { median, medianRatio } from "./statistics.ts";

const KEYS = 100_000;
const VALUE = "x".repeat(16);
const PER_COMMAND = 100;
const WARM_UP_REQUESTS = 300_000;

interface Test {
  readonly name: string;
  /** The command that must exist. */
  readonly command: string;
  /** Arguments of redis-benchmark that choose it. */
  readonly choose: readonly string[];
  /** Brings a server into the state in which `requests` requests will find what they look for. */
  readonly prepare?: (client: Client, port: number, requests: number) => Promise<void>;
  readonly requestsMax?: number;
  /** It is not among the tests of a run that names none. */
  readonly onlyIfNamed?: boolean;
}

function standard(name: string, command: string, prepare?: Test["prepare"]): Test {
  return { name, command, choose: ["-t", name], prepare };
}

const empty = (key: string) => async (client: Client) => {
  await client.call("DEL", key);
};

const filled =
  (command: string, key: string, element: readonly string[]) =>
  async (client: Client, port: number, elements: number) => {
    await client.call("DEL", key);
    const all: string[] = [];
    for (let index = 0; index < PER_COMMAND; index++) all.push(...element);
    const count = Math.ceil(elements / PER_COMMAND) + 1;
    await fill(port, { record: [[command, key, ...all]], count });
  };

const longList = (client: Client, port: number) =>
  filled("RPUSH", "mylist", [VALUE])(client, port, KEYS);

function range(elements: number): Test {
  return {
    name: `lrange_${elements}`,
    command: "lrange",
    choose: ["LRANGE", "mylist", "0", String(elements - 1)],
    prepare: longList,
  };
}

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

function custom(name: string, choose: readonly string[], prepare?: Test["prepare"]): Test {
  return { name, command: choose[0].toLowerCase(), choose, prepare, onlyIfNamed: true };
}

/** By `--tests data`: commands that redis-benchmark has no test for. */
const DATA_TESTS: readonly Test[] = [
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
  custom("zadd_small", ["ZADD", `z:${DRAWN}`, "1", "member"]),
  custom("zscore_small", ["ZSCORE", `z:${DRAWN}`, "member"]),
  custom("zrange_small", ["ZRANGE", `z:${DRAWN}`, "0", "9"]),
  custom("setbit_small", ["SETBIT", `bits:${DRAWN}`, "100", "1"]),
  custom("getbit_small", ["GETBIT", `bits:${DRAWN}`, "100"]),
  custom("setbit_million", ["SETBIT", "bits", "999999", "1"]),
  custom("getbit_million", ["GETBIT", "bits", "500000"]),
  custom("pfadd", ["PFADD", "visitors", `v:${DRAWN}`]),
  custom("geoadd_million", ["GEOADD", "places", `${DRAWN}e-3`, "1.15", `p:1${DRAWN}`], places),
  custom(
    "geosearch_million",
    ["GEOSEARCH", "places", "FROMLONLAT", "13.3", "3.15", "BYRADIUS", "1", "km", "COUNT", "10"],
    places,
  ),
];

const TESTS: readonly Test[] = [
  standard("ping_inline", "ping"),
  standard("ping_mbulk", "ping"),
  standard("set", "set"),
  standard("get", "get"),
  standard("incr", "incr"),
  standard("lpush", "lpush", empty("mylist")),
  standard("rpush", "rpush", empty("mylist")),
  standard("lpop", "lpop", filled("RPUSH", "mylist", [VALUE])),
  standard("rpop", "rpop", filled("RPUSH", "mylist", [VALUE])),
  standard("sadd", "sadd", empty("myset")),
  standard("hset", "hset", empty("myhash")),
  {
    ...standard("spop", "spop", filled("SADD", "myset", [`element:${NUMBER}`])),
    requestsMax: 500_000,
  },
  standard("zadd", "zadd", empty("myzset")),
  {
    ...standard("zpopmin", "zpopmin", filled("ZADD", "myzset", [NUMBER, `element:${NUMBER}`])),
    requestsMax: 500_000,
  },
  range(100),
  range(300),
  range(500),
  range(600),
  standard("mset", "mset"),
];

const LOGGED_TESTS = "set get incr lpush rpush lpop rpop sadd hset spop zadd mset".split(" ");
const NODE_TESTS = "ping_mbulk set get incr lpush lpop sadd hset lrange_100 mset".split(" ");
const QUICK_TESTS = "ping_mbulk set get lpush hset lrange_100".split(" ");

interface Line {
  readonly log: "off" | "everysec" | "always";
  readonly clients: number;
  readonly pipeline: number;
}

const LINES: readonly Line[] = [
  ...(["off", "everysec"] as const).flatMap((log) => [
    { log, clients: 50, pipeline: 1 },
    { log, clients: 500, pipeline: 1 },
    { log, clients: 50, pipeline: 16 },
    { log, clients: 50, pipeline: 64 },
  ]),
  { log: "always", clients: 50, pipeline: 1 },
];

function isQuick({ log, clients, pipeline }: Line): boolean {
  return clients === 50 && (log !== "everysec" || pipeline === 16);
}

function chooseLines({ quick, lines }: ServerOptions): readonly Line[] {
  const named = ({ log, clients, pipeline }: Line) => `${log}/${clients}/${pipeline}`;
  const unknown = lines.filter((name) => !LINES.some((line) => named(line) === name));
  if (unknown.length > 0) {
    throw new Error(`no line ${unknown.join(", ")}; there are ${LINES.map(named).join(", ")}`);
  }
  if (lines.length > 0) return LINES.filter((line) => lines.includes(named(line)));
  return quick ? LINES.filter(isQuick) : LINES;
}

/** One contender's medians in one row. */
export interface Measured {
  requestsPerSecond: number;
  /** User and system, and each by itself. */
  cpuNsPerRequest: number;
  userNsPerRequest: number;
  systemNsPerRequest: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU of redis-benchmark over the time of its requests: near 1, it was the bottleneck. */
  clientCpu: number;
  /** Medians over the rounds of this contender's figure over the peer's. */
  throughputRatio: number;
  cpuRatio: number;
  userRatio: number;
  systemRatio: number;
  /** Largest over smallest CPU per request among the rounds. */
  spread: number;
}

export interface ServerRow extends Line {
  test: string;
  requests: number;
  measured: Record<string, Measured>;
}

export interface ServerOptions {
  contenders: readonly Contender[];
  rounds: number;
  /** Length of one run on the peer. */
  seconds: number;
  quick: boolean;
  /** Hold server and client on a core each. */
  pin: boolean;
  /** Only these tests; empty for all. */
  tests: readonly string[];
  /** Only these lines, as "off/50/16" (log, clients, pipeline); empty for all. */
  lines: readonly string[];
}

export async function benchmarkServer(options: ServerOptions): Promise<ServerRow[]> {
  const rows: ServerRow[] = [];
  for (const line of chooseLines(options)) {
    const servers: Server[] = [];
    try {
      const cpu = options.pin ? 0 : undefined;
      for (const contender of options.contenders) {
        servers.push(await serve(contender, { log: line.log, cpu }));
      }
      for (const server of servers) {
        await fillStrings(server.port);
        await warmUp(line, server, options);
      }
      for (const test of await chooseTests(line, servers, options)) {
        const able = servers.filter((server) => {
          const isOnNode = test.onlyIfNamed === true || NODE_TESTS.includes(test.name);
          return server.contender.id !== "node" || isOnNode;
        });
        const row = await measureRow(line, test, able, options);
        rows.push(row);
        printRow(row);
      }
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  }
  return rows;
}

/**
 * What is measured is a server that has been running, as servers do: a compiler has done its work
 * after some hundred thousand requests of a kind, and before that each costs up to three times as
 * much.
 */
async function warmUp(line: Line, server: Server, options: ServerOptions): Promise<void> {
  const requests = WARM_UP_REQUESTS * Math.min(line.pipeline, 5);
  for (const name of ["set", "get"]) {
    await measure(line, standard(name, name), server, requests, options);
  }
}

async function fillStrings(port: number): Promise<void> {
  const filling: Filling = { record: [["SET", `key:${NUMBER}`, VALUE]], count: KEYS };
  await fill(port, filling);
}

/** The tests of a line whose command every server knows. */
async function chooseTests(
  line: Line,
  servers: readonly Server[],
  options: ServerOptions,
): Promise<Test[]> {
  const chosen: Test[] = [];
  const hasData = options.tests.includes("data");
  for (const test of [...TESTS, ...DATA_TESTS]) {
    const isNamed = options.tests.includes(test.name) || (hasData && test.onlyIfNamed === true);
    if ((options.tests.length > 0 || test.onlyIfNamed === true) && !isNamed) continue;
    if (options.quick && options.tests.length === 0 && !QUICK_TESTS.includes(test.name)) continue;
    if (line.log === "always" && test.name !== "set") continue;
    if (line.log === "everysec" && !isNamed && !LOGGED_TESTS.includes(test.name)) continue;
    const known = await Promise.all(
      servers.map((server) => withClient(server.port, (client) => client.knows(test.command))),
    );
    if (known.every(Boolean)) chosen.push(test);
  }
  return chosen;
}

interface Run {
  requestsPerSecond: number;
  cpuNsPerRequest: number;
  userNsPerRequest: number;
  systemNsPerRequest: number;
  p50Ms: number;
  p99Ms: number;
  clientCpu: number;
}

async function measureRow(
  line: Line,
  test: Test,
  servers: readonly Server[],
  options: ServerOptions,
): Promise<ServerRow> {
  // A short run on the peer tells how many requests a full one has; one such run does not count.
  const max = test.requestsMax ?? 5_000_000;
  const pilot = Math.min(max, 5_000 * Math.min(line.pipeline, 16));
  const first = await measure(line, test, servers[0], pilot, options);
  const wanted = Math.round((first.requestsPerSecond * options.seconds) / 1000) * 1000;
  const requests = Math.max(line.clients * line.pipeline, Math.min(max, wanted));
  for (const server of servers) await measure(line, test, server, requests, options);
  const runs: Run[][] = servers.map(() => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [index, server] of servers.entries()) {
      runs[index].push(await measure(line, test, server, requests, options));
    }
  }
  const measured: Record<string, Measured> = {};
  for (const [index, server] of servers.entries()) {
    measured[server.contender.id] = summarize(runs[index], runs[0]);
  }
  return { ...line, test: test.name, requests, measured };
}

function summarize(mine: readonly Run[], peer: readonly Run[]): Measured {
  const all = (runs: readonly Run[], field: keyof Run) => runs.map((each) => each[field]);
  const cpu = all(mine, "cpuNsPerRequest");
  return {
    requestsPerSecond: median(all(mine, "requestsPerSecond")),
    cpuNsPerRequest: median(cpu),
    userNsPerRequest: median(all(mine, "userNsPerRequest")),
    systemNsPerRequest: median(all(mine, "systemNsPerRequest")),
    p50Ms: median(all(mine, "p50Ms")),
    p99Ms: median(all(mine, "p99Ms")),
    clientCpu: median(all(mine, "clientCpu")),
    throughputRatio: medianRatio(all(mine, "requestsPerSecond"), all(peer, "requestsPerSecond")),
    cpuRatio: medianRatio(cpu, all(peer, "cpuNsPerRequest")),
    userRatio: medianRatio(all(mine, "userNsPerRequest"), all(peer, "userNsPerRequest")),
    systemRatio: medianRatio(all(mine, "systemNsPerRequest"), all(peer, "systemNsPerRequest")),
    spread: Math.max(...cpu) / Math.min(...cpu),
  };
}

async function measure(
  line: Line,
  test: Test,
  server: Server,
  requests: number,
  options: ServerOptions,
): Promise<Run> {
  const prepare = test.prepare;
  if (prepare) await withClient(server.port, (client) => prepare(client, server.port, requests));
  await settle(server.pid);
  const args = [
    ...["-p", String(server.port), "-c", String(line.clients), "-P", String(line.pipeline)],
    ...["-n", String(requests), "-r", String(KEYS), "-d", "16", "--csv", ...test.choose],
  ];
  const before = cpuOf(server.pid);
  const client = await run("redis-benchmark", args, 120_000, {
    cpu: options.pin ? 1 : undefined,
  });
  await settle(server.pid);
  const after = cpuOf(server.pid);
  const spent = cpuBetween(before, after);
  const system = spent * systemShare(before, after);
  const figures =
    client.stdout
      .trim()
      .split("\n")
      .at(-1)
      ?.match(/"([^"]*)"/g) ?? [];
  const [, perSecond, , , p50, , p99] = figures.map((text) => Number(text.slice(1, -1)));
  if (!(perSecond > 0)) throw new Error(`redis-benchmark ${args.join(" ")}:\n${client.stdout}`);
  return {
    requestsPerSecond: perSecond,
    cpuNsPerRequest: spent / requests,
    userNsPerRequest: (spent - system) / requests,
    systemNsPerRequest: system / requests,
    p50Ms: p50,
    p99Ms: p99,
    clientCpu: Math.min(1, (client.cpuMs / 1000) * (perSecond / requests)),
  };
}

function printRow(row: ServerRow): void {
  const parts = Object.entries(row.measured).map(([id, m]) => {
    const micro = (ns: number) => (ns / 1000).toFixed(2);
    const cpu = `${micro(m.userNsPerRequest)} + ${micro(m.systemNsPerRequest)} µs`;
    const rate = `${Math.round(m.requestsPerSecond / 1000)}k/s`;
    const ratios =
      `${m.userRatio.toFixed(2)}× user ${m.systemRatio.toFixed(2)}× system ` +
      `${m.cpuRatio.toFixed(2)}× cpu ${m.throughputRatio.toFixed(2)}× rate`;
    return `${id} ${cpu} ${rate}${id === "redis" ? "" : ` (${ratios})`}`;
  });
  const client = Math.max(...Object.values(row.measured).map((m) => m.clientCpu));
  console.log(
    `  log ${row.log}, ${row.clients} clients, pipeline ${row.pipeline}, ${row.test}: ` +
      `${parts.join(" | ")} | client ${Math.round(client * 100)} %`,
  );
}
