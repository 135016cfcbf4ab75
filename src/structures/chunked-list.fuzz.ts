// Random operations on chunked lists beside a JavaScript array of texts, under changing limits. Run
// by itself it takes a seed and a number of steps:
// `node src/structures/chunked-list.fuzz.ts 42 1000000`.

import { assert } from "../base/assert.ts";
import { latin1Text, writeLatin1 } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { Memory } from "../memory/memory.ts";
import { ChunkedLists } from "./chunked-list.ts";
import { verifyList } from "./chunked-list-verification.ts";
import { randomElement } from "./packed-list.fuzz.ts";
import { checkListpack, PackedLists } from "./packed-list.ts";

const bytes = new Uint8Array(1 << 17);
const LIMITS = [-2, -1, -5, 1, 2, 3, 7, 128, 0];

/** Stops with an assertion, after printing the seed, when a step differs from the model. */
export function fuzzChunkedLists(seed: number, steps: number): void {
  const random = new Random().seed(seed);
  const memory = new Memory();
  const packed = new PackedLists(memory);
  const lists = new ChunkedLists(memory, packed);
  let list = lists.create();
  let model: string[] = [];
  // The operations favour one end, or the middle, for a while, so that nodes fill up there.
  let mode = 0;
  try {
    for (let step = 0; step < steps; step++) {
      if (step % 500 === 0) {
        lists.limit.set(LIMITS[random.below(LIMITS.length)]);
        mode = random.below(6);
      }
      const text = element(random);
      const end = writeLatin1(text, bytes, 0);
      const index = model.length === 0 ? 0 : random.below(model.length);
      const there = model.length > 0;
      let kind = random.below(20);
      if (random.below(3) > 0) kind = [0, 1, 2, 3, 4, 5][mode];
      if (model.length > 4000) kind = 6 + random.below(3);
      switch (kind) {
        case 0:
          lists.pushLast(list, bytes, 0, end);
          model.push(text);
          break;
        case 1:
          lists.pushFirst(list, bytes, 0, end);
          model.unshift(text);
          break;
        case 2: // a queue
          lists.pushLast(list, bytes, 0, end);
          model.push(text);
          if (random.below(2) === 0) break;
          lists.removeFirst(list);
          model.shift();
          break;
        case 3: // the other way round
          lists.pushFirst(list, bytes, 0, end);
          model.unshift(text);
          if (random.below(2) === 0) break;
          lists.removeLast(list);
          model.pop();
          break;
        case 4:
          if (!lists.seek(list, index)) break;
          lists.insertBefore(list, bytes, 0, end);
          model.splice(index, 0, text);
          break;
        case 5:
          if (!lists.seek(list, index - model.length)) break;
          lists.insertAfter(list, bytes, 0, end);
          model.splice(index + 1, 0, text);
          break;
        case 6: {
          const entries = random.below(random.below(6) === 0 ? 1500 : 3);
          const removed = lists.removeRange(list, index, entries);
          assert(removed === model.splice(index, entries).length, "fuzz: a range is removed");
          break;
        }
        case 7:
          if (!there) break;
          lists.removeFirst(list);
          model.shift();
          break;
        case 8:
          if (!there) break;
          lists.removeLast(list);
          model.pop();
          break;
        case 9:
        case 10:
          if (!lists.seek(list, index)) break;
          lists.replace(list, bytes, 0, end);
          model[index] = text;
          break;
        case 11: {
          if (!lists.seek(list, index)) break;
          const forward = random.below(2) === 0;
          const found = lists.remove(list, forward);
          model.splice(index, 1);
          const other = forward ? index : index - 1;
          assert(found === (other >= 0 && other < model.length), "fuzz: the neighbour is there");
          if (found) assert(textAtCursor(lists) === model[other], "fuzz: the neighbour");
          break;
        }
        case 12:
          if (!lists.seek(list, index)) break;
          assert(lists.equals(bytes, 0, end) === (model[index] === text), "fuzz: equals");
          assert(textAtCursor(lists) === model[index], "fuzz: seek");
          break;
        case 13: {
          if (random.below(10) !== 0) break;
          const copy = lists.copy(list);
          assert(lists.free(list) >= 0, "fuzz: an unlimited budget frees all");
          list = copy;
          break;
        }
        case 14: {
          if (random.below(100) !== 0) break;
          while (lists.free(list, 2) < 0) verifyList(lists, memory, list);
          assert(memory.usedBytes === 0, "fuzz: all memory is given back");
          list = lists.create();
          model = [];
          break;
        }
        case 15: {
          if (random.below(20) !== 0) break;
          const copy = lists.create();
          for (let node = lists.firstNode(list); node !== 0; node = lists.nextNode(node)) {
            lists.nodeRange(node);
            const { bytes: from, start, end } = packed;
            if (lists.isPlain(node)) lists.appendPlain(copy, from, start, end);
            else {
              const entries = checkListpack(from, start, end);
              lists.appendListpack(copy, from, start, entries);
            }
          }
          lists.free(list);
          list = copy;
          break;
        }
        default:
          break;
      }
      verifyList(lists, memory, list);
      assert(lists.count(list) === model.length, "fuzz: the count");
      if (step % 64 === 0) compare(lists, list, model);
    }
  } catch (error) {
    console.error(`chunked-list fuzz: seed ${seed}`);
    throw error;
  }
}

function element(random: Random): string {
  return random.below(300) === 0 ? "p".repeat(8150 + random.below(100)) : randomElement(random);
}

function textAtCursor(lists: ChunkedLists): string {
  lists.read();
  return latin1Text(lists.packed.bytes, lists.packed.start, lists.packed.end);
}

function compare(lists: ChunkedLists, list: number, model: string[]): void {
  let there = lists.first(list);
  for (const text of model) {
    assert(there && textAtCursor(lists) === text, "fuzz: entries forward");
    there = lists.next();
  }
  assert(!there, "fuzz: the end forward");
  there = lists.last(list);
  for (let i = model.length - 1; i >= 0; i--) {
    assert(there && textAtCursor(lists) === model[i], "fuzz: entries backward");
    there = lists.previous();
  }
  assert(!there, "fuzz: the end backward");
}

if (import.meta.main)
  fuzzChunkedLists(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 20000));
