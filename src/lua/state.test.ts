import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openLibraries } from "./libraries.ts";
import { Operation } from "./opcodes.ts";
import { State, type StateOptions } from "./state.ts";
import { LuaTable } from "./table.ts";
import { evaluate, makeFunction, stateWithLibraries } from "./test-support.ts";
import { NativeFunction, Outcome, RunStatus } from "./thread.ts";
import { LuaError, type LuaValue } from "./values.ts";

/** Every test of what programs do is one of both ways of running them. */
const ways: readonly (readonly [string, StateOptions])[] = [
  ["interpreted", {}],
  ["as JavaScript", { makeFunction, heatMax: 0 }],
];

function everyWay(name: string, body: (options: StateOptions) => void): void {
  for (const [way, options] of ways) test(`${name}, ${way}`, () => body(options));
}

function errorOf(source: string, options: StateOptions = {}): LuaValue {
  const state = stateWithLibraries(options);
  try {
    state.start(state.load(source, "@user_script"));
    while (state.run() === RunStatus.paused);
  } catch (error) {
    if (error instanceof LuaError) return error.value;
    throw error;
  }
  return undefined;
}

/** Loops, calls, closures, metamethods, iterators, protected calls, coroutines, sorts, patterns. */
const PROGRAM = `
  local log = {}
  local function note(...) 
    local row = {...}
    for i = 1, #row do row[i] = tostring(row[i]) end
    log[#log + 1] = table.concat(row, ",")
  end
  local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
  note(fib(12))
  local V = {}
  V.__index = function(t, k) note("index", k) return fib(5) end
  V.__add = function(a, b) return setmetatable({n = a.n + b.n}, V) end
  V.__lt = function(a, b) return a.n < b.n end
  local function plain(x) return type(x) == "table" and x.n or x end
  V.__concat = function(a, b) return plain(a) .. "~" .. plain(b) end
  V.__call = function(self, x) return self.n * x end
  local function v(n) return setmetatable({n = n}, V) end
  local sum = v(0)
  for i = 1, 20 do sum = sum + v(i) end
  note(sum.n, sum.missing, v(1) < v(2), v(2) < v(1), "a" .. v(1) .. v(2) .. "b", v(3)(4))
  local function body(a) for i = 1, 5 do a = coroutine.yield(a + i) end return "end" end
  local co = coroutine.wrap(body)
  note(co(1), co(2), co(3), co(4), co(5), co(6))
  note(pcall(function() local x = nil; return x.y end))
  local function fail() for i = 1, 3 do if i == 2 then error({}) end end end
  note(select(2, pcall(fail)) and "table")
  note(xpcall(function() error("inner") end, function(m) return "handled " .. m end))
  local t = {}
  for i = 1, 60 do t[i] = (i * 37) % 61 end
  table.sort(t, function(a, b) return a > b end)
  note(unpack(t, 1, 10))
  note((string.gsub("hello world", "%w+", function(w) return #w .. fib(3) end)))
  for k, x in pairs({10, 20, a = 1, b = 2}) do note(k, x) end
  for w in string.gmatch("one two three", "%a+") do note(w) end
  local fs = {}
  for i = 1, 3 do fs[i] = function() i = i + 1 return i end end
  note(fs[1](), fs[1](), fs[2](), fs[3]())
  local function count(n) if n == 0 then return "tail" end return count(n - 1) end
  note(count(3000))
  repeat local done = #log > 3 until done
  return table.concat(log, "\\n")`;

everyWay("a run that is left at every turn ends as one in one go", (options) => {
  const [whole] = evaluate(PROGRAM);
  for (const budget of [0, 1, 2, 7, 100]) {
    const state = stateWithLibraries(options);
    state.start(state.load(PROGRAM, "@script"));
    let pauses = 0;
    while (state.run(budget) === RunStatus.paused) pauses++;
    assert.equal(state.results()[0], whole);
    assert.ok(pauses > 30, `${pauses} pauses`);
  }
});

test("a native function may wait for the host, wherever it is called", () => {
  const asked: LuaValue[] = [];
  for (const [, options] of ways) {
    const state = stateWithLibraries(options);
    const ask = new NativeFunction("ask", (thread, base) => {
      asked.push(thread.stack[base]);
      return Outcome.suspend;
    });
    state.globals.setString("ask", ask);
    state.start(
      state.load(
        `local t = setmetatable({}, {__index = function(_, k) return ask(k) end})
        local co = coroutine.wrap(function() return ask("co") .. t.field end)
        local sorted = {3, 1, 2}
        table.sort(sorted, function(a, b) return ask(a) < ask(b) end)
        return ask("first"), co(), table.concat(sorted), pcall(ask, "pcall")`,
        "@script",
      ),
    );
    asked.length = 0;
    for (;;) {
      const status = state.run();
      if (status === RunStatus.done) break;
      assert.equal(status, RunStatus.waiting);
      const last = asked[asked.length - 1];
      if (last === "pcall") state.resumeWithError("refused");
      else state.resume([typeof last === "number" ? last : `<${last}>`]);
    }
    assert.deepEqual(state.results(), ["<first>", "<co><field>", "123", false, "refused"]);
    assert.ok(asked.length > 6);
  }
});

everyWay("an endless loop is interrupted, and the state goes on to serve", (options) => {
  const state = stateWithLibraries(options);
  state.start(state.load("local n = 0\nwhile true do n = n + 1 end", "@user_script"));
  for (let i = 0; i < 3; i++) assert.equal(state.run(10_000), RunStatus.paused);
  assert.throws(() => state.interrupt("killed"), new LuaError("user_script:2: killed"));
  assert.deepEqual(evaluate("return 1 + 1", state), [2]);
  state.start(state.load("while true do pcall(error) end", "@user_script"));
  for (let i = 0; i < 3; i++) assert.equal(state.run(10_000), RunStatus.paused);
  state.abandon();
  assert.deepEqual(evaluate("return 2 + 2", state), [4]);
});

everyWay("memory ends where its limit is, and only for what is held", (options) => {
  const limited = { ...options, memoryMax: 2 ** 22 };
  const tables = "local t = {} for i = 1, 1e7 do t[i] = {i} end";
  const strings = "local t, s = {}, ('x'):rep(1e5) for i = 1, 1e6 do t[i] = s .. i end";
  const closures = "local t = {} for i = 1, 1e7 do t[i] = function() return i end end";
  for (const source of [tables, strings, closures]) {
    assert.equal(errorOf(source, limited), "not enough memory");
  }
  assert.equal(errorOf("for i = 1, 1e5 do local t = {i} end", limited), undefined);
  assert.equal(
    errorOf("local s for i = 1, 300 do s = ('x'):rep(1e5) .. i end", limited),
    undefined,
  );
  const caught = `local ok, why = pcall(function() ${tables} end) collectgarbage() return ok, why`;
  assert.deepEqual(evaluate(caught, stateWithLibraries(limited)), [false, "not enough memory"]);
});

everyWay("depth is bounded, and tail calls have none", (options) => {
  const run = (source: string): LuaValue => errorOf(source, options);
  const deep = "local function f() return 1 + f() end f()";
  assert.equal(run(deep), "user_script:1: stack overflow");
  assert.equal(run("local function f(n) if n > 0 then return f(n - 1) end end f(1e5)"), undefined);
  assert.equal(run("local function f() return pcall(f) end assert(f())"), undefined);
  const meta =
    "local t = {} setmetatable(t, {__index = function(_, k) return t[k] end}) return t.x";
  assert.equal(run(meta), "user_script:1: C stack overflow");
  const nested = "local function f() return coroutine.wrap(f)() end f()";
  assert.match(String(run(nested)), /C stack overflow$/);
  assert.equal(
    run(`return ${"(".repeat(300)}1${")".repeat(300)}`),
    "user_script:1: chunk has too many syntax levels",
  );
  assert.match(
    String(run(`local a = 1 return a${".x".repeat(100_000)}`)),
    /too many syntax levels$/,
  );
});

everyWay("a chunk has as many levels before other chunks have run as after them", (options) => {
  const state = new State(options);
  openLibraries(state);
  const nested = (depth: number): string => `return ${"(".repeat(depth)}1${")".repeat(depth)}`;
  // The first is in the statement, and one more in a text that Lua itself loads.
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(state.call(state.load(nested(198), "@a")), [1]);
    assert.throws(() => state.load(nested(199), "@a"), LuaError);
    const inner = state.load(
      `return loadstring("${nested(197)}") ~= nil,
      loadstring("${nested(198)}") == nil`,
      "@b",
    );
    assert.deepEqual(state.call(inner), [true, true]);
  }
});

everyWay("nobody yields across an iterator, a metamethod or a comparator", (options) => {
  const boundary = "attempt to yield across metamethod/C-call boundary";
  for (const body of [
    "for _ in coroutine.yield do end",
    "for _ in function() coroutine.yield() end do end",
    "return setmetatable({}, {__index = function() coroutine.yield() end}).x",
    "table.sort({1, 2, 3}, function() coroutine.yield() end)",
    "pcall(error) string.gsub('x', 'x', function() coroutine.yield() end)",
  ]) {
    const source = `return coroutine.resume(coroutine.create(function() ${body} end))`;
    const [isFine, error] = evaluate(source, stateWithLibraries(options));
    assert.deepEqual([isFine, error], [false, boundary], body);
  }
});

everyWay("the order of pairs is that of C's tables", (options) => {
  const [order] = evaluate(
    `local t = {}
    for _, k in ipairs({"one", "two", "three", "four", "five", 1.5, -1, 100, true}) do t[k] = 1 end
    t.two = nil
    t.six = 1
    local r = {}
    for k in pairs(t) do r[#r + 1] = tostring(k) end
    return table.concat(r, " ")`,
    stateWithLibraries(options),
  );
  // As redis-server 7.0.15 gives it.
  assert.equal(order, "true 100 four six -1 one 1.5 five three");
});

test("a table that its owner protects is changed by no script", () => {
  const state = stateWithLibraries();
  const table = state.newTable(1, 1);
  table.setNumber(1, "one");
  table.readonly = true;
  state.globals.setString("fixed", table);
  const refused = /Attempt to modify a readonly table/;
  for (const change of [
    "fixed.a = 1",
    "fixed[1] = 2",
    "fixed[2] = 2",
    "rawset(fixed, 1, 2)",
    "table.insert(fixed, 2)",
    "table.remove(fixed)",
    "setmetatable(fixed, {})",
  ]) {
    assert.throws(() => evaluate(change, state), refused, change);
  }
  assert.equal(table.getNumber(1), "one");
});

test("the place where an error was raised is known to the host", () => {
  const state = stateWithLibraries();
  state.start(state.load("local x\nlocal function f()\nerror({})\nend\nf()", "@user_script"));
  assert.throws(() => state.run(), LuaError);
  assert.deepEqual([state.errorChunk, state.errorLine], ["@user_script", 3]);
});

test("the interpreter's cases are the operations, by their numbers", () => {
  const source = readFileSync(new URL("./interpreter.ts", import.meta.url), "utf8");
  const cases = [...source.matchAll(/case (\d+):(?: \{\n\s*)? ?\/\/ (\w+)/g)];
  const numbers = new Map<string, number>(Object.entries(Operation));
  assert.ok(cases.length > 50);
  for (const [, number, name] of cases) assert.equal(numbers.get(name), Number(number), name);
});

/** Every word of JavaScript that hot code is written in, besides registers (r12). */
const HOT_WORDS = new Set(
  (
    "return function thread frame closure pc const stack base state u upvalues code prototype " +
    "let x y n w for switch case undefined true false if else continue typeof instanceof new " +
    "null K H LuaTable Box whole field method invoke iterate deliver value environment nodeKeys " +
    "nodeValues length metatable absent readonly findString array getNumber get newTable Math " +
    "floor set addString number object budget top mode wanted target depth frames nativeDepth"
  ).split(" "),
);

test("hot code has nothing of the script in it but numbers", () => {
  const texts: string[] = [];
  const watched = (source: readonly string[]) => {
    texts.push(source[source.length - 1]);
    return makeFunction(source);
  };
  // As Lua writes them; the last has bytes that JavaScript would take for a line's end.
  const quoted = ["return", "constructor", "__proto__", "a`$b", "x;y\\n'\\\"", "*/"]
    .concat("\\226\\128\\168")
    .map((text) => `"${text}"`);
  const fields = quoted.map((name) => `t[${name}] = (t[${name}] or ${name}) .. ${name} == n`);
  const strange = `local t, n = {}, -1.5e-300 for i = 1, 3 do ${fields.join(" ")}
    zq_global, n = n % 1e308 + 1 / 0, i - 2^63 end return t, n`;
  for (const program of [PROGRAM, strange]) {
    const state = stateWithLibraries({ makeFunction: watched, heatMax: 0 });
    evaluate(program, state);
  }
  assert.ok(texts.length > 5, `${texts.length} functions`);
  const all = texts.join("\n");
  assert.deepEqual(
    all.match(/"[^"]*"/g)?.filter((text) => !/^"(number|object)"$/.test(text)),
    [],
  );
  assert.doesNotMatch(all, /['`\\]|\/[/*]/);
  const words = new Set(all.match(/[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*/g));
  const foreign = [...words].filter((word) => !HOT_WORDS.has(word) && !/^(r\d+|e\d*)$/.test(word));
  assert.deepEqual(foreign, []);
});

test("a short script that is run for ever stays interpreted, and a long loop does not", () => {
  let made = 0;
  const counted = (source: readonly string[]) => {
    made++;
    return makeFunction(source);
  };
  const state = stateWithLibraries({ makeFunction: counted, heatMax: 1000 });
  const short = state.load("for i = 1, 3 do end for _ in pairs({1, 2}) do end", "@short");
  for (let i = 0; i < 500; i++) state.call(short);
  assert.equal(made, 0);
  state.call(state.load("for i = 1, 5000 do end", "@long"));
  assert.equal(made, 1);
});

test("a state has no way to JavaScript's objects", () => {
  const state = new State();
  openLibraries(state);
  const names = ["constructor", "__proto__", "prototype", "toString", "length", "array", "get"];
  for (const name of names) {
    assert.deepEqual(evaluate(`return ({}).${name}, rawget({}, "${name}"), _G.${name}`, state), [
      undefined,
      undefined,
      undefined,
    ]);
    const text = `return pcall(function() return ("x").${name} end)`;
    const [isFine, value] = evaluate(text, state);
    assert.ok(isFine === true && value === undefined, name);
  }
  assert.ok(state.globals instanceof LuaTable);
});

everyWay("texts that cannot be compiled take their time of a run as well", (options) => {
  const state = stateWithLibraries(options);
  const source = "local text = ('x '):rep(5000) for i = 1, 5 do loadstring(text) end return 'end'";
  state.start(state.load(source, "@script"));
  let pauses = 0;
  while (state.run(10_000) === RunStatus.paused) pauses++;
  assert.ok(pauses >= 4, `left ${pauses} times`);
  assert.deepEqual(state.results(), ["end"]);
});
