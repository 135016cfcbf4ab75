import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { Outbox, openGate } from "./outbox.ts";
import { Outlet } from "./outlet.ts";

/** An outlet whose socket takes everything. */
class Collector extends Outlet {
  text = "";

  constructor(platform: SimulatedPlatform) {
    const socket = {
      write: (bytes: Uint8Array, start: number, end: number): number => {
        this.text += new TextDecoder("latin1").decode(bytes.subarray(start, end));
        return end - start;
      },
    };
    super(socket as never, platform);
  }

  relieved(): void {}
}

// The ranges of a turn are kept in arrays of 64, 128, 256 … places, which longer ones replace.
for (const outlets of [2, 3, 63, 64, 65, 128, 300]) {
  test(`every range reaches its outlet, in order, with ${outlets} outlets in a turn`, () => {
    const platform = new SimulatedPlatform(outlets);
    const outbox = new Outbox(platform, { bytes: new Uint8Array(0), length: 0 }, openGate);
    const all = Array.from({ length: outlets }, () => new Collector(platform));
    const expected = all.map(() => "");
    for (let round = 0; round < 600; round++) {
      // Neighbours in turn, so that hardly any two ranges can be joined.
      const at = round % outlets;
      const bytes = new TextEncoder().encode(`${at}.${round} `);
      outbox.deliver(all[at], bytes, 0, bytes.length);
      expected[at] += `${at}.${round} `;
    }
    outbox.flush();
    assert.deepEqual(
      all.map(({ text }) => text),
      expected,
    );
    assert.ok(all.every(({ waitingBytes }) => waitingBytes === 0));
  });
}
