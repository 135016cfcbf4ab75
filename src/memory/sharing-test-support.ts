// A second thread on a memory, for sharing.test.ts: it does what it is told, while the test waits,
// and knows the memory's segments from the memory alone.

import { parentPort, Worker, workerData } from "node:worker_threads";
import type { SharedSegments } from "./arenas.ts";
import { Memory, PLACE_BITS, PLACE_MASK } from "./memory.ts";

export interface Block {
  readonly ref: number;
  readonly bytes: number;
  readonly value: number;
}

export type Order =
  | { readonly free: readonly Block[] }
  | { readonly allocate: readonly number[]; readonly value: number }
  | { readonly check: readonly Block[] };

/** A block of at least `bytes` bytes, whose first and last ones are `value`, and some between. */
export function allocateFilled(memory: Memory, bytes: number, value: number): Block {
  const block = { ref: memory.allocate(bytes), bytes, value };
  for (const at of placesOf(block)) memory.u8[block.ref >>> PLACE_BITS][at] = value;
  return block;
}

/** Whether a block has the bytes that allocateFilled wrote. */
export function isFilled(memory: Memory, block: Block): boolean {
  const bytes = memory.u8[block.ref >>> PLACE_BITS];
  return placesOf(block).every((at) => bytes[at] === block.value);
}

const STEP = 8 * 1024;
const STEPS_MAX = 64;

function placesOf({ ref, bytes }: Block): number[] {
  if (bytes === 0) return [];
  const start = (ref & PLACE_MASK) << 3;
  const step = Math.max(STEP, Math.ceil(bytes / STEPS_MAX));
  const places = [start + bytes - 1];
  for (let at = 0; at < bytes; at += step) places.push(start + at);
  return places;
}

/** Does what is ordered; returns what was allocated. */
export function obey(memory: Memory, order: Order): Block[] {
  memory.refresh();
  let blocks: Block[] = [];
  if ("allocate" in order) {
    blocks = order.allocate.map((bytes) => allocateFilled(memory, bytes, order.value));
  }
  const held = "free" in order ? order.free : "check" in order ? order.check : blocks;
  for (const block of held) {
    if (!isFilled(memory, block)) throw new Error(`the block at ${block.ref} lost its bytes`);
  }
  if ("free" in order) for (const { ref } of order.free) memory.free(ref);
  memory.verify();
  return blocks;
}

/** The second thread, as the first one has it. */
export class Colleague {
  readonly #worker: Worker;

  constructor(shared: SharedSegments) {
    this.#worker = new Worker(new URL(import.meta.url), { workerData: { follow: shared } });
  }

  order(order: Order): Promise<Block[]> {
    return new Promise((resolve, reject) => {
      this.#worker.once("error", reject);
      this.#worker.once("message", (answer: Block[] | string) => {
        this.#worker.off("error", reject);
        if (typeof answer === "string") reject(new Error(answer));
        else resolve(answer);
      });
      this.#worker.postMessage(order);
    });
  }

  async leave(): Promise<void> {
    await this.#worker.terminate();
  }
}

const shared: SharedSegments | undefined = workerData?.follow;
if (shared !== undefined && parentPort !== null) {
  const port = parentPort;
  const memory = Memory.attach(shared);
  port.on("message", (order: Order) => {
    try {
      port.postMessage(obey(memory, order));
    } catch (error) {
      port.postMessage(String(error));
    }
  });
}
