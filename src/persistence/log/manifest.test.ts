import assert from "node:assert/strict";
import { test } from "node:test";
import { LogError } from "./log-error.ts";
import { formatManifest, parseManifest, quoteName } from "./manifest.ts";

test("a manifest is read and written as redis-server has it", () => {
  const text =
    "file appendonly.aof.2.base.rdb seq 2 type b\n" +
    "file appendonly.aof.1.incr.aof seq 1 type h\n" +
    "file appendonly.aof.2.incr.aof seq 2 type i\n" +
    "file appendonly.aof.3.incr.aof seq 3 type i\n";
  const manifest = parseManifest(text, "m");
  assert.equal(manifest.base?.name, "appendonly.aof.2.base.rdb");
  assert.equal(manifest.history.length, 1);
  assert.deepEqual(
    manifest.increments.map((file) => file.sequence),
    [2, 3],
  );
  assert.equal(formatManifest(manifest), text);
});

test("comments, unknown keys and any order of keys are accepted", () => {
  const manifest = parseManifest("# a comment\nseq 7 colour red TYPE i FILE 'a b'\n", "m");
  assert.deepEqual(manifest.increments, [{ name: "a b", sequence: 7, type: "i" }]);
});

test("names that need quotes come back as they were", () => {
  for (const name of [
    'my "aof.1.incr.aof',
    "a b",
    "back\\slash",
    "tab\t\n\r\b\x07\x01",
    "ключ",
    "😀",
  ]) {
    const line = `file ${quoteName(name)} seq 1 type i\n`;
    assert.match(line, /^[ -~]+\n$/);
    assert.equal(parseManifest(line, "m").increments[0].name, name);
  }
  assert.equal(quoteName('my "aof.1.incr.aof'), '"my \\"aof.1.incr.aof"');
  assert.equal(quoteName("it's"), "it's");
});

test("what is no manifest is refused, with its line", () => {
  const good = "file a seq 1 type i\n";
  const cases: [text: string, line: number][] = [
    ["", 1],
    ["file a seq 1 type i", 1],
    [`${good}file b seq 1 type i\n`, 2],
    [`${good}file b seq 2\n`, 2],
    ["file a seq 0 type i\n", 1],
    ["file a seq x type i\n", 1],
    ["file a seq 1 type z\n", 1],
    ["file ../a seq 1 type i\n", 1],
    ['file "a seq 1 type i\n', 1],
    ["file a seq 1 type b\nfile b seq 2 type b\n", 2],
    [`file ${"a".repeat(1024)} seq 1 type i\n`, 1],
  ];
  for (const [text, line] of cases) {
    assert.throws(
      () => parseManifest(text, "m"),
      (error) =>
        error instanceof LogError && error.code === "LOG_MANIFEST" && error.offset === line,
      JSON.stringify(text),
    );
  }
});
