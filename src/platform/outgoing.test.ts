// A connection to another server, on a simulated network.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Outgoing, type OutgoingOwner } from "./outgoing.ts";
import type { Socket } from "./platform.ts";
import { SimulatedPlatform } from "./simulated.ts";

const PORT = 7000;

class Scene {
  readonly platform: SimulatedPlatform;
  readonly log: string[] = [];
  readonly sockets: Socket[] = [];
  received = 0;
  gone = 0;
  sum = 0;

  constructor(seed = 1) {
    this.platform = new SimulatedPlatform(seed);
  }

  async listen(): Promise<void> {
    await this.platform.listen(
      { host: "h", port: PORT, backlog: 5 },
      {
        opened: (socket) => void this.sockets.push(socket),
        data: (_, bytes, length) => {
          for (let i = 0; i < length; i++) this.sum = (this.sum * 31 + bytes[i]) | 0;
          this.received += length;
        },
        writable() {},
        ended: (socket) => socket.end(),
        closed: () => void this.gone++,
      },
    );
  }

  get owner(): OutgoingOwner {
    return {
      opened: () => void this.log.push("opened"),
      received: () => {},
      sent: () => void this.log.push("sent"),
      ended: (stage, { code }) => void this.log.push(`${stage} ${code}`),
    };
  }

  open(port = PORT): Outgoing {
    const outgoing = new Outgoing(this.platform, { host: "h", port, timeoutMs: 100 }, this.owner);
    this.platform.advance(10);
    return outgoing;
  }

  /** What has happened since it was asked last. */
  happened(): string[] {
    return this.log.splice(0);
  }
}

test("everything that is sent arrives, in order, however little is taken at a time", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const scene = new Scene(seed);
    await scene.listen();
    const outgoing = scene.open();
    assert.deepEqual(scene.happened(), ["opened"]);
    let expected = 0;
    let total = 0;
    for (const length of [10, 300_000, 1, 0, 2_500_000, 77]) {
      const bytes = new Uint8Array(length + 2);
      for (let i = 1; i <= length; i++) {
        bytes[i] = i * 13 + length;
        expected = (expected * 31 + bytes[i]) | 0;
      }
      outgoing.send(bytes, 1, length + 1);
      total += length;
    }
    for (let ms = 0; ms < 60_000 && scene.received < total; ms++) scene.platform.advance(1);
    assert.equal(scene.received, total);
    assert.equal(scene.sum, expected);
    assert.equal(outgoing.unsentBytes, 0);
    assert.equal(scene.happened().at(-1), "sent");
    outgoing.close();
    scene.platform.advance(50);
    assert.equal(scene.gone, 1);
    assert.deepEqual(scene.happened(), [], "who closes it is not told");
  }
});

test("it ends once: where nobody listens, closes, answers or reads", async () => {
  const scene = new Scene();
  await scene.listen();
  scene.open(PORT + 1);
  assert.deepEqual(scene.happened(), ["connecting ECONNREFUSED"]);

  scene.open();
  scene.sockets[0].end();
  scene.platform.advance(50);
  assert.deepEqual(scene.happened(), ["opened", "reading ECONNRESET"]);

  const silent = scene.open();
  silent.limit(500);
  scene.platform.advance(400);
  scene.sockets[1].write(new Uint8Array(3), 0, 3);
  scene.platform.advance(400);
  assert.equal(silent.isOver, false);
  scene.platform.advance(200);
  assert.deepEqual(scene.happened(), ["opened", "reading ETIMEDOUT"]);

  const stuck = scene.open();
  scene.sockets[2].pause();
  stuck.limit(500);
  stuck.send(new Uint8Array(500_000), 0, 500_000);
  scene.platform.advance(1000);
  assert.deepEqual(scene.happened(), ["opened", "writing ETIMEDOUT"]);
  assert.equal(stuck.isOpen, false);

  const resting = scene.open();
  resting.limit(500);
  resting.limit(0);
  scene.platform.advance(5000);
  assert.deepEqual(scene.happened(), ["opened"]);
  resting.close();
  resting.close();
});
