// Names of keys: a database's number and a key's bytes as one text, so that a Map or a Set can hold
// keys of all databases. The first character is the number, each that follows a byte of the key.

import { latin1Text } from "../base/bytes.ts";

export function keyName(db: number, bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(db) + latin1Text(bytes, start, end);
}

/** The number of the database in a key's name. */
export function databaseNumberOf(name: string): number {
  return name.charCodeAt(0);
}

/** The key's bytes behind its name. */
export function keyOf(name: string): Uint8Array {
  const key = new Uint8Array(name.length - 1);
  for (let i = 0; i < key.length; i++) key[i] = name.charCodeAt(i + 1);
  return key;
}
