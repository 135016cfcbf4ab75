// Where the keys of commands are, beside redis-server: the key specifications of every command and
// subcommand that both have, byte for byte, and those of rows that no command here has yet.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { replyInfo } from "../../src/commands/server/describe-command.ts";
import { CompiledCommand } from "../../src/engine/command.ts";
import { keyRows, wordsOf } from "../../src/engine/key-specs-test-support.ts";
import { ReplyWriter } from "../../src/protocol/reply-writer.ts";
import type { Client } from "../support/client.ts";
import { itemsOf, type Reply, ReplyParser, show, textOf } from "../support/resp.ts";
import {
  hasProgram,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";

/** first, last, step, movablekeys and key specifications of one row of COMMAND INFO. */
function keysOf(row: Reply): string {
  const items = itemsOf(row) as Reply[];
  const flags = itemsOf(items[2] as Reply).map((each) => textOf(each));
  const range = items.slice(3, 6).map((each) => textOf(each));
  const movable = flags.includes("movablekeys") ? " movable" : "";
  return `${range.join(" ")}${movable} ${show(items[8] as Reply)}`;
}

/** The rows of COMMAND by name, subcommands among them. */
function rowsOf(reply: Reply): Map<string, string> {
  const rows = new Map<string, string>();
  const add = (row: Reply): void => {
    const items = itemsOf(row) as Reply[];
    rows.set(textOf(items[0] as Reply) as string, keysOf(row));
    itemsOf(items[9] as Reply).forEach(add);
  };
  itemsOf(reply).forEach(add);
  return rows;
}

/** COMMAND GETKEYSANDFLAGS' reply as the made-up rows write it. */
function keysAndFlags(reply: Reply): string {
  if (reply.type === "error") return "";
  const keys = itemsOf(reply).map((pair) => {
    const [key, flags] = itemsOf(pair) as [Reply, Reply];
    return `${textOf(key)} ${itemsOf(flags)
      .map((flag) => textOf(flag))
      .join(" ")}`;
  });
  return keys.join(", ");
}

describe("key specifications", () => {
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

  test("every command's and subcommand's are Redis's", async (t) => {
    if (!redisServerOrSkip(t, "COMMAND")) return;
    const expected = rowsOf(await left.call("COMMAND"));
    const got = rowsOf(await right.call("COMMAND"));
    const common = [...got.keys()].filter((name) => expected.has(name));
    assert.ok(common.length > 150);
    const line = (rows: Map<string, string>) => (name: string) => `${name} ${rows.get(name)}`;
    assert.deepEqual(common.map(line(got)), common.map(line(expected)));
  });

  test("made-up rows are described as Redis describes its commands", async (t) => {
    if (!redisServerOrSkip(t, "COMMAND INFO")) return;
    for (const { name, keys, findKeys } of keyRows) {
      const command = new CompiledCommand({
        name,
        arity: -1,
        flags: "",
        keys,
        findKeys,
        group: "generic",
        since: "1.0.0",
        complexity: "",
        summary: "",
      });
      const writer = new ReplyWriter();
      writer.protocol = 3;
      replyInfo(writer, command);
      const parser = new ReplyParser();
      parser.push(writer.bytes.slice(0, writer.length));
      const row = itemsOf(await left.call("COMMAND", "INFO", name))[0] as Reply;
      assert.equal(keysOf(parser.next() as Reply), keysOf(row), name);
    }
  });

  test("the keys of requests of made-up rows are those that Redis finds", async (t) => {
    if (!redisServerOrSkip(t, "COMMAND GETKEYSANDFLAGS")) return;
    for (const { requests } of keyRows) {
      for (const [request, expected] of Object.entries(requests)) {
        const reply = await left.call("COMMAND", "GETKEYSANDFLAGS", ...wordsOf(request));
        assert.equal(keysAndFlags(reply), expected, request);
      }
    }
  });
});
