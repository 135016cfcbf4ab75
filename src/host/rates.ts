// Figures by the second: taken from counters about once a second.

import type { Executor } from "../engine/executor.ts";
import type { Clock } from "../platform/platform.ts";
import type { NetworkFigures } from "./network-figures.ts";

/** How often the figures are taken. */
const SAMPLE_MS = 1000;

export class Rates {
  commandsPerSecond = 0;
  inputKilobytesPerSecond = 0;
  outputKilobytesPerSecond = 0;
  /** Milliseconds that memory was above maxmemory, until the last time that it was not. */
  exceededMs = 0;
  /** Milliseconds that it has been since, 0 while it is not. */
  exceedingMs = 0;

  #sampledMs = 0;
  #commands = 0;
  #received = 0;
  #sent = 0;

  /** To be called about once a second. */
  sample(clock: Clock, executor: Executor, network: NetworkFigures): void {
    const nowMs = clock.monotonicMs();
    const passedMs = this.#sampledMs === 0 ? 0 : nowMs - this.#sampledMs;
    const seconds = passedMs / SAMPLE_MS;
    const { commands } = executor.statistics;
    const { bytesReceived, bytesSent } = network;
    if (seconds > 0) {
      this.commandsPerSecond = Math.round(Math.max(0, commands - this.#commands) / seconds);
      this.inputKilobytesPerSecond = (bytesReceived - this.#received) / 1024 / seconds;
      this.outputKilobytesPerSecond = (bytesSent - this.#sent) / 1024 / seconds;
    }
    this.#noteMemory(executor, passedMs);
    this.#sampledMs = nowMs;
    this.#commands = commands;
    this.#received = bytesReceived;
    this.#sent = bytesSent;
  }

  #noteMemory(executor: Executor, passedMs: number): void {
    const { bytes } = executor.memoryLimit;
    if (bytes > 0 && executor.keyspace.memory.usedBytes > bytes) {
      this.exceedingMs += Math.max(passedMs, 1);
    } else {
      this.exceededMs += this.exceedingMs;
      this.exceedingMs = 0;
    }
  }

  /** The counters begin anew. */
  reset(): void {
    this.#commands = 0;
    this.#received = 0;
    this.#sent = 0;
    this.exceededMs = 0;
  }
}
