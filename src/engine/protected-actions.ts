// What only some clients may do: commands that reach beyond the data (DEBUG, MODULE) and directives
// that name files. A directive says of each kind whether it is for nobody, for everybody, or for
// clients of the same machine.

import type { Session } from "./session.ts";

/** Whether the session may do what a directive of the values "no", "yes" and "local" guards. */
export function allowsAction(setting: string, session: Session): boolean {
  return setting === "yes" || (setting === "local" && isLocal(session));
}

/** Whether the session's client is on this machine, or is the program itself. */
export function isLocal({ link }: Session): boolean {
  return isLocalAddress(link?.address ?? "");
}

/** Whether the address, with its port, is of this machine; "" is the program itself. */
function isLocalAddress(address: string): boolean {
  return /^(|127\..*|\[?::1\]?:\d+|.*:0)$/.test(address);
}
