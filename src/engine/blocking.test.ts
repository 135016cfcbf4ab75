import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes } from "../base/bytes.ts";
import { Arguments } from "../protocol/arguments.ts";
import { Blocking } from "./blocking.ts";
import { keyName } from "./key-names.ts";
import { Session, type Waiting } from "./session.ts";

const KEYS = ["", "a", "b", "ab", "ba", "aba", "aaa", "key:1", "key:2", "key:12", "x".repeat(900)];

function waitingFor(hearsAll: boolean, keys: readonly string[]): Waiting {
  return {
    wait: { wakes: () => true, hearsAll, denied() {}, timedOut() {} },
    command: undefined as never,
    args: new Arguments(),
    names: keys.map((key) => keyName(3, asciiBytes(key), 0, key.length)),
    cancelTimer: undefined,
  };
}

/** Keys of which a change is noted. */
function noted(blocking: Blocking, db = 3): string[] {
  return KEYS.filter((key) => {
    const bytes = asciiBytes(`..${key}..`);
    blocking.noteChange(db, bytes, 2, 2 + key.length);
    if (!blocking.pending) return false;
    assert.equal(blocking.takeReady()[0], keyName(db, bytes, 2, 2 + key.length));
    return true;
  });
}

test("changes are noted of keys of which somebody wants to hear them all, and no others", () => {
  const blocking = new Blocking();
  const [a, b, c] = [1, 2, 3].map((id) => new Session(id, 0));
  blocking.enter(c, waitingFor(false, KEYS));
  assert.deepEqual([blocking.hearsAll, noted(blocking)], [false, []]);
  blocking.enter(a, waitingFor(true, ["ab", "", "key:12", "ab"]));
  blocking.enter(b, waitingFor(true, ["ab", KEYS[10]]));
  assert.equal(blocking.hearsAll, true);
  assert.deepEqual(noted(blocking), ["", "ab", "key:12", KEYS[10]]);
  assert.deepEqual(noted(blocking, 4), []);
  blocking.take(a);
  assert.deepEqual(noted(blocking), ["ab", KEYS[10]]);
  assert.equal(blocking.takeAll().size, 2);
  assert.deepEqual([blocking.hearsAll, noted(blocking)], [false, []]);
  for (const key of KEYS)
    blocking.enter(key === "a" ? a : new Session(9, 0), waitingFor(true, [key]));
  assert.deepEqual(noted(blocking), KEYS);
  blocking.take(a);
  assert.deepEqual(
    noted(blocking),
    KEYS.filter((key) => key !== "a"),
  );
});
