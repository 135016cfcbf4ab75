import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../base/random.ts";
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

test("lines that end in CR LF are read, as redis-server does", () => {
  const manifest = parseManifest("file a seq 1 type b\r\nfile b seq 1 type i\r\n", "m");
  assert.deepEqual([manifest.base?.name, manifest.increments[0].name], ["a", "b"]);
});

test("whatever a manifest holds is understood, and written back the same, or refused", () => {
  const random = new Random().seed(Number(process.env.TSKEYDB_SEED ?? 1));
  const pieces = [
    "file",
    "seq",
    "type",
    "b",
    "h",
    "i",
    "1",
    "2",
    "a",
    '"a b"',
    "'",
    '"',
    "\\x",
    "\\",
  ];
  const gaps = [" ", "\n", "\r\n", "\t", "", "#", "\0", "/", "é", "\x85"];
  const good =
    "file a seq 1 type b\nfile b seq 1 type h\nfile c seq 2 type i\nfile d seq 3 type i\n";
  let understood = 0;
  for (let round = 0; round < 20_000; round++) {
    let text = good;
    for (let n = random.below(4); n >= 0; n--) {
      const at = random.below(text.length + 1);
      const [from, words] = random.below(2) === 0 ? [at, pieces] : [at + random.below(6), gaps];
      text = text.slice(0, at) + words[random.below(words.length)] + text.slice(from);
    }
    try {
      const manifest = parseManifest(text, "m");
      const again = formatManifest(manifest);
      assert.deepEqual(parseManifest(again, "m"), manifest);
      const names = [manifest.base, ...manifest.history, ...manifest.increments];
      const distinct = new Set(names.flatMap((file) => (file === undefined ? [] : [file.name])));
      assert.equal(distinct.size, names.length - (manifest.base === undefined ? 1 : 0));
      understood++;
    } catch (error) {
      const isRefused = error instanceof LogError && error.code === "LOG_MANIFEST";
      assert.ok(isRefused, `${JSON.stringify(text)}: ${error}`);
    }
  }
  assert.ok(understood > 200 && understood < 19_000, `${understood}`);
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
    ["file a seq 1 type h\nfile a seq 2 type i\n", 2],
    ['file a seq 1 type i\nfile "\\x61" seq 2 type i\n', 2],
    ["file a file b seq 1 type i\n", 1],
    ["file a seq 1 SEQ 2 type i\n", 1],
    ["file /a seq 1 type i\n", 1],
    ["file .. seq 1 type i\n", 1],
    ['file "a\\x00" seq 1 type i\n', 1],
    [`${good}\n`, 2],
    ["file b seq 2 type i\nfile a seq 1 type i\n", 2],
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
