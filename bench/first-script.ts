// The first EVAL of a script: CPU time of the server for a script of 10 KB that it has not seen,
// the first one of a server that has just started (cold), and the hundredth (warm). What the same
// server takes for such a request that runs a known script is taken off.

import { Client } from "./client.ts";
import { cpuBetween, cpuOf } from "./kernel.ts";
import { type Contender, serve, settle } from "./process.ts";
import { longScript } from "./script-tests.ts";
import { median } from "./statistics.ts";

const KNOWN = 200;

export interface FirstScriptRow {
  readonly id: string;
  /** From the request to its reply. */
  readonly coldMs: number;
  /** CPU time of the server, for each of many. */
  readonly warmCpuMs: number;
}

export async function measureFirstScript(
  contenders: readonly Contender[],
  rounds: number,
): Promise<FirstScriptRow[]> {
  const cold: number[][] = contenders.map(() => []);
  const warm: number[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const server = await serve(contender);
      const client = await Client.connect(server.port);
      await client.call("PING");
      await settle(server.pid);
      const first = longScript(0);
      const startedAt = performance.now();
      await client.call("EVAL", first, "0");
      cold[i].push(performance.now() - startedAt);
      const cpuMs = async (mark: (k: number) => number) => {
        const before = cpuOf(server.pid);
        for (let k = 1; k <= KNOWN; k++) await client.call("EVAL", longScript(mark(k)), "0");
        return cpuBetween(before, cpuOf(server.pid)) / 1e6 / KNOWN;
      };
      await cpuMs((k) => k);
      await settle(server.pid);
      const unknown = await cpuMs((k) => KNOWN + k);
      const known = await cpuMs((k) => KNOWN + k);
      warm[i].push(unknown - known);
      client.close();
      await server.stop();
    }
  }
  return contenders.map(({ id, label }, i) => {
    const row = { id, coldMs: median(cold[i]), warmCpuMs: median(warm[i]) };
    console.log(
      `  a script of 10 KB, ${label}: cold ${row.coldMs.toFixed(2)} ms, ` +
        `warm ${row.warmCpuMs.toFixed(2)} ms`,
    );
    return row;
  });
}
