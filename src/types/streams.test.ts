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
const FORMATS = [15, 19, 21];

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
  streams.save(StreamKind.packed, root, output);
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

test("what is damaged is refused and leaves nothing, or is sound", () => {
  const streams = freshStreams();
  const used = streams.memory.usedBytes;
  const random = new Random().seed(5);
  const [accepted, refused] = [new Set<number>(), new Set<number>()];
  for (let i = 0; i < 6000; i++) {
    const bytes = Buffer.from(OF_REDIS);
    const at = random.below(bytes.length);
    bytes[at] = random.below(2) === 0 ? random.below(256) : bytes[at] ^ (1 << random.below(8));
    const end = random.below(10) === 0 ? at : bytes.length;
    const root = load(streams, bytes.subarray(0, end), FORMATS[random.below(3)]);
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
