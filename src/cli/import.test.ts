import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { open } from "../embedded/open.ts";
import { type Platform, PlatformError } from "../platform/index.ts";
import { changeablePlatform } from "../platform/platform-test-support.ts";
import { importData } from "./import.ts";

/** Imports the lines into a directory that holds k = "before"; what was said, and what is there. */
async function importLines(lines: string, change: (platform: Platform) => void = () => {}) {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-import-"));
  try {
    const data = join(directory, "data");
    const db = open(data);
    db.set("k", "before");
    db.close();
    const path = join(directory, "wal.log");
    writeFileSync(path, lines);
    const platform = changeablePlatform();
    let said = "";
    platform.print = (text) => {
      said += text;
    };
    platform.printError = platform.print;
    change(platform);
    const before = logBytes(data);
    const code = await importData(platform, [path, "--dir", data]);
    const changed = !logBytes(data).equals(before);
    using after = open(data);
    const keys = Object.fromEntries(
      after
        .keys("*")
        .sort()
        .map((key) => [
          key,
          after.type(key) === "list" ? after.lrange(key, 0, -1) : after.get(key),
        ]),
    );
    return { code, said, keys, changed };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function logBytes(data: string): Buffer {
  const folder = join(data, "appendonlydir");
  const names = readdirSync(folder).filter((name) => name.endsWith(".aof"));
  return Buffer.concat(names.sort().map((name) => readFileSync(join(folder, name))));
}

const good = '["SET","a","1"]\n["RPUSH","l","x","y"]\n["INCR","a"]\n';

test("a log is imported into what is there", async () => {
  const { code, said, keys } = await importLines(good);
  assert.equal(code, 0);
  assert.match(said, /^3 commands imported into /);
  assert.deepEqual(keys, { a: "2", k: "before", l: ["x", "y"] });
});

test("a log is imported whole or not at all", async () => {
  for (const [line, reason] of [
    ['["LPUSH","a","x"]', /line 4: .*LPUSH.* was refused: WRONGTYPE/],
    ['["NOPE","j"]', /line 4: .*NOPE.* was refused: ERR unknown command/],
    ['{"op":"SET","key":"j","value":"1","db":99}', /line 4: /],
    ["{}", /line 4: /],
    ["nonsense", /line 4: /],
  ] as const) {
    const { code, said, keys, changed } = await importLines(`${good}${line}\n["SET","z","1"]\n`);
    assert.equal(code, 1, line);
    assert.match(said, reason);
    assert.deepEqual(keys, { k: "before" }, line);
    assert.equal(changed, false, line);
  }
});

test("where the disk is full nothing is imported", async () => {
  const { code, said, keys } = await importLines(good, (platform) => {
    platform.writeAt = () => new PlatformError("ENOSPC", "disk", "no space left on device");
  });
  assert.equal(code, 1);
  assert.match(said, /no space left on device/);
  assert.deepEqual(keys, { k: "before" });
});
