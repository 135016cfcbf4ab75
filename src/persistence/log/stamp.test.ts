import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  programOrSkip,
  redisServerOrSkip,
  startRedisServer,
  temporaryFolder,
} from "../../../test/support/servers.ts";
import { open } from "../../index.ts";
import { thisPlatform } from "../../platform/index.ts";
import {
  append,
  command,
  Disk,
  decode,
  encode,
  INCREMENT,
  openOn,
  writes,
} from "../test-support.ts";
import { readerOf } from "./log-reader.ts";
import { STAMP_BYTES_MAX, secondsOf, stampInto } from "./stamp.ts";

const AT = 1_700_000_000;

/** A log whose batches are stamped by a clock that the test sets. */
function stamped() {
  const disk = new Disk();
  const { log } = openOn(disk);
  const clock = { s: AT };
  log.stampBy(() => clock.s * 1000 + 999, true);
  const write = (...words: string[]): void => {
    log.selectDatabase(0);
    append(log, ...words);
  };
  return { disk, log, clock, write };
}

const text = (disk: Disk): string => decode(disk.bytesOf(INCREMENT));
const stamps = (of: string): number[] =>
  [...of.matchAll(/#TS:(\d+)\r\n/g)].map(([, seconds]) => Number(seconds));

/** What is read up to a time. */
function readUntil(disk: Disk, until: number) {
  const commands: string[] = [];
  const file = disk.open(INCREMENT, "read");
  const reader = readerOf(disk, file, INCREMENT, (args) => {
    commands.push(Array.from({ length: args.count }, (_, i) => args.text(i)).join(" "));
  });
  reader.until = until;
  reader.run();
  disk.close(file);
  return { reader, commands: writes(commands) };
}

test("a stamp is read as it was written, and nothing else is one", () => {
  const bytes = new Uint8Array(STAMP_BYTES_MAX);
  for (const seconds of [1, AT, 999_999_999_999_999]) {
    assert.equal(secondsOf(bytes, 0, stampInto(bytes, 0, seconds)), seconds);
  }
  const others = [
    "#TS:\r\n",
    "#TS:1x\r\n",
    "#TS:-1\r\n",
    "#ts:1\r\n",
    "#TS:1",
    "#TS:1\r",
    "#T",
    "#TS:1 \n",
  ];
  for (const other of [...others, `#TS:${"9".repeat(16)}\r\n`]) {
    const line = encode(other);
    assert.equal(secondsOf(line, 0, line.length), -1, other);
  }
  assert.equal(secondsOf(encode("#TS:12\n"), 0, 7), 12);
});

test("a batch opens with the second in which it was executed, once a second", () => {
  const { disk, log, clock, write } = stamped();
  write("SET", "a", "1");
  write("SET", "b", "1");
  log.commit();
  write("SET", "c", "1");
  log.commit();
  clock.s += 5;
  write("SET", "d", "1");
  log.commit();
  clock.s -= 3; // The clock is set back: no time that went before is said again.
  write("SET", "e", "1");
  log.close();
  assert.deepEqual(stamps(text(disk)), [AT, AT + 5]);
  assert.match(text(disk), /\r\n#TS:1700000000\r\n\*2\r\n\$6\r\nselect\r\n.*\n#CRC32C/s);
  const { recovery, commands } = openOn(disk);
  assert.equal(recovery.torn, undefined);
  assert.deepEqual(writes(commands).join(), "SET a 1,SET b 1,SET c 1,SET d 1,SET e 1");
});

test("each session begins with the time, and none is said where that is not wanted", () => {
  const { disk, log, write } = stamped();
  write("SET", "a", "1");
  log.close();
  const second = openOn(disk).log;
  second.stampBy(() => AT * 1000, true);
  second.selectDatabase(0);
  append(second, "SET", "b", "1");
  second.commit();
  second.stampBy(() => (AT + 9) * 1000, false);
  second.selectDatabase(0);
  append(second, "SET", "c", "1");
  second.close();
  assert.deepEqual(stamps(text(disk)), [AT, AT]);
});

test("reading ends before the first batch that is later than asked for", () => {
  const { disk, log, clock, write } = stamped();
  for (let i = 0; i < 5; i++) {
    write("SET", `k${i}`, "1");
    write("INCR", "n");
    log.commit();
    write("SET", "again", String(i));
    log.commit();
    clock.s += 10;
  }
  log.close();
  for (let i = 0; i < 5; i++) {
    for (const until of [AT + 10 * i, AT + 10 * i + 9]) {
      const { reader, commands } = readUntil(disk, until);
      assert.equal(commands.at(-1), `SET again ${i}`);
      assert.equal(commands.length, 3 * (i + 1));
      assert.deepEqual([reader.isOver, reader.sealed], [i < 4, true]);
      assert.deepEqual([reader.firstTime, reader.lastTime], [AT, AT + 10 * i]);
    }
  }
  assert.deepEqual(readUntil(disk, AT - 1).commands, []);
});

test("another server's stamps, commands and transactions are read, up to a time as well", () => {
  const { disk, log, write } = stamped();
  write("SET", "a", "1");
  log.close();
  const theirs =
    `#TS:${AT + 5}\r\n${command("SELECT", "0")}${command("SET", "b", "1")}` +
    `#TS:${AT + 6}\r\n${command("MULTI")}${command("SET", "c", "1")}` +
    `#TS:${AT + 7}\r\n${command("SET", "d", "1")}${command("EXEC")}` +
    `#TS:${AT + 8}\r\n${command("SET", "e", "1")}`;
  disk.putFile(INCREMENT, encode(text(disk) + theirs));
  assert.equal(readUntil(disk, AT + 4).commands.join(), "SET a 1");
  assert.equal(readUntil(disk, AT + 5).commands.join(), "SET a 1,SET b 1");
  // A transaction counts as a whole, or not at all.
  assert.equal(readUntil(disk, AT + 6).commands.join(), "SET a 1,SET b 1");
  assert.equal(readUntil(disk, AT + 7).commands.join(), "SET a 1,SET b 1,SET c 1,SET d 1");
  const { commands, recovery } = openOn(disk);
  assert.equal(recovery.torn, undefined);
  assert.equal(writes(commands).at(-1), "SET e 1");
});

test("a log that is cut short anywhere is read up to its last whole batch", () => {
  const { disk, log, clock, write } = stamped();
  const ends: number[] = [];
  for (let i = 0; i < 3; i++) {
    write("SET", `k${i}`, "1");
    log.commit();
    ends.push(disk.bytesOf(INCREMENT).length);
    clock.s++;
  }
  log.close();
  const whole = disk.bytesOf(INCREMENT);
  for (let end = ends[0]; end < ends[2]; end++) {
    disk.putFile(INCREMENT, whole.slice(0, end));
    const { commands } = openOn(disk);
    assert.equal(writes(commands).length, ends.filter((each) => each <= end).length, `${end}`);
  }
});

test("a bit flipped in a stamp is found", () => {
  const { disk, log, clock, write } = stamped();
  write("SET", "a", "1");
  log.commit();
  clock.s++;
  write("SET", "b", "1");
  log.close();
  const whole = disk.bytesOf(INCREMENT);
  const at = text(disk).indexOf("#TS:");
  for (let bit = at * 8; bit < (at + 16) * 8; bit++) {
    const bytes = whole.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    disk.putFile(INCREMENT, bytes);
    assert.throws(() => openOn(disk), { code: "LOG_DAMAGED" }, `bit ${bit}`);
  }
});

test("redis-check-aof passes our stamps and cuts by them; redis-server reads them", async (t) => {
  if (!redisServerOrSkip(t, "a log with stamps")) return;
  if (!programOrSkip(t, "redis-check-aof", "redis-check-aof on stamps")) return;
  const directory = temporaryFolder();
  let now = AT * 1000;
  {
    using db = open(directory, { clock: () => now });
    for (let i = 0; i < 4; i++) {
      db.set(`k${i}`, i);
      db.sync();
      now += 10_000;
    }
  }
  const path = `${directory}/appendonlydir/appendonly.aof.1.incr.aof`;
  assert.equal(stamps(readFileSync(path, "latin1")).length, 4);
  const manifest = `${directory}/appendonlydir/appendonly.aof.manifest`;
  const run = (...args: string[]) =>
    spawnSync("redis-check-aof", [...args, manifest], { encoding: "utf8" });
  const checked = run();
  assert.equal(checked.status, 0, checked.stdout);
  const server = await startRedisServer({
    dir: directory,
    args: ["--appendonly", "yes", "--aof-timestamp-enabled", "yes"],
  });
  const client = await server.connect();
  await client.call("SET", "theirs", "1");
  client.close();
  await server.stop();
  {
    using db = open(directory, { clock: () => now });
    assert.equal(db.dbsize(), 5);
  }
  const cut = run("--truncate-to-timestamp", String(AT + 15));
  assert.equal(cut.status, 0, cut.stdout);
  using db = open(directory, { clock: () => now });
  assert.equal(db.recovery?.torn, undefined);
  assert.deepEqual(db.keys("*").sort(), ["k0", "k1"]);
  assert.equal(thisPlatform().exists(path), true);
});
