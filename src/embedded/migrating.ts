// A promise of keys that have gone to another server (Database.migrate): MIGRATE for a program,
// which cannot wait in the middle of a call.

import { utf8Bytes, utf8Text } from "../base/bytes.ts";
import { DatabaseError } from "../base/database-error.ts";
import { Migration, type MigrationOrder } from "../commands/keys/migration.ts";
import { Flag } from "../engine/command.ts";
import { Counter } from "../keyspace/figures.ts";
import { ReplyError } from "../protocol/reply-reader.ts";
import type { Core } from "./core.ts";
import { checkOptions } from "./options.ts";

/** Where keys go to, and as whom. */
export interface MigrationTarget {
  /** "127.0.0.1" unless said otherwise. */
  readonly host?: string;
  readonly port: number;
  /** The number of the database there; 0 unless said otherwise. */
  readonly db?: number;
  readonly username?: string;
  readonly password?: string;
}

export interface MigrateOptions {
  /** The keys stay here as well. */
  readonly copy?: boolean;
  /** What the keys hold there is replaced. */
  readonly replace?: boolean;
  /** The longest time in which nothing moves; 1000 unless said otherwise. */
  readonly timeoutMs?: number;
}

const targetNames: ReadonlySet<string> = new Set<keyof MigrationTarget>([
  "host",
  "port",
  "db",
  "username",
  "password",
]);
const optionNames: ReadonlySet<string> = new Set<keyof MigrateOptions>([
  "copy",
  "replace",
  "timeoutMs",
]);
const PORT_MAX = 65535;
const TIMEOUT_MS = 1000;

/** What is asked for, where it can be; throws TypeError. */
export function migrationOrder(
  db: number,
  keys: readonly Uint8Array[],
  target: MigrationTarget,
  options: MigrateOptions,
): MigrationOrder {
  checkOptions("migrate", target, targetNames);
  checkOptions("migrate", options, optionNames);
  const { host = "127.0.0.1", port, db: there = 0, username, password } = target;
  const { timeoutMs = TIMEOUT_MS, copy = false, replace = false } = options;
  if (!(Number.isInteger(port) && port > 0 && port <= PORT_MAX)) {
    throw new TypeError(`migrate(): port is a number from 1 to ${PORT_MAX}, not ${port}`);
  }
  if (!(Number.isSafeInteger(there) && there >= 0)) {
    throw new TypeError(`migrate(): db is the number of a database there, not ${there}`);
  }
  if (!(timeoutMs > 0)) throw new TypeError("migrate(): timeoutMs is a number above 0");
  if (username !== undefined && password === undefined) {
    throw new TypeError("migrate(): a username goes with a password");
  }
  return {
    db,
    keys,
    host,
    port,
    database: String(there),
    timeoutMs,
    copies: copy,
    replaces: replace,
    password: password === undefined ? null : utf8Bytes(password),
    username: username === undefined ? null : utf8Bytes(username),
    isUnwanted: () => false,
  };
}

/** Settles when the target has answered: false where none of the keys is here. */
export function sendAway(core: Core, order: MigrationOrder): Promise<boolean> {
  const { context, keyspace, services, executor } = core;
  const letGo = core.engine.platform.stayAwake();
  const promise = new Promise<boolean>((resolve, reject) => {
    services.turn(() => {
      const refused = executor.refusal(Flag.write);
      if (refused !== undefined) {
        return reject(new ReplyError(utf8Text(refused, 1, refused.length - 2)));
      }
      core.count(core.command("migrate"));
      const keys = order.keys.filter((key) => {
        const isThere = keyspace.find(order.db, key, 0, key.length) !== 0;
        keyspace.count(isThere ? Counter.hits : Counter.misses);
        return isThere;
      });
      if (keys.length === 0) return resolve(false);
      const migration = new Migration(context, { ...order, keys }, () => {
        const { outcome } = migration;
        if (outcome?.kind !== "failed") return resolve(outcome?.kind === "taken");
        if (core.closed) reject(new DatabaseError("CLOSED", "the database is closed"));
        else reject(new ReplyError(outcome.text));
      });
      migration.begin();
    });
  });
  return promise.finally(letGo);
}
