import assert from "node:assert/strict";
import { test } from "node:test";
import { Memory } from "../memory/memory.ts";
import { Journal, Owner } from "./journal.ts";

const ROOT_WORD = 10;
const CHANGE = Owner.tables << 4;

/** A journal whose notes say which value a cell had. */
function withCells() {
  const memory = new Memory();
  const journal = new Journal(memory, ROOT_WORD);
  const cells = new Map<number, number>();
  const forgotten: number[] = [];
  journal.own(Owner.tables, {
    undo: (note) => cells.set(note.a, note.number),
    forget: (note) => forgotten.push(note.a),
  });
  const set = (cell: number, value: number): void => {
    journal.note(CHANGE, 0, 0, cell, 0, 0, cells.get(cell) ?? 0);
    cells.set(cell, value);
  };
  return { memory, journal, cells, forgotten, set };
}

test("notes are undone in reverse, over many chunks, down to their mark", () => {
  const { memory, journal, cells, set } = withCells();
  set(1, 10);
  const mark = journal.mark();
  for (let i = 0; i < 5000; i++) set(i % 7, i);
  const inner = journal.mark();
  for (let i = 0; i < 3000; i++) set(i % 5, -i);
  assert.equal(journal.count, 8001);
  journal.rollBack(inner);
  assert.equal(journal.count, 5001);
  assert.equal(cells.get(3), 4994);
  journal.rollBack(mark);
  assert.deepEqual([cells.get(1), cells.get(3)], [10, 0]);
  assert.notEqual(memory.rootWord(ROOT_WORD), 0);
  journal.rollBack(0);
  assert.equal(cells.get(1), 0);
  assert.equal(memory.rootWord(ROOT_WORD), 0);
  assert.equal(memory.usedBytes, 0);
});

test("what holds is forgotten once, and its notes freed", () => {
  const { memory, journal, cells, forgotten, set } = withCells();
  set(1, 10);
  journal.mark();
  set(2, 20);
  journal.forget();
  assert.deepEqual(forgotten.sort(), [1, 2]);
  assert.equal(cells.get(2), 20);
  assert.equal(memory.usedBytes, 0);
});

test("an entry is whole until another transaction begins or one is rolled back", () => {
  const { journal } = withCells();
  const mark = journal.mark();
  journal.setWhole(77);
  assert.ok(journal.isWhole(77) && !journal.isWhole(78));
  journal.mark();
  assert.ok(!journal.isWhole(77));
  journal.setWhole(77);
  journal.rollBack(mark);
  assert.ok(!journal.isWhole(77));
});

test("a note keeps all that it is told", () => {
  const memory = new Memory();
  const journal = new Journal(memory, ROOT_WORD);
  let seen: unknown[] = [];
  journal.own(15, {
    undo: ({ operation, db, kind, a, b, c, number }) => {
      seen = [operation, db, kind, a, b, c, number];
    },
    forget: () => {},
  });
  journal.note(0xff, 63, 31, 0x7fffffff, -1, 2, 1e15 + 0.5);
  journal.rollBack(0);
  assert.deepEqual(seen, [0xff, 63, 31, 0x7fffffff, -1, 2, 1e15 + 0.5]);
});
