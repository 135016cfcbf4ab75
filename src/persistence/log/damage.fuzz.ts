// Logs that are damaged on purpose, and logs as crashes leave them. In a log that was closed in
// good order, bytes are put in and taken out at every place, and batches left out, repeated and
// exchanged: each must be refused, or have lost nothing. In one whose process or machine died, the
// end is cut anywhere and blocks that were not synced are lost in any order: each must start, with
// everything that was synced. Run by itself it takes a seed, a number of batches, and every how
// manieth byte is damaged: `node src/persistence/log/damage.fuzz.ts 42 300 1`.

import { assert } from "../../base/assert.ts";
import { Random } from "../../base/random.ts";
import {
  append,
  command,
  Disk,
  decode,
  encode,
  INCREMENT,
  MANIFEST,
  writes,
} from "../test-support.ts";
import type { FsyncPolicy } from "./log.ts";
import { LogError } from "./log-error.ts";
import { openLog } from "./recovery.ts";

const BLOCK_BYTES = 512;
const ENDS_LIKE_ANOTHERS =
  /SELECT\r\n\$1\r\n0\r\n(\*3\r\n\$3\r\nSET\r\n\$1\r\na\r\n\$1\r\n1\r\n)?$/;
const POLICIES: readonly FsyncPolicy[] = ["always", "everysec", "no"];

/** A log, and what is known of it. */
export interface WrittenLog {
  readonly bytes: Uint8Array;
  /** Where each batch begins (openings included), and where the last one ends. */
  readonly starts: readonly number[];
  /** The commands, and how many of them the batches before each start hold. */
  readonly commands: readonly string[];
  readonly counts: readonly number[];
  /** Everything before this offset is on the disk. */
  readonly synced: number;
}

/** Writes so many batches in three sessions. Unless it is closed, the process dies at the end. */
export function writeLog(seed: number, batches: number, isClosed: boolean, other = ""): WrittenLog {
  const random = new Random().seed(seed);
  const disk = new Disk(seed);
  const policy = POLICIES[seed % 3];
  const commands: string[] = [];
  const starts: number[] = [];
  const counts: number[] = [];
  let synced = 0;
  for (let session = 0; session < 3; session++) {
    const { log } = openLog({ platform: disk, directory: "/data", fsync: policy, apply() {} });
    const begin = starts.length;
    const ends = [log.sizeBytes];
    const put = (...words: string[]): void => {
      append(log, ...words);
      commands.push(words.join(" "));
    };
    if (session === 0) starts.push(0);
    if (session === 0) counts.push(0);
    for (let i = 0; i < batches / 3; i++) {
      starts.push(log.sizeBytes);
      counts.push(commands.length);
      if (random.below(20) === 0) log.selectDatabase(random.below(4));
      const isTransaction = random.below(6) === 0;
      if (isTransaction) append(log, "MULTI");
      for (let k = 1 + random.below(3); k > 0; k--) put("SET", `k${commands.length}`, value());
      if (isTransaction) append(log, "EXEC");
      ends[log.commit()] = log.sizeBytes;
      if (random.below(10) === 0) disk.advance(random.below(700));
    }
    if (session === 2 && !isClosed) {
      synced = policy === "no" ? (ends[0] as number) : (ends[log.syncedThrough] as number);
      assert(begin < starts.length, "fuzz: a session without a batch");
      starts.push(log.sizeBytes);
    } else {
      starts.push(log.sizeBytes);
      counts.push(commands.length);
      log.close();
    }
  }
  const bytes = disk.bytesOf(INCREMENT).slice();
  if (isClosed) starts.push(bytes.length);
  counts.push(commands.length);
  return { bytes, starts, commands, counts, synced };

  function value(): string {
    switch (random.below(12)) {
      case 0:
        return "";
      case 1:
        return "\0".repeat(random.below(200));
      case 2:
        return `#CRC32C:0123abcd:${random.below(300)}:0\r\n`;
      case 3:
        return command("SELECT", "0") + command("SET", "a", "1");
      case 4: {
        // The log's own last bytes.
        const all = decode(disk.bytesOf(INCREMENT)).replace(/(#{63}\n)+/g, "");
        return all.slice(-random.below(400));
      }
      case 5: {
        const from = random.below(other.length + 1);
        return other.slice(from, from + random.below(1500));
      }
      default:
        return "v".repeat(random.below(60));
    }
  }
}

/** What a start makes of the bytes: "refused", or how many of the log's commands it found. */
export function start(bytes: Uint8Array, log: WrittenLog): number | "refused" {
  const disk = new Disk();
  disk.makeDirectory("/data/appendonlydir");
  disk.putFile(MANIFEST, encode("file appendonly.aof.1.incr.aof seq 1 type i\n"));
  disk.putFile(INCREMENT, bytes);
  const found: string[] = [];
  try {
    openLog({
      platform: disk,
      directory: "/data",
      fsync: "no",
      chunkBytes: 1 << 16,
      apply(args) {
        found.push(Array.from({ length: args.count }, (_, i) => args.text(i)).join(" "));
      },
    });
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== "LOG_DAMAGED") throw error;
    return "refused";
  }
  const commands = writes(found);
  for (let i = 0; i < commands.length; i++) {
    assert(commands[i] === log.commands[i], "fuzz: another command than was written");
  }
  return commands.length;
}

/** How many damages were refused, and how many had lost nothing. */
export interface Outcome {
  refused: number;
  harmless: number;
}

/** Damages a closed log everywhere. Stops with an assertion, after printing what was done. */
export function fuzzDamage(seed: number, batches: number, stride: number): Outcome {
  const random = new Random().seed(seed);
  const other = decode(writeLog(seed + 1000, 30, true).bytes);
  const log = writeLog(seed, batches, true, other);
  const { bytes, starts } = log;
  const outcome: Outcome = { refused: 0, harmless: 0 };
  const part = (i: number, j = i + 1) => bytes.subarray(starts[i], starts[j]);
  const last = starts.length - 1;
  const check = (what: string, ...parts: readonly Uint8Array[]): void => {
    try {
      const found = start(joined(parts), log);
      if (found === "refused") outcome.refused++;
      else outcome.harmless++;
      assert(found === "refused" || found === log.commands.length, "fuzz: lost without a refusal");
    } catch (error) {
      console.error(`seed ${seed}, ${batches} batches: ${what}`);
      throw error;
    }
  };
  for (let at = random.below(stride); at < bytes.length; at += stride) {
    const before = bytes.subarray(0, at);
    const after = bytes.subarray(at);
    for (const byte of [random.below(256), [0, 35, 10, 13, 48, 42][random.below(6)] as number]) {
      check(`byte ${byte} put in at ${at}`, before, Uint8Array.of(byte), after);
    }
    check(`the byte at ${at} taken out`, before, after.subarray(1));
    check(`the byte at ${at} repeated`, before, after.subarray(0, 1), after);
  }
  for (let i = 1; i < last; i += Math.max(1, stride >> 3)) {
    const isLast = i >= last - 1; // the closing seal
    check(`batch ${i} repeated`, part(0, i + 1), part(i), part(i + 1, last));
    if (!isLast) check(`batch ${i} left out`, part(0, i), part(i + 1, last));
    const j = i + 1 + random.below(last - i);
    if (j < last) check(`batches ${i} to ${j} left out`, part(0, i), part(j, last));
    check(`batches ${i} to ${j} repeated`, part(0, j), part(i, last));
    if (i + 2 < last) {
      check(
        `batches ${i}, ${i + 1} exchanged`,
        part(0, i),
        part(i + 1),
        part(i),
        part(i + 2, last),
      );
    }
    const k = 1 + random.below(last - 1);
    check(`batch ${k} repeated at ${i}`, part(0, i), part(k), part(i, last));
    check(`another log put in at ${i}`, part(0, i), encode(other), part(i, last));
  }
  check("another log behind it", bytes, encode(other));
  check("the log twice", bytes, bytes);
  return outcome;
}

/** Leaves a log as crashes do. Each must start with all that was synced. Returns how many. */
export function fuzzCrashes(seed: number, batches: number, images: number): number {
  const random = new Random().seed(seed);
  const other = decode(writeLog(seed + 1000, 60, true).bytes);
  const log = writeLog(seed, batches, false, other);
  const { bytes, synced, starts, counts } = log;
  const safe = countAt(synced);
  const end = starts[starts.length - 1] as number;
  for (let i = 0; i < images; i++) {
    const cut = synced + random.below(end - synced + 1);
    let image = bytes.slice(0, cut);
    const kind = seed % 3 === 2 ? 0 : random.below(4); // with `no`, what is synced is not said
    if (kind === 0) {
      // The process was killed in a write, into the reserve or not.
      if (random.below(2) === 0)
        image = joined([image, encode(`#\n${`${"#".repeat(63)}\n`.repeat(9)}`)]);
    } else {
      if (random.below(2) === 0) image = bytes.slice();
      for (let at = synced - (synced % BLOCK_BYTES); at < image.length; at += BLOCK_BYTES) {
        if (random.below(kind + 1) > 0) continue;
        const from = Math.max(at, synced);
        const isReserve = random.below(2) === 0;
        for (let k = from; k < Math.min(at + BLOCK_BYTES, image.length); k++) {
          image[k] = isReserve ? (k % 64 === 63 ? 10 : 35) : 0;
        }
      }
    }
    try {
      const found = start(image, log);
      // With a block lost before it, another server's command may be real, or a value's text.
      if (kind > 0 && found === "refused" && ENDS_LIKE_ANOTHERS.test(decode(image))) continue;
      assert(found !== "refused", "fuzz: a crash was taken for damage");
      assert(found >= (kind === 0 ? countAt(cut) : safe), "fuzz: something synced is missing");
    } catch (error) {
      console.error(`seed ${seed}, ${batches} batches: image ${i} of kind ${kind}, cut at ${cut}`);
      throw error;
    }
  }
  return images;

  /** The commands in whole batches before the offset. */
  function countAt(offset: number): number {
    let i = 0;
    while (i + 1 < starts.length && (starts[i + 1] as number) <= offset) i++;
    return counts[i] as number;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

if (import.meta.main) {
  const [seed = 1, batches = 300, stride = 1] = process.argv.slice(2).map(Number);
  const { refused, harmless } = fuzzDamage(seed, batches, stride);
  const images = fuzzCrashes(seed, batches, 10_000 / stride);
  console.log(`${refused} damages refused, ${harmless} without loss; ${images} crashes started`);
}
