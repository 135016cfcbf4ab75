import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate, outcome, stateWithLibraries } from "./test-support.ts";

const state = stateWithLibraries();

function packed(format: string, values = ""): unknown {
  return outcome(`struct.pack("${format}"${values === "" ? "" : `, ${values}`})`, state);
}

function unpacked(format: string, data: string, more = ""): unknown {
  return evaluate(`return struct.unpack("${format}", "${data}"${more})`, state);
}

test("values are packed as their letters say", () => {
  assert.equal(packed("bBhH", "-1, 255, -2, 65535"), "\xff\xff\xfe\xff\xff\xff");
  assert.equal(packed(">iI", "1, 2^32 - 1"), "\0\0\0\x01\xff\xff\xff\xff");
  assert.equal(packed("<i3>i3", "1, 1"), "\x01\0\0\0\0\x01");
  assert.equal(packed("l", "-2"), `\xfe${"\xff".repeat(7)}`);
  assert.equal(packed(">T", "2^53"), "\0\x20\0\0\0\0\0\0");
  assert.equal(packed("i12", "-1"), `${"\xff".repeat(8)}\0\0\0\0`);
  assert.equal(packed(">fd", "1.5, -2"), "\x3f\xc0\0\0\xc0\0\0\0\0\0\0\0");
  assert.equal(packed("sc0c2x", "'ab', 'cd', 'efg'"), "ab\0cdef\0");
  assert.equal(packed("!4 bi", "1, 2"), "\x01\0\0\0\x02\0\0\0");
  assert.equal(packed("!bd", "1, 0"), `\x01${"\0".repeat(15)}`);
});

test("what was packed is unpacked, and the place behind it is returned", () => {
  assert.deepEqual(unpacked("bBh", "\\255\\255\\254\\255"), [-1, 255, -2, 5]);
  assert.deepEqual(unpacked(">I4s", "\\0\\0\\1\\0ab\\0c"), [256, "ab", 8]);
  assert.deepEqual(unpacked("bc0b", "\\3abc\\7"), ["abc", 7, 6]);
  assert.deepEqual(unpacked("b", "abc", ", 3"), [99, 4]);
  assert.deepEqual(unpacked(">l", "\\255\\255\\255\\255\\255\\255\\255\\254"), [-2, 9]);
  assert.deepEqual(unpacked("<L", "\\255\\255\\255\\255\\255\\255\\255\\255"), [2 ** 64, 9]);
  assert.equal(outcome('struct.size("!8 bdi3")', state), 21);
});

test("what is wrong is said in C's words", () => {
  const cases: Readonly<Record<string, string>> = {
    'struct.pack("i")': "bad argument #2 to 'pack' (number expected, got nil)",
    'struct.pack("c5", "abc")': "bad argument #3 to 'pack' (string too short)",
    'struct.pack("y", 1)': "bad argument #1 to 'pack' (invalid format option 'y')",
    'struct.pack("i33", 1)': "integral size 33 is larger than limit of 32",
    'struct.pack("i99999999999", 1)': "integral size overflow",
    'struct.pack("!3 i", 1)': "alignment 3 is not a power of 2",
    'struct.unpack("i", "abc")': "bad argument #2 to 'unpack' (data string too short)",
    'struct.unpack("s", "abc")': "unfinished string in data",
    'struct.unpack("c0", "abc")': "format 'c0' needs a previous size",
    'struct.unpack("b", "a", 0)': "bad argument #3 to 'unpack' (offset must be 1 or greater)",
    'struct.unpack("b", "a", -1)': "bad argument #2 to 'unpack' (data string too short)",
    'struct.unpack(("b"):rep(8000), ("x"):rep(8000))': "stack overflow (too many results)",
    'struct.size("s")': "bad argument #1 to 'size' (option 's' has no fixed size)",
    'struct.size("c0")': "bad argument #1 to 'size' (option 'c0' has no fixed size)",
  };
  for (const [code, expected] of Object.entries(cases)) {
    assert.equal(outcome(code, state), expected, code);
  }
});
