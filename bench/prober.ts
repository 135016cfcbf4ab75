// Witnesses, each in a worker thread of its own, told to stop by a word in shared memory.
//
// The prober holds one connection and sends a PING a millisecond after each reply; the time to the
// reply is what any client would have waited, queueing behind other clients' requests included. On
// few cores a part of it is nobody's but the machine's: the kernel counts for each thread how long
// it wanted a core and had none (schedstat), so where the prober is told the server's process, it
// takes what prober and server had to wait for a core, and what it computed itself, from the time.
// What is left is of the server's own making, its work and its waits for the disk.
// The sleeper asks the kernel to wake it each millisecond and notes how late that was: what the
// machine itself held up, whatever the server did.
// The weigher adds up, twice a second, the memory of a process and of those that it has forked, each
// page of physical memory once.

import { closeSync, openSync, readSync } from "node:fs";
import { connect } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { familyBytes } from "./kernel.ts";

export interface Pauses {
  readonly probes: number;
  readonly longestMs: number;
  /** The longest without what the machine held up; as longestMs, where that is not known. */
  readonly longestOwnMs: number;
  /** The longest ones, longest first, with the time since the start. */
  readonly worst: readonly { readonly ms: number; readonly atMs: number }[];
  /** Start, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** What the weigher saw, at most. */
  readonly bytesMax: number;
}

interface Order {
  readonly kind: "prober" | "sleeper" | "weigher";
  readonly port: number;
  /** The server's process; 0: it is not told. */
  readonly pid: number;
  readonly stop: SharedArrayBuffer;
}

/** Starts a witness; the function returned stops it and gives what it saw. */
export async function witness(
  kind: Order["kind"],
  port: number,
  pid = 0,
): Promise<() => Promise<Pauses>> {
  const stop = new SharedArrayBuffer(4);
  const workerData: Order = { kind, port, pid, stop };
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
  bytesMax = 0;
  #probes = 0;
  #longestOwnMs = 0;
  #worst: { ms: number; atMs: number }[] = [];

  note(ms: number, ownMs = ms): void {
    this.#probes++;
    this.#longestOwnMs = Math.max(this.#longestOwnMs, ownMs);
    if (this.#worst.length === 8 && ms <= this.#worst[7].ms) return;
    this.#worst.push({ ms, atMs: performance.now() - this.#started });
    this.#worst.sort((a, b) => b.ms - a.ms);
    this.#worst.length = Math.min(this.#worst.length, 8);
  }

  result(): Pauses {
    return {
      probes: this.#probes,
      longestMs: this.#worst[0]?.ms ?? 0,
      longestOwnMs: this.#longestOwnMs,
      worst: this.#worst,
      startedAt: this.startedAt,
      bytesMax: this.bytesMax,
    };
  }
}

/** Shorter waits than this are nobody's longest. */
const WORTH_EXPLAINING_MS = 1;
const text = Buffer.alloc(128);

/** Milliseconds that a thread has computed, and waited for a core, as the kernel counts them. */
class Schedule {
  computedMs = 0;
  waitedMs = 0;
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "r");
  }

  look(): void {
    const length = readSync(this.#file, text, 0, text.length, 0);
    const [computed, waited] = text.toString("latin1", 0, length).split(" ");
    this.computedMs = Number(computed) / 1e6;
    this.waitedMs = Number(waited) / 1e6;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** What the machine, and the prober itself, took of the time since begin(). */
class Others {
  readonly #mine = new Schedule("/proc/thread-self/schedstat");
  readonly #server: Schedule;
  #before = 0;

  constructor(pid: number) {
    this.#server = new Schedule(`/proc/${pid}/schedstat`);
  }

  #sum(): number {
    this.#mine.look();
    this.#server.look();
    return this.#mine.computedMs + this.#mine.waitedMs + this.#server.waitedMs;
  }

  begin(): void {
    this.#before = this.#sum();
  }

  get ms(): number {
    return this.#sum() - this.#before;
  }

  close(): void {
    this.#mine.close();
    this.#server.close();
  }
}

function probe(order: Order): void {
  const flag = new Int32Array(order.stop);
  const record = new Record();
  const others = order.pid === 0 ? null : new Others(order.pid);
  const socket = connect({ port: order.port, host: "127.0.0.1", noDelay: true });
  let sentAt = 0;
  const ping = () => {
    others?.begin();
    sentAt = performance.now();
    socket.write("*1\r\n$4\r\nPING\r\n");
  };
  socket.once("connect", () => {
    parentPort?.postMessage("ready");
    ping();
  });
  socket.on("data", () => {
    const ms = performance.now() - sentAt;
    const isLong = others !== null && ms > WORTH_EXPLAINING_MS;
    record.note(ms, isLong ? Math.max(0, ms - others.ms) : ms);
    if (Atomics.load(flag, 0) === 0) {
      setTimeout(ping, 1);
    } else {
      socket.destroy();
      others?.close();
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

const WEIGHING_PAUSE_MS = 500;

function weigh(order: Order): void {
  const flag = new Int32Array(order.stop);
  const record = new Record();
  parentPort?.postMessage("ready");
  while (Atomics.load(flag, 0) === 0) {
    record.bytesMax = Math.max(record.bytesMax, familyBytes(order.pid));
    Atomics.wait(flag, 0, 0, WEIGHING_PAUSE_MS);
  }
  parentPort?.postMessage(record.result());
}

if (!isMainThread) {
  const order = workerData as Order;
  if (order.kind === "prober") probe(order);
  else if (order.kind === "weigher") weigh(order);
  else sleepLightly(order);
}
