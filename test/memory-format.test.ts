// A reader of the memory layout, written from docs/formats/memory.md alone: it is handed the
// segments of a database, or what threads are handed of a shared one, knows no code of it, and must
// find everything that was stored.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestDatabase } from "../src/commands/test-support.ts";

type Value = string | string[] | Map<string, string>;

/** Reads segments by the tables of docs/formats/memory.md. */
class Reader {
  readonly u8: Uint8Array[];
  readonly view: DataView[];

  constructor(segments: readonly Uint8Array[]) {
    this.u8 = [...segments];
    this.view = segments.map((u8) => new DataView(u8.buffer, u8.byteOffset, u8.length));
  }

  i32(ref: number, offset: number): number {
    return (this.view[ref >>> 23] as DataView).getInt32(((ref & 0x7fffff) << 3) + offset, true);
  }

  f64(ref: number, offset: number): number {
    return (this.view[ref >>> 23] as DataView).getFloat64(((ref & 0x7fffff) << 3) + offset, true);
  }

  text(ref: number, offset: number, length: number): string {
    const start = ((ref & 0x7fffff) << 3) + offset;
    const bytes = (this.u8[ref >>> 23] as Uint8Array).subarray(start, start + length);
    return Buffer.from(bytes).toString("latin1");
  }

  root(word: number): number {
    return (this.view[0] as DataView).getInt32(word * 4, true);
  }

  record(ref: number) {
    const flags = this.i32(ref, 0) & 0xff;
    const lengths = this.i32(ref, 4);
    let at = 8;
    let keyLength = lengths & 0xffff;
    let deadline = -1;
    let pointer = 0;
    let pointerLength = 0;
    if (flags & 64) {
      keyLength = this.i32(ref, at);
      at += 8;
    }
    if (flags & 32) {
      deadline = this.f64(ref, at);
      at += 8;
    }
    if (flags & 128) {
      pointer = this.i32(ref, at);
      pointerLength = this.i32(ref, at + 4);
      at += 8;
    }
    const key = this.text(ref, at, keyLength);
    const value =
      flags & 128
        ? this.text(pointer, 0, pointerLength)
        : this.text(ref, at + keyLength, (lengths >>> 16) & 0x7fff);
    return { kind: flags & 31, key, value, deadline, pointer };
  }

  table(table: number): number[] {
    const buckets = this.i32(table, 4);
    const chunks = this.i32(table, 16);
    const records: number[] = [];
    for (let n = 0; n < buckets; n++) {
      const chunk = this.i32(table, 12);
      let bucket = chunks === 0 ? chunk + n * 8 : this.i32(chunk, (n >> 10) * 4) + (n & 1023) * 8;
      for (; bucket !== 0; bucket = this.i32(bucket, 12)) {
        for (let slot = 0; slot < 12; slot++) {
          const record = this.i32(bucket, 16 + slot * 4);
          if (record !== 0) records.push(record);
        }
      }
    }
    assert.equal(records.length, this.i32(table, 0));
    return records;
  }

  packed(ref: number, start: number): string[] {
    const entries: string[] = [];
    const u8 = this.u8[ref >>> 23] as Uint8Array;
    const view = this.view[ref >>> 23] as DataView;
    const base = ((ref & 0x7fffff) << 3) + start;
    const end = base + view.getUint32(base, true) - 1;
    let at = base + 6;
    while (at < end) {
      const head = u8[at] as number;
      const low = u8[at + 1] as number;
      let length = 1;
      let string = -1;
      let number = 0n;
      if (head < 0x80) number = BigInt(head);
      else if (head < 0xc0) string = head & 63;
      else if (head < 0xe0) {
        number = BigInt.asIntN(13, BigInt(((head & 31) << 8) | low));
        length = 2;
      } else if (head < 0xf0) {
        string = ((head & 15) << 8) | low;
        length = 2;
      } else if (head === 0xf0) {
        string = view.getUint32(at + 1, true);
        length = 5;
      } else {
        const bytes = [2, 3, 4, 8][head - 0xf1] as number;
        for (let i = bytes; i > 0; i--) number = (number << 8n) | BigInt(u8[at + i] as number);
        number = BigInt.asIntN(bytes * 8, number);
        length = 1 + bytes;
      }
      if (string < 0) entries.push(String(number));
      else entries.push(String.fromCharCode(...u8.subarray(at + length, at + length + string)));
      length += Math.max(0, string);
      at += length + (length < 128 ? 1 : length < 16384 ? 2 : 3);
    }
    assert.equal(u8[at], 0xff);
    assert.equal(entries.length, view.getUint16(base + 4, true));
    return entries;
  }

  list(list: number): string[] {
    const elements: string[] = [];
    for (let node = this.i32(list, 4); node !== 0; node = this.i32(node, 4)) {
      const start = this.i32(node, 8);
      if (start === 0) elements.push(this.text(node, 16, this.i32(node, 12)));
      else elements.push(...this.packed(node, start));
    }
    assert.equal(elements.length, this.i32(list, 0));
    return elements;
  }

  integers(set: number): string[] {
    const width = this.i32(set, 0);
    return Array.from({ length: this.i32(set, 4) }, (_, n) => {
      let value = 0n;
      for (let i = width - 1; i >= 0; i--) {
        value = (value << 8n) | BigInt(this.text(set, 8 + n * width + i, 1).charCodeAt(0));
      }
      return String(BigInt.asIntN(width * 8, value));
    });
  }

  value(record: { kind: number; value: string; pointer: number }): Value {
    const { kind, pointer } = record;
    if (kind <= 2) return record.value;
    if (kind <= 4) return this.list(pointer);
    if (kind === 5) return this.integers(pointer);
    if (kind === 6) return this.packed(pointer, 0).sort();
    if (kind === 7)
      return this.table(pointer)
        .map((ref) => this.record(ref).key)
        .sort();
    const pairs = new Map<string, string>();
    if (kind === 11) return this.scored(pointer);
    if (kind === 12) return this.stream(pointer);
    if (kind === 8 || kind === 10) {
      const entries = this.packed(pointer, 0);
      for (let i = 0; i < entries.length; i += 2) pairs.set(entries[i] ?? "", entries[i + 1] ?? "");
    } else {
      for (const ref of this.table(pointer)) {
        const { key, value } = this.record(ref);
        pairs.set(key, value);
      }
    }
    return pairs;
  }

  /** An ID as "milliseconds-sequence". */
  id(ref: number, offset: number): string {
    const words = [0, 4, 8, 12].map((at) => BigInt(this.i32(ref, offset + at) >>> 0));
    return `${(words[0] << 32n) | words[1]}-${(words[2] << 32n) | words[3]}`;
  }

  /** The entries of a stream, then its numbers, then each group and what is pending in it. */
  stream(root: number): string[] {
    const lines: string[] = [];
    for (let node = this.i32(root, 4); node !== 0; node = this.i32(node, 20)) {
      const [ms, sequence] = this.id(node, 0).split("-").map(BigInt);
      const list = this.packed(this.i32(node, 16), 0);
      const names = list.slice(3, 3 + Number(list[2]));
      for (let at = 4 + names.length; at < list.length; ) {
        const flags = Number(list[at]);
        const own = (flags & 2) === 0 ? Number(list[at + 3]) : 0;
        const pieces = (flags & 2) === 0 ? 4 + 2 * own : 3 + names.length;
        const entry = list.slice(at, at + pieces);
        assert.equal(list[at + pieces], String(pieces));
        const id = `${ms + BigInt(entry[1])}-${sequence + BigInt(entry[2])}`;
        const pairs =
          (flags & 2) === 0
            ? Array.from({ length: own }, (_, i) => `${entry[4 + 2 * i]}=${entry[5 + 2 * i]}`)
            : names.map((name, i) => `${name}=${entry[3 + i]}`);
        if ((flags & 1) === 0) lines.push([id, ...pairs].join(" "));
        at += pieces + 1;
      }
    }
    assert.equal(this.f64(root, 16), lines.length);
    lines.push([this.id(root, 32), this.id(root, 48), this.f64(root, 64)].join(" "));
    for (const group of this.blocks(this.i32(root, 28))) {
      lines.push([this.named(group), this.id(group, 0), this.f64(group, 16)].join(" "));
      for (const pending of this.blocks(this.i32(group, 24))) {
        const consumer = this.named(this.i32(pending, 32));
        lines.push([this.id(pending, 0), consumer, this.f64(pending, 24)].join(" "));
      }
    }
    const tree = this.i32(root, 28);
    return tree === 0 ? lines : [...lines, ...this.register(this.f64(tree, 24))];
  }

  /** What a stream knows of idempotent IDs: limits and counts, then each with its producer. */
  register(register: number): string[] {
    if (register === 0) return [];
    const limits = [this.i32(register, 0), this.i32(register, 4)];
    const lines = [[...limits, this.f64(register, 16), this.f64(register, 24)].join(" ")];
    for (const producer of this.blocks(this.i32(register, 8))) {
      let before = 0;
      for (let iid = this.i32(producer, 4); iid !== 0; iid = this.i32(iid, 16)) {
        assert.equal(this.i32(iid, 20), before);
        lines.push([this.named(producer), this.named(iid), this.id(iid, 0)].join(" "));
        before = iid;
      }
      assert.equal(this.i32(producer, 8), before);
      assert.ok(this.blocks(this.i32(producer, 0)).includes(before));
    }
    return lines;
  }

  named(block: number): string {
    return this.text(block, 40, this.i32(block, 36));
  }

  /** What stands in a tree without keys, in order; of no tree: nothing. */
  blocks(tree: number): number[] {
    const items: number[] = [];
    for (let leaf = tree === 0 ? 0 : this.i32(tree, 12); leaf !== 0; leaf = this.i32(leaf, 4)) {
      for (let i = 0; i < this.i32(leaf, 0); i++) items.push(this.i32(leaf, 16 + i * 4));
    }
    return items;
  }

  /** Members with their scores, in order. */
  scored(root: number): Map<string, string> {
    const tree = this.i32(root, 4);
    const members = new Map<string, string>();
    let before = 0;
    for (let leaf = this.i32(tree, 12); leaf !== 0; leaf = this.i32(leaf, 4)) {
      assert.equal(this.i32(leaf, 8), before);
      before = leaf;
      for (let i = 0; i < this.i32(leaf, 0); i++) {
        const { key, deadline } = this.record(this.i32(leaf, 16 + i * 4));
        members.set(key, String(deadline));
      }
    }
    const inTable = this.table(this.i32(root, 0)).map((ref) => this.record(ref).key);
    assert.deepEqual(inTable.sort(), [...members.keys()].sort());
    return members;
  }

  /** Entries' references and deadlines by the tree of a database, in order. */
  deadlines(tree: number): [number, number][] {
    const items: [number, number][] = [];
    for (let leaf = this.i32(tree, 12); leaf !== 0; leaf = this.i32(leaf, 4)) {
      for (let i = 0; i < this.i32(leaf, 0); i++) {
        items.push([this.f64(leaf, 16 + i * 8), this.i32(leaf, 344 + i * 4)]);
      }
    }
    assert.equal(items.length, this.i32(tree, 8));
    return items;
  }
}

test("a reader written from the format's page finds everything in the buffers", () => {
  const database = new TestDatabase();
  const client = database.connect();
  const call = (...words: string[]): void => {
    const reply = client.raw(...words);
    assert.ok(!reply.startsWith("-"), `${words[0]}: ${reply}`);
  };
  const expected = new Map<string, Value>();
  const deadlines = new Map<string, number>();
  const letters = "abcdefghijklmnopqrstuvwxyz";

  for (let i = 0; i < 20_000; i++) {
    call("SET", `key:${i}`, `value ${i}`);
    expected.set(`key:${i}`, `value ${i}`);
  }
  for (let i = 0; i < 300; i++) {
    const at = 4102444800000 + ((i * 7919) % 300);
    call("SET", `until:${i}`, String(i), "PXAT", String(at));
    expected.set(`until:${i}`, String(i));
    deadlines.set(`until:${i}`, at);
  }
  for (const [name, value] of [
    ["long value", "v".repeat(10_000)],
    ["k".repeat(70_000), "a long key"],
    ["huge", "h".repeat(100_000)],
  ] as const) {
    call("SET", name, value);
    expected.set(name, value);
  }
  const numbers = ["0", "127", "-1", "4095", "-4096", "32767", "-8388608", "2147483647"].concat([
    "9223372036854775807",
    "-9223372036854775808",
    "01",
    "",
    "x".repeat(200),
    "y".repeat(5000),
  ]);
  call("RPUSH", "small list", ...numbers);
  expected.set("small list", numbers);
  const long = Array.from({ length: 5000 }, (_, i) => `element ${i} ${letters}`);
  call("RPUSH", "long list", ...long, "p".repeat(9000));
  call("LPUSH", "long list", "first");
  expected.set("long list", ["first", ...long, "p".repeat(9000)]);
  for (const [name, members] of [
    ["narrow", ["-5", "0", "300"]],
    ["wide", ["-70000", "1", "9007199254740993"]],
    ["small set", ["a", "b", "17"]],
    ["large set", long],
  ] as const) {
    call("SADD", name, ...members);
    const integers = name === "narrow" || name === "wide";
    expected.set(name, integers ? [...members] : [...members].sort());
  }
  for (const [name, count] of [
    ["small hash", 20],
    ["large hash", 3000],
  ] as const) {
    const pairs = Array.from({ length: count }, (_, i) => [`field ${i}`, String(i * i)] as const);
    call("HSET", name, ...pairs.flat());
    expected.set(name, new Map(pairs));
  }
  for (const [name, count] of [
    ["small sorted set", 20],
    ["large sorted set", 3000],
  ] as const) {
    const pairs = Array.from(
      { length: count },
      (_, i) => [`member ${i}`, (i * 7919) % count] as const,
    );
    call("ZADD", name, ...pairs.flatMap(([member, score]) => [String(score), member]));
    const inOrder = pairs.sort((a, b) => a[1] - b[1]);
    expected.set(name, new Map(inOrder.map(([member, score]) => [member, String(score)])));
  }

  const lines: string[] = [];
  for (let i = 1; i <= 300; i++) {
    const fields = i % 7 === 0 ? ["other", `${i}`] : ["name", `entry ${i}`, "square", `${i * i}`];
    call("XADD", "stream", `${i * 1e10}-${i}`, ...fields);
    const pairs = i % 7 === 0 ? `other=${i}` : `name=entry ${i} square=${i * i}`;
    if (i !== 100) lines.push(`${i * 1e10}-${i} ${pairs}`);
  }
  call("XDEL", "stream", `${100 * 1e10}-100`);
  call("XGROUP", "CREATE", "stream", "group", "0");
  call("XREADGROUP", "GROUP", "group", "ann", "COUNT", "2", "STREAMS", "stream", ">");
  call("XCLAIM", "stream", "group", "bob", "0", "20000000000-2");
  call("XCFGSET", "stream", "IDMP-DURATION", "70", "IDMP-MAXSIZE", "80");
  for (const [i, names] of ["eve two", "eve one", "dan one"].entries()) {
    call("XADD", "stream", "IDMP", ...names.split(" "), "*", "other", `${i}`);
    lines.push(`${300 * 1e10}-${301 + i} other=${i}`);
  }
  expected.set("stream", [
    ...lines,
    `${300 * 1e10}-303 ${100 * 1e10}-100 303`,
    "group 20000000000-2 -1",
    "10000000000-1 ann 1",
    "20000000000-2 bob 2",
    "70 80 3 0",
    `dan one ${300 * 1e10}-303`,
    `eve two ${300 * 1e10}-301`,
    `eve one ${300 * 1e10}-302`,
  ]);

  const reader = new Reader(database.keyspace.memory.u8);
  assert.equal(reader.root(0), 0x54534b31);
  const found = new Map<string, Value>();
  const kinds = new Set<number>();
  const foundDeadlines = new Map<string, number>();
  for (const ref of reader.table(reader.root(464))) {
    const record = reader.record(ref);
    found.set(record.key, reader.value(record));
    kinds.add(record.kind);
    if (record.deadline >= 0) foundDeadlines.set(record.key, record.deadline);
  }
  assert.deepEqual(found, expected);
  assert.deepEqual(foundDeadlines, deadlines);
  assert.deepEqual([...kinds].sort(), [0, 1, 10, 11, 12, 2, 3, 4, 5, 6, 7, 8, 9]);
  const items = reader.deadlines(reader.root(465));
  assert.deepEqual(new Map(items.map(([at, ref]) => [reader.record(ref).key, at])), deadlines);
  assert.deepEqual(
    items.map(([at]) => at),
    [...deadlines.values()].sort((a, b) => a - b),
  );
});

test("a reader finds the settings in the buffers", () => {
  const { keyspace } = new TestDatabase();
  const reader = new Reader(keyspace.memory.u8);
  const values = new Map([
    ["proto-max-bulk-len", 2 ** 20],
    ["hll-sparse-max-bytes", 2000],
    ["list-max-listpack-size", -3],
    ["set-max-intset-entries", 11],
    ["set-max-listpack-entries", 12],
    ["set-max-listpack-value", 13],
    ["hash-max-listpack-entries", 14],
    ["hash-max-listpack-value", 15],
    ["zset-max-listpack-entries", 16],
    ["zset-max-listpack-value", 17],
    ["stream-node-max-bytes", 18],
    ["stream-node-max-entries", 19],
    ["stream-idmp-duration", 20],
    ["stream-idmp-maxsize", 21],
  ]);
  const given = [...keyspace.types].flatMap((type) => Object.entries(type.settings));
  for (const [name, set] of given) set(values.get(name) ?? 0);
  assert.equal(given.length, values.size);
  keyspace.setEvictionPolicy("volatile-lfu");
  keyspace.settings.lfuLogFactor = 20;
  keyspace.settings.lfuDecayMinutes = 21;
  keyspace.settings.evictionSamples = 22;
  keyspace.settings.notifications = 23;
  keyspace.settings.activeExpiry = false;
  keyspace.settings.memoryLimit = 2 ** 40;
  keyspace.settings.memoryCeiling = 2 ** 41;
  keyspace.settings.memoryBeside = 2 ** 42;
  keyspace.settings.evicting = true;
  keyspace.settings.callsTracked = false;
  keyspace.settings.saveFailed = true;

  const words = (from: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => reader.root(from + i));
  assert.deepEqual(words(784, 8), [1, 20, 21, 22, 1, 23, 1, 1]);
  const limits = [792, 794, 798].map((word) =>
    (reader.view[0] as DataView).getFloat64(word * 4, true),
  );
  assert.deepEqual(limits, [2 ** 40, 2 ** 41, 2 ** 42]);
  assert.deepEqual(words(796, 2), [1, 1]);
  assert.deepEqual(words(461, 1), [16]);
  assert.deepEqual(words(800, 2), [2 ** 20, 2000]);
  assert.deepEqual(words(800 + 16, 4), [-3, 16384, 16384 - 16, 32767]);
  assert.deepEqual(words(800 + 2 * 16, 3), [11, 12, 13]);
  assert.deepEqual(words(800 + 4 * 16, 2), [14, 15]);
  assert.deepEqual(words(800 + 3 * 16, 2), [16, 17]);
  assert.deepEqual(words(800 + 6 * 16, 4), [18, 19, 20, 21]);
  for (const type of [0, 1, 2, 3, 4]) assert.equal(reader.root(800 + type * 16 + 15), 1);
});

test("a reader written from the format's page finds what all threads have counted", () => {
  const one = new TestDatabase();
  const two = new TestDatabase(one);
  const client = one.connect();
  const other = two.connect();
  client.raw("GET", "k");
  client.raw("NONE");
  other.raw("NONE");
  other.raw("GET", "k");
  client.raw("CONFIG", "RESETSTAT");
  for (let i = 0; i < 5; i++) client.raw("SET", "k", "v");
  other.raw("SET", "k", "v");
  for (const each of [client, other]) each.raw("LPUSH", "k", "v");
  client.raw("CONFIG", "GET", "maxmemory");
  other.raw("EXEC");
  other.raw("EXEC");
  client.raw("GET");
  client.raw("GET", "k");
  other.raw("GET", "k");
  const names = client.call("COMMAND", "LIST") as string[];
  const reader = new Reader(one.keyspace.memory.u8);
  const blocks = (word: number): number[] => {
    const found: number[] = [];
    for (let at = reader.root(word); at !== 0; at = reader.i32(at, 0)) found.push(at);
    return found;
  };
  const cell = (block: number, index: number): number => {
    const base = reader.i32(block, 8);
    return reader.f64(block, 64 + index * 8) - (base === 0 ? 0 : reader.f64(base, index * 8));
  };
  const total = (word: number, index: number): number =>
    blocks(word).reduce((sum, block) => sum + cell(block, index), 0);
  assert.deepEqual(
    blocks(459).map((block) => reader.i32(block, 4)),
    [2, 1],
  );
  const figures = (name: string): number[] =>
    [0, 2, 3].map((figure) => total(459, names.indexOf(name) * 4 + figure));
  assert.deepEqual(figures("set"), [6, 0, 0]);
  assert.deepEqual(figures("lpush"), [2, 0, 2]);
  assert.deepEqual(figures("config|get"), [1, 0, 0]);
  assert.deepEqual(figures("exec"), [2, 0, 2]);
  assert.deepEqual(figures("get"), [2, 1, 0]);
  assert.deepEqual([total(460, 0), total(460, 1), total(460, 6)], [2, 0, 6]);
  const errors = new Map<string, number>();
  for (const block of blocks(459)) {
    for (let i = 0; i < 128; i++) {
      const at = 64 + (names.length * 4 + 128) * 8 + i * 24;
      const code = reader.text(block, at, 24).replace(/\0+$/, "");
      const count = cell(block, names.length * 4 + i);
      if (code !== "" && count > 0) errors.set(code, (errors.get(code) ?? 0) + count);
    }
  }
  assert.deepEqual(
    errors,
    new Map([
      ["ERR", 3],
      ["WRONGTYPE", 2],
    ]),
  );
});

test("a reader finds each segment of a shared memory from what threads are handed", () => {
  const one = new TestDatabase();
  const client = one.connect();
  const expected = new Map<string, string>();
  const set = (name: string, length: number): void => {
    const value = `${name} `.repeat(length / (name.length + 1));
    client.call("SET", name, value);
    expected.set(name, value);
  };
  set("before", 30e6);
  for (let i = 0; i < 100; i++) set(`early ${i}`, 20_000);
  const { buffers, arenas } = one.keyspace.memory.share();
  for (let i = 0; i < 100; i++) set(`late ${i}`, 200_000);
  set("behind", 70e6);
  set("before", 25e6);

  const first = new DataView(buffers[0] as SharedArrayBuffer);
  const segments = Array.from({ length: first.getInt32(4, true) }, (_, number) => {
    const word = first.getUint32((192 + number) * 4, true);
    const bytes = word - (word % 8192);
    if (bytes === 0) return new Uint8Array(0);
    const cell = (word % 8192) - 1;
    if (cell < 0) return new Uint8Array(buffers[number] as SharedArrayBuffer, 0, bytes);
    const arena = arenas[cell >> 10];
    const buffer = "buffer" in arena ? arena.buffer : arena;
    return new Uint8Array(buffer, (cell & 1023) * 4194304, bytes);
  });
  assert.ok(segments.length > 4);
  const reader = new Reader(segments);
  const found = reader.table(reader.root(464)).map((ref) => reader.record(ref));
  assert.equal(found.length, expected.size);
  for (const { key, value } of found) assert.ok(value === expected.get(key), key);
});
