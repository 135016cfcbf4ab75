// What must hold when several threads use one database, on Node and on Bun: main.ts runs each test
// for a second or two here, for longer with CI=true, and for as long as one likes by hand.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { endWithUs, PROJECT, RUNTIMES, type Runtime } from "../support/servers.ts";

const isThorough = process.env.CI === "true";
const SECONDS = isThorough ? 8 : 1.5;
const SOAK_SECONDS = isThorough ? 15 : 2;
/** What takes so much longer than it should hangs. */
const DEADLINE_MS = 60_000;
/** Each run searches elsewhere. */
const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 30);

const WORKS: Readonly<Record<string, string>> = {
  counters: "no update is lost",
  queues: "each element of a queue comes out once, in its producer's order",
  bank: "nobody sees half a transaction, or one that is rolled back",
  values: "every value that is read is one that was written, whole",
  soak: "any commands at once leave every structure sound",
  deaths: "a thread may end at any moment: nobody is blocked, nothing is half done or lost",
  histories: "what random commands reply is linearizable",
};

/** Runs main.ts in a process of its own, which is ended if it hangs. */
function run(runtime: Runtime, work: string): Promise<{ code: number | null; text: string }> {
  const main = join(PROJECT, "test", "threads", "main.ts");
  const seconds = work === "soak" ? SOAK_SECONDS : SECONDS;
  const flags = ["--work", work, "--seconds", String(seconds), "--from", String(SEED)];
  const args = [join(PROJECT, "scripts", "run.js"), runtime, main, ...flags];
  const child = endWithUs(spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] }));
  let text = "";
  child.stdout?.on("data", (chunk) => {
    text += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(
      () => {
        text += `${work} hangs\n`;
        child.kill("SIGKILL");
      },
      seconds * 1000 + DEADLINE_MS,
    );
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(deadline);
      resolve({ code, text });
    });
  });
}

for (const runtime of RUNTIMES) {
  describe(`threads on ${runtime}`, () => {
    for (const [work, fact] of Object.entries(WORKS)) {
      test(fact, async (t) => {
        const { code, text } = await run(runtime, work);
        t.diagnostic(text.trim().split("\n").at(-1) ?? "");
        assert.equal(code, 0, text);
      });
    }
  });
}
