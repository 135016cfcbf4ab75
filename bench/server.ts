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

import { type Filling, fill, NUMBER, withClient } from "./client.ts";
import { cpuBetween, cpuOf, systemShare } from "./kernel.ts";
import { type Contender, run, type Server, serve, settle } from "./process.ts";
import { KEYS, SERVER_TESTS, standard, type Test, VALUE } from "./server-tests.ts";
import { median, medianRatio } from "./statistics.ts";

const WARM_UP_REQUESTS = 300_000;

const LOGGED_TESTS = "set get incr lpush rpush lpop rpop sadd hset spop zadd mset".split(" ");
const NODE_TESTS = "ping_mbulk set get incr lpush lpop sadd hset lrange_100 mset".split(" ");
const QUICK_TESTS = "ping_mbulk set get lpush hset lrange_100".split(" ");

export interface Line {
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

/** What a suite drives, and how: its lines and tests, those of them that options choose. */
export interface Plan {
  readonly lines: readonly Line[];
  readonly tests: readonly Test[];
  /** Whether a test belongs to a line where none has been named. */
  readonly belongs: (test: Test, line: Line, options: ServerOptions) => boolean;
}

const SERVER_PLAN: Plan = {
  lines: LINES,
  tests: SERVER_TESTS,
  belongs: ({ name }, line, { quick }) =>
    (!quick || QUICK_TESTS.includes(name)) &&
    (line.log !== "everysec" || LOGGED_TESTS.includes(name)),
};

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

export async function benchmarkServer(
  options: ServerOptions,
  plan: Plan = SERVER_PLAN,
): Promise<ServerRow[]> {
  const rows: ServerRow[] = [];
  for (const line of chooseLines(plan, options)) {
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
      for (const test of await chooseTests(plan, line, servers, options)) {
        const able = servers.filter((server) => {
          const isOnNode = plan !== SERVER_PLAN || NODE_TESTS.includes(test.name);
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

function chooseLines({ lines }: Plan, options: ServerOptions): readonly Line[] {
  const named = ({ log, clients, pipeline }: Line) => `${log}/${clients}/${pipeline}`;
  const unknown = options.lines.filter((name) => !lines.some((line) => named(line) === name));
  if (unknown.length > 0) {
    throw new Error(`no line ${unknown.join(", ")}; there are ${lines.map(named).join(", ")}`);
  }
  if (options.lines.length > 0) return lines.filter((line) => options.lines.includes(named(line)));
  return options.quick ? lines.filter(isQuick) : lines;
}

/** The tests of a line whose command every server knows. */
async function chooseTests(
  { tests, belongs }: Plan,
  line: Line,
  servers: readonly Server[],
  options: ServerOptions,
): Promise<Test[]> {
  const chosen: Test[] = [];
  for (const test of tests) {
    const isChosen =
      options.tests.length > 0 ? options.tests.includes(test.name) : belongs(test, line, options);
    if (!isChosen || (line.log === "always" && test.name !== "set")) continue;
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
