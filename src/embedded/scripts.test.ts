// Scripts in a program: how they are called, what a limit of their time takes back, functions of
// the program's own, and that libraries are there when the database is opened again.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Client } from "../../test/support/client.ts";
import { show, textOf } from "../../test/support/resp.ts";
import { open, ReplyError } from "../index.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { coreOf } from "./database.ts";
import { type OpenOptions, openOn } from "./open.ts";

/** A script that is left before it has ended, as it takes longer than a slice of time. */
const SLOW = `redis.call('set', 'last', 1)
  for i = 1, 3e7 do end
  redis.call('set', 'last', 2)
  return 'end'`;

test("a script is called with keys and arguments", () => {
  using db = open();
  const script = "redis.call('SET', KEYS[1], ARGV[1]) return {KEYS[1], ARGV[1], #ARGV}";
  assert.deepEqual(db.eval(script, "k", ["v", 2]), ["k", "v", 2]);
  assert.equal(db.get("k"), "v");
  assert.equal(db.eval_ro("return redis.call('GET', KEYS[1])", ["k"]), "v");
  const fields = db.eval<object>("redis.setresp(3) return redis.call('HGETALL', 'none')");
  assert.deepEqual({ ...fields }, {});
  assert.equal(db.bytes.eval<Uint8Array>("return 'a\\255'").length, 2);
});

test("an error says where it was raised", () => {
  using db = open();
  db.set("s", "x");
  assert.throws(
    () => db.eval("\nreturn redis.call('INCR', 's')"),
    (error: unknown) =>
      error instanceof ReplyError &&
      /^ERR value is not an integer or out of range script: \w+, on @user_script:2\.$/.test(
        error.message,
      ),
  );
  assert.throws(
    () => db.script("return syntax error"),
    /ERR Error compiling script .*user_script:1/,
  );
});

test("script() makes a function that outlives SCRIPT FLUSH", () => {
  using db = open();
  const add = db.script<number>("return redis.call('INCRBY', KEYS[1], ARGV[1])");
  assert.equal(add("n", 2), 2);
  db.call("SCRIPT", "FLUSH");
  assert.equal(add("n", 3), 5);
  assert.equal(add.digest.length, 40);
  assert.deepEqual(db.multi().evalsha(add.digest, "n", 1).get("n").exec(), [6, "6"]);
});

test("a script that takes longer than it may is taken back", () => {
  using db = open({ scriptTimeLimitMs: 20 });
  db.set("k", "before");
  const script = db.script("redis.call('SET', KEYS[1], 'after') while true do end");
  assert.throws(() => script("k"), /^ReplyError: BUSY the script took longer than it may/);
  assert.equal(db.get("k"), "before");
  assert.throws(() => db.eval("redis.call('SET', KEYS[1], 'kept') error('x')", "k"), /user_script/);
  assert.equal(db.get("k"), "kept");
  assert.equal(db.eval("return 1"), 1);
});

const LOOP = "local n = 0 for i = 1, 100000 do n = n + i end return n";

test("a loop that turns long becomes JavaScript, unless the program says no", () => {
  const made = (options: OpenOptions): number => {
    let count = 0;
    const platform = new SimulatedPlatform(1);
    const makeFunction = (source: readonly string[]) => {
      count++;
      return Function(...source);
    };
    Object.defineProperty(platform, "makeFunction", { value: makeFunction });
    using db = openOn(platform, options);
    assert.equal(db.eval(LOOP), 5000050000);
    return count;
  };
  assert.equal(made({}), 1);
  assert.equal(made({ scriptHotCode: false }), 0);
});

/** Bun has no such flag. */
if (!("bun" in process.versions)) {
  test("in a process that may make no functions of text scripts are interpreted", () => {
    const code = `import { open } from ${JSON.stringify(new URL("../index.ts", import.meta.url))};
      let refused = false;
      try { Function("return 0"); } catch { refused = true; }
      console.log(refused, open().eval(${JSON.stringify(LOOP)}));`;
    const flags = ["--disallow-code-generation-from-strings", "--input-type=module", "-e", code];
    const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: "utf8" });
    assert.equal(stdout.trim(), "true 5000050000", stderr);
  });
}

test("what a script did is taken back with its transaction", () => {
  using db = open();
  assert.throws(() =>
    db.transaction(() => {
      db.eval("redis.call('SET', 'k', 1) redis.call('RPUSH', 'l', 1)");
      throw new Error("no");
    }),
  );
  assert.equal(db.exists("k", "l"), 0);
  assert.throws(
    () => db.transaction(() => db.defineFunction("#!lua name=l\n")),
    /cannot be changed in a transaction/,
  );
});

test("a function of the program is called by FCALL", () => {
  using db = open();
  const end = db.register("take", (keys, [amount]) => {
    if (db.decrby(keys[0], Number(amount)) < 0) throw new Error("there is not so much");
    return { left: Number(db.get(keys[0])), list: [1, "two", null, 1.5, new Uint8Array([255])] };
  });
  db.set("stock", 5);
  const taken = db.fcall<object>("take", "stock", 2);
  assert.deepEqual({ ...taken }, { left: 3, list: [1, "two", null, 1.5, "\ufffd"] });
  assert.throws(() => db.fcall("TAKE", "stock", 9), /^ReplyError: ERR there is not so much/);
  assert.throws(() => db.register("take", () => 1), /already exists/);
  assert.throws(() => db.fcall_ro("take", "stock", 1), /_ro command/);
  assert.throws(
    () => db.defineFunction("#!lua name=l\nredis.register_function('take', function() end)"),
    /already exists/,
  );
  const [library] = db.call("FUNCTION", "LIST") as { engine: string }[];
  assert.equal(library.engine, "JAVASCRIPT");
  db.register("later", (async () => 1) as never);
  assert.throws(() => db.fcall("later"), /cannot be asynchronous/);
  end();
  assert.throws(() => db.fcall("take", "stock", 1), /Function not found/);
});

test("a function of the program may roll back what it did", () => {
  using db = open();
  db.register("both", () =>
    db.transaction(() => {
      db.set("a", 1);
      throw new Error("no");
    }),
  );
  assert.throws(() => db.fcall("both"), /ERR no/);
  assert.equal(db.get("a"), null);
});

for (const way of ["the log", "a log that was rewritten", "a snapshot"] as const) {
  test(`libraries are there again that ${way} holds`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "tskeydb-scripts-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const code = "#!lua name=lib\nredis.register_function('f', function(keys) return 'here' end)";
    {
      using db = open(directory);
      assert.equal(db.defineFunction(code), "lib");
      db.register("own", () => 1);
      if (way === "a log that was rewritten") await db.compact();
      if (way === "a snapshot") assert.equal(db.call("DEBUG", "RELOAD"), "OK");
      assert.equal(db.fcall("f"), "here");
    }
    using db = open(directory);
    assert.equal(db.fcall("f"), "here");
    assert.equal((db.call("FUNCTION", "LIST") as unknown[]).length, 1);
  });
}

test("what a program calls comes after a client's script that was left for now", async () => {
  using db = open();
  const { port } = await db.listen({ port: 0 });
  const client = await Client.connect(port);
  try {
    client.send("EVAL", SLOW, "0");
    // The client's request is served when the event loop turns.
    while (!coreOf(db).context.scripts.isParked) await turn();
    assert.equal(db.get("last"), "2");
    assert.equal(db.incr("last"), 3);
    assert.equal(textOf(await client.read()), "end");
  } finally {
    client.close();
  }
});

test("clients are told that a script runs, and may end it", async () => {
  using db = open();
  db.config("set", "busy-reply-threshold", 20);
  const { port } = await db.listen({ port: 0 });
  const [one, other] = [await Client.connect(port), await Client.connect(port)];
  try {
    one.send("EVAL", "while true do end", "0");
    while (!coreOf(db).context.scripts.isParked) await turn();
    assert.match(show(await other.call("PING")), /^-BUSY Redis is busy running a script/);
    assert.throws(() => db.get("a"), /BUSY|takes long/);
    assert.match(show(await other.call("SCRIPT", "KILL")), /OK/);
    assert.match(show(await one.read()), /Script killed by user/);
    assert.equal(show(await other.call("PING")), "+PONG");
    assert.equal(db.get("a"), null);
  } finally {
    one.close();
    other.close();
  }
});
