import { test } from "node:test";
import { fuzzSnapshots } from "./snapshot.fuzz.ts";

const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 30);

test("a snapshot holds what there was at its moment, whatever is done meanwhile", () => {
  const seeds = process.env.CI === "true" ? 30 : 6;
  for (let i = 0; i < seeds; i++) fuzzSnapshots(SEED + i, 10);
});
