import assert from "node:assert/strict";
import { test } from "node:test";
import { ControlWord, State } from "../threads/control.ts";
import { open } from "./open.ts";

test("what a thread left that died in a write is shown to nobody: reads throw, too", () => {
  using db = open();
  db.hset("h", "f", "1");
  const { control } = db.share();
  control[ControlWord.state] = State.damaged;
  const refused = { name: "DatabaseError", code: "DAMAGED" };
  assert.throws(() => db.hget("h", "f"), refused);
  assert.throws(() => db.hgetall("h"), refused);
  assert.throws(() => db.hset("h", "f", "2"), refused);
  control[ControlWord.state] = State.shared;
  assert.equal(db.hget("h", "f"), "1");
});
