import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import { Session } from "./session.ts";
import { WaitQueue } from "./wait-queue.ts";

function sessions(count: number): Session[] {
  return Array.from({ length: count }, (_, i) => new Session(i + 1, 0));
}

test("sessions stand in the order in which they came, whoever left", () => {
  const random = new Random().seed(3);
  const all = sessions(40);
  const queue = new WaitQueue();
  const model = new Set<Session>();
  for (let step = 0; step < 5000; step++) {
    const session = all[random.below(all.length)];
    if (random.below(2) === 0) {
      queue.add(session);
      model.add(session);
    } else {
      queue.delete(session);
      model.delete(session);
    }
    assert.equal(queue.size, model.size);
    if (step % 10 === 0) assert.deepEqual([...queue], [...model]);
  }
});

test("a walk goes on behind whoever leaves meanwhile, one or several", () => {
  const all = sessions(6);
  const [a, b, c, d, e, f] = all;
  const queue = new WaitQueue();
  for (const session of all) queue.add(session);
  const met: Session[] = [];
  for (const session of queue) {
    met.push(session);
    if (session === b) for (const each of [b, c, d]) queue.delete(each);
    if (session === f) queue.delete(f);
  }
  assert.deepEqual(met, [a, b, e, f]);
  assert.deepEqual([...queue], [a, e]);
  queue.add(b);
  queue.add(a);
  assert.deepEqual([...queue], [a, e, b]);
});
