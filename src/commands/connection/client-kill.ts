// CLIENT KILL: by address alone, as it was first, or by filters that must all match. Of a filter
// that is given several times the last one counts.

import { latin1Text } from "../../base/bytes.ts";
import type { Context } from "../../engine/context.ts";
import type { Session } from "../../engine/session.ts";
import { Errors } from "../../protocol/errors.ts";
import { clientKind } from "./client-list.ts";

type Filter = (session: Session) => boolean;

export function clientKill(c: Context): void {
  if (c.args.count === 3) {
    const address = c.args.text(2);
    const killed = kill(c, (session) => session.link?.address === address);
    if (killed > 0) c.reply.ok();
    else c.reply.errorText("ERR No such client");
    return;
  }
  const byName: Map<string, Filter> = new Map();
  let skipsOwn = true;
  for (let i = 2; i < c.args.count; i += 2) {
    if (i + 1 === c.args.count) {
      c.reply.error(Errors.syntax);
      return;
    }
    const name = c.args.text(i).toLowerCase();
    if (name === "skipme") {
      const answer = c.args.text(i + 1).toLowerCase();
      if (answer !== "yes" && answer !== "no") {
        c.reply.error(Errors.syntax);
        return;
      }
      skipsOwn = answer === "yes";
      continue;
    }
    const filter = parseFilter(c, name, i);
    if (filter === undefined) return;
    byName.set(name, filter);
  }
  const filters = [...byName.values()];
  const own = c.session;
  if (skipsOwn) filters.push((session) => session !== own);
  c.reply.integer(kill(c, (session) => filters.every((filter) => filter(session))));
}

/** The filter `name` with the value at argument i + 1; undefined when an error has been replied. */
function parseFilter(c: Context, name: string, i: number): Filter | undefined {
  const { args, reply } = c;
  const value = args.text(i + 1);
  switch (name) {
    case "id": {
      const id = positive(c, i + 1, "client-id");
      return id < 0 ? undefined : (session) => session.id === id;
    }
    case "maxage": {
      if (Number.isNaN(args.integer(i + 1))) {
        reply.errorText("ERR maxage is not an integer or out of range");
        return undefined;
      }
      const seconds = positive(c, i + 1, "maxage");
      const now = c.services.nowMs();
      if (seconds < 0) return undefined;
      return (session) => Math.floor((now - session.createdMs) / 1000) >= seconds;
    }
    case "type": {
      const kind = clientKind(c, i + 1);
      return kind === undefined ? undefined : (session) => session.kind === kind;
    }
    case "addr":
      return (session) => session.link?.address === value;
    case "laddr":
      return (session) => session.link?.localAddress === value;
    case "user":
      if (c.users.has(value)) return (session) => session.user === value;
      reply.errorText(`ERR No such user '${value}'`);
      return undefined;
    default:
      reply.error(Errors.syntax);
      return undefined;
  }
}

/** The positive integer at argument i, or −1 when an error has been replied. */
function positive(c: Context, i: number, name: string): number {
  const value = c.args.integer(i);
  if (value > 0) return value;
  c.reply.errorText(`ERR ${name} should be greater than 0`);
  return -1;
}

/** How many another thread has closed: it replies a number, or, to the old form, OK or an error. */
function killedBy(reply: Uint8Array): number {
  const text = latin1Text(reply, 1, reply.length);
  return reply[0] === COLON ? Number.parseInt(text, 10) : text.startsWith("OK") ? 1 : 0;
}

const COLON = 0x3a;

/** Closes the connections of the sessions that match; one's own after the reply. */
function kill(c: Context, matches: Filter): number {
  let killed = 0;
  for (const session of [...c.services.sessions.values()]) {
    if (session.link === undefined || !matches(session)) continue;
    killed++;
    if (session === c.session) session.closing = true;
    else c.services.kill(session);
  }
  for (const reply of c.services.askOthers()) killed += killedBy(reply);
  return killed;
}
