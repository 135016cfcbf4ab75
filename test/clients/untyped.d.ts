// What the tests use of packages that come without types.

declare module "redlock" {
  export class Lock {
    readonly resource: string[];
    readonly value: string;
    readonly expiration: number;
    extend(ttlMs: number): Promise<Lock>;
    unlock(): Promise<void>;
  }

  export class LockError extends Error {
    readonly attempts: number;
  }

  interface Options {
    driftFactor?: number;
    retryCount?: number;
    retryDelay?: number;
    retryJitter?: number;
  }

  export default class Redlock {
    static readonly LockError: typeof LockError;
    constructor(clients: object[], options?: Options);
    on(event: "clientError", listener: (error: Error) => void): this;
    lock(resource: string | string[], ttlMs: number): Promise<Lock>;
  }
}

declare module "express-session" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  export interface SessionData {
    cookie: { maxAge: number | null };
    [name: string]: unknown;
  }

  export interface Session extends SessionData {
    readonly id: string;
    destroy(done: (error?: Error) => void): void;
    regenerate(done: (error?: Error) => void): void;
    touch(): this;
  }

  export class Store {}

  interface Options {
    store: Store;
    secret: string;
    resave: boolean;
    saveUninitialized: boolean;
    rolling?: boolean;
    cookie?: { maxAge?: number };
  }

  type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

  export default function session(options: Options): Handler;
}
