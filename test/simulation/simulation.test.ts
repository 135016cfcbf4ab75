// The whole server on a simulated machine: many seeds find nothing, planted bugs are found, and a
// seed gives the same run twice. A minute of seeds with CI=true, else some seconds; more by hand
// with main.ts.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CANARIES } from "./canaries.ts";
import { describeFailure, simulate } from "./simulation.ts";

const BUDGET_MS = process.env.CI === "true" ? 60_000 : 8000;
const SEEDS_MIN = 20;
/** Within so many seeds each planted bug must be found. */
const CANARY_SEEDS_MAX = 300;
/** Each run searches elsewhere. */
const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 30);

describe("the simulation", () => {
  test("nothing acknowledged is lost, nothing is made up, every reply comes once", async (t) => {
    t.diagnostic(`TSKEYDB_SEED=${SEED}`);
    const startMs = Date.now();
    let seeds = 0;
    let commands = 0;
    let recoveries = 0;
    while (seeds < SEEDS_MIN || Date.now() - startMs < BUDGET_MS) {
      const outcome = await simulate(SEED + seeds++);
      if (outcome.failure !== undefined) assert.fail(describeFailure(outcome));
      commands += outcome.commands;
      recoveries += outcome.recoveries;
    }
    t.diagnostic(`${seeds} seeds, ${commands} commands, ${recoveries} recoveries`);
  });

  test("the same seed gives the same run, to the byte", async () => {
    const hashes = new Set<number>();
    for (let seed = SEED; seed < SEED + 4; seed++) {
      const one = await simulate(seed);
      const other = await simulate(seed);
      assert.equal(one.hash, other.hash, `seed ${seed}`);
      hashes.add(one.hash);
    }
    assert.equal(hashes.size, 4, "other seeds give other runs");
  });

  for (const canary of CANARIES) {
    test(`finds the planted bug: ${canary.name}`, async (t) => {
      for (let seed = SEED; seed < SEED + CANARY_SEEDS_MAX; seed++) {
        const { failure } = await simulate(seed, canary);
        if (failure === undefined) continue;
        const [message = ""] = failure.message.split("\n");
        t.diagnostic(
          `found by seed ${seed}, after ${seed - SEED} others: ${message.slice(0, 150)}`,
        );
        return;
      }
      assert.fail(`not found by ${CANARY_SEEDS_MAX} seeds from ${SEED} on`);
    });
  }
});
