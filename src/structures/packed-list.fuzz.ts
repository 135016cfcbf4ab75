// Random operations on packed lists beside a JavaScript array of texts. Run by itself it takes a
// seed and a number of steps: `node src/structures/packed-list.fuzz.ts 42 1000000`.

import { assert } from "../base/assert.ts";
import { latin1Text, writeLatin1 } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { Memory } from "../memory/memory.ts";
import { PackedLists } from "./packed-list.ts";

const bytes = new Uint8Array(1 << 17);

/** A text of one of the kinds that are stored differently. */
export function randomElement(random: Random): string {
  switch (random.below(12)) {
    case 0:
      return "";
    case 1:
      return String(random.below(128));
    case 2:
      return String(random.below(8192) - 4096);
    case 3:
      return String(BigInt.asIntN(1 + random.below(64), random64(random)));
    case 4:
      return ["-0", "00", "+1", "-", "01", "1 ", " 1", "9223372036854775808", "1e3"][
        random.below(9)
      ];
    case 5:
      return ["9223372036854775807", "-9223372036854775808", "-1", "9007199254740993"][
        random.below(4)
      ];
    case 6:
      return "x".repeat(random.below(200));
    case 7:
      return random.below(20) === 0 ? "y".repeat(4080 + random.below(40)) : "y";
    case 8:
      return random.below(40) === 0 ? "z".repeat(16370 + random.below(30)) : "z";
    default:
      return `element ${random.below(30)}`;
  }
}

function random64(random: Random): bigint {
  return (BigInt(random.next32()) << 32n) | BigInt(random.next32() >>> 0);
}

/** Stops with an assertion, after printing the seed, when a step differs from the model. */
export function fuzzPackedLists(seed: number, steps: number): void {
  const random = new Random().seed(seed);
  const memory = new Memory();
  const lists = new PackedLists(memory);
  let list = lists.create();
  let model: string[] = [];
  try {
    for (let step = 0; step < steps; step++) {
      const text = randomElement(random);
      const end = writeLatin1(text, bytes, 0);
      const index = model.length === 0 ? 0 : random.below(model.length);
      const at = lists.seek(list, index);
      assert((at === 0) === (model.length === 0), "fuzz: seek finds what is there");
      switch (random.below(model.length > 60 ? 18 : 12)) {
        case 0:
        case 1:
          list = lists.append(list, bytes, 0, end);
          model.push(text);
          break;
        case 2:
          list = lists.prepend(list, bytes, 0, end);
          model.unshift(text);
          break;
        case 3:
          if (at === 0) break;
          list = lists.insertBefore(list, at, bytes, 0, end);
          model.splice(index, 0, text);
          break;
        case 4:
          if (at === 0) break;
          list = lists.insertAfter(list, at, bytes, 0, end);
          model.splice(index + 1, 0, text);
          break;
        case 5:
          if (at === 0) break;
          list = lists.replace(list, at, bytes, 0, end);
          model[index] = text;
          break;
        case 6: {
          const value = Number(BigInt.asIntN(1 + random.below(53), random64(random)));
          if (at !== 0 && random.below(2) === 0) {
            list = lists.replaceInteger(list, at, value);
            model[index] = String(value);
          } else {
            list = lists.appendInteger(list, value);
            model.push(String(value));
          }
          break;
        }
        case 7: {
          const skip = random.below(2);
          const wanted = model.findIndex((item, i) => i % (skip + 1) === 0 && item === text);
          const found = lists.find(list, lists.first(list), bytes, 0, end, skip);
          assert(found === (wanted < 0 ? 0 : lists.seek(list, wanted)), "fuzz: find");
          break;
        }
        case 8: {
          if (at === 0) break;
          const tail = lists.split(list, at);
          lists.verify(tail);
          compare(lists, list, model.slice(0, index));
          compare(lists, tail, model.slice(index));
          list = lists.merge(list, tail);
          lists.free(tail);
          break;
        }
        case 9: {
          const copy = lists.copy(list);
          lists.free(list);
          list = copy;
          break;
        }
        case 10:
          assert(
            at === 0 || lists.equalsAt(list, at, bytes, 0, end) === (model[index] === text),
            "fuzz: equalsAt",
          );
          break;
        case 11:
          if (random.below(20) !== 0) break;
          lists.free(list);
          assert(memory.usedBytes === 0, "fuzz: all memory is given back");
          list = lists.create();
          model = [];
          break;
        default: {
          const entries = random.below(random.below(8) === 0 ? 50 : 3);
          if (at === 0) break;
          list = lists.removeRange(list, at, entries);
          model.splice(index, entries);
        }
      }
      lists.verify(list);
      assert(lists.count(list) === model.length, "fuzz: the count");
      if (step % 16 === 0) compare(lists, list, model);
    }
  } catch (error) {
    console.error(`packed-list fuzz: seed ${seed}`);
    throw error;
  }
}

function compare(lists: PackedLists, list: number, model: string[]): void {
  let at = lists.first(list);
  for (const text of model) {
    lists.read(list, at);
    assert(latin1Text(lists.bytes, lists.start, lists.end) === text, "fuzz: entries forward");
    assert(lists.textLength(list, at) === text.length, "fuzz: lengths");
    at = lists.next(list, at);
  }
  assert(at === 0, "fuzz: the end forward");
  at = lists.last(list);
  for (let i = model.length - 1; i >= 0; i--) {
    lists.read(list, at);
    assert(latin1Text(lists.bytes, lists.start, lists.end) === model[i], "fuzz: entries backward");
    at = lists.previous(list, at);
  }
  assert(at === 0, "fuzz: the end backward");
}

if (import.meta.main)
  fuzzPackedLists(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 100000));
