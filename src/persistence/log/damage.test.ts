import assert from "node:assert/strict";
import { test } from "node:test";
import {
  append,
  command,
  Disk,
  decode,
  encode,
  INCREMENT,
  openOn,
  PLACE,
  threeBatches,
  writes,
} from "../test-support.ts";
import { fuzzCrashes, fuzzDamage, start, writeLog } from "./damage.fuzz.ts";
import { checkLog } from "./log-check.ts";
import { LogError } from "./log-error.ts";
import { Seal, sealSum } from "./seal.ts";
import { sealOffsets } from "./seal-offsets.ts";

test("bytes and batches that are put in or taken out of a closed log are refused", () => {
  for (const seed of [3, 4, 5]) {
    const { refused, harmless } = fuzzDamage(seed, 24, 150);
    assert.ok(refused > 100 && harmless < refused / 20, `${refused} refused, ${harmless} not`);
  }
});

test("what crashes leave starts, with everything that was synced, whatever values hold", () => {
  for (let seed = 1; seed <= 12; seed++) assert.equal(fuzzCrashes(seed, 24, 15), 15);
});

test("a torn value that holds another server's log is cut off at any byte", () => {
  const other = decode(writeLog(7, 12, true).bytes);
  const disk = new Disk();
  const { log } = openOn(disk);
  append(log, "SET", "a", "1");
  log.commit();
  const whole = log.sizeBytes;
  append(log, "SET", "copy", other);
  log.commit();
  const bytes = disk.bytesOf(INCREMENT).slice();
  log.close();
  const known = { bytes, starts: [], commands: ["SET a 1"], counts: [], synced: 0 };
  for (let length = whole; length < bytes.length; length += 3) {
    assert.equal(start(bytes.subarray(0, length), known), 1, `cut at ${length}`);
  }
});

test("the refusal says how far bytes were moved, and check what to do", () => {
  const disk = threeBatches();
  const text = decode(disk.bytesOf(INCREMENT));
  const at = text.indexOf("RPUSH");
  const cases = [
    [`${text.slice(0, at)}x${text.slice(at)}`, "1 byte was put in before the batch at "],
    [text.slice(0, at) + text.slice(at + 2), "2 bytes were taken out before the batch at "],
    [text + text.slice(text.lastIndexOf("#")), "the opening of another place stands at "],
  ] as const;
  for (const [damaged, what] of cases) {
    disk.putFile(INCREMENT, encode(damaged));
    assert.throws(
      () => openOn(disk),
      (error) =>
        error instanceof LogError &&
        error.code === "LOG_DAMAGED" &&
        RegExp(what).test(error.message),
    );
    assert.equal(decode(disk.bytesOf(INCREMENT)), damaged, "a refused file is left as it is");
    const [file] = checkLog({ platform: disk, place: PLACE }).files;
    assert.equal(file.verdict, "damaged");
    assert.match(file.text, /restore the file from a backup, or let repair move them aside/);
  }
});

test("a byte put in before what another server went on with is refused", () => {
  const disk = threeBatches();
  const text = decode(disk.bytesOf(INCREMENT));
  const theirs = command("SELECT", "0") + command("SET", "theirs", "1");
  for (let at = 0; at < text.length; at++) {
    disk.putFile(INCREMENT, encode(`${text.slice(0, at)}7${text.slice(at)}${theirs}`));
    assert.throws(() => openOn(disk), LogError, `at ${at}`);
  }
  disk.putFile(INCREMENT, encode(text + theirs));
  assert.equal(writes(openOn(disk).commands).at(-1), "SET theirs 1");
});

test("a seal's sum tells the offset it was made for", () => {
  const seal = new Seal();
  seal.length = 77;
  seal.lag = 5;
  for (const offset of [0, 7, 9999, 10_000, 54_321, 99_999, 100_000, 123_456_789]) {
    seal.sum = sealSum(-1234, 77, 5, offset);
    const found = sealOffsets(seal, -1234, 2 ** 30);
    assert.ok(found.includes(offset) && found.length < 5, `${offset}`);
    for (const other of found) assert.ok(seal.closes(-1234, other));
    assert.ok(!sealOffsets(seal, -1234, offset).includes(offset), "the limit is left out");
  }
});
