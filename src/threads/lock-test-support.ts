// A thread that writes two words under the lock, again and again, for lock.test.ts: whoever reads
// them without it must never see one of them changed and the other not.

import { Worker, workerData } from "node:worker_threads";
import { newControl } from "./control.ts";
import { Lock, type LockEnvironment } from "./lock.ts";

/** Words that both threads have. */
export const Word = { first: 0, second: 32, stop: 64, writes: 96 } as const;
const WORDS = 128;

export interface Shared {
  readonly control: Int32Array;
  readonly words: Int32Array;
}

export function newShared(): Shared {
  return { control: newControl(), words: new Int32Array(new SharedArrayBuffer(WORDS * 4)) };
}

export const quiet: LockEnvironment = {
  loadsInOrder: false,
  monotonicMs: () => performance.now(),
  isAlive: () => true,
  entered: () => {},
  leaving: () => {},
  refused: () => {},
  onDeath: () => {},
  waiting: () => {},
};

export function startWriter(shared: Shared): Worker {
  return new Worker(new URL(import.meta.url), { workerData: { writes: shared } });
}

const shared: Shared | undefined = workerData?.writes;
if (shared !== undefined) {
  const { control, words } = shared;
  const lock = new Lock(control, 2, quiet);
  while (Atomics.load(words, Word.stop) === 0) {
    lock.enter();
    words[Word.first]++;
    words[Word.second]++;
    words[Word.writes]++;
    lock.leave();
  }
}
