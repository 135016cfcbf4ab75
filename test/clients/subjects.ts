// The servers that packages are tried against: ours on both runtimes, and redis-server where there
// is one. A story is what a program does with a package and what it sees; it is told to all of them
// at once, so that their timers run side by side, and they must see the same.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Redis } from "ioredis";
import {
  endWithUs,
  hasProgram,
  PROJECT,
  RUNTIMES,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";

export const LIMIT = { timeout: 60_000 };

/** Where a story is told: a server, and a client of it for what the package does not say. */
export interface Subject {
  readonly server: Server;
  readonly port: number;
  readonly redis: Redis;
  /** What is to be closed when the story has ended, however it ended: last first. */
  readonly ends: (() => unknown)[];
  /** What must be alike on all servers beside what is seen, such as the keys that are left. */
  readonly alike: unknown[];
}

type Story = (at: Subject) => Promise<unknown>;

/** Starts the servers of a file's stories, and gives what tells a story to all of them. */
export function everywhere(packages: string): (story: Story) => Promise<unknown> {
  const servers: Server[] = [];
  before(async () => {
    servers.push(...(await Promise.all(RUNTIMES.map((runtime) => startOurServer({ runtime })))));
    if (hasProgram("redis-server")) servers.push(await startRedisServer());
  });
  after(() => Promise.all(servers.map((server) => server.stop())));
  test(`${packages} see the same on redis-server`, (t) => {
    redisServerOrSkip(t, `what ${packages} see`);
  });

  return async (story) => {
    const told = await Promise.all(servers.map((server) => tell(story, server)));
    for (const { at, ...rest } of told) assert.deepEqual({ at, ...rest }, { ...told.at(-1), at });
    return told[0]?.seen;
  };
}

async function tell(story: Story, server: Server) {
  const at = open(server);
  try {
    return { at: server.name, seen: await story(at), alike: at.alike };
  } catch (error) {
    throw new Error(`on ${server.name}: ${(error as Error).message}`, { cause: error });
  } finally {
    await close(at);
  }
}

/** Where a story can be told by itself; `close` ends it. */
export function open(server: Server): Subject {
  const redis = new Redis(server.port, "127.0.0.1");
  redis.on("error", () => {});
  return { server, port: server.port, redis, ends: [], alike: [] };
}

export async function close({ redis, ends }: Subject): Promise<void> {
  for (const end of ends.reverse()) await end();
  redis.disconnect();
}

/** Waits for the condition, 20 seconds at most. */
export async function until(condition: () => unknown): Promise<void> {
  for (let tries = 0; tries < 4_000; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`did not come true within 20 seconds: ${condition}`);
}

/** A process with a worker of that library, which begins jobs of the queue and ends none. */
export function spawnWorker(at: Subject, library: string, queue: string): ChildProcess {
  const program = join(PROJECT, "test/clients/queue-worker.ts");
  const child = spawn(process.execPath, [program, library, String(at.port), queue]);
  child.stderr.on("data", (bytes: Buffer) => process.stderr.write(bytes));
  at.ends.push(() => child.kill("SIGKILL"));
  return endWithUs(child);
}

/** Keys that go by themselves, and are there or not as timers have it. */
const PASSING = /:(marker|stalled-check|limiter)$/;

/**
 * All keys that begin so, with their types and contents, in an order that does not depend on the
 * server. Times, random identifiers and what follows from them are masked.
 */
export async function keysBelow(redis: Redis, prefix: string): Promise<unknown> {
  const keys: string[] = [];
  for await (const found of redis.scanStream({ match: `${prefix}*` })) keys.push(...found);
  const contents: Record<string, unknown> = {};
  for (const key of [...new Set(keys)].sort()) {
    if (!PASSING.test(key)) contents[key] = await contentOf(redis, key);
  }
  return contents;
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case "string":
      return [type, masked([await redis.get(key)])];
    case "list":
      return [type, masked(await redis.lrange(key, 0, -1))];
    case "set":
      return [type, masked(await redis.smembers(key)).sort()];
    case "zset":
      return [type, masked(pairsOf(await redis.zrange(key, 0, "-1", "WITHSCORES"))).sort()];
    case "hash":
      return [type, masked(Object.entries(await redis.hgetall(key))).sort()];
    case "stream":
      return [type, masked(await redis.xrange(key, "-", "+"))];
    default:
      return [type];
  }
}

function pairsOf(flat: readonly string[]): string[][] {
  return flat.flatMap((_, index) => (index % 2 === 0 ? [flat.slice(index, index + 2)] : []));
}

/** Without milliseconds since 1970, or what is computed from them, and without random names. */
function masked<T>(value: T): T {
  const text = JSON.stringify(value)
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:\d+)?/g, "(random)")
    .replace(/\b[1-9]\d{12,}(\.\d+)?(-\d+)?\b/g, "(time)");
  return JSON.parse(text);
}
