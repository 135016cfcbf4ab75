// What the server says of its commands and of itself, beside redis-server: COMMAND INFO and COMMAND
// DOCS row by row, the fields of HELLO, CLIENT INFO and INFO by name.
//
// Summaries are our own words; what Redis 7.2 and 7.4 changed in these tables is left out by name
// below.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Client } from "../support/client.ts";
import { itemsOf, type Reply, show, textOf } from "../support/resp.ts";
import {
  hasProgram,
  olderThan,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";

/** Sections and fields of INFO that clients, Sentinel and dashboards read. */
const INFO_FIELDS = `
  redis_version redis_mode os arch_bits process_id run_id tcp_port uptime_in_seconds
  uptime_in_days connected_clients maxclients blocked_clients used_memory used_memory_human
  used_memory_rss used_memory_peak maxmemory maxmemory_policy mem_fragmentation_ratio loading
  rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time rdb_last_bgsave_status
  aof_enabled aof_rewrite_in_progress aof_last_write_status total_connections_received
  total_commands_processed instantaneous_ops_per_sec total_net_input_bytes total_net_output_bytes
  rejected_connections expired_keys evicted_keys keyspace_hits keyspace_misses pubsub_channels
  pubsub_patterns role connected_slaves master_replid master_repl_offset used_cpu_sys
  used_cpu_user cluster_enabled
`
  .trim()
  .split(/\s+/);

function texts(reply: Reply | undefined): string[] {
  return reply ? itemsOf(reply).map((each) => textOf(each) ?? show(each)) : [];
}

/** A map reply (or RESP2's flat array) as a Map. */
function fields(reply: Reply): Map<string, Reply> {
  const found = new Map<string, Reply>();
  const items = itemsOf(reply);
  for (let index = 0; index < items.length; index += 2) {
    found.set(textOf(items[index] as Reply) ?? "", items[index + 1] as Reply);
  }
  return found;
}

/** One row of COMMAND INFO: everything but its tips and what it says of subcommands. */
function row(reply: Reply): string[] {
  const items = itemsOf(reply) as Reply[];
  const [name, arity, flags, first, last, step, categories] = items;
  return [
    `name ${textOf(name as Reply)}`,
    `arity ${textOf(arity as Reply)}`,
    `flags ${texts(flags).sort().join(" ")}`,
    `keys ${[first, last, step].map((each) => textOf(each as Reply)).join(" ")}`,
    `categories ${texts(categories).sort().join(" ")}`,
    `key specifications ${show(items[8] as Reply)}`,
    `subcommands in a ${items[9]?.type}`,
  ];
}

/** Flags and categories that Redis changed since the oldest redis-server we compare with. */
const CHANGED: Record<string, string> = {
  "CLUSTER|SHARDS: flags stale": "flags loading stale",
  "CLUSTER|SLOTS: flags stale": "flags loading stale",
  "WAIT: flags noscript": "flags blocking",
  "WAIT: categories @connection @slow": "categories @blocking @connection @slow",
  "ZRANK: arity 3": "arity -3",
  "ZREVRANK: arity 3": "arity -3",
  "COMMAND|GETKEYS: arity -4": "arity -3",
  "COMMAND|GETKEYSANDFLAGS: arity -4": "arity -3",
};

/** Commands whose arguments Redis 7.2 describes in another shape. */
const RESHAPED = [
  "XINFO|STREAM",
  ...["BITOP", "PFMERGE", "PSUBSCRIBE", "MODULE|LOADEX", "CLIENT|LIST", "CLIENT|KILL", "MIGRATE"],
  ...["COMMAND|GETKEYS", "COMMAND|GETKEYSANDFLAGS", "GEOPOS", "GEOHASH"],
  ...["GEORADIUS", "GEORADIUSBYMEMBER"],
];

/** Arguments that what came later made optional: GEOSEARCH's polygons have no centre. */
const OPTIONAL_SINCE: Record<string, string> = {
  GEOSEARCH: " name=from type=oneof",
  GEOSEARCHSTORE: " name=from type=oneof",
};

/**
 * Arguments of COMMAND DOCS as indented lines: name, type, token, flags; but for those that came
 * after `version`.
 */
function argumentLines(reply: Reply | undefined, version: string, indent = ""): string[] {
  if (!reply) return [];
  return itemsOf(reply).flatMap((each) => {
    const map = fields(each);
    const since = textOf(map.get("since") ?? { type: "null" });
    if (since !== undefined && olderThan(version, since)) return [];
    const text = (name: string) => {
      const found = map.get(name);
      return found ? ` ${name}=${textOf(found)}` : "";
    };
    const flags = texts(map.get("flags")).sort().join(",");
    const line = `${indent}${text("name")}${text("type")}${text("token")}${flags && ` flags=${flags}`}`;
    return [line, ...argumentLines(map.get("arguments"), version, `${indent}  `)];
  });
}

describe("what the server says of itself", () => {
  let theirs: Server | undefined;
  let ours: Server;
  let left: Client;
  let right: Client;

  before(async () => {
    ours = await startOurServer();
    right = await ours.connect();
    await right.call("HELLO", "3");
    if (!hasProgram("redis-server")) return;
    theirs = await startRedisServer();
    left = await theirs.connect();
    await left.call("HELLO", "3");
  });
  after(async () => {
    left?.close();
    right?.close();
    await ours?.stop();
    await theirs?.stop();
  });

  /** The commands and subcommands that both have. */
  const shared = async (): Promise<string[]> => {
    const mine = new Set(texts(await right.call("COMMAND", "LIST")));
    const names = texts(await left.call("COMMAND", "LIST")).filter((name) => mine.has(name));
    assert.ok(names.length > 200);
    return names.map((name) => name.toUpperCase());
  };

  /** Redis 7.2 renamed some arguments; beside an older server their names are not compared. */
  const comparable = (command: string, lines: string[]): string => {
    const version = theirs?.version ?? "";
    const optional = OPTIONAL_SINCE[command];
    return lines
      .map((line) => (line === `${optional} flags=optional` ? optional : line))
      .map((line) => (olderThan(version, "7.2.0") ? line.replace(/name=\S+ /, "") : line))
      .map((line) => line.replace(/(?<=token=)(m|km|ft|mi)$/, (unit) => unit.toUpperCase()))
      .join("\n");
  };

  test("COMMAND INFO: arity, flags, keys and categories of each command", async (t) => {
    if (!redisServerOrSkip(t, "COMMAND INFO")) return;
    const wrong: string[] = [];
    for (const name of await shared()) {
      const [a] = itemsOf(await left.call("COMMAND", "INFO", name)) as [Reply];
      const [b] = itemsOf(await right.call("COMMAND", "INFO", name)) as [Reply];
      if (b.type !== "array") {
        wrong.push(`${name}: unknown`);
        continue;
      }
      const mine = row(b);
      for (const [index, line] of row(a).entries()) {
        if (CHANGED[`${name}: ${line}`] === mine[index]) continue;
        if (line !== mine[index]) wrong.push(`${name}: ${line}, ours: ${mine[index]}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  test("COMMAND DOCS: group, since and arguments of each command", async (t) => {
    if (!redisServerOrSkip(t, "COMMAND DOCS")) return;
    const wrong: string[] = [];
    for (const name of await shared()) {
      const a = fields(
        fields(await left.call("COMMAND", "DOCS", name)).get(name.toLowerCase()) as Reply,
      );
      const b = fields(
        fields(await right.call("COMMAND", "DOCS", name)).get(name.toLowerCase()) ?? {
          type: "null",
        },
      );
      for (const field of ["since", "group"]) {
        const [one, other] = [a, b].map((map) => textOf(map.get(field) ?? { type: "null" }));
        if (one !== other) wrong.push(`${name}: ${field} ${one}, ours: ${other}`);
      }
      for (const field of ["summary", "complexity"]) {
        if (a.has(field) && !textOf(b.get(field) ?? { type: "null" }))
          wrong.push(`${name}: no ${field}`);
      }
      const [one, other] = [a, b].map((map) =>
        comparable(name, argumentLines(map.get("arguments"), theirs?.version ?? "")),
      );
      if (RESHAPED.includes(name) && olderThan(theirs?.version ?? "", "7.2.0")) continue;
      if (one !== other) wrong.push(`${name}: arguments\n${one}\nours:\n${other}`);
    }
    assert.equal(wrong.join("\n"), "");
  });

  test("COMMAND COUNT, LIST and the whole of COMMAND agree with one another", async () => {
    const count = Number(textOf(await right.call("COMMAND", "COUNT")));
    // The list names subcommands as well.
    const all = texts(await right.call("COMMAND", "LIST"));
    const list = all.filter((name) => !name.includes("|"));
    const whole = itemsOf(await right.call("COMMAND"));
    const docs = fields(await right.call("COMMAND", "DOCS"));
    assert.equal(new Set(list).size, count);
    assert.equal(whole.length, count);
    assert.equal(docs.size, count);
  });

  test("HELLO has Redis's fields", async (t) => {
    if (!redisServerOrSkip(t, "HELLO")) return;
    const [a, b] = [fields(await left.call("HELLO", "3")), fields(await right.call("HELLO", "3"))];
    assert.deepEqual([...b.keys()], [...a.keys()]);
    for (const name of ["server", "proto", "mode", "role", "modules"]) {
      assert.equal(show(b.get(name) as Reply), show(a.get(name) as Reply), name);
    }
    assert.match(textOf(b.get("version") as Reply) ?? "", /^\d+\.\d+\.\d+$/);
  });

  test("CLIENT INFO and CLIENT LIST have Redis's fields in order", async (t) => {
    if (!redisServerOrSkip(t, "CLIENT INFO")) return;
    const names = (reply: Reply) =>
      [...(textOf(reply) ?? "").matchAll(/(?:^| )([\w-]+)=/g)].map(([, name]) => name);
    const a = names(await left.call("CLIENT", "INFO"));
    const b = names(await right.call("CLIENT", "INFO"));
    // Later versions only add.
    assert.deepEqual(
      b.filter((name) => a.includes(name)),
      a,
    );
    const line = textOf(await right.call("CLIENT", "LIST")) ?? "";
    assert.match(line, /^id=\d+ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ fd=-?\d+ name=/);
    assert.match(line, / db=0 .* cmd=client\|list user=default .*resp=3/);
    assert.equal((await right.call("CLIENT", "LIST")).type, "verbatim");
  });

  test("INFO has the fields that clients and dashboards read", async (t) => {
    const info = textOf(await right.call("INFO", "everything")) ?? "";
    const found = new Map(
      [...info.matchAll(/^([\w-]+):(.*)\r$/gm)].map(([, name, value]) => [
        name as string,
        value as string,
      ]),
    );
    for (const name of INFO_FIELDS) assert.ok(found.has(name), `INFO lacks ${name}`);
    assert.match(found.get("run_id") as string, /^[0-9a-f]{40}$/);
    assert.equal(found.get("tcp_port"), String(ours.port));
    assert.equal(found.get("role"), "master");
    assert.equal(found.get("redis_mode"), "standalone");
    assert.equal(Number(found.get("process_id")), ours.process.pid);
    if (!redisServerOrSkip(t, "sections of INFO")) return;
    const sections = (text: string) => [...text.matchAll(/^# (\w+)\r$/gm)].map(([, name]) => name);
    const expected = sections(textOf(await left.call("INFO")) ?? "");
    const got = sections(textOf(await right.call("INFO")) ?? "");
    assert.deepEqual(
      expected.filter((name) => !got.includes(name)),
      [],
    );
  });

  test("INFO commandstats and latencystats know a slow command amid quick ones", async (t) => {
    const ask = async (client: Client): Promise<[stats: string, latencies: string[]]> => {
      await client.call("CONFIG", "RESETSTAT");
      const gets = Array.from({ length: 10 }, () => client.call("GET", "k"));
      const slow = client.call("DEBUG", "SLEEP", "0.05");
      await Promise.all([...gets, slow, client.call("GET", "k"), client.call("INCR", "list")]);
      await client.call("GET", "k", "too many");
      const stats = textOf(await client.call("INFO", "commandstats")) ?? "";
      const latencies = textOf(await client.call("INFO", "latencystats")) ?? "";
      const names = [...latencies.matchAll(/^(\w+):p50=[\d.]+,p99=[\d.]+,p99\.9=[\d.]+\r$/gm)];
      return [stats, names.map(([, name]) => name as string).sort()];
    };
    await right.call("DEL", "list");
    await right.call("RPUSH", "list", "x");
    const [stats, latencies] = await ask(right);
    const line = (name: string): string =>
      new RegExp(`^cmdstat_${name}:.*`, "m").exec(stats)?.[0] ?? "";
    assert.match(
      line("get"),
      /calls=11,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=1,failed_calls=0/,
    );
    assert.match(line("incr"), /calls=1,.*failed_calls=1/);
    const sleptUs = Number(/usec=(\d+)/.exec(line("debug"))?.[1]);
    assert.ok(sleptUs >= 50_000, `${sleptUs} µs`);
    await right.call("CONFIG", "SET", "latency-tracking", "no");
    assert.equal(textOf(await right.call("INFO", "latencystats")), "# Latencystats\r\n");
    await right.call("CONFIG", "SET", "latency-tracking", "yes");
    if (!redisServerOrSkip(t, "INFO latencystats")) return;
    await left.call("DEL", "list");
    await left.call("RPUSH", "list", "x");
    const known = (name: string): boolean => !/config|debug/.test(name);
    assert.deepEqual(latencies.filter(known), (await ask(left))[1].filter(known));
  });

  test("INFO's figures are true", async () => {
    const figure = async (name: string) => {
      const text = textOf(await right.call("INFO", "everything")) ?? "";
      return new RegExp(`^${name}:(.*)\\r$`, "m").exec(text)?.[1];
    };
    await right.call("FLUSHALL");
    await right.call("CONFIG", "RESETSTAT");
    await right.call("SET", "k", "v");
    await right.call("SET", "e", "v", "EX", "100");
    await right.call("GET", "k");
    await right.call("GET", "nothing");
    assert.equal(await figure("keyspace_hits"), "1");
    assert.equal(await figure("keyspace_misses"), "1");
    assert.match((await figure("db0")) ?? "", /^keys=2,expires=1,avg_ttl=\d+,subexpiry=0$/);
    assert.equal(await figure("connected_clients"), "1");
    await right.call("SET", "gone", "v", "PX", "1");
    await new Promise((resolve) => setTimeout(resolve, 10));
    await right.call("GET", "gone");
    assert.equal(await figure("expired_keys"), "1");
    const empty = Number(await figure("used_memory"));
    await right.call("SETRANGE", "big", "10000000", "x");
    assert.ok(Number(await figure("used_memory")) > empty + 10_000_000);
    await right.call("DEL", "big");
    assert.ok(Number(await figure("used_memory")) < empty + 1_000_000);
    await right.call("BOGUS");
    assert.match((await figure("errorstat_ERR")) ?? "", /^count=1/);
    assert.match((await figure("cmdstat_set")) ?? "", /^calls=3,/);
  });
});
