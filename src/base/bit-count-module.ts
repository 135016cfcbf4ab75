// A WebAssembly module that counts set bits sixteen bytes at a time (i8x16.popcnt), written byte by
// byte: no tool makes it, and it is compiled when a long range is counted for the first time. What
// is counted lies in shared memory, where the module can't see it, and is copied into the module's
// own, CHUNK bytes at a time, which stay in the nearest cache.
//
// As text, with the loop's body four times over, for 16, 32 and 48 bytes further on:
//
//   (memory (export "m") 1)
//   (func (export "f") (param $end i32) (result i32) (local $at i32) (local $sums v128)
//     loop
//       local.get $sums
//         (i8x16.popcnt (v128.load (local.get $at)))    …  i8x16.add: at most 32 in each byte
//         i16x8.extadd_pairwise_i8x16_u
//         i32x4.extadd_pairwise_i16x8_u
//       i32x4.add
//       local.set $sums
//       (local.set $at (i32.add (local.get $at) (i32.const 64)))
//       (br_if 0 (i32.lt_u (local.get $at) (local.get $end)))
//     end
//     the four lanes of $sums, added up)
//
// A thread has one instance, with one page of memory. Bun collects all garbage, twice, for each
// WebAssembly memory beyond the eighth of a process (memory/arenas.ts): once for each thread, then.
// Format: webassembly.github.io/spec/core/binary.

/** What is used here of WebAssembly; not there in a process that runs without it. */
declare const WebAssembly:
  | {
      readonly Module: new (bytes: Uint8Array) => object;
      readonly Instance: new (module: object) => { readonly exports: Exports };
    }
  | undefined;

interface Exports {
  readonly m: { readonly buffer: ArrayBuffer };
  readonly f: (end: number) => number;
}

const CHUNK = 16 * 1024;
/** The loop takes so many bytes at a time. */
const STEP = 64;

const I32 = 0x7f;
const V128 = 0x7b;
const LOOP = 0x03;
const NO_RESULT = 0x40;
const END = 0x0b;
const BR_IF = 0x0d;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const I32_CONST = 0x41;
const I32_LT_U = 0x49;
const I32_ADD = 0x6a;
const SIMD = 0xfd;
const V128_LOAD = [SIMD, 0x00, 4];
const I32X4_EXTRACT_LANE = [SIMD, 0x1b];
const I8X16_POPCNT = [SIMD, 0x62];
const I8X16_ADD = [SIMD, 0x6e];
const I16X8_EXTADD_PAIRWISE_I8X16_U = [SIMD, 0x7d];
const I32X4_EXTADD_PAIRWISE_I16X8_U = [SIMD, 0x7f];
const I32X4_ADD = [SIMD, 0xae, 0x01];

/** The locals of the function, by number. */
const Local = { end: 0, at: 1, sums: 2 } as const;

function popcountAt(offset: number): number[] {
  return [LOCAL_GET, Local.at, ...V128_LOAD, offset, ...I8X16_POPCNT];
}

function lane(number: number): number[] {
  return [LOCAL_GET, Local.sums, ...I32X4_EXTRACT_LANE, number];
}

const body = [
  ...[2, 1, I32, 1, V128],
  ...[LOOP, NO_RESULT, LOCAL_GET, Local.sums],
  ...popcountAt(0),
  ...[...popcountAt(16), ...I8X16_ADD],
  ...[...popcountAt(32), ...I8X16_ADD],
  ...[...popcountAt(48), ...I8X16_ADD],
  ...[...I16X8_EXTADD_PAIRWISE_I8X16_U, ...I32X4_EXTADD_PAIRWISE_I16X8_U],
  ...[...I32X4_ADD, LOCAL_SET, Local.sums],
  // 64 as a signed LEB128 takes two bytes.
  ...[LOCAL_GET, Local.at, I32_CONST, 0xc0, 0x00, I32_ADD, LOCAL_TEE, Local.at],
  ...[LOCAL_GET, Local.end, I32_LT_U, BR_IF, 0, END],
  ...lane(0),
  ...[...lane(1), I32_ADD],
  ...[...lane(2), I32_ADD],
  ...[...lane(3), I32_ADD],
  END,
];

/** A section or another part that is preceded by its length, below 128. */
function sized(...bytes: number[]): number[] {
  return [bytes.length, ...bytes];
}

const M = 0x6d;
const F = 0x66;
const MODULE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, ...sized(1, 0x60, 1, I32, 1, I32)], // types: one of a function
  ...[3, ...sized(1, 0)], // functions: one, of that type
  ...[5, ...sized(1, 0, 1)], // memories: one, of one page at least
  ...[7, ...sized(2, 1, M, 2, 0, 1, F, 0, 0)], // exports
  ...[10, ...sized(1, ...sized(...body))], // code
);

let bytes: Uint8Array | null = null;
let count: ((end: number) => number) | null = null;
/** It has been tried to make an instance. */
let tried = false;

function make(): void {
  tried = true;
  if (typeof WebAssembly === "undefined") return;
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(MODULE));
    bytes = new Uint8Array(exports.m.buffer);
    count = exports.f;
  } catch {
    // A processor without such instructions: the caller has another way.
  }
}

/** Set bits of from[start, end), or −1 where there is no module to count them. */
export function countInModule(from: Uint8Array, start: number, end: number): number {
  if (!tried) make();
  if (bytes === null || count === null) return -1;
  let bits = 0;
  for (let at = start; at < end; at += CHUNK) {
    const chunkEnd = Math.min(at + CHUNK, end);
    const length = chunkEnd - at;
    bytes.set(from.subarray(at, chunkEnd), 0);
    if (length % STEP !== 0) bytes.fill(0, length, length + STEP);
    bits += count(length);
  }
  return bits;
}
