// redis-benchmark's own tests, and what each of them needs to find.
//
// LRANGE is run as a custom command (the very bytes of redis-benchmark's test), because its test
// would first push as many elements as it has requests, and count them for the server.

import { type Client, fill, NUMBER } from "./client.ts";

export const KEYS = 100_000;
export const VALUE = "x".repeat(16);
const PER_COMMAND = 100;

export interface Test {
  readonly name: string;
  /** The command that must exist. */
  readonly command: string;
  /** Arguments of redis-benchmark that choose it. */
  readonly choose: readonly string[];
  /** Brings a server into the state in which `requests` requests will find what they look for. */
  readonly prepare?: (client: Client, port: number, requests: number) => Promise<void>;
  readonly requestsMax?: number;
}

export function standard(name: string, command: string, prepare?: Test["prepare"]): Test {
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

export const SERVER_TESTS: readonly Test[] = [
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
