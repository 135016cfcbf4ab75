// What the benchmarks use of the embedded API, and how they get at it. Modules are loaded by name
// at run time: the database from source by default (or from any path, such as the built package),
// the rivals only where they are installed.

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

export interface HashView {
  readonly size: number;
}
export interface MembersView {
  readonly size: number;
}
export interface ListView {
  readonly length: number;
  at(index: number): string | undefined;
}

/** Commands that are queued and executed together. */
export interface Multi {
  set(key: string, value: string): unknown;
  lpush(key: string, ...values: string[]): unknown;
  rpush(key: string, ...values: string[]): unknown;
  lpop(key: string): unknown;
  hset(key: string, field: string, value: string): unknown;
  hdel(key: string, ...fields: string[]): unknown;
  sadd(key: string, ...members: string[]): unknown;
  srem(key: string, ...members: string[]): unknown;
  exec(): unknown;
}

export interface Database {
  set(key: string, value: string): unknown;
  get(key: string): string | null | undefined;
  lpush(key: string, ...values: string[]): unknown;
  rpush(key: string, ...values: string[]): unknown;
  lpop(key: string): unknown;
  lrange(key: string, start: number, stop: number): string[];
  hset(key: string, field: string, value: string): unknown;
  hget(key: string, field: string): unknown;
  hmget(key: string, ...fields: string[]): unknown;
  hgetall(key: string): unknown;
  hdel(key: string, ...fields: string[]): unknown;
  sadd(key: string, ...members: string[]): unknown;
  sismember(key: string, member: string): unknown;
  smembers(key: string): unknown;
  scard(key: string): unknown;
  srem(key: string, ...members: string[]): unknown;
  hash(key: string): HashView;
  members(key: string): MembersView;
  list(key: string): ListView;
  multi(): Multi;
  transaction<T>(work: () => T): T;
  /** What open() in a worker attaches to. */
  share(): unknown;
  close(): void;
}

export interface DatabaseModule {
  open(directory?: string, options?: { fsync: "always" | "everysec" | "no" }): Database;
}

/** Loads the database from a module; an empty path means its source. */
export async function loadDatabase(path: string): Promise<DatabaseModule> {
  const url = path ? pathToFileURL(resolve(path)) : new URL("../src/index.ts", import.meta.url);
  return (await import(url.href)) as DatabaseModule;
}

/** A package that may be missing: undefined then. */
// biome-ignore lint/suspicious/noExplicitAny: its types are not ours to require
export function optionalPackage(name: string): any {
  try {
    return createRequire(import.meta.url)(name);
  } catch {
    return undefined;
  }
}
