// Scripts: what redis.call does in one, how values pass between the two, what reaches the log, and
// what becomes of a script that takes long.

import assert from "node:assert/strict";
import { Figure } from "../../engine/statistics.ts";
import type { TestClient, TestDatabase } from "../test-support.ts";
import { client, test } from "./test-support.ts";

/** Runs a script without keys and returns its reply. */
function run(of: TestClient, script: string, ...words: string[]): unknown {
  return of.call("EVAL", script, "0", ...words);
}

test("keys and arguments are tables of strings", () => {
  const { client: c } = client();
  const script = "return {KEYS[1], ARGV[2], #KEYS, #ARGV, type(ARGV[1])}";
  assert.deepEqual(
    c.call("EVAL", script, "1", "k", "1", "é"),
    ["k", "é", 1, 2, "string"].map(bytes),
  );
  assert.equal(
    c.call("EVAL", "return 1", "2", "k"),
    "-ERR Number of keys can't be greater than number of args",
  );
  assert.equal(c.call("EVAL", "return 1", "-1"), "-ERR Number of keys can't be negative");
  assert.equal(c.call("EVAL", "return 1", "x"), "-ERR value is not an integer or out of range");
});

/** A text as its bytes in UTF-8, each one character, which is how the tests see replies. */
function bytes<V>(value: V): V | string {
  return typeof value === "string" ? Buffer.from(value).toString("latin1") : value;
}

test("values of Lua become replies", () => {
  const { client: c } = client();
  const replies: [string, unknown][] = [
    ["return 3.99", 3],
    ["return -3.99", -3],
    ["return true", 1],
    ["return false", null],
    ["return nil", null],
    ["return", null],
    [
      "return print == nil",
      "-ERR user_script:1: Script attempted to access nonexistent global variable 'print'",
    ],
    ["return redis.call", null],
    ["return {1, 2, nil, 4}", [1, 2]],
    ["return {ok = 'fine'}", "fine"],
    ["return {err = 'MINE it is'}", "-MINE it is"],
    ["return {double = 3.5}", "3.5"],
    ["return {big_number = '12'}", "12"],
    ["return {map = {a = 1}}", ["a", 1]],
    ["return {set = {a = true}}", ["a"]],
    ["return {verbatim_string = {string = 'a', format = 'txt'}}", "a"],
    ["return {1, {2, {'x', false}}}", [1, [2, ["x", null]]]],
    ["return '\\0\\255'", "\0\xff"],
    ["return redis.status_reply('a\\nb')", "a b"],
    ["return redis.error_reply('-CODE text')", "-CODE text"],
    ["return redis.error_reply('text')", "-ERR text"],
  ];
  for (const [script, reply] of replies) {
    const got = run(c, script);
    if (typeof reply === "string" && reply.startsWith("-ERR user")) {
      assert.ok(String(got).startsWith(`${reply} script: `), String(got));
    } else assert.deepEqual(got, reply, script);
  }
  assert.match(c.raw("EVAL", "return 1e300", "0"), /^:-9223372036854775808\r\n$/);
  assert.match(c.raw("EVAL", "return 2^53 + 2", "0"), /^:9007199254740994\r\n$/);
});

test("a client of RESP3 gets what there is in RESP3", () => {
  const { client: c } = client();
  c.call("HELLO", "3");
  assert.equal(c.raw("EVAL", "return {double = 3.5}", "0"), ",3.5\r\n");
  assert.equal(c.raw("EVAL", "return {big_number = '12'}", "0"), "(12\r\n");
  assert.deepEqual(
    run(c, "return {map = {a = {set = {b = true}}}}"),
    new Map([["a", new Set("b")]]),
  );
  assert.equal(
    c.raw("EVAL", "return {verbatim_string = {string = 'a', format = 'mkd'}}", "0"),
    "=5\r\nmkd:a\r\n",
  );
  assert.equal(c.raw("EVAL", "return false", "0"), "_\r\n");
  assert.equal(c.raw("EVAL", "redis.setresp(3) return false", "0"), "#f\r\n");
});

test("replies become values of Lua, by the protocol that the script has chosen", () => {
  const { client: c } = client();
  c.call("HSET", "h", "f", "v");
  c.call("ZADD", "z", "1.5", "m");
  const typed = (call: string): string =>
    `local v = redis.call(${call}) if type(v) == 'table' then local k = next(v) return 'table ' .. ` +
    "tostring(k) .. ' ' .. tostring(v[k]):gsub(':.*', '') end return type(v) .. ' ' .. tostring(v)";
  assert.equal(run(c, typed("'get', 'none'")), "boolean false");
  assert.equal(run(c, typed("'strlen', 'none'")), "number 0");
  assert.equal(run(c, typed("'ping'")), "table ok PONG");
  assert.equal(run(c, typed("'hgetall', 'h'")), "table 1 f");
  assert.equal(run(c, typed("'zscore', 'z', 'm'")), "string 1.5");
  const three = (call: string): unknown => run(c, `redis.setresp(3) ${typed(call)}`);
  assert.equal(three("'get', 'none'"), "nil nil");
  assert.equal(three("'hgetall', 'h'"), "table map table");
  assert.equal(three("'zscore', 'z', 'm'"), "table double 1.5");
  assert.equal(
    run(c, "return redis.pcall('get', 'h').err"),
    "WRONGTYPE Operation against a key holding the wrong kind of value",
  );
});

test("errors say where they come from", () => {
  const { client: c } = client();
  const sha = (script: string): string => String(c.call("SCRIPT", "LOAD", script));
  const errors: [string, string, string][] = [
    ["return redis.call('nosuch')", "ERR Unknown Redis command called from script", ":1"],
    [
      "\nreturn redis.call('get')",
      "ERR Wrong number of args calling Redis command from script",
      ":2",
    ],
    ["redis.call('config', 'get', 'x')", "ERR This Redis command is not allowed from script", ":1"],
    ["redis.call()", "ERR Please specify at least one argument for this redis lib call", ":1"],
    [
      "redis.call('get', {})",
      "ERR Lua redis lib command arguments must be strings or integers",
      ":1",
    ],
    ["error('x')", "ERR user_script:1: x", ":1"],
    ["error({err = 'MINE x'})", "MINE x", ":1"],
    ["error()", "ERR nil", ":1"],
    ["x = 1", "ERR user_script:1: Attempt to modify a readonly table", ":1"],
    ["redis.x = 1", "ERR user_script:1: Attempt to modify a readonly table", ":1"],
    [
      "return x",
      "ERR user_script:1: Script attempted to access nonexistent global variable 'x'",
      ":1",
    ],
  ];
  for (const [script, text, line] of errors) {
    assert.equal(run(c, script), `-${text} script: ${sha(script)}, on @user_script${line}.`);
  }
  assert.equal(
    run(c, "return syntax error"),
    "-ERR Error compiling script (new function): user_script:1: '<eof>' expected near 'error'",
  );
  assert.deepEqual(run(c, "return {pcall(redis.call, 'nosuch')}"), [
    null,
    "ERR Unknown Redis command called from script",
  ]);
});

test("what a script does reaches the log as one", () => {
  const { database, client: c } = client();
  run(c, "redis.call('set', 'a', 0.1) redis.call('get', 'a') return redis.call('incr', 'n')");
  assert.deepEqual(database.log, ["MULTI", "set a 0.1", "incr n", "EXEC"]);
  database.log = [];
  run(c, "return redis.call('set', 'a', 1e17)");
  run(c, "return redis.call('get', 'a')");
  assert.deepEqual(database.log, ["set a 100000000000000000"]);
  database.log = [];
  run(c, "redis.call('set', 'a', 1) error('x')");
  assert.deepEqual(database.log, ["set a 1"]);
  database.log = [];
  run(
    c,
    "redis.set_repl(redis.REPL_NONE) redis.call('set', 'a', 2) " +
      "redis.set_repl(redis.REPL_ALL) redis.call('set', 'b', 2)",
  );
  assert.deepEqual(database.log, ["set b 2"]);
  assert.equal(c.call("GET", "a"), "2");
});

test("a script asks whether a command may be called", () => {
  const { client: c } = client();
  const asked = (words: string) => run(c, `return redis.acl_check_cmd(${words})`);
  assert.equal(asked("'set', 'k', 1"), 1);
  assert.equal(asked("'client', 'list'"), 1);
  const invalid = /^-ERR Invalid command passed to redis\.acl_check_cmd\(\) script: /;
  for (const words of ["'nothing'", "'client', 'nothing'", "''"]) {
    assert.match(String(asked(words)), invalid);
  }
  assert.match(String(asked("")), /^-ERR Please specify at least one argument/);
  assert.match(String(asked("{}")), /^-ERR Lua redis lib command arguments must be strings/);
});

test("a script's database is its own", () => {
  const { client: c } = client();
  c.call("SELECT", "3");
  run(c, "redis.call('set', 'a', 1) redis.call('select', 4) redis.call('set', 'b', 1)");
  assert.equal(c.call("GET", "a"), "1");
  assert.equal(c.call("GET", "b"), null);
  c.call("SELECT", "4");
  assert.equal(c.call("GET", "b"), "1");
});

test("commands that wait find nothing, as if their time were up", () => {
  const { database, client: c } = client();
  assert.equal(run(c, "return redis.call('blpop', 'l', 0)"), null);
  const waiting = database.connect();
  assert.equal(waiting.raw("BLPOP", "l", "0"), "");
  run(c, "redis.call('rpush', 'l', 'x') return redis.call('llen', 'l')");
  assert.equal(waiting.take(), "*2 $1 l $1 x");
});

test("scripts that only read cannot write", () => {
  const { client: c } = client();
  const refused = /^-ERR Write commands are not allowed from read-only scripts\. script: /;
  assert.match(String(c.call("EVAL_RO", "return redis.call('set', 'a', 1)", "0")), refused);
  assert.match(String(c.call("EVAL_RO", "return redis.call('publish', 'a', 1)", "0")), refused);
  assert.match(String(run(c, "#!lua flags=no-writes\nreturn redis.call('del', 'a')")), refused);
  assert.equal(c.call("EVAL_RO", "return redis.call('get', 'a')", "0"), null);
  assert.equal(
    c.call("EVAL_RO", "#!lua\nreturn 1", "0"),
    "-ERR Can not execute a script with write flag using *_ro command.",
  );
  assert.equal(run(c, "#!lua flags=x\nreturn 1"), "-ERR Unexpected flag in script shebang: x");
  assert.equal(run(c, "#!lua"), "-ERR Invalid script shebang");
  assert.equal(run(c, "#!js\nreturn 1"), "-ERR Unexpected engine in script shebang: #!js");
});

test("a script is known by its digest until it is flushed", () => {
  const { client: c } = client();
  const digest = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
  const unknown = "-NOSCRIPT No matching script. Please use EVAL.";
  assert.equal(c.call("EVALSHA", digest, "0"), unknown);
  assert.equal(c.call("EVALSHA", "short", "0"), unknown);
  assert.equal(c.call("SCRIPT", "LOAD", "return 1"), digest);
  assert.equal(c.call("EVALSHA", digest, "0"), 1);
  assert.equal(c.call("EVALSHA_RO", digest.toUpperCase(), "0"), 1);
  assert.deepEqual(c.call("SCRIPT", "EXISTS", digest, "x"), [1, 0]);
  assert.equal(c.call("SCRIPT", "SHOW", digest), "return 1");
  assert.equal(c.call("SCRIPT", "FLUSH", "ASYNC"), "OK");
  assert.equal(c.call("EVALSHA", digest, "0"), unknown);
});

test("of scripts that came with EVAL the last 500 are kept, and all that were loaded", () => {
  const { client: c } = client();
  const loaded = String(c.call("SCRIPT", "LOAD", "return 'kept'"));
  const digests: string[] = [];
  for (let i = 0; i < 501; i++) {
    run(c, `return ${i}`);
    digests.push(String(run(c, `return redis.sha1hex('return ${i}')`)));
    run(c, "return 'used again and again'");
  }
  assert.equal(c.call("EVALSHA", loaded, "0"), "kept");
  assert.deepEqual(c.call("SCRIPT", "EXISTS", digests[0], digests[500]), [0, 1]);
  const used = String(run(c, "return redis.sha1hex([[return 'used again and again']])"));
  assert.deepEqual(c.call("SCRIPT", "EXISTS", used), [1]);
});

test("time stands still in a script, and goes on after it", () => {
  const { database, client: c } = client();
  const { services } = database;
  let us = services.nowUs();
  services.nowUs = () => us++;
  assert.equal(
    run(c, "local a, b = redis.call('time'), redis.call('time') return a[2] == b[2]"),
    1,
  );
  assert.notDeepEqual(c.call("TIME"), c.call("TIME"));
});

/** A database whose clock goes on each time it is looked at, so that scripts take long. */
function hurried(): { database: TestDatabase; client: TestClient } {
  const made = client();
  const { services } = made.database;
  services.settings.set("busy-reply-threshold", "50");
  services.monotonicMs = () => ++ticks;
  let ticks = 0;
  return made;
}

const BUSY =
  "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

test("a script that takes long is left, gone on with, and ended by SCRIPT KILL", () => {
  const { database, client: c } = hurried();
  const other = database.connect();
  assert.equal(other.call("SCRIPT", "KILL"), "-NOTBUSY No scripts in execution right now.");
  assert.equal(c.raw("EVAL", "while true do end", "0"), "");
  for (let i = 0; i < 10 && database.context.scripts.busy === undefined; i++) database.advance(0);
  assert.equal(other.call("GET", "a"), BUSY);
  assert.equal(other.call("PING"), BUSY);
  assert.equal(other.call("SHUTDOWN"), BUSY);
  assert.match(String(other.call("FUNCTION", "KILL")), /^-BUSY/);
  assert.match(String(other.call("FUNCTION", "STATS")), /^-BUSY/);
  assert.equal(other.call("SCRIPT", "KILL"), "OK");
  database.advance(0);
  assert.match(
    c.take(),
    /^-ERR Script killed by user with SCRIPT KILL\.\.\. script: .*, on @user_script:1\.$/,
  );
  assert.equal(c.resumed, 1);
  assert.equal(other.call("PING"), "PONG");
});

test("one that has written is not killed, and what it did is in the log at its end", () => {
  const { database, client: c } = hurried();
  const other = database.connect();
  const script =
    "redis.call('set', 'a', 1) for i = 1, 1e6 do end redis.call('set', 'b', 1) return 'end'";
  assert.equal(c.raw("EVAL", script, "0"), "");
  assert.deepEqual(database.log, []);
  assert.match(String(other.call("SCRIPT", "KILL")), /^-UNKILLABLE/);
  for (let i = 0; i < 100 && c.received === ""; i++) database.advance(0);
  assert.equal(c.take(), "$3 end");
  assert.deepEqual(database.log, ["MULTI", "set a 1", "set b 1", "EXEC"]);
});

test("who waits for a key is served when the script has ended that was left", () => {
  const { database, client: c } = hurried();
  const waiting = database.connect();
  assert.equal(waiting.raw("BLPOP", "l", "0"), "");
  c.raw("EVAL", "redis.call('rpush', 'l', 'x') for i = 1, 3e5 do end", "0");
  assert.equal(waiting.take(), "");
  for (let i = 0; i < 100 && c.received === ""; i++) database.advance(0);
  database.executor.settle();
  assert.equal(waiting.take(), "*2 $1 l $1 x");
});

test("a transaction goes on when a script has ended that was left in it", () => {
  const { database, client: c } = hurried();
  const other = database.connect();
  c.call("MULTI");
  c.call("INCR", "n");
  c.call("EVAL", "for i = 1, 3e5 do end return redis.call('incr', 'n')", "0");
  c.call("INCR", "n");
  c.call("EVAL", "for i = 1, 3e5 do end return redis.call('incr', 'n')", "0");
  c.call("EVAL", "return redis.call('nosuch')", "0");
  assert.equal(c.raw("EXEC"), "");
  assert.match(String(other.call("GET", "n")), /^-BUSY/);
  for (let i = 0; i < 200 && c.received === ""; i++) database.advance(0);
  assert.match(c.take(), /^\*5 :1 :2 :3 :4 -ERR Unknown Redis command called from script script: /);
  assert.equal(c.resumed, 1);
  assert.deepEqual(database.log, ["MULTI", "INCR n", "incr n", "INCR n", "incr n", "EXEC"]);
  assert.equal(other.call("GET", "n"), "4");
});

test("a transaction whose client has gone is executed to its end", () => {
  const { database, client: c } = hurried();
  c.call("MULTI");
  c.call("EVAL", "for i = 1, 3e5 do end return redis.call('incr', 'n')", "0");
  c.call("INCR", "n");
  assert.equal(c.raw("EXEC"), "");
  database.executor.forget(c.session);
  for (let i = 0; i < 200 && database.context.scripts.isParked; i++) database.advance(0);
  assert.equal(c.take(), "");
  assert.equal(database.connect().call("GET", "n"), "2");
});

test("a script is killed in a transaction, of which the rest is executed", () => {
  const { database, client: c } = hurried();
  c.call("MULTI");
  c.call("EVAL", "while true do end", "0");
  c.call("INCR", "n");
  assert.equal(c.raw("EXEC"), "");
  for (let i = 0; i < 10 && database.context.scripts.busy === undefined; i++) database.advance(0);
  assert.equal(database.connect().call("SCRIPT", "KILL"), "OK");
  database.advance(0);
  assert.match(c.take(), /^\*2 -ERR Script killed by user .* :1$/);
});

test("errors are counted once, with the command that has replied them", () => {
  const { database, client: c } = client();
  c.call("SET", "s", "x");
  const before = database.executor.statistics.errors().find(([code]) => code === "WRONGTYPE");
  assert.equal(before, undefined);
  run(c, "return redis.pcall('lpush', 's', 'x')");
  run(c, "return redis.call('lpush', 's', 'x')");
  const errors = new Map(database.executor.statistics.errors());
  assert.equal(errors.get("WRONGTYPE"), 2);
});

test("each error in a reply is counted, those of commands with the commands", () => {
  const { database, client: c } = client();
  const { statistics, table } = database.executor;
  const evaluate = table.names.get("eval");
  assert.ok(evaluate !== undefined);
  const failures = (): number => statistics.figure(evaluate, Figure.failed);
  c.call("SET", "s", "x");
  run(c, "return {redis.pcall('lpush', 's', 'x'), redis.pcall('lpush', 's', 'x')}");
  assert.equal(failures(), 2);
  run(c, "return {{err = 'A b'}, {err = 'C d'}}");
  assert.equal(failures(), 3);
  // Without a space there is no code.
  run(c, "return {err = 'x'}");
  assert.deepEqual(statistics.errors(), [
    ["A", 1],
    ["C", 1],
    ["ERR", 1],
    ["WRONGTYPE", 2],
  ]);
});

test("the error of a script that took long is counted as any other", () => {
  const { database, client: c } = hurried();
  const { statistics, table } = database.executor;
  const evaluate = table.names.get("eval");
  assert.ok(evaluate !== undefined);
  for (const within of [false, true]) {
    statistics.reset();
    if (within) c.call("MULTI");
    c.raw("EVAL", "for i = 1, 3e5 do end error({err = 'MINE x'})", "0");
    if (within) c.raw("EXEC");
    for (let i = 0; i < 200 && c.received === ""; i++) database.advance(0);
    assert.match(c.take(), /-MINE x script: /);
    assert.deepEqual(statistics.errors(), [["MINE", 1]]);
    assert.equal(statistics.figure(evaluate, Figure.failed), 1);
  }
});
