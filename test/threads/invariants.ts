// What must hold at every moment and in the end, whatever several threads do at once: no update is
// lost, each element of a queue comes out once and in its producer's order, money is neither made
// nor destroyed, and a value is one that somebody has written, whole.
//
// Each test is a job for the workers, and a function that has them do it and looks at the outcome.

import assert from "node:assert/strict";
import { Random } from "../../src/base/random.ts";
import { type Seat, Word, withCrew } from "./crew.ts";

const isTold = (words: Int32Array): boolean => Atomics.load(words, Word.stop) !== 0;

const sum = (counts: readonly number[]): number => counts.reduce((all, each) => all + each, 0);

// Counters

/** Counts in each way that there is, so many times; REQUIRES: all threads use the same keys. */
export function count({ db }: Seat, times: number): void {
  for (let i = 0; i < times; i++) {
    db.incr("counter");
    db.hincrby("hash", "counter", 1);
    db.append("bytes", "x");
    db.transaction(() => db.set("read and written", Number(db.get("read and written")) + 1));
    for (;;) {
      const multi = db.watch("watched");
      const before = Number(db.get("watched"));
      if (multi.set("watched", before + 1).exec() !== null) break;
    }
  }
}

/** Increments from all threads, the owner's among them. */
export async function countTogether(times: number): Promise<void> {
  await withCrew(3, async (crew, db) => {
    const counted = crew.all("count", () => [times]);
    // The owner has its share of the work, in portions: between them it is there for others.
    for (let done = 0; done < times; done += 50) {
      count({ db, words: crew.words, number: crew.size }, Math.min(50, times - done));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await counted;
    const expected = String(times * (crew.size + 1));
    assert.equal(db.get("counter"), expected, "INCR");
    assert.equal(db.hget("hash", "counter"), expected, "HINCRBY");
    assert.equal(String(db.strlen("bytes")), expected, "APPEND");
    assert.equal(db.get("read and written"), expected, "a transaction");
    assert.equal(db.get("watched"), expected, "WATCH");
  });
}

// Queues

/** Pushes the numbers below `elements`, each with its producer's name. */
export function produce({ db, number }: Seat, elements: number): void {
  for (let i = 0; i < elements; i++) {
    // A long element now and then, which has a node of its own.
    const tail = i % 97 === 0 ? "-".repeat(9000) : "";
    db.rpush("queue", `${number}:${i}:${tail}`);
    if (i % 3 === 0) db.lpush("stack", `${number}:${i}`);
  }
}

/** Takes elements until there are none and nobody makes any: what it got from queue and stack. */
export function consume({ db, words }: Seat): [queue: string[], stack: string[]] {
  const queue: string[] = [];
  const stack: string[] = [];
  for (;;) {
    const isOver = isTold(words);
    const first = db.lpop("queue");
    if (first !== null) queue.push(first);
    const other = db.rpop("stack");
    if (other !== null) stack.push(other);
    if (isOver && first === null && other === null) return [queue, stack];
  }
}

/** Two producers and two consumers on one queue, and on one more at its other end. */
export async function passElements(elements: number): Promise<void> {
  await withCrew(4, async (crew, db) => {
    const producers = [0, 1].map((seat) => crew.give(seat, "produce", elements));
    const consumers = [2, 3].map((seat) => crew.give<[string[], string[]]>(seat, "consume"));
    await Promise.all(producers);
    crew.stop();
    const got = await Promise.all(consumers);
    for (const [index, total] of [elements, Math.ceil(elements / 3)].entries()) {
      const all = got.flatMap((each) => each[index] as string[]);
      assert.equal(all.length, 2 * total, "as many come out as went in");
      assert.equal(new Set(all).size, all.length, "each comes out once");
    }
    // One consumer meets the elements of one producer in the order in which they were made.
    for (const [queue] of got) {
      for (const producer of [0, 1]) {
        const mine = queue.filter((each) => each.startsWith(`${producer}:`));
        const numbers = mine.map((each) => Number(each.split(":")[1]));
        assert.ok(
          numbers.every((each, i) => i === 0 || each > (numbers[i - 1] as number)),
          "in the order of their producer",
        );
      }
    }
    assert.equal(db.exists("queue", "stack"), 0);
  });
}

// A bank

const ACCOUNTS = 20;
const MONEY = 1000;

class Refused extends Error {}

/** Moves money between accounts until told to stop; a transfer that would overdraw is undone. */
export function transfer({ db, words, number }: Seat, seed: number): number {
  const random = new Random().seed(seed, number);
  let transfers = 0;
  do {
    const from = random.below(ACCOUNTS);
    const to = random.below(ACCOUNTS);
    const amount = random.below(MONEY);
    try {
      db.transaction(() => {
        db.hincrby("accounts", `account ${to}`, amount);
        db.incrby(`account ${to}`, amount);
        const left = db.hincrby("accounts", `account ${from}`, -amount);
        db.decrby(`account ${from}`, amount);
        db.rpush("journal", `${from} to ${to}`);
        if (db.llen("journal") > 50) db.lpop("journal");
        if (left < 0) throw new Refused();
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    transfers++;
  } while (!isTold(words));
  return transfers;
}

/** Looks at all accounts until told to stop: nobody ever sees half a transfer. */
export function audit({ db, words }: Seat): number {
  const keys = Array.from({ length: ACCOUNTS }, (_, i) => `account ${i}`);
  let audits = 0;
  do {
    checkAccounts(db.hgetall("accounts"), "in one hash");
    checkAccounts(db.hmget("accounts", keys), "in one hash, by name");
    checkAccounts(db.mget(keys), "in a key each");
    assert.ok(db.llen("journal") <= 50, "nobody sees the journal while it is too long");
    audits++;
  } while (!isTold(words));
  return audits;
}

function checkAccounts(accounts: object, where: string): void {
  const amounts = Object.values(accounts).map(Number);
  assert.equal(amounts.length, ACCOUNTS, where);
  assert.ok(
    amounts.every((amount) => amount >= 0),
    `no account is overdrawn, ${where}: ${amounts}`,
  );
  assert.equal(sum(amounts), ACCOUNTS * MONEY, `the sum of all accounts ${where}`);
}

/** Two threads move money, and two look. */
export async function bank(seed: number, ms: number): Promise<string> {
  let said = "";
  await withCrew(4, async (crew, db) => {
    for (let i = 0; i < ACCOUNTS; i++) {
      db.hset("accounts", `account ${i}`, MONEY);
      db.set(`account ${i}`, MONEY);
    }
    const jobs = ["transfer", "transfer", "audit", "audit"] as const;
    const done = jobs.map((job, seat) => crew.give<number>(seat, job, seed));
    // Somebody who fails ends it: the rest would go on and on.
    const failed = Promise.all(done).catch(() => {});
    await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, ms))]);
    crew.stop();
    const counts = await Promise.all(done);
    checkAccounts(db.hgetall("accounts"), "in the end");
    said = `${sum(counts.slice(0, 2))} transfers, ${sum(counts.slice(2))} audits`;
  });
  return said;
}

// Values with a checksum

/** Lengths around the limits of blocks, spans and segments, and the ones between. */
const LENGTHS = [
  ...[1, 15, 16, 17, 63, 64, 200, 1000, 1024, 4095, 8191, 8192, 16_000, 40_000, 100_000],
  ...[300_000, 1_000_000, 3_000_000, 10_000_000],
];
const SLOTS = 6;
const HEADER = 12;

/** Bytes that say how many they are, from which seed, and what all of them add up to. */
function sealed(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(HEADER + length);
  const view = new DataView(bytes.buffer);
  let state = seed | 1;
  let sum = 0;
  for (let i = HEADER; i < bytes.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
    sum = (Math.imul(sum, 31) + (state >>> 24)) | 0;
  }
  view.setInt32(0, length);
  view.setInt32(4, seed);
  view.setInt32(8, sum);
  return bytes;
}

function checkSealed(bytes: Uint8Array, where: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  assert.equal(bytes.length, HEADER + view.getInt32(0), `${where}: the length it says`);
  let sum = 0;
  for (let i = HEADER; i < bytes.length; i++) sum = (Math.imul(sum, 31) + (bytes[i] as number)) | 0;
  assert.equal(sum, view.getInt32(8), `${where}: the checksum of ${bytes.length} bytes`);
}

/** Overwrites strings, elements and fields with values of all lengths until told to stop. */
export function overwrite({ db, words, number }: Seat, seed: number, lengthMax: number): number {
  const random = new Random().seed(seed, number);
  const lengths = LENGTHS.filter((length) => length <= lengthMax);
  let writes = 0;
  for (; !isTold(words); writes++) {
    const length = lengths[random.below(random.below(lengths.length) + 1)] as number;
    const value = sealed(length - random.below(Math.min(length, 8)), random.next32());
    const slot = random.below(SLOTS);
    switch (random.below(5)) {
      case 0:
        db.hset("fields", `slot ${slot}`, value);
        break;
      case 1:
        db.lpush("elements", value);
        db.ltrim("elements", 0, SLOTS - 1);
        break;
      case 2:
        db.del(`slot ${slot}`);
        break;
      default:
        db.set(`slot ${slot}`, value);
    }
  }
  return writes;
}

/** Reads them all the while: each is whole. */
export function inspect({ db, words, number }: Seat, seed: number): number {
  const random = new Random().seed(seed, number);
  let reads = 0;
  for (; !isTold(words); reads++) {
    const slot = random.below(SLOTS);
    switch (random.below(4)) {
      case 0: {
        const value = db.bytes.hget("fields", `slot ${slot}`);
        if (value !== null) checkSealed(value, "HGET");
        break;
      }
      case 1:
        for (const value of db.bytes.lrange("elements", 0, 2)) checkSealed(value, "LRANGE");
        break;
      case 2: {
        const value = db.bytes.lindex("elements", slot);
        if (value !== null) checkSealed(value, "LINDEX");
        break;
      }
      default: {
        const value = db.bytes.get(`slot ${slot}`);
        if (value !== null) checkSealed(value, "GET");
      }
    }
  }
  return reads;
}

/** Two threads overwrite values of up to so many bytes, and two read them. */
export async function values(seed: number, ms: number, lengthMax: number): Promise<string> {
  let said = "";
  await withCrew(4, async (crew) => {
    const jobs = ["overwrite", "overwrite", "inspect", "inspect"] as const;
    const done = jobs.map((job, seat) => crew.give<number>(seat, job, seed, lengthMax));
    const failed = Promise.all(done).catch(() => {});
    await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, ms))]);
    crew.stop();
    const counts = await Promise.all(done);
    said = `${sum(counts.slice(0, 2))} writes, ${sum(counts.slice(2))} reads`;
  });
  return said;
}
