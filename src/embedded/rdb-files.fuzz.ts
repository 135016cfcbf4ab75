// RDB files that are damaged on purpose, in every encoding that there has been: bytes are changed,
// put in and taken out, files are cut, with no checksum that would tell. Each must be refused with
// RdbError, or be loaded as something sound; it ends, and takes no memory that the file could not
// fill. Run by itself it takes a seed and a number of rounds:
// `node src/embedded/rdb-files.fuzz.ts 42 100000`.

import { assert } from "../base/assert.ts";
import { Random } from "../base/random.ts";
import { RdbError } from "../codec/rdb-error.ts";
import { RdbInput } from "../codec/rdb-input.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { loadRdb } from "../persistence/rdb/rdb-loader.ts";
import {
  bytesOf,
  eight,
  intset,
  length,
  listpack,
  type Part,
  part,
  rdbFile,
  text,
  ziplist,
  zipmap,
} from "../persistence/rdb/rdb-test-support.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { registerTypes } from "../types/all-types.ts";
import { OF_REDIS } from "../types/streams-test-support.ts";

const NOW = 1_700_000_000_000;
const PATH = "/data/dump.rdb";
/** Of a byte in a file so many may come in memory: LZF, and what a small value takes besides. */
const GROWTH_MAX = 400;
const MEMORY_LEAST = 100_000;

const long = "x".repeat(70);
const many = Array.from({ length: 40 }, (_, i) => `member ${i}`);

/** A score as it is in binary, and as it was in text. */
const binary = (score: number): Part => new Uint8Array(Float64Array.of(score).buffer);
const decimal = (score: number): Part => [String(score).length, String(score)];

/** A key in each encoding, in files of several versions. */
export function sources(hasSum = false): Uint8Array[] {
  const sum = hasSum ? undefined : 0;
  const lzf = [0xc3, length(5), length(14), 0x00, "a", 0xe0, 4, 0];
  const old: Part[] = [
    part.select(0),
    part.untilSeconds(NOW / 1000 + 5),
    part.key(0, "string", text("value")),
    part.key(0, "integer", [0xc1, 1, 2]),
    part.key(1, "list", length(3), text("a"), [0xc0, 7], text(long)),
    part.key(2, "set", length(many.length), many.map(text)),
    part.key(
      4,
      "hash",
      length(many.length),
      many.map((name) => [text(name), text("1")]),
    ),
    part.key(9, "zipmap", text(zipmap(["a", "1"], ["b", long], ["c", "x".repeat(300)]))),
    part.key(10, "ziplist", text(ziplist("a", 0, 12, -1, 300, -70_000, 2 ** 31, 2 ** 40, long))),
    part.key(10, "long", text(ziplist("x".repeat(300), "y", "z".repeat(20_000), 1))),
    part.key(11, "intset", text(intset(2, -5, 1, 700))),
    part.key(11, "wide", text(intset(8, -(2 ** 40), 3, 2 ** 50))),
    part.key(13, "pairs", text(ziplist("a", 1, "b", long))),
    part.key(
      3,
      "scores",
      length(many.length + 2),
      many.map((name, i) => [text(name), decimal(i / 4 - 3)]),
      [text("most"), 254],
      [text("least"), 255],
    ),
    part.key(12, "few scores", text(ziplist(long, -1, "a", 0, "b", "0.5", "c", 70_000))),
  ];
  const recent: Part[] = [
    part.aux("redis-ver", "7.2.0"),
    part.select(1),
    part.resize(9, 2),
    part.untilMs(NOW + 1000),
    part.key(0, "lzf", lzf),
    part.key(14, "quicklist", length(2), text(ziplist("a", 1)), text(ziplist(long, -3))),
    part.idle(77),
    part.key(16, "listpack", text(listpack("a", 1, "b", -7, long, 127))),
    part.key(18, "nodes", length(3), 2, text(listpack("a", 5)), 1, text("x".repeat(9000)), 2, [
      text(listpack(long, "z")),
    ]),
    part.key(17, "few scores", text(listpack(long, "-inf", "a", 0, "b", "0.5", "c", 70_000))),
    part.key(
      5,
      "scores",
      length(many.length),
      many.map((name, i) => [text(name), binary(i / 4 - 3)]),
    ),
    part.key(19, "stream", OF_REDIS),
    part.frequency(200),
    part.key(20, "members", text(listpack(...many))),
    part.select(3),
    part.key(11, "in three", text(intset(4, -70_000, 80_000))),
    [0xf5, text("#!lua name=l\nredis.register_function('seven', function() return 7 end)")],
  ];
  return [rdbFile(3, old), rdbFile(9, [old, recent], sum), rdbFile(12, recent, sum)];
}

/** Loads a file, and checks what came of it; returns how many keys, −1: refused. */
export function load(bytes: Uint8Array, windowBytes = 128): number {
  const disk = new SimulatedPlatform(1);
  disk.putFile(PATH, bytes);
  const keyspace = new Keyspace(new Memory(), 16, new Int32Array(4));
  registerTypes(keyspace);
  const file = disk.open(PATH, "read");
  let keys = -1;
  try {
    const input = RdbInput.ofFile(disk, file, PATH, windowBytes);
    keys = loadRdb(input, { keyspace, nowMs: NOW }).keys;
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
  }
  const { usedBytes } = keyspace.memory;
  assert(usedBytes <= MEMORY_LEAST + bytes.length * GROWTH_MAX, "memory is as the file has bytes");
  if (keys >= 0) keyspace.verify();
  return keys;
}

function damage(whole: Uint8Array, chance: Random): Uint8Array {
  let bytes: Uint8Array = whole.slice();
  for (let times = 1 + chance.below(3); times > 0; times--) {
    const at = 9 + chance.below(bytes.length - 9);
    switch (chance.below(6)) {
      case 0:
        bytes[at] ^= 1 << chance.below(8);
        break;
      case 1:
        bytes[at] = chance.below(256);
        break;
      case 2:
        bytes[at] = [0, 0x7f, 0x80, 0x81, 0xc3, 0xfe, 0xff][chance.below(7)];
        break;
      case 3:
        bytes = bytesOf(bytes.slice(0, at), chance.below(256), bytes.slice(at));
        break;
      case 4:
        bytes = bytesOf(bytes.slice(0, at), bytes.slice(at + 1 + chance.below(4)));
        break;
      default:
        bytes = bytesOf(bytes.slice(0, at), eight(chance.next32()), bytes.slice(at + 8));
    }
    if (bytes.length < 20) return bytes;
  }
  return bytes;
}

/** Damages files in `rounds` ways; returns how many were refused, and how many loaded. */
export function fuzz(seed: number, rounds: number): { refused: number; loaded: number } {
  const chance = new Random().seed(seed);
  const files = sources();
  const outcome = { refused: 0, loaded: 0 };
  for (let round = 0; round < rounds; round++) {
    const bytes = damage(files[chance.below(files.length)], chance);
    try {
      if (load(bytes) < 0) outcome.refused++;
      else outcome.loaded++;
    } catch (error) {
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      throw new Error(`seed ${seed}, round ${round}: ${hex}`, { cause: error });
    }
  }
  return outcome;
}

if (import.meta.main) {
  const [seed = 1, rounds = 100_000] = process.argv.slice(2).map(Number);
  const { refused, loaded } = fuzz(seed, rounds);
  console.log(`${refused} damaged files refused, ${loaded} loaded as something sound`);
}
