// The command line as a person or a service manager meets it: every test starts processes.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { part, rdbFile, text } from "../persistence/rdb/rdb-test-support.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tskeydb-cli-"));
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** A process of ours, what it printed so far, and how it ended. */
class Process {
  readonly child: ChildProcess;
  output = "";
  readonly exited: Promise<number | null>;

  /** `shell` is what a shell does before it becomes the process. */
  constructor(args: readonly string[], input = "", shell = "") {
    const program = [process.execPath, MAIN, ...args];
    this.child = spawn("sh", ["-c", `${shell} exec "$0" "$@"`, ...program], { cwd: folder });
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (bytes: Buffer) => {
        this.output += bytes.toString();
      });
    }
    this.exited = new Promise((resolve) => {
      this.child.once("close", (code) => {
        running.delete(this.child);
        resolve(code);
      });
    });
    this.child.stdin?.end(input);
  }

  async ready(): Promise<this> {
    for (let i = 0; !this.output.includes("Ready to accept"); i++) {
      assert.ok(i < 1000 && this.child.exitCode === null, `it did not start: ${this.output}`);
      await new Promise((done) => setTimeout(done, 5));
    }
    return this;
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function start(name: string, ...args: string[]): Promise<{ server: Process; port: number }> {
  const port = await freePort();
  const server = new Process(["--port", `${port}`, "--dir", join(folder, name), ...args]);
  return { server: await server.ready(), port };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise((done) => socket.once("connect", done));
  return socket;
}

/** What comes back until `enough` is in it, or the connection ends. */
function receive(socket: Socket, enough: string): Promise<string> {
  let text = "";
  return new Promise((resolve) => {
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes(enough)) resolve(text);
    });
    socket.on("close", () => resolve(text));
  });
}

async function ask(port: number, line: string, enough = "\r\n"): Promise<string> {
  const socket = await dial(port);
  socket.write(line);
  const text = await receive(socket, enough);
  socket.destroy();
  return text;
}

test("what cannot be served is one line and exit code 1", async () => {
  const { server, port } = await start("taken");
  writeFileSync(join(folder, "file"), "");
  writeFileSync(join(folder, "part.conf"), "maxmemory 1gb\n\nhz fast\n");
  writeFileSync(join(folder, "whole.conf"), "# comment\ninclude part.conf\n");
  // A port of its own for each that goes beyond the command line.
  const free = await Promise.all(Array.from({ length: 7 }, async () => `${await freePort()}`));
  const cases: [RegExp, ...string[]][] = [
    [/port is in use; .* --port/, "--port", `${port}`, "--dir", "other"],
    [/is in use by process \d+; .* --dir/, "--port", free[0], "--dir", "taken"],
    [/\/file is not a directory; .* --dir/, "--port", free[1], "--dir", "file"],
    [/file\/below is not a directory; .* --dir/, "--port", free[2], "--dir", "file/below"],
    [/--bogus \(1\): unknown directive/, "--bogus", "1"],
    [/--port \(abc\): argument couldn't be parsed into an integer/, "--port", "abc"],
    [/--databases \(65\): argument must be between 1 and 64/, "--databases", "65"],
    [/part\.conf:3: hz \(fast\): argument/, "whole.conf"],
    [/configuration file none\.conf: no such file or directory/, "none.conf"],
    [
      /no such address; see --bind/,
      "--port",
      free[3],
      "--bind",
      "192.0.2.99",
      "--dir",
      "elsewhere",
    ],
    [
      /listen on no\.invalid:\d+: no address [^:]+ --bind$/m,
      "--port",
      free[6],
      "--bind",
      "no.invalid",
    ],
    [/--dir \(""\): the data directory's name is empty/, "--dir", ""],
    [/there is no way in/, "--port", "0"],
    [
      /cannot write the pidfile \/none\/x: no such file or directory$/m,
      "--port",
      free[4],
      "--pidfile",
      "/none/x",
    ],
    [/cannot write the logfile \/none\/x: /, "--port", free[5], "--logfile", "/none/x"],
    [/daemonize/, "--daemonize", "yes"],
  ];
  await Promise.all(
    cases.map(async ([line, ...args]) => {
      const child = new Process(args);
      assert.equal(await child.exited, 1, args.join(" "));
      assert.match(child.output, line);
      assert.match(child.output, /^tskeydb: [^\n]+\n$/, args.join(" "));
    }),
  );
  const claims = readdirSync(join(folder, "taken")).filter((name) => name.startsWith("lock-"));
  assert.equal(claims.length, 1, "only the server's own claim is left");
  assert.equal(existsSync(join(folder, "other")), false, "the port is asked for first");
  assert.equal(await server.end(), 0);
  assert.deepEqual(readdirSync(join(folder, "taken")), ["appendonlydir"]);
});

test("a configuration comes from standard input, and messages go to the logfile", async () => {
  const port = await freePort();
  const text = `port ${port}\ndir piped\nlogfile piped.log\npidfile piped.pid\n`;
  const server = new Process(["-"], text);
  const log = join(folder, "piped.log");
  for (let i = 0; !existsSync(log) || !readFileSync(log, "utf8").includes("Ready"); i++) {
    assert.ok(i < 1000, server.output);
    await new Promise((done) => setTimeout(done, 5));
  }
  assert.equal(readFileSync(join(folder, "piped.pid"), "utf8"), `${server.child.pid}\n`);
  const directory = await ask(port, "CONFIG GET dir\r\n", "piped");
  assert.ok(directory.includes("/piped\r\n") && directory.includes("\r\n/"), directory);
  renameSync(log, `${log}.1`);
  assert.equal(await server.end("SIGINT"), 0);
  assert.equal(server.output, "");
  assert.match(readFileSync(`${log}.1`, "utf8"), /^\d{4}-\S+Z TSKeyDB [^\n]+\n[\s\S]*Z Ready.*\n$/);
  assert.match(readFileSync(log, "utf8"), /^\d{4}-\S+Z SIGINT: .*\n$/, "it was opened anew");
  assert.equal(existsSync(join(folder, "piped.pid")), false);
});

for (const fsync of ["always", "everysec", "no"]) {
  test(`SHUTDOWN in a pipeline (${fsync}): what came before counts, what follows not`, async () => {
    const name = `down-${fsync}`;
    const { server, port } = await start(name, "--appendfsync", fsync);
    const socket = await dial(port);
    const received = receive(socket, "never");
    socket.write("SET a 1\r\nSET b 2\r\nSHUTDOWN\r\nSET c 3\r\n");
    assert.equal(await received, "+OK\r\n+OK\r\n");
    assert.equal(await server.exited, 0);
    const again = await start(name);
    assert.doesNotMatch(again.server.output, /torn/);
    assert.match(again.server.output, /2 keys recovered/);
    assert.equal(await again.server.end(), 0);
  });
}

test("SIGTERM under load leaves a whole log with everything that was acknowledged", async () => {
  const { server, port } = await start("load");
  const socket = await dial(port);
  let acknowledged = 0;
  socket.on("data", (bytes) => {
    acknowledged += bytes.length / "+OK\r\n".length;
    socket.write("SET counted 1\r\nSET counted 2\r\n".repeat(50));
  });
  socket.write("SET first 1\r\n".repeat(100));
  await new Promise((done) => setTimeout(done, 150));
  assert.equal(await server.end(), 0);
  const again = await start("load");
  assert.doesNotMatch(again.server.output, /torn/);
  const commands = /from ([0-9,]+) commands/.exec(again.server.output)?.[1].replaceAll(",", "");
  assert.ok(Number(commands) >= Math.floor(acknowledged), `${commands} of ${acknowledged}`);
  await again.server.end();
});

test("CONFIG REWRITE writes the file that was read, wherever the process is now", async () => {
  const port = await freePort();
  const path = join(folder, "kept.conf");
  writeFileSync(path, `# ours\nport ${port}\nappendonly no\nhz 10\n`);
  const server = await new Process(["kept.conf"]).ready();
  assert.match(await ask(port, "CONFIG SET hz 20 requirepass secret\r\n"), /^\+OK/);
  assert.match(await ask(port, "CONFIG REWRITE\r\n"), /^-NOAUTH/);
  const socket = await dial(port);
  const received = receive(socket, "+OK\r\n+OK\r\n");
  socket.write("AUTH secret\r\nCONFIG REWRITE\r\n");
  assert.equal(await received, "+OK\r\n+OK\r\n");
  socket.destroy();
  assert.equal(await server.end(), 0);
  const text = readFileSync(path, "utf8");
  assert.match(text, /^# ours\nport \d+\nappendonly no\nhz 20\n/);
  assert.match(text, /\nrequirepass secret\n/);
});

test("a dump.rdb is where a log begins, and without a log what is loaded", async () => {
  const directory = join(folder, "dumped");
  mkdirSync(directory);
  const parts = [part.select(0), part.key(0, "a", text("1")), part.key(0, "b", text("2"))];
  const library = [0xf6, text("l"), text("LUA"), 0, text("a library of before Redis 7.0")];
  const old = [part.untilMs(1), part.key(0, "old", text("3")), library];
  writeFileSync(join(directory, "dump.rdb"), rdbFile(10, [...parts, ...old]));
  const { server, port } = await start("dumped");
  assert.match(server.output, /: 2 keys recovered in .* s from dump.rdb, with which a log begins/);
  assert.match(server.output, /Passed over, as there are none here: 1 library of functions\n/);
  const info = await ask(port, "INFO persistence\r\n", "rdb_last_load_keys_loaded:2");
  assert.match(info, /rdb_last_load_keys_expired:1\r\n/);
  assert.match(info, /rdb_changes_since_last_save:0\r\n/);
  assert.match(await ask(port, "SET a 4\r\n"), /^\+OK/);
  await server.end();
  const again = await start("dumped");
  assert.match(
    again.server.output,
    /: 2 keys recovered in .* s from a base of 2 keys and 2 commands/,
  );
  assert.match(await ask(again.port, "GET a\r\n"), /^\$1\r\n4/);
  await again.server.end();
  const without = await start("dumped", "--appendonly", "no");
  assert.match(without.server.output, /: 2 keys loaded from dump.rdb; appendonly is off, so /);
  assert.match(without.server.output, /appendonlydir was not read, since appendonly is off: /);
  assert.match(await ask(without.port, "GET a\r\n"), /^\$1\r\n1/);
  await without.server.end();
});

test("a dump.rdb beside an empty log is warned of; a broken one is no start", async () => {
  const directory = join(folder, "left");
  const { server } = await start("left");
  await server.end();
  writeFileSync(join(directory, "dump.rdb"), "REDIS0011");
  const again = await start("left");
  assert.match(again.server.output, /left\/dump\.rdb was not read, since there is a log, which /);
  await again.server.end();
  rmSync(join(directory, "appendonlydir"), { recursive: true });
  const args = ["--port", `${await freePort()}`, "--dir", directory];
  for (const more of [[], ["--appendonly", "no"]]) {
    const broken = new Process([...args, ...more]);
    assert.equal(await broken.exited, 1);
    assert.match(
      broken.output,
      /^tskeydb: .*dump\.rdb: it ends where more was to come, at offset 9/,
    );
  }
  assert.deepEqual(readdirSync(join(directory, "appendonlydir")), []);
});

test("a server saves at its end where its settings or its last client say so", async () => {
  const path = join(folder, "saved", "dump.rdb");
  const args = ["--appendonly", "no", "--save", "3600 1"];
  const cases: [string, readonly string[], string, boolean][] = [
    ["SHUTDOWN", args, "", true],
    ["SHUTDOWN NOSAVE", args, "", false],
    ["SHUTDOWN", ["--appendonly", "no"], "", false],
    ["SHUTDOWN SAVE", [], "", true],
    ["", args, "SIGTERM", true],
    ["", ["--appendonly", "no", "--shutdown-on-sigint", "save"], "SIGINT", true],
    ["", [...args, "--shutdown-on-sigterm", "nosave"], "SIGTERM", false],
  ];
  for (const [command, more, signal, isSaved] of cases) {
    rmSync(join(folder, "saved"), { recursive: true, force: true });
    const { server, port } = await start("saved", ...more);
    await ask(port, "SET a 1\r\n");
    if (command !== "") await ask(port, `${command}\r\n`);
    else server.child.kill(signal as NodeJS.Signals);
    assert.equal(await server.exited, 0, server.output);
    assert.equal(existsSync(path), isSaved, `${command}${signal} ${more.join(" ")}`);
  }
});

test("a server that is to end waits for a script, unless that has written nothing", async () => {
  const writes =
    `EVAL "redis.call('set', 'a', 'half') local began = os.clock() ` +
    `while os.clock() < began + 2 do end redis.call('set', 'a', 'whole')" 0\r\n`;
  for (const args of [["--save", "3600 1", "--appendonly", "no"], ["--io-threads", "2"], []]) {
    rmSync(join(folder, "scripted"), { recursive: true, force: true });
    const options = [...args, "--busy-reply-threshold", "20"];
    const { server, port } = await start("scripted", ...options);
    await ask(port, "SET a before\r\n");
    void ask(port, writes).catch(() => {});
    while (!(await ask(port, "PING\r\n")).startsWith("-BUSY"));
    assert.match(await ask(port, "SHUTDOWN\r\n"), /^-BUSY/);
    assert.match(await ask(port, "SHUTDOWN SAVE FORCE\r\n"), /^-BUSY/);
    assert.match(await ask(port, "SHUTDOWN ABORT\r\n"), /^-ERR No shutdown in progress/);
    server.child.kill("SIGTERM");
    assert.equal(await server.exited, 0, server.output);
    assert.match(server.output, /SIGTERM: the server ends when the script has that runs/);

    const again = await start("scripted", ...options);
    assert.match(await ask(again.port, "GET a\r\n"), /whole/);
    void ask(again.port, `EVAL "while true do end" 0\r\n`).catch(() => {});
    while (!(await ask(again.port, "PING\r\n")).startsWith("-BUSY"));
    again.server.child.kill("SIGTERM");
    assert.equal(await again.server.exited, 0, again.server.output);
  }
});

test("what a script has half done is given up by SHUTDOWN NOSAVE and a second signal", async () => {
  const writes = `EVAL "redis.call('set', 'a', 'half') while true do end" 0\r\n`;
  const end = async (port: number, child: { kill(signal: "SIGINT"): boolean }): Promise<void> => {
    child.kill("SIGINT");
    await ask(port, "PING\r\n");
    child.kill("SIGINT");
  };
  for (const threads of ["1", "2"]) {
    for (const isAsked of [true, false]) {
      rmSync(join(folder, "given-up"), { recursive: true, force: true });
      const options = ["--io-threads", threads, "--busy-reply-threshold", "20"];
      const { server, port } = await start("given-up", ...options);
      await ask(port, "SET a before\r\n");
      void ask(port, writes).catch(() => {});
      while (!(await ask(port, "PING\r\n")).startsWith("-BUSY"));
      if (isAsked) await ask(port, "SHUTDOWN NOSAVE FORCE\r\n");
      else await end(port, server.child);
      assert.equal(await server.exited, isAsked ? 0 : 1, server.output);
      const again = await start("given-up", ...options);
      assert.match(await ask(again.port, "GET a\r\n"), /before/);
      await ask(again.port, "SHUTDOWN\r\n");
      assert.equal(await again.server.exited, 0);
    }
  }
});

test("a server that is to save and cannot goes on, and says why", async () => {
  const directory = join(folder, "unsaved");
  mkdirSync(join(directory, "temp-dump.rdb"), { recursive: true });
  const { server, port } = await start("unsaved", "--appendonly", "no", "--save", "3600 1");
  await ask(port, "SET a 1\r\n");
  assert.match(await ask(port, "SAVE\r\n"), /^-ERR The snapshot cannot be saved: /);
  assert.match(await ask(port, "SHUTDOWN\r\n"), /^-ERR Errors trying to SHUTDOWN: The snapshot /);
  server.child.kill("SIGTERM");
  while (!server.output.includes("The server goes on")) {
    await new Promise((done) => setTimeout(done, 5));
  }
  assert.match(server.output, /SIGTERM: The snapshot cannot be saved: .*\. The server goes on\n$/);
  assert.match(await ask(port, "GET a\r\n"), /^\$1\r\n1/);
  await ask(port, "SHUTDOWN NOSAVE\r\n");
  assert.equal(await server.exited, 0);
});

test("SIGHUP stops the server as SIGTERM does, a pidfile that stays is no failure", async () => {
  const directory = join(folder, "pids");
  const path = join(directory, "server.pid");
  mkdirSync(directory);
  const { server } = await start("hung-up", "--pidfile", path);
  assert.equal(readFileSync(path, "utf8"), `${server.child.pid}\n`);
  // What stands there now is not removed as a file is.
  rmSync(path);
  mkdirSync(path);
  assert.equal(await server.end("SIGHUP"), 0);
  assert.match(server.output, /\nThe pidfile cannot be removed: .+\nSIGHUP: .+ Bye\.\n$/);
  assert.deepEqual(readdirSync(join(folder, "hung-up")), ["appendonlydir"]);
});

test("clients that connect while the log is replayed are served when it has been", async () => {
  const directory = join(folder, "replayed");
  mkdirSync(directory);
  // A log whose replay takes its time.
  const log = "*3\r\n$3\r\nset\r\n$1\r\nn\r\n$3\r\none\r\n";
  const sleep = "*3\r\n$5\r\ndebug\r\n$5\r\nsleep\r\n$1\r\n1\r\n";
  writeFileSync(join(directory, "appendonly.aof"), log + sleep);
  const port = await freePort();
  const server = new Process(["--port", `${port}`, "--dir", directory]);
  let socket: Socket | undefined;
  while (socket === undefined && server.child.exitCode === null) {
    const attempt = connect(port, "127.0.0.1");
    const connected = await new Promise((done) => {
      attempt.once("connect", () => done(true));
      attempt.once("error", () => done(false));
    });
    if (connected === true) socket = attempt;
    else await new Promise((done) => setTimeout(done, 2));
  }
  assert.ok(socket !== undefined, server.output);
  assert.doesNotMatch(server.output, /Ready/);
  const received = receive(socket, "one\r\n");
  socket.write("GET n\r\n");
  assert.equal(await received, "$3\r\none\r\n");
  socket.destroy();
  await server.ready();
  assert.equal(await server.end(), 0);
});

test("a client that is cut off for a limit is counted and named", async () => {
  const input = ["--client-query-buffer-limit", "1mb"];
  const output = ["--client-output-buffer-limit", "normal", "1mb", "0", "0"];
  const { server, port } = await start("limits", "--loglevel", "notice", ...input, ...output);
  const hasty = await dial(port);
  hasty.write("*2\r\n$4\r\nECHO\r\n$9000000\r\n");
  hasty.write("x".repeat(2_000_000));
  await receive(hasty, "never");
  const slow = await dial(port);
  slow.write(`SET long ${"x".repeat(60_000)}\r\n${"GET long\r\n".repeat(1000)}`);
  const closed = new Promise((done) => slow.once("close", done));
  const counted = /client_query_buffer_limit_disconnections:1\r\nclient_output_\w+:1\r\n/;
  for (let i = 0; !counted.test(await ask(port, "INFO stats\r\n", "client_output")); i++) {
    assert.ok(i < 400, server.output);
    await new Promise((done) => setTimeout(done, 5));
  }
  slow.resume();
  await closed;
  const [, first = "", second = ""] = server.output.split("Ready").at(-1)?.split("\n") ?? [];
  const address = "127\\.0\\.0\\.1:\\d+ was disconnected: the client has";
  assert.match(
    first,
    new RegExp(`^${address} sent \\d+ .* \\(client-query-buffer-limit 1048576\\)$`),
  );
  const limit = "client-output-buffer-limit normal 1048576 0 0";
  assert.match(second, new RegExp(`^${address} \\d+ .* \\(${limit}\\)$`));
  await ask(port, "CONFIG RESETSTAT\r\n");
  assert.match(await ask(port, "INFO stats\r\n", "client_output"), /query_\w+:0\r\nclient_output/);
  await server.end();
});

test("a log that cannot be written ends the server with code 1 and one line", async () => {
  const port = await freePort();
  const args = ["--port", `${port}`, "--dir", join(folder, "full")];
  const server = await new Process(args, "", "ulimit -f 8;").ready();
  const socket = await dial(port);
  socket.write(`SET a ${"x".repeat(20_000)}\r\n`);
  for (let i = 0; !server.output.includes("cannot be written"); i++) {
    assert.ok(i < 1000, server.output);
    await new Promise((done) => setTimeout(done, 5));
  }
  assert.equal(await server.end(), 1);
  const line = server.output.split("SIGTERM: ").at(-1) ?? "";
  assert.match(line, /^the log cannot be written: [^:]+: file too large\. [^:]+\n$/);
});
