// Threads that end in the middle of whatever they do: reading, writing, in a transaction. Nobody
// else may be blocked by it or see anything half-done, nothing that was acknowledged may be lost,
// and every structure and the allocator's books must be sound after each death.
//
// A worker writes numbers that grow, and says in words that it shares with this thread which one
// has been acknowledged. After its death its keys hold that number, or the next one: the write that
// was under way may have happened. What a transaction writes is there for all its keys or for none.

import assert from "node:assert/strict";
import { Random } from "../../src/base/random.ts";
import type { Database } from "../../src/index.ts";
import { type Crew, FAR_MS, type Seat, ThreadEnded, Word, withCrew } from "./crew.ts";

const WORKERS = 3;
const ALIVE_MS_MAX = 30;

/** What a worker does until it dies. */
const KINDS = ["reads", "writes", "transactions", "structures"] as const;
type Kind = (typeof KINDS)[number];

const keysOf = (seat: number): [first: string, second: string] => [`a:${seat}`, `b:${seat}`];
/** Where a seat says what has been acknowledged. */
const acknowledged = (seat: number): number => Word.progress + 2 * seat;

/** Works until its thread is ended. */
export function strive({ db, words, number }: Seat, kind: Kind, seed: number): never {
  const random = new Random().seed(seed, number);
  const [first, second] = keysOf(number);
  for (let n = Number(db.get(first) ?? 0) + 1; ; n++) {
    if (kind === "reads") {
      read(db, random);
      n--;
      continue;
    }
    if (kind === "transactions" || n % 5 === 0) {
      db.transaction(() => {
        db.set(first, n);
        grow(db, random, number);
        db.set(second, n);
      });
    } else {
      if (kind === "structures") grow(db, random, number);
      db.mset(first, n, second, n);
    }
    Atomics.store(words, acknowledged(number), n);
  }
}

/** Changes that move much: tables that grow and shrink, lists and streams of several nodes. */
function grow(db: Database, random: Random, seat: number): void {
  const value = "v".repeat(random.below(300));
  switch (random.below(9)) {
    case 6:
      db.xadd("stream", { seat, value }, { maxlen: 300 });
      break;
    case 7:
      db.xreadgroup("group", `c${random.below(5)}`, { stream: ">" }, { count: 20 });
      for (const { id } of db.xpending("stream", "group", { count: 5 })) {
        db.xack("stream", "group", id);
      }
      break;
    case 8:
      db.hsetex(
        "fields",
        { [`f${random.below(400)}`]: value },
        {
          px: random.below(2) === 0 ? FAR_MS : 1 + random.below(50),
        },
      );
      db.hgetdel("fields", `f${random.below(400)}`);
      break;
    case 0:
      db.hset(`hash:${random.below(2)}`, `f${random.below(400)}`, value);
      break;
    case 1:
      db.hdel(`hash:${random.below(2)}`, `f${random.below(400)}`, `f${random.below(400)}`);
      break;
    case 2:
      db.rpush(`list:${random.below(2)}`, value, value);
      break;
    case 3:
      if (db.llen("list:0") > 300) db.ltrim("list:0", 0, 20);
      db.linsert("list:1", "BEFORE", value, `${seat}`);
      db.lpop("list:1");
      break;
    case 4:
      db.sadd("set", random.below(500), random.below(500));
      db.srem("set", random.below(500));
      break;
    default:
      if (random.below(20) === 0) db.set(`long:${seat}`, "x".repeat(random.below(200_000)));
      db.expire(`long:${seat}`, 1 + random.below(3));
  }
}

function read(db: Database, random: Random): void {
  const other = random.below(WORKERS);
  const [first, second] = db.mget(keysOf(other));
  assert.equal(first, second, "what is written together is seen together");
  db.hgetall(`hash:${random.below(2)}`);
  db.lrange(`list:${random.below(2)}`, 0, -1);
  db.smembers("set");
  for (const { id, fields } of db.xrange("stream", "-", "+")) {
    assert.deepEqual(Object.keys(fields), ["seat", "value"], id);
  }
}

/** After a death: its keys hold what was acknowledged, or what came next, and agree. */
function checkLeft(db: Database, words: Int32Array, seat: number): void {
  const [first, second] = db.mget(keysOf(seat));
  assert.equal(first, second, `the keys of seat ${seat}`);
  const last = Atomics.load(words, acknowledged(seat));
  const held = Number(first ?? 0);
  assert.ok(held === last || held === last + 1, `acknowledged ${last}, and there is ${held}`);
  Atomics.store(words, acknowledged(seat), held); // for whoever comes next
}

/** Ends one thread after the other at random moments, for so long. */
export async function dieTogether(seed: number, ms: number): Promise<string> {
  const random = new Random().seed(seed);
  const counts = new Map<Kind, number>();
  await withCrew(WORKERS, async (crew, db) => {
    db.xgroup("create", "stream", "group", 0, { mkstream: true });
    const kinds: Kind[] = [];
    const begin = (seat: number): void => {
      const kind = KINDS[random.below(KINDS.length)] as Kind;
      kinds[seat] = kind;
      void outlive(crew, seat, kind, random.next32());
    };
    for (let seat = 0; seat < WORKERS; seat++) begin(seat);
    const endMs = Date.now() + ms;
    while (Date.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, random.below(ALIVE_MS_MAX)));
      const seat = random.below(WORKERS);
      await crew.kill(seat);
      checkLeft(db, crew.words, seat);
      db.verify();
      counts.set(kinds[seat] as Kind, (counts.get(kinds[seat] as Kind) ?? 0) + 1);
      crew.hire(seat);
      await crew.give(seat, "ready");
      begin(seat);
    }
    for (let seat = 0; seat < WORKERS; seat++) await crew.kill(seat);
  });
  return [...counts].map(([kind, count]) => `${count} in ${kind}`).join(", ");
}

/** A thread that ends by itself has found something: that ends the process. */
async function outlive(crew: Crew, seat: number, kind: Kind, seed: number): Promise<void> {
  try {
    await crew.give(seat, "strive", kind, seed);
  } catch (error) {
    if (error instanceof ThreadEnded) return;
    console.log(`deaths failed: seat ${seat}, ${kind}: ${error}`);
    process.exit(1);
  }
}
