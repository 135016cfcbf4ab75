// Random changes of a stream, as the commands make them, in transactions that hold or are rolled
// back, beside a JavaScript array. Run by itself: `node src/types/streams.fuzz.ts <seed> <steps>`.

import { assert } from "../base/assert.ts";
import { latin1Text, utf8Bytes } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { RdbInput } from "../codec/rdb-input.ts";
import { RdbOutput } from "../codec/rdb-output.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import {
  compareIds,
  copyId,
  createId,
  GREATEST_ID,
  incrementId,
  isLeast,
  LEAST_ID,
  type StreamId,
} from "../structures/stream-id.ts";
import { registerTypes } from "./all-types.ts";
import { IidModel } from "./stream-iids-test-support.ts";
import { TrimBy } from "./stream-trimming.ts";
import { StreamKind, streamsOf } from "./streams.ts";

interface Item {
  readonly id: StreamId;
  readonly pairs: readonly string[];
}

/** All that a stream is. */
interface Model {
  items: Item[];
  last: StreamId;
  erased: StreamId;
  added: number;
}

const KEY = utf8Bytes("stream");
const NAMES = ["name", "number", "note"];

/** Stops with an assertion, after printing the seed, when a step differs from the model. */
export function fuzzStreams(seed: number, steps: number): void {
  const random = new Random().seed(seed);
  const keyspace = new Keyspace(new Memory(), 1, Int32Array.of(1, 2, 3, 4));
  registerTypes(keyspace);
  const streams = streamsOf({ keyspace });
  const { records, memory } = keyspace;
  const kind = streams.createdKind;
  const entry = keyspace.addCollection(0, KEY, 0, KEY.length, kind, streams.create());
  const usedBeside = memory.usedBytes - streams.bytesUsed(kind, records.pointer(entry));
  let model: Model = { items: [], last: createId(), erased: createId(), added: 0 };
  let before: Model | null = null;
  const iids = new IidModel(streams, entry, random);
  let iidsBefore = iids.taken();
  let isGrowing = true;
  const root = (): number => records.pointer(entry);
  const copyOf = (one: Model): Model => ({
    items: [...one.items],
    last: Uint32Array.from(one.last),
    erased: Uint32Array.from(one.erased),
    added: one.added,
  });

  const restyle = (): void => {
    streams.settings["stream-node-max-entries"]([0, 1, 3, 10, 100][random.below(5)]);
    streams.settings["stream-node-max-bytes"]([0, 100, 1000, 4096][random.below(4)]);
  };

  const drawId = (): StreamId => {
    const way = random.below(12);
    if (way === 0) return Uint32Array.from(LEAST_ID);
    if (way === 1) return Uint32Array.from(GREATEST_ID);
    const { items } = model;
    const id = Uint32Array.from(
      items.length > 0 ? items[random.below(items.length)].id : model.last,
    );
    if (way < 4) incrementId(id);
    return id;
  };

  const append = (): void => {
    const id = Uint32Array.from(model.last);
    if (random.below(3) === 0) incrementId(id);
    else {
      id[1] += 1 + random.below(100);
      if (id[1] < model.last[1]) id[0]++;
    }
    const pairs: string[] = [];
    const isUsual = random.below(5) > 0;
    const count = isUsual ? 3 : 1 + random.below(6);
    for (let i = 0; i < count; i++) {
      pairs.push(isUsual ? NAMES[i] : `n${random.below(4)}`);
      pairs.push(random.below(2) === 0 ? `${random.next32()}` : "v".repeat(random.below(90)));
    }
    const bytes = utf8Bytes(pairs.join(""));
    const starts: number[] = [];
    const ends: number[] = [];
    let at = 0;
    for (const text of pairs) {
      starts.push(at);
      at += text.length;
      ends.push(at);
    }
    assert(streams.append(entry, id, bytes, starts, ends, 0, pairs.length), "fuzz: append");
    model.items.push({ id, pairs });
    model.last = id;
    model.added++;
  };

  const erase = (): void => {
    const id = drawId();
    const place = model.items.findIndex((item) => compareIds(item.id, id) === 0);
    assert(streams.erase(entry, id) === place >= 0, "fuzz: erase");
    if (place < 0) return;
    model.items.splice(place, 1);
    if (compareIds(id, model.erased) > 0) model.erased = id;
  };

  const trim = (): void => {
    const { trimming } = streams;
    trimming.by = random.below(2) === 0 ? TrimBy.count : TrimBy.id;
    trimming.most = random.below(model.items.length + 2);
    copyId(drawId(), trimming.least);
    trimming.isApproximate = random.below(2) === 0;
    trimming.limit = random.below(3) === 0 ? random.below(20) : 0;
    const trimmed = trimming.run(entry);
    const wanted =
      trimming.by === TrimBy.count
        ? Math.max(0, model.items.length - trimming.most)
        : model.items.filter((item) => compareIds(item.id, trimming.least) < 0).length;
    assert(trimmed <= wanted, "fuzz: no more is trimmed than is wanted");
    assert(trimming.limit === 0 || trimmed <= trimming.limit, "fuzz: a limit holds");
    if (!trimming.isApproximate && trimming.limit === 0) {
      assert(trimmed === wanted, "fuzz: what is wanted is trimmed");
    }
    model.items = model.items.slice(trimmed);
  };

  const setNumbers = (): void => {
    const last = Uint32Array.from(model.last);
    if (random.below(2) === 0) incrementId(last);
    const erased = Uint32Array.from(random.below(2) === 0 ? model.erased : last);
    const added = model.items.length + random.below(1000);
    streams.setNumbers(entry, last, erased, added);
    Object.assign(model, { last, erased, added });
  };

  /** As a file holds it, and again as it is loaded. */
  const replaceByLoaded = (): void => {
    const kind = streams.savedKind(StreamKind.packed, root());
    const output = new RdbOutput();
    streams.save(kind, root(), output);
    while (!streams.free(StreamKind.packed, root(), 1 + random.below(50)));
    const input = new RdbInput().open(output.bytes, 0, output.end);
    records.setPointer(entry, streams.load(streams.formatOf(kind), input));
    iids.copied();
  };

  const compareAll = (): void => {
    iids.compare();
    const { cursor } = streams;
    const id = createId();
    streams.lastId(root(), id);
    assert(compareIds(id, model.last) === 0, "fuzz: the last ID");
    streams.erasedId(root(), id);
    assert(compareIds(id, model.erased) === 0, "fuzz: the greatest erased ID");
    assert(streams.added(root()) === model.added, "fuzz: entries added");
    assert(streams.firstId(root(), id) === model.items.length > 0, "fuzz: whether there is any");
    assert(isLeast(id) || compareIds(id, model.items[0].id) === 0, "fuzz: the first ID");
    let there = cursor.seek(root(), LEAST_ID);
    for (const { id: wanted, pairs } of model.items) {
      assert(there && compareIds(cursor.id, wanted) === 0, "fuzz: an entry");
      for (let i = 0; i < pairs.length; i += 2) {
        assert(cursor.nextPair(), "fuzz: a pair");
        const { names, values } = cursor;
        assert(latin1Text(names.bytes, names.start, names.end) === pairs[i], "fuzz: a name");
        const text = latin1Text(values.bytes, values.start, values.end);
        assert(text === pairs[i + 1], "fuzz: a value");
      }
      there = cursor.next();
    }
    assert(!there, "fuzz: no other entry");
  };

  const verifyInSlices = (): void => {
    let from = 0;
    do {
      from = streams.verifyFrom(StreamKind.packed, root(), from, 1 + random.below(200));
    } while (from !== 0);
  };

  const replaceByCopy = (): void => {
    const copied = streams.copy(StreamKind.packed, root());
    while (!streams.free(StreamKind.packed, root(), 1 + random.below(50)));
    records.setPointer(entry, copied);
    iids.copied();
    const own = memory.usedBytes - usedBeside;
    assert(streams.bytesUsed(StreamKind.packed, root()) === own, "fuzz: bytes used");
  };

  const step = (): void => {
    if (random.below(100) === 0) restyle();
    if (model.items.length === 0) isGrowing = true;
    else if (model.items.length > 400) isGrowing = false;
    else if (random.below(500) === 0) isGrowing = !isGrowing;
    const choice = random.below(100);
    if (choice < (isGrowing ? 60 : 20)) append();
    else if (choice < 80) erase();
    else if (choice < (isGrowing ? 82 : 86)) trim();
    else if (choice < 87) setNumbers();
    else if (choice < 92) {
      iids.change(model.last, () => {
        append();
        return model.last;
      });
    } else if (choice < 96) {
      if (before === null) {
        keyspace.begin();
        before = copyOf(model);
        iidsBefore = iids.taken();
      } else {
        if (random.below(2) === 0) {
          keyspace.rollBack(0);
          model = before;
          iids.setBack(iidsBefore);
        }
        keyspace.end();
        before = null;
      }
    } else if (before === null && random.below(10) === 0) {
      if (random.below(2) === 0) replaceByCopy();
      else replaceByLoaded();
    }
    assert(streams.count(root()) === model.items.length, "fuzz: the count");
  };

  try {
    restyle();
    for (let i = 0; i < steps; i++) {
      step();
      if (i % 16 === 0) streams.verify(StreamKind.packed, root());
      if (i % 64 === 0) verifyInSlices();
      if (i % 32 === 0) compareAll();
    }
    if (before !== null) keyspace.end();
    keyspace.remove(0, entry);
    while (keyspace.disposing) keyspace.reclaim();
  } catch (error) {
    console.error(`streams fuzz: seed ${seed}`);
    throw error;
  }
}

if (import.meta.main) {
  fuzzStreams(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 100_000));
}
