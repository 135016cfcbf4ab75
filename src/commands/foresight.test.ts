// What foresight hands on (hashes, and that a key repeats) must not show: random pipelines on few
// keys are executed with it and without, and must get the same replies.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes, latin1Text } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { ABSENT, FORESIGHT_DEPTH, Foresight } from "../keyspace/foresight.ts";
import { Arguments } from "../protocol/arguments.ts";
import { Parsed, RequestParser } from "../protocol/request-parser.ts";
import { hashesOf } from "../types/hashes.ts";
import { setsOf } from "../types/sets.ts";
import { START_MS, TestDatabase } from "./test-support.ts";

const FORMS = [
  "SET k v",
  "SET k v PX 5",
  "SET k v KEEPTTL",
  "APPEND k vvvvvvvvvvvvvvvvvvvvvvvvv",
  "GET k",
  "GETDEL k",
  "LPUSH k v v",
  "RPUSH k v",
  "LPOP k",
  "LMOVE k k LEFT RIGHT",
  "SADD k v",
  "SREM k v",
  "SISMEMBER k v",
  "ZADD k 1 v",
  "ZINCRBY k 2 v",
  "ZSCORE k v",
  "ZREM k v",
  "HSET k v v",
  "HDEL k v",
  "HGET k v",
  "DEL k",
  "DEL k k",
  "UNLINK k",
  "EXPIRE k 0",
  "PEXPIRE k 7",
  "PERSIST k",
  "TTL k",
  "RENAME k k",
  "COPY k k REPLACE",
  "MOVE k 1",
  "SWAPDB 0 1",
  "SELECT 0",
  "SELECT 1",
  "FLUSHDB",
  "FLUSHALL",
  "PING",
  "MULTI",
  "EXEC",
];

/** A side: a database, its client, and how it executes a pipeline. */
class Side {
  readonly database = new TestDatabase();
  readonly session = this.database.connect().session;
  readonly #parser = new RequestParser();
  readonly #requests = Array.from({ length: FORESIGHT_DEPTH }, () => new Arguments());
  readonly #foresight = new Foresight(this.database.keyspace);

  run(bytes: Uint8Array, foresees: boolean): string {
    const { executor, context } = this.database;
    const foresight = this.#foresight;
    let count = 0;
    for (let at = 0; at < bytes.length; at = this.#parser.next) {
      const found = this.#parser.parse(
        this.#requests[count++],
        bytes,
        at,
        bytes.length,
        true,
        null,
      );
      assert.equal(found, Parsed.request);
    }
    foresight.begin(bytes);
    foresight.db = this.session.db;
    for (const { starts, ends, count: words } of this.#requests.slice(0, count)) {
      const key = words > 1 ? starts[1] : ABSENT;
      foresight.add(key, ends[1], words > 2 ? starts[2] : ABSENT, ends[2]);
    }
    if (foresees) foresight.load();
    context.reply.length = 0;
    for (let i = 0; i < count; i++) {
      if (foresees) foresight.announce(i);
      executor.execute(this.session, this.#requests[i]);
    }
    foresight.end();
    return latin1Text(context.reply.bytes, 0, context.reply.length);
  }
}

function pipeline(random: Random): Uint8Array {
  const only = FORMS[random.below(FORMS.length)];
  let text = "";
  for (let n = 1 + random.below(FORESIGHT_DEPTH); n > 0; n--) {
    // Now and then the same command over and over: collections grow, and their tables with them.
    const form = random.below(3) === 0 ? only : FORMS[random.below(FORMS.length)];
    const words = form.split(" ").map((word) => {
      if (word === "k") return random.below(4) === 0 ? "other" : "key";
      return word === "v" ? `value-${random.below(400)}` : word;
    });
    text += `*${words.length}\r\n`;
    for (const word of words) text += `$${word.length}\r\n${word}\r\n`;
  }
  return asciiBytes(text);
}

test("pipelines get the same replies with and without foresight", () => {
  for (const seed of [1, 2, 3]) {
    const random = new Random().seed(seed, 0);
    const [seeing, blind] = [new Side(), new Side()];
    for (const side of [seeing, blind]) {
      // Tables early, so that members are foreseen too.
      setsOf(side.database).packedEntriesMax = 3;
      hashesOf(side.database).entriesMax = 3;
    }
    for (let step = 0; step < 4000; step++) {
      const bytes = pipeline(random);
      const replies = seeing.run(bytes, true);
      assert.equal(replies, blind.run(bytes, false), `seed ${seed}, step ${step}`);
      for (const { database } of [seeing, blind]) database.executor.setNow(START_MS + step);
      if (step % 64 === 0) seeing.database.keyspace.verify();
    }
  }
});
