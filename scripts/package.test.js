// The published package, as its users get it: built, packed, installed in an empty project, and used
// from the system's Node, which may be as old as the oldest that is supported.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inPath, root } from "./runtimes.js";

const project = mkdtempSync(join(tmpdir(), "tskeydb-package-"));
const installed = join(project, "node_modules", "tskeydb");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

// npm runs on the system's Node; ours is newer, so the system's is the better test of "Node 20".
const node = [process.env.npm_node_execpath, ...inPath("node")].find(
  (path) => path !== undefined && !path.includes("node_modules") && existsSync(path),
);
const user = node ?? process.execPath;
let tarball = "";

function run(path, args, cwd = project) {
  const { status, stdout, stderr, error } = spawnSync(path, args, { cwd, encoding: "utf8" });
  assert.equal(error, undefined);
  assert.equal(status, 0, `${path} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

/** What a program of a user's prints, which is written to a file of its project. */
function printed(name, program) {
  writeFileSync(join(project, name), program);
  return run(user, [name]);
}

before(() => {
  run(process.execPath, [join(root, "scripts", "build.js")], root);
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", project];
  const [packed] = Object.values(JSON.parse(run("npm", pack, root)));
  tarball = join(project, packed.filename);
  writeFileSync(join(project, "package.json"), '{ "private": true }\n');
  run("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", packed.filename]);
});

after(() => rmSync(project, { recursive: true, force: true }));

test("it brings no dependency, no install script and no source", () => {
  assert.equal(manifest.dependencies, undefined);
  for (const script of ["preinstall", "install", "postinstall"]) {
    assert.equal(manifest.scripts[script], undefined);
  }
  assert.ok(existsSync(join(installed, "LICENSE")));
  assert.ok(!existsSync(join(installed, "src")));
  assert.ok(!existsSync(join(project, "node_modules", "bun")));
});

test("ES modules import it", () => {
  const heard = printed(
    "user.mjs",
    `import { open } from "tskeydb";
     const db = open();
     db.set("k", "v");
     console.log(db.get("k"), db.call("INCR", "n"));
     db.close();
     const kept = open("./data");
     kept.rpush("l", "a", "b");
     kept.close();
     const again = open("./data");
     console.log(again.lrange("l", 0, -1).join());
     again.close();`,
  );
  assert.equal(heard, "v 1\na,b\n");
});

test("the README's program prints what the README says", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const [, program, output] = readme.match(/```js\n(.*?)```.*?\$ node app\.mjs\n(.*?)```/s) ?? [];
  assert.equal(printed("app.mjs", program), output);
});

test("CommonJS requires it, and has the same classes and databases as ES modules", () => {
  const heard = printed(
    "user.cjs",
    `const whole = require("tskeydb");
     const db = whole.open("./shared");
     db.set("k", "v");
     import("tskeydb").then((module) => {
       console.log(Object.keys(module).sort().join() === Object.keys(whole).sort().join());
       console.log(module.open === whole.open, module.open("./shared") === db, db.get("k"));
       console.log(db instanceof module.Database);
     });`,
  );
  assert.equal(heard, "true\ntrue true v\ntrue\n");
});

test("in a realm where a Buffer is no Uint8Array, it takes Buffers and bytes of either", () => {
  const heard = printed(
    "realm.cjs",
    `const { compileFunction, createContext, runInContext } = require("node:vm");
     const { readFileSync } = require("node:fs");
     const { dirname, join } = require("node:path");
     const globals = { Buffer, process, TextDecoder, TextEncoder, performance, queueMicrotask, console };
     const context = createContext(globals);
     const loaded = new Map();
     function load(path) {
       if (loaded.has(path)) return loaded.get(path).exports;
       const module = { exports: {} };
       loaded.set(path, module);
       const inside = (name) => name.startsWith(".") ? load(join(dirname(path), name)) : require(name);
       const names = ["exports", "require", "module"];
       compileFunction(readFileSync(path, "utf8"), names, { parsingContext: context })(
         module.exports, inside, module);
       return module.exports;
     }
     context.tskeydb = load(require.resolve("tskeydb"));
     console.log(runInContext(\`
       const db = tskeydb.open();
       db.set("a", Buffer.from("buffer"));
       db.set("b", new Uint8Array([104, 105]));
       db.sadd("s", new Set([Buffer.from("x")]));
       [Buffer.from("") instanceof Uint8Array, db.get("a"), db.get("b"), db.smembers("s")].join();
     \`, context));
     const db = context.tskeydb.open();
     db.hset("h", new Map([["f", new Uint8Array([65])]]));
     console.log(db.hget("h", "f"));`,
  );
  assert.equal(heard, "false,buffer,hi,x\nA\n");
});

test("what is open in a process is served to others", () => {
  const heard = printed(
    "serve.mjs",
    `import { connect } from "node:net";
     import { open } from "tskeydb";
     const db = open();
     const listening = await db.listen({ port: 0 });
     const client = connect(listening.port, "127.0.0.1");
     client.write("SET k v\\r\\nGET k\\r\\nQUIT\\r\\n");
     let heard = "";
     for await (const bytes of client) heard += bytes;
     console.log(JSON.stringify(heard), db.get("k"));
     db.close();`,
  );
  assert.equal(heard, '"+OK\\r\\n$1\\r\\nv\\r\\n+OK\\r\\n" v\n');
});

const WORKER = `const { Worker, isMainThread, workerData } = require("node:worker_threads");
  const { open } = require("tskeydb");
  if (isMainThread) {
    const db = open();
    const worker = new Worker(__filename, { workerData: db.share() });
    worker.on("exit", () => {
      console.log(db.get("k"), db.incr("n"));
      db.close();
    });
  } else {
    const db = open(workerData);
    db.set("k", "of a worker");
    db.incr("n");
    db.close();
  }`;

test("worker threads share what it opens", () => {
  assert.equal(printed("worker.cjs", WORKER), "of a worker 2\n");
});

test("threads of its own serve, or it says what that takes", () => {
  const program = `import { open } from "tskeydb";
    const db = open();
    try {
      const listening = await db.listen({ port: 0, threads: 2 });
      const { connect } = await import("node:net");
      const socket = connect(listening.port, "127.0.0.1");
      socket.write("*3\\r\\n$3\\r\\nSET\\r\\n$1\\r\\nk\\r\\n$1\\r\\nv\\r\\n");
      socket.once("data", (reply) => {
        console.log(String(reply).trim(), db.get("k"));
        socket.destroy();
        db.close();
      });
    } catch (error) {
      console.log(error.code, error.message);
      db.close();
    }`;
  writeFileSync(join(project, "serving.mjs"), program);
  for (const runtime of [process.execPath, user]) {
    const heard = run(runtime, ["serving.mjs"]);
    assert.match(heard, /^\+OK v\n$|^OPTIONS several threads can serve one port on Linux, with/);
  }
});

test("errors and databases go by their own names", () => {
  const heard = printed(
    "names.mjs",
    `import { DatabaseError, DirectoryLocked, LogError, open, PlatformError, ReplyError } from "tskeydb";
     const db = open();
     db.set("k", "v");
     try { db.incr("k"); } catch (error) {
       console.log(error.constructor.name, error.stack.split(":")[0], error instanceof ReplyError);
     }
     for (const named of [DatabaseError, DirectoryLocked, LogError, PlatformError, db.constructor]) {
       console.log(named.name);
     }`,
  );
  const names = ["DatabaseError", "DirectoryLocked", "LogError", "PlatformError", "Database"];
  assert.equal(heard, `ReplyError ReplyError true\n${names.join("\n")}\n`);
});

test("its declarations are enough for a TypeScript user", () => {
  writeFileSync(
    join(project, "user.ts"),
    `import { open } from "tskeydb";
     const db = open();
     const value: string | null = db.get("k");
     db.multi().set("k", "v").get("k").exec();
     export default value;\n`,
  );
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  // No `lib` of the user's brings Disposable: the package's declarations name it themselves.
  const options = ["--noEmit", "--strict", "--target", "es2022"];
  for (const resolution of [
    ["--module", "nodenext"],
    ["--module", "node16"],
    ["--module", "esnext", "--moduleResolution", "bundler"],
  ]) {
    run(process.execPath, [compiler, ...options, ...resolution, "user.ts"]);
  }
  // The same from a CommonJS file and from an ES module, whose types are each other's.
  writeFileSync(
    join(project, "both.cts"),
    `import tskeydb = require("tskeydb");
     export const db: tskeydb.Database = tskeydb.open();\n`,
  );
  writeFileSync(
    join(project, "both.mts"),
    `import { type Database, open } from "tskeydb";
     import { db } from "./both.cjs";
     const other: Database = db;
     export default [other, open()];\n`,
  );
  run(process.execPath, [compiler, ...options, "--module", "node16", "both.mts"]);

  // TypeScript before 5.7 knows no parameter of Uint8Array, and reads each file that is reached.
  const listed = [...options, "--module", "node16", "--listFiles", "both.mts"];
  const reached = run(process.execPath, [compiler, ...listed])
    .split("\n")
    .filter((path) => path.includes("/node_modules/tskeydb/"));
  assert.notEqual(reached.length, 0);
  for (const path of reached) assert.doesNotMatch(readFileSync(path, "utf8"), /Uint8Array</, path);
});

test("linters of packages find nothing", () => {
  const publint = join(root, "node_modules", "publint", "src", "cli.js");
  assert.match(
    run(process.execPath, [publint, installed, "--strict", "--pack", "false"]),
    /All good/,
  );
});

test("its types are right for whoever resolves them", async () => {
  const { checkPackage, createPackageFromTarballData } = await import("@arethetypeswrong/core");
  const found = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  assert.ok(found.types !== false, "it has types");
  assert.deepEqual(found.problems, []);
});

test("what it exports is there for every way of resolving it, with types of its own", () => {
  for (const [condition, { types, default: main }] of Object.entries(manifest.exports["."])) {
    assert.ok(existsSync(join(installed, types)), `${condition}: ${types}`);
    assert.ok(existsSync(join(installed, main)), `${condition}: ${main}`);
  }
  assert.equal(manifest.exports["."].require.default, manifest.main);
  assert.equal(manifest.exports["."].require.types, manifest.types);
});

test("bundlers find no import whose name they cannot read", () => {
  const files = readdirSync(join(installed, "dist"), { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .map((name) => readFileSync(join(installed, "dist", name), "utf8"));
  for (const text of files) {
    assert.doesNotMatch(text, /\b(?:import|require)\((?!["'])/);
    assert.doesNotMatch(text, /["']bun:\w+["']\)\.then/);
  }
});

test("its program runs", () => {
  const program = join(installed, manifest.bin.tskeydb);
  assert.match(readFileSync(program, "utf8"), /^#!\/usr\/bin\/env node\n/);
  assert.match(
    run(user, [program, "--version"]),
    new RegExp(manifest.version.replaceAll(".", "\\.")),
  );
});

test("its program examines a log, and serves where a port is free", async () => {
  const program = join(installed, manifest.bin.tskeydb);
  const directory = join(project, "checked");
  const write = `import { open } from "tskeydb"; open(${JSON.stringify(directory)}).set("k", "v");`;
  printed("write.mjs", write);
  assert.match(run(user, [program, "check", directory]), /: ok, \d+ bytes, 2 commands in 1 batch/);

  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address();
  const refused = spawnSync(user, [program, "--port", `${port}`, "--dir", directory], {
    cwd: project,
    encoding: "utf8",
  });
  other.close();
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, new RegExp(`${port}.*in use`));
});
