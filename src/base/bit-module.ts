// A WebAssembly module for long rows of bits, sixteen bytes at a time: it counts the set ones
// (i8x16.popcnt), and combines two rows. It is written byte by byte: no tool makes it, and it is
// compiled when a thread needs it for the first time. The rows lie in shared memory, where the
// module can't see them, and are copied into the module's own, CHUNK bytes at a time, which stay in
// the nearest cache: one at 0, the other, that it is combined with, at CHUNK.
//
// As text, with each loop's body four times over, for 16, 32 and 48 bytes further on:
//
//   (memory (export "m") 1)
//   (func (export "c") (param $end i32) (result i32) (local $at i32) (local $sums v128)
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
//   and for each of v128.and "a", v128.or "o", v128.xor "x", v128.andnot "n":
//   (func (export "a") (param $end i32) (local $at i32)
//     loop
//       (v128.store (local.get $at)
//         (v128.and (v128.load (local.get $at)) (v128.load offset=CHUNK (local.get $at))))   …
//       as above
//     end)
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

/** Rows of `end` bytes; all are multiples of STEP. */
type Combining = (end: number) => void;

interface Exports {
  readonly m: { readonly buffer: ArrayBuffer };
  readonly c: (end: number) => number;
  readonly a: Combining;
  readonly o: Combining;
  readonly x: Combining;
  readonly n: Combining;
}

export interface BitModule {
  /** The two rows, at 0 and at CHUNK. */
  readonly bytes: Uint8Array;
  /** Set bits of the first row. */
  readonly count: (end: number) => number;
  /** Combine the first row with the second, by the numbers of Combine (bit-operations.ts). */
  readonly combine: readonly Combining[];
}

export const CHUNK: number = 16 * 1024;
/** The loops take so many bytes at a time. */
export const STEP: number = 64;

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
const V128_STORE = [SIMD, 0x0b, 4];
const V128_AND = [SIMD, 0x4e];
const V128_ANDNOT = [SIMD, 0x4f];
const V128_OR = [SIMD, 0x50];
const V128_XOR = [SIMD, 0x51];
const I32X4_EXTRACT_LANE = [SIMD, 0x1b];
const I8X16_POPCNT = [SIMD, 0x62];
const I8X16_ADD = [SIMD, 0x6e];
const I16X8_EXTADD_PAIRWISE_I8X16_U = [SIMD, 0x7d];
const I32X4_EXTADD_PAIRWISE_I16X8_U = [SIMD, 0x7f];
const I32X4_ADD = [SIMD, 0xae, 0x01];

/** The locals of the functions, by number. */
const Local = { end: 0, at: 1, sums: 2 } as const;

/** An unsigned integer, seven bits a byte, the low ones first. */
function leb(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)];
}

/** A section or another part that is preceded by its length. */
function sized(...bytes: number[]): number[] {
  return [...leb(bytes.length), ...bytes];
}

/** A loop over rows, whose body is `part` for each of the offsets, and what follows them. */
function loop(before: number[], part: (offset: number) => number[], behind: number[]): number[] {
  return [
    ...[LOOP, NO_RESULT, ...before],
    ...[0, 16, 32, 48].flatMap(part),
    ...behind,
    // 64 as a signed LEB128 takes two bytes.
    ...[LOCAL_GET, Local.at, I32_CONST, 0xc0, 0x00, I32_ADD, LOCAL_TEE, Local.at],
    ...[LOCAL_GET, Local.end, I32_LT_U, BR_IF, 0, END],
  ];
}

function load(offset: number): number[] {
  return [LOCAL_GET, Local.at, ...V128_LOAD, ...leb(offset)];
}

function popcountAt(offset: number): number[] {
  return [...load(offset), ...I8X16_POPCNT, ...(offset > 0 ? I8X16_ADD : [])];
}

function lane(number: number): number[] {
  return [LOCAL_GET, Local.sums, ...I32X4_EXTRACT_LANE, number];
}

function countBody(): number[] {
  const sum = [...I16X8_EXTADD_PAIRWISE_I8X16_U, ...I32X4_EXTADD_PAIRWISE_I16X8_U, ...I32X4_ADD];
  return [
    ...[2, 1, I32, 1, V128],
    ...loop([LOCAL_GET, Local.sums], popcountAt, [...sum, LOCAL_SET, Local.sums]),
    ...lane(0),
    ...[1, 2, 3].flatMap((number) => [...lane(number), I32_ADD]),
    END,
  ];
}

function combineBody(operation: number[]): number[] {
  const combineAt = (offset: number): number[] => [
    ...[LOCAL_GET, Local.at, ...load(offset), ...load(CHUNK + offset)],
    ...[...operation, ...V128_STORE, ...leb(offset)],
  ];
  return [...[1, 1, I32], ...loop([], combineAt, []), END];
}

function exported(name: string, kind: number, index: number): number[] {
  return [1, name.charCodeAt(0), kind, index];
}

function moduleBytes(): Uint8Array {
  const combining = [V128_AND, V128_OR, V128_XOR, V128_ANDNOT];
  const bodies = [countBody(), ...combining.map(combineBody)];
  return Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, ...sized(2, 0x60, 1, I32, 1, I32, 0x60, 1, I32, 0)], // types of functions
    ...[3, ...sized(5, 0, 1, 1, 1, 1)], // functions, by their types
    ...[5, ...sized(1, 0, 1)], // memories: one, of one page at least
    ...[
      7,
      ...sized(6, ...exported("m", 2, 0), ...[..."caoxn"].flatMap((n, i) => exported(n, 0, i))),
    ],
    ...[10, ...sized(5, ...bodies.flatMap((body) => sized(...body)))], // code
  );
}

let made: BitModule | null = null;
/** It has been tried to make an instance. */
let tried = false;

/** The module, or null where there can be none. */
export function bitModule(): BitModule | null {
  if (tried) return made;
  tried = true;
  if (typeof WebAssembly === "undefined") return null;
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()));
    const { m, c, a, o, x, n } = exports;
    made = { bytes: new Uint8Array(m.buffer), count: c, combine: [a, o, x, n] };
  } catch {
    // A processor without such instructions: the caller has another way.
  }
  return made;
}

/** Set bits of from[start, end), or −1 where there is no module to count them. */
export function countInModule(from: Uint8Array, start: number, end: number): number {
  const module = bitModule();
  if (module === null) return -1;
  const { bytes, count } = module;
  let bits = 0;
  for (let at = start; at < end; at += CHUNK) {
    const chunkEnd = Math.min(at + CHUNK, end);
    fillRow(bytes, 0, from, at, chunkEnd);
    bits += count(chunkEnd - at);
  }
  return bits;
}

/** Copies from[start, end) to a row that begins at `at`, and zeros behind it up to a whole step. */
export function fillRow(
  bytes: Uint8Array,
  at: number,
  from: Uint8Array,
  start: number,
  end: number,
): void {
  const length = end - start;
  bytes.set(from.subarray(start, end), at);
  if (length % STEP !== 0) bytes.fill(0, at + length, at + length + STEP - (length % STEP));
}
