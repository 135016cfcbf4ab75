// What the types refuse, and what they let through: a program is compiled, and the lines in which
// the compiler finds fault are those, and only those, that are marked as wrong.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

const program = `
declare const strings: string[];
declare const numbers: Set<number>;
declare const text: string | undefined;

// What can only fail.
db.transaction(async () => 1); // wrong
db.transaction(() => Promise.resolve()); // wrong
db.transaction(() => fetched); // wrong
db.del(); // wrong
db.unlink(); // wrong
db.exists(); // wrong
db.touch(); // wrong
db.mget(); // wrong
db.sadd("s"); // wrong
db.srem("s"); // wrong
db.smismember("s"); // wrong
db.hdel("h"); // wrong
db.hmget("h"); // wrong
db.hset("h"); // wrong
db.hset("h", "f"); // wrong
db.mset("k"); // wrong
db.lpush("l"); // wrong
db.rpushx("l"); // wrong
db.sinter(); // wrong
db.sunionstore("to"); // wrong
db.watch(); // wrong
db.call(); // wrong
db.multi().del(); // wrong
db.multi().sadd("s"); // wrong
db.get(["a"]); // wrong
db.get(text); // wrong
db.set("k", ["v"]); // wrong
db.set("k", { a: 1 }); // wrong
db.set("k", new Uint16Array(1)); // wrong
db.sadd("s", [["nested"]]); // wrong
db.sadd("s", new Map([["a", 1]])); // wrong
db.set("k", "v", "PX", 500); // wrong
db.set("k", "v", { pxx: 5 }); // wrong
db.hset("h", ["f", "v"]); // wrong
open(text); // wrong
open(undefined); // wrong
open(null); // wrong
open("./data", { sync: true }); // wrong
open({ fsync: "always" }); // wrong

// What can be.
db.transaction(() => db.get("k"))?.length;
db.transaction(() => { db.set("k", 1); });
db.transaction((): void => {});
db.del("a"); db.del("a", "b"); db.del(strings); db.del("a", strings, numbers); db.del([]);
db.mget(new Set(strings)).map((value) => value?.length);
db.sadd("s", strings, 1, 2n, new Uint8Array(1), strings.values());
db.lmpop(new Set(strings), "LEFT")?.[1].length;
db.watch(strings).get("k").exec();
db.info(); db.info("server"); db.info(["server", "clients"]);
db.hset("h", new Map([["f", 1]])); db.hset("h", { f: 1 }); db.hset("h", Object.entries({ f: "v" }));
db.hset("h", "f", 1, "g", 2);
const queued: [number | Failed, (string | null)[] | Failed] | null =
  db.multi().del(strings).mget("a").exec();
open(); open({ databases: 1 }); open("x"); open("x", { fsync: "always" });
open(new URL("file:///x"), { fsync: "no" }); open(text ?? ":memory:");
queued?.length;
`;

test("calls that can only fail are refused by the types, and no others", () => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "tskeydb-types-")));
  const path = join(directory, "program.ts");
  const index = relative(directory, join(PROJECT, "src", "index.ts"));
  const head = [
    `import { open, type ReplyError as Failed } from ${JSON.stringify(index)};`,
    `const db = open();`,
    `declare const fetched: Promise<number>;`,
  ];
  const lines = [...head, ...program.split("\n")];
  writeFileSync(path, lines.join("\n"));
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(directory, "tsconfig.json"),
    JSON.stringify({
      extends: join(PROJECT, "tsconfig.json"),
      compilerOptions: { typeRoots: [join(PROJECT, "node_modules", "@types")] },
      include: ["program.ts"],
    }),
  );
  try {
    const compiler = join(PROJECT, "node_modules", "typescript", "bin", "tsc");
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [compiler, "-p", directory, "--pretty", "false"],
      {
        encoding: "utf8",
        cwd: directory,
      },
    );
    assert.equal(stderr, "");
    const found = [...stdout.matchAll(/^program\.ts\((\d+),/gm)].map(([, line]) => Number(line));
    const wrong = lines.flatMap((line, i) => (line.endsWith("// wrong") ? [i + 1] : []));
    const shown = (at: number[]): string[] => at.map((line) => lines[line - 1]);
    assert.deepEqual(shown([...new Set(found)]), shown(wrong), stdout);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
