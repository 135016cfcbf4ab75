import assert from "node:assert/strict";
import { test } from "node:test";
import { Hasher } from "../base/hash.ts";
import { Random } from "../base/random.ts";
import { Memory } from "../memory/memory.ts";
import { HashTables } from "./hash-table.ts";
import { NO_DEADLINE, Records } from "./record.ts";

const seed = Number(process.env.TSKEYDB_SEED ?? 42);

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

function setUp() {
  const memory = new Memory();
  const records = new Records(memory);
  const tables = new HashTables(memory, records, new Hasher(1, 2), 0);
  const disposer = { dispose: (record: number) => records.free(record) };
  return { memory, records, tables, disposer };
}

test("a table agrees with a Map under random operations, and its invariants hold", () => {
  const { memory, records, tables, disposer } = setUp();
  const chance = new Random().seed(seed);
  const table = tables.create();
  const model = new Map<string, string>();
  for (let step = 0; step < 60_000; step++) {
    const growing = step < 25_000;
    const name = `key:${chance.below(20_000)}`;
    const key = ascii(name);
    const hash = tables.hash(key, 0, key.length);
    const record = tables.find(table, hash, key, 0, key.length);
    assert.equal(record !== 0, model.has(name), `seed ${seed}, step ${step}`);
    if (chance.below(10) < (growing ? 7 : 2)) {
      const text = "v".repeat(chance.below(60)) + step;
      const value = ascii(text);
      if (record === 0) {
        const made = records.create(
          0,
          key,
          0,
          key.length,
          value,
          0,
          value.length,
          chance.below(4) === 0 ? step : NO_DEADLINE,
          0,
        );
        tables.insert(table, hash, made);
      } else {
        const moved = records.withValue(record, 1, value, 0, value.length);
        if (moved !== record) tables.replaceFound(moved);
      }
      model.set(name, text);
    } else if (record !== 0) {
      records.value(record);
      const text = new TextDecoder().decode(records.bytes.slice(records.start, records.end));
      assert.equal(text, model.get(name));
      assert.equal(tables.remove(table, hash, key, 0, key.length), record);
      records.free(record);
      model.delete(name);
    }
    if (step % 5000 === 0) tables.verify(table);
  }
  assert.equal(tables.count(table), model.size);
  tables.verify(table);
  while (!tables.free(table, 100, disposer));
  assert.equal(memory.usedBytes, 0);
  memory.verify();
});

test("a table gets the buckets back that it had, and then takes what it took", () => {
  const { memory, records, tables } = setUp();
  const chance = new Random().seed(seed);
  const table = tables.create();
  const all: number[] = [];
  const resize = (to: number): void => {
    while (all.length < to) {
      const key = ascii(`key:${all.length}`);
      const record = records.create(0, key, 0, key.length, key, 0, 0, NO_DEADLINE, 0);
      tables.insert(table, tables.hash(key, 0, key.length), record);
      all.push(record);
    }
    while (all.length > to) {
      const record = all.pop() as number;
      tables.removeRecord(table, record);
      records.free(record);
    }
  };
  for (let round = 0; round < 200; round++) {
    // From a few buckets to several chunks, by ways on which rooms and chunks stay behind.
    resize(chance.below(chance.below(4) === 0 ? 40_000 : 2000));
    const before = memory.usedBytes;
    const [buckets, chunks] = [tables.buckets(table), tables.chunks(table)];
    const room = tables.room(table);
    const size = all.length;
    resize(chance.below(chance.below(4) === 0 ? 40_000 : 2000));
    resize(size);
    tables.reshape(table, buckets, chunks, room);
    tables.verify(table);
    assert.equal(memory.usedBytes, before, `seed ${seed}, round ${round}`);
  }
});

test("a scan sees every record that stays, while the table grows and shrinks", () => {
  const { records, tables } = setUp();
  const chance = new Random().seed(seed);
  const table = tables.create();
  const add = (name: string) => {
    const key = ascii(name);
    const hash = tables.hash(key, 0, key.length);
    if (tables.find(table, hash, key, 0, key.length) !== 0) return;
    tables.insert(table, hash, records.create(0, key, 0, key.length, key, 0, 0, NO_DEADLINE, 0));
  };
  const drop = (name: string) => {
    const key = ascii(name);
    const record = tables.remove(table, tables.hash(key, 0, key.length), key, 0, key.length);
    if (record !== 0) records.free(record);
  };
  for (let i = 0; i < 1000; i++) add(`stays:${i}`);
  for (const growing of [true, false]) {
    const seen = new Set<string>();
    let cursor = 0;
    let next = 0;
    do {
      cursor = tables.scan(table, cursor);
      for (let i = 0; i < tables.foundCount; i++) {
        records.key(tables.found[i]);
        seen.add(new TextDecoder().decode(records.bytes.slice(records.start, records.end)));
      }
      for (let i = 0; i < 30; i++) (growing ? add : drop)(`other:${next++}`);
      if (chance.below(3) === 0) drop(`other:${chance.below(5000)}`);
    } while (cursor !== 0);
    for (let i = 0; i < 1000; i++) assert.ok(seen.has(`stays:${i}`), `seed ${seed}: stays:${i}`);
  }
  tables.verify(table);
});

test("every record is drawn with the same chance", () => {
  const { records, tables } = setUp();
  const chance = new Random().seed(seed);
  const table = tables.create();
  for (let i = 0; i < 100; i++) {
    const key = ascii(`k${i}`);
    const record = records.create(0, key, 0, key.length, key, 0, 0, NO_DEADLINE, 0);
    tables.insert(table, tables.hash(key, 0, key.length), record);
  }
  const counts = new Map<number, number>();
  for (let i = 0; i < 50_000; i++) {
    const record = tables.random(table, chance);
    counts.set(record, (counts.get(record) ?? 0) + 1);
  }
  assert.equal(counts.size, 100);
  // 500 expected; six standard deviations are about 134.
  for (const count of counts.values()) assert.ok(Math.abs(count - 500) < 134, String(count));
});

test("what was found stays while other tables grow, shrink and go", () => {
  const { records, tables, disposer } = setUp();
  const fill = (table: number, count: number): void => {
    for (let i = 0; i < count; i++) {
      const key = ascii(`key:${i}`);
      const record = records.create(0, key, 0, key.length, key, 0, 0, NO_DEADLINE, 0);
      tables.insert(table, tables.hash(key, 0, key.length), record);
    }
  };
  const walked = tables.create();
  fill(walked, 5);
  let expected = 0;
  for (let bucket = 0; expected === 0; bucket++) expected = tables.collect(walked, bucket);
  const found = [...tables.found.subarray(0, expected)];
  const other = tables.create();
  fill(other, 1000);
  for (let i = 0; i < 900; i++) {
    const key = ascii(`key:${i}`);
    records.free(tables.remove(other, tables.hash(key, 0, key.length), key, 0, key.length));
  }
  while (!tables.free(other, 10, disposer));
  assert.deepEqual([...tables.found.subarray(0, tables.foundCount)], found);
});

// What a chain holds is put into an array of 64 places, which longer ones replace.
test("chains of 63, 64, 65, 128 … records are collected, scanned and split whole", () => {
  const { memory, records, tables, disposer } = setUp();
  const table = tables.create();
  const names = new Set<string>();
  // All in one chain for as long as the table has less than 1024 buckets.
  for (let i = 0; names.size < 300; i++) {
    const key = ascii(`k${i}`);
    const hash = tables.hash(key, 0, key.length);
    if ((hash & 1023) !== 0) continue;
    tables.insert(table, hash, records.create(0, key, 0, key.length, key, 0, 1, NO_DEADLINE, 0));
    names.add(`k${i}`);
    const nameOf = (record: number) => {
      records.key(record);
      return new TextDecoder().decode(records.bytes.slice(records.start, records.end));
    };
    const collected = new Set<string>();
    for (let bucket = 0; bucket < tables.buckets(table); bucket++) {
      const count = tables.collect(table, bucket);
      for (let at = 0; at < count; at++) collected.add(nameOf(tables.found[at]));
    }
    assert.deepEqual(collected, names);
    const scanned = new Set<string>();
    let cursor = 0;
    do {
      cursor = tables.scan(table, cursor);
      for (let at = 0; at < tables.foundCount; at++) scanned.add(nameOf(tables.found[at]));
    } while (cursor !== 0);
    assert.deepEqual(scanned, names);
  }
  assert.ok(tables.found.length >= 300);
  tables.verify(table);
  while (!tables.free(table, 1000, disposer));
  assert.equal(memory.usedBytes, 0);
});

test("a table that is made for so many records takes them unsplit, and then grows", () => {
  for (const records of [0, 1, 32, 33, 64, 65, 8191, 8192, 8193, 20_000, 40_001]) {
    const { memory, records: all, tables, disposer } = setUp();
    const table = tables.createFor(records);
    const buckets = tables.buckets(table);
    assert.ok(buckets * 8 >= records && (buckets === 4 || (buckets - 1) * 8 < records));
    tables.verify(table);
    const add = (name: string): void => {
      const key = ascii(name);
      const made = all.create(0, key, 0, key.length, key, 0, 1, NO_DEADLINE, 0);
      tables.insert(table, tables.hash(key, 0, key.length), made);
    };
    for (let i = 0; i < records; i++) add(`k${i}`);
    assert.equal(tables.buckets(table), buckets);
    tables.verify(table);
    for (let i = 0; i < 100; i++) add(`more${i}`);
    assert.ok(tables.buckets(table) > buckets);
    tables.verify(table);
    const gone = ascii("k0");
    const hash = tables.hash(gone, 0, gone.length);
    const record = tables.remove(table, hash, gone, 0, gone.length);
    if (record !== 0) all.free(record);
    tables.verify(table);
    while (!tables.free(table, 1000, disposer));
    assert.equal(memory.usedBytes, 0);
  }
});
