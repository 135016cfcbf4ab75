// What must hold for any source and any call, however wrong: a script gets values of Lua or an
// error of Lua's, within its bounds, and nothing else ever comes out. Run by itself it takes a seed
// and a number of steps: `node src/lua/lua.fuzz.ts 42 10000`.
//
//   sources    bytes, pieces and monstrous repetitions: they compile or are refused
//   calls      each function that a script can reach, with values that it was not made for
//   pauses     a program left at every turn, interpreted or hot, does what it does in one go
//   ends       a program that is interrupted, abandoned or out of memory leaves a state that works
//
// After each of them all values that can be reached are looked through: strings are bytes, objects
// are of the five kinds, and no property of JavaScript's objects has become one.

import { Calls, LIBRARY_NAMES } from "../../test/support/lua/calls.ts";
import { Programs } from "../../test/support/lua/programs.ts";
import { brokenSource } from "../../test/support/lua/sources.ts";
import { assert } from "../base/assert.ts";
import { Random } from "../base/random.ts";
import type { State } from "./state.ts";
import { LuaTable } from "./table.ts";
import { stateWithLibraries } from "./test-support.ts";
import { LuaClosure, LuaThread, LuaUserdata, NativeFunction, RunStatus } from "./thread.ts";
import { Box, LuaError, type LuaValue } from "./values.ts";

const MEMORY_MAX = 2 ** 25;
const TURNS_MAX = 400;
const BUDGET = 20_000;

/** Stops with an assertion, after printing the seed, when something comes out that must not. */
export function fuzzLua(seed: number, steps: number): void {
  const random = new Random();
  for (let step = 0; step < steps; step++) {
    random.seed(seed, step);
    isHot = random.below(2) === 0;
    let text = "";
    try {
      switch (step % 5) {
        case 0:
          text = monstrousSource(random);
          tryToLoad(text);
          break;
        case 1:
          text = brokenSource(random).source;
          runIn(newState(), text);
          break;
        case 2:
          text = wrongCalls(random);
          runIn(newState(), text);
          break;
        case 3:
          text = someProgram(random);
          pauseEverywhere(random, text);
          break;
        default:
          text = someProgram(random);
          endAnywhere(random, text);
      }
    } catch (error) {
      console.error(`seed ${seed}, step ${step}\n${text.slice(0, 5000)}`);
      throw error;
    }
  }
}

/** Whether functions become hot code at their first call, instead of being interpreted. */
let isHot = false;

function newState(memoryMax = MEMORY_MAX): State {
  if (!isHot) return stateWithLibraries({ memoryMax });
  const makeFunction = (source: readonly string[]): Made => Function(...source) as Made;
  return stateWithLibraries({ memoryMax, makeFunction, heatMax: 0 });
}

type Made = (...values: unknown[]) => unknown;

function someProgram(random: Random): string {
  const kinds = LIBRARY_NAMES.length;
  const kind = random.below(kinds * 3);
  if (kind >= kinds) return new Programs(random).program();
  return new Calls(random).program(LIBRARY_NAMES[kind], 10);
}

/** Compiles: whatever it is, it becomes a function or an error that is a text. */
function tryToLoad(source: string): void {
  const state = newState();
  try {
    state.load(source, "@fuzz");
  } catch (error) {
    if (!(error instanceof LuaError)) throw error;
    assert(typeof error.value === "string", "fuzz: a compiler's error is a text");
  }
}

interface Outcome {
  readonly error: LuaValue;
  readonly results: readonly LuaValue[];
  readonly isEnded: boolean;
}

/** Runs a source to its end, or so long, and looks at what there is then. */
function runIn(state: State, source: string, budget: () => number = () => BUDGET): Outcome {
  let error: LuaValue;
  let results: readonly LuaValue[] = [];
  let isEnded = false;
  try {
    state.start(state.load(source, "@fuzz"));
    for (let turns = 0; turns < TURNS_MAX * BUDGET && !isEnded; ) {
      const allowed = budget();
      turns += allowed;
      const status = state.run(allowed);
      assert(status !== RunStatus.waiting, "fuzz: nothing waits for a host");
      isEnded = status === RunStatus.done;
    }
    if (isEnded) results = state.results();
    else state.abandon();
  } catch (thrown) {
    if (!(thrown instanceof LuaError)) throw thrown;
    error = thrown.value;
    isEnded = true;
  }
  verify(state, [error, ...results]);
  return { error, results, isEnded };
}

/** The same program in one go, and left as often as can be. */
function pauseEverywhere(random: Random, source: string): void {
  const whole = runIn(newState(), source);
  const most = 1 + random.below(5);
  isHot = random.below(2) === 0;
  const pieces = runIn(newState(), source, () => 1 + random.below(most));
  if (!whole.isEnded || !pieces.isEnded) return;
  assert(shown(whole) === shown(pieces), "fuzz: pauses change nothing");
}

/** A program that does not come to its end, and then one that does, in the same state. */
function endAnywhere(random: Random, source: string): void {
  const isSmall = random.below(3) === 0;
  const state = isSmall ? newState(100_000 + random.below(100_000)) : newState();
  try {
    state.start(state.load(source, "@fuzz"));
    let turns = random.below(200);
    while (state.run(1 + random.below(20)) === RunStatus.paused && turns > 0) turns--;
    if (state.main.depth > 0) {
      if (random.below(2) === 0) state.interrupt("interrupted");
      else state.abandon();
    }
    for (let i = 0; i < TURNS_MAX && state.main.depth > 0; i++) state.run(BUDGET);
    state.abandon();
  } catch (error) {
    if (!(error instanceof LuaError)) throw error;
  }
  verify(state, []);
  state.globals.setString("R", undefined);
  const { results, error } = runIn(state, "local t = {} for i = 1, 3 do t[i] = i end return #t");
  assert(results[0] === 3 || error === "not enough memory", "fuzz: the state works again");
}

function shown(outcome: Outcome): string {
  const [result] = outcome.results;
  const rows: string[] = [`${outcome.error}`];
  if (result instanceof LuaTable) {
    for (let i = 1; i <= result.length(); i++) rows.push(`${result.getNumber(i)}`);
  }
  return rows.join("\n").replace(/0x[0-9a-f]{6,}/g, "0x");
}

/** Sources that are too much of something. */
function monstrousSource(random: Random): string {
  const pieces: readonly (readonly [before: string, middle: string, after: string])[] = [
    ["(", "1", ")"],
    ["{", "1", "}"],
    ["return ", "1", ""],
    ["-", "1", ""],
    ["not ", "1", ""],
    ["a.", "b", ""],
    ["f(", "", ")"],
    ["f{", "", "}"],
    ["1 .. ", "1", ""],
    ["1 + ", "1", ""],
    ["2 ^ ", "2", ""],
    ["a and ", "b", ""],
    ["function() return ", "1", " end"],
    ["do ", "", " end"],
    ["if a then ", "", " end"],
    ["if a then elseif ", "a then end", ""],
    ["while a do ", "", " end"],
    ["local a = a ", "", ""],
    ["local function f() ", "", " end"],
    ["a, ", "b = 1", ""],
    ["a = {[", "1", "] = 1}"],
    ["--[[", "", "]]"],
    ['"\\', "65", '"'],
    ["x = 'a' ", "", ""],
    ["repeat local a ", "", " until a"],
    ["for i = 1, 2 do ", "", " end"],
    ["a[", "1", "]"],
    ["a:b(", "", ")"],
    ["#", "t", ""],
    [";", "", ""],
    ["[", "", "]"],
    ["\0", "", ""],
  ];
  const count = 1 << random.below(17);
  const [before, middle, after] = pieces[random.below(pieces.length)];
  const start = ["", "return ", "x = ", "local x = ", "f("][random.below(5)];
  switch (random.below(4)) {
    case 0: {
      let text = "";
      for (let i = random.below(300); i > 0; i--) text += String.fromCharCode(random.below(256));
      return text;
    }
    case 1: {
      const [other] = pieces[random.below(pieces.length)];
      return start + (before + other).repeat(count >> 1) + middle + after.repeat(count);
    }
    case 2:
      return start + before.repeat(count) + middle;
    default:
      return start + before.repeat(count) + middle + after.repeat(count);
  }
}

/** What every library meets in the calls. */
const POOL = `
local deep = {} for i = 1, 300 do deep = {deep} end
local ring = {} ring.ring = ring ring[1] = ring
local wild = setmetatable({}, {
  __index = function(t, k) return k end, __newindex = function() error("no") end,
  __call = function(...) return ... end, __add = function(a) return a end,
  __concat = function() return {} end, __len = function() return "x" end,
  __eq = function() return nil end, __lt = function() error({}) end, __le = function() return 1 end,
  __unm = function(a) return -a end, __tostring = function() return 1 end, __metatable = false,
})
local chain = {} for i = 1, 120 do chain = setmetatable({}, {__index = chain}) end
local dead = coroutine.create(function() end) coroutine.resume(dead)
local asleep = coroutine.create(function(...) while true do coroutine.yield(...) end end)
local long = ("x"):rep(20000)
local pool = {
  nil, true, false, 0, 1, -1, 2, 3.5, 1/0, -1/0, 0/0, 2^31, 2^32, 2^53, -2^63, 1e308, 5e-324,
  "", "a", "0", "10", " 5 ", "0x10", "__proto__", "constructor", "toString", "%", "%d%s", "[a",
  "(.-)%1", ".-.-.-b", long, ("%s"):rep(300), ("("):rep(200), "a\\0b", "\\255", '{"__proto__":1}',
  "\\145\\145\\145", "return 1", "x =", deep, ring, wild, chain, {}, {1, 2, 3}, {n = 5},
  {[1] = 1, [1000] = 2},
  {"b", "a", 3}, print, type, pcall, error, setmetatable, string.rep, coroutine.yield,
  coroutine.wrap,
  function() end, function(...) return ... end, function() error("mine") end,
  function() error() end, function(a, b) return a < b end, dead, asleep,
  coroutine.running(),
  cjson and cjson.null, newproxy and newproxy(true), string, _G,
}
local size = 72
`;

const FUNCTIONS = [
  "assert collectgarbage error gcinfo getmetatable ipairs load loadstring newproxy next pairs",
  "pcall rawequal rawget rawset select setmetatable tonumber tostring type unpack xpcall",
  "getfenv setfenv",
  "string.byte string.char string.dump string.find string.format string.gmatch string.gsub",
  "string.len string.lower string.match string.rep string.reverse string.sub string.upper",
  "table.concat table.foreach table.foreachi table.getn table.insert table.maxn table.remove",
  "table.setn table.sort math.abs math.acos math.ceil math.cosh math.deg math.exp math.floor",
  "math.fmod math.frexp math.ldexp math.log math.max math.min math.modf math.pow math.random",
  "math.randomseed math.sqrt coroutine.create coroutine.resume coroutine.running coroutine.status",
  "coroutine.wrap coroutine.yield bit.band bit.bnot bit.bswap bit.lshift bit.rol bit.tobit",
  "bit.tohex struct.pack struct.size struct.unpack cmsgpack.pack cmsgpack.unpack",
  "cmsgpack.unpack_limit cmsgpack.unpack_one cjson.decode cjson.encode cjson.encode_max_depth",
  "cjson.decode_max_depth cjson.encode_sparse_array cjson.encode_number_precision cjson.new",
].flatMap((line) => line.split(" "));

const OPERATIONS = [
  "a + b",
  "a .. b",
  "a < b",
  "a <= b",
  "a == b",
  "#a",
  "-a",
  "a[b]",
  "a(b)",
  "a.constructor",
  "a.__proto__",
  "a.prototype",
  "a:toString()",
  "a.length",
  "a.stack",
  "a % b",
  "a ^ b",
  "(function(...) return ... end)(a, b)",
  "select(b, a)",
  "{a, b, [a] = b}",
];

function wrongCalls(random: Random): string {
  const calls: string[] = [];
  const value = (): string => `pool[${1 + random.below(72)}]`;
  for (let i = 0; i < 8; i++) {
    const values: string[] = [];
    for (let n = random.below(5); n > 0; n--) values.push(value());
    const name = FUNCTIONS[random.below(FUNCTIONS.length)];
    const way = random.below(4);
    if (way === 0) {
      const operation = OPERATIONS[random.below(OPERATIONS.length)];
      calls.push(`pcall(function(a, b) keep = ${operation} end, ${value()}, ${value()})`);
    } else if (way === 1) {
      calls.push(
        `pcall(coroutine.wrap(function(...) return ${name}(...) end), ${["1", ...values].join(", ")})`,
      );
    } else calls.push(`keep = {pcall(${[name, ...values].join(", ")})}`);
  }
  return `${POOL}${calls.join("\n")}\nreturn keep`;
}

/** Looks through all that can be reached from a state, and from values that came out of it. */
export function verify(state: State, values: readonly LuaValue[]): void {
  assert(state.main.depth === 0, "fuzz: no frame is left");
  assert(Object.keys(Object.prototype).length === 0, "fuzz: nothing is added to all objects");
  const seen = new Set<unknown>();
  const pending: unknown[] = [...values, state.globals, state.stringMetatable ?? undefined];
  while (pending.length > 0) {
    const value = pending.pop();
    if (value === undefined || typeof value === "boolean" || typeof value === "number") continue;
    if (seen.has(value)) continue;
    seen.add(value);
    if (typeof value === "string") {
      assert(!/[^\x00-\xff]/.test(value), "fuzz: strings are bytes");
    } else if (value instanceof LuaTable) {
      pending.push(...value.array, ...value.nodeKeys, ...value.nodeValues);
      if (value.metatable !== null) pending.push(value.metatable);
    } else if (value instanceof LuaClosure) {
      pending.push(value.environment, ...value.prototype.constants);
      for (const box of value.upvalues) pending.push(box.value);
    } else if (value instanceof LuaThread) {
      for (const each of value.stack) pending.push(each instanceof Box ? each.value : each);
    } else if (value instanceof LuaUserdata) {
      if (value.metatable !== null) pending.push(value.metatable);
    } else assert(value instanceof NativeFunction, "fuzz: an object of the five kinds");
  }
}

if (import.meta.main) fuzzLua(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 2000));
