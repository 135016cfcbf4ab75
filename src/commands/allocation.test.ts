// That requests allocate nothing: V8 counts the bytes it ever allocated, and over many requests
// that count must not grow with them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { getHeapStatistics } from "node:v8";
import { asciiBytes, latin1Text } from "../base/bytes.ts";
import { Crc64 } from "../codec/crc64.ts";
import { Arguments } from "../protocol/arguments.ts";
import { Parsed, RequestParser } from "../protocol/request-parser.ts";
import { TestDatabase } from "./test-support.ts";

const KEY = "key:000000012345";
const VALUE = "xxxxxxxxxxxxxxxx";
const WARM_UP = 160_000;
const ROUNDS = 10;
/**
 * The smallest object takes 16 bytes. What is allowed below that is the compiler's own work and the
 * clock's numbers: one call in 64 is timed.
 */
const ALLOWED_BYTES = 4;
/** Of a command that is neither fast nor O(1) each call is timed: a number of the clock's. */
const CLOCK_BYTES = 16;
const TIMED = new Set(["DUMP", "RESTORE", "BITFIELD"]);
const REQUESTS = 320_000;
const WRITES = new Set(["RESTORE", "SET", "INCR", "SETBIT", "PFADD", "INCREX", "BITFIELD"]);

function request(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

function allowed(words: readonly string[]): number {
  return ALLOWED_BYTES + (TIMED.has(words[0]) ? CLOCK_BYTES : 0);
}

/** What DUMP gives of a string of 16 bytes, a character for each byte. */
function payloadText(): string {
  const bytes = new Uint8Array(28);
  bytes.set(asciiBytes(`\x00\x10${VALUE}\x0a\x00`));
  const crc = new Crc64();
  crc.add(bytes, 0, 20);
  crc.writeTo(bytes, 20);
  return latin1Text(bytes, 0, bytes.length);
}

/** Bytes that V8 allocated for each of REQUESTS requests, or undefined where it does not count. */
function allocatedPerRequest(words: readonly string[]): number | undefined {
  const heap = getHeapStatistics() as { total_allocated_bytes?: number };
  if (heap.total_allocated_bytes === undefined) return undefined;
  const { executor, sink } = new TestDatabase();
  const session = executor.internal;
  const { reply, effects } = executor.context;
  let logged = 0;
  effects.removeSink(sink);
  effects.addSink({
    selectDatabase: () => {},
    append: (_bytes, start, end) => {
      logged += end - start;
    },
    borrow: (_bytes, start, end) => {
      logged += end - start;
    },
    take: () => {},
    sizeBytes: 0,
    shorten: () => {},
  });
  const parser = new RequestParser();
  const args = new Arguments();
  const pipeline = asciiBytes(request(words).repeat(16));
  const serve = (requests: number): void => {
    for (let done = 0; done < requests; done += 16) {
      for (let at = 0; at < pipeline.length; at = parser.next) {
        const parsed = parser.parse(args, pipeline, at, pipeline.length, true, null);
        if (parsed !== Parsed.request) throw new Error("the pipeline is whole");
        executor.execute(session, args);
      }
      reply.truncate(0);
    }
  };
  const start = asciiBytes(request(["SET", KEY, VALUE]));
  parser.parse(args, start, 0, start.length, true, null);
  executor.execute(session, args);
  logged = 0;
  serve(WARM_UP);
  // On a busy machine the compiler may still be at work; what code allocates, it allocates always.
  let allocated = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS && allocated > allowed(words); round++) {
    const before = total();
    serve(REQUESTS);
    allocated = (total() - before) / REQUESTS;
  }
  assert.equal(executor.statistics.errors().length, 0);
  assert.equal(logged > 0, WRITES.has(words[0]));
  return allocated;
}

function total(): number {
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number })
    .total_allocated_bytes;
}

for (const words of [
  ["SET", KEY, VALUE],
  ["GET", KEY],
  ["INCR", "counter"],
  ["DUMP", KEY],
  ["RESTORE", KEY, "0", payloadText(), "REPLACE"],
  ["INCREX", "window", "UBOUND", "1000000000"],
  ["SETBIT", "bitmap", "12345", "1"],
  ["PFADD", "hyperloglog", "element:0000012345"],
  ["GETBIT", "key:000000012345", "12"],
  ["BITFIELD", "bitmap", "INCRBY", "u8", "#3", "1", "GET", "i20", "7"],
  ["BITFIELD_RO", "bitmap", "GET", "u32", "#1"],
]) {
  const but = TIMED.has(words[0]) ? " but its time" : "";
  test(`${words[0]} over RESP allocates nothing${but}`, (t) => {
    const bytes = allocatedPerRequest(words);
    if (bytes === undefined) {
      t.skip("this runtime does not count what it allocates");
      return;
    }
    assert.ok(bytes <= allowed(words), `${bytes.toFixed(2)} bytes for each request`);
  });
}
