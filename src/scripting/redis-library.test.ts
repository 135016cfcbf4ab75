import assert from "node:assert/strict";
import { test } from "node:test";
import { stateWithLibraries } from "../lua/test-support.ts";
import { RunStatus } from "../lua/thread.ts";
import { redisLibrary } from "./redis-library.ts";

test("sums of long texts take their time of a run", () => {
  const state = stateWithLibraries();
  const nobody = {
    call: () => 0,
    mayCall: () => true,
    setProtocol() {},
    setPropagation() {},
    log() {},
  };
  state.globals.setString("redis", redisLibrary(state, nobody));
  const source = "local s = ('x'):rep(1e5) for i = 1, 9 do redis.sha1hex(s) end return 'end'";
  state.start(state.load(source, "@script"));
  let pauses = 0;
  while (state.run(10_000) === RunStatus.paused) pauses++;
  assert.ok(pauses >= 8, `left ${pauses} times`);
  assert.deepEqual(state.results(), ["end"]);
});
