import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { DirectoryLocked, PlatformError, thisPlatform } from "./index.ts";

const platform = thisPlatform();

function inDirectory(work: (directory: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), "platform-"));
    try {
      await work(directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const encode = (value: string) => new TextEncoder().encode(value);

test(
  "an appended file is read back, from any position, up to its end",
  inDirectory((directory) => {
    const file = platform.open(`${directory}/log`, "append");
    assert.equal(platform.write(file, encode("--hello world--"), 2, 13), undefined);
    assert.equal(platform.size(file), 11);
    const out = new Uint8Array(20);
    assert.equal(platform.read(file, out, 5, 20, 6), 5);
    assert.equal(text(out.subarray(5, 10)), "world");
    assert.equal(platform.sync(file), undefined);
    assert.equal(platform.truncate(file, 5), undefined);
    assert.equal(platform.write(file, encode("!"), 0, 1), undefined);
    assert.equal(platform.size(file), 6);
    platform.close(file);
  }),
);

test(
  "a file that is held open is there until it is closed, whatever becomes of its name",
  inDirectory(async (directory) => {
    const opened = (path: string) =>
      new Promise<number | undefined>((resolve) => platform.openLater(path, resolve));
    writeFileSync(`${directory}/old`, "old");
    writeFileSync(`${directory}/new`, "new");
    assert.equal(await opened(`${directory}/none`), undefined);
    const held = (await opened(`${directory}/old`)) as number;
    platform.rename(`${directory}/new`, `${directory}/old`);
    const out = new Uint8Array(8);
    assert.equal(text(out.subarray(0, platform.read(held, out, 0, 8, 0))), "old");
    platform.closeLater(held);
    const next = (await opened(`${directory}/old`)) as number;
    assert.equal(text(out.subarray(0, platform.read(next, out, 0, 8, 0))), "new");
    platform.close(next);
  }),
);

test(
  "bytes in shared memory are written and read as any others",
  inDirectory((directory) => {
    const shared = new Uint8Array(new SharedArrayBuffer(64));
    shared.set(encode("shared"), 8);
    const file = platform.open(`${directory}/f`, "create");
    assert.equal(platform.write(file, shared, 8, 14), undefined);
    assert.equal(platform.writeAt(file, shared, 8, 9, 3), undefined);
    const out = new Uint8Array(new SharedArrayBuffer(8));
    assert.equal(platform.read(file, out, 0, 8, 0), 6);
    assert.equal(Buffer.from(out).toString("latin1", 0, 6), "shased");
    platform.close(file);
  }),
);

test(
  "each way to open holds to what it promises",
  inDirectory((directory) => {
    const path = `${directory}/f`;
    const code = (mode: "read" | "update" | "create") => {
      try {
        platform.close(platform.open(path, mode));
        return "opened";
      } catch (error) {
        assert.ok(error instanceof PlatformError);
        assert.equal(error.subject, path);
        return error.code;
      }
    };
    assert.equal(code("read"), "ENOENT");
    assert.equal(code("update"), "ENOENT");
    assert.equal(code("create"), "opened");
    assert.equal(code("create"), "EEXIST");
    const file = platform.open(path, "replace");
    platform.write(file, encode("abc"), 0, 3);
    platform.close(file);
    const again = platform.open(path, "update");
    platform.write(again, encode("X"), 0, 1);
    assert.equal(platform.size(again), 3);
    platform.close(again);
    platform.close(platform.open(path, "replace"));
    const emptied = platform.open(path, "read");
    assert.equal(platform.size(emptied), 0);
    platform.close(emptied);
  }),
);

test(
  "a failed write is returned with its code, not thrown",
  inDirectory((directory) => {
    writeFileSync(`${directory}/f`, "");
    const file = platform.open(`${directory}/f`, "read");
    const error = platform.write(file, encode("abc"), 0, 3);
    assert.equal(error?.code, "EBADF");
    assert.equal(error?.writtenBytes, 0);
    platform.close(file);
    if (!existsSync("/dev/full")) return;
    const full = platform.open("/dev/full", "update");
    assert.equal(platform.write(full, encode("abc"), 0, 3)?.code, "ENOSPC");
    platform.close(full);
  }),
);

test(
  "a sync on another thread calls back in a later turn",
  inDirectory(async (directory) => {
    const file = platform.open(`${directory}/f`, "append");
    platform.write(file, encode("abc"), 0, 3);
    let inSameTurn = true;
    await new Promise<void>((resolve) => {
      platform.syncLater(file, (error) => {
        assert.equal(error, undefined);
        assert.equal(inSameTurn, false);
        resolve();
      });
      inSameTurn = false;
    });
    platform.close(file);
  }),
);

test(
  "directories are made, listed in order, renamed in and removed from",
  inDirectory((directory) => {
    platform.makeDirectory(`${directory}/a/b`);
    platform.makeDirectory(`${directory}/a/b`);
    for (const name of ["z", "m", "c"])
      platform.close(platform.open(`${directory}/a/${name}`, "create"));
    assert.deepEqual(platform.list(`${directory}/a`), ["b", "c", "m", "z"]);
    platform.rename(`${directory}/a/z`, `${directory}/a/c`);
    platform.syncDirectory(`${directory}/a`);
    platform.remove(`${directory}/a/m`);
    platform.remove(`${directory}/a/m`);
    assert.deepEqual(platform.list(`${directory}/a`), ["b", "c"]);
    assert.equal(platform.exists(`${directory}/a/c`), true);
    assert.equal(platform.exists(`${directory}/a/z`), false);
    assert.throws(() => platform.list(`${directory}/none`), { code: "ENOENT" });
    assert.equal(platform.resolve(`${directory}/a/../a/b`), platform.resolve(`${directory}/a/b`));
  }),
);

test("a directory that takes none is refused, however often one asks", () => {
  assert.throws(() => platform.makeDirectory("/proc/none/below"), { code: /ENOENT|EPERM|EROFS/ });
});

test(
  "a directory is locked once, and free again after the release",
  inDirectory((directory) => {
    const lock = platform.lockDirectory(directory);
    assert.throws(
      () => platform.lockDirectory(directory),
      (error: unknown) => error instanceof DirectoryLocked && error.pid === process.pid,
    );
    lock.release();
    assert.deepEqual(readdirSync(directory), []);
    platform.lockDirectory(directory).release();
  }),
);

test(
  "the claim of a dead process is taken over, even where its number has been given out again",
  inDirectory((directory) => {
    writeFileSync(`${directory}/lock-${process.pid}-1`, "held\n");
    writeFileSync(`${directory}/lock-4194000-77`, "held\n");
    writeFileSync(`${directory}/lock-1-1`, "held\n");
    const lock = platform.lockDirectory(directory);
    assert.equal(readdirSync(directory).length, process.platform === "linux" ? 1 : 2);
    lock.release();
  }),
);

const indexPath = fileURLToPath(new URL("./index.ts", import.meta.url));
const contender = `
  const { thisPlatform } = await import(${JSON.stringify(indexPath)});
  process.stdin.once("data", () => {
    try { thisPlatform().lockDirectory(process.argv.at(-1)); console.log("held " + process.pid); }
    catch (error) { console.log("refused " + error.pid); }
  });
  setTimeout(() => {}, 60000);
  console.log("ready");
`;

test(
  "of many processes that want a directory at once exactly one gets it, and a killed one lets go",
  inDirectory(async (directory) => {
    writeFileSync(`${directory}/lock-4194000-77`, "held\n");
    const evaluate = "bun" in process.versions ? ["-e"] : ["--input-type=module", "-e"];
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, [...evaluate, contender, directory], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    );
    const next = (child: (typeof children)[0]) =>
      new Promise<string>((resolve) =>
        child.stdout.once("data", (chunk) => resolve(String(chunk).trim())),
      );
    try {
      await Promise.all(children.map(next));
      const answers = children.map(next);
      for (const child of children) child.stdin.write("go\n");
      const results = await Promise.all(answers);
      const winners = results.filter((result) => result.startsWith("held"));
      assert.equal(winners.length, 1, results.join(", "));
      const winner = Number(winners[0].slice(5));
      assert.ok(
        results.every((result) => result.startsWith("held") || result === `refused ${winner}`),
        results.join(", "),
      );
      assert.throws(() => platform.lockDirectory(directory), { code: "ELOCKED", pid: winner });
      const holder = children.find((child) => child.pid === winner);
      const gone = new Promise((resolve) => holder?.once("exit", resolve));
      holder?.kill("SIGKILL");
      await gone;
      platform.lockDirectory(directory).release();
    } finally {
      for (const child of children) child.kill("SIGKILL");
    }
  }),
);

test(
  "a directory is one thread's, and free when that worker is terminated",
  { skip: process.platform === "linux" ? false : "threads are told apart by /proc" },
  inDirectory(async (directory) => {
    const code = `
      const { parentPort, workerData } = require("node:worker_threads");
      import(workerData.index).then(({ thisPlatform }) => {
        try { thisPlatform().lockDirectory(workerData.directory); parentPort.postMessage("held"); }
        catch (error) { parentPort.postMessage(error.code + " " + error.pid); }
      });
      setInterval(() => {}, 60000);
    `;
    const start = () => {
      const worker = new Worker(code, { eval: true, workerData: { directory, index: indexPath } });
      const answer = new Promise((resolve) => worker.once("message", resolve));
      return { worker, answer };
    };
    const first = start();
    assert.equal(await first.answer, "held");
    const locked = { code: "ELOCKED", pid: process.pid, message: /another thread .*share\(\)/ };
    assert.throws(() => platform.lockDirectory(directory), locked);
    const second = start();
    assert.equal(await second.answer, `ELOCKED ${process.pid}`);
    await second.worker.terminate();
    assert.throws(() => platform.lockDirectory(directory), locked);
    await first.worker.terminate();
    const lock = platform.lockDirectory(directory);
    assert.equal(readdirSync(directory).length, 1);
    const third = start();
    assert.equal(await third.answer, `ELOCKED ${process.pid}`);
    lock.release();
    await third.worker.terminate();
  }),
);

test("clocks agree with one another and do not go back", () => {
  let last = platform.nowUs();
  for (let i = 0; i < 20000; i++) {
    const before = platform.nowMs();
    const us = platform.nowUs();
    const after = platform.nowMs();
    assert.ok(us >= last && us >= before * 1000 && us < (after + 1) * 1000);
    last = us;
  }
  const earlier = platform.monotonicMs();
  assert.ok(earlier <= platform.monotonicMs());
});

test("timers, turns and microtasks come in their order", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    const cleared = platform.setTimer(1, () => order.push("cleared"));
    platform.clearTimer(cleared);
    let ticks = 0;
    const ticking = platform.every(2, () => {
      if (++ticks === 2) platform.clearTimer(ticking);
    });
    // The platform's timers do not keep the process alive, so something else must.
    setTimeout(() => {
      order.push(`ticks ${ticks}`);
      resolve();
    }, 60);
    platform.afterTurn(() => order.push("turn"));
    platform.microtask(() => order.push("microtask"));
    order.push("now");
  });
  assert.deepEqual(order, ["now", "microtask", "turn", "ticks 2"]);
});

test("the host says who it is", () => {
  assert.equal(platform.runtimeName, "bun" in process.versions ? "bun" : "node");
  assert.match(platform.runtimeVersion, /^\d+\.\d+/);
  assert.match(platform.systemName, /^\w+ .+ \w+$/);
  assert.ok(platform.residentBytes() > 1e6 && platform.totalMemoryBytes() > 1e6);
  assert.ok(platform.cpuTimes().userUs > 0);
  const random = new Uint8Array(100000);
  platform.randomInto(random, 10, 99990);
  assert.ok(random.subarray(0, 10).every((byte) => byte === 0));
  assert.ok(new Set(random.subarray(70000, 99990)).size > 200);
});

test(
  "what stands at a path is told without opening it, and whether it is still the open file",
  inDirectory((directory) => {
    const path = `${directory}/f`;
    assert.equal(platform.kindOf(path), "nothing");
    assert.equal(platform.kindOf(directory), "directory");
    if (existsSync("/dev/null")) assert.equal(platform.kindOf("/dev/null"), "other");
    const file = platform.open(path, "create");
    assert.equal(platform.kindOf(path), "file");
    assert.equal(platform.isAt(file, path), true);
    platform.rename(path, `${path}.moved`);
    assert.equal(platform.isAt(file, path), false);
    platform.close(platform.open(path, "create"));
    assert.equal(platform.isAt(file, path), false, "another file");
    platform.rename(`${path}.moved`, path);
    assert.equal(platform.isAt(file, path), true);
    platform.remove(path);
    assert.equal(platform.isAt(file, path), false);
    assert.equal(platform.isAt(file, `${path}/below`), false);
    platform.close(file);
  }),
);
