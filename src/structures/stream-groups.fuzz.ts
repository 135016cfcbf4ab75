// Random operations on a group of a stream beside JavaScript maps. Run by itself it takes a seed
// and a number of steps: `node src/structures/stream-groups.fuzz.ts 42 1000000`.

import { assert } from "../base/assert.ts";
import { Random } from "../base/random.ts";
import { Memory } from "../memory/memory.ts";
import { StreamGroups, UNKNOWN } from "./stream-groups.ts";
import { compareIds, createId, millisecondsOf, type StreamId } from "./stream-id.ts";

interface Pending {
  id: StreamId;
  /** Undefined: it was given back. */
  consumer: string | undefined;
  delivered: number;
  deliveries: number;
}

/** Up to about `pendingMax` entries are pending, for up to `consumersMax` consumers. */
export function fuzzStreamGroups(
  seed: number,
  steps: number,
  pendingMax: number,
  consumersMax: number,
): void {
  const random = new Random().seed(seed);
  const memory = new Memory();
  const usedBefore = memory.usedBytes;
  const groups = new StreamGroups(memory);
  const name = Buffer.from("workers");
  let group = groups.createGroup(name, 0, name.length, createId().fill(7), UNKNOWN);
  const model = new Map<string, Pending>();
  const consumers = new Map<string, { seen: number; active: number }>();
  let growing = true;

  const keyOf = (id: StreamId): string => id.join();
  const drawId = (): StreamId =>
    Uint32Array.of(
      random.below(2),
      random.below(pendingMax),
      random.below(8) === 0 ? random.next32() : 0,
      random.below(4),
    );
  // Names that share beginnings, some with bytes of 0 and 255, and one that is empty.
  const drawName = (): Buffer => {
    const which = random.below(consumersMax);
    const text = which === 0 ? "" : which % 3 === 0 ? `consumer-${which}` : `${which}\0`;
    return Buffer.from(which % 7 === 0 ? `\xff${text}` : text, "latin1");
  };
  const find = (bytes: Buffer): number => {
    const consumer = groups.findConsumer(group, bytes, 0, bytes.length);
    assert((consumer !== 0) === consumers.has(bytes.toString("latin1")), "fuzz: a consumer");
    return consumer;
  };

  const deliver = (): void => {
    const bytes = drawName();
    const consumer = bytes.toString("latin1");
    if (find(bytes) === 0) {
      const seen = random.below(1e6);
      const made = groups.createConsumer(bytes, 0, bytes.length, seen);
      groups.attachConsumer(group, made);
      consumers.set(consumer, { seen, active: UNKNOWN });
    }
    const to = find(bytes);
    const id = drawId();
    const found = groups.findPending(group, id);
    const known = model.get(keyOf(id));
    assert((found !== 0) === (known !== undefined), "fuzz: what is pending");
    const delivered = random.below(1e6);
    if (known === undefined) {
      groups.attachPending(group, groups.createPending(to, id, delivered, 1));
      model.set(keyOf(id), { id, consumer, delivered, deliveries: 1 });
      return;
    }
    groups.setConsumer(found, to);
    groups.setDelivered(group, found, delivered);
    groups.setDeliveries(found, groups.deliveries(found) + 1);
    model.set(keyOf(id), { id, consumer, delivered, deliveries: known.deliveries + 1 });
  };

  const giveBack = (): void => {
    const id = drawId();
    const found = groups.findPending(group, id);
    const known = model.get(keyOf(id));
    assert((found !== 0) === (known !== undefined), "fuzz: what may be given back");
    if (known === undefined) return;
    groups.setConsumer(found, 0);
    groups.setDelivered(group, found, 0);
    model.set(keyOf(id), { ...known, consumer: undefined, delivered: 0 });
  };

  const compareTimes = (): void => {
    const tree = groups.openTimes(group);
    assert((tree === 0) === (model.size === 0), "fuzz: a tree by time");
    const byTime = [...model.values()].toSorted(
      (a, b) => a.delivered - b.delivered || compareIds(a.id, b.id),
    );
    let more = tree !== 0 && groups.times.at(tree, 0);
    for (const { id } of byTime) {
      assert(more && groups.times.value === groups.findPending(group, id), "fuzz: by time");
      more = groups.times.next();
    }
    assert(!more, "fuzz: no more are in the tree by time");
  };

  const acknowledge = (): void => {
    const ids = [...model.values()];
    const pending = ids.length === 0 ? undefined : ids[random.below(ids.length)];
    if (pending === undefined) return;
    const found = groups.findPending(group, pending.id);
    if (random.below(2) === 0) groups.detachPending(group, found);
    else groups.detachFound(group, found);
    assert(groups.findPending(group, pending.id) === 0, "fuzz: what is acknowledged is gone");
    if (random.below(3) === 0) {
      groups.attachPending(group, found); // rolled back
      return;
    }
    memory.free(found);
    model.delete(keyOf(pending.id));
  };

  const removeConsumer = (): void => {
    const bytes = drawName();
    const consumer = find(bytes);
    if (consumer === 0) return;
    const text = bytes.toString("latin1");
    for (const { id, consumer: whose } of [...model.values()]) {
      if (whose !== text) continue;
      const pending = groups.findPending(group, id);
      groups.detachPending(group, pending);
      memory.free(pending);
      model.delete(keyOf(id));
    }
    groups.detachConsumer(group, consumer);
    if (random.below(3) === 0) {
      groups.attachConsumer(group, consumer); // rolled back, but for what was pending
      return;
    }
    memory.free(consumer);
    consumers.delete(text);
  };

  const touch = (): void => {
    const bytes = drawName();
    const consumer = find(bytes);
    if (consumer === 0) return;
    const times = { seen: random.below(1e9) + 0.5, active: random.below(1e9) };
    groups.setSeen(consumer, times.seen);
    groups.setActive(consumer, times.active);
    consumers.set(bytes.toString("latin1"), times);
  };

  const comparePending = (tree: number, expected: Pending[]): void => {
    const { ids } = groups;
    const id = createId();
    assert((tree === 0 ? 0 : ids.count(tree)) === expected.length, "fuzz: how many are pending");
    let more = tree !== 0 && ids.at(tree, 0);
    for (const pending of expected.toSorted((a, b) => compareIds(a.id, b.id))) {
      assert(more, "fuzz: an entry is pending");
      const block = ids.value;
      ids.readId(block, id);
      assert(compareIds(id, pending.id) === 0, "fuzz: its ID");
      assert(ids.key === millisecondsOf(id), "fuzz: its key");
      assert(groups.delivered(block) === pending.delivered, "fuzz: its time");
      assert(groups.deliveries(block) === pending.deliveries, "fuzz: its deliveries");
      more = ids.next();
    }
    assert(!more, "fuzz: no more are pending");
  };

  const compareWhole = (): void => {
    const { names } = groups;
    const all = [...model.values()];
    comparePending(groups.pendingOf(group), all);
    const tree = groups.consumersOf(group);
    const byBytes = (a: Buffer, b: Buffer): number => Buffer.compare(a, b);
    const expected = [...consumers.keys()].map((text) => Buffer.from(text, "latin1"));
    let more = tree !== 0 && names.at(tree, 0);
    for (const bytes of expected.toSorted(byBytes)) {
      assert(more, "fuzz: there is a consumer");
      const consumer = names.value;
      names.read(consumer);
      const isSame = bytes.equals(names.bytes.subarray(names.start, names.end));
      assert(isSame, "fuzz: consumers are in order of their names");
      const text = bytes.toString("latin1");
      const times = consumers.get(text);
      assert(groups.seen(consumer) === times?.seen, "fuzz: when it was seen");
      assert(groups.active(consumer) === times?.active, "fuzz: when it was active");
      const own = all.filter((pending) => pending.consumer === text);
      comparePending(groups.consumersPending(consumer), own);
      more = names.next();
    }
    assert(!more, "fuzz: there is no other consumer");
    const unowned = all.filter(({ consumer }) => consumer === undefined).length;
    assert(groups.unownedCount(group) === unowned, "fuzz: what was given back");
    groups.verify(group);
  };

  const replaceByCopy = (): void => {
    const copied = groups.copyGroup(group);
    while (!groups.freeGroup(group, 7));
    group = copied;
    compareWhole();
    assert(groups.bytesUsed(group) === memory.usedBytes - usedBefore, "fuzz: bytes used");
    const id = createId();
    groups.lastId(group, id);
    assert(compareIds(id, createId().fill(7)) === 0, "fuzz: the last ID delivered");
    assert(groups.entriesRead(group) === UNKNOWN, "fuzz: entries read");
  };

  try {
    for (let i = 0; i < steps; i++) {
      if (model.size === 0) growing = true;
      else if (model.size > pendingMax) growing = false;
      const kind = random.below(1000);
      if (kind < (growing ? 600 : 200)) deliver();
      else if (kind < 900) acknowledge();
      else if (kind < 950) giveBack();
      else if (kind < 955) removeConsumer();
      else touch();
      if (i % 512 === 0) compareWhole();
      if (random.below(2000) === 0) compareTimes();
      if (random.below(5000) === 0) replaceByCopy();
    }
    replaceByCopy();
    while (!groups.freeGroup(group, 100));
    assert(memory.usedBytes === usedBefore, "fuzz: the books balance");
  } catch (error) {
    console.error(`stream-groups fuzz: seed ${seed}, ${pendingMax} pending, ${consumersMax}`);
    throw error;
  }
}

if (import.meta.main) {
  const seed = Number(process.argv[2] ?? 1);
  const steps = Number(process.argv[3] ?? 300_000);
  fuzzStreamGroups(seed, steps, 10, 3);
  fuzzStreamGroups(seed, steps, 1000, 20);
  fuzzStreamGroups(seed, steps, 5000, 400);
}
