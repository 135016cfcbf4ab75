import assert from "node:assert/strict";
import { test } from "node:test";
import { Memory } from "../memory/memory.ts";
import { newControl } from "./control.ts";
import { Inbox, Post } from "./inbox.ts";

const MEBIBYTE = 1024 * 1024;
const name = Buffer.from("name");

function kindsIn(inbox: Inbox): number[] {
  const kinds: number[] = [];
  inbox.takeAll((kind) => kinds.push(kind));
  return kinds;
}

test("small messages are kept, however many", () => {
  const inbox = new Inbox(newControl(), new Memory(), 2);
  for (let i = 0; i < 200_000; i++) assert.ok(inbox.message(Post.message, name, name, 0, 4));
  assert.equal(kindsIn(inbox).filter((kind) => kind === Post.message).length, 200_000);
  assert.equal(inbox.any, false);
});

test("after the first message that finds no room none comes, and that is told at the end", () => {
  const memory = new Memory();
  const inbox = new Inbox(newControl(), memory, 2);
  const message = new Uint8Array(16 * MEBIBYTE);
  let kept = 0;
  while (inbox.message(Post.message, name, message, 0, message.length)) kept++;
  assert.equal(kept, 8);
  assert.equal(inbox.message(Post.message, name, name, 0, 4), false);
  inbox.put(Post.resume, 1);
  assert.deepEqual(kindsIn(inbox), [...Array(kept).fill(Post.message), Post.resume, Post.lost]);
  assert.ok(inbox.message(Post.message, name, name, 0, 4));
  assert.deepEqual(kindsIn(inbox), [Post.message]);
});
