// Lua as it is in redis-server: random programs, calls of libraries and broken sources are run
// there by EVAL and here by the interpreter alone, and what comes of them is compared by type and
// byte, errors with their positions, tables with the order of their pairs.
//
// TSKEYDB_SEED=n replays a seed; TSKEYDB_RUNS=n (60 by default) makes it longer.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Random } from "../../src/base/random.ts";
import { openLibraries } from "../../src/lua/libraries.ts";
import { State, type StateOptions } from "../../src/lua/state.ts";
import { LuaTable } from "../../src/lua/table.ts";
import { makeFunction } from "../../src/lua/test-support.ts";
import { NativeFunction, RunStatus } from "../../src/lua/thread.ts";
import { LuaError } from "../../src/lua/values.ts";
import type { Client } from "../support/client.ts";
import { Calls, LIBRARY_NAMES } from "../support/lua/calls.ts";
import { Programs } from "../support/lua/programs.ts";
import { brokenSource } from "../support/lua/sources.ts";
import type { Reply } from "../support/resp.ts";
import { hasProgram, redisServerOrSkip, startRedisServer } from "../support/servers.ts";

const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env.TSKEYDB_RUNS ?? 60);
const TURNS_MAX = 20;
const ENDLESS = "error: it does not end";

/** The rows of strings that a program returns; or one error. */
function runHere(
  source: string,
  parameters: readonly string[] = [],
  options: StateOptions = {},
): string[] {
  const state = new State({ memoryMax: 2 ** 28, ...options });
  openLibraries(state);
  const { globals } = state;
  protect(globals);
  if (state.stringMetatable !== null) protect(state.stringMetatable);
  const row = state.newTable(0, 0);
  for (let i = 0; i < parameters.length; i++) row.setNumber(i + 1, parameters[i]);
  globals.setString("ARGV", row);
  // Scripts of Redis may read no global that is not there.
  globals.metatable = state.newTable(0, 1);
  globals.metatable.setString(
    "__index",
    new NativeFunction("index", ({ state: own, stack }, base) => {
      const name = stack[base + 1];
      throw own.failure(`Script attempted to access nonexistent global variable '${name}'`);
    }),
  );
  try {
    state.start(state.load(source, "@user_script"));
    for (let turns = 0; state.run(100_000) === RunStatus.paused; turns++) {
      if (turns > TURNS_MAX) return [ENDLESS];
    }
    const [result] = state.results();
    if (!(result instanceof LuaTable)) return [`${result}`];
    const rows: string[] = [];
    for (let i = 1; i <= result.length(); i++) rows.push(`${result.getNumber(i)}`);
    return rows;
  } catch (error) {
    if (error instanceof LuaError) return [`error: ${error.value}`];
    throw error;
  }
}

/** Scripts of Redis may change neither the globals nor the libraries. */
function protect(table: LuaTable): void {
  if (table.readonly) return;
  table.readonly = true;
  for (const value of table.nodeValues) if (value instanceof LuaTable) protect(value);
}

async function runThere(
  client: Client,
  source: string,
  parameters: readonly string[] = [],
): Promise<string[]> {
  const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
  const reply = await client.call("EVAL", bytes(source), "0", ...parameters.map(bytes));
  if (reply.type === "array") return reply.items.map(textOfReply);
  return [textOfReply(reply)];
}

function textOfReply(reply: Reply): string {
  if (reply.type === "error") {
    const text = reply.text.replace(/^ERR (Error compiling script \(new function\): )?/, "");
    return `error: ${text.replace(/ script: [0-9a-f]{40}, on @user_script:\d+\.$/, "")}`;
  }
  return reply.type === "bulk" ? Buffer.from(reply.bytes).toString("latin1") : reply.type;
}

/** Where objects are keys, C goes through a table in the order of their addresses. */
const KEYED_BY_OBJECTS = /\b(5:table|8:function|6:thread)=/;

function withoutAddress(text: string): string {
  if (KEYED_BY_OBJECTS.test(text)) return "…";
  return text.replace(/0x[0-9a-f]{6,}/g, "0x…");
}

/** One sort of programs beside redis-server; what differs is told with its seed and source. */
function beside(name: string, make: (random: Random) => { source: string; more?: string[] }): void {
  test(name, async (t: TestContext) => {
    if (!redisServerOrSkip(t, name)) return;
    t.diagnostic(`TSKEYDB_SEED=${SEED}`);
    const server = await startRedisServer();
    try {
      const client = await server.connect();
      for (let run = 0; run < RUNS; run++) {
        const { source, more = [] } = make(new Random().seed(SEED + run));
        const here = runHere(source, more);
        if (here[0] === ENDLESS) continue;
        const there = await runThere(client, source, more).catch((error: unknown) => {
          throw new Error(`seed ${SEED + run}:\n${source}`, { cause: error });
        });
        // Debian's build lets long brackets stand in one another.
        if (here.some((row) => row.includes("nesting of [[...]] is deprecated"))) continue;
        const hot = runHere(source, more, { makeFunction, heatMax: run % 2 === 0 ? 0 : 20 });
        assert.deepEqual(
          hot.map(withoutAddress),
          here.map(withoutAddress),
          `seed ${SEED + run}, as JavaScript:\n${source}\n${more.join("\n")}`,
        );
        assert.deepEqual(
          here.map(withoutAddress),
          there.map(withoutAddress),
          `seed ${SEED + run}:\n${source}\n${more.join("\n")}`,
        );
      }
      client.close();
    } finally {
      await server.stop();
    }
  });
}

if (hasProgram("redis-server")) {
  beside("programs do what they do in redis-server", (random) => ({
    source: new Programs(random).program(),
  }));

  for (const library of LIBRARY_NAMES) {
    beside(`calls of ${library} return what they return in redis-server`, (random) => ({
      source: new Calls(random).program(library, 60),
    }));
  }

  beside("broken sources are refused in the words of redis-server", (random) => {
    const { source, name } = brokenSource(random);
    const load = "local f, e = loadstring(ARGV[1], ARGV[2]) if f then return 'fine' end return e";
    return { source: load, more: [source, name] };
  });
}
