// Imports a write-ahead log of JSON lines, as PyKeyDB and programs like it keep one.
//
// Its format was never written down, so the reader takes each shape that such a log may have; one
// file may mix them. docs/formats/log.md has the table. In short:
//
//   ["SET", "k", "v"]                                    a list: the command and its arguments
//   {"op": "SET", "args": ["k", "v"]}                    a command with a list of arguments
//   {"op": "HSET", "key": "h", "field": "f", "value": 1} a command with named arguments
//   {"op": "EXEC", "commands": [ … ]}                    a transaction: its commands, in turn
//
// Anything else is an error that names the line: a log is imported whole or not at all, except that
// a last line without its line feed that is no JSON is a write that a crash cut short. It is left
// out and reported, but for files with lines of another form, which are no log.

import { messageOf } from "../base/realms.ts";
import type { File, Platform } from "../platform/platform.ts";
import { Arguments } from "../protocol/arguments.ts";
import { LogError } from "./log/log-error.ts";
import type { Apply } from "./log/log-reader.ts";

const CHUNK_BYTES = 1 << 20;
/** A line that cannot be made a text may be too long for one. */
const LONG_BYTES = 1 << 28;
const LF = 10;

export interface SeedImport {
  /** Lines read, empty ones and the torn one not counted. */
  readonly lines: number;
  readonly commands: number;
  /** The number of the torn last line and its bytes, if there was one. */
  readonly torn: { readonly line: number; readonly bytes: number } | undefined;
}

/** The commands of an object of another form; undefined: it has none that is known. */
export type OtherLines = (
  line: Readonly<Record<string, unknown>>,
  refuse: (why: string) => never,
) => readonly (readonly (string | Uint8Array)[])[] | undefined;

/**
 * Reads the JSON lines of `path` and hands each command on. Throws LogError IMPORT_FORMAT, with the
 * number of the line as `offset`; commands of the lines before it have been applied by then.
 */
export function importSeedLog(
  platform: Platform,
  path: string,
  apply: Apply,
  others: OtherLines = () => undefined,
  onRead: (path: string, bytes: number) => void = () => {},
): SeedImport {
  const file = platform.open(path, "read");
  const args = new Arguments();
  let number = 0;
  let lines = 0;
  let commands = 0;
  let torn: SeedImport["torn"];
  let hasOthers = false;
  const refuse = (why: string, cause?: unknown): never => {
    const message = `${path}, line ${number}: ${why}`;
    throw new LogError("IMPORT_FORMAT", path, number, message, cause);
  };
  try {
    const told = (position: number): void => onRead(path, position);
    readLines(platform, file, told, (bytes, start, end, hasLineFeed) => {
      number++;
      const text = textOf(bytes, start, end, refuse).trim();
      if (text === "") return;
      let parsed: unknown;
      try {
        parsed = JSON.parse(text);
      } catch (error) {
        if (hasLineFeed) refuse(`it is not JSON (${messageOf(error)})`, error);
        if (hasOthers) refuse("the file ends inside it", error);
        torn = { line: number, bytes: end - start };
        return;
      }
      lines++;
      const other = isObject(parsed) ? others(parsed as JsonObject, refuse) : undefined;
      if (other !== undefined) hasOthers = true;
      for (const command of other ?? commandsOf(withNumbersAsWritten(text), refuse)) {
        if (command.length === 1 && (command[0] === "MULTI" || command[0] === "EXEC")) continue;
        args.fill(command);
        try {
          apply(args);
        } catch (error) {
          refuse(messageOf(error), error);
        }
        commands++;
      }
    });
  } finally {
    platform.close(file);
  }
  return { lines, commands, torn };
}

const strict = new TextDecoder("utf-8", { fatal: true });

function textOf(bytes: Uint8Array, start: number, end: number, refuse: Refuse): string {
  try {
    return strict.decode(bytes.slice(start, end));
  } catch (error) {
    const mayBeTooLong = end - start >= LONG_BYTES;
    return refuse(mayBeTooLong ? `it is too long (${messageOf(error)})` : "it is no UTF-8");
  }
}

function withNumbersAsWritten(text: string): unknown {
  return JSON.parse(text, numberAsWritten as (key: string, value: unknown) => unknown);
}

function readLines(
  platform: Platform,
  file: File,
  onRead: (position: number) => void,
  visit: (bytes: Uint8Array, start: number, end: number, hasLineFeed: boolean) => void,
): void {
  const size = platform.size(file);
  let bytes = new Uint8Array(Math.min(CHUNK_BYTES, size));
  let filled = 0;
  for (let position = 0; position < size; ) {
    if (filled === bytes.length) {
      const longer = new Uint8Array(bytes.length * 2);
      longer.set(bytes);
      bytes = longer;
    }
    const count = platform.read(file, bytes, filled, bytes.length, position);
    if (count === 0) break;
    position += count;
    onRead(position);
    filled += count;
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LF, start);
      if (end < 0 || end >= filled) break;
      visit(bytes, start, end, true);
      start = end + 1;
    }
    bytes.copyWithin(0, start, filled);
    filled -= start;
  }
  if (filled > 0) visit(bytes, 0, filled, false);
}

type Refuse = (why: string) => never;
type JsonObject = Record<string, unknown>;

const COMMAND_NAMES = ["op", "operation", "command", "cmd", "action"];
const ARGUMENT_NAMES = ["args", "arguments", "params", "argv"];
const TRANSACTION_NAMES = ["commands", "operations", "ops", "queue"];
const IGNORED = new Set(
  "ts timestamp time seq sequence id lsn txid crc checksum client version".split(" "),
);

// Other words for commands.
const COMMAND_ALIASES: Record<string, string> = {
  PUT: "SET",
  DELETE: "DEL",
  REMOVE: "DEL",
  FLUSH: "FLUSHALL",
  CLEAR: "FLUSHALL",
};

// Named arguments in the order in which commands take them. `*` spreads a list, `%` an object's
// keys and values; "EX" and "PX" stand before a SET's deadline.
const NAMED_ARGUMENTS: readonly (readonly [name: string, form: "" | "*" | "%" | "EX" | "PX"])[] = [
  ["key", ""],
  ["keys", "*"],
  ["source", ""],
  ["destination", ""],
  ["mapping", "%"],
  ["items", "%"],
  ["field", ""],
  ["fields", "*"],
  ["index", ""],
  ["start", ""],
  ["stop", ""],
  ["end", ""],
  ["count", ""],
  ["value", "*"],
  ["values", "*"],
  ["member", ""],
  ["members", "*"],
  ["element", ""],
  ["elements", "*"],
  ["amount", ""],
  ["increment", ""],
  ["delta", ""],
  ["seconds", ""],
  ["milliseconds", ""],
  ["ex", "EX"],
  ["ttl", "EX"],
  ["px", "PX"],
];

const KNOWN = new Set<string>([
  ...COMMAND_NAMES,
  ...ARGUMENT_NAMES,
  ...TRANSACTION_NAMES,
  ...IGNORED,
  ...NAMED_ARGUMENTS.map(([name]) => name),
  "db",
]);

/** The commands that one line stands for. */
function commandsOf(line: unknown, refuse: Refuse): string[][] {
  if (Array.isArray(line)) return [listCommand(line, refuse)];
  if (typeof line !== "object" || line === null) return refuse("it is no list and no object");
  const object = line as JsonObject;
  for (const name of Object.keys(object)) {
    if (!KNOWN.has(name)) refuse(`the name "${name}" is unknown here`);
  }
  const commands = databaseOf(object, refuse);
  const transaction = first(object, TRANSACTION_NAMES);
  if (transaction !== undefined) {
    if (!Array.isArray(transaction)) return refuse("a transaction has to be a list of commands");
    for (const part of transaction) commands.push(...commandsOf(part, refuse));
    return commands;
  }
  const op = first(object, COMMAND_NAMES);
  const list = first(object, ARGUMENT_NAMES);
  if (Array.isArray(op)) {
    commands.push(listCommand(op, refuse));
  } else if (typeof op !== "string" || !/^[a-z]/i.test(op)) {
    refuse(`no command: one of ${COMMAND_NAMES.join(", ")} has to name it`);
  } else if (list === undefined) {
    commands.push(namedCommand(op, object, refuse));
  } else if (Array.isArray(list)) {
    commands.push(listCommand([op, ...list], refuse));
  } else {
    refuse("the arguments have to be a list");
  }
  return commands;
}

function databaseOf(object: JsonObject, refuse: Refuse): string[][] {
  if (object.db === undefined) return [];
  return [["SELECT", wordOf(object.db, "db", refuse)]];
}

function listCommand(list: readonly unknown[], refuse: Refuse): string[] {
  const [name, ...rest] = list;
  if (typeof name !== "string" || !/^[a-z]/i.test(name))
    return refuse("the list does not begin with a command");
  const command = [commandName(name)];
  for (const part of rest) {
    if (Array.isArray(part)) for (const one of part) command.push(wordOf(one, "list", refuse));
    else if (isObject(part)) pushPairs(command, part, "mapping", refuse);
    else command.push(wordOf(part, "argument", refuse));
  }
  return command;
}

function namedCommand(name: string, object: JsonObject, refuse: Refuse): string[] {
  const command = [commandName(name)];
  const isSet = command[0] === "SET";
  for (const [argument, form] of NAMED_ARGUMENTS) {
    const value = object[argument];
    if (value === undefined || value === null) continue;
    if (form === "%" || isObject(value)) {
      pushPairs(command, value, argument, refuse);
    } else if (form === "*" && Array.isArray(value)) {
      for (const one of value) command.push(wordOf(one, argument, refuse));
    } else {
      if ((form === "EX" || form === "PX") && isSet) command.push(form);
      command.push(wordOf(value, argument, refuse));
    }
  }
  return command;
}

function commandName(name: string): string {
  const upper = name.toUpperCase();
  return COMMAND_ALIASES[upper] ?? upper;
}

function pushPairs(command: string[], value: unknown, name: string, refuse: Refuse): void {
  if (!isObject(value)) refuse(`"${name}" has to be an object`);
  for (const [field, one] of Object.entries(value as JsonObject)) {
    command.push(field, wordOf(one, field, refuse));
  }
}

/** Keeps the spelling of a number (1.0, or more digits than a double has) where it is told. */
function numberAsWritten(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" ? (context?.source ?? value) : value;
}

/** A JSON value as an argument: texts as they are, numbers and truth values as JSON spells them. */
function wordOf(value: unknown, name: string, refuse: Refuse): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return String(value);
    return refuse(`this runtime cannot tell the digits of "${name}"; write the number as a text`);
  }
  return refuse(`"${name}" has to be a text or a number`);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function first(object: JsonObject, names: readonly string[]): unknown {
  for (const name of names) if (object[name] !== undefined) return object[name];
  return undefined;
}
