import assert from "node:assert/strict";
import { test } from "node:test";
import { Memory } from "../memory/memory.ts";
import { Arguments } from "../protocol/arguments.ts";
import { RequestParser } from "../protocol/request-parser.ts";
import { ControlWord, MAILBOX_BYTES, MEMBERS_MAX, newControl, State } from "./control.ts";
import { Mailbox, Mailboxes } from "./mailbox.ts";

test("who asks sleeps on where a bell rings that was another answer's", () => {
  const control = newControl();
  control[ControlWord.state] = State.shared;
  const memory = new Memory();
  const mailboxes = new SharedArrayBuffer((MEMBERS_MAX + 1) * MAILBOX_BYTES);
  const caller = {
    number: 2,
    control,
    memory,
    lock: { held: true },
    isAlive: () => true,
    lookAtOthers: () => {},
  };
  const mailbox = new Mailbox(caller, mailboxes);
  const callee = new Mailboxes({ number: 3, control, memory }, mailboxes);
  const args = new Arguments();
  const request = Buffer.from("ECHO text\r\n");
  new RequestParser().parse(args, request, 0, request.length, true, null);
  const asked = { args, command: 0, db: 0, protocol: 2, isForeign: false } as const;
  const question = { ...asked, inTransaction: true };

  const { wait } = Atomics;
  let sleeps = 0;
  Atomics.wait = ((): string => {
    sleeps++;
    // The first two times it is woken by nothing that concerns it.
    if (sleeps === 3) {
      callee.answer(2, (_, { inTransaction, isForeign }) => {
        assert.deepEqual([inTransaction, isForeign], [true, false]);
        return { reply: Buffer.from(":1\r\n"), closes: false };
      });
    }
    return "ok";
  }) as typeof wait;
  try {
    const reply = mailbox.ask(3, question);
    assert.equal(Buffer.from(reply ?? []).toString(), ":1\r\n");
    assert.equal(sleeps, 3);
  } finally {
    Atomics.wait = wait;
  }
});
