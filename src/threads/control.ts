// The control block: what the threads on one database say to one another, in words that are
// accessed atomically. It is a shared buffer of its own, beside the segments; who attaches gets
// both. A thread that has attached is a member, and has a number; the owner's is 1.
//
//   words    0  the lock: 0: nobody's; else the number of the member that holds it (lock.ts)
//            1  sequence: grows with each time that somebody lets the lock go
//            2  a member that is to have it next, or 0
//           16  the owner's bell: grows when somebody has something for it
//           17  State             18  members that are attached, the owner among them
//           19  bytes of the roster (roster.ts)   20  how often it has been written anew
//           21  bytes beyond which that is to be done again
//           22  the number of the client that connected last
//           23  the log has made progress that the owner waits for
//           24  clients that are connected
//           25  news: grows when something is added to the roster, or to an inbox
//           26  workers that were doomed   64 … 127  the runtime's numbers of the last of them
//           27  what is done each second is paused
//           28  snapshots that threads have asked the owner for
//           29  bits of Left: of the script that was left   30  the member that runs it
//           31  how often scripts have been flushed         32  libraries of functions changed
//   then, for each member m, 32 words from 128 + 32 × m: MemberWord
//
// What each member changes often stands in a cache line of its own.

/** Members there can be at once. */
export const MEMBERS_MAX = 63;
export const OWNER = 1;
/** Threads that may serve for a database; places are left for its program's own. */
export const IO_THREADS_MAX: number = MEMBERS_MAX - 3;

export const ControlWord = {
  holder: 0,
  sequence: 1,
  next: 2,
  bell: 16,
  state: 17,
  members: 18,
  rosterBytes: 19,
  rosterAge: 20,
  rosterLong: 21,
  lastClient: 22,
  logProgress: 23,
  clients: 24,
  news: 25,
  doomedWorkers: 26,
  cronPaused: 27,
  snapshots: 28,
  script: 29,
  scriptMember: 30,
  scriptsAge: 31,
  librariesAge: 32,
} as const;

export const MemberWord = {
  state: 0,
  /** Its thread's number in the system; 0 where that is not known. */
  thread: 1,
  /** CallState, of what it asks of the owner (mailbox.ts). */
  call: 2,
  /** Bytes of what it asks, then of the reply. */
  bytes: 3,
  db: 4,
  protocol: 5,
  /** Inside: what it does with the lock. */
  inside: 6,
  /** The block that holds what it asks, or the reply, where that is long. */
  block: 8,
  /** The member that it asks. */
  callee: 9,
  /** Grows when something is put into its inbox (inbox.ts), whose ends are in the next two. */
  bell: 10,
  firstMessage: 11,
  lastMessage: 12,
  /** Bytes of the messages in it, and whether one has found no room. */
  messageBytes: 13,
  lostMessage: 21,
  /** Its thread's number in the runtime. */
  worker: 14,
  /** Doom: it is about to be terminated, and shall not take the lock any more. */
  doomed: 15,
  /** A word that it alone changes, see Lock.isSame. */
  own: 7,
  /** How much of the roster it has read (roster.ts), and of which age. */
  rosterBytes: 16,
  rosterAge: 17,
  /** Clients that are connected to it. */
  clients: 18,
  /** Bit 0: what it asks is for a client of another machine; bit 1: it is in an EXEC. */
  foreign: 19,
  /** The number of the command that it asks for. */
  command: 20,
  /** Bytes of the values of its scripts, and of its functions, as it has said last. */
  scriptBytes: 22,
  functionBytes: 23,
} as const;

/** What has become of a database that several threads may use. */
export const State = {
  /** Its owner is alone: it takes no lock yet. */
  alone: 0,
  shared: 1,
  /** The owner has closed it, or is gone. */
  closed: 2,
  /** A thread died in the middle of a write: what is in memory is not to be trusted. */
  damaged: 3,
  /** Its owner is about to share it. */
  preparing: 4,
} as const;

export const MemberState = { free: 0, attached: 1, claimed: 2 } as const;

/** What a member that holds the lock is doing: what its death would leave. */
export const Inside = {
  /** It has changed nothing. */
  nothing: 0,
  /** A transaction is open, and no call of it is being executed: its journal can be rolled back. */
  transaction: 1,
  /** It may be in the middle of a change. */
  change: 2,
} as const;

/** Of a member that is about to be terminated: whether it has come to rest, between two changes. */
export const Doom = { none: 0, told: 1, resting: 2 } as const;

const DOOMED_AT = 64;
const DOOMED_WORKERS = 64;
const MEMBERS_AT = DOOMED_AT + DOOMED_WORKERS;
const MEMBER_WORDS = 32;

export const MAILBOX_BYTES = 64 * 1024;

/** What members hand each other (mailbox.ts). */
export function newMailboxes(): SharedArrayBuffer {
  return new SharedArrayBuffer((MEMBERS_MAX + 1) * MAILBOX_BYTES);
}

export function newControl(): Int32Array {
  return new Int32Array(new SharedArrayBuffer((MEMBERS_AT + (MEMBERS_MAX + 1) * MEMBER_WORDS) * 4));
}

/** The place of a member's word. */
export function memberWord(member: number, word: number): number {
  return MEMBERS_AT + member * MEMBER_WORDS + word;
}

/** Wakes a member: something is there for it. */
export function ring(control: Int32Array, member: number): void {
  const bell = bellOf(member);
  Atomics.add(control, bell, 1);
  Atomics.notify(control, bell);
}

/** The place of a member's bell. */
export function bellOf(member: number): number {
  return member === OWNER ? ControlWord.bell : memberWord(member, MemberWord.bell);
}

/** A worker is about to be terminated, which may be about to attach. */
export function noteDoomed(control: Int32Array, worker: number): void {
  const count = Atomics.add(control, ControlWord.doomedWorkers, 1) >>> 0;
  Atomics.store(control, DOOMED_AT + (count % DOOMED_WORKERS), worker);
}

/** Whether a worker is one of the last that were about to be terminated. */
export function isNotedDoomed(control: Int32Array, worker: number): boolean {
  for (let i = 0; i < DOOMED_WORKERS; i++) {
    if (worker > 0 && Atomics.load(control, DOOMED_AT + i) === worker) return true;
  }
  return false;
}
