import assert from "node:assert/strict";
import { test } from "node:test";
import { PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { TestDatabase } from "./test-support.ts";
import { Endless, fuzzTornReads, requests } from "./torn.fuzz.ts";

const seed = Number(process.env.TSKEYDB_SEED ?? Date.now() % 1_000_000);
const rounds = Number(process.env.TSKEYDB_ROUNDS ?? 40);

test("whatever bytes it finds, a command that reads ends, and writes nothing", () => {
  fuzzTornReads(seed, rounds);
});

test("every command that only reads is tried", () => {
  const { table } = new TestDatabase().executor;
  const names = requests.flatMap(([name, sub]) => [name, `${name}|${sub}`]);
  const tried = new Set(names.map((name) => name.toLowerCase()));
  const left = table.all.filter(({ onlyLooks, fullName }) => onlyLooks && !tried.has(fullName));
  assert.deepEqual(left.map(({ fullName }) => fullName).sort(), ["lolwut", "touch"]);
});

test("a script has the lock, though it only reads: it may be left half way", () => {
  const { table } = new TestDatabase().executor;
  const scripts = table.all.filter(({ name }) => /^(eval|evalsha|fcall)_ro$/.test(name));
  assert.deepEqual(
    scripts.map(({ onlyLooks }) => onlyLooks),
    [false, false, false],
  );
});

test("a chain of buckets that is followed without a bound is found", () => {
  const plant = (database: TestDatabase) => {
    const { memory } = database.keyspace;
    const table = database.keyspace.table(0);
    const words = memory.i32[table >>> PLACE_BITS];
    const directory = words[((table & PLACE_MASK) << 1) + 3];
    const first = memory.i32[directory >>> PLACE_BITS][(directory & PLACE_MASK) << 1];
    const link = ((first & PLACE_MASK) << 1) + 3;
    const run = (): void => {
      memory.i32[first >>> PLACE_BITS][link] = first;
      for (let bucket = first; bucket !== 0; ) {
        bucket = memory.i32[bucket >>> PLACE_BITS][link];
      }
    };
    return { name: "planted", run };
  };
  assert.throws(() => quietly(() => fuzzTornReads(1, 1, [plant])), Endless);
});

test("a read that writes is found, and named", () => {
  const plant = (database: TestDatabase) => ({
    name: "planted",
    run: () => {
      database.keyspace.memory.u8[0][5000]++;
    },
  });
  assert.throws(() => quietly(() => fuzzTornReads(1, 1, [plant])), /writes nothing: planted/);
});

/** Without what a failing fuzz prints. */
function quietly(run: () => void): void {
  const { error } = console;
  console.error = () => {};
  try {
    run();
  } finally {
    console.error = error;
  }
}
