import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate, outcome, stateWithLibraries } from "./test-support.ts";
import { RunStatus } from "./thread.ts";

const state = stateWithLibraries();

function hexadecimal(values: string): unknown {
  const text = outcome(`cmsgpack.pack(${values})`, state);
  return typeof text === "string" ? Buffer.from(text, "latin1").toString("hex") : text;
}

test("each value takes its shortest form", () => {
  const cases: Readonly<Record<string, string>> = {
    "0, 127, 128, 255, 256, 65535, 65536": "007fcc80ccffcd0100cdffffce00010000",
    "2^32 - 1, 2^32, 2^53": "ceffffffffcf0000000100000000cf0020000000000000",
    "-1, -32, -33, -128, -129, -32769": "ffe0d0dfd080d1ff7fd2ffff7fff",
    "-2^31 - 1, -2^63": "d3ffffffff7fffffffd38000000000000000",
    "1.5, 0.1, 2^63, 1/0": "ca3fc00000cb3fb999999999999aca5f000000ca7f800000",
    "0/0": "cbfff8000000000000",
    "true, false, nil, cjson.null, print": "c3c2c0c0c0",
    '"", "ab"': "a0a26162",
    "{}, {1, 2}, {[1] = 1, [3] = 3}": "90920102820101" + "0303",
    "{a = 1}, {1, x = 2}, {[0] = 1}": "81a16101820101a178" + "02" + "810001",
    "{1, nil, 3}": "8201010303",
  };
  for (const [values, expected] of Object.entries(cases)) {
    assert.equal(hexadecimal(values), expected, values);
  }
  assert.equal(hexadecimal('("x"):rep(32)'), `d920${"78".repeat(32)}`);
  assert.equal(hexadecimal('("x"):rep(256)'), `da0100${"78".repeat(256)}`);
});

test("tables go sixteen deep, and then there is nil", () => {
  const nested = (depth: number): unknown =>
    evaluate(`local t = {} for i = 2, ${depth} do t = {t} end return cmsgpack.pack(t)`, state)[0];
  assert.equal(nested(16), `${"\x91".repeat(15)}\x90`);
  assert.equal(nested(18), `${"\x91".repeat(16)}\xc0`);
});

test("what was packed comes back, all of it or some", () => {
  const all = evaluate('return cmsgpack.unpack(cmsgpack.pack(1, "x", nil, 2.5))', state);
  assert.deepEqual(all, [1, "x", undefined, 2.5]);
  const text = '"\\1\\2\\3"';
  assert.deepEqual(evaluate(`return cmsgpack.unpack_one(${text})`, state), [1, 1]);
  assert.deepEqual(evaluate(`return cmsgpack.unpack_one(${text}, 2)`, state), [-1, 3]);
  assert.deepEqual(evaluate(`return cmsgpack.unpack_limit(${text}, 2)`, state), [2, 1, 2]);
  assert.deepEqual(evaluate(`return cmsgpack.unpack_limit(${text}, 0)`, state), [1, 2, 3]);
  assert.deepEqual(evaluate('return cmsgpack.unpack("")', state), []);
  const unsigned = '"\\207\\255\\255\\255\\255\\255\\255\\255\\255"';
  assert.deepEqual(evaluate(`return cmsgpack.unpack(${unsigned})`, state), [-1]);
});

test("what is wrong is said in C's words", () => {
  const cases: Readonly<Record<string, string>> = {
    "cmsgpack.pack()": "bad argument #0 to 'pack' (MessagePack pack needs input.)",
    'cmsgpack.unpack("\\146\\1")': "Missing bytes in input.",
    'cmsgpack.unpack("\\193")': "Bad data format in input.",
    'cmsgpack.unpack("\\129\\192\\1")': "table index is nil",
    'cmsgpack.unpack_limit("x", -1)': "Invalid request to unpack with offset of 0 and limit of 1.",
    'cmsgpack.unpack_one("x", 5)': "Start offset 5 greater than input length 1.",
    'cmsgpack.unpack(("\\145"):rep(5000) .. "\\1")':
      "stack overflow (in function mp_decode_to_lua_array)",
  };
  for (const [code, expected] of Object.entries(cases)) {
    assert.equal(outcome(code, state), expected, code);
  }
});

test("tables that hold each other many times can be left in the middle, and cost memory", () => {
  const code = "local t = {} for i = 1, 15 do t = {t, t, t, t, t, t, t, t} end";
  const own = stateWithLibraries({ memoryMax: 2 ** 24 });
  own.start(own.load(`${code} return cmsgpack.pack(t)`, "@script"));
  for (let i = 0; i < 3; i++) assert.equal(own.run(1000), RunStatus.paused);
  own.abandon();
  const [isFine, error] = evaluate(`${code} return pcall(cmsgpack.pack, t)`, own);
  assert.deepEqual([isFine, error], [false, "not enough memory"]);
});
