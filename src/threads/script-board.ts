// The board of scripts: what the threads on one database tell one another of them, in words of the
// control block. A script that takes long is left by the thread that runs it, which lets the lock
// go; from then on whoever takes it sees that something is half way (Lock.isHalfWay), answers BUSY
// or waits, and may have it killed. What is known of scripts and functions is kept by the owner:
//
//   note       a text that this thread has compiled, into the owner's inbox   (Post.script)
//   source     a digest ─▶ the owner ─▶ its text, or nothing
//   libraries  ─▶ the owner ─▶ what its program registered, each followed by \0, then for each
//              library the number of its bytes, \0, and those
//   running    2 or 3 ─▶ the thread that runs the script ─▶ what FUNCTION STATS says of it

import { asciiBytes, latin1Text, writeLatin1 } from "../base/bytes.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import {
  Left,
  type ScriptBoard,
  type ScriptMemory,
  type SharedLibraries,
} from "../scripting/left-script.ts";
import type { Scripting } from "../scripting/scripting.ts";
import {
  ControlWord,
  MEMBERS_MAX,
  MemberState,
  MemberWord,
  memberWord,
  OWNER,
  ring,
} from "./control.ts";
import { Post } from "./inbox.ts";
import type { Member } from "./member.ts";

/** What is asked beside commands; see Desk.answerAside. */
const Aside = { source: -2, libraries: -3, running: -4 } as const;

/** Who waits in place for another thread's script looks so often. */
const LOOK_MS = 1;
/** … and so many times until it looks whether that thread is still there. */
const LOOKS = 200;

export class Board implements ScriptBoard {
  readonly #member: Member;
  #looks = 0;

  constructor(member: Member, scripting: Scripting) {
    this.#member = member;
    this.report({ scripts: 0, functions: 0 });
    member.answerAside = (asked, args) => {
      const word = latin1Text(args.bytes, args.starts[0], args.ends[0]);
      if (asked === Aside.running) return runningOf(scripting, word === "3" ? 3 : 2);
      if (asked === Aside.libraries) return librariesOf(scripting);
      return bytesOf(scripting.cache.find(word)?.source ?? "");
    };
  }

  get state(): number {
    return this.#member.control[ControlWord.script];
  }

  get isOwn(): boolean {
    return this.#member.control[ControlWord.scriptMember] === this.#member.number;
  }

  write(state: number): void {
    const { control, lock, number } = this.#member;
    const before = this.state;
    if (before === 0) control[ControlWord.scriptMember] = number;
    Atomics.store(control, ControlWord.script, state);
    Atomics.notify(control, ControlWord.script);
    lock.isHalfWay = state !== 0;
    this.#member.spread();
    // Others' clients wait for one of these, and the script itself for its end.
    const isHeard = Left.told | Left.killed | Left.parked;
    if (((before ^ state) & isHeard) !== 0 && before !== 0) this.#ringAll();
  }

  #ringAll(): void {
    const { control, number } = this.#member;
    for (let each = OWNER; each <= MEMBERS_MAX; each++) {
      const state = control[memberWord(each, MemberWord.state)];
      const isThere = each === OWNER || state === MemberState.attached;
      if (isThere && each !== number) ring(control, each);
    }
  }

  wait(state: number): void {
    const member = this.#member;
    const { control } = member;
    member.attend();
    Atomics.wait(control, ControlWord.script, state, LOOK_MS);
    if (++this.#looks % LOOKS > 0) return;
    const runner = control[ControlWord.scriptMember];
    if (member.isAlive(runner) || !member.tryEnter()) return;
    this.scriptDied(runner);
    member.lock.leave();
  }

  /**
   * A member has gone. What its script, if it was left, has written is half of what it was to
   * write. REQUIRES: the lock.
   */
  scriptDied(runner: number): void {
    if (this.state === 0 || this.#member.control[ControlWord.scriptMember] !== runner) return;
    if ((this.state & Left.hasWritten) !== 0) this.#member.markDamaged();
    this.write(0);
  }

  report({ scripts, functions }: ScriptMemory): void {
    const { control, number } = this.#member;
    Atomics.store(control, memberWord(number, MemberWord.scriptBytes), scripts);
    Atomics.store(control, memberWord(number, MemberWord.functionBytes), functions);
  }

  get memoryElsewhere(): ScriptMemory {
    const { control, number } = this.#member;
    let [scripts, functions] = [0, 0];
    for (let each = OWNER; each <= MEMBERS_MAX; each++) {
      const isThere = control[memberWord(each, MemberWord.state)] === MemberState.attached;
      if (!isThere || each === number) continue;
      scripts += control[memberWord(each, MemberWord.scriptBytes)];
      functions += control[memberWord(each, MemberWord.functionBytes)];
    }
    return { scripts, functions };
  }

  get scriptsAge(): number {
    return this.#member.control[ControlWord.scriptsAge];
  }

  get librariesAge(): number {
    return this.#member.control[ControlWord.librariesAge];
  }

  flushed(): void {
    this.#member.control[ControlWord.scriptsAge]++;
    this.#member.spread();
  }

  changedLibraries(): void {
    this.#member.control[ControlWord.librariesAge]++;
    this.#member.spread();
  }

  note(source: string): void {
    const bytes = bytesOf(source);
    this.#member.inboxOf(OWNER).put(Post.script, 0, undefined, bytes, 0, bytes.length);
  }

  source(digest: string): string | undefined {
    const reply = this.#ask(OWNER, Aside.source, digest);
    if (reply === undefined || reply.length === 0) return undefined;
    return latin1Text(reply, 0, reply.length);
  }

  libraries(): SharedLibraries {
    const reply = this.#ask(OWNER, Aside.libraries, "");
    const registered: string[] = [];
    const codes: string[] = [];
    if (reply === undefined) return { registered, codes };
    let at = 0;
    const word = (): string => {
      const end = reply.indexOf(0, at);
      const text = latin1Text(reply, at, end);
      at = end + 1;
      return text;
    };
    for (let left = Number(word()); left > 0; left--) registered.push(word());
    while (at < reply.length) {
      const length = Number(word());
      codes.push(latin1Text(reply, at, at + length));
      at += length;
    }
    return { registered, codes };
  }

  running(protocol: 2 | 3): Uint8Array | undefined {
    const runner = this.#member.control[ControlWord.scriptMember];
    return this.#ask(runner, Aside.running, String(protocol));
  }

  #ask(member: number, asked: number, word: string): Uint8Array | undefined {
    return this.#member.askAside(member, asked, [asciiBytes(word)]);
  }
}

function runningOf({ runner }: Scripting, protocol: 2 | 3): Uint8Array {
  const reply = new ReplyWriter();
  reply.protocol = protocol;
  runner.describe(reply);
  return reply.bytes.slice(0, reply.length);
}

/** What Board.libraries reads. */
function librariesOf({ functions }: Scripting): Uint8Array {
  const { registeredNames, codes } = functions;
  let text = `${registeredNames.length}\0`;
  for (const name of registeredNames) text += `${name}\0`;
  for (const code of codes) text += `${code.length}\0${code}`;
  return bytesOf(text);
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeLatin1(text, bytes, 0);
  return bytes;
}
