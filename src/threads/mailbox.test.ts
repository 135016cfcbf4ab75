import assert from "node:assert/strict";
import { test } from "node:test";
import { Memory } from "../memory/memory.ts";
import { Arguments } from "../protocol/arguments.ts";
import { RequestParser } from "../protocol/request-parser.ts";
import { ControlWord, MAILBOX_BYTES, MEMBERS_MAX, newControl, State } from "./control.ts";
import { Mailbox, Mailboxes, type Question } from "./mailbox.ts";

/** Member 2, which asks, and member 3, which is asked. */
function pair() {
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
  return { mailbox, callee };
}

function questionOf(request: Buffer): Question {
  const args = new Arguments();
  new RequestParser().parse(args, request, 0, request.length, true, null);
  return { args, command: 0, db: 0, protocol: 2, isForeign: false, inTransaction: true };
}

test("who asks sleeps on where a bell rings that was another answer's", () => {
  const { mailbox, callee } = pair();
  const question = questionOf(Buffer.from("ECHO text\r\n"));
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

test("a request arrives whole, however much longer it is than those before it", () => {
  const { mailbox, callee } = pair();
  const { wait } = Atomics;
  let arrived = "";
  Atomics.wait = ((): string => {
    callee.answer(2, (request) => {
      arrived = Buffer.from(request).toString();
      return { reply: request, closes: false };
    });
    return "ok";
  }) as typeof wait;
  try {
    for (const length of [1, 5_000, 70_000, 10, 300_000]) {
      const request = `*2\r\n$4\r\nEVAL\r\n$${length}\r\n${"x".repeat(length)}\r\n`;
      const reply = mailbox.ask(3, questionOf(Buffer.from(request)));
      assert.equal(arrived, request);
      assert.equal(Buffer.from(reply ?? []).toString(), request);
    }
  } finally {
    Atomics.wait = wait;
  }
});
