import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate, outcome, stateWithLibraries } from "./test-support.ts";
import { RunStatus } from "./thread.ts";

const state = stateWithLibraries();

function expect(cases: Readonly<Record<string, unknown>>, own = state): void {
  for (const [code, expected] of Object.entries(cases)) {
    assert.deepEqual(outcome(code, own), expected, code);
  }
}

test("values are written as lua-cjson writes them", () => {
  expect({
    "cjson.encode({1, 2.5, 'x', true, cjson.null})": '[1,2.5,"x",true,null]',
    "cjson.encode({})": "{}",
    "cjson.encode({a = {}})": '{"a":{}}',
    "cjson.encode({[1] = 1, [3] = 3})": "[1,null,3]",
    "cjson.encode({[1] = 1, x = 2})": '{"1":1,"x":2}',
    "cjson.encode({[1.5] = 1})": '{"1.5":1}',
    "cjson.encode({[0] = 1})": '{"0":1}',
    "cjson.encode('a/b\"\\\\\\n\\t\\1\\127\\233')": '"a\\/b\\"\\\\\\n\\t\\u0001\\u007f\xe9"',
    "cjson.encode(10 / 2)": "5",
    "cjson.encode(1e15)": "1e+15",
    "cjson.encode(1 / 3)": "0.33333333333333",
    "cjson.encode(nil)": "null",
    "cjson.encode({[1000] = 1})": "Cannot serialise table: excessively sparse array",
    "cjson.encode({[true] = 1})": "Cannot serialise boolean: table key must be a number or string",
    "cjson.encode(print or tostring)": "Cannot serialise function: type not supported",
    "cjson.encode(1/0)": "Cannot serialise number: must not be NaN or Inf",
    "cjson.encode()": "bad argument #1 to 'encode' (expected 1 argument)",
  });
});

test("texts are read as lua-cjson reads them", () => {
  expect({
    'cjson.encode(cjson.decode(\' { "a" : [ 1 , {} , "x" ] } \'))': '{"a":[1,{},"x"]}',
    "cjson.decode('null') == cjson.null": true,
    "tostring(cjson.null)": "userdata: (nil)",
    "cjson.decode('[0x10]')[1]": 16,
    "cjson.decode('-1.5e3')": -1500,
    "cjson.decode('+5')": 5,
    "cjson.decode('10\\0garbage')": 10,
    "cjson.decode('\"\\\\u0041\\\\u00e9\\\\u20ac\\\\ud83d\\\\ude00\"')":
      "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
    "cjson.decode('x')": "Expected value but found invalid token at character 1",
    "cjson.decode('')": "Expected value but found T_END at character 1",
    "cjson.decode('[1 2]')": "Expected comma or array end but found T_NUMBER at character 4",
    "cjson.decode('{1')": "Expected object key string but found T_NUMBER at character 2",
    "cjson.decode('{\"a\"}')": "Expected colon but found T_OBJ_END at character 5",
    "cjson.decode('1 2')": "Expected the end but found T_NUMBER at character 3",
    "cjson.decode('\"abc')": "Expected value but found unexpected end of string at character 5",
    "cjson.decode('\"\\\\x\"')": "Expected value but found invalid escape code at character 2",
    "cjson.decode('\"\\\\ud83d\"')":
      "Expected value but found invalid unicode escape code at character 2",
    "cjson.decode('\\0\\0')": "JSON parser does not support UTF-16 or UTF-32",
    "cjson.decode(('['):rep(1001))":
      "Found too many nested data structures (1001) at character 1001",
  });
});

test("keys named like JavaScript's own are only keys", () => {
  const text = '{"__proto__":{"x":1},"constructor":2,"toString":3}';
  const code = `local t = cjson.decode('${text}') return t.__proto__.x, t.constructor, t.x`;
  assert.deepEqual(evaluate(code, state), [1, 2, undefined]);
  const escape = "Expected value but found invalid escape code at character 2";
  assert.equal(outcome("cjson.decode('\"\\\\constructor\"')", state), escape);
});

test("settings hold for the table of functions that they were made with", () => {
  const own = stateWithLibraries();
  expect(
    {
      "cjson.encode_number_precision(3)": 3,
      "cjson.encode(1 / 3)": "0.333",
      "cjson.new().encode(1 / 3)": "0.33333333333333",
      "cjson.encode_invalid_numbers('null')": "null",
      "cjson.encode({1/0, 0/0})": "[null,null]",
      "cjson.encode_invalid_numbers(true)": true,
      "cjson.encode({1/0, -1/0, 0/0})": "[inf,-inf,nan]",
      "cjson.decode_invalid_numbers('off')": false,
      "cjson.decode('[0x10]')": "Expected value but found invalid number at character 2",
      "cjson.encode_max_depth(2)": 2,
      "cjson.encode({{{}}})": "Cannot serialise, excessive nesting (3)",
      "table.concat({cjson.encode_sparse_array(true, 1, 2) and 1, 2})": "12",
      "cjson.encode({[5] = 1})": '{"5":1}',
      "cjson.encode_max_depth(0)":
        "bad argument #1 to 'encode_max_depth' (expected integer between 1 and 2147483647)",
      "cjson.encode_keep_buffer('x')":
        "bad argument #1 to 'encode_keep_buffer' (invalid option 'x')",
      "cjson.encode_max_depth(1, 2)":
        "bad argument #2 to 'encode_max_depth' (found too many arguments)",
    },
    own,
  );
});

test("depth is bounded by a setting and by C's stack, not by JavaScript's", () => {
  const own = stateWithLibraries();
  evaluate("cjson.encode_max_depth(1e6) cjson.decode_max_depth(1e6)", own);
  const nested = (depth: number): unknown =>
    outcome(`#cjson.encode(cjson.decode(('['):rep(${depth}) .. '1' .. (']'):rep(${depth})))`, own);
  assert.equal(nested(7000), 14_001);
  assert.equal(nested(8000), "Found too many nested data structures (7999) at character 7999");
});

test("a long string is encoded in pieces between which the run can be left", () => {
  const state = stateWithLibraries();
  const length = 300_000;
  const source = `local t = cjson.encode({('\\1'):rep(${length}), 'x'}) return #t, t:sub(1, 8), t:sub(-10)`;
  state.start(state.load(source, "@script"));
  let pauses = 0;
  while (state.run(1000) === RunStatus.paused) pauses++;
  assert.ok(pauses > 10, `left ${pauses} times`);
  const ends = ['["\\u0001', '0001","x"]'];
  assert.deepEqual(state.results(), [6 * length + '["","x"]'.length, ends[0], ends[1]]);
});
