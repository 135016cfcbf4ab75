import assert from "node:assert/strict";
import { test } from "node:test";
import { stateWithLibraries } from "../lua/test-support.ts";
import { PIECES, warmUp } from "./warm-up.ts";

test("every piece is Lua", () => {
  for (const piece of PIECES) stateWithLibraries().load(piece, "=piece");
});

test("pieces are compiled in turns of their own, and come to an end", () => {
  const due: (() => void)[] = [];
  let turns = 0;
  warmUp({ monotonicMs: () => 0, setTimer: (_delayMs, step) => ({ count: due.push(step) }) });
  for (let step = due.pop(); step !== undefined; step = due.pop()) {
    assert.equal(due.length, 0);
    step();
    turns++;
    assert.ok(turns < 1000);
  }
  assert.ok(turns > PIECES.length);
});
