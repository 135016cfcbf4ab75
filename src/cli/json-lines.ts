// Keys as lines of JSON, an object for each: what `tskeydb export FILE.jsonl` writes and
// `tskeydb import` reads.
//
//   {"db":0,"key":"k","type":"string","value":"v"}
//   {"db":0,"key":"l","type":"list","expires":1700000000000,"value":["a","b"]}
//   {"db":0,"key":"s","type":"set","value":["a","b"]}
//   {"db":0,"key":"h","type":"hash","value":[["field","value"],["other","value"]]}
//
// A text that is no UTF-8 stands as {"base64":"…"}; `expires` is the deadline in milliseconds since
// 1970; without it there is none.

import type { Database } from "../database.ts";
import { TableWalk } from "../keyspace/table-walk.ts";
import { Arguments } from "../protocol/arguments.ts";
import { ReplyReader, type ReplyValue } from "../protocol/reply-reader.ts";
import { NO_DEADLINE } from "../structures/record.ts";

/** A word of a command. */
export type Word = string | Uint8Array;

/** How the value of each type is read, and made again of what was read. */
const types: Readonly<Record<string, { read: readonly string[]; make: string }>> = {
  string: { read: ["GET"], make: "SET" },
  list: { read: ["LRANGE", "0", "-1"], make: "RPUSH" },
  set: { read: ["SMEMBERS"], make: "SADD" },
  hash: { read: ["HGETALL"], make: "HSET" },
};
/** A command is given so many elements at most. */
const ELEMENTS_A_COMMAND = 2000;

/** Tells `line` of each key of a database in memory, deadlines that have passed or not. */
export function exportLines(database: Database, line: (text: string) => void): number {
  const { keyspace } = database;
  const { records } = keyspace;
  const walk = new TableWalk(keyspace.tables);
  let keys = 0;
  keyspace.beginLoading(database.clock()); // no key expires while it is read
  for (let db = 0; db < keyspace.databases; db++) {
    if (keyspace.size(db) === 0) continue;
    walk.open(keyspace.table(db));
    for (let entry = walk.next(); entry !== 0; entry = walk.next()) {
      records.key(entry);
      const key = records.bytes.slice(records.start, records.end);
      const type = keyspace.types.name(keyspace.typeOf(entry));
      const deadline = records.deadline(entry);
      const expires = deadline === NO_DEADLINE ? "" : `,"expires":${deadline}`;
      const value = valueText(type, read(database, db, type, key));
      line(`{"db":${db},"key":${textOf(key)},"type":"${type}"${expires},"value":${value}}\n`);
      keys++;
    }
  }
  return keys;
}

/** What a command that reads a value replies. */
function read(database: Database, db: number, type: string, key: Uint8Array): ReplyValue {
  const { executor } = database;
  const { reply } = executor.context;
  const [name, ...rest] = types[type].read;
  const args = new Arguments();
  args.fill([name, key, ...rest]);
  executor.internal.db = db;
  const before = reply.length;
  executor.execute(executor.internal, args);
  const value = new ReplyReader({ bytes: true }).read(reply.bytes, before);
  reply.truncate(before);
  return value;
}

function valueText(type: string, value: ReplyValue): string {
  if (!Array.isArray(value)) return textOf(value as Uint8Array);
  const texts = (value as Uint8Array[]).map(textOf);
  if (type !== "hash") return `[${texts.join(",")}]`;
  const pairs: string[] = [];
  for (let i = 0; i < texts.length; i += 2) pairs.push(`[${texts[i]},${texts[i + 1]}]`);
  return `[${pairs.join(",")}]`;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string {
  try {
    return JSON.stringify(strict.decode(bytes));
  } catch {
    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return `{"base64":"${btoa(binary)}"}`;
  }
}

/**
 * The commands that make the key of a line again, the first of which deletes one that is there or,
 * unless `replaces`, asks whether one is; undefined: it is no such line.
 */
export function commandsOfEntry(
  line: Readonly<Record<string, unknown>>,
  replaces: boolean,
  refuse: (why: string) => never,
): Word[][] | undefined {
  const { db = 0, key, type, value, expires, ...more } = line;
  if (typeof type !== "string" || key === undefined || value === undefined) return undefined;
  if (types[type] === undefined) refuse(`there is no type "${type}" here`);
  for (const name of Object.keys(more)) refuse(`the name "${name}" is unknown here`);
  const { make } = types[type];
  const name = wordOf(key, refuse);
  const commands: Word[][] = [["SELECT", String(db)]];
  const words = wordsOf(value, type === "hash", refuse);
  commands.push([replaces ? "DEL" : "EXISTS", name]);
  for (let i = 0; i < words.length; i += ELEMENTS_A_COMMAND) {
    commands.push([make, name, ...words.slice(i, i + ELEMENTS_A_COMMAND)]);
  }
  if (expires !== undefined) commands.push(["PEXPIREAT", name, String(expires)]);
  return commands;
}

/** The elements of a value, the fields of a hash before theirs. */
function wordsOf(value: unknown, arePairs: boolean, refuse: (why: string) => never): Word[] {
  if (!Array.isArray(value)) return [wordOf(value, refuse)];
  if (!arePairs) return value.map((one) => wordOf(one, refuse));
  return value.flatMap((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) refuse("a field has to stand with its value");
    return (pair as unknown[]).map((one) => wordOf(one, refuse));
  });
}

function wordOf(value: unknown, refuse: (why: string) => never): Word {
  if (typeof value === "string") return value;
  const { base64 } = (value ?? {}) as { base64?: unknown };
  if (typeof base64 !== "string") return refuse('a text, or {"base64": …}, was expected');
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return refuse("what is called base64 is not");
  }
}
