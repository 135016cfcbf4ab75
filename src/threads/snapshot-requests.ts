// Snapshots that other threads ask for. The thread that opened the database takes them; who asks
// does so by way of that one's inbox, and hears by way of its own how far it has come and how it
// ended. The owner may end without a word, or be refused the lock from then on: who asks looks now
// and then whether an answer can still come.
//
//   snapshot   id: the request's number   a: i32 the member that asks   b: the path
//   progress   id                         a: f64 written, f64 entries
//   ended      id                         b: why it has failed, or nothing

import { utf8Bytes, utf8Text } from "../base/bytes.ts";
import type {
  BackgroundSaves,
  SnapshotProgress,
} from "../persistence/snapshot/background-saves.ts";
import type { SnapshotOutcome } from "../persistence/snapshot/file-snapshot.ts";
import type { Clock } from "../platform/platform.ts";
import { ControlWord, OWNER } from "./control.ts";
import { Post } from "./inbox.ts";
import type { Member } from "./member.ts";

/** Who asks is told no more often than this. */
const PROGRESS_MS = 100;
/** Who has asked looks so often whether the owner is still there. */
const LOOK_MS = 100;

interface Asked {
  readonly progress: SnapshotProgress;
  readonly done: SnapshotOutcome;
}

export class SnapshotRequests {
  readonly #member: Member;
  /** Does something under the lock. */
  readonly #turn: (work: () => void) => void;
  readonly #saves: BackgroundSaves | null;
  readonly #platform: Pick<Clock, "monotonicMs" | "setTimer">;
  readonly #asked: Map<number, Asked> = new Map();
  #isLooking = false;

  /** @param saves takes the snapshots; null where this thread has not opened the database */
  constructor(
    member: Member,
    platform: Pick<Clock, "monotonicMs" | "setTimer">,
    turn: (work: () => void) => void,
    saves: BackgroundSaves | null,
  ) {
    this.#member = member;
    this.#platform = platform;
    this.#turn = turn;
    this.#saves = saves;
  }

  /** Has the thread that opened the database take one. REQUIRES: the lock. */
  ask(path: string, progress: SnapshotProgress, done: SnapshotOutcome): void {
    const member = this.#member;
    const { whyUnanswered } = member;
    if (whyUnanswered !== undefined) return done(whyUnanswered);
    // Counted for all members: this one's number may have been that of one that has died waiting.
    const id = Atomics.add(member.control, ControlWord.snapshots, 1) >>> 0;
    this.#asked.set(id, { progress, done });
    const number = new Uint8Array(Int32Array.of(member.number).buffer);
    const bytes = utf8Bytes(path);
    member.inboxOf(OWNER).put(Post.snapshot, id, number, bytes, 0, bytes.length);
    if (!this.#isLooking) this.#lookLater();
  }

  #lookLater(): void {
    this.#isLooking = true;
    this.#platform.setTimer(LOOK_MS, () => {
      this.#isLooking = false;
      if (this.#asked.size === 0) return;
      const { whyUnanswered } = this.#member;
      if (whyUnanswered === undefined) this.#lookLater();
      else this.close(whyUnanswered);
    });
  }

  /** Takes what has come from another thread. */
  take(kind: number, id: number, a: Uint8Array, b: Uint8Array): void {
    const text = utf8Text(b, 0, b.length);
    if (kind === Post.snapshot) return this.#carryOut(id, new Int32Array(a.buffer)[0], text);
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    if (kind === Post.snapshotProgress) {
      const [written, entries] = new Float64Array(a.buffer);
      asked.progress(written, entries);
      return;
    }
    this.#asked.delete(id);
    asked.done(text === "" ? undefined : text);
  }

  #carryOut(id: number, member: number, path: string): void {
    const post = (kind: number, a: Uint8Array, b: Uint8Array): void =>
      this.#turn(() => this.#member.inboxOf(member).put(kind, id, a, b, 0, b.length));
    const nothing = new Uint8Array(0);
    let toldMs = Number.NEGATIVE_INFINITY;
    const progress = (written: number, entries: number): void => {
      const nowMs = this.#platform.monotonicMs();
      if (nowMs - toldMs < PROGRESS_MS) return;
      toldMs = nowMs;
      post(
        Post.snapshotProgress,
        new Uint8Array(Float64Array.of(written, entries).buffer),
        nothing,
      );
    };
    const done = (failure: string | undefined): void =>
      post(Post.snapshotEnded, nothing, utf8Bytes(failure ?? ""));
    this.#saves?.snapshot(path, progress, done);
  }

  /** Nothing will come any more. */
  close(why: string): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { done } of asked) done(why);
  }
}
