// The replies below that came from redis-server 7.0.15 were recorded there; where 7.2 differs,
// 7.2's are here.

import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text } from "../../base/bytes.ts";
import { CommandTable } from "../../engine/command-table.ts";
import type { Command } from "../../engine/context.ts";
import type { EffectSink } from "../../engine/effects.ts";
import { Executor } from "../../engine/executor.ts";
import type { Services } from "../../engine/services.ts";
import { type ClientLink, Session } from "../../engine/session.ts";
import { Keyspace } from "../../keyspace/keyspace.ts";
import { Memory } from "../../memory/memory.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { registerTypes } from "../../types/all-types.ts";
import { ListKind, listsOf } from "../../types/lists.ts";
import { StringKind } from "../../types/strings.ts";
import { listMoveCommands } from "./list-moves.ts";
import { listPopCommands } from "./list-pops.ts";
import { listCommands } from "./lists.ts";

const NOW = 1_700_000_000_000;

/** A string under a key, for WRONGTYPE. */
const put: Command = {
  name: "put",
  arity: 3,
  flags: "write",
  keys: "OW update",
  group: "string",
  since: "",
  complexity: "",
  summary: "",
  handler(c) {
    const { args } = c;
    const { bytes, starts, ends } = args;
    c.keyspace.setString(
      c.db,
      bytes,
      starts[1],
      ends[1],
      StringKind.raw,
      bytes,
      starts[2],
      ends[2],
      -1,
    );
    c.reply.ok();
  },
};

class Client implements ClientLink {
  readonly address = "";
  readonly localAddress = "";
  readonly descriptor = 0;
  readonly inputBytes = 0;
  readonly outputBytes = 0;
  delivered = "";
  deliver(bytes: Uint8Array, start: number, end: number): void {
    this.delivered += latin1Text(bytes, start, end);
  }
  resume(): void {}
  close(): void {}
}

class Fixture {
  readonly executor: Executor;
  readonly keyspace: Keyspace;
  readonly timers: { delayMs: number; callback: () => void }[] = [];
  readonly client = new Client();
  readonly session: Session;
  /** What went to the log, words joined by spaces. */
  effects: string[] = [];

  constructor() {
    const memory = new Memory();
    const keyspace = new Keyspace(memory, 16, Int32Array.of(1, 2, 3, 4));
    this.keyspace = keyspace;
    registerTypes(keyspace);
    const services = {
      setTimer: (delayMs: number, callback: () => void) => {
        this.timers.push({ delayMs, callback });
        return () => {};
      },
      monotonicMs: () => 0,
      writesRefused: () => undefined,
    } as unknown as Services;
    const table = new CommandTable([listCommands, listMoveCommands, listPopCommands, [put]]);
    this.executor = new Executor(table, keyspace, services);
    this.executor.setNow(NOW);
    const append: EffectSink["append"] = (bytes, start, end) => {
      const words = latin1Text(bytes, start, end).split("\r\n");
      this.effects.push(words.filter((_, i) => i > 0 && i % 2 === 0).join(" "));
    };
    this.executor.context.effects.addSink({
      selectDatabase: () => {},
      append,
      borrow: append,
      take: () => {},
      sizeBytes: 0,
      shorten: () => {},
    });
    this.session = new Session(1, NOW, this.client);
  }

  /** Executes the words of a line and returns the reply as it goes over the wire. */
  call(line: string, session = this.session): string {
    const args = new Arguments();
    args.fill(line.split(" ").map((word) => (word === "''" ? "" : word)));
    const { context } = this.executor;
    context.reply.length = 0;
    this.executor.execute(session, args);
    this.keyspace.verify();
    return latin1Text(context.reply.bytes, 0, context.reply.length);
  }

  kindOf(key: string): number {
    const bytes = new TextEncoder().encode(key);
    return this.keyspace.records.kind(this.keyspace.find(0, bytes, 0, bytes.length));
  }
}

/** "a 1 (nil)" and so on, from the bytes of a RESP2 reply. */
function plain(reply: string): string {
  const lines = reply.split("\r\n");
  const words: string[] = [];
  for (let i = 0; i < lines.length - 1; i++) {
    const line = lines[i];
    if (line === "$-1") words.push("nil");
    else if (line === "*-1") words.push("nil-array");
    else if (line === "*0") words.push("empty");
    else if (line[0] === "$") words.push(lines[++i]);
    else if (line[0] !== "*") words.push(line);
  }
  return words.join(" ");
}

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER = "-ERR value is not an integer or out of range";
const NOT_POSITIVE = "-ERR value is out of range, must be positive";
const RANK_ZERO =
  "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use " +
  "negative to start from the end of the list";

const transcript: [command: string, reply: string][] = [
  ["put str x", "+OK"],
  ["lpush str 1", WRONG_TYPE],
  ["lpush", "-ERR wrong number of arguments for 'lpush' command"],
  ["lpushx nokey 1", ":0"],
  ["lpushx str 1", WRONG_TYPE],
  ["rpush l a b c d e", ":5"],
  ["lpop nokey", "nil"],
  ["lpop nokey 0", "nil-array"],
  ["lpop nokey 2", "nil-array"],
  ["lpop nokey -1", NOT_POSITIVE],
  ["lpop l 0", "empty"],
  ["lpop l -1", NOT_POSITIVE],
  ["lpop l abc", NOT_POSITIVE],
  ["lpop l 9223372036854775808", NOT_POSITIVE],
  ["lpop l 1 2", "-ERR wrong number of arguments for 'lpop' command"],
  ["rpop l 1 2", "-ERR wrong number of arguments for 'rpop' command"],
  ["lpop str 1", WRONG_TYPE],
  ["lpop str", WRONG_TYPE],
  ["lpop str -1", NOT_POSITIVE],
  ["lrange l 0 -1", "a b c d e"],
  ["lrange l -3 3", "c d"],
  ["lrange l 5 10", "empty"],
  ["lrange l 3 2", "empty"],
  ["lrange l 0 -6", "empty"],
  ["lrange l a 1", NOT_INTEGER],
  ["lrange l 0 9223372036854775808", NOT_INTEGER],
  ["lrange l -9223372036854775808 9223372036854775807", "a b c d e"],
  ["lrange nokey a 1", NOT_INTEGER],
  ["lrange nokey 0 1", "empty"],
  ["lrange str 0 1", WRONG_TYPE],
  ["llen str", WRONG_TYPE],
  ["llen nokey", ":0"],
  ["llen l", ":5"],
  ["lindex l 10", "nil"],
  ["lindex l -1", "e"],
  ["lindex l a", NOT_INTEGER],
  ["lindex nokey a", "nil"],
  ["lindex str a", WRONG_TYPE],
  ["lset nokey 0 a", "-ERR no such key"],
  ["lset nokey a a", "-ERR no such key"],
  ["lset l 10 a", "-ERR index out of range"],
  ["lset l a a", NOT_INTEGER],
  ["lset str a a", WRONG_TYPE],
  ["linsert l foo a b", "-ERR syntax error"],
  ["linsert nokey before a b", ":0"],
  ["linsert l before zz b", ":-1"],
  ["linsert l BEFORE a b", ":6"],
  ["linsert l After a b", ":7"],
  ["linsert str after a b", WRONG_TYPE],
  ["lrange l 0 -1", "b a b b c d e"],
  ["lrem l a a", NOT_INTEGER],
  ["lrem nokey a a", NOT_INTEGER],
  ["lrem l -1 b", ":1"],
  ["lrange l 0 -1", "b a b c d e"],
  ["lrem l 0 b", ":2"],
  ["lrem l 0 zz", ":0"],
  ["lrem str 0 zz", WRONG_TYPE],
  ["ltrim l a 1", NOT_INTEGER],
  ["ltrim nokey 0 1", "+OK"],
  ["ltrim l 1 2", "+OK"],
  ["lrange l 0 -1", "c d"],
  ["ltrim str 1 2", WRONG_TYPE],
  ["ltrim l 5 6", "+OK"],
  ["llen l", ":0"],
  ["rpush p a b c 1 2 3 c c", ":8"],
  ["lpos p c", ":2"],
  ["lpos p c rank 0", RANK_ZERO],
  ["lpos p c rank -1", ":7"],
  ["lpos p c rank 2 count 0", ":6 :7"],
  ["lpos p c count 2 rank -1", ":7 :6"],
  ["lpos p c count -1", "-ERR COUNT can't be negative"],
  ["lpos p c maxlen -1", "-ERR MAXLEN can't be negative"],
  ["lpos p c maxlen 2", "nil"],
  ["lpos p c count 0 maxlen 3", ":2"],
  ["lpos p 2", ":4"],
  ["lpos p zz", "nil"],
  ["lpos p zz count 0", "empty"],
  ["lpos nokey zz count 0", "empty"],
  ["lpos nokey zz", "nil"],
  ["lpos p c rank a", NOT_INTEGER],
  [
    "lpos p c rank -9223372036854775808",
    "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
  ],
  ["lpos p c rank -9223372036854775807", "nil"],
  ["lpos p c foo 1", "-ERR syntax error"],
  ["lpos p c rank", "-ERR syntax error"],
  ["lpos str c", WRONG_TYPE],
  ["lpos str c rank 0", RANK_ZERO],
  ["lmove p q foo left", "-ERR syntax error"],
  ["lmove nokey q left left", "nil"],
  ["lmove p str left left", WRONG_TYPE],
  ["lmove nokey str left left", "nil"],
  ["lmove str q left left", WRONG_TYPE],
  ["lmove p q left right", "a"],
  ["lmove p p left right", "b"],
  ["rpoplpush p q", "b"],
  ["rpoplpush nokey q", "nil"],
  ["lrange p 0 -1", "c 1 2 3 c c"],
  ["lrange q 0 -1", "b a"],
  ["lmpop 0 p left", "-ERR numkeys should be greater than 0"],
  ["lmpop a p left", "-ERR numkeys should be greater than 0"],
  ["lmpop 1 p foo", "-ERR syntax error"],
  ["lmpop 2 p left", "-ERR syntax error"],
  ["lmpop 1 p left count 0", "-ERR count should be greater than 0"],
  ["lmpop 1 p left count a", "-ERR count should be greater than 0"],
  ["lmpop 1 p left count 2", "p c 1"],
  ["lmpop 1 p left count 2 count 3", "-ERR syntax error"],
  ["lmpop 1 p left foo 2", "-ERR syntax error"],
  ["lmpop 2 nokey p right", "p c"],
  ["lmpop 2 nokey str right", WRONG_TYPE],
  ["lmpop 1 nokey left", "nil-array"],
  ["blpop nokey -1", "-ERR timeout is negative"],
  ["blpop nokey a", "-ERR timeout is not a float or out of range"],
  ["blpop nokey 1e308", "-ERR timeout is out of range"],
  ["blpop nokey 9223372036854775807", "-ERR timeout is out of range"],
  ["blpop nokey p 0.1", "p 2"],
  ["blpop str 0.1", WRONG_TYPE],
  ["brpop q 0", "q a"],
  ["blmove nokey d foo right -1", "-ERR syntax error"],
  ["blmove nokey d left right -1", "-ERR timeout is negative"],
  ["blmove p str left left 1", WRONG_TYPE],
  ["blmove p d left left 1", "3"],
  ["blmpop 0.1 2 nokey p left count 10", "p c"],
  ["blmpop a 1 nokey left", "-ERR timeout is not a float or out of range"],
  ["blmpop -1 1 nokey left", "-ERR timeout is negative"],
  ["blmpop 0.1 0 nokey left", "-ERR numkeys should be greater than 0"],
  ["blmpop 0.0001 1 nokey left count 0", "-ERR count should be greater than 0"],
  ["rpush e ''", ":1"],
  ["lpop e", ""],
];

test("replies and errors are those of Redis", () => {
  const fixture = new Fixture();
  for (const [command, reply] of transcript) {
    assert.equal(plain(fixture.call(command)), reply, command);
  }
  assert.equal(fixture.session.waiting, null);
});

test("RESP3 has one null", () => {
  const fixture = new Fixture();
  fixture.session.protocol = 3;
  for (const line of [
    "lpop nokey",
    "lpop nokey 2",
    "lmpop 1 nokey left",
    "lmove nokey d left left",
  ])
    assert.equal(fixture.call(line), "_\r\n");
});

test("the log gets what was done, and nothing when nothing was", () => {
  const fixture = new Fixture();
  for (const line of [
    "rpush a 1 2 3 4 5 6 7 8",
    "lpop nokey",
    "lpop a 0",
    "lrem a 0 zz",
    "lmpop 2 nokey a right count 2",
    "blpop nokey a 0",
    "brpop a 0",
    "blmpop 0 1 a left count 9",
    "rpush a 1 2",
    "blmove a b left right 0",
    "brpoplpush a b 0",
    "lmove b b left left",
    "linsert b before zz 1",
  ]) {
    fixture.call(line);
  }
  assert.deepEqual(fixture.effects, [
    "rpush a 1 2 3 4 5 6 7 8",
    "RPOP a 2",
    "LPOP a",
    "RPOP a",
    "LPOP a 4",
    "rpush a 1 2",
    "LMOVE a b left right",
    "RPOPLPUSH a b",
    "lmove b b left left",
  ]);
});

test("who waits is served first come, first served, and keeps its place meanwhile", () => {
  const fixture = new Fixture();
  const clients = [0, 1, 2].map(() => new Client());
  const sessions = clients.map((client, i) => new Session(10 + i, NOW, client));
  assert.equal(fixture.call("blpop x y 0", sessions[0]), "");
  assert.equal(fixture.call("blmove y z left right 0", sessions[1]), "");
  assert.equal(fixture.call("blmpop 1.5 2 z y right count 5", sessions[2]), "");
  assert.deepEqual(
    fixture.timers.map((timer) => timer.delayMs),
    [1500],
  );
  assert.equal(fixture.call("rpush y 1 2 3"), ":3\r\n");
  assert.equal(plain(clients[0].delivered), "y 1");
  assert.equal(plain(clients[1].delivered), "2");
  // The third finds z first, which the second filled, or y: both have something by now.
  assert.equal(plain(clients[2].delivered), "z 2");
  assert.equal(fixture.call("lrange y 0 -1"), "*1\r\n$1\r\n3\r\n");
  assert.deepEqual(fixture.effects, [
    "rpush y 1 2 3",
    "LPOP y",
    "LMOVE y z left right",
    "RPOP z 1",
  ]);
});

test("time that runs out is answered by a null array, and times round up", () => {
  const fixture = new Fixture();
  assert.equal(fixture.call("blmove nokey d left right 0.0001"), "");
  assert.equal(fixture.timers[0].delayMs, 1);
  fixture.timers[0].callback();
  assert.equal(fixture.client.delivered, "*-1\r\n");
  assert.equal(fixture.session.waiting, null);
});

test("inside a transaction nobody waits", () => {
  const fixture = new Fixture();
  fixture.executor.context.inTransaction = true;
  const replies = [
    "blpop nokey 0",
    "blmove nokey d left right 0",
    "brpoplpush nokey d 0",
    "blmpop 0 1 nokey left",
  ].map((line) => fixture.call(line));
  assert.deepEqual(replies, ["*-1\r\n", "$-1\r\n", "$-1\r\n", "*-1\r\n"]);
});

test("a list changes its encoding as it grows and shrinks", () => {
  const fixture = new Fixture();
  listsOf(fixture).limit = 4;
  fixture.call("rpush l 1 2 3 4");
  assert.equal(fixture.kindOf("l"), ListKind.packed);
  fixture.call("rpush l 5");
  assert.equal(fixture.kindOf("l"), ListKind.chunked);
  fixture.call("ltrim l 0 1");
  assert.equal(fixture.kindOf("l"), ListKind.packed);
});
