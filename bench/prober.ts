// Two witnesses of pauses, each in a worker thread of its own, told to stop by a message.
//
// The prober holds one connection and sends a PING a millisecond after each reply; the time to the
// reply is what any client would have waited, queueing behind other clients' requests included.
// The sleeper asks the kernel to wake it each millisecond and notes how late that was: what the
// machine itself held up, whatever the server did.

import { connect } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

export interface Pauses {
  readonly probes: number;
  readonly longestMs: number;
  /** The longest ones, longest first, with the time since the start. */
  readonly worst: readonly { readonly ms: number; readonly atMs: number }[];
  /** Start, in milliseconds since the epoch. */
  readonly startedAt: number;
}

interface Order {
  readonly kind: "prober" | "sleeper";
  readonly port: number;
  readonly stop: SharedArrayBuffer;
}

/** Starts a witness; the function returned stops it and gives what it saw. */
export async function witness(kind: Order["kind"], port: number): Promise<() => Promise<Pauses>> {
  const stop = new SharedArrayBuffer(4);
  const workerData: Order = { kind, port, stop };
  const worker = new Worker(new URL(import.meta.url), { workerData });
  const next = <T>() =>
    new Promise<T>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
  await next();
  return async () => {
    const result = next<Pauses>();
    Atomics.store(new Int32Array(stop), 0, 1);
    Atomics.notify(new Int32Array(stop), 0);
    const pauses = await result;
    await worker.terminate();
    return pauses;
  };
}

class Record {
  readonly startedAt = performance.timeOrigin + performance.now();
  readonly #started = performance.now();
  #probes = 0;
  #worst: { ms: number; atMs: number }[] = [];

  note(ms: number): void {
    this.#probes++;
    if (this.#worst.length === 8 && ms <= this.#worst[7].ms) return;
    this.#worst.push({ ms, atMs: performance.now() - this.#started });
    this.#worst.sort((a, b) => b.ms - a.ms);
    this.#worst.length = Math.min(this.#worst.length, 8);
  }

  result(): Pauses {
    return {
      probes: this.#probes,
      longestMs: this.#worst[0]?.ms ?? 0,
      worst: this.#worst,
      startedAt: this.startedAt,
    };
  }
}

function probe(order: Order): void {
  const flag = new Int32Array(order.stop);
  const record = new Record();
  const socket = connect({ port: order.port, host: "127.0.0.1", noDelay: true });
  let sentAt = 0;
  const ping = () => {
    sentAt = performance.now();
    socket.write("*1\r\n$4\r\nPING\r\n");
  };
  socket.once("connect", () => {
    parentPort?.postMessage("ready");
    ping();
  });
  socket.on("data", () => {
    record.note(performance.now() - sentAt);
    if (Atomics.load(flag, 0) === 0) {
      setTimeout(ping, 1);
    } else {
      socket.destroy();
      parentPort?.postMessage(record.result());
    }
  });
}

function sleepLightly(order: Order): void {
  const flag = new Int32Array(order.stop);
  const record = new Record();
  parentPort?.postMessage("ready");
  while (Atomics.load(flag, 0) === 0) {
    const before = performance.now();
    Atomics.wait(flag, 0, 0, 1);
    record.note(performance.now() - before - 1);
  }
  parentPort?.postMessage(record.result());
}

if (!isMainThread) {
  const order = workerData as Order;
  if (order.kind === "prober") probe(order);
  else sleepLightly(order);
}
