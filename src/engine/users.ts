// Users: who clients are, and how they show it. There is one user, "default", and one password for
// all or none (requirepass). A session's user is a name in it; whether a client has shown that it
// is that user is the gate of authentication, which everybody asks here.

import { utf8Bytes, utf8Text } from "../base/bytes.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { Services } from "./services.ts";
import { Gate, type Session } from "./session.ts";

const DEFAULT_USER = "default";

export class Users {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Whether there is a user of this name. */
  has(name: string): boolean {
    return name === DEFAULT_USER;
  }

  /** Whether anybody is the default user, without a password. */
  get open(): boolean {
    return this.#services.password() === "";
  }

  /** Whether the session's client has shown who it is, where it has to. */
  knows(session: Session): boolean {
    return (session.gates & Gate.authentication) === 0;
  }

  /** The session is that of a client who has said nothing yet. */
  greet(session: Session): void {
    session.user = DEFAULT_USER;
    session.setGate(Gate.authentication, !this.open);
  }

  /**
   * Makes the session that of the user whom argument `userAt` names (below 0: the default one) if
   * argument `passwordAt` is the password; returns whether it is.
   */
  authenticate(session: Session, args: Arguments, userAt: number, passwordAt: number): boolean {
    const name =
      userAt < 0 ? DEFAULT_USER : utf8Text(args.bytes, args.starts[userAt], args.ends[userAt]);
    // The secret is compared even if the name is wrong: the time tells nothing of either.
    const right = this.open || isSecret(utf8Bytes(this.#services.password()), args, passwordAt);
    if (!this.has(name) || !right) return false;
    session.user = name;
    session.setGate(Gate.authentication, false);
    return true;
  }
}

/** Whether argument i is the secret, in a time that tells nothing about where they differ. */
function isSecret(secret: Uint8Array, args: Arguments, i: number): boolean {
  const { bytes, starts } = args;
  const length = args.length(i);
  let difference = length ^ secret.length;
  for (let k = 0; k < length; k++) {
    difference |= bytes[starts[i] + k] ^ secret[k % secret.length];
  }
  return difference === 0;
}
