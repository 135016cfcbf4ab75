import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes } from "../base/bytes.ts";
import { Memory } from "../memory/memory.ts";
import { CommandTable } from "./command-table.ts";
import { command } from "./engine-test-support.ts";
import { Figure, Statistics } from "./statistics.ts";

const table = new CommandTable([
  [
    command("one", "fast", () => {}),
    command("two", "fast", () => {}, { subcommands: [command("sub", "fast", () => {})] }),
  ],
]);
const [one, , sub] = table.all as [never, never, never];

function countError(statistics: Statistics, code: string, times = 1): void {
  const bytes = asciiBytes(`-${code} text`);
  for (let i = 0; i < times; i++) statistics.countError(bytes, 1, 1 + code.length);
}

test("what one counts, another on the same memory sees and goes on with", () => {
  const memory = new Memory();
  const used = memory.usedBytes;
  const here = new Statistics(memory, 1, table.all.length);
  here.count(one, Figure.calls);
  here.count(sub, Figure.failed);
  countError(here, "ERR");
  const there = new Statistics(memory, 1, table.all.length);
  there.count(one, Figure.calls);
  there.count(sub, Figure.calls);
  countError(there, "ERR");
  countError(there, "OOM");
  for (const each of [here, there]) {
    assert.equal(each.figure(one, Figure.calls), 2);
    assert.equal(each.figure(sub, Figure.failed), 1);
    assert.equal(each.commands, 3);
    assert.deepEqual(each.errors(), [
      ["ERR", 2],
      ["OOM", 1],
    ]);
  }
  there.reset();
  assert.equal(here.commands + here.figure(sub, Figure.failed) + here.errors().length, 0);
  assert.equal(memory.usedBytes, used, "data alone is counted as used");
  memory.verify();
});

test("threads count for themselves, and what is reported is what all have counted", () => {
  const memory = new Memory();
  const here = new Statistics(memory, 1, table.all.length);
  const there = new Statistics(memory, 2, table.all.length);
  here.count(one, Figure.calls);
  countError(here, "ERR");
  there.count(one, Figure.calls);
  for (const code of ["OOM", "ERR", "OOM"]) countError(there, code);
  assert.equal(here.cells[0], 1);
  for (const each of [here, there]) {
    assert.equal(each.figure(one, Figure.calls), 2);
    assert.equal(each.commands, 2);
    assert.deepEqual(each.errors(), [
      ["ERR", 2],
      ["OOM", 2],
    ]);
  }
  here.reset();
  assert.equal(there.commands + there.errors().length, 0);
  countError(there, "OOM");
  countError(here, "ERR");
  there.count(one, Figure.calls);
  assert.equal(here.commands, 1);
  assert.deepEqual(here.errors(), [
    ["ERR", 1],
    ["OOM", 1],
  ]);
});

test("codes are told apart whole, and cut at 24 bytes", () => {
  const statistics = new Statistics(new Memory(), 1, table.all.length);
  const long = "A".repeat(24);
  for (const code of ["B", "BUSY", "BUSYKEY", "BU", long, `${long}X`, ""]) {
    countError(statistics, code);
  }
  countError(statistics, "BUSY", 2);
  assert.deepEqual(statistics.errors(), [
    [long, 2],
    ["B", 1],
    ["BU", 1],
    ["BUSY", 3],
    ["BUSYKEY", 1],
  ]);
});

test("the codes beyond 128 are counted together", () => {
  const statistics = new Statistics(new Memory(), 1, table.all.length);
  for (let i = 0; i < 200; i++) countError(statistics, `E${i}`, 2);
  const errors = statistics.errors();
  assert.equal(errors.length, 128);
  assert.deepEqual(errors.at(-1), ["ERRORSTATS_OVERFLOW", 146]);
});
