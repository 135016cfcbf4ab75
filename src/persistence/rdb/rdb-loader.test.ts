import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text } from "../../base/bytes.ts";
import { RdbError } from "../../codec/rdb-error.ts";
import { RdbInput } from "../../codec/rdb-input.ts";
import { idleSeconds, lfuCounter } from "../../keyspace/access-clock.ts";
import { Keyspace } from "../../keyspace/keyspace.ts";
import { Memory } from "../../memory/memory.ts";
import { SimulatedPlatform } from "../../platform/simulated.ts";
import { registerTypes } from "../../types/all-types.ts";
import { type Loaded, type LoadOptions, loadRdb } from "./rdb-loader.ts";
import { eight, length, moduleNumber, type Part, part, rdbFile, text } from "./rdb-test-support.ts";

const NOW = 1_700_000_000_000;
const PATH = "/data/dump.rdb";

function load(
  bytes: Uint8Array,
  options: Partial<LoadOptions> = {},
  windowBytes = 64,
): { keyspace: Keyspace; loaded: Loaded } {
  const disk = new SimulatedPlatform(1);
  disk.putFile(PATH, bytes);
  const keyspace = options.keyspace ?? new Keyspace(new Memory(), 16, new Int32Array(4));
  if (options.keyspace === undefined) registerTypes(keyspace);
  const input = RdbInput.ofFile(disk, disk.open(PATH, "read"), PATH, windowBytes);
  const loaded = loadRdb(input, { keyspace, nowMs: NOW, ...options });
  keyspace.verify();
  return { keyspace, loaded };
}

/** The strings of a database, "key=value" in order. */
function strings(keyspace: Keyspace, db = 0): string[] {
  const table = keyspace.table(db);
  const found: string[] = [];
  const { records, tables } = keyspace;
  const described = (): string => latin1Text(records.bytes, records.start, records.end);
  for (let chain = 0; table !== 0 && chain < tables.buckets(table); chain++) {
    const count = tables.collect(table, chain);
    for (const entry of tables.found.slice(0, count)) {
      records.key(entry);
      const key = described();
      records.value(entry);
      found.push(`${key}=${described()}`);
    }
  }
  return found.sort();
}

function refusal(bytes: Uint8Array, options: Partial<LoadOptions> = {}): RdbError {
  try {
    load(bytes, options);
  } catch (error) {
    assert.ok(error instanceof RdbError, String(error));
    assert.ok(error.message.startsWith(PATH), error.message);
    return error;
  }
  return assert.fail("it was loaded");
}

const string = (key: string, value: string): Part => part.key(0, key, text(value));

test("strings of each form, in databases of any number, with and without sizes ahead", () => {
  for (const version of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 79, 80, 81]) {
    const file = rdbFile(version, [
      part.aux("redis-ver", "2.8.0"),
      part.select(0),
      part.resize(3, 0),
      string("a", "one"),
      string("", ""),
      part.key(0, "long", text("x".repeat(500))),
      part.select(9),
      part.key(0, "int8", [0xc0, 0x85]),
      part.key(0, "int16", [0xc1, 0x39, 0x30]),
      part.key(0, "int32", [0xc2, 0xff, 0xff, 0xff, 0x7f]),
      part.key(0, "lzf", [0xc3, length(5), length(14), 0x00, "a", 0xe0, 4, 0]),
      [0, [0xc0, 42], text("its key is a number")],
    ]);
    const { keyspace, loaded } = load(file);
    assert.deepEqual(strings(keyspace), ["=", "a=one", `long=${"x".repeat(500)}`]);
    assert.deepEqual(strings(keyspace, 9), [
      "42=its key is a number",
      "int16=12345",
      "int32=2147483647",
      "int8=-123",
      "lzf=aaaaaaaaaaaaaa",
    ]);
    assert.deepEqual([loaded.version, loaded.keys, loaded.expired], [version, 8, 0]);
    assert.equal(loaded.notes.get("redis-ver"), "2.8.0");
    assert.equal(loaded.end, file.length);
  }
});

test("deadlines and clocks come with their keys; what has passed comes into a base only", () => {
  const parts = [
    part.untilMs(NOW + 5000),
    string("ms", "1"),
    part.untilSeconds(NOW / 1000 + 7),
    string("s", "2"),
    part.untilMs(NOW - 1),
    part.idle(3),
    string("passed", "3"),
    part.untilMs(-1),
    string("no deadline, as Redis says it", "4"),
    part.idle(100),
    string("idle", "5"),
    part.frequency(200),
    string("frequent", "6"),
    string("plain", "7"),
  ];
  const { keyspace, loaded } = load(rdbFile(9, parts));
  assert.deepEqual([loaded.keys, loaded.expired], [6, 1]);
  const entry = (key: string, of = keyspace): number => {
    const bytes = new TextEncoder().encode(key);
    return of.peek(0, bytes, 0, bytes.length);
  };
  const { records } = keyspace;
  assert.equal(records.deadline(entry("ms")), NOW + 5000);
  assert.equal(records.deadline(entry("s")), NOW + 7000);
  assert.equal(records.deadline(entry("no deadline, as Redis says it")), -1);
  assert.equal(keyspace.deadlineCount(0), 2);
  assert.equal(entry("passed"), 0);
  assert.equal(idleSeconds(records.clock(entry("idle")), NOW), 100);
  assert.equal(idleSeconds(records.clock(entry("plain")), NOW), 0);
  const asBase = load(rdbFile(9, parts), { keepsExpired: true });
  assert.deepEqual([asBase.loaded.keys, asBase.loaded.expired], [7, 0]);
  const passed = entry("passed", asBase.keyspace);
  assert.equal(asBase.keyspace.records.deadline(passed), NOW - 1);
  const memory = new Keyspace(new Memory(), 1, new Int32Array(4));
  registerTypes(memory);
  memory.setEvictionPolicy("allkeys-lfu");
  load(rdbFile(9, parts), { keyspace: memory });
  assert.equal(lfuCounter(memory.records.clock(entry("frequent", memory)), NOW, 1), 200);
  assert.equal(lfuCounter(memory.records.clock(entry("idle", memory)), NOW, 1), 5);
});

test("old functions, modules' data, slots and parts of Redis Enterprise are passed over", () => {
  const module = moduleNumber("graphdata", 1023);
  const moduleParts = [1, 7, 2, 0x40, 200, 3, "flt4", 4, "double 8", 5, text("a string"), 0];
  const { keyspace, loaded } = load(
    rdbFile(12, [
      [0xf7, module, 2, 1, moduleParts],
      [0xf5, text("#!lua name=a\n")],
      [0xf6, text("name"), text("LUA"), 0, text("code")],
      [0xf6, text("name"), text("LUA"), 1, text("description"), text("code")],
      part.select(0),
      part.resize(2, 0),
      [0xf4, length(5460), 1, 0],
      [0x6b, length(12345)],
      string("a", "1"),
      [0xf3, 2, "spec", moduleParts, "spec", 0],
      string("b", "2"),
    ]),
  );
  assert.deepEqual(strings(keyspace), ["a=1", "b=2"]);
  const { functions, modules, keysWithMetadata } = loaded.passedOver;
  assert.deepEqual([functions, [...modules], keysWithMetadata], [2, ["graphdata"], 1]);
  assert.equal(loaded.libraries, 1);
  assert.deepEqual(keyspace.libraries.codes, ["#!lua name=a\n"]);
  const ofValkey = rdbFile(80, [
    part.select(0),
    [0xf3, text("a job"), 2, 0, 5, length(100), length(200)],
    string("a", "1"),
  ]);
  assert.deepEqual(strings(load(ofValkey).keyspace), ["a=1"]);
});

test("keys of types that there are not are all named, whatever comes between", () => {
  const module = part.key(
    7,
    "events",
    moduleNumber("otherrdb_", 3),
    [1, 6],
    [4, eight(8)],
    [5, text("listpack")],
    0,
  );
  const error = refusal(
    rdbFile(11, [
      part.select(0),
      string("a", "1"),
      part.select(3),
      module,
      string("b", "2"),
      part.key(7, "mod\x00ule", moduleNumber("test__rdb", 1), 5, text("x"), 0),
    ]),
  );
  assert.equal(error.code, "RDB_TYPES");
  assert.match(error.message, /holds 2 keys of types that this version does not have \(module/);
  for (const key of [
    '"events" (module otherrdb_, database 3)',
    '"mod\\x00ule" (module test__rdb, database 3)',
  ]) {
    assert.ok(error.message.includes(key), error.message);
  }
  const many = refusal(
    rdbFile(
      11,
      Array.from({ length: 1234 }, (_, i) => part.key(7, `s${i}`, moduleNumber("test__rdb", 1), 0)),
    ),
  );
  assert.match(
    many.message,
    /holds 1,234 keys .*"s19" \(module test__rdb, database 0\), and 1,214 more\. /,
  );
  const unknown = refusal(rdbFile(90, [part.key(99, "key", "whatever")]));
  assert.match(unknown.message, /"key" \(type 99, database 0\)\. .* more may follow\.$/);
});

test("what cannot be is refused, with its place", () => {
  const cases: readonly [string, RdbError["code"], RegExp, Uint8Array][] = [
    [
      "no signature",
      "RDB_FORMAT",
      /is no RDB file/,
      new TextEncoder().encode("*1\r\n$4\r\nPING\r\n"),
    ],
    ["no version", "RDB_FORMAT", /is no RDB file/, new TextEncoder().encode("REDISABCD\xff")],
    ["nothing", "RDB_FORMAT", /is no RDB file/, new Uint8Array(0)],
    [
      "a key twice",
      "RDB_DAMAGED",
      /"a" of database 0 is there already/,
      rdbFile(9, [string("a", "1"), string("a", "2")]),
    ],
    [
      "a database too many",
      "RDB_FORMAT",
      /database 16, and there are 16: .* at least 17/,
      rdbFile(9, [part.select(16), string("a", "1")]),
    ],
    [
      "a string too long",
      "RDB_DAMAGED",
      /ends where more was to come/,
      rdbFile(9, [part.key(0, "a", length(2 ** 40))]),
    ],
    [
      "elements too many",
      "RDB_DAMAGED",
      /more elements than it has bytes/,
      rdbFile(9, [part.key(3, "a", length(2 ** 50))]),
    ],
    [
      "a wrong sum",
      "RDB_DAMAGED",
      /does not agree with its checksum, at offset 23/,
      rdbFile(9, [string("a", "1")]).map((byte, i) => (i === 20 ? byte ^ 1 : byte)),
    ],
    [
      "no end",
      "RDB_DAMAGED",
      /ends where more was to come/,
      rdbFile(9, [string("a", "1")]).slice(0, 14),
    ],
  ];
  for (const [what, code, message, bytes] of cases) {
    const error = refusal(bytes);
    assert.equal(error.code, code, what);
    assert.match(error.message, message, what);
  }
  assert.deepEqual(strings(load(rdbFile(9, [string("a", "1")], 0)).keyspace), ["a=1"]);
});

test("a key that is there is replaced where that is asked for", () => {
  const { keyspace } = load(rdbFile(9, [string("a", "1"), string("b", "2")]));
  load(rdbFile(9, [part.untilMs(NOW + 1), string("b", "3"), string("c", "4")]), {
    keyspace,
    replaces: true,
  });
  assert.deepEqual(strings(keyspace), ["a=1", "b=3", "c=4"]);
  assert.match(refusal(rdbFile(9, [string("c", "4")]), { keyspace }).message, /"c" of database 0/);
});

test("a file that announces more keys than it can hold gets no table for them", () => {
  const { keyspace } = load(rdbFile(9, [part.resize(2 ** 40, 0), string("a", "1")]));
  assert.ok(keyspace.memory.usedBytes < 10_000);
  const keys = Array.from({ length: 5000 }, (_, i) => string(`key:${i}`, `value:${i}`));
  const { keyspace: sized } = load(rdbFile(9, [part.resize(5000, 0), keys]));
  assert.equal(sized.tables.buckets(sized.table(0)), 625);
  assert.equal(strings(sized).length, 5000);
});

test("a file that is cut anywhere, or has any bit flipped, is refused", () => {
  const whole = rdbFile(10, [
    part.aux("redis-ver", "7.0.15"),
    part.select(2),
    part.resize(3, 1),
    part.untilMs(NOW + 1000),
    string("first", "the value of the first key"),
    part.key(0, "second", [0xc1, 1, 2]),
    part.key(0, "third", [0xc3, length(5), length(14), 0x00, "a", 0xe0, 4, 0]),
  ]);
  load(whole);
  for (let end = 0; end < whole.length; end++) refusal(whole.slice(0, end));
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = whole.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    // Another version has no sum, or means the same.
    if (bit >> 3 < 9 && /^REDIS\d{4}$/.test(latin1Text(flipped, 0, 9))) continue;
    refusal(flipped);
  }
});
