// Random operations on lists, as the commands use them, beside a JavaScript array. Run by itself it
// takes a seed and a number of steps: `node src/types/lists.fuzz.ts 42 1000000`.

import { assert } from "../base/assert.ts";
import { latin1Text, writeLatin1 } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { randomElement } from "../structures/packed-list.fuzz.ts";
import { NO_DEADLINE } from "../structures/record.ts";
import { End, ListKind, Lists } from "./lists.ts";

const bytes = new Uint8Array(1 << 17);
const LIMITS = [-2, -1, 4, 50];

/** Stops with an assertion, after printing the seed, when a step differs from the model. */
export function fuzzLists(seed: number, steps: number): void {
  const random = new Random().seed(seed);
  const keyspace = new Keyspace(new Memory(), 1, Int32Array.of(1, 2, 3, 4));
  const { memory, records } = keyspace;
  const lists = new Lists(keyspace);
  const enter = (): number =>
    records.createPointer(ListKind.packed, bytes, 0, 0, lists.create(), 0, NO_DEADLINE, 0);
  let entry = enter();
  let model: string[] = [];
  const read = (): string => {
    lists.chunked.read();
    return latin1Text(lists.packed.bytes, lists.packed.start, lists.packed.end);
  };
  try {
    for (let step = 0; step < steps; step++) {
      if (step % 1000 === 0) lists.limit = LIMITS[random.below(LIMITS.length)];
      const text = random.below(4) === 0 ? "same" : randomElement(random);
      const length = writeLatin1(text, bytes, 0);
      const end = random.below(2);
      const at = model.length === 0 ? 0 : random.below(model.length);
      switch (random.below(model.length > 800 ? 12 : 8)) {
        case 0:
        case 1:
          lists.willGrow(entry, 1, length);
          lists.push(entry, end, bytes, 0, length);
          if (end === End.left) model.unshift(text);
          else model.push(text);
          break;
        case 2:
          assert(lists.set(entry, at, bytes, 0, length) === at < model.length, "fuzz: set");
          if (at < model.length) model[at] = text;
          break;
        case 3: {
          const found = lists.findFirst(entry, bytes, 0, length);
          const index = model.indexOf(text);
          assert(found === index >= 0, "fuzz: findFirst");
          if (!found) break;
          lists.willGrow(entry, 1, length);
          lists.insertAtFound(entry, end === End.left, bytes, 0, length);
          model.splice(index + (end === End.left ? 0 : 1), 0, text);
          break;
        }
        case 4:
          if (model.length === 0) break;
          lists.readEnd(entry, end);
          assert(
            latin1Text(lists.packed.bytes, lists.packed.start, lists.packed.end) ===
              (end === End.left ? model.shift() : model.pop()),
            "fuzz: the element at an end",
          );
          lists.removeEnd(entry, end);
          lists.hasShrunk(entry);
          break;
        case 5:
          if (random.below(20) !== 0) break;
          lists.keepRange(entry, at, at + random.below(model.length - at + 1));
          model = model.slice(at, at + lists.length(entry));
          break;
        case 6: {
          if (random.below(8) !== 0) break;
          const count = random.below(7) - 3;
          assert(
            lists.removeEqual(entry, count, bytes, 0, length) === removeEqual(model, count, text),
            "fuzz: removeEqual",
          );
          break;
        }
        case 7:
          assert(lists.seek(entry, at) === at < model.length, "fuzz: seek");
          if (at < model.length) assert(read() === model[at], "fuzz: an element");
          break;
        default: {
          const count = random.below(Math.min(model.length, 40));
          lists.removeFromEnd(entry, end, count);
          lists.hasShrunk(entry);
          model.splice(end === End.left ? 0 : model.length - count, count);
        }
      }
      assert(lists.length(entry) === model.length, "fuzz: the length");
      if (step % 8 === 0) lists.verify(records.kind(entry), records.pointer(entry));
      if (step % 64 === 0) {
        let there = lists.seek(entry, 0);
        for (const expected of model) {
          assert(there && read() === expected, "fuzz: the elements");
          there = lists.chunked.next();
        }
      }
      if (step % 3000 === 0) {
        const kind = records.kind(entry);
        while (!lists.free(kind, records.pointer(entry), 3));
        memory.free(entry);
        assert(memory.usedBytes === 0, "fuzz: all memory is given back");
        entry = enter();
        model = [];
      }
    }
  } catch (error) {
    console.error(`lists fuzz: seed ${seed}`);
    throw error;
  }
}

function removeEqual(model: string[], count: number, text: string): number {
  const limit = count === 0 ? model.length : Math.abs(count);
  let removed = 0;
  while (removed < limit) {
    const at = count >= 0 ? model.indexOf(text) : model.lastIndexOf(text);
    if (at < 0) break;
    model.splice(at, 1);
    removed++;
  }
  return removed;
}

if (import.meta.main) fuzzLists(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 20000));
