import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedPlatform } from "./simulated.ts";
import { type SimulatedSocket, WINDOW_BYTES } from "./simulated-network.ts";

const encode = (value: string) => new TextEncoder().encode(value);
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

function world(seed: number, options = {}): SimulatedPlatform {
  const platform = new SimulatedPlatform(seed, options);
  platform.makeDirectory("/data");
  return platform;
}

function append(platform: SimulatedPlatform, file: number, value: string): string | undefined {
  const bytes = encode(value);
  return platform.write(file, bytes, 0, bytes.length)?.code;
}

test("what was synced survives a crash, and of the rest a prefix, torn anywhere", () => {
  const lengths = new Set<number>();
  for (let seed = 0; seed < 200; seed++) {
    const platform = world(seed);
    const file = platform.open("/data/log", "append");
    platform.syncDirectory("/data");
    append(platform, file, "synced ");
    assert.equal(platform.sync(file), undefined);
    append(platform, file, "first ");
    append(platform, file, "second");
    platform.crash();
    const left = text(platform.contentOf("/data/log"));
    assert.ok("synced first second".startsWith(left) && left.startsWith("synced "), left);
    lengths.add(left.length);
    assert.throws(() => platform.size(file), { code: "EBADF" });
  }
  assert.equal(lengths.size, "first second".length + 1);
});

test("a torn write may leave zeros where its end would be", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const platform = world(seed, { tornEnd: "zeros" });
    const file = platform.open("/data/log", "append");
    platform.syncDirectory("/data");
    append(platform, file, "abc");
    platform.crash();
    seen.add(text(platform.contentOf("/data/log")));
  }
  assert.deepEqual([...seen].sort(), ["\0\0\0", "a\0\0", "ab\0", "abc"]);
});

test("names that were not synced survive a crash up to some point, a renaming whole", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const platform = world(seed);
    platform.putFile("/data/old", encode("old"));
    platform.close(platform.open("/data/new", "create"));
    platform.rename("/data/new", "/data/old");
    platform.crash();
    seen.add(`${platform.list("/data")} ${text(platform.contentOf("/data/old"))}`);
  }
  assert.deepEqual([...seen].sort(), ["new,old old", "old ", "old old"]);
});

test("a full disk takes what fits and says ENOSPC; a fault strikes once, where it was put", () => {
  const platform = world(1);
  const file = platform.open("/data/f", "append");
  platform.capacityBytes = 10;
  assert.equal(append(platform, file, "12345678"), undefined);
  const error = platform.write(file, encode("abcdef"), 0, 6);
  assert.equal(error?.code, "ENOSPC");
  assert.equal(error?.writtenBytes, 2);
  assert.equal(platform.truncate(file, 8), undefined);
  platform.capacityBytes = 1000;
  platform.failWrite(2, "EIO");
  assert.equal(append(platform, file, "x"), undefined);
  assert.equal(append(platform, file, "yyyy"), "EIO");
  assert.equal(append(platform, file, "z"), undefined);
});

test("what a failed sync was for is lost, even if a later sync succeeds", () => {
  const platform = world(3);
  const file = platform.open("/data/f", "append");
  platform.syncDirectory("/data");
  append(platform, file, "one ");
  platform.failSync(1, "EIO");
  assert.equal(platform.sync(file)?.code, "EIO");
  append(platform, file, "two");
  assert.equal(platform.sync(file), undefined);
  assert.equal(text(platform.contentOf("/data/f")), "one two");
  platform.crash();
  assert.equal(text(platform.contentOf("/data/f")), "\0\0\0\0two");
});

test("a sync that is under way makes durable what was there when it began", () => {
  const platform = world(5);
  const file = platform.open("/data/f", "append");
  platform.syncDirectory("/data");
  append(platform, file, "one");
  let done = 0;
  platform.syncLater(file, () => done++);
  append(platform, file, "two");
  assert.equal(done, 0);
  platform.advance(10);
  assert.equal(done, 1);
  platform.crash();
  assert.ok(text(platform.contentOf("/data/f")).startsWith("one"));
});

test("time moves from event to event, and turns have Node's order", () => {
  const platform = new SimulatedPlatform(1);
  const start = platform.nowMs();
  const order: string[] = [];
  platform.setTimer(20, () => order.push(`timer ${platform.nowMs() - start}`));
  const ticking = platform.every(8, () => {
    order.push(`tick ${platform.nowMs() - start}`);
    platform.afterTurn(() => order.push("after"));
    platform.microtask(() => order.push("micro"));
  });
  platform.advance(19);
  platform.clearTimer(ticking);
  platform.advance(100);
  assert.deepEqual(order, [
    ...["tick 8", "micro", "after", "tick 16", "micro", "after"],
    "timer 20",
  ]);
  assert.equal(platform.nowMs() - start, 119);
});

async function transfer(seed: number): Promise<string> {
  const platform = new SimulatedPlatform(seed);
  const history: string[] = [];
  const received: number[] = [];
  const handlers = (name: string) => ({
    opened: () => void history.push(`${name} opened`),
    data: (_: unknown, bytes: Uint8Array, length: number) => {
      history.push(`${name} ${length}`);
      for (let i = 0; i < length; i++) received.push(bytes[i]);
    },
    writable: () => {},
    ended: (socket: { end(): void }) => {
      history.push(`${name} ended`);
      socket.end();
    },
    closed: () => void history.push(`${name} closed`),
  });
  await platform.listen({ host: "sim", port: 7000, backlog: 1 }, handlers("server"));
  const bytes = new Uint8Array(5 * WINDOW_BYTES).map((_, i) => (i * 7) & 255);
  let sent = 0;
  const push = (socket: { write(b: Uint8Array, s: number, e: number): number }) => {
    while (sent < bytes.length) {
      const taken = socket.write(bytes, sent, bytes.length);
      sent += taken;
      if (sent < bytes.length) return;
    }
    (socket as SimulatedSocket).endWriting();
  };
  platform.dial(7000, { ...handlers("client"), opened: push, writable: push });
  platform.advance(1000);
  assert.equal(received.length, bytes.length);
  assert.ok(received.every((byte, i) => byte === bytes[i]));
  assert.deepEqual(history.filter((line) => !/\d/.test(line)).sort(), [
    ...["client closed", "client ended"],
    ...["server closed", "server ended", "server opened"],
  ]);
  return history.join("\n");
}

test("a connection carries every byte in order, in pieces; a seed replays exactly", async () => {
  const histories = new Set<string>();
  for (let seed = 1; seed <= 10; seed++) {
    const history = await transfer(seed);
    assert.equal(await transfer(seed), history);
    histories.add(history);
  }
  assert.equal(histories.size, 10);
});

test("one process at a time holds a directory; a crash lets it go", () => {
  const platform = world(1);
  platform.lockDirectory("/data");
  assert.throws(() => platform.lockDirectory("/data/."), { code: "ELOCKED" });
  platform.crash();
  platform.lockDirectory("/data").release();
  platform.lockDirectory("/data");
});

test("a killed process leaves behind all that it had written, and no power loss does less", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 300; seed++) {
    const platform = world(seed, { order: "any" });
    const file = platform.open("/data/log", "append");
    platform.syncDirectory("/data");
    append(platform, file, "a");
    platform.sync(file);
    append(platform, file, "b");
    append(platform, file, "c");
    platform.kill();
    assert.equal(text(platform.contentOf("/data/log")), "abc");
    assert.throws(() => platform.size(file), { code: "EBADF" });
    platform.crash();
    seen.add(text(platform.contentOf("/data/log")));
  }
  assert.deepEqual([...seen].sort(), ["a", "a\0c", "ab", "abc"]);
});
