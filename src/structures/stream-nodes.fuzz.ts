// Random operations on a chain of stream nodes beside a JavaScript array. Run by itself it takes a
// seed and a number of steps: `node src/structures/stream-nodes.fuzz.ts 42 1000000`.

import { assert } from "../base/assert.ts";
import { Random } from "../base/random.ts";
import { Memory } from "../memory/memory.ts";
import { StreamCursor } from "./stream-cursor.ts";
import {
  compareIds,
  copyId,
  createId,
  GREATEST_ID,
  incrementId,
  LEAST_ID,
  type StreamId,
} from "./stream-id.ts";
import { CHAIN_BYTES, StreamNodes } from "./stream-nodes.ts";

interface Entry {
  id: StreamId;
  /** The pairs, one after the other, as text. */
  pairs: string[];
}

/** What takes an operation back. */
type Undo = () => void;

const OWNER_BYTES = 8;

/** Up to about `entriesMax` entries, in nodes of so many bytes and entries. */
export function fuzzStreamNodes(seed: number, steps: number, entriesMax: number): void {
  const random = new Random().seed(seed);
  const memory = new Memory();
  const usedBefore = memory.usedBytes;
  const nodes = new StreamNodes(memory);
  const cursor = new StreamCursor(nodes);
  let chain = nodes.create(CHAIN_BYTES + OWNER_BYTES);
  let model: Entry[] = [];
  const last = createId();
  let undo: Undo[] = [];
  let kept: number[] = [];
  let saved: Entry[] | null = null; // the model as it was when the transaction began
  const savedLast = createId();
  let growing = true;

  const restyle = (): void => {
    nodes.entriesMax = [0, 1, 3, 100, 300][random.below(5)];
    nodes.bytesMax = [0, 100, 1000, 4096][random.below(4)];
  };

  const lowerBound = (id: StreamId): number => {
    const place = model.findIndex((entry) => compareIds(entry.id, id) >= 0);
    return place < 0 ? model.length : place;
  };

  const drawText = (): string => {
    const kind = random.below(20);
    if (kind === 0) return "";
    if (kind === 1) return "x".repeat(random.below(5000));
    if (kind < 6) return String(random.next32());
    if (kind < 8) return `${random.next32() >>> 0}${random.next32() >>> 0}`;
    return "v".repeat(random.below(70));
  };

  const append = (): void => {
    const id = Uint32Array.from(last);
    const step = random.below(10);
    if (step < 4) incrementId(id);
    else if (step < 8) {
      id[1] += 1 + random.below(1000);
      if (id[1] < last[1]) id[0]++;
      if (step < 6) id[3] = random.next32();
    } else if (step === 8) {
      id[0] += random.below(3);
      id[2] = random.next32();
      id[3] = random.next32();
    } else if (random.below(100) === 0) id[0] = Math.min(id[0] + 0x1000000, 0xffffff00);
    if (compareIds(id, last) <= 0) {
      copyId(last, id);
      if (!incrementId(id)) return;
    }
    const pairs: string[] = [];
    const count = random.below(30) === 0 ? random.below(200) : 1 + random.below(4);
    const isUsual = random.below(4) > 0;
    for (let i = 0; i < (isUsual ? 3 : count); i++) {
      pairs.push(isUsual ? `field${i}` : `f${random.below(5)}`, drawText());
    }
    const starts: number[] = [];
    const ends: number[] = [];
    const bytes = Buffer.from(`...${pairs.join("")}`, "latin1");
    let at = 3;
    for (const text of ["", ...pairs]) {
      starts.push(at);
      at += text.length;
      ends.push(at);
    }
    assert(nodes.append(chain, id, bytes, starts, ends, 1, starts.length), "fuzz: append");
    model.push({ id, pairs });
    copyId(id, last);
    if (saved !== null) undo.push(() => nodes.dropLast(chain));
  };

  const compare = (entry: Entry): void => {
    assert(compareIds(cursor.id, entry.id) === 0, "fuzz: the entry's ID");
    assert(cursor.pairs * 2 === entry.pairs.length, "fuzz: its pairs");
    cursor.rewind();
    for (let i = 0; i < entry.pairs.length; i += 2) {
      assert(cursor.nextPair(), "fuzz: a pair");
      const { names, values } = cursor;
      const name = Buffer.from(names.bytes.slice(names.start, names.end)).toString("latin1");
      const value = Buffer.from(values.bytes.slice(values.start, values.end)).toString("latin1");
      assert(name === entry.pairs[i] && value === entry.pairs[i + 1], "fuzz: a pair is the same");
    }
    assert(!cursor.nextPair(), "fuzz: no more pairs");
  };

  // An ID of an entry, or one beside it.
  const drawId = (): StreamId => {
    const kind = random.below(10);
    if (kind === 0) return LEAST_ID;
    if (kind === 1) return GREATEST_ID;
    const from = model.length > 0 ? model[random.below(model.length)].id : last;
    const id = Uint32Array.from(from);
    if (kind < 4) incrementId(id);
    else if (kind < 6) id[3] -= 1 + random.below(3);
    return id;
  };

  const erase = (): void => {
    const id = drawId();
    const place = lowerBound(id);
    assert(cursor.seek(chain, id) === place < model.length, "fuzz: seek to erase");
    for (let left = random.below(8) === 0 ? 50 : 1; left > 0 && place < model.length; left--) {
      const entry = model[place];
      compare(entry);
      const node = cursor.node;
      model = model.toSpliced(place, 1);
      const detached = cursor.erase();
      if (detached !== 0) {
        assert(detached === node, "fuzz: the entry's node goes");
        if (saved === null) nodes.freeNode(detached);
        else kept.push(detached);
      }
      if (saved !== null) {
        const { erasedAt } = cursor;
        undo.push(() => {
          // A node that was detached comes back first, with its last entry erased.
          if (detached !== 0) nodes.attach(chain, detached);
          nodes.setErased(chain, node, erasedAt, false);
        });
      }
      const more = detached !== 0 ? cursor.seek(chain, entry.id) : cursor.next();
      assert(more === place < model.length, "fuzz: the next one after erasing");
    }
  };

  const detach = (): void => {
    const node = nodes.firstNode(chain);
    if (node === 0) return;
    const live = nodes.live(node);
    nodes.detach(chain, node);
    model = model.slice(live);
    if (saved === null) nodes.freeNode(node);
    else {
      kept.push(node);
      undo.push(() => nodes.attach(chain, node));
    }
  };

  const walk = (): void => {
    const id = drawId();
    const place = lowerBound(id);
    let there = cursor.seek(chain, id);
    for (let i = place; i < place + 60; i++) {
      assert(there === i < model.length, "fuzz: forward");
      if (!there) break;
      compare(model[i]);
      there = cursor.next();
    }
    const isThere = place < model.length && compareIds(model[place].id, id) === 0;
    there = cursor.seekBack(chain, id);
    for (let i = isThere ? place : place - 1; i > place - 60; i--) {
      assert(there === i >= 0, "fuzz: backward");
      if (!there) break;
      compare(model[i]);
      there = cursor.previous();
    }
    if (place >= model.length) return;
    assert(cursor.seek(chain, id), "fuzz: a turn");
    assert(cursor.previous() === place > 0, "fuzz: a turn back");
    if (place > 0) assert(cursor.next(), "fuzz: a turn forth");
    if (place > 0) compare(model[place]);
  };

  // Several that read on, each from where it was, mostly the next entry.
  const places = Array.from({ length: 5 }, () => createId());
  const readOn = (): void => {
    const key = random.below(places.length);
    const id = places[key];
    if (random.below(10) === 0) copyId(drawId(), id);
    for (let i = 0; i < 5; i++) {
      const place = lowerBound(id);
      assert(cursor.seekOn(chain, id, key + 1) === place < model.length, "fuzz: reading on");
      if (place >= model.length) return;
      compare(model[place]);
      cursor.remember(key + 1);
      copyId(model[place].id, id);
      if (random.below(20) > 0) incrementId(id);
    }
  };

  const endTransaction = (isRolledBack: boolean): void => {
    if (saved === null) return;
    if (isRolledBack) {
      for (const step of undo.reverse()) step();
      model = saved;
      copyId(savedLast, last);
    } else {
      for (const node of kept) nodes.freeNode(node);
    }
    saved = null;
    undo = [];
    kept = [];
  };

  const step = (): void => {
    if (random.below(200) === 0) restyle();
    if (model.length === 0) growing = true;
    else if (model.length > entriesMax) growing = false;
    else if (random.below(5000) === 0) growing = !growing;
    const kind = random.below(100);
    if (kind < (growing ? 60 : 15)) append();
    else if (kind < 75) erase();
    else if (kind < 77) detach();
    else if (kind < 86) walk();
    else if (kind < 95) readOn();
    else if (saved === null) {
      saved = model.slice();
      copyId(last, savedLast);
    } else endTransaction(random.below(2) === 0);
    assert(nodes.count(chain) === model.length, "fuzz: count");
  };

  try {
    restyle();
    for (let i = 0; i < steps; i++) {
      step();
      if (model.length < 100 || i % 128 === 0) nodes.verify(chain);
      if (random.below(3000) === 0) {
        endTransaction(true);
        const copied = nodes.copy(chain, CHAIN_BYTES + OWNER_BYTES);
        while (!nodes.free(chain, 70));
        chain = copied;
        nodes.verify(chain);
        let there = cursor.seek(chain, LEAST_ID);
        for (const entry of model) {
          assert(there, "fuzz: a copy is whole");
          compare(entry);
          there = cursor.next();
        }
        assert(!there, "fuzz: a copy has no more");
        const used = memory.usedBytes - usedBefore - memory.sizeOf(chain);
        assert(nodes.bytesUsed(chain) === used, "fuzz: bytes used");
      }
    }
    endTransaction(true);
    nodes.verify(chain);
    while (!nodes.free(chain, 1000));
    assert(memory.usedBytes === usedBefore, "fuzz: the books balance");
  } catch (error) {
    console.error(`stream-nodes fuzz: seed ${seed}, ${entriesMax} entries`);
    throw error;
  }
}

if (import.meta.main) {
  const seed = Number(process.argv[2] ?? 1);
  const steps = Number(process.argv[3] ?? 300_000);
  for (const entries of [10, 300, 4000]) fuzzStreamNodes(seed, steps, entries);
}
