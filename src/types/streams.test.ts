import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import { RdbInput } from "../codec/rdb-input.ts";
import { RdbOutput } from "../codec/rdb-output.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { UNKNOWN } from "../structures/stream-groups.ts";
import { createId, IdText, parseId, type StreamId } from "../structures/stream-id.ts";
import { fuzzStreams } from "./streams.fuzz.ts";
import { StreamKind, Streams } from "./streams.ts";
import { OF_REDIS } from "./streams-test-support.ts";

const SECOND = 19;
const FOURTH = 26;
const FIFTH = 27;
const FORMATS = [15, 19, 21, FOURTH, FIFTH];

function freshStreams(): Streams {
  return new Streams(new Keyspace(new Memory(), 1, Int32Array.of(1, 2, 3, 4)));
}

function idOf(text: string): StreamId {
  const id = createId();
  const bytes = Buffer.from(text);
  assert.equal(parseId(bytes, 0, bytes.length, id, 0), IdText.whole);
  return id;
}

function load(streams: Streams, bytes: Buffer, format = SECOND): number {
  return streams.load(format, new RdbInput().open(bytes, 0, bytes.length));
}

function saved(streams: Streams, root: number): Buffer {
  const output = new RdbOutput();
  output.compresses = false;
  streams.save(streams.savedKind(StreamKind.packed, root), root, output);
  return Buffer.from(output.bytes.subarray(0, output.end));
}

function free(streams: Streams, root: number): void {
  while (!streams.free(StreamKind.packed, root, 1));
}

test("what Redis dumps is loaded, and saved as it was", () => {
  const streams = freshStreams();
  const used = streams.memory.usedBytes;
  const root = load(streams, OF_REDIS);
  assert.notEqual(root, 0);
  streams.verify(StreamKind.packed, root);
  assert.equal(streams.bytesUsed(StreamKind.packed, root), streams.memory.usedBytes - used);
  assert.equal(streams.count(root), 3);
  assert.equal(streams.added(root), 4);
  assert.equal(streams.groupCount(root), 3);
  const name = Buffer.from("h");
  assert.equal(streams.groups.entriesRead(streams.findGroup(root, name, 0, 1)), UNKNOWN);
  assert.deepEqual(saved(streams, root), OF_REDIS);
  const copied = streams.copy(StreamKind.packed, root);
  free(streams, root);
  streams.verify(StreamKind.packed, copied);
  assert.deepEqual(saved(streams, copied), OF_REDIS);
  free(streams, copied);
  assert.equal(streams.memory.usedBytes, used);
});

/** A consumer of group g. */
function consumerOf(streams: Streams, root: number, name: string): number {
  const group = streams.findGroup(root, Buffer.from("g"), 0, 1);
  return streams.groups.findConsumer(group, Buffer.from(name), 0, name.length);
}

/** With idempotent IDs of two producers, as encoding 26 has it. */
function idempotent(streams: Streams): Buffer {
  const root = load(streams, OF_REDIS);
  const entry = streams.records.createPointer(StreamKind.packed, OF_REDIS, 0, 0, root, 0, -1, 0);
  const iid = Buffer.from("iids of 3 producers");
  for (const [pid, end, id] of [
    [18, 19, "1"],
    [17, 18, "2-1"],
    [17, 18, "3-18446744073709551615"],
  ] as const) {
    streams.iidChanges.add(entry, iid, pid, end, iid, 0, Number(id[0]), idOf(id), 7, 2);
  }
  streams.iidChanges.countDuplicate(entry);
  streams.groups.setActive(consumerOf(streams, root, "alice"), 42);
  const bytes = saved(streams, root);
  streams.memory.free(entry);
  free(streams, root);
  return bytes;
}

const hex = (...parts: string[]): Buffer => Buffer.from(parts.join("").replaceAll(" ", ""), "hex");

test("idempotent IDs follow the groups, whose consumers have two times then", () => {
  const streams = freshStreams();
  const bytes = idempotent(streams);
  const end = hex(
    "07 02 02", // seconds, most, producers
    "01 72 02 02 6969 02 01 03 696964 03 81ffffffffffffffff",
    "01 73 01 01 69 01 00",
    "03 01", // added, duplicates
  );
  assert.ok(bytes.subarray(-end.length).equals(end), bytes.subarray(-end.length).toString("hex"));
  const root = load(streams, bytes, FOURTH);
  assert.deepEqual(saved(streams, root), bytes);
  const { groups } = streams;
  const [alice, bob] = ["alice", "bob"].map((name) => consumerOf(streams, root, name));
  assert.equal(groups.active(alice as number), 42);
  assert.notEqual(groups.seen(alice as number), 42);
  assert.equal(groups.active(bob as number), groups.seen(bob as number));
  assert.equal(bytes.length - OF_REDIS.length - end.length, 8 * 3, "a time for each consumer");
});

test("entries that are pending for nobody are read as Redis 8.8 has them", () => {
  const streams = freshStreams();
  const id = (ms: string): string => `${ms.padStart(16, "0")} 0000000000000000`;
  const bytes = hex(
    "00 00 05 00 00 00 00 00 05 01", // no node, no entry, last ID, first, erased, added, a group
    "01 67 05 00 05 03", // its name, last ID, entries read, how much is pending
    ...["1", "2", "3"].map((ms) => `${id(ms)} 0900000000000000 04`),
    "01 01 61 0700000000000000 0800000000000000 01", // a consumer, and how much it has
    id("2"),
    "02", // what is nobody's
    id("3"),
    id("1"),
    "3c 0a 00 00 00",
  );
  const root = load(streams, bytes, FIFTH);
  assert.notEqual(root, 0);
  streams.verify(StreamKind.packed, root);
  const group = streams.groupsOf(root);
  streams.groups.names.at(group, 0);
  assert.equal(streams.groups.unownedCount(streams.groups.names.value), 2);
  const again = load(streams, saved(streams, root), FOURTH);
  assert.deepEqual(saved(streams, again), saved(streams, root));
  const one = Buffer.from(bytes);
  one[bytes.indexOf(Buffer.from(id("1").replaceAll(" ", ""), "hex"), 100) + 7] = 2;
  assert.equal(load(streams, one, FIFTH), 0, "an entry of somebody is not nobody's");
});

test("what is damaged is refused and leaves nothing, or is sound", () => {
  const streams = freshStreams();
  const used = streams.memory.usedBytes;
  const random = new Random().seed(5);
  const [accepted, refused] = [new Set<number>(), new Set<number>()];
  const sources = [OF_REDIS, idempotent(streams)];
  for (let i = 0; i < 12_000; i++) {
    const source = random.below(2);
    const bytes = Buffer.from(sources[source] as Buffer);
    // The second half of the longer one is what only it has.
    const from = source === 1 && random.below(2) === 0 ? bytes.length - 40 : 0;
    const at = from + random.below(bytes.length - from);
    bytes[at] = random.below(2) === 0 ? random.below(256) : bytes[at] ^ (1 << random.below(8));
    const end = random.below(10) === 0 ? at : bytes.length;
    const own = random.below(4) > 0 ? [SECOND, FOURTH][source] : FORMATS[random.below(5)];
    const root = load(streams, bytes.subarray(0, end), own);
    if (root === 0) refused.add(i);
    else {
      accepted.add(i);
      streams.verify(StreamKind.packed, root);
      saved(streams, root);
      free(streams, root);
    }
    assert.equal(streams.memory.usedBytes, used, `damaged at ${at}`);
  }
  assert.ok(accepted.size > 100 && refused.size > 1000, `${accepted.size} ${refused.size}`);
});

test("an empty stream keeps its numbers", () => {
  const streams = freshStreams();
  const root = streams.create();
  streams.setLastId(root, idOf("7-8"));
  streams.setErasedId(root, idOf("7-8"));
  streams.setAdded(root, 9);
  const loaded = load(streams, saved(streams, root));
  assert.deepEqual(saved(streams, loaded), saved(streams, root));
  assert.equal(streams.addedUpTo(loaded, idOf("7-8")), 9);
  assert.equal(streams.addedUpTo(loaded, idOf("7-9")), UNKNOWN);
});

test("how many entries were added up to an ID is said where it is known", () => {
  const streams = freshStreams();
  const root = streams.create();
  const entry = streams.records.createPointer(StreamKind.packed, OF_REDIS, 0, 0, root, 0, -1, 0);
  assert.equal(streams.addedUpTo(root, idOf("5")), 0);
  const pair = Buffer.from("ab");
  for (let i = 1; i <= 5; i++) {
    assert.ok(streams.append(entry, idOf(`${i}`), pair, [0, 1], [1, 2], 0, 2));
  }
  assert.deepEqual(
    ["0-1", "1", "2", "5", "6"].map((id) => streams.addedUpTo(root, idOf(id))),
    [0, 1, UNKNOWN, 5, UNKNOWN],
  );
  streams.setErasedId(root, idOf("3"));
  assert.equal(streams.addedUpTo(root, idOf("1")), UNKNOWN);
});

test("random changes agree with a model, and are undone", () => {
  for (const seed of [1, 2, 3]) fuzzStreams(seed, 4000);
});
