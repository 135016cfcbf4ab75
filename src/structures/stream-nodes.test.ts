import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import { Memory } from "../memory/memory.ts";
import { StreamCursor } from "./stream-cursor.ts";
import { createId, IdText, LEAST_ID, parseId, type StreamId } from "./stream-id.ts";
import { fuzzStreamNodes } from "./stream-nodes.fuzz.ts";
import { StreamNodes } from "./stream-nodes.ts";

function idOf(text: string): StreamId {
  const id = createId();
  const bytes = Buffer.from(text);
  assert.equal(parseId(bytes, 0, bytes.length, id, 0), IdText.whole);
  return id;
}

function append(nodes: StreamNodes, chain: number, id: string, ...pairs: string[]): void {
  const bytes = Buffer.from(pairs.join(""));
  const ends = pairs.map((_, i) => pairs.slice(0, i + 1).join("").length);
  const starts = ends.map((end, i) => end - pairs[i].length);
  assert.ok(nodes.append(chain, idOf(id), bytes, starts, ends, 0, pairs.length));
}

function listOf(nodes: StreamNodes, node: number): Buffer {
  nodes.packed.whole(nodes.listOf(node));
  const { bytes, start, end } = nodes.packed;
  return Buffer.from(bytes.slice(start, end));
}

// What redis-server 7.0.15 dumps of these commands.
const OF_REDIS = Buffer.from(
  "m\0\0\0\x1f\0" +
    "\x03\x01\x01\x01\x02\x01\x84temp\x05\x85place\x06\0\x01" +
    "\x02\x01\0\x01\0\x01\x15\x01\x84here\x05\x05\x01" +
    "\x03\x01\x01\x01\xdf\xcc\x02\xde\xd4\x02\x80\x01\x05\x01" +
    "\0\x01\x01\x01\xdf\xcd\x02\x01\x01\x85other\x06\xf4\x35\x1c\xdc\xdf\x02\0\0\0\x09\x06\x01" +
    "\x02\x01\xf4\x35\x99\x88|\x9c\xfe\xff\xff\x09\xdf\xd0\x02\x81a\x02\x81b\x02\x05\x01\xff",
  "latin1",
);

test("a node's list is Redis's to the byte", () => {
  const nodes = new StreamNodes(new Memory());
  const cursor = new StreamCursor(nodes);
  const chain = nodes.create();
  append(nodes, chain, "1526919030474-55", "temp", "21", "place", "here");
  append(nodes, chain, "1526919030475-3", "temp", "-300", "place", "");
  append(nodes, chain, "1526919030475-4", "other", "12345678901");
  append(nodes, chain, "18446744073709551615-7", "temp", "a", "place", "b");
  assert.ok(cursor.seek(chain, idOf("1526919030475-3")));
  assert.equal(cursor.erase(), 0);
  nodes.verify(chain);
  assert.deepEqual(listOf(nodes, nodes.firstNode(chain)), OF_REDIS);
});

test("a node is full as Redis says, by bytes and by entries", () => {
  const nodes = new StreamNodes(new Memory());
  const chain = nodes.create();
  nodes.entriesMax = 3;
  for (let i = 1; i <= 7; i++) append(nodes, chain, `${i}`, "a", "b");
  assert.equal(nodes.nodes(chain), 3);
  nodes.entriesMax = 0;
  nodes.bytesMax = 50;
  append(nodes, chain, "8", "a", "b");
  append(nodes, chain, "9", "a", "b".repeat(100));
  append(nodes, chain, "10", "a", "b");
  assert.equal(nodes.nodes(chain), 5);
  nodes.bytesMax = 0;
  for (let i = 11; i <= 500; i++) append(nodes, chain, `${i}`, "a", "b".repeat(100));
  assert.equal(nodes.nodes(chain), 5);
  nodes.verify(chain);
});

test("a stream of one node takes its chain, a node and a list", () => {
  const memory = new Memory();
  const nodes = new StreamNodes(memory);
  const chain = nodes.create();
  append(nodes, chain, "1-1", "a", "b");
  assert.equal(nodes.bytesUsed(chain) + memory.sizeOf(chain), memory.usedBytes);
  assert.ok(memory.usedBytes <= 32 + 32 + 256);
  nodes.dropLast(chain);
  assert.equal(memory.usedBytes, memory.sizeOf(chain));
  assert.ok(nodes.free(chain, 1));
  assert.equal(memory.usedBytes, 0);
});

test("lists that are not sound for a node are refused, whatever byte is wrong", () => {
  const nodes = new StreamNodes(new Memory());
  const master = idOf("1526919030474-55");
  const check = (bytes: Buffer, id = master, last = LEAST_ID): boolean =>
    nodes.check(bytes, 0, bytes.length, id, last);
  assert.ok(check(OF_REDIS));
  assert.equal(nodes.checkedLive, 3);
  assert.deepEqual(nodes.checkedLast, idOf("18446744073709551615-7"));
  assert.ok(!check(OF_REDIS, master, master), "an entry is not after what came before");
  assert.ok(!check(OF_REDIS, idOf("18446744073709551615-1")), "IDs wrap");
  const random = new Random().seed(3);
  let accepted = 0;
  for (let i = 0; i < 5000; i++) {
    const bytes = Buffer.from(OF_REDIS);
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      bytes[random.below(bytes.length)] = random.below(3) === 0 ? random.below(256) : 1;
    }
    if (!check(bytes)) continue;
    accepted++;
    // What is accepted can be walked through, and has as many entries as it says.
    const walked = new StreamNodes(new Memory());
    const chain = walked.create();
    const list = walked.packed.fromListpack(bytes, 0, bytes.length);
    walked.attach(chain, walked.createNode(master, list));
    walked.verify(chain);
    const cursor = new StreamCursor(walked);
    let seen = 0;
    for (let more = cursor.seek(chain, LEAST_ID); more; more = cursor.next()) {
      while (cursor.nextPair());
      seen++;
    }
    assert.equal(seen, walked.count(chain));
  }
  assert.ok(accepted > 30);
});

test("random operations agree with a model", () => {
  fuzzStreamNodes(1, 3000, 10);
  fuzzStreamNodes(2, 6000, 300);
  fuzzStreamNodes(3, 6000, 3000);
});

test("nothing that was remembered of a chain holds for another in its place", () => {
  const memory = new Memory();
  const nodes = new StreamNodes(memory);
  const cursor = new StreamCursor(nodes);
  const chain = nodes.create();
  const other = nodes.create();
  append(nodes, chain, "1", "a", "b");
  assert.ok(cursor.seekOn(chain, LEAST_ID, 1));
  cursor.remember(1);
  const bytes = memory.sizeOf(chain);
  const { node } = cursor;
  while (!nodes.free(chain, 100));
  // Something else is in its place meanwhile, and leaves zeros; its node is another chain's.
  const between = memory.allocate(bytes);
  assert.equal(between, chain);
  memory.u8[0].fill(0, chain << 3, (chain << 3) + bytes);
  append(nodes, other, "1", "a", "b");
  assert.equal(nodes.firstNode(other), node);
  memory.free(between);
  assert.equal(nodes.create(), chain);
  append(nodes, chain, "5", "c", "d");
  assert.ok(cursor.seekOn(chain, idOf("1"), 1));
  assert.deepEqual(cursor.id, idOf("5"));
});
