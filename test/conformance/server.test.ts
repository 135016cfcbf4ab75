// The server's own commands beside redis-server: DEBUG, MODULE, CLUSTER, MEMORY, LOLWUT and those
// about replicas, what INFO has fields for, and what CLIENT LIST counts.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../support/client.ts";
import { itemsOf, type Reply, show, textOf } from "../support/resp.ts";
import { family, script } from "../support/scenario.ts";
import {
  RUNTIMES,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
  temporaryFolder,
} from "../support/servers.ts";

family("clusters, modules and replicas that are not there", {
  "CLUSTER and its clients' commands": script`
    CLUSTER
    CLUSTER INFO
    CLUSTER INFO x
    CLUSTER HELP
    CLUSTER NODES
    CLUSTER MYID
    CLUSTER SLOTS
    CLUSTER SHARDS
    CLUSTER LINKS
    CLUSTER KEYSLOT
    CLUSTER KEYSLOT a b
    CLUSTER COUNTKEYSINSLOT 1
    CLUSTER GETKEYSINSLOT 1 x
    CLUSTER ADDSLOTS
    CLUSTER ADDSLOTS 1 2 3
    CLUSTER ADDSLOTSRANGE 1
    CLUSTER ADDSLOTSRANGE 1 2 3
    CLUSTER DELSLOTS 1
    CLUSTER DELSLOTSRANGE 1 2
    CLUSTER FLUSHSLOTS
    CLUSTER BUMPEPOCH
    CLUSTER SAVECONFIG
    CLUSTER SET-CONFIG-EPOCH 1
    CLUSTER SETSLOT 1 STABLE
    CLUSTER SETSLOT 1
    CLUSTER MEET 127.0.0.1
    CLUSTER MEET 127.0.0.1 7000
    CLUSTER FORGET x
    CLUSTER REPLICATE x
    CLUSTER REPLICAS x
    CLUSTER SLAVES x
    CLUSTER FAILOVER
    CLUSTER FAILOVER FORCE
    CLUSTER RESET
    CLUSTER RESET HARD
    CLUSTER COUNT-FAILURE-REPORTS x
    CLUSTER NOTHING
    READONLY
    READONLY x
    READWRITE
    ASKING
    MULTI
    ASKING
    CLUSTER INFO
    CLUSTER NOTHING
    EXEC
    MULTI
    READONLY
    EXEC
  `,

  MODULE: script`
    MODULE
    MODULE LIST
    MODULE LIST x
    MODULE LOAD
    MODULE LOAD x
    MODULE LOAD x a b
    MODULE LOADEX x CONFIG a b ARGS c
    MODULE UNLOAD
    MODULE UNLOAD x
    MODULE NOTHING
    MULTI
    MODULE LOAD x
    EXEC
    MULTI
    MODULE LIST
    EXEC
    COMMAND LIST FILTERBY MODULE x
    SUBSCRIBE a
    MODULE LOAD x
    b> CONFIG SET requirepass secret
    b> RESET
    b> MODULE UNLOAD x
    b> MODULE LIST
    b> AUTH secret
    b> CONFIG SET requirepass ""
  `,

  "databases that SWAPDB is given": script`
    SWAPDB 0 -1
    SWAPDB -1 0
    SWAPDB -1 x
    SWAPDB x -1
    SWAPDB 0 16
    SWAPDB 16 x
    SWAPDB -2147483648 0
    SWAPDB -2147483649 0
    SWAPDB 0 2147483648
    SWAPDB 0 9223372036854775808
    SWAPDB 0 0
  `,

  "texts of directives": script`
    CONFIG SET proc-title-template "\r\n"
    CONFIG SET proc-title-template " "
    CONFIG SET proc-title-template "{title} {listen-addr} {server-mode}"
    CONFIG SET latency-tracking-info-percentiles "3.14159265358979 99.9999999 50.5 0.0000001"
    CONFIG GET latency-tracking-info-percentiles
    CONFIG SET latency-tracking-info-percentiles "50 99 99.9"
    CONFIG SET masteruser "\xff"
    = directives-utf8 -ERR CONFIG SET failed (possibly related to argument 'masteruser') - argument must be UTF-8
    CONFIG SET hz "\xff"
    CONFIG SET appendfsync "\xff"
    CONFIG SET nothing "\xff"
    CONFIG SET masteruser "\xc3\xa9"
    CONFIG GET masteruser
    CONFIG SET masteruser ""
    CONFIG SET notify-keyspace-events gxn
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events dK
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events Eg$lshzxet
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events mEKn$
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events nAKm
    CONFIG GET notify-keyspace-events
    =2 new-events ["notify-keyspace-events", "AnKm"]
    =3 new-events {"notify-keyspace-events": "AnKm"}
    CONFIG SET notify-keyspace-events ""
  `,

  "REPLICAOF NO ONE": script`
    REPLICAOF NO ONE
    SLAVEOF no one
    REPLICAOF
    REPLICAOF NO
    REPLICAOF NO ONE x
    REPLICAOF host x
    REPLICAOF host -1
    REPLICAOF host 65536
    ROLE
    MULTI
    REPLICAOF NO ONE
    EXEC
  `,

  "WAIT without replicas": script`
    WAIT
    WAIT 0
    WAIT 0 0
    WAIT -1 0
    WAIT 1 10
    WAIT 99 1
    WAIT x 0
    WAIT 0 9223372036854776
    WAIT 0 9007199254740993
    WAIT 0 9223372036854775808
    WAIT 0 -9223372036854775808
    WAIT 0 x
    WAIT 0 -1
    WAIT 0 1.5
    WAIT 9223372036854775807 1
    WAIT 9223372036854775808 1
    SET k v
    WAIT 1 5
    MULTI
    SET k w
    WAIT 1 0
    WAIT 0 0
    GET k
    EXEC
    a>> WAIT 1 0
    b> CLIENT UNBLOCK {id:a}
    a<
    a>> WAIT 1 0
    b> CLIENT UNBLOCK {id:a} ERROR
    a<
    a>> WAIT 3 20
    a<
  `,

  "MEMORY and LOLWUT": script`
    MEMORY
    MEMORY NOTHING
    MEMORY STATS x
    MEMORY PURGE x
    MEMORY PURGE
    MEMORY DOCTOR x
    MEMORY MALLOC-STATS x
    ? MEMORY DOCTOR
    ? MEMORY MALLOC-STATS
    ? MEMORY STATS
    ? LOLWUT
    ? LOLWUT x
    ? LOLWUT VERSION
    ? LOLWUT VERSION 5 1 1 1
    ? LOLWUT VERSION 6 0 100000
    LOLWUT VERSION x
    LOLWUT VERSION 99999999999999999999
    LOLWUT VERSION 5 x
    LOLWUT VERSION 5 1 x
    LOLWUT VERSION 6 1 x
  `,
});

/** A server of each kind, with DEBUG for everybody. */
const ARGS = ["--enable-debug-command", "yes", "--enable-module-command", "yes"];

const DEBUG_LINES = [
  "DEBUG",
  "DEBUG NOTHING",
  "DEBUG ERROR",
  "DEBUG ERROR abc",
  'DEBUG ERROR "ERR some text"',
  'DEBUG ERROR "MOVED 1 127.0.0.1:7000"',
  'DEBUG ERROR "a\r\nb\\n"',
  'DEBUG ERROR ""',
  "DEBUG ERROR a b",
  "DEBUG CHANGE-REPL-ID",
  "DEBUG CHANGE-REPL-ID x",
  "DEBUG LOG hello",
  "DEBUG LOG",
  "DEBUG PAUSE-CRON 1",
  "DEBUG PAUSE-CRON 0",
  "DEBUG PAUSE-CRON",
  "DEBUG QUICKLIST-PACKED-THRESHOLD 0",
  "DEBUG QUICKLIST-PACKED-THRESHOLD 100b",
  "DEBUG QUICKLIST-PACKED-THRESHOLD 1mb",
  "DEBUG QUICKLIST-PACKED-THRESHOLD 4gb",
  "DEBUG QUICKLIST-PACKED-THRESHOLD x",
  "DEBUG QUICKLIST-PACKED-THRESHOLD -1",
  "DEBUG REPLYBUFFER PEAK-RESET-TIME never",
  "DEBUG REPLYBUFFER PEAK-RESET-TIME 100",
  "DEBUG REPLYBUFFER PEAK-RESET-TIME x",
  "DEBUG REPLYBUFFER PEAK-RESET-TIME reset",
  "DEBUG REPLYBUFFER RESIZING 0",
  "DEBUG REPLYBUFFER RESIZING 1",
  "DEBUG REPLYBUFFER RESIZING",
  "DEBUG REPLYBUFFER x 1",
  "DEBUG HTSTATS",
  "DEBUG HTSTATS x",
  "DEBUG HTSTATS 99",
  "DEBUG HTSTATS -1",
  "DEBUG HTSTATS-KEY nothing",
  "DEBUG LISTPACK",
  "DEBUG LISTPACK nothing",
  "DEBUG QUICKLIST nothing",
  "DEBUG QUICKLIST nothing 1 2",
  "DEBUG SDSLEN nothing",
  "DEBUG SDSLEN",
  "DEBUG OBJECT nothing",
  "DEBUG OBJECT",
  "SET k v",
  "RPUSH l a b 3",
  "SADD s a b 3",
  "HSET h a b 3 -4",
  "PEXPIREAT h 99999999999999",
  "DEBUG DIGEST",
  "DEBUG DIGEST x",
  "DEBUG DIGEST-VALUE k l s h nothing",
  "DEBUG DIGEST-VALUE",
  "SAVE",
  "SAVE x",
  "DEBUG RELOAD",
  "DEBUG DIGEST",
  "SET k w",
  "DEBUG RELOAD MERGE NOFLUSH NOSAVE",
  "DEBUG DIGEST",
  "SET other 1",
  "debug reload nosave",
  "EXISTS other",
  "DEBUG RELOAD NOFLUSH NOSAVE MERGE NOSAVE NOSAVE",
  "DEBUG RELOAD BOGUS",
  "DEBUG RELOAD NOSAVE BOGUS",
  "MULTI",
  "SAVE",
  "EXEC",
  "DEBUG LISTPACK h",
  "DEBUG QUICKLIST h 1",
  "DEBUG SDSLEN h",
  "DEL l s h",
  "DEBUG HTSTATS-KEY k",
  "DEBUG LISTPACK k",
  "DEBUG QUICKLIST k",
  "DEBUG POPULATE",
  "DEBUG POPULATE x",
  "DEBUG POPULATE -1",
  "DEBUG POPULATE 1 p x",
  "DEBUG POPULATE 1 2 3 4",
  "DEBUG POPULATE 0",
  "DEBUG POPULATE 20",
  "DEBUG POPULATE 3 p 3",
  "DEBUG POPULATE 5 p 10",
  "DBSIZE",
  "MGET key:0 key:19 p:0 p:2 p:3",
  "WATCH q:0",
  "DEBUG POPULATE 1 q",
  "MULTI",
  "EXEC",
  "MULTI",
  "DEBUG ERROR x",
  "SET k w",
  "EXEC",
  "MODULE LOAD x",
  "MODULE LOADEX x y",
  "MODULE UNLOAD x",
  "MULTI",
  "MODULE UNLOAD x",
  "EXEC",
];

/** INFO's fields and their values. */
async function info(client: Client, ...sections: string[]): Promise<Map<string, string>> {
  const text = textOf(await client.call("INFO", ...sections)) ?? "";
  return new Map(
    [...text.matchAll(/^([^#:\r\n]+):(.*)\r$/gm)].map(([, name, value]) => [
      name as string,
      value as string,
    ]),
  );
}

/** The fields of a line of CLIENT LIST. */
function clientFields(reply: Reply, id: string): Map<string, string> {
  const lines = (textOf(reply) ?? "").split("\n");
  const line = lines.find((each) => each.startsWith(`id=${id} `)) ?? "";
  return new Map(line.split(" ").map((pair) => pair.split("=") as [string, string]));
}

for (const runtime of RUNTIMES) {
  describe(`the server on ${runtime}`, () => {
    let ours: Server;
    let client: Client;
    before(async () => {
      ours = await startOurServer({ runtime, args: ARGS });
      client = await ours.connect();
    });
    after(async () => {
      client.close();
      await ours.stop();
    });

    test("DEBUG answers as redis-server does", async (t) => {
      if (!redisServerOrSkip(t, "DEBUG")) return;
      const theirs = await startRedisServer({ args: ARGS });
      t.after(() => theirs.stop());
      const left = await theirs.connect();
      for (const line of DEBUG_LINES) {
        assert.equal(show(await client.line(line)), show(await left.line(line)), line);
      }
      assert.match(ours.output, /DEBUG LOG: hello/);
      await client.call("DEL", ...Array.from({ length: 20 }, (_, i) => `key:${i}`));
      await client.call("DEL", "p:0", "p:1", "p:2", "p:3", "p:4", "q:0");
      const before = (await info(client)).get("master_replid");
      await client.line("DEBUG CHANGE-REPL-ID");
      const after = (await info(client)).get("master_replid");
      assert.match(after ?? "", /^[0-9a-f]{40}$/);
      assert.notEqual(after, before);
      assert.match(show(await client.line("DEBUG OBJECT k")), /encoding:embstr .*seconds_idle:\d/);
      await client.call("HSET", "h", ...Array.from({ length: 2000 }, (_, i) => String(i)));
      assert.match(show(await client.line("DEBUG HTSTATS-KEY h")), /number of elements: 1000/);
      assert.match(show(await client.line("DEBUG HTSTATS 0")), /number of elements: 2/);
    });

    test("LOLWUT ends with the version", async () => {
      for (const words of [[], ["VERSION", "5"], ["VERSION", "6", "40", "10"], ["x"]]) {
        const text = textOf(await client.call("LOLWUT", ...words)) ?? "";
        assert.match(text, /\n.*Redis ver\. 7\.4\.0\n$/);
        assert.ok(text.split("\n").length > 3);
      }
      const sized = textOf(await client.call("LOLWUT", "VERSION", "5", "7", "1", "3")) ?? "";
      // A character of Braille has three bytes.
      assert.deepEqual(
        sized.split("\n").map((line) => line.length),
        [21, 21, 21, 0, "Waves that meet. Redis ver. 7.4.0".length, 0],
      );
    });

    test("INFO has every field that redis-server has", async (t) => {
      if (!redisServerOrSkip(t, "fields of INFO")) return;
      const theirs = await startRedisServer({ args: ["--appendonly", "yes"] });
      t.after(() => theirs.stop());
      const logged = await startOurServer({ runtime, args: ["--appendonly", "yes"] });
      t.after(() => logged.stop());
      const [left, right] = [await theirs.connect(), await logged.connect()];
      for (const each of [left, right]) {
        await each.call("SET", "k", "v");
        await each.call("BOGUS");
      }
      const expected = [...(await info(left, "everything")).keys()];
      const got = await info(right, "everything");
      const isOfFacts = (name: string): boolean => name.startsWith("latency_percentiles_usec_");
      assert.deepEqual(
        expected.filter((name) => !got.has(name) && !isOfFacts(name)),
        [],
      );
      for (const [name, value] of got) {
        assert.ok(!/NaN|undefined|null|Infinity/.test(value), `${name}:${value}`);
      }
    });

    test("INFO counts what goes over the network as redis-server does", async (t) => {
      if (!redisServerOrSkip(t, "figures of the network")) return;
      const theirs = await startRedisServer({ args: ARGS });
      t.after(() => theirs.stop());
      const left = await theirs.connect();
      const counted = async (each: Client) => {
        await each.call("CONFIG", "RESETSTAT");
        for (let i = 0; i < 5; i++) await each.call("PING");
        await each.call("ECHO", "x".repeat(1000));
        await each.call("BOGUS");
        await each.call("GET");
        await each.call("AUTH", "default", "wrong");
        const found = await info(each, "stats");
        return [
          "total_reads_processed",
          "total_writes_processed",
          "total_net_input_bytes",
          "total_commands_processed",
          "total_error_replies",
          "unexpected_error_replies",
          "total_forks",
        ].map((name) => `${name}:${found.get(name)}`);
      };
      assert.deepEqual(await counted(client), await counted(left));
    });

    test("INFO memory adds up, and is what MEMORY STATS says", async () => {
      const figures = await info(client, "memory");
      const number = (name: string): number => Number(figures.get(name));
      assert.ok(number("used_memory_startup") > 0);
      const { used_memory_overhead: overhead } = Object.fromEntries(figures);
      assert.equal(number("used_memory"), number("used_memory_dataset") + Number(overhead));
      assert.ok(number("used_memory") <= number("used_memory_peak"));
      assert.equal(
        number("used_memory") - number("mem_not_counted_for_evict"),
        number("used_memory_startup") + number("used_memory_dataset"),
      );
      const items = itemsOf(await client.call("MEMORY", "STATS")).map((each) => textOf(each));
      const stats = new Map<string, number>();
      for (let i = 0; i < items.length; i += 2) stats.set(items[i] ?? "", Number(items[i + 1]));
      assert.equal(stats.get("startup.allocated"), number("used_memory_startup"));
      assert.equal(stats.get("keys.count"), 2);
      assert.equal(stats.get("dataset.bytes"), number("used_memory_dataset"));
    });

    test("maxmemory limits what is used and counted", async () => {
      await client.call("FLUSHALL");
      await client.line("CONFIG SET maxmemory 1mb");
      let reply: Reply = { type: "null" };
      for (let i = 0; i < 200 && reply.type !== "error"; i++) {
        reply = await client.call("SET", `k${i}`, "x".repeat(10_000));
      }
      assert.match(show(reply), /^-OOM/);
      const figures = await info(client, "memory");
      const counted =
        Number(figures.get("used_memory")) - Number(figures.get("mem_not_counted_for_evict"));
      assert.ok(counted > 1_000_000 && counted < 1_048_576 + 20_000, String(counted));
      await client.line("CONFIG SET maxmemory 0");
      await client.call("FLUSHALL");
    });

    test("CLIENT LIST counts what waits for a client", async () => {
      const slow = await ours.connect();
      const id = textOf(await slow.call("CLIENT", "ID")) ?? "";
      const fields = async () => clientFields(await client.call("CLIENT", "LIST"), id);
      const own = clientFields(
        await client.call("CLIENT", "LIST"),
        textOf(await client.call("CLIENT", "ID")) ?? "",
      );
      assert.equal(own.get("qbuf"), "26");
      assert.equal(own.get("argv-mem"), "10");
      assert.equal((await fields()).get("qbuf"), "0");
      const rest = Number((await fields()).get("tot-mem"));
      assert.ok(rest > 0);

      // A request that is not whole.
      slow.write(`*2\r\n$4\r\nECHO\r\n$100000\r\n${"x".repeat(1000)}`);
      await until(async () => (await fields()).get("qbuf") === "1023");
      assert.ok(Number((await fields()).get("qbuf-free")) > 0);
      assert.ok(Number((await fields()).get("tot-mem")) > rest + 1023);
      slow.write(`${"x".repeat(99_000)}\r\n`);
      await slow.read();
      assert.equal((await fields()).get("qbuf"), "0");

      // A transaction.
      await slow.call("MULTI");
      await slow.call("SET", "k", "x".repeat(5000));
      assert.equal((await fields()).get("multi-mem"), String(5000 + 4));
      assert.ok(Number((await fields()).get("tot-mem")) > rest + 5000);
      await slow.call("DISCARD");
      assert.equal((await fields()).get("multi-mem"), "0");

      // Replies that nobody reads.
      await client.call("SET", "big", "x".repeat(1_000_000));
      slow.socket.pause();
      for (let i = 0; i < 20; i++) slow.send("GET", "big");
      await until(async () => Number((await fields()).get("omem")) > 1_000_000);
      const stuck = await fields();
      assert.ok(Number(stuck.get("oll")) > 0);
      assert.equal(stuck.get("events"), "rw");
      assert.ok(Number(stuck.get("tot-mem")) >= rest + Number(stuck.get("omem")));
      const figures = await info(client);
      assert.ok(Number(figures.get("client_recent_max_output_buffer")) > 1_000_000);
      assert.ok(Number(figures.get("mem_clients_normal")) > 1_000_000);
      slow.close();
      await until(async () => (await info(client)).get("mem_clients_normal") === "0");

      // A client that waits.
      const waiting = await ours.connect();
      const other = textOf(await waiting.call("CLIENT", "ID")) ?? "";
      waiting.send("BLPOP", "queue", "0");
      await until(async () => {
        const listed = clientFields(await client.call("CLIENT", "LIST"), other);
        return listed.get("flags") === "b" && listed.get("argv-mem") === "11";
      });
      waiting.close();
    });

    test("WAITAOF means the disk", async (t) => {
      const none = [
        ["WAITAOF 1 0 0", "-ERR WAITAOF cannot be used when numlocal is set but appendonly"],
        ["WAITAOF 0 0 0", "[:0, :0]"],
        ["WAITAOF 2 0 0", "-ERR value is out of range, value must between 0 and 1"],
        ["WAITAOF x 0 0", "-ERR value is not an integer or out of range"],
        ["WAITAOF 0 -1 0", "-ERR value is out of range, must be positive"],
        ["WAITAOF 0 0 -1", "-ERR timeout is negative"],
        ["WAITAOF 0 0 x", "-ERR timeout is not an integer or out of range"],
      ];
      for (const [line, reply] of none) {
        const text = show(await client.line(line as string));
        assert.ok(text.startsWith(reply as string), `${line}: ${text}`);
      }
      for (const policy of ["no", "everysec", "always"]) {
        const dir = temporaryFolder();
        const args = ["--appendonly", "yes", "--appendfsync", policy];
        const logged = await startOurServer({ runtime, dir, args });
        t.after(() => logged.stop());
        const other = await logged.connect();
        const replies = await other.pipeline([
          ["SET", "k", "v"],
          ["WAITAOF", "1", "0", "0"],
          ["WAITAOF", "1", "1", "10"],
          ["MULTI"],
          ["SET", "k", "w"],
          ["WAITAOF", "1", "0", "0"],
          ["EXEC"],
        ]);
        assert.equal(show(replies[1] as Reply), "[:1, :0]", policy);
        assert.equal(show(replies[2] as Reply), "[:1, :0]", policy);
        assert.match(show(replies[6] as Reply), /^\[\+OK, \[:[01], :0\]\]$/);
        other.close();
        await logged.stop("SIGKILL");
      }
    });
  });
}

/** Waits until something is so; the test's own limit is what fails it. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await condition()) return;
    await pause(5);
  }
  assert.fail("waited for in vain");
}
