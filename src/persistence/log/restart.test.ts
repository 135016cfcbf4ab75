import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Bytes } from "../../base/bytes.ts";
import { SimulatedPlatform } from "../../platform/simulated.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Doomed } from "./doomed-test-support.ts";
import type { Log } from "./log.ts";
import { LogPlace } from "./log-place.ts";
import { readManifest } from "./manifest.ts";
import { openLog } from "./recovery.ts";

test("a first start that is cut short anywhere leaves a directory that starts and keeps", () => {
  let finished = 0;
  for (let seed = 0; seed < 400; seed++) {
    const platform = new Doomed(seed, {
      order: seed % 2 === 0 ? "kept" : "any",
      tornEnd: seed % 3 === 0 ? "zeros" : "cut",
    });
    platform.makeDirectory("/data");
    const open = () =>
      openLog({ platform, directory: "/data", fsync: "always", apply: () => assert.fail() });
    platform.left = seed % 20;
    try {
      open();
      finished++;
    } catch (error) {
      assert.equal((error as Error).message, "gone");
    }
    if (seed % 5 === 0) platform.kill();
    else platform.crash();
    platform.left = Number.POSITIVE_INFINITY;
    const { recovery, log } = open();
    assert.equal(recovery.commands, 0);
    const bytes = new TextEncoder().encode("*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n");
    log.append(bytes, 0, bytes.length);
    assert.ok(log.commitNow());
    platform.crash();
    let commands = 0;
    openLog({ platform, directory: "/data", fsync: "always", apply: () => commands++ });
    assert.equal(commands, 1, `seed ${seed}: what was acknowledged is there`);
  }
  assert.ok(finished > 0 && finished < 400);
});

test("what a failed sync was for is written anew by the next start", () => {
  for (const fsync of ["always", "everysec"] as const) {
    const platform = new SimulatedPlatform(1);
    platform.makeDirectory("/data");
    const commands: string[] = [];
    const open = () => {
      commands.length = 0;
      const apply = (args: Arguments) => void commands.push(args.text(1));
      return openLog({ platform, directory: "/data", fsync, apply }).log;
    };
    const add = (log: Log, name: string) => {
      const bytes = new TextEncoder().encode(`*2\r\n$4\r\nINCR\r\n$1\r\n${name}\r\n`);
      log.append(bytes, 0, bytes.length);
    };
    const first = open();
    for (const name of ["a", "b"]) {
      add(first, name);
      if (name === "b") platform.failSync(1, "EIO");
      first.commit();
      for (let i = 0; i < 150 && first.failure === null; i++) platform.advance(10);
    }
    assert.notEqual(first.failure, null, "the sync has failed");
    // Killed before it tries again: the kernel takes what it could not write for written.
    platform.kill();
    const second = open();
    assert.deepEqual(commands, ["a", "b"]);
    add(second, "c");
    assert.ok(second.syncAll());
    platform.crash();
    open();
    assert.deepEqual(commands, ["a", "b", "c"], fsync);
  }
});

test("a start that removes history, cut short anywhere, leaves a directory that starts", () => {
  for (let seed = 0; seed < 200; seed++) {
    const platform = new Doomed(seed, { order: seed % 2 === 0 ? "kept" : "any" });
    const place = new LogPlace("/data");
    platform.makeDirectory(place.directory);
    const text = "file appendonly.aof.1.incr.aof seq 1 type h\n";
    platform.putFile(place.manifestPath, utf8Bytes(text));
    platform.putFile(place.path("appendonly.aof.1.incr.aof"), new Uint8Array(0));
    const open = () => openLog({ platform, directory: "/data", fsync: "always", apply() {} });
    platform.left = seed % 20;
    try {
      open();
    } catch (error) {
      assert.equal((error as Error).message, "gone");
    }
    if (seed % 3 === 0) platform.kill();
    else platform.crash();
    platform.left = Number.POSITIVE_INFINITY;
    open();
    const manifest = readManifest(platform, place);
    assert.deepEqual(manifest?.history, []);
    assert.equal(manifest?.increments.length, 1);
  }
});
