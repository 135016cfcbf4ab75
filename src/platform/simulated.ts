// A simulated world for tests: a clock that stands still until it is told to move
// (simulated-clock.ts), a disk in memory that can lose power, fill up and fail (simulated-disk.ts),
// and a network between sockets of the same process (simulated-network.ts). All of it follows from
// one seed, so that a run that found something can be run again.

import { type FunctionMaker, functionMaker } from "./generated-code.ts";
import {
  type ConnectOptions,
  type CpuTimes,
  type ExitHandlers,
  type Listener,
  type ListenOptions,
  type Platform,
  PlatformError,
  type Signal,
  type SocketHandlers,
} from "./platform.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedNetwork, type SimulatedSocket } from "./simulated-network.ts";

/** Thrown by `exit`, which cannot end a process that runs tests. */
export class SimulatedExit extends Error {
  override readonly name = "SimulatedExit";
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

export class SimulatedPlatform extends SimulatedDisk implements Platform {
  readonly canSharePort = false;
  readonly runtimeName = "simulated";
  readonly runtimeVersion = "1.0.0";
  readonly systemName = "Simulation 1.0 none";
  readonly program = "/tskeydb";
  readonly commandLine: readonly string[] = [];
  readonly currentDirectory = "/";
  /** Everything printed, to either stream. */
  printed = "";

  readonly #network = new SimulatedNetwork(this);
  readonly #signalled: { signal: Signal; callback: () => void }[] = [];
  isExiting = false;
  #exiting: ExitHandlers[] = [];

  listen(options: ListenOptions, handlers: SocketHandlers): Promise<Listener> {
    return this.#network.listen(options, handlers);
  }

  connect(
    options: ConnectOptions,
    handlers: SocketHandlers,
    failed: (error: PlatformError) => void,
  ): () => void {
    return this.#network.connect(options, handlers, failed);
  }

  /** Connects to a listener of this platform; both ends are told in a later turn. */
  dial(port: number, handlers: SocketHandlers): SimulatedSocket {
    return this.#network.dial(port, handlers);
  }

  /**
   * The process is killed: open files, timers, sockets and locks are gone, and what it had written
   * is there, synced or not, for the kernel has it.
   */
  kill(): void {
    this.forgetFiles();
    this.#forgetProcess();
  }

  /**
   * The power goes: open files, timers, sockets and locks are gone, and of the disk only what had
   * reached it is there. The clock goes on from where it was.
   */
  crash(): void {
    this.loseUnsynced();
    this.#forgetProcess();
  }

  #forgetProcess(): void {
    this.forgetEvents();
    this.#network.stopListening();
    this.#signalled.length = 0;
    this.#exiting = [];
    this.isExiting = false;
  }

  randomInto(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++) bytes[at] = this.random(256);
  }

  environment(): string | undefined {
    return undefined;
  }

  residentBytes(): number {
    return 64 << 20;
  }

  totalMemoryBytes(): number {
    return 8 * 2 ** 30;
  }

  cpuTimes(): CpuTimes {
    const userUs = Math.floor(this.monotonicMs() * 100);
    return { userUs, systemUs: userUs };
  }
  threadCpuTimes(): CpuTimes {
    return this.cpuTimes();
  }
  openFilesMax(): number {
    return Number.POSITIVE_INFINITY;
  }
  collectGarbage(): void {}

  stayAwake(): () => void {
    return () => {};
  }

  onSignal(signal: Signal, callback: () => void): () => void {
    const entry = { signal, callback };
    this.#signalled.push(entry);
    return () => {
      const index = this.#signalled.indexOf(entry);
      if (index >= 0) this.#signalled.splice(index, 1);
    };
  }

  /** Sends the process a signal, which arrives in a later turn. */
  signal(signal: Signal): void {
    this.setTimer(0, () => {
      for (const entry of this.#signalled.slice()) if (entry.signal === signal) entry.callback();
    });
  }

  onExit(handlers: ExitHandlers): () => void {
    this.#exiting.push(handlers);
    return () => {
      this.#exiting = this.#exiting.filter((other) => other !== handlers);
    };
  }

  exit(code: number): never {
    this.isExiting = true;
    for (const handlers of this.#exiting) handlers.begun();
    for (const handlers of this.#exiting) handlers.ending(false);
    throw new SimulatedExit(code);
  }

  readonly loadsInOrder = false;

  threadNumber(): number {
    return 0;
  }
  workerNumber(): number {
    return 0;
  }
  isThreadRunning(): boolean {
    return true;
  }
  startWorker(): never {
    throw new PlatformError("ENOSYS", "worker", "the simulated machine has one thread");
  }
  parentThread(): never {
    return this.startWorker();
  }
  onWorker(): () => void {
    return () => {};
  }
  tellWorkers(): void {}
  toldByParent(): unknown {
    return undefined;
  }

  readInput(): string {
    return "";
  }
  print(text: string): void {
    this.printed += text;
  }

  printError(text: string): void {
    this.printed += text;
  }

  readonly hasTerminal = false;

  get makeFunction(): FunctionMaker | null {
    return functionMaker();
  }
}
