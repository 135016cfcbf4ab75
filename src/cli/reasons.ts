// Why something failed, for messages that name what it failed with themselves.

import { messageOf } from "../base/realms.ts";
import { PlatformError } from "../platform/platform.ts";

/** What went wrong, without what it went wrong with. */
export function reasonAlone(error: unknown): string {
  const reason = messageOf(error);
  const subject = error instanceof PlatformError ? `${error.subject}: ` : "";
  return reason.startsWith(subject) ? reason.slice(subject.length) : reason;
}
