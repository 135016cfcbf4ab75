// Functions: how libraries are loaded, listed, called, dumped and restored.

import assert from "node:assert/strict";
import { client, test } from "./test-support.ts";

function library(name: string, ...functions: string[]): string {
  const lines = functions.map(
    (each) => `redis.register_function('${each}', function(keys, args) return '${each}' end)`,
  );
  return [`#!lua name=${name}`, ...lines].join("\n");
}

test("a function is called by its name, in any case, with keys and arguments", () => {
  const { client: c } = client();
  const code = `#!lua name=lib
    redis.register_function('set', function(keys, args)
      return {redis.call('set', keys[1], args[1]), #keys, #args}
    end)`;
  assert.equal(c.call("FUNCTION", "LOAD", code), "lib");
  assert.deepEqual(c.call("FCALL", "SET", "1", "k", "v"), ["OK", 1, 1]);
  assert.equal(c.call("GET", "k"), "v");
  assert.equal(c.call("FCALL", "none", "0"), "-ERR Function not found");
  assert.equal(c.call("FCALL", "set", "x"), "-ERR Bad number of keys provided");
  assert.equal(c.call("FCALL", "set", "-1"), "-ERR Number of keys can't be negative");
  assert.equal(
    c.call("FCALL", "set", "1"),
    "-ERR Number of keys can't be greater than number of args",
  );
  assert.equal(
    c.call("FCALL_RO", "set", "1", "k", "v"),
    "-ERR Can not execute a script with write flag using *_ro command.",
  );
});

test("a library that cannot be loaded leaves everything as it was", () => {
  const { database, client: c } = client();
  c.call("FUNCTION", "LOAD", library("one", "f"));
  database.log = [];
  const place = "Error registering functions: ERR user_function:2: ";
  const missing = "Script attempted to access nonexistent global variable";
  const badName =
    "Library names can only contain letters, numbers, or underscores(_) and must be at least " +
    "one character long";
  const refused: [string, string][] = [
    [library("one", "g"), "Library 'one' already exists"],
    [library("two", "f"), "Function f already exists"],
    [library("two", "F"), "Function F already exists"],
    [library("two"), "Invalid library metadata"],
    ["#!lua name=two\n", "No functions registered"],
    ["return 1", "Missing library metadata"],
    ["#!lua\nreturn 1", "Library name was not given"],
    ["#!js name=two\n", "Engine 'js' not found"],
    ["#!lua name=t-o\n", badName],
    ["#!lua name=a name=b\n", "Invalid metadata value, name argument was given multiple times"],
    ["#!lua name=a x=b\n", "Invalid metadata value given: x=b"],
    [library("two", "a-b"), `Error registering functions: ERR ${badName}`],
    ["#!lua name=two\nredis.call('ping')", `${place}${missing} 'call'`],
    ["#!lua name=two\nstring.upper('a')", `${place}${missing} 'string'`],
    ["#!lua name=two\nx = 1", `${place}Attempt to modify a readonly table`],
    [
      "#!lua name=two\nsyntax error",
      "Error compiling function: user_function:2: '=' expected near 'error'",
    ],
    [
      "#!lua name=two\nredis.register_function{function_name='x', callback=1}",
      "Error registering functions: ERR callback argument given to redis.register_function " +
        "must be a function",
    ],
  ];
  for (const [code, text] of refused) {
    assert.equal(c.call("FUNCTION", "LOAD", code), `-ERR ${text}`, code);
  }
  const replaced = c.call("FUNCTION", "LOAD", "REPLACE", `${library("one", "g")}\nx = 1`);
  assert.match(String(replaced), /^-ERR Error registering functions/);
  assert.equal(c.call("FCALL", "f", "0"), "f");
  assert.deepEqual(database.log, []);
  assert.equal(c.call("FUNCTION", "LOAD", "REPLACE", library("one", "g")), "one");
  assert.equal(c.call("FCALL", "f", "0"), "-ERR Function not found");
  assert.equal(c.call("FCALL", "g", "0"), "g");
  assert.equal(database.log.length, 1);
});

test("what a library registers with a table is listed", () => {
  const { client: c } = client();
  const code = `#!LUA name=lib
    redis.register_function{
      function_name = 'f', description = 'what it does', flags = {'no-writes', 'allow-oom'},
      callback = function() return redis.call('set', 'a', 1) end
    }`;
  c.call("FUNCTION", "LOAD", code);
  c.call("FUNCTION", "LOAD", library("other", "g"));
  const flags = ["no-writes", "allow-oom"];
  const functions = [["name", "f", "description", "what it does", "flags", flags]];
  const listed = ["library_name", "lib", "engine", "LUA", "functions", functions];
  assert.deepEqual(c.call("FUNCTION", "LIST", "LIBRARYNAME", "L*"), [listed]);
  assert.deepEqual(c.call("FUNCTION", "LIST", "WITHCODE", "LIBRARYNAME", "lib"), [
    [...listed, "library_code", code],
  ]);
  assert.equal((c.call("FUNCTION", "LIST") as unknown[]).length, 2);
  assert.equal(c.call("FUNCTION", "LIST", "X"), "-ERR Unknown argument X");
  assert.match(
    String(c.call("FCALL", "f", "0")),
    /^-ERR Write commands are not allowed .* script: f, on @user_function:4\.$/,
  );
  const engines = ["LUA", ["libraries_count", 2, "functions_count", 2]];
  assert.deepEqual(c.call("FUNCTION", "STATS"), ["running_script", null, "engines", engines]);
});

test("a payload brings libraries back, by the policy that is asked for", () => {
  const { client: c } = client();
  c.call("FUNCTION", "LOAD", library("one", "f"));
  const raw = c.raw("FUNCTION", "DUMP");
  const payload = Uint8Array.from(raw.slice(raw.indexOf("\n") + 1, -2), (x) => x.charCodeAt(0));
  assert.equal(c.call("FUNCTION", "RESTORE", payload), "-ERR Library one already exists");
  assert.equal(c.call("FUNCTION", "RESTORE", payload, "REPLACE"), "OK");
  c.call("FUNCTION", "LOAD", library("two", "g"));
  assert.equal(c.call("FUNCTION", "RESTORE", payload, "FLUSH"), "OK");
  assert.equal(c.call("FCALL", "g", "0"), "-ERR Function not found");
  assert.equal(c.call("FUNCTION", "FLUSH"), "OK");
  c.call("FUNCTION", "LOAD", library("two", "f"));
  assert.equal(c.call("FUNCTION", "RESTORE", payload, "REPLACE"), "-ERR Function f already exists");
  assert.equal(c.call("FCALL", "f", "0"), "f");
  assert.equal(c.call("FUNCTION", "DELETE", "two"), "OK");
  assert.equal(c.call("FUNCTION", "DELETE", "two"), "-ERR Library not found");
  payload[3] ^= 1;
  assert.equal(
    c.call("FUNCTION", "RESTORE", payload),
    "-ERR DUMP payload version or checksum are wrong",
  );
  assert.match(String(c.call("FUNCTION", "RESTORE", payload, "X")), /^-ERR Wrong restore policy/);
});

test("a library that takes too long to load is not loaded", () => {
  const { database, client: c } = client();
  let ticks = 0;
  database.services.monotonicMs = () => (ticks += 10);
  assert.equal(
    c.call("FUNCTION", "LOAD", "#!lua name=l\nwhile true do end"),
    "-ERR Error registering functions: ERR FUNCTION LOAD timeout",
  );
});

test("a function that takes long is ended by FUNCTION KILL, and not by SCRIPT KILL", () => {
  const { database, client: c } = client();
  const { services } = database;
  services.settings.set("busy-reply-threshold", "50");
  const code = "#!lua name=l\nredis.register_function('f', function() while true do end end)";
  c.call("FUNCTION", "LOAD", code);
  let ticks = 0;
  services.monotonicMs = () => ++ticks;
  assert.equal(c.raw("FCALL", "f", "0", "x"), "");
  for (let i = 0; i < 10 && database.context.scripts.busy === undefined; i++) database.advance(0);
  const other = database.connect();
  const busy =
    "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
  assert.equal(other.call("PING"), busy);
  assert.equal(other.call("SCRIPT", "KILL"), busy);
  const [, running] = other.call("FUNCTION", "STATS") as [unknown, unknown[]];
  assert.deepEqual(running.slice(0, 5), [
    "name",
    "f",
    "command",
    ["FCALL", "f", "0", "x"],
    "duration_ms",
  ]);
  assert.equal(other.call("FUNCTION", "KILL"), "OK");
  database.advance(0);
  assert.match(c.take(), /script: f, on @user_function:2\.$/);
});
