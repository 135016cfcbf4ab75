// An attempt to connect, on either runtime: it ends once, by a socket, by an error, by its time or
// by being given up, whatever the system says of it later.

// Not the globals, which a program may have replaced.
import { clearTimeout, setTimeout } from "node:timers";
import { type ConnectOptions, PlatformError } from "./platform.ts";

/** What an attempt's runtime tells it. */
export interface Attempt {
  /** Whether a socket is not wanted any more. */
  readonly isOver: boolean;
  /** Called when it is over before there is a socket. */
  onGivenUp: () => void;
  /** There is a socket. REQUIRES: it is not over. */
  connected(): void;
  /** There will be none. */
  failed(error: unknown): void;
}

/** Reasons that people know by other words than the system's. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network is unreachable",
  ENOTFOUND: "there is no host of this name",
  EAI_AGAIN: "the name of the host cannot be looked up now",
  ETIMEDOUT: "no answer in time",
};

/** Begins an attempt by `start`, and returns what gives it up. */
export function connecting(
  { host, port, timeoutMs }: ConnectOptions,
  tell: (error: PlatformError) => void,
  start: (attempt: Attempt) => Promise<void>,
): () => void {
  let isOver = false;
  const end = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  const attempt: Attempt = {
    get isOver() {
      return isOver;
    },
    onGivenUp: () => {},
    connected: end,
    failed(error) {
      if (isOver) return;
      end();
      tell(notConnected(error, host, port));
    },
  };
  const giveUp = (): void => {
    if (isOver) return;
    end();
    attempt.onGivenUp();
  };
  const timer = setTimeout(() => {
    giveUp();
    tell(notConnected({ code: "ETIMEDOUT" }, host, port));
  }, timeoutMs);
  // Of no host at all, a runtime would make this one.
  const started = host === "" ? Promise.reject({ code: "ENOTFOUND" }) : start(attempt);
  started.catch((error) => attempt.failed(error));
  return giveUp;
}

/** What a runtime says of a connection that did not come about, as the platform's error. */
function notConnected(error: unknown, host: string, port: number): PlatformError {
  const { code = "EUNKNOWN" } = error as { code?: string };
  const subject = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return new PlatformError(code, subject, `${subject}: ${reasons[code] ?? code}`);
}
