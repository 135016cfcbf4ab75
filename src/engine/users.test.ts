import assert from "node:assert/strict";
import { test } from "node:test";
import { Arguments } from "../protocol/arguments.ts";
import type { Services } from "./services.ts";
import { Session } from "./session.ts";
import { Users } from "./users.ts";

function fixture() {
  const services = { text: "", password: () => services.text };
  const users = new Users(services as unknown as Services);
  const session = new Session(1, 0);
  const auth = (...words: string[]): boolean => {
    const args = new Arguments();
    args.fill(["AUTH", ...words]);
    return users.authenticate(session, args, words.length === 2 ? 1 : -1, words.length);
  };
  return { services, users, session, auth };
}

test("without a password everybody is the default user", () => {
  const { users, session, auth } = fixture();
  users.greet(session);
  assert.deepEqual([users.open, users.knows(session), session.user], [true, true, "default"]);
  assert.equal(auth("anything"), true);
  assert.equal(auth("default", ""), true);
  assert.equal(auth("nobody", ""), false);
});

test("a password is due from those who come after it was set", () => {
  const { services, users, session, auth } = fixture();
  users.greet(session);
  services.text = "sécret";
  assert.equal(users.knows(session), true);
  users.greet(session);
  assert.equal(users.knows(session), false);
  for (const words of [["secret"], ["sécre"], ["sécretsécret"], [""], ["nobody", "sécret"]]) {
    assert.equal(auth(...words), false, words.join(" "));
  }
  assert.equal(users.knows(session), false);
  assert.equal(auth("default", "sécret"), true);
  assert.equal(users.knows(session), true);
  assert.equal(auth("wrong"), false);
  assert.equal(users.knows(session), true, "a wrong password takes nothing away");
});

test("only the default user is known", () => {
  const { users } = fixture();
  assert.deepEqual(
    [users.has("default"), users.has("Default"), users.has("")],
    [true, false, false],
  );
});
