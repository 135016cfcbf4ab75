// What an I/O thread says in words that the thread which has started it looks at while it waits in
// place, when its event loop hears no messages. Each thread has a cache line of its own.

export const ThreadWord = {
  /** How often it has done what it was told and is waited for. */
  done: 0,
  /** Its number in the system, or 0. */
  thread: 1,
} as const;

const WORDS = 32;

export function newThreadWords(threads: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(threads * WORDS * Int32Array.BYTES_PER_ELEMENT));
}

/** The place of a thread's word. */
export function threadWord(thread: number, word: number): number {
  return thread * WORDS + word;
}
