// The roster: what all threads have to know of one another's clients. Who waits for which keys, in
// the order in which they began to; who is subscribed to what; which directives were set. With it
// each thread serves whoever waits in the turn of its own write, and reaches every subscriber.
//
// It is a list of entries in a shared buffer. Who has the lock appends; each member reads what is
// new as soon as it has the lock, before anything else, and keeps it in objects of its own: others'
// sessions that wait stand in its queues beside its own (Blocking), others' subscriptions are
// counted (Subscribers).
//
//   entry   0 u32 bytes of the entry   4 u32 Kind   8 u32 member   12 u32 session
//          16 u32 flags   20 u32 database   24 u32 command   28 u32 words of it   32 u32 texts
//          36 u32 bytes of each text, then the texts, up to a multiple of 4
//
// A list that has grown long is written anew by who appends to it: only what is still so. Its age
// grows then, and members that had not read all of the old one read the new from its beginning. So
// it is never longer than twice what is so, or ROSTER_BYTES_LONG, whoever does not come to it.
//
// What is so takes at most half of the longest buffer there can be: who is to wait, or to be
// subscribed, beyond that is refused before (hasRoom).

import { assert } from "../base/assert.ts";
import { asciiBytes, copyBytes, latin1Text, utf8Bytes, utf8Text } from "../base/bytes.ts";
import { halfDone } from "../base/half-done.ts";
import type { Blocking, WaitWitness } from "../engine/blocking.ts";
import type { CommandTable } from "../engine/command-table.ts";
import { keyName, keyOf } from "../engine/key-names.ts";
import { Gate, Session, type Waiting } from "../engine/session.ts";
import { type PubSubRegistry, Topic } from "../engine/subscriptions.ts";
import type { Wait } from "../engine/wait.ts";
import { Arguments } from "../protocol/arguments.ts";
import { ControlWord, MEMBERS_MAX, MemberWord, memberWord } from "./control.ts";
import type { Inbox } from "./inbox.ts";
import { RemoteLink } from "./remote-link.ts";
import { Subscribers } from "./subscribers.ts";

/** What an entry says of its member. */
const Kind = {
  /** A session waits: texts are its words, then the keys. */
  waits: 1,
  waitsNoMore: 2,
  /** It has `flags` subscriptions more, or less, to the name in the text; `database`: Topic. */
  subscribed: 3,
  /** It has gone, with its sessions. */
  gone: 4,
  /** A directive was set: its name, and its value. */
  set: 5,
} as const;

/** Of a session that waits. */
const Flag = { resp3: 1, silent: 2, noTouch: 4, timed: 8, servable: 16 } as const;

export const ROSTER_BYTES_MAX: number = 1 << 30;
/** The texts of one entry take at most this part of the longest buffer. */
const TEXTS_PART = 1 / 16;
const ROSTER_BYTES_LONG = 1 << 20;
const HEADER_WORDS = 9;

/** For what does not come by a key: only the session's own thread knows when it has come. */
const unknownWait: Wait = {
  wakes: () => false,
  hearsAll: false,
  denied: () => {},
  timedOut: () => {},
};
/** Its time is kept by its own thread. */
const timedElsewhere = (): void => {};

/** A member, as the roster knows it. */
export interface RosterMember {
  readonly number: number;
  readonly control: Int32Array;
  inboxOf(member: number): Inbox;
  /** The session of one of its own clients. */
  session(id: number): Session | undefined;
  /** A directive was set by another thread. */
  configured(name: string, value: string): void;
}

/** What a thread keeps of the clients of all. */
export interface Clientele {
  readonly blocking: Blocking;
  readonly pubsub: PubSubRegistry;
  readonly table: CommandTable;
}

/** Own sessions that wait, while the roster is read anew. */
type Own = ReadonlyMap<number, readonly [Session, Waiting]>;
const NOBODY: Own = new Map();

export class Roster implements WaitWitness {
  readonly #member: RosterMember;
  readonly #blocking: Blocking;
  readonly #pubsub: PubSubRegistry;
  readonly #table: CommandTable;
  readonly #control: Int32Array;
  readonly #bytesWord: number;
  readonly #ageWord: number;
  readonly #buffer: SharedArrayBuffer;
  readonly #subscribers: Subscribers;
  readonly #directives: Map<string, string> = new Map();
  /** Sessions of other threads that wait, for each member by their numbers. */
  readonly #remote: Map<number, Session>[] = Array.from(
    { length: MEMBERS_MAX + 1 },
    () => new Map(),
  );
  #bytes: Uint8Array;
  #words: Uint32Array;

  /** REQUIRES: the lock, or that no other thread is there yet. */
  constructor(member: RosterMember, buffer: SharedArrayBuffer, clientele: Clientele) {
    const { number, control } = member;
    const { blocking, pubsub } = clientele;
    this.#member = member;
    this.#blocking = blocking;
    this.#pubsub = pubsub;
    this.#table = clientele.table;
    this.#control = control;
    this.#bytesWord = memberWord(number, MemberWord.rosterBytes);
    this.#ageWord = memberWord(number, MemberWord.rosterAge);
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer, 0, buffer.byteLength);
    this.#words = new Uint32Array(buffer, 0, buffer.byteLength >> 2);
    this.#subscribers = new Subscribers((each) => member.inboxOf(each));
    this.#readFrom(0, this.#end, NOBODY);
    this.#mark();
    // Whoever had the number before may not have taken leave.
    this.gone(number);
    this.#writeOwn();
    blocking.witness = this;
    pubsub.elsewhere = this.#subscribers;
    pubsub.hasRoom = (bytes, names) => this.hasRoom(bytes, names);
    pubsub.witness = (topic, name, change) => {
      this.#writeSubscription(number, topic, name, change);
      this.#shorten();
    };
  }

  get #end(): number {
    return this.#control[ControlWord.rosterBytes];
  }

  /** Everything has been read. */
  #mark(): void {
    this.#control[this.#bytesWord] = this.#control[ControlWord.rosterBytes];
    this.#control[this.#ageWord] = this.#control[ControlWord.rosterAge];
  }

  // Reading. All that follows requires the lock.

  /** Reads what is new. */
  read(): void {
    const control = this.#control;
    const start = control[this.#bytesWord];
    const isOfAge = control[this.#ageWord] === control[ControlWord.rosterAge];
    if (isOfAge && start === control[ControlWord.rosterBytes]) return;
    if (isOfAge) this.#readFrom(start, this.#end, NOBODY);
    else this.#readAnew();
    this.#mark();
  }

  /** What stands there takes the place of what was known. */
  #readAnew(): void {
    const own: Map<number, readonly [Session, Waiting]> = new Map();
    for (const [session, waiting] of this.#blocking.takeAll()) {
      if (!(session.link instanceof RemoteLink)) own.set(session.id, [session, waiting]);
    }
    this.#subscribers.clear();
    for (const sessions of this.#remote) sessions.clear();
    this.#readFrom(0, this.#end, own);
    // Who does not stand there any more was served by another thread.
    for (const [session, waiting] of own.values()) {
      if (session.waiting !== null) continue;
      waiting.cancelTimer?.();
      session.setGate(Gate.skipping, false);
    }
  }

  #readFrom(start: number, end: number, own: Own): void {
    try {
      this.#readEntries(start, end, own);
    } catch (error) {
      throw halfDone(error); // it knows only a part of what others rely on
    }
  }

  #readEntries(start: number, end: number, own: Own): void {
    this.#view(end);
    const words = this.#words;
    const { number } = this.#member;
    for (let at = start; at < end; at += words[at >> 2]) {
      const w = at >> 2;
      const member = words[w + 2];
      if (member === number) this.#readOwn(w, own);
      else this.#readOther(w, member);
    }
  }

  /** An entry on this member: its own of before, or what another thread has done to a session. */
  #readOwn(w: number, own: Own): void {
    const kind = this.#words[w + 1];
    const id = this.#words[w + 3];
    if (kind === Kind.waits) {
      const waits = own.get(id);
      if (waits !== undefined) this.#blocking.enter(...waits);
    } else if (kind === Kind.waitsNoMore) {
      const session = own.get(id)?.[0] ?? this.#member.session(id);
      if (session === undefined || session.waiting === null) return;
      this.#blocking.take(session);
      session.setGate(Gate.skipping, false);
    } else if (kind === Kind.set) {
      this.#readDirective(w, false);
    }
  }

  #readOther(w: number, member: number): void {
    const words = this.#words;
    const kind = words[w + 1];
    if (kind === Kind.waits) this.#enter(w, member);
    else if (kind === Kind.waitsNoMore) this.#take(member, words[w + 3]);
    else if (kind === Kind.gone) this.#forget(member);
    else if (kind === Kind.set) this.#readDirective(w, true);
    else {
      const [name] = this.#texts(w) as [Uint8Array];
      const text = latin1Text(name, 0, name.length);
      this.#subscribers.change(member, words[w + 5], text, words[w + 4] | 0);
    }
  }

  #readDirective(w: number, isNews: boolean): void {
    const [nameBytes, valueBytes] = this.#texts(w) as [Uint8Array, Uint8Array];
    const name = utf8Text(nameBytes, 0, nameBytes.length);
    const value = utf8Text(valueBytes, 0, valueBytes.length);
    const isOther = this.#directives.get(name) !== value;
    this.#directives.set(name, value);
    if (isNews && isOther) this.#member.configured(name, value);
  }

  /** Copies of the texts of the entry at word w. */
  #texts(w: number): Uint8Array[] {
    const words = this.#words;
    const count = words[w + 8];
    let at = (w + HEADER_WORDS + count) << 2;
    const texts: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const length = words[w + HEADER_WORDS + i];
      texts.push(this.#bytes.slice(at, at + length));
      at += length;
    }
    return texts;
  }

  /** A session of another member waits. */
  #enter(w: number, member: number): void {
    const words = this.#words;
    const [id, flags, db] = [words[w + 3], words[w + 4], words[w + 5]];
    const command = this.#table.all[words[w + 6]];
    const texts = this.#texts(w);
    const args = new Arguments(Math.max(1, words[w + 7]));
    args.fill(texts.slice(0, words[w + 7]));
    const link = new RemoteLink(member, id, this.#member.inboxOf(member));
    const session = new Session(id, 0, link);
    session.db = db;
    session.protocol = (flags & Flag.resp3) === 0 ? 2 : 3;
    session.setGate(Gate.silent, (flags & Flag.silent) !== 0);
    session.noTouch = (flags & Flag.noTouch) !== 0;
    const isServable = (flags & Flag.servable) !== 0;
    this.#remote[member]?.set(id, session);
    this.#blocking.enter(session, {
      wait: (isServable ? command?.entry.wait : undefined) ?? unknownWait,
      command,
      args,
      names: texts.slice(words[w + 7]).map((key) => keyName(db, key, 0, key.length)),
      cancelTimer: (flags & Flag.timed) === 0 ? undefined : timedElsewhere,
      unblock: isServable ? undefined : (withError) => link.unblock(withError),
    });
  }

  #take(member: number, id: number): void {
    const session = this.#remote[member]?.get(id);
    if (session === undefined) return;
    this.#remote[member]?.delete(id);
    this.#blocking.take(session);
  }

  #forget(member: number): void {
    for (const session of this.#remote[member]?.values() ?? []) this.#blocking.take(session);
    this.#remote[member]?.clear();
    this.#subscribers.forget(member);
  }

  // Writing. This thread has read everything.

  /** Whether texts of so many bytes can be taken in: of one who is to wait, or be subscribed. */
  hasRoom(bytes: number, texts: number): boolean {
    const most = this.#buffer.maxByteLength;
    if (bytes > most * TEXTS_PART) return false;
    const required = bytes + 4 * (HEADER_WORDS + 1) * (texts + 1);
    const fits = (): boolean => this.#end + required <= most / 2;
    if (!fits()) this.#rewrite(true);
    return fits();
  }

  waits(session: Session): void {
    this.#writeWait(this.#member.number, session);
    this.#shorten();
  }

  waitsNoMore(session: Session): void {
    const { link } = session;
    const member = link instanceof RemoteLink ? link.member : this.#member.number;
    this.#remote[member]?.delete(session.id);
    this.#append(Kind.waitsNoMore, member, session.id);
    this.#shorten();
  }

  /** A member has gone, with its sessions and subscriptions. */
  gone(member: number): void {
    this.#forget(member);
    this.#append(Kind.gone, member, 0);
    this.#shorten();
  }

  /** A directive was set in this thread: all shall have it. */
  set(name: string, value: string): void {
    this.#directives.set(name, value);
    this.#writeDirective(name, value);
    this.#shorten();
  }

  #writeOwn(): void {
    const { number } = this.#member;
    for (const session of this.#blocking.sessions) {
      if (!(session.link instanceof RemoteLink)) this.#writeWait(number, session);
    }
    this.#writeOwnSubscriptions();
  }

  #writeOwnSubscriptions(): void {
    for (const topic of Object.values(Topic)) {
      for (const name of this.#pubsub.namesHere(topic)) {
        const count = this.#pubsub.countHere(topic, name);
        this.#writeSubscription(this.#member.number, topic, name, count);
      }
    }
  }

  #writeWait(member: number, session: Session): void {
    const { waiting } = session;
    if (waiting === null) return;
    const { args, command, names } = waiting;
    const isServable = waiting.wait === command.entry.wait;
    const isSilent = (session.gates & (Gate.silent | Gate.skipping)) !== 0;
    const flags =
      (session.protocol === 3 ? Flag.resp3 : 0) |
      (isSilent ? Flag.silent : 0) |
      (session.noTouch ? Flag.noTouch : 0) |
      (waiting.cancelTimer !== undefined ? Flag.timed : 0) |
      (isServable ? Flag.servable : 0);
    const texts: Uint8Array[] = [];
    for (let i = 0; i < args.count; i++) {
      texts.push(args.bytes.subarray(args.starts[i], args.ends[i]));
    }
    for (const name of names) texts.push(keyOf(name));
    const { count } = args;
    this.#append(Kind.waits, member, session.id, flags, session.db, command.index, count, texts);
  }

  #writeSubscription(member: number, topic: number, name: string, change: number): void {
    this.#append(Kind.subscribed, member, 0, change, topic, 0, 0, [asciiBytes(name)]);
  }

  #writeDirective(name: string, value: string): void {
    const texts = [utf8Bytes(name), utf8Bytes(value)];
    this.#append(Kind.set, this.#member.number, 0, 0, 0, 0, 0, texts);
  }

  #append(
    kind: number,
    member: number,
    session: number,
    flags = 0,
    db = 0,
    command = 0,
    args = 0,
    texts: readonly Uint8Array[] = [],
  ): void {
    try {
      this.#appendEntry(kind, member, session, flags, db, command, args, texts);
    } catch (error) {
      throw halfDone(error); // what it says is so, and others will not know it
    }
  }

  #appendEntry(
    kind: number,
    member: number,
    session: number,
    flags: number,
    db: number,
    command: number,
    args: number,
    texts: readonly Uint8Array[],
  ): void {
    const start = this.#end;
    let at = start + ((HEADER_WORDS + texts.length) << 2);
    let end = at;
    for (const text of texts) end += text.length;
    end = (end + 3) & ~3;
    // What it says is so by now, and stands in a list that is written anew.
    if (end > this.#buffer.maxByteLength) return this.#rewrite(false);
    this.#view(end);
    const words = this.#words;
    const w = start >> 2;
    words[w] = end - start;
    words[w + 1] = kind;
    words[w + 2] = member;
    words[w + 3] = session;
    words[w + 4] = flags;
    words[w + 5] = db;
    words[w + 6] = command;
    words[w + 7] = args;
    words[w + 8] = texts.length;
    for (const [i, text] of texts.entries()) {
      words[w + HEADER_WORDS + i] = text.length;
      copyBytes(text, 0, text.length, this.#bytes, at);
      at += text.length;
    }
    const control = this.#control;
    control[ControlWord.rosterBytes] = end;
    control[this.#bytesWord] = end;
    control[ControlWord.news] = (control[ControlWord.news] + 1) | 0;
  }

  get #longBytes(): number {
    return Math.max(ROSTER_BYTES_LONG, this.#control[ControlWord.rosterLong]);
  }

  /** Writes it anew where it has grown long. */
  #shorten(): void {
    if (this.#end > this.#longBytes) this.#rewrite(true);
  }

  /** Writes down what is so. `isKnown`: it says nothing else than what stood there. */
  #rewrite(isKnown: boolean): void {
    const control = this.#control;
    const before = this.#end;
    const age = control[ControlWord.rosterAge];
    control[ControlWord.rosterAge] = (age + 1) | 0;
    control[ControlWord.rosterBytes] = 0;
    for (const session of this.#blocking.sessions) {
      const { link } = session;
      this.#writeWait(link instanceof RemoteLink ? link.member : this.#member.number, session);
    }
    this.#writeOwnSubscriptions();
    for (const [member, topic, name, count] of this.#subscribers.all()) {
      this.#writeSubscription(member, topic, name, count);
    }
    for (const [name, value] of this.#directives) this.#writeDirective(name, value);
    control[ControlWord.rosterLong] = 2 * this.#end;
    // Who knew everything knows this.
    for (let member = 1; member <= MEMBERS_MAX; member++) {
      const bytesWord = memberWord(member, MemberWord.rosterBytes);
      const ageWord = memberWord(member, MemberWord.rosterAge);
      const hasRead = isKnown && control[bytesWord] === before && control[ageWord] === age;
      if (!hasRead && member !== this.#member.number) continue;
      control[bytesWord] = this.#end;
      control[ageWord] = control[ControlWord.rosterAge];
    }
  }

  /** Makes the buffer, and the views of it, at least so long. */
  #view(end: number): void {
    if (end <= this.#bytes.length) return;
    const buffer = this.#buffer;
    assert(end <= buffer.maxByteLength, "what is so takes half of the buffer at most");
    if (buffer.byteLength < end) {
      buffer.grow(Math.min(buffer.maxByteLength, Math.max(65536, end * 2)));
    }
    this.#bytes = new Uint8Array(buffer, 0, buffer.byteLength);
    this.#words = new Uint32Array(buffer, 0, buffer.byteLength >> 2);
  }
}
