// Keys as lines of JSON, an object for each: what `tskeydb export FILE.jsonl` writes and
// `tskeydb import` reads. docs/formats/json-lines.md has the form.
//
//   {"db":0,"key":"k","type":"string","value":"v"}
//   {"db":0,"key":"l","type":"list","expires":1700000000000,"value":["a","b"]}
//   {"db":0,"key":"l","type":"list","expires":1700000000000,"more":true,"value":["c"]}
//   {"db":0,"key":"h","type":"hash","value":[["field","value"],["other","value",1700000000000]]}
//   {"db":0,"key":"s","type":"stream","value":{"base64":"…"}}                  as DUMP replies it
//
// A collection of many elements, or large ones, goes on in lines of its own, so that neither side
// holds all of it as text.

import { latin1Text, utf8Text } from "../base/bytes.ts";
import type { Database } from "../database.ts";
import { TableWalk } from "../keyspace/table-walk.ts";
import { Arguments } from "../protocol/arguments.ts";
import { ReplyReader, type ReplyValue } from "../protocol/reply-reader.ts";
import { NO_DEADLINE } from "../structures/record.ts";
import { ToolRefusal } from "./tools.ts";

/** A word of a command. */
export type Word = string | Uint8Array;

interface TypeOfLines {
  readonly form: "text" | "payload" | "texts" | "pairs";
  /** The command that makes the key of what was read, or adds to it. */
  readonly make: string;
  /** Whether that takes the second of a pair first. */
  readonly isTurned?: boolean;
  /** The command that counts its elements. */
  readonly count: string;
  /** The command that reads elements from a place on, so many of them. */
  readonly read: (key: Word, at: number, count: number) => Word[];
  /** Whether its reply says where to go on. */
  readonly isScanned: boolean;
  /** The commands that read, and set, deadlines of elements; these stand third in a pair then. */
  readonly deadlines?: { readonly read: string; readonly make: string };
}

function scan(name: string): TypeOfLines["read"] {
  return (key, at, count) => [name, key, String(at), "COUNT", String(count)];
}

const types: ReadonlyMap<string, TypeOfLines> = new Map<string, TypeOfLines>([
  [
    "string",
    { form: "text", make: "SET", count: "", read: (key) => ["GET", key], isScanned: false },
  ],
  [
    "list",
    {
      form: "texts",
      make: "RPUSH",
      count: "LLEN",
      read: (key, at, count) => ["LRANGE", key, String(at), String(at + count - 1)],
      isScanned: false,
    },
  ],
  [
    "stream",
    { form: "payload", make: "RESTORE", count: "", read: (key) => ["DUMP", key], isScanned: false },
  ],
  ["set", { form: "texts", make: "SADD", count: "SCARD", read: scan("SSCAN"), isScanned: true }],
  [
    "zset",
    {
      form: "pairs",
      make: "ZADD",
      isTurned: true,
      count: "ZCARD",
      read: scan("ZSCAN"),
      isScanned: true,
    },
  ],
  [
    "hash",
    {
      form: "pairs",
      make: "HSET",
      count: "HLEN",
      read: scan("HSCAN"),
      isScanned: true,
      deadlines: { read: "HPEXPIRETIME", make: "HPEXPIREAT" },
    },
  ],
]);

/** A line, which is a command, has so many elements at most, … */
const ELEMENTS_MAX = 2000;
/** … and is ended when it has become so long. */
const LINE_LENGTH = 4 << 20;
/** A text that cannot be made is too long, if it is longer than this. */
const LONG_BYTES = 1 << 24;
const BASE64_BYTES = 3 << 14;
const KEY_BYTES_SHOWN = 60;

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
      const bytes = keyspace.bytesUsed(entry);
      const expires = deadline === NO_DEADLINE ? "" : `,"expires":${deadline}`;
      const name = `{"db":${db},"key":${textOf(key, key)},"type":"${type}"${expires}`;
      let more = "";
      for (const value of valuesOf(database, db, type, key, bytes)) {
        line(`${name}${more},"value":${value}}\n`);
        more = ',"more":true';
      }
      keys++;
    }
  }
  return keys;
}

/** The parts of a value as JSON, which takes so many bytes in memory. */
function* valuesOf(
  database: Database,
  db: number,
  type: string,
  key: Uint8Array,
  bytes: number,
): Generator<string> {
  const { form, count, read, isScanned, deadlines } = types.get(type) as TypeOfLines;
  if (form === "text" || form === "payload") {
    yield textOf(ask(database, db, read(key, 0, 0)) as Uint8Array, key);
    return;
  }
  const size = Number(ask(database, db, [count, key]));
  const page = Math.max(1, Math.min(ELEMENTS_MAX, Math.floor((LINE_LENGTH * size) / bytes)));
  let texts: string[] = [];
  let length = 0;
  for (let at = 0; ; ) {
    const reply = ask(database, db, read(key, at, page)) as ReplyValue[];
    const elements = (isScanned ? reply[1] : reply) as Uint8Array[];
    const step = form === "pairs" ? 2 : 1;
    const names = elements.filter((_, i) => i % step === 0);
    const times =
      deadlines === undefined ? [] : deadlinesOf(database, db, deadlines.read, key, names);
    for (let i = 0; i < elements.length; i += step) {
      const text = textOf(elements[i], key);
      const time = times[i >> 1] ?? NO_DEADLINE;
      const until = time === NO_DEADLINE ? "" : `,${time}`;
      texts.push(step === 2 ? `[${text},${textOf(elements[i + 1], key)}${until}]` : text);
      length += texts[texts.length - 1].length;
      if (texts.length < ELEMENTS_MAX && length < LINE_LENGTH) continue;
      yield `[${texts.join(",")}]`;
      texts = [];
      length = 0;
    }
    at = isScanned ? cursorOf(reply[0] as Uint8Array) : at + elements.length;
    if (isScanned ? at === 0 : at >= size) break;
  }
  if (texts.length > 0) yield `[${texts.join(",")}]`;
}

/** The deadlines of elements, which may be none. */
function deadlinesOf(
  database: Database,
  db: number,
  command: string,
  key: Word,
  elements: readonly Word[],
): number[] {
  if (elements.length === 0) return [];
  const words = [command, key, "FIELDS", String(elements.length), ...elements];
  return ask(database, db, words) as number[];
}

function cursorOf(bytes: Uint8Array): number {
  return Number(latin1Text(bytes, 0, bytes.length));
}

/** What a command that reads replies. */
function ask(database: Database, db: number, words: Word[]): ReplyValue {
  const { executor } = database;
  const { reply } = executor.context;
  const args = new Arguments();
  args.fill(words);
  executor.internal.db = db;
  const before = reply.length;
  executor.execute(executor.internal, args);
  const value = new ReplyReader({ bytes: true }).read(reply.bytes, before);
  reply.truncate(before);
  return value;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A text as JSON; `key` is whose it is. */
function textOf(bytes: Uint8Array, key: Uint8Array): string {
  try {
    try {
      return JSON.stringify(strict.decode(bytes));
    } catch {
      let text = "";
      for (let at = 0; at < bytes.length; at += BASE64_BYTES) {
        text += btoa(latin1Text(bytes, at, Math.min(bytes.length, at + BASE64_BYTES)));
      }
      return `{"base64":"${text}"}`;
    }
  } catch (error) {
    if (bytes.length < LONG_BYTES) throw error;
    throw new ToolRefusal(
      `a value of ${bytes.length.toLocaleString("en")} bytes in the key ${shownKey(key)} is too ` +
        "long for a text of this runtime: an .rdb file can hold it",
    );
  }
}

/** A key in a message: of printable characters, and not too many. */
export function shownKey(key: Uint8Array): string {
  const text = utf8Text(key, 0, Math.min(key.length, KEY_BYTES_SHOWN));
  return JSON.stringify(text) + (key.length > KEY_BYTES_SHOWN ? "…" : "");
}

type Refuse = (why: string) => never;
type Line = Readonly<Record<string, unknown>>;

/** Reads lines that stand for keys, and says by which commands these are made again. */
export class EntryLines {
  /** How many keys there were, and how many of them whose deadline has passed. */
  keys = 0;
  expired = 0;
  readonly #replaces: boolean;
  readonly #nowMs: number;
  /** The key of the line before: "db type key". */
  #before = "";

  /** @param replaces whether a key that is there is deleted; else the first command asks for it */
  constructor(replaces: boolean, nowMs: number) {
    this.#replaces = replaces;
    this.#nowMs = nowMs;
  }

  /** The commands of a line; undefined: it stands for no key. */
  readonly commandsOf = (line: Line, refuse: Refuse): Word[][] | undefined => {
    if (typeof line.type !== "string") return undefined;
    const { db = 0, key, type, value, expires, more = false, ...others } = line;
    for (const name of Object.keys(others)) refuse(`the name "${name}" is unknown here`);
    const known = types.get(type) ?? refuse(`there is no type "${type}" here`);
    if (key === undefined) refuse('the line has no "key"');
    if (value === undefined) refuse('the line has no "value"');
    if (!isCount(db)) refuse('"db" has to be the number of a database');
    if (typeof more !== "boolean") refuse('"more" has to be true or false');
    if (expires !== undefined && !isCount(expires)) {
      refuse('"expires" has to be a time in milliseconds since 1970');
    }
    const name = wordOf(key, refuse);
    const { words, deadlines } = elementsOf(value, known, this.#nowMs, refuse);
    const commands: Word[][] = [["SELECT", String(db)]];
    const own = JSON.stringify([db, type, key]);
    const isWhole = known.form === "text" || known.form === "payload";
    if (more && (own !== this.#before || isWhole)) {
      refuse('"more" goes on with the key of the line before, and that is another');
    }
    this.#before = own;
    if (!more) {
      this.keys++;
      commands.push([this.#replaces ? "DEL" : "EXISTS", name]);
    }
    if (expires !== undefined && (expires as number) <= this.#nowMs) {
      if (!more) this.expired++;
      return commands;
    }
    const isPair = known.form === "pairs" ? 2 : 1;
    if (words.length === 0 && !more) this.expired++;
    for (let i = 0; i < words.length; i += ELEMENTS_MAX * isPair) {
      commands.push([known.make, name, ...words.slice(i, i + ELEMENTS_MAX * isPair)]);
    }
    for (const [deadline, fields] of deadlines) {
      const count = String(fields.length);
      const make = known.deadlines?.make as string;
      commands.push([make, name, String(deadline), "FIELDS", count, ...fields]);
    }
    if (expires !== undefined) commands.push(["PEXPIREAT", name, String(expires)]);
    return commands;
  };
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** What a value holds, without elements whose deadline has passed. */
interface Elements {
  /** Pairs one behind the other, in the order that the type's command takes. */
  readonly words: Word[];
  readonly deadlines: ReadonlyMap<number, Word[]>;
}

function elementsOf(value: unknown, known: TypeOfLines, nowMs: number, refuse: Refuse): Elements {
  const { form, isTurned } = known;
  const deadlines = new Map<number, Word[]>();
  if (form === "text") return { words: [wordOf(value, refuse)], deadlines };
  if (form === "payload") return { words: ["0", wordOf(value, refuse)], deadlines };
  if (!Array.isArray(value)) return refuse("the value has to be a list");
  if (value.length === 0) refuse("a collection has one element at least");
  if (form === "texts") return { words: value.map((one) => wordOf(one, refuse)), deadlines };
  const words = value.flatMap((pair) => {
    const most = known.deadlines === undefined ? 2 : 3;
    if (!Array.isArray(pair) || pair.length < 2 || pair.length > most) {
      refuse("a field has to stand with its value, a member with its score");
    }
    const [first, second, deadline] = pair as unknown[];
    const words = [wordOf(first, refuse), wordOf(second, refuse)];
    if (isTurned === true) words.reverse();
    if (deadline === undefined) return words;
    if (!isCount(deadline)) refuse("a field's deadline is a time in milliseconds since 1970");
    if ((deadline as number) <= nowMs) return [];
    const fields = deadlines.get(deadline as number) ?? [];
    deadlines.set(deadline as number, fields);
    fields.push(words[0] as Word);
    return words;
  });
  return { words, deadlines };
}

function wordOf(value: unknown, refuse: Refuse): Word {
  if (typeof value === "string") {
    if (!value.isWellFormed()) refuse("a text has half of a character (a lone surrogate)");
    return value;
  }
  const { base64, ...others } = (value ?? {}) as { base64?: unknown };
  if (typeof base64 !== "string" || Object.keys(others).length > 0) {
    return refuse('a text, or {"base64": …}, was expected');
  }
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return refuse("what is called base64 is not");
  }
}
