// I/O threads: several workers serve the connections of one database, each its own, on one port
// among which the system shares connections out. The thread that has the database open serves none
// then: it starts them and stops them, has the configuration, and sees to what is done once a
// second.
//
//   start ─▶ the database is shared ─▶ workers attach ─▶ listen ─▶ all accept on the port
//
// They find one another by the database alone (threads/roster.ts).

import { DatabaseError } from "../base/database-error.ts";
import type { Database } from "../database.ts";
import type { Configuration } from "../host/configuration.ts";
import type { ProcessServices } from "../host/services.ts";
import {
  type Listener,
  type Platform,
  PlatformError,
  type SocketHandlers,
  type StartedWorker,
  type Timer,
} from "../platform/platform.ts";
import { pathOfUrl } from "../platform/urls.ts";
import { IO_THREADS_MAX } from "../threads/control.ts";
import type { SharedDatabase } from "../threads/handle.ts";
import type { IoThreadOrder, Said, Told } from "./io-thread.ts";
import { AllFigures, newSharedFigures, type SharedFigures } from "./thread-figures.ts";
import { newThreadWords, ThreadWord, threadWord } from "./thread-words.ts";
import { eachSecond, Upkeep } from "./upkeep.ts";

/** Threads that were told to stop are given so long to end, */
const STOP_MS = 10_000;
/** … and any that were told something to do it, while this one waits in place, */
const DONE_MS = 5000;
/** … and looks so often whether it is asked for something. */
const LOOK_MS = 1;

interface Thread {
  readonly worker: StartedWorker;
  readonly ended: Promise<void>;
}

interface Waiting {
  resolve(port: number): void;
  reject(error: unknown): void;
}

export class IoThreads {
  /** An I/O thread has ended by itself: a defect. */
  onError: (error: unknown) => void = (error) => {
    queueMicrotask(() => {
      throw error;
    });
  };
  onLogFailure: (failure: string | null) => void = () => {};
  onDamaged: (text: string) => void = () => {};
  onCutOff: (address: string, text: string, limit: string) => void = () => {};

  readonly #database: Database;
  readonly #services: ProcessServices;
  readonly #configuration: Configuration;
  readonly #count: number;
  readonly #upkeep: Upkeep;
  readonly #shared: SharedFigures;
  readonly #figures: AllFigures;
  readonly #words: Int32Array;
  /** Times that they were told something that is waited for. */
  #told = 0;
  readonly #threads: Thread[] = [];
  /** For each address that is waited for, by thread and number. */
  readonly #waiting: Map<string, Waiting> = new Map();
  #listeners = 0;
  #cron: Timer | undefined;
  #logFailure: string | null = null;
  #stopping: Promise<void> | undefined;

  /** Throws DatabaseError OPTIONS where this runtime, or this system, has no shared ports. */
  constructor(
    database: Database,
    services: ProcessServices,
    configuration: Configuration,
    count: number,
  ) {
    requireSharedPorts(database.platform);
    this.#database = database;
    this.#services = services;
    this.#configuration = configuration;
    this.#count = Math.min(count, IO_THREADS_MAX);
    this.#upkeep = new Upkeep(database, services);
    this.#shared = newSharedFigures(this.#count);
    this.#figures = new AllFigures(this.#shared);
    this.#words = newThreadWords(this.#count);
  }

  /** Starts the threads, on the database that `handle` hands over. */
  async start(handle: SharedDatabase): Promise<void> {
    const { platform, directoryLog: log } = this.#database;
    const module = entry(platform);
    this.#services.network.add(this.#figures);
    const begun: Promise<void>[] = [];
    for (let number = 0; number < this.#count; number++) {
      const order: IoThreadOrder = {
        number,
        database: handle,
        configuration: this.#configuration.contents,
        figures: this.#shared,
        words: this.#words,
      };
      begun.push(this.#begin(platform.startWorker(module, order), number));
    }
    try {
      await Promise.all(begun);
    } catch (error) {
      await this.stop();
      throw error;
    }
    if (log !== null) {
      const { onProgress } = log;
      log.onProgress = () => {
        onProgress?.();
        this.#lookAtLog();
      };
    }
    this.#cron = eachSecond(this.#database, this.#services, () => {
      this.#upkeep.everySecond(this.#figures);
      this.#lookAtLog();
    });
  }

  #lookAtLog(): void {
    const failure = this.#database.log?.failure ?? null;
    if (failure === this.#logFailure) return;
    this.#logFailure = failure;
    this.onLogFailure(failure);
  }

  #begin(worker: StartedWorker, number: number): Promise<void> {
    return new Promise((ready, failed) => {
      let isReady = false;
      let hasFailed = false;
      const fail = (error: unknown): void => {
        if (!isReady) failed(error);
        else if (this.#stopping === undefined && !hasFailed) this.onError(error);
        hasFailed = true;
      };
      const ended = new Promise<void>((resolve) => {
        worker.onExit((code) => {
          resolve();
          fail(new Error(`an I/O thread has ended with code ${code}`));
        });
      });
      worker.onError(fail);
      worker.onMessage((message) => {
        const said = message as Said;
        if (said.kind === "ready") {
          isReady = true;
          ready();
        } else this.#hear(number, said);
      });
      this.#threads.push({ worker, ended });
    });
  }

  #hear(thread: number, said: Exclude<Said, { kind: "ready" }>): void {
    if (said.kind === "message") this.#services.onMessage(said.text);
    else if (said.kind === "browser") this.#services.reportBrowser(said.address);
    else if (said.kind === "damaged") this.onDamaged(said.text);
    else if (said.kind === "cutOff") this.onCutOff(said.address, said.text, said.limit);
    else {
      const name = `${thread} ${said.id}`;
      const waiting = this.#waiting.get(name);
      this.#waiting.delete(name);
      if (said.kind === "listening") waiting?.resolve(said.port);
      else waiting?.reject(new PlatformError(said.code, "", said.text));
    }
  }

  #tell(told: Told): void {
    for (const { worker } of this.#threads) worker.post(told);
  }

  /** Has all of them listen at one more address; rejects with a PlatformError where that fails. */
  async listen(host: string, port: number): Promise<Listener> {
    const { platform } = this.#database;
    const chosen = await findPort(platform, host, port, this.#configuration.get("tcp-backlog"));
    const id = this.#listeners++;
    const all = this.#threads.map(
      (_, thread) =>
        new Promise<number>((resolve, reject) => {
          this.#waiting.set(`${thread} ${id}`, { resolve, reject });
        }),
    );
    this.#tell({ kind: "listen", id, host, port: chosen });
    const close = (): void => this.#tellAndWait({ kind: "unlisten", id });
    try {
      await Promise.all(all);
    } catch (error) {
      close();
      throw error;
    }
    if (this.#figures.port === 0) this.#figures.port = chosen;
    return { address: host, port: chosen, close };
  }

  /** Tells all, and waits in place until they have done it, or until that takes too long. */
  #tellAndWait(told: Told): void {
    this.#told++;
    this.#tell(told);
    const { member, platform } = this.#database;
    // They may need the lock.
    if (member === null || member.lock.held) return;
    const untilMs = platform.monotonicMs() + DONE_MS;
    for (let number = 0; number < this.#threads.length; number++) {
      const word = threadWord(number, ThreadWord.done);
      let done = Atomics.load(this.#words, word);
      while (done < this.#told && this.#isRunning(number) && platform.monotonicMs() < untilMs) {
        member.attend();
        Atomics.wait(this.#words, word, done, LOOK_MS);
        done = Atomics.load(this.#words, word);
      }
    }
  }

  #isRunning(number: number): boolean {
    const thread = Atomics.load(this.#words, threadWord(number, ThreadWord.thread));
    return this.#database.platform.isThreadRunning(thread);
  }

  /**
   * All stop: what they have been sent is in the log, and their clients get their replies. Returns
   * when they have left the database; settles when they have ended. `isLast`: the database ends,
   * too, so that scripts of theirs that take long are given up.
   */
  stop(isLast = false): Promise<void> {
    this.#stopping ??= this.#stop(isLast);
    return this.#stopping;
  }

  #stop(isLast: boolean): Promise<void> {
    const { platform } = this.#database;
    const { network } = this.#services;
    if (this.#cron !== undefined) platform.clearTimer(this.#cron);
    this.#tellAndWait({ kind: "stop", isLast });
    network.remove(this.#figures);
    return this.#ended();
  }

  async #ended(): Promise<void> {
    const { platform } = this.#database;
    const timer = platform.setTimer(STOP_MS, () => {
      for (const { worker } of this.#threads) worker.terminate();
    });
    await Promise.all(this.#threads.map(({ ended }) => ended));
    platform.clearTimer(timer);
  }
}

/** Where io-thread.ts is: beside this file, in the source as in the package. */
function entry(platform: Platform): URL {
  const here = import.meta.url;
  const module = new URL(here.endsWith(".ts") ? "./io-thread.ts" : "./io-thread.js", here);
  if (platform.exists(pathOfUrl(module.href))) return module;
  throw new DatabaseError(
    "THREAD",
    `${pathOfUrl(module.href)}, which I/O threads begin with, is not there: a bundler has taken ` +
      "this package apart. Leave it out of the bundle, or serve with one thread",
  );
}

function requireSharedPorts(platform: Platform): void {
  if (platform.canSharePort) return;
  throw new DatabaseError(
    "OPTIONS",
    "several threads can serve one port on Linux, with Bun or with Node 22.12, 23.1 or later; " +
      `this is ${platform.runtimeName} ${platform.runtimeVersion}: serve with one thread`,
  );
}

const deaf: SocketHandlers = {
  opened: (socket) => socket.destroy(),
  data: () => {},
  writable: () => {},
  ended: () => {},
  closed: () => {},
};

/**
 * The port, or a free one for 0. What listens there in any other way than our threads do, another
 * server of ours among it, is told by a PlatformError (EADDRINUSE): threads that share a port would
 * not notice.
 */
export async function findPort(
  platform: Platform,
  host: string,
  port: number,
  backlog: number,
): Promise<number> {
  const probe = await platform.listen({ host, port, backlog }, deaf);
  probe.close();
  return probe.port;
}
