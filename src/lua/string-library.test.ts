import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate, outcome, stateWithLibraries } from "./test-support.ts";
import { RunStatus } from "./thread.ts";

const state = stateWithLibraries();

function expect(cases: Readonly<Record<string, unknown>>): void {
  for (const [code, expected] of Object.entries(cases)) {
    assert.deepEqual(outcome(code, state), expected, code);
  }
}

test("parts, bytes and letters", () => {
  expect({
    'string.sub("hello", 2, -2)': "ell",
    'string.sub("hello", -3)': "llo",
    'string.sub("hello", 0)': "hello",
    'string.sub("hello", 4, 2)': "",
    'string.sub("hello", -100, 100)': "hello",
    'string.sub("hello", 2^40)': "",
    '("x"):byte()': 120,
    'select("#", ("x"):byte(10))': 0,
    'table.concat({("abc"):byte(1, -1)}, " ")': "97 98 99",
    'string.char(104, 105, "33")': "hi!",
    "string.char()": "",
    'string.upper("a\\233z")': "A\u00e9Z",
    'string.lower("A\\201Z")': "a\u00c9z",
    'string.reverse("a\\0b")': "b\0a",
    'string.len("a\\0b")': 3,
    "string.len(12)": 2,
    'string.rep("ab", 3)': "ababab",
    'string.rep("ab", -1)': "",
    'string.rep("ab", 2^32 + 1)': "ab",
  });
});

test("format puts each value in the way that its conversion says", () => {
  expect({
    'string.format("%d %s %5.1f|%%", 3, "x", 2.25)': "3 x   2.2|%",
    'string.format("%q", "a\\n\\"\\\\\\r\\0b")': '"a\\\n\\"\\\\\\r\\000b"',
    'string.format("%s", 10 / 2)': "5",
    'string.format("%.3s|%5s|%-5s|", "abcdef", "x", "y")': "abc|    x|y    |",
    'string.format("%s", "a\\0b")': "a",
    'string.format("%s", ("a\\0b"):rep(50)) == ("a\\0b"):rep(50)': true,
    'string.format("%c%c", 72, 105)': "Hi",
    'string.format("%d", "0x10")': "16",
    'string.format("%5%")': "bad argument #2 to 'format' (no value)",
    'string.format("%5%", 1)': "invalid option '%%' to 'format'",
    'string.format("%y", 1)': "invalid option '%y' to 'format'",
    'string.format("%", 1)': "invalid option '%' to 'format'",
    'string.format("%0-+ #0d", 1)': "invalid format (repeated flags)",
    'string.format("%123d", 1)': "invalid format (width or precision too long)",
    'string.format("%d")': "bad argument #2 to 'format' (no value)",
    'string.format("%d", "x")': "bad argument #2 to 'format' (number expected, got string)",
    'string.format("%s", {})': "bad argument #2 to 'format' (string expected, got table)",
  });
});

test("find and match return places and captures", () => {
  expect({
    'table.concat({string.find("hello", "l+")}, " ")': "3 4",
    'table.concat({string.find("key=val", "(%w+)=(%w+)")}, " ")': "1 7 key val",
    'table.concat({string.find("a.b", ".", 1, true)}, " ")': "2 2",
    'table.concat({string.find("a.b", "b", -1)}, " ")': "3 3",
    'table.concat({string.find("", "")}, " ")': "1 0",
    'string.find("abc", "b", 10)': undefined,
    'string.match("2026-11-28", "(%d+)-(%d+)")': "2026",
    'string.match("  x  ", "^%s*(.-)%s*$")': "x",
    'string.match("abc", "()b()")': 2,
    'string.match("abc", "(b")': "unfinished capture",
    'string.find("abc", "[b")': "malformed pattern (missing ']')",
    "string.find(nil, 'x')": "bad argument #1 to 'find' (string expected, got nil)",
    "('x').find()": "bad argument #1 to 'find' (string expected, got no value)",
    "('x'):find()": "bad argument #1 to 'find' (string expected, got no value)",
  });
});

test("gsub replaces by texts, tables and functions", () => {
  expect({
    'string.gsub("hello world", "o", "0")': "hell0 w0rld",
    'select(2, string.gsub("hello world", "o", "0"))': 2,
    'string.gsub("hello", "l", "L", 1)': "heLlo",
    'string.gsub("hello", "(l)(l)", "%2%1%0%%")': "hellll%o",
    'string.gsub("abc", "", "-")': "-a-b-c-",
    'string.gsub("abc", "^a", "x")': "xbc",
    'string.gsub("aaa", "^a", "x")': "xaa",
    'string.gsub("$a $b", "%$(%w)", {a = "1", b = false})': "1 $b",
    'string.gsub("ab", "%w", function(c) if c == "a" then return 7 end end)': "7b",
    'string.gsub("ab", "(a)(b)", function(...) return select("#", ...) end)': "2",
    'string.gsub("x", "x", setmetatable({}, {__index = function(t, k) return k .. k end}))': "xx",
    'string.gsub("x", "x", setmetatable({}, {__index = {x = "y"}}))': "y",
    'string.gsub("x", "x", "%")': "\0",
    'string.gsub("x", "x", "%2")': "invalid capture index",
    'string.gsub("x", "x", function() return {} end)': "invalid replacement value (a table)",
    'string.gsub("x", "x", {x = true})': "invalid replacement value (a boolean)",
    'string.gsub("x", "x")': "bad argument #3 to 'gsub' (string/function/table expected)",
    'string.gsub("x", "x", function() error("mine", 0) end)': "mine",
  });
  const nested = 'string.gsub("a b", "%a", function(c) return (c:gsub("a", "<%0>")) end)';
  assert.equal(outcome(nested, state), "<a> b");
});

test("gmatch goes from match to match", () => {
  const joined = (subject: string, pattern: string): unknown =>
    evaluate(
      `local r = {} for a, b in string.gmatch(${subject}, ${pattern}) do
         r[#r + 1] = tostring(a) .. ":" .. tostring(b)
       end return table.concat(r, " ")`,
      state,
    )[0];
  assert.equal(joined('"k=v, x=y"', '"(%w)=(%w)"'), "k:v x:y");
  assert.equal(joined('"abc"', '""'), ":nil :nil :nil :nil");
  assert.equal(joined('"^a^a"', '"^a"'), "^a:nil ^a:nil");
  assert.equal(outcome("string.gmatch == string.gfind", state), true);
});

test("what dump returns cannot be loaded", () => {
  expect({
    "#string.dump(function() end)": 12,
    "loadstring(string.dump(function() end))": undefined,
    "string.dump(string.dump)": "unable to dump given function",
    "string.dump(1)": "bad argument #1 to 'dump' (function expected, got number)",
  });
});

test("a search that takes long is left, and can be ended", () => {
  for (const code of [
    'local s = ("a"):rep(3000) return s:find(".-.-.-b")',
    'local s = ("a"):rep(3000) return s:gsub(".-.-.-b", "")',
    'local s = ("a"):rep(3000) for x in s:gmatch(".-.-.-b") do end',
    'local s = ("a"):rep(2000) while true do s:find(".-.-c") end',
  ]) {
    const own = stateWithLibraries();
    own.start(own.load(code, "@script"));
    let pauses = 0;
    while (pauses < 20 && own.run(1000) === RunStatus.paused) pauses++;
    assert.equal(pauses, 20, code);
    own.abandon();
    assert.deepEqual(evaluate("return 1", own), [1]);
  }
});

test("a text that would be too long is refused before it is made", () => {
  const own = stateWithLibraries({ memoryMax: 2 ** 24 });
  for (const code of [
    'string.rep("x", 2^30)',
    'string.rep("x", 2^31 - 1)',
    '(("x"):rep(2^20):gsub("x", ("y"):rep(2^20)))',
    'string.format(("%s"):rep(1000), unpack({("x"):rep(2^20)}, 1, 1))',
  ]) {
    const [isFine, error] = evaluate(`return pcall(function() return ${code} end)`, own);
    assert.equal(isFine, false, code);
    if (!code.includes("format")) assert.equal(error, "not enough memory", code);
  }
});
