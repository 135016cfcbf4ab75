// What is found in a log when it is opened: whole, torn, damaged, or written by another server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { part, rdbFile, text } from "../rdb/rdb-test-support.ts";
import {
  append,
  codeOf,
  command,
  Disk,
  decode,
  encode,
  INCREMENT,
  MANIFEST,
  openOn,
  PLACE,
  THREE_BATCHES,
  threeBatches,
  writes,
} from "../test-support.ts";
import { checkLog } from "./log-check.ts";
import { LogError } from "./log-error.ts";
import type { LoadRdb } from "./log-reader.ts";
import { repairLog } from "./log-repair.ts";
import { openLog } from "./recovery.ts";

test("a new log is one increment, and its manifest is as redis-server writes it", () => {
  const disk = new Disk();
  openOn(disk).log.close();
  assert.equal(decode(disk.bytesOf(MANIFEST)), "file appendonly.aof.1.incr.aof seq 1 type i\n");
  assert.match(decode(disk.bytesOf(INCREMENT)), /^#CRC32C:[0-9a-f]{8}:0:0\r\n$/);
});

test("what was committed is replayed, in order and with its databases", () => {
  const { commands, recovery } = openOn(threeBatches());
  assert.deepEqual(writes(commands), THREE_BATCHES);
  assert.equal(commands[0], "select 0");
  assert.equal(commands[3], "select 3");
  assert.equal(recovery.batches, 3);
  assert.equal(recovery.torn, undefined);
});

test("every size of chunk replays the same", () => {
  for (let chunkBytes = 1; chunkBytes < 700; chunkBytes++) {
    const { commands } = openOn(threeBatches(), "everysec", { chunkBytes });
    assert.deepEqual(writes(commands), THREE_BATCHES, `chunks of ${chunkBytes}`);
  }
});

test("sessions follow one another in one file", () => {
  const disk = threeBatches();
  const second = openOn(disk);
  append(second.log, "SET", "d", "4");
  second.log.close();
  const third = openOn(disk);
  third.log.close();
  assert.deepEqual(writes(openOn(disk).commands), [...THREE_BATCHES, "SET d 4"]);
});

test("a log cut at any byte recovers whole batches, and keeps what it cuts off", () => {
  const whole = threeBatches().bytesOf(INCREMENT);
  let before = 0;
  for (let length = 0; length <= whole.length; length++) {
    const disk = threeBatches();
    disk.putFile(INCREMENT, whole.slice(0, length));
    const { commands, recovery, log } = openOn(disk);
    const found = writes(commands);
    assert.deepEqual(found, THREE_BATCHES.slice(0, found.length));
    assert.ok([0, 2, 4, 6].includes(found.length), `${found.length} commands at ${length}`);
    assert.ok(found.length >= before);
    before = found.length;
    const { torn } = recovery;
    if (torn !== undefined) {
      assert.deepEqual(disk.bytesOf(torn.keptIn), whole.slice(torn.offset, length));
      assert.equal(torn.offset + torn.bytes, length);
      const left = disk.bytesOf(INCREMENT);
      assert.deepEqual(left.slice(0, torn.offset), whole.slice(0, torn.offset));
    }
    append(log, "SET", "after", "1");
    log.close();
    assert.deepEqual(writes(openOn(disk).commands), [...found, "SET after 1"]);
  }
  assert.equal(before, 6);
});

test("any flipped bit is recovered from or refused, never replayed as something else", () => {
  const whole = threeBatches().bytesOf(INCREMENT);
  let refused = 0;
  let recovered = 0;
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const disk = threeBatches();
    const bytes = whole.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    disk.putFile(INCREMENT, bytes);
    const commands: string[] = [];
    try {
      const opened = openOn(disk);
      commands.push(...opened.commands);
      recovered++;
    } catch (error) {
      assert.ok(error instanceof LogError && error.code === "LOG_DAMAGED", String(error));
      assert.equal(error.file, INCREMENT);
      assert.deepEqual(disk.bytesOf(INCREMENT), bytes, "a refused file is left as it is");
      refused++;
      continue;
    }
    const found = writes(commands);
    assert.deepEqual(found, THREE_BATCHES.slice(0, found.length), `bit ${bit}`);
    assert.equal(found.length, 6, `bit ${bit}: a closed log loses no batch to a flipped bit`);
  }
  assert.ok(refused > 0 && recovered > 0);
});

test("in a log that was not closed, a flipped bit in the last batch cuts that batch alone", () => {
  const closed = threeBatches().bytesOf(INCREMENT);
  const text = decode(closed);
  const whole = closed.slice(0, text.lastIndexOf("#CRC32C:")); // without the closing seal
  const lastBatch = text.indexOf("\r\n", text.lastIndexOf("EXEC\r\n#CRC32C:") + 6) + 2;
  for (let bit = lastBatch * 8; bit < whole.length * 8; bit++) {
    const disk = threeBatches();
    const bytes = whole.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    disk.putFile(INCREMENT, bytes);
    const { commands, recovery } = openOn(disk);
    assert.deepEqual(writes(commands), THREE_BATCHES.slice(0, 4), `bit ${bit}`);
    assert.equal(recovery.torn?.offset, lastBatch);
  }
});

/** A log under `always` whose process was killed: three batches and a reserve of two lines. */
function withReserve(): { disk: Disk; end: number } {
  const disk = new Disk();
  const closed = threeBatches().bytesOf(INCREMENT);
  const end = decode(closed).lastIndexOf("#CRC32C:"); // without the closing seal
  const lines = encode(`${"#".repeat(20)}\n${"#".repeat(63)}\n`);
  const bytes = new Uint8Array(end + lines.length);
  bytes.set(closed.subarray(0, end));
  bytes.set(lines, end);
  disk.putFile(MANIFEST, threeBatches().bytesOf(MANIFEST));
  disk.putFile(INCREMENT, bytes);
  return { disk, end };
}

test("a reserve is no torn write: it is cut off and not mentioned, wherever it ends", () => {
  const { disk, end } = withReserve();
  const whole = disk.bytesOf(INCREMENT);
  for (let length = end; length <= whole.length; length++) {
    for (const chunkBytes of [1, 64, 1 << 16]) {
      disk.putFile(INCREMENT, whole.slice(0, length));
      assert.ok(checkLog({ platform: disk, place: PLACE }).isWhole);
      const { commands, recovery, log } = openOn(disk, "everysec", { chunkBytes });
      assert.deepEqual(writes(commands), THREE_BATCHES);
      assert.equal(recovery.torn, undefined);
      assert.equal(disk.bytesOf(INCREMENT).length, end);
      append(log, "SET", "after", "1");
      log.close();
      assert.deepEqual(writes(openOn(disk).commands), [...THREE_BATCHES, "SET after 1"]);
    }
  }
});

test("a flipped bit in a reserve costs nothing but the reserve", () => {
  const { disk, end } = withReserve();
  const whole = disk.bytesOf(INCREMENT);
  for (let bit = end * 8; bit < whole.length * 8; bit++) {
    const bytes = whole.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    disk.putFile(INCREMENT, bytes);
    assert.deepEqual(writes(openOn(disk).commands), THREE_BATCHES, `bit ${bit}`);
    assert.equal(disk.bytesOf(INCREMENT).length, end);
  }
});

test("another server may go on behind a reserve, a batch of ours may not", () => {
  const { disk, end } = withReserve();
  const whole = decode(disk.bytesOf(INCREMENT));
  disk.putFile(INCREMENT, encode(whole + command("SELECT", "0") + command("SET", "theirs", "1")));
  assert.deepEqual(writes(openOn(disk).commands), [...THREE_BATCHES, "SET theirs 1"]);
  const theirs = command("SELECT", "0") + command("SET", "theirs", "2");
  disk.putFile(INCREMENT, encode(`${whole}#TS:1628217470\r\n${theirs}`));
  assert.deepEqual(writes(openOn(disk).commands), [...THREE_BATCHES, "SET theirs 2"]);
  // Two batches of which the first never reached the disk.
  const text = decode(threeBatches().bytesOf(INCREMENT));
  const third = text.indexOf("*3\r\n$3\r\nSET\r\n$1\r\nc");
  const second = text.indexOf("*2\r\n$6\r\nselect\r\n$1\r\n3");
  disk.putFile(
    INCREMENT,
    encode(`${text.slice(0, second)}${"#".repeat(third - second - 1)}\n${text.slice(third, end)}`),
  );
  const { commands, recovery } = openOn(disk);
  assert.deepEqual(writes(commands), THREE_BATCHES.slice(0, 2));
  assert.equal(recovery.torn?.offset, second);
});

test("zero bytes behind the last batch are cut off", () => {
  for (const zeros of [1, 7, 100, 5000]) {
    const disk = threeBatches();
    const whole = disk.bytesOf(INCREMENT);
    const longer = new Uint8Array(whole.length + zeros);
    longer.set(whole);
    disk.putFile(INCREMENT, longer);
    const { commands, recovery } = openOn(disk);
    assert.deepEqual(writes(commands), THREE_BATCHES);
    assert.equal(recovery.torn?.bytes, zeros);
  }
});

test("a batch that is moved, repeated or left out is noticed", () => {
  const whole = threeBatches().bytesOf(INCREMENT);
  const text = decode(whole);
  const second = text.indexOf("*2\r\n$6\r\nselect\r\n$1\r\n3");
  const third = text.indexOf("*3\r\n$3\r\nSET\r\n$1\r\nc");
  const closing = text.lastIndexOf("#CRC32C:");
  const parts = (...ranges: [number, number][]) => {
    const disk = threeBatches();
    const bytes = ranges.flatMap(([start, end]) => [...whole.subarray(start, end)]);
    disk.putFile(INCREMENT, Uint8Array.from(bytes));
    return disk;
  };
  const size = whole.length;
  const leftOut = parts([0, second], [third, closing]);
  assert.deepEqual(writes(openOn(leftOut).commands), THREE_BATCHES.slice(0, 2));
  const swapped = parts([0, second], [third, closing], [second, third], [closing, size]);
  assert.equal(
    codeOf(() => openOn(swapped)),
    "LOG_DAMAGED",
  );
  const repeated = parts([0, third], [second, third]);
  assert.deepEqual(writes(openOn(repeated).commands), THREE_BATCHES.slice(0, 4));
});

test("aof-load-truncated no refuses a torn end and changes nothing", () => {
  const disk = threeBatches();
  const cut = disk.bytesOf(INCREMENT).slice(0, -60);
  disk.putFile(INCREMENT, cut);
  assert.equal(
    codeOf(() => openOn(disk, "everysec", { loadTruncated: false })),
    "LOG_TRUNCATED",
  );
  assert.deepEqual(disk.bytesOf(INCREMENT), cut);
});

test("a foreign file loads: annotations are skipped, a torn command or transaction is cut", () => {
  const text =
    "#TS:1628217470\r\n" +
    command("SELECT", "0") +
    command("SET", "a", "1") +
    "#an unknown annotation\n" +
    command("MULTI") +
    command("SET", "b", "2") +
    "#TS:1628217471\r\n" +
    command("INCR", "n") +
    command("EXEC") +
    command("SET", "c", "3");
  const expected = ["SET a 1", "SET b 2", "INCR n", "SET c 3"];
  for (let length = 0; length <= text.length; length++) {
    const disk = new Disk();
    disk.putFile(MANIFEST, encode("file appendonly.aof.1.incr.aof seq 1 type i\n"));
    disk.putFile(INCREMENT, encode(text.slice(0, length)));
    const opened = openOn(disk);
    const found = writes(opened.commands);
    assert.deepEqual(found, expected.slice(0, found.length), `cut at ${length}`);
    assert.notEqual(found.length, 2, "a transaction comes whole");
    append(opened.log, "SET", "ours", "1");
    opened.log.close();
    assert.deepEqual(writes(openOn(disk).commands), [...found, "SET ours 1"]);
  }
});

test("a foreign file with wrong bytes in its middle is refused", () => {
  const good = command("SET", "a", "1");
  for (const bad of [
    "*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$99\r\nx\r\n",
    "garbage\r\n",
    "\0\0\0\0",
    "*x\r\n",
  ]) {
    const disk = new Disk();
    disk.putFile(MANIFEST, encode("file appendonly.aof.1.incr.aof seq 1 type i\n"));
    disk.putFile(INCREMENT, encode(good + bad + good));
    assert.equal(
      codeOf(() => openOn(disk)),
      "LOG_DAMAGED",
      JSON.stringify(bad),
    );
  }
});

test("another server may go on in our file, and we in its part", () => {
  const disk = threeBatches();
  const ours = disk.bytesOf(INCREMENT);
  const foreign = encode(command("SELECT", "0") + command("SET", "theirs", "1"));
  const both = new Uint8Array(ours.length + foreign.length);
  both.set(ours);
  both.set(foreign, ours.length);
  disk.putFile(INCREMENT, both);
  const opened = openOn(disk);
  assert.deepEqual(writes(opened.commands), [...THREE_BATCHES, "SET theirs 1"]);
  append(opened.log, "SET", "ours", "2");
  opened.log.close();
  const all = [...THREE_BATCHES, "SET theirs 1", "SET ours 2"];
  assert.deepEqual(writes(openOn(disk).commands), all);
  // Damage in our part stays damage, even where only foreign commands follow.
  const damaged = both.slice();
  damaged[ours.length - 60] ^= 1;
  disk.putFile(INCREMENT, damaged);
  assert.equal(
    codeOf(() => openOn(disk)),
    "LOG_DAMAGED",
  );
});

/** A killed process's log: a batch, and one that holds what redis-server begins with. */
function holdingSelect(): { bytes: Uint8Array; lastBatch: number } {
  const disk = new Disk();
  const { log } = openOn(disk);
  log.selectDatabase(0);
  append(log, "SET", "a", "1");
  log.commit();
  const lastBatch = log.sizeBytes;
  append(log, "RPUSH", "l", command("SELECT", "1"), command("SELECT", "2") + command("INCR", "n"));
  append(log, "INCR", "n");
  log.commit();
  const bytes = disk.bytesOf(INCREMENT).slice();
  log.close();
  return { bytes, lastBatch };
}

test("a torn batch is cut off whatever its values hold, with a reserve behind it or not", () => {
  const { bytes, lastBatch } = holdingSelect();
  const disk = threeBatches();
  for (let length = lastBatch + 1; length < bytes.length; length++) {
    for (const reserve of ["", `${"#".repeat(20)}\n${`${"#".repeat(63)}\n`.repeat(9)}`]) {
      disk.putFile(INCREMENT, encode(decode(bytes.slice(0, length)) + reserve));
      const { commands, recovery } = openOn(disk);
      assert.deepEqual(writes(commands), ["SET a 1"], `cut at ${length}`);
      assert.equal(recovery.torn?.offset, lastBatch);
    }
  }
});

test("a length or a count that reaches beyond the file is damage when something follows", () => {
  const { bytes, lastBatch } = holdingSelect();
  const whole = decode(bytes);
  const batch = whole.slice(lastBatch);
  const theirs = command("SELECT", "0") + command("SET", "theirs", "1");
  const open = (text: string) => {
    const disk = threeBatches();
    disk.putFile(INCREMENT, encode(text));
    return codeOf(() => openOn(disk));
  };
  const headers = ["*4\r\n", "$5\r\nRPUSH", "$1\r\nl", "$23\r\n", "$44\r\n", "$4\r\nINCR"];
  for (const header of headers) {
    const at = batch.lastIndexOf(header);
    assert.ok(at >= 0, header);
    const wrong = `${whole.slice(0, lastBatch + at + 1)}9999${batch.slice(at + 1)}`;
    // The seal's length grows with the batch: a flipped digit would have left both as they were.
    const flipped = wrong.replace(/:(\d+)(:\d+\r\n)$/, (_, n, rest) => `:${Number(n) + 4}${rest}`);
    assert.equal(open(flipped), "no error", "nothing behind it: a torn write");
    assert.equal(open(flipped + theirs), "LOG_DAMAGED", `before another server: ${header}`);
  }
  const value = "x".repeat(1000);
  const disk = new Disk();
  const { log } = openOn(disk, "no");
  append(log, "SET", "a", value);
  log.commit();
  append(log, "SET", "b", value);
  log.commit();
  const text = decode(disk.bytesOf(INCREMENT));
  log.close();
  assert.equal(open(text.replace("$1000", "$9000")), "LOG_DAMAGED", "a seal follows");
});

test("commands longer than a chunk and batches longer than a piece of memory are replayed", () => {
  const disk = new Disk();
  const { log } = openOn(disk);
  const value = "x".repeat(3 << 20);
  append(log, "SET", "a", value);
  append(log, "SET", "b", value);
  append(log, "SET", "c", "3");
  log.commit();
  append(log, "MSET", ...Array.from({ length: 20000 }, (_, i) => `k${i}`));
  log.commit();
  log.close();
  for (const chunkBytes of [1 << 16, 4 << 20]) {
    const { commands } = openOn(disk, "everysec", { chunkBytes });
    assert.equal(commands.length, 4);
    assert.equal(commands[0].length, value.length + 6);
    assert.equal(commands[3].split(" ").length, 20001);
  }
});

test("check reports each file and changes nothing, repair ends the log before damage", () => {
  const disk = threeBatches();
  const options = { platform: disk, place: PLACE };
  const [file] = checkLog(options).files;
  assert.deepEqual(
    [file.verdict, file.commands, file.batches, file.bytes],
    ["ok", 8, 3, disk.bytesOf(INCREMENT).length],
  );
  const whole = disk.bytesOf(INCREMENT).slice();
  disk.putFile(INCREMENT, whole.slice(0, -70));
  assert.equal(checkLog(options).files[0].verdict, "torn");
  assert.equal(checkLog(options).isWhole, false);
  const damaged = whole.slice();
  damaged[decode(whole).indexOf("RPUSH")] ^= 1;
  disk.putFile(INCREMENT, damaged);
  assert.equal(checkLog(options).files[0].verdict, "damaged");
  const { end, kept, dropped } = repairLog({ ...options, drop: () => {} });
  assert.equal(end?.offset, kept[0].offset);
  // The commands of the damaged batch are whole, and so is what follows.
  assert.equal(dropped.commands > 2, true);
  assert.equal(repairLog({ ...options, drop: () => {} }).end, undefined);
  assert.equal(checkLog(options).files[0].verdict, "ok");
  assert.deepEqual(writes(openOn(disk).commands), THREE_BATCHES.slice(0, 2));
});

test("a single appendonly.aof of old becomes the base", () => {
  const disk = new Disk();
  disk.putFile("/data/appendonly.aof", encode(command("SELECT", "2") + command("SET", "a", "1")));
  const { log, commands } = openOn(disk);
  assert.deepEqual(commands, ["SELECT 2", "SET a 1"]);
  append(log, "SET", "b", "2");
  log.close();
  assert.equal(disk.exists("/data/appendonly.aof"), false);
  assert.deepEqual(openOn(disk).commands, ["SELECT 2", "SET a 1", "SELECT 0", "SET b 2"]);
});

test("an interrupted move of a single file is finished", () => {
  const disk = new Disk();
  disk.putFile("/data/appendonly.aof", encode(command("SET", "a", "1")));
  disk.putFile(MANIFEST, encode("file appendonly.aof seq 1 type b\n"));
  assert.deepEqual(openOn(disk).commands, ["SET a 1"]);
});

test("a base in RDB form is given to who loads it, and walked through where nobody does", () => {
  const hex =
    "524544495330303130fa0972656469732d76657206372e302e3135fa0a72656469732d62697473c040" +
    "fa056374696d65c2223d036bfa08757365642d6d656dc2b05f0d00fa08616f662d62617365c001ff" +
    "466eec8cba2463b4"; // as redis-server 7.0.15 wrote it
  const base = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const path = "/data/appendonlydir/appendonly.aof.1.base.rdb";
  const manifest =
    "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n";
  const disk = new Disk();
  disk.putFile(MANIFEST, encode(manifest));
  disk.putFile(INCREMENT, encode(command("SET", "a", "1")));
  disk.putFile(path, base);
  assert.deepEqual(writes(openOn(disk).commands), ["SET a 1"]);
  const wrongSum = base.slice();
  wrongSum[base.length - 1] ^= 1;
  disk.putFile(path, wrongSum);
  assert.equal(
    codeOf(() => openOn(disk)),
    "RDB_DAMAGED",
  );
  assert.equal(checkLog({ platform: disk, place: PLACE }).files[0].verdict, "damaged");
  const preamble = rdbFile(10, [part.select(0), part.key(0, "k", text("v"))]);
  const tail = encode(command("SELECT", "0") + command("SET", "b", "2"));
  disk.putFile(path, Uint8Array.from([...preamble, ...tail]));
  const loads: string[] = [];
  const loadRdb: LoadRdb = (_file, of) => {
    loads.push(of);
    return preamble.length;
  };
  for (const more of [{}, { loadRdb }]) {
    const { commands, recovery } = openOn(disk, "everysec", more);
    assert.deepEqual(writes(commands), ["SET b 2", "SET a 1"]);
    assert.equal(recovery.baseBytes, preamble.length + tail.length);
  }
  assert.deepEqual(loads, [path]);
  assert.deepEqual(
    checkLog({ platform: disk, place: PLACE }).files.map(({ verdict }) => verdict),
    ["ok", "ok"],
  );
});

test("a base in RDB form that was emptied, or begins as something else, is refused", () => {
  const manifest =
    "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n";
  for (const content of ["", "RED", "\0\0\0\0\0\0\0\0\0\0", command("SET", "b", "2")]) {
    const disk = new Disk();
    disk.putFile(MANIFEST, encode(manifest));
    disk.putFile(INCREMENT, encode(command("SET", "a", "1")));
    disk.putFile("/data/appendonlydir/appendonly.aof.1.base.rdb", encode(content));
    assert.equal(
      codeOf(() => openOn(disk)),
      "RDB_FORMAT",
    );
    const [base] = checkLog({ platform: disk, place: PLACE }).files;
    assert.equal(base.verdict, "damaged");
    const repair = () => repairLog({ platform: disk, place: PLACE, drop: () => {} });
    assert.equal(codeOf(repair), "RDB_FORMAT");
  }
});

test("what cannot be the log is refused with a reason", () => {
  const missing = new Disk();
  missing.putFile(MANIFEST, encode("file appendonly.aof.1.incr.aof seq 1 type i\n"));
  assert.equal(
    codeOf(() => openOn(missing)),
    "LOG_MISSING",
  );
  const orphan = new Disk();
  orphan.putFile(INCREMENT, encode(command("SET", "a", "1")));
  assert.equal(
    codeOf(() => openOn(orphan)),
    "LOG_MANIFEST",
  );
  const twoFiles = new Disk();
  twoFiles.putFile(
    MANIFEST,
    encode(
      "file appendonly.aof.1.incr.aof seq 1 type i\nfile appendonly.aof.2.incr.aof seq 2 type i\n",
    ),
  );
  twoFiles.putFile(INCREMENT, encode("*3\r\n$3\r\nSET\r\n"));
  twoFiles.putFile("/data/appendonlydir/appendonly.aof.2.incr.aof", encode(""));
  assert.equal(
    codeOf(() => openOn(twoFiles)),
    "LOG_DAMAGED",
  );
  const unknown = threeBatches();
  const apply = () => {
    throw new Error("unknown command");
  };
  const open = () => openLog({ platform: unknown, directory: "/data", fsync: "no", apply });
  assert.equal(codeOf(open), "LOG_COMMAND");
});

test("history files are removed and leave the manifest", () => {
  const disk = threeBatches();
  disk.putFile("/data/appendonlydir/old.aof", encode("x"));
  const manifest = decode(disk.bytesOf(MANIFEST));
  disk.putFile(MANIFEST, encode(`file old.aof seq 1 type h\n${manifest}`));
  assert.deepEqual(writes(openOn(disk).commands), THREE_BATCHES);
  assert.equal(disk.exists("/data/appendonlydir/old.aof"), false);
  assert.equal(decode(disk.bytesOf(MANIFEST)), manifest);
});
