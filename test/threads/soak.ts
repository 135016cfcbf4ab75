// Every command, from four worker threads and the owner at once, on the few keys that the random
// commands of the conformance tests use; typed methods, live views and transactions beside them.
// Nothing but a ReplyError may be thrown, and every structure is looked at as it goes, by the
// owner, who has the lock for that.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../../src/base/random.ts";
import { type Database, DatabaseError, ReplyError } from "../../src/index.ts";
import { everyCommand, type Words } from "../support/commands/all-commands.ts";
import { type Seat, Word, withCrew } from "./crew.ts";

const WORKERS = 4;
/** Commands are made in advance, and drawn from these again and again. */
const SAMPLES = 4000;

/** Any commands until told to stop; how many. */
export function soak({ db, words, number }: Seat, seed: number): number {
  const work = workOf(seed, number);
  let commands = 0;
  while (Atomics.load(words, Word.stop) === 0) {
    work(db);
    commands++;
  }
  return commands;
}

/** What does one more thing with a database. */
function workOf(seed: number, thread: number): (db: Database) => void {
  const random = new Random().seed(seed, thread);
  const samples = fc.sample(everyCommand, { seed: seed * 31 + thread, numRuns: SAMPLES });
  const command = (): Words => samples[random.below(SAMPLES)] as Words;
  return (db) => {
    switch (random.below(40)) {
      case 0:
        attempt(() =>
          db.transaction(() => {
            for (let i = 0; i < 5; i++) attempt(() => perform(db, command()));
            if (random.below(2) === 0) throw new ReplyError("ERR given up");
          }),
        );
        break;
      case 1:
        attempt(() => look(db, command()[1] ?? ""));
        break;
      default:
        attempt(() => perform(db, command()));
    }
  };
}

function perform(db: Database, words: Words): void {
  const [name = "", ...args] = words;
  db.bytes.call(name, ...args.map((word) => Uint8Array.from(word, (c) => c.charCodeAt(0))));
}

/** Walks over what is at a key by its live view, while others may change it. */
function look(db: Database, key: string): void {
  let count = 0;
  const type = db.type(key);
  if (type === "hash")
    for (const [field, value] of db.hash(key)) count += field.length + value.length;
  if (type === "list") for (const element of db.list(key)) count += element.length;
  if (type === "set") for (const member of db.members(key)) count += member.length;
  assert.ok(count >= 0);
}

/** What the database refuses is an answer. */
function attempt(act: () => void): void {
  try {
    act();
  } catch (error) {
    const isAnswer = error instanceof ReplyError;
    const isRefused = error instanceof DatabaseError && error.code === "CALL";
    if (!isAnswer && !isRefused) throw error;
  }
}

/** All threads do anything for so long; the owner does its part between its other duties. */
export async function soakTogether(seed: number, ms: number): Promise<string> {
  let own = 0;
  let others = 0;
  await withCrew(WORKERS, async (crew, db) => {
    const done = Promise.all(
      Array.from({ length: WORKERS }, (_, seat) => crew.give<number>(seat, "soak", seed)),
    );
    let hasFailed = false;
    done.catch(() => {
      hasFailed = true;
    });
    const work = workOf(seed, WORKERS);
    const endMs = Date.now() + ms;
    for (let turn = 0; Date.now() < endMs && !hasFailed; turn++) {
      for (let i = 0; i < 20; i++, own++) work(db);
      if (turn % 100 === 0) db.verify();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    crew.stop();
    others = (await done).reduce((all, each) => all + each, 0);
  });
  return `${others} commands of ${WORKERS} workers, ${own} of the owner`;
}
