// The end of a process, and other copies of this module in it: what programs see, as programs.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { version } from "../engine/version.ts";
import { open } from "./open.ts";

const index = new URL("../index.ts", import.meta.url).href;

interface Ran {
  readonly out: string;
  readonly error: string;
  readonly code: number | null;
  /** The data directory. */
  readonly data: string;
}

/** Runs a program that has `open`, `data` and `say`, and looks at what it leaves behind. */
function run(program: string, look: (ran: Ran) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-exit-"));
  const data = join(directory, "data");
  try {
    const path = join(directory, "program.ts");
    writeFileSync(
      path,
      `import { writeSync } from "node:fs";
       import { open } from ${JSON.stringify(index)};
       const data = ${JSON.stringify(data)};
       const say = (...words: unknown[]): void => void writeSync(1, words.join(" ") + "\\n");
       ${program}`,
    );
    const ran = spawnSync(process.execPath, [path], { encoding: "utf8" });
    look({ out: ran.stdout, error: ran.stderr, code: ran.status, data });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What lies in the directory beside the log: a lock that was not given back. */
function left(data: string): string[] {
  return readdirSync(data).filter((name) => name !== "appendonlydir");
}

const policies = ["always", "everysec", "no"] as const;

test("handlers of exit read and write whenever they were registered, and nothing is lost", () => {
  for (const fsync of policies) {
    for (const ending of ["", "process.exit(3);", "throw new Error('unplanned');"]) {
      const program = `
        process.on("exit", () => db.rpush("list", "registered before"));
        const db = open(data, { fsync: "${fsync}" });
        process.on("exit", () => {
          say(db.get("k"), db.rpush("list", "registered behind"));
          db.transaction(() => db.set("in a transaction", 1));
        });
        db.set("k", "v");
        ${ending}`;
      run(program, ({ out, code, error, data }) => {
        assert.equal(out, "v 2\n", error);
        assert.equal(code, ending === "" ? 0 : ending.startsWith("throw") ? 1 : 3, error);
        using db = open(data);
        assert.equal(db.recovery?.torn, undefined);
        assert.deepEqual(db.lrange("list", 0, -1), ["registered before", "registered behind"]);
        assert.equal(db.get("in a transaction"), "1");
      });
    }
  }
});

test("a handler of exit that closes the database gives the directory back", () => {
  const program = `
    const db = open(data);
    process.on("exit", () => { db.set("k", "v"); db.close(); say(db.closed); });`;
  run(program, ({ out, code, data }) => {
    assert.equal(out, "true\n");
    assert.equal(code, 0);
    assert.deepEqual(left(data), []);
    using db = open(data);
    assert.equal(db.get("k"), "v");
  });
});

test("without a handler behind ours the directory is given back", () => {
  const program = `
    process.on("exit", () => open(data).set("k", 2));
    const db = open(data); db.set("k", 1); process.exit();`;
  run(program, ({ code, error, data }) => {
    assert.equal(code, 0, error);
    assert.deepEqual(left(data), []);
    using db = open(data);
    assert.equal(db.get("k"), "2");
  });
});

test("a transaction that the process ends in has never been, for the handlers of exit too", () => {
  for (const fsync of policies) {
    const program = `
      const db = open(data, { fsync: "${fsync}" });
      process.on("exit", () => {
        say(db.get("before"), db.exists("inside", "deeper"));
        db.set("handler", 1);
      });
      db.set("before", 1);
      db.transaction(() => {
        db.set("inside", 1);
        db.del("before");
        db.transaction(() => { db.set("deeper", 1); process.exit(0); });
      });`;
    run(program, ({ out, code, error, data }) => {
      assert.equal(out, "1 0\n", error);
      assert.equal(code, 0);
      using db = open(data);
      assert.deepEqual(db.keys("*").sort(), ["before", "handler"]);
    });
  }
});

test("process.exit() in a handler of exit loses nothing", () => {
  const program = `
    const db = open(data);
    process.on("exit", () => { db.set("a", 1); process.exit(5); });
    db.set("b", 1);`;
  run(program, ({ code, error, data }) => {
    assert.equal(code, 5, error);
    using db = open(data);
    assert.deepEqual(db.keys("*").sort(), ["a", "b"]);
  });
});

test("a database that is opened by a handler of exit keeps what it is told", () => {
  run(`process.on("exit", () => { open(data).set("k", "v"); });`, ({ code, error, data }) => {
    assert.equal(code, 0, error);
    using db = open(data);
    assert.equal(db.get("k"), "v");
  });
});

/** A second copy of the module, as another file with the same content is one. */
const secondCopy = `
  import { cpSync } from "node:fs";
  cpSync(${JSON.stringify(fileURLToPath(new URL("..", import.meta.url)))}, data + "-copy", {
    recursive: true,
    filter: (path) => !/(test|fuzz)\\.ts$/.test(path),
  });
  const copy = await import(data + "-copy/index.ts");
  const attempt = (act: () => unknown): unknown => {
    try { return act(); } catch (error) { return String(error); }
  };`;

test("copies of the module in one process share a directory", () => {
  const program = `
    ${secondCopy}
    const db = open(data);
    const other = copy.open(data, { fsync: "everysec" });
    say(copy.open === open, other === db);
    say(attempt(() => copy.open(data, { fsync: "always" })));
    other.set("k", "v");
    other.close();
    say(db.get("k"), db.closed);
    db.close();
    const again = copy.open(data);
    say(open(data) === again, again.get("k"));
    again.set("k", "w");`;
  run(program, ({ out, code, error, data }) => {
    const lines = out.split("\n");
    assert.deepEqual([lines[0], lines[2], lines[3]], ["false true", "v false", "true v"], error);
    assert.match(lines[1], /^DatabaseError: .*open in this process with fsync everysec/);
    assert.equal(code, 0, error);
    assert.deepEqual(left(data), []);
    using db = open(data);
    assert.equal(db.get("k"), "w");
  });
});

test("another version in the process is told that it is one", () => {
  const program = `
    ${secondCopy}
    const db = open(data);
    (globalThis as any)[Symbol.for("tskeydb.opened")].get(db.path).version = "9.9.0";
    say(attempt(() => open(data)));`;
  run(program, ({ out }) => {
    assert.match(out, /^DirectoryLocked: .*data is in use by another copy of tskeydb in this/);
    assert.match(out, new RegExp(`version 9.9.0, and this is ${version}`));
  });
});

test("a thread that was started before cannot attach by the path, and is told so", () => {
  const program = `
    import { Worker } from "node:worker_threads";
    const worker = new Worker(\`
      const { workerData, parentPort } = require("node:worker_threads");
      parentPort.postMessage("started");
      parentPort.once("message", async () => {
        const { open } = await import(workerData.index);
        try { open(workerData.data); parentPort.postMessage("opened"); }
        catch (error) {
          parentPort.postMessage([error.name, error.code, error.pid, error.message].join(" "));
        }
      });\`, { eval: true, workerData: { index: ${JSON.stringify(index)}, data } });
    worker.once("message", () => {
      const db = open(data);
      worker.once("message", (said) => { say(said, process.pid); process.exit(0); });
      worker.postMessage("go");
    });`;
  run(program, ({ out, error }) => {
    assert.match(
      out,
      /^DirectoryLocked ELOCKED (\d+) .*is in use by (another thread of )?this process.* \1\n$/,
      error,
    );
  });
});

test("a context without the list is told of another copy by the directory's lock", () => {
  const program = `
    ${secondCopy}
    const db = open(data);
    (globalThis as any)[Symbol.for("tskeydb.opened")].delete(db.path);
    say(attempt(() => open(data)));`;
  run(program, ({ out }) => {
    assert.match(
      out,
      /^DirectoryLocked: .*data is in use by this process: another copy of this module/,
    );
  });
});
