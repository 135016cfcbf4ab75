// CLIENT LIST and CLIENT INFO: a line for each session, in the fields that Redis 7.4 has. What has
// no counterpart here is 0 (buffers belong to batches, not to clients) or −1 (redir: no tracking).

import { asciiBytes } from "../../base/bytes.ts";
import type { Context } from "../../engine/context.ts";
import type { Session } from "../../engine/session.ts";
import { Errors } from "../../protocol/errors.ts";
import { TYPE } from "../shared/words.ts";

/** The kinds of clients by which they are listed and killed. */
export const clientTypes: readonly string[] = ["normal", "master", "replica", "slave", "pubsub"];

/** Whether the session is a client of this type. Nothing replicates: there are two kinds. */
export function isOfType(session: Session, type: string): boolean {
  return type === (session.subscribed ? "pubsub" : "normal");
}

/** The type that argument i names, or undefined when an error has been replied. */
export function clientType(c: Context, i: number): string | undefined {
  const type = c.args.text(i).toLowerCase();
  if (clientTypes.includes(type)) return type;
  c.reply.errorText(`ERR Unknown client type '${c.args.text(i)}'`);
  return undefined;
}

function flags(c: Context, session: Session): string {
  let flags = "";
  if (session.subscribed) flags += "P";
  if (session.transaction.queue !== null) flags += "x";
  if (session.waiting !== null) flags += "b";
  if (session.transaction.hasChanged(c.keyspace)) flags += "d";
  if (session.closing) flags += "c";
  if (session.noEvict) flags += "e";
  if (session.noTouch) flags += "T";
  return flags === "" ? "N" : flags;
}

/** The fields of a session, without a line end. */
export function clientLine(c: Context, session: Session): string {
  const { link, transaction } = session;
  const now = c.services.nowMs();
  const seconds = (since: number): number => Math.max(0, Math.floor((now - since) / 1000));
  const input = link?.inputBytes ?? 0;
  const output = link?.outputBytes ?? 0;
  const fields: readonly (readonly [string, string | number])[] = [
    ["id", session.id],
    ["addr", link?.address ?? ""],
    ["laddr", link?.localAddress ?? ""],
    ["fd", link?.descriptor ?? -1],
    ["name", session.name],
    ["age", seconds(session.createdMs)],
    ["idle", seconds(session.lastMs)],
    ["flags", flags(c, session)],
    ["db", session.db],
    ["sub", session.channels.size],
    ["psub", session.patterns.size],
    ["ssub", session.shardChannels.size],
    ["multi", transaction.queue?.length ?? -1],
    ["watch", transaction.watchCount],
    ["qbuf", input],
    ["qbuf-free", 0],
    ["argv-mem", 0],
    ["multi-mem", transaction.queuedBytes],
    ["rbs", 0],
    ["rbp", 0],
    ["obl", output],
    ["oll", 0],
    ["omem", output],
    ["tot-mem", input + output + transaction.queuedBytes],
    ["events", output > 0 ? "rw" : "r"],
    ["cmd", session.lastCommand?.fullName ?? "NULL"],
    ["user", session.user],
    ["redir", -1],
    ["resp", session.protocol],
    ["lib-name", session.libraryName],
    ["lib-ver", session.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(" ");
}

export function clientInfo(c: Context): void {
  c.reply.verbatim(`${clientLine(c, c.session)}\n`);
}

const ID = asciiBytes("id");

export function clientList(c: Context): void {
  const { args } = c;
  const { sessions } = c.services;
  let listed: Session[];
  if (args.count === 2) {
    listed = [...sessions.values()];
  } else if (args.count === 4 && args.is(2, TYPE)) {
    const type = clientType(c, 3);
    if (type === undefined) return;
    listed = [...sessions.values()].filter((session) => isOfType(session, type));
  } else if (args.count > 3 && args.is(2, ID)) {
    listed = [];
    for (let i = 3; i < args.count; i++) {
      const id = args.integer(i);
      if (Number.isNaN(id)) {
        c.reply.errorText("ERR Invalid client ID");
        return;
      }
      const session = sessions.get(id);
      if (session !== undefined) listed.push(session);
    }
  } else {
    c.reply.error(Errors.syntax);
    return;
  }
  c.reply.verbatim(listed.map((session) => `${clientLine(c, session)}\n`).join(""));
}
