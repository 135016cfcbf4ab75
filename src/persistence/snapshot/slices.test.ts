import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedPlatform } from "../../platform/simulated.ts";
import { type Slice, type SliceHost, Slices } from "./slices.ts";

/** A database whose turns take as long as a test says, and execute a command each, or none. */
class Turns implements SliceHost {
  readonly platform: SimulatedPlatform = new SimulatedPlatform(1);
  commands = 0;
  share = 0.25;
  /** How long slices were to be, and how much time there was for others. */
  readonly slices: number[] = [];
  othersMs = 0;

  slice: Slice = (ms) => {
    this.slices.push(ms);
    this.platform.pass(ms);
    return "more";
  };

  /** So many turns, in each of which others take `ms` for so many commands. */
  pass(turns: number, ms: number, commands: number): void {
    for (let i = 0; i < turns; i++) {
      this.platform.pass(ms);
      this.othersMs += ms;
      this.commands += commands;
      this.platform.turn();
    }
  }
}

test("while nobody is served slices grow to a millisecond, one in each turn", () => {
  const turns = new Turns();
  new Slices(turns, (ms) => turns.slice(ms));
  turns.pass(2, 3, 0);
  turns.pass(10, 0.01, 0);
  assert.equal(turns.slices.length, 12);
  assert.equal(Math.max(...turns.slices), 1);
  assert.equal(turns.slices.at(-1), 1);
});

test("while commands are executed the work takes a fifth of the time, in short slices", () => {
  const turns = new Turns();
  new Slices(turns, (ms) => turns.slice(ms));
  turns.pass(1000, 0.1, 3);
  const taken = turns.slices.reduce((a, b) => a + b);
  assert.ok(taken < 0.26 * turns.othersMs, `${taken} beside ${turns.othersMs}`);
  assert.ok(taken > 0.2 * turns.othersMs, `${taken} beside ${turns.othersMs}`);
  assert.ok(Math.max(...turns.slices) <= 0.3, `${Math.max(...turns.slices)}`);
});

test("long turns are followed by longer slices, of a millisecond at most", () => {
  const turns = new Turns();
  new Slices(turns, (ms) => turns.slice(ms));
  turns.pass(20, 2, 100);
  assert.equal(turns.slices.at(-1), 0.5);
  turns.pass(20, 20, 100);
  assert.equal(turns.slices.at(-1), 1);
});

test("where it is urgent the work takes the share that is asked for, in each turn", () => {
  const turns = new Turns();
  turns.share = 4;
  new Slices(turns, (ms) => turns.slice(ms));
  turns.pass(100, 0.5, 3);
  const taken = turns.slices.reduce((a, b) => a + b);
  assert.ok(taken > 3.9 * turns.othersMs, `${taken} beside ${turns.othersMs}`);
  turns.pass(20, 20, 100);
  assert.equal(Math.max(...turns.slices), 2.5);
  turns.share = 0.25;
  turns.pass(20, 20, 100);
  assert.equal(turns.slices.at(-1), 1);
});

test("a client that comes as soon as it has its reply meets short slices", () => {
  const turns = new Turns();
  new Slices(turns, (ms) => turns.slice(ms));
  for (let i = 0; i < 100; i++) {
    turns.pass(1, 0.05, 1);
    turns.pass(1, 0.05, 0);
  }
  assert.ok(Math.max(...turns.slices) <= 0.3);
});

test("work that has to wait looks again after a pause, and one that is over does not", () => {
  const turns = new Turns();
  let said: ReturnType<Slice> = "later";
  let calls = 0;
  const slices = new Slices(turns, () => {
    calls++;
    return said;
  });
  turns.platform.pass(5);
  turns.platform.turn();
  assert.equal(calls, 1);
  turns.pass(5, 0, 0);
  assert.equal(calls, 1);
  turns.platform.advance(1);
  assert.equal(calls, 2);
  said = "over";
  turns.platform.advance(10);
  assert.equal(calls, 3);
  slices.stop();
});

test("nothing follows a stop", () => {
  const turns = new Turns();
  const slices = new Slices(turns, (ms) => turns.slice(ms));
  turns.pass(1, 0.1, 1);
  assert.equal(turns.slices.length, 1);
  slices.stop();
  turns.platform.advance(100);
  assert.equal(turns.slices.length, 1);
});
