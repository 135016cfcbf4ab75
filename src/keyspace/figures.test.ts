import assert from "node:assert/strict";
import { test } from "node:test";
import { Memory } from "../memory/memory.ts";
import { Figures } from "./figures.ts";

const WORD = 12;

test("each member counts in cells of its own, and all are added up", () => {
  const memory = new Memory();
  const one = new Figures(memory, WORD, 1, 3);
  const two = new Figures(Memory.attach(memory.share()), WORD, 2, 3);
  one.cells[0] += 2;
  two.cells[0] += 3;
  two.cells[2] += 1;
  assert.deepEqual([...one.cells], [2, 0, 0]);
  for (const each of [one, two]) {
    assert.deepEqual([each.total(0), each.total(1), each.total(2)], [5, 0, 1]);
  }
  assert.equal(memory.usedBytes, 0, "data alone is counted as used");
  memory.verify();
});

test("no two members' cells lie within 64 bytes", () => {
  const memory = new Memory();
  const places = [1, 2, 3].map((member) => {
    const { cells } = new Figures(memory, WORD, member, 8);
    return [cells.byteOffset, cells.byteOffset + cells.byteLength];
  });
  places.sort(([a], [b]) => a - b);
  for (let i = 1; i < places.length; i++) assert.ok(places[i][0] - places[i - 1][1] >= 64);
});

test("what was counted before a reset is not written by who resets, and counts no more", () => {
  const memory = new Memory();
  const one = new Figures(memory, WORD, 1, 3);
  const two = new Figures(memory, WORD, 2, 3);
  for (const { cells } of [one, two]) cells.set([5, 6, 7]);
  one.reset(0, 2);
  assert.deepEqual([...one.cells], [0, 0, 7]);
  assert.deepEqual([...two.cells], [5, 6, 7]);
  assert.deepEqual([one.total(0), one.total(1), one.total(2)], [0, 0, 14]);
  two.cells[0]++;
  one.cells[1] += 2;
  assert.deepEqual([two.total(0), two.total(1), two.total(2)], [1, 2, 14]);
  two.reset(0, 3);
  assert.deepEqual([one.total(0), one.total(1), one.total(2)], [0, 0, 0]);
  assert.deepEqual([...two.cells], [0, 0, 0]);
  one.cells[0]++;
  assert.equal(one.total(0), 1);
});

test("what a member counted stays when it goes, and the next one goes on in its block", () => {
  const memory = new Memory();
  const one = new Figures(memory, WORD, 1, 3);
  const two = new Figures(memory, WORD, 2, 3);
  two.cells[0] += 3;
  two.leave();
  assert.equal(one.total(0), 3);
  const three = new Figures(memory, WORD, 3, 3);
  assert.equal(three.own, two.own);
  three.cells[0]++;
  assert.equal(one.total(0), 4);
  // A member that died left no word; its number is given to another.
  const again = new Figures(memory, WORD, 3, 3);
  assert.equal(again.own, three.own);
  assert.equal(one.total(0), 4);
});
