// The desk: where a member executes what other members ask of it (mailbox.ts), for a session that
// stands for them.

import { isOwners } from "../engine/command.ts";
import type { Executor } from "../engine/executor.ts";
import { type ClientLink, Session } from "../engine/session.ts";
import { Arguments } from "../protocol/arguments.ts";
import { RequestParser } from "../protocol/request-parser.ts";
import { MEMBERS_MAX } from "./control.ts";
import { type Answered, type Correspondent, Mailboxes } from "./mailbox.ts";

const NOTHING: Answered = { reply: new Uint8Array(0), closes: false };

/** All that is known of a client of another machine: that it is one. */
const foreignLink: ClientLink = {
  address: "?",
  localAddress: "",
  descriptor: -1,
  isBorrowed: true,
  inputBytes: 0,
  outputBytes: 0,
  deliver: () => {},
  resume: () => {},
  close: () => {},
};

export class Desk {
  /** It executes for another thread: what is asked is about this thread alone. */
  isAnswering = false;
  /** What is asked beside commands is answered here; `asked` is below −1. */
  answerAside: (asked: number, args: Arguments) => Uint8Array = () => NOTHING.reply;
  readonly #report: () => void;
  readonly #executor: Executor;
  readonly #mailboxes: Mailboxes;
  readonly #sessions: (Session | undefined)[] = new Array(MEMBERS_MAX + 1).fill(undefined);
  /** For clients of other machines. */
  readonly #foreign: (Session | undefined)[] = new Array(MEMBERS_MAX + 1).fill(undefined);
  readonly #parser: RequestParser = new RequestParser();
  readonly #args: Arguments = new Arguments();

  /** @param report writes down what others want to know of this thread: a question without words */
  constructor(
    member: Correspondent,
    mailboxes: SharedArrayBuffer,
    executor: Executor,
    report: () => void,
  ) {
    this.#report = report;
    this.#executor = executor;
    this.#mailboxes = new Mailboxes(member, mailboxes);
  }

  /** Whether a member waits for an answer. */
  isAsked(member: number): boolean {
    return this.#mailboxes.isAsking(member);
  }

  /** Answers a member that asks. REQUIRES: the lock, which that member lends. */
  answer(member: number): void {
    if (!this.isAsked(member)) return;
    this.#mailboxes.answer(member, (request, question) => {
      if (request.length === 0) {
        this.#report();
        return NOTHING;
      }
      this.#parser.parse(this.#args, request, 0, request.length, true, null);
      if (question.command < -1) {
        const reply = this.answerAside(question.command, this.#args);
        return { reply, closes: false };
      }
      const session = this.#sessionOf(member, question.isForeign);
      session.db = question.db;
      session.protocol = question.protocol;
      this.#executor.setNow(this.#executor.context.services.nowMs());
      this.isAnswering = true;
      const { context } = this.#executor;
      const before = context.inTransaction;
      context.inTransaction = question.inTransaction;
      try {
        const reply = this.#execute(session, question.command);
        const closes = session.closing;
        session.closing = false;
        return { reply, closes };
      } finally {
        context.inTransaction = before;
        this.isAnswering = false;
      }
    });
  }

  #execute(session: Session, number: number): Uint8Array {
    const executor = this.#executor;
    const called = executor.table.all[number];
    const { reply } = executor.context;
    const before = reply.length;
    executor.execute(session, this.#args, called?.parent ?? called);
    const command = session.lastCommand;
    // Who asks several threads counts it itself.
    if (command !== undefined && !isOwners(command)) executor.statistics.uncountCall(command);
    const bytes = reply.bytes.slice(before, reply.length);
    reply.truncate(before);
    return bytes;
  }

  #sessionOf(member: number, isForeign: boolean): Session {
    const sessions = isForeign ? this.#foreign : this.#sessions;
    let session = sessions[member];
    if (session === undefined) {
      session = new Session(0, this.#executor.keyspace.now, isForeign ? foreignLink : undefined);
      sessions[member] = session;
    }
    return session;
  }

  /** A member has gone. */
  forget(member: number): void {
    this.#sessions[member] = undefined;
    this.#foreign[member] = undefined;
  }
}
