import assert from "node:assert/strict";
import { test } from "node:test";
import { ControlWord, Inside, MemberWord, memberWord, newControl } from "./control.ts";
import { Lock, type LockEnvironment } from "./lock.ts";
import { newShared, quiet, startWriter, Word } from "./lock-test-support.ts";
import { free } from "./member.ts";

/** Surroundings in which time passes when it is asked for, and nobody is dead. */
function surroundings(also: Partial<LockEnvironment> = {}): LockEnvironment {
  let nowMs = 0;
  return {
    loadsInOrder: false,
    monotonicMs: () => (nowMs += 0.1),
    isAlive: () => true,
    entered: () => {},
    leaving: () => {},
    refused: () => {},
    onDeath: () => {},
    waiting: () => {},
    ...also,
  };
}

test("who has the lock may take it again, and lets it go with the last leave", () => {
  const control = newControl();
  const heard: string[] = [];
  const lock = new Lock(
    control,
    2,
    surroundings({ entered: () => heard.push("entered"), leaving: () => heard.push("leaving") }),
  );
  lock.enter();
  lock.enter();
  assert.equal(control[ControlWord.holder], 2);
  lock.leave();
  assert.equal(lock.held, true);
  lock.leave();
  assert.equal(control[ControlWord.holder], 0);
  assert.deepEqual(heard, ["entered", "leaving"]);
  assert.throws(() => lock.leave());
});

test("a read counts if nobody held the lock from its beginning to its end", () => {
  const control = newControl();
  const reader = new Lock(control, 2, surroundings());
  const writer = new Lock(control, 3, surroundings());
  const quiet = reader.beginRead();
  assert.ok(quiet >= 0);
  assert.equal(reader.isSame(quiet), true);
  writer.enter();
  assert.equal(reader.beginRead(), -1);
  assert.equal(reader.isSame(quiet), false);
  writer.leave();
  assert.equal(reader.isSame(quiet), false);
  assert.equal(reader.isSame(reader.beginRead()), true);
});

test("a reader is not misled where the sequence has passed all numbers", () => {
  const control = newControl();
  control[ControlWord.sequence] = 0x7fffffff;
  const lock = new Lock(control, 2, surroundings());
  for (let i = 0; i < 3; i++) {
    const before = lock.beginRead();
    assert.ok(before >= 0);
    lock.enter();
    lock.leave();
    assert.equal(lock.isSame(before), false);
  }
});

test("where taking it fails, it is let go", () => {
  const control = newControl();
  let refuses = true;
  const refuse = (): void => {
    if (refuses) throw new Error("not now");
  };
  const lock = new Lock(control, 2, surroundings({ entered: refuse }));
  assert.throws(() => lock.enter(), /not now/);
  assert.equal(control[ControlWord.holder], 0);
  assert.equal(lock.held, false);
  refuses = false;
  lock.enter();
  lock.leave();
});

test("the lock of a dead thread is inherited, and its death told", () => {
  const control = newControl();
  const dead = new Lock(control, 2, surroundings());
  dead.enter();
  control[memberWord(2, MemberWord.inside)] = Inside.transaction;
  const told: string[] = [];
  const heir = new Lock(
    control,
    3,
    surroundings({
      isAlive: (member) => member !== 2,
      onDeath: (member) => told.push(`${member} is dead`),
      entered: () => told.push("entered"),
    }),
  );
  heir.enter();
  assert.deepEqual(told, ["2 is dead", "entered"]);
  assert.equal(control[ControlWord.holder], 3);
  heir.leave();
  assert.equal(control[ControlWord.holder], 0);
});

test("who died while it waited is not handed the lock, nor is whoever has its number next", () => {
  const control = newControl();
  const lock = new Lock(control, 2, surroundings());
  lock.enter();
  control[ControlWord.next] = 3;
  free(control, 3);
  lock.leave();
  assert.equal(control[ControlWord.holder], 0);
  assert.equal(control[ControlWord.next], 0);
});

test("who waits for long is handed the lock, though the holder wants it again", () => {
  const control = newControl();
  const greedy = new Lock(control, 2, surroundings());
  greedy.enter();
  let turns = 0;
  const patient = new Lock(
    control,
    3,
    surroundings({
      // Between two looks of the one who waits, the other lets go and takes it again.
      waiting: () => {
        turns++;
        greedy.leave();
        if (control[ControlWord.holder] === 0) greedy.enter();
      },
    }),
  );
  patient.enter();
  assert.ok(turns > 1, `${turns} turns`);
  assert.equal(control[ControlWord.holder], 3);
  assert.equal(control[ControlWord.next], 0);
  patient.leave();
});

test("a lent lock is not let go by whom it is lent to", () => {
  const control = newControl();
  const lender = new Lock(control, 2, surroundings());
  const borrower = new Lock(control, 1, surroundings());
  lender.enter();
  borrower.borrowed(() => {
    borrower.enter();
    assert.equal(borrower.held, true);
    borrower.leave();
    assert.equal(control[ControlWord.holder], 2);
  });
  assert.equal(borrower.held, false);
  assert.equal(control[ControlWord.holder], 2);
  lender.leave();
});

test("what a read without the lock counts is no half of a write", async () => {
  const shared = newShared();
  const { control, words } = shared;
  const lock = new Lock(control, 3, quiet);
  const writer = startWriter(shared);
  while (Atomics.load(words, Word.writes) === 0)
    await new Promise((resolve) => setTimeout(resolve, 1));
  let counted = 0;
  let halves = 0;
  for (let i = 0; i < 3_000_000 && counted < 1_000_000; i++) {
    const sequence = lock.beginRead();
    if (sequence < 0) continue;
    const second = words[Word.second];
    const first = words[Word.first];
    if (!lock.isSame(sequence)) continue;
    counted++;
    if (first !== second) halves++;
  }
  Atomics.store(words, Word.stop, 1);
  await writer.terminate();
  assert.ok(counted > 0, "some reads count");
  assert.equal(halves, 0, `of ${counted} reads`);
});
