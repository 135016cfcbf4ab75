// The console's replies: from the RESP that every command answers with to lines for a person.
//
//   reply           printed                       reply           printed
//   +OK $5 =txt     OK, hello, the text           *2              1) a
//   :3              (integer) 3                                   2) b
//   _ $-1 *-1       (nil)                         ~2              as an array
//   ,1.5            (double) 1.5                  %1              1) name: Alice
//   (12             (big number) 12               *0              (EMPTY LIST)
//   #t              (true)                        ~0  %0          (empty set)  (empty hash)
//   -ERR no         ERR no                        -BUSY no        ERR BUSY no
//
// Elements are numbered and nest as redis-cli has them: numbers are right-aligned to the longest,
// what nests is indented to stand behind its number, and an aggregate that is the value of a map
// begins on a line of its own. Every reply ends in a line feed.
//
// Bytes are printed as they are where they are printable UTF-8, else escaped (\n, \r, \t, \xNN), so
// that no value can steer a terminal or pass for two lines. Only texts made for reading (verbatim
// ones, such as INFO's) keep their lines.
//
// Some commands speak otherwise here than over RESP; the command table says so with a `console`
// hint out of this vocabulary (ConsoleShape):
//
//   bool      1 and 0 are (bool) True and (bool) False, also in an array   SISMEMBER, SMISMEMBER
//   deleted   a count is OK, 0 is NULL                                     DEL
//   type      "none" is NULL                                               TYPE
//   hash      an array's elements are pairs, `1) name: Alice`; empty: (empty hash)
//   set       an empty array is (empty set)                                SRANDMEMBER
//   scores    pairs in an array are `1) ann: 12`; empty: (empty sorted set)     ZRANGE, ZPOPMIN
//   entries   an entry of a stream is its ID, and its pairs below: `1) name: ann`     XRANGE, XREAD
//   claimed   `1) next: 0-0`, the entries that were claimed, and the IDs that are gone  XAUTOCLAIM
//   pending   an entry is its ID, and below whose it is; of a group: `1) count: 2`      XPENDING
//   text      a string is a text made for reading and keeps its lines      INFO, CLIENT LIST
//   plain     none of these (as when there is no hint)
//
// EXEC prints the replies of its commands in turn, without numbers, each by its command's hint.

import { utf8Bytes } from "../base/bytes.ts";
import { ReplyCursor, ReplyType } from "./reply-reader.ts";

export type ConsoleShape =
  | "plain"
  | "bool"
  | "deleted"
  | "type"
  | "hash"
  | "set"
  | "scores"
  | "entries"
  | "claimed"
  | "pending"
  | "text";

/** What is known of the command whose reply is printed. */
export interface ConsoleHint {
  /** Left out: "plain". */
  readonly shape?: ConsoleShape | undefined;
}

/** One argument of a command's syntax, as the command table has it. */
export interface SyntaxArgument {
  readonly name: string;
  readonly type: string;
  readonly token?: string | undefined;
  readonly optional?: boolean | undefined;
  readonly multiple?: boolean | undefined;
  readonly multipleToken?: boolean | undefined;
  readonly arguments?: readonly SyntaxArgument[] | undefined;
}

/** What HELP reads of a command's entry in the table. */
export interface HelpEntry {
  readonly name: string;
  readonly group: string;
  readonly since: string;
  readonly summary: string;
  readonly args?: readonly SyntaxArgument[] | undefined;
  readonly subcommands?: readonly HelpEntry[] | undefined;
}

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const BACKSLASH = 0x5c;
const COLUMNS_HELP = 78;

const FIRST_BYTES = 1024;
/** A buffer that has grown beyond this is given back. */
const KEEP_BYTES = 64 * 1024;

const NO_HINT: ConsoleHint = {};
const HASH_HINT: ConsoleHint = { shape: "hash" };
const NOTHING = new Uint8Array(0);

const NIL = utf8Bytes("(nil)");
const NULL = utf8Bytes("NULL");
const OK = utf8Bytes("OK");
const TRUE = utf8Bytes("(true)");
const FALSE = utf8Bytes("(false)");
const BOOL_TRUE = utf8Bytes("(bool) True");
const BOOL_FALSE = utf8Bytes("(bool) False");
const INTEGER = utf8Bytes("(integer) ");
const DOUBLE = utf8Bytes("(double) ");
const BIG_NUMBER = utf8Bytes("(big number) ");
const EMPTY_LIST = utf8Bytes("(EMPTY LIST)");
const EMPTY_HASH = utf8Bytes("(empty hash)");
const EMPTY_SET = utf8Bytes("(empty set)");
const EMPTY_SORTED_SET = utf8Bytes("(empty sorted set)");
const NONE = utf8Bytes("none");
const ERR = utf8Bytes("ERR ");
const WRONGTYPE = utf8Bytes("WRONGTYPE ");
const PAIR = utf8Bytes(": ");
const NUMBERED = utf8Bytes(") ");
const HEX = utf8Bytes("0123456789abcdef");
const CLAIMING = [utf8Bytes("idle"), utf8Bytes("deliveries")];

/** An element of an array that has a name. */
interface Part {
  readonly name: Uint8Array;
  readonly hint: ConsoleHint;
}

const part = (name: string, shape: ConsoleShape = "plain"): Part => ({
  name: utf8Bytes(name),
  hint: { shape },
});
const CLAIMED = [part("next"), part("claimed", "entries"), part("gone")];
const PENDING = [part("count"), part("first"), part("last"), part("consumers", "scores")];
const OF_PENDING = [part("consumer"), part("idle"), part("deliveries")];

/** Appends rendered replies to a buffer of its own: bytes[0, length). */
export class ConsoleRenderer {
  /** Borrowed: replaced when it grows, reused after `clear`. */
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  length = 0;
  /**
   * What the next WRONGTYPE errors are about, in their order: the name of the key's type and of the
   * one that the command is for ("string", "list"), in turn.
   */
  readonly wrongTypes: string[] = [];
  readonly #cursor = new ReplyCursor();

  /** Forgets what was rendered and out of what, and keeps no large buffer. */
  clear(): void {
    this.length = 0;
    this.wrongTypes.length = 0;
    this.#cursor.reset(NOTHING, 0);
    if (this.bytes.length > KEEP_BYTES) this.bytes = new Uint8Array(FIRST_BYTES);
  }

  /** Renders the reply that begins at `at` of `source`, and returns where it ends. */
  reply(source: Uint8Array, at: number, hint: ConsoleHint = NO_HINT): number {
    this.#cursor.reset(source, at);
    this.#cursor.nextValue();
    this.#value(hint, 0);
    return this.#cursor.at;
  }

  /** Renders the reply of EXEC; `hints` are those of the queued commands, in order. */
  transaction(source: Uint8Array, at: number, hints: readonly ConsoleHint[]): number {
    const cursor = this.#cursor;
    cursor.reset(source, at);
    cursor.nextValue();
    const count = cursor.type === ReplyType.array ? cursor.count : 0;
    if (count === 0) this.#value(NO_HINT, 0);
    for (let i = 0; i < count; i++) {
      cursor.nextValue();
      this.#value(hints[i] ?? NO_HINT, 0);
    }
    return cursor.at;
  }

  /** Renders a line of our own, such as `ERR unbalanced quotes in request`. */
  line(text: string): void {
    const bytes = utf8Bytes(text);
    this.#copy(bytes, 0, bytes.length);
    this.#byte(LF);
  }

  /** Answers HELP with the words after it: none, a command, a command and a subcommand, a group. */
  help(commands: Iterable<HelpEntry>, topic: readonly string[] = []): void {
    const entries = [...commands].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const line of helpLines(entries, topic)) this.line(line);
  }

  // Prints the value whose header the cursor has read, and what belongs to it. The first line
  // begins where the buffer ends; further ones are indented.
  #value(hint: ConsoleHint, indent: number): void {
    const cursor = this.#cursor;
    switch (cursor.type) {
      case ReplyType.array:
      case ReplyType.push:
        if (hint.shape === "hash") this.#pairs(hint, indent, cursor.count >> 1);
        else if (hint.shape === "scores") this.#scores(hint, indent);
        else if (hint.shape === "entries") this.#entries(indent);
        else if (hint.shape === "claimed") this.#named(CLAIMED, indent);
        else if (hint.shape === "pending") this.#pending(indent);
        else this.#elements(hint, indent, hint.shape === "set" ? EMPTY_SET : EMPTY_LIST);
        break;
      case ReplyType.set:
        this.#elements(hint, indent, EMPTY_SET);
        break;
      case ReplyType.map:
        this.#pairs(hint, indent, cursor.count);
        break;
      default:
        this.#scalar(hint);
        this.#byte(LF);
    }
  }

  #scalar(hint: ConsoleHint): void {
    const { type, bytes, start, end } = this.#cursor;
    switch (type) {
      case ReplyType.bulk:
        if (hint.shape === "text") this.#lines(bytes, start, end);
        else this.#printable(bytes, start, end);
        break;
      case ReplyType.simple:
        if (hint.shape === "type" && isText(bytes, start, end, NONE)) this.#constant(NULL);
        else this.#printable(bytes, start, end);
        break;
      case ReplyType.null:
        this.#constant(NIL);
        break;
      case ReplyType.integer:
        this.#integer(hint.shape, bytes, start, end);
        break;
      case ReplyType.boolean: {
        const yes = bytes[start] === 0x74;
        if (hint.shape === "bool") this.#constant(yes ? BOOL_TRUE : BOOL_FALSE);
        else this.#constant(yes ? TRUE : FALSE);
        break;
      }
      case ReplyType.double:
        this.#constant(DOUBLE);
        this.#copy(bytes, start, end);
        break;
      case ReplyType.bigNumber:
        this.#constant(BIG_NUMBER);
        this.#copy(bytes, start, end);
        break;
      case ReplyType.verbatim:
        this.#lines(bytes, start, end);
        break;
      default:
        this.#error(bytes, start, end);
    }
  }

  #integer(shape: string | undefined, bytes: Uint8Array, start: number, end: number): void {
    const isZero = end - start === 1 && bytes[start] === 0x30;
    if (shape === "bool") {
      this.#constant(isZero ? BOOL_FALSE : BOOL_TRUE);
    } else if (shape === "deleted") {
      this.#constant(isZero ? NULL : OK);
    } else {
      this.#constant(INTEGER);
      this.#copy(bytes, start, end);
    }
  }

  #error(bytes: Uint8Array, start: number, end: number): void {
    this.#constant(ERR);
    if (startsWith(bytes, start, end, ERR)) {
      this.#printable(bytes, start + ERR.length, end);
    } else if (startsWith(bytes, start, end, WRONGTYPE) && this.wrongTypes.length > 0) {
      const [actual, expected] = this.wrongTypes.splice(0, 2);
      this.#constant(utf8Bytes(`WRONGTYPE: key is ${actual}, not ${expected}`));
    } else {
      this.#printable(bytes, start, end);
    }
  }

  #elements(hint: ConsoleHint, indent: number, empty: Uint8Array): void {
    const cursor = this.#cursor;
    const count = cursor.count;
    if (count === 0) this.#emptyLine(empty);
    const width = String(count).length;
    for (let i = 1; i <= count; i++) {
      this.#number(i, width, i === 1 ? 0 : indent);
      cursor.nextValue();
      this.#value(hint, indent + width + NUMBERED.length);
    }
  }

  // Members, or pairs of a member and its score, which are arrays of two within another.
  #scores(hint: ConsoleHint, indent: number): void {
    const cursor = this.#cursor;
    const count = cursor.count;
    if (count === 0) return this.#emptyLine(EMPTY_SORTED_SET);
    cursor.nextValue();
    const isMember: boolean = cursor.type === ReplyType.bulk;
    if (count === 2 && indent > 0 && isMember) {
      this.#scalar(hint);
      this.#constant(PAIR);
      cursor.nextValue();
      this.#copy(cursor.bytes, cursor.start, cursor.end); // the score, without what it is
      this.#byte(LF);
      return;
    }
    const width = String(count).length;
    for (let i = 1; i <= count; i++) {
      this.#number(i, width, i === 1 ? 0 : indent);
      if (i > 1) cursor.nextValue();
      this.#value(hint, indent + width + NUMBERED.length);
    }
  }

  // Entries of a stream: each an ID and an array of pairs, or a null where it is gone. One that was
  // claimed has two numbers more.
  #entries(indent: number): void {
    const cursor = this.#cursor;
    const count = cursor.count;
    if (count === 0) return this.#emptyLine(EMPTY_LIST);
    const width = String(count).length;
    const within = indent + width + NUMBERED.length;
    for (let i = 1; i <= count; i++) {
      this.#number(i, width, i === 1 ? 0 : indent);
      cursor.nextValue();
      const parts = cursor.type === ReplyType.array ? cursor.count : 0;
      if (parts !== 2 && parts !== 2 + CLAIMING.length) {
        this.#value(NO_HINT, within);
        continue;
      }
      cursor.nextValue();
      this.#scalar(NO_HINT);
      this.#byte(LF);
      this.#blanks(within);
      cursor.nextValue();
      this.#value(HASH_HINT, within);
      for (let part = 2; part < parts; part++) {
        this.#blanks(within);
        this.#constant(CLAIMING[part - 2]);
        this.#constant(PAIR);
        cursor.nextValue();
        this.#value(NO_HINT, within);
      }
    }
  }

  // Entries that are pending, each an array; or what a group has in sum, which begins with a count.
  #pending(indent: number): void {
    const cursor = this.#cursor;
    const count = cursor.count;
    if (count === 0) return this.#emptyLine(EMPTY_LIST);
    const width = String(count).length;
    const within = indent + width + NUMBERED.length;
    for (let i = 1; i <= count; i++) {
      cursor.nextValue();
      const isCount: boolean = cursor.type === ReplyType.integer;
      if (i === 1 && isCount) return this.#namedFrom(PENDING, indent);
      this.#number(i, width, i === 1 ? 0 : indent);
      cursor.nextValue();
      this.#scalar(NO_HINT);
      this.#byte(LF);
      this.#blanks(within);
      cursor.nextValue();
      this.#namedFrom(OF_PENDING, within);
    }
  }

  // An array whose elements have names, which it does not say.
  #named(parts: readonly Part[], indent: number): void {
    this.#cursor.nextValue();
    this.#namedFrom(parts, indent);
  }

  // Likewise, where the cursor has read the first of them.
  #namedFrom(parts: readonly Part[], indent: number): void {
    const width = String(parts.length).length;
    for (let i = 0; i < parts.length; i++) {
      this.#number(i + 1, width, i === 0 ? 0 : indent);
      this.#constant(parts[i].name);
      this.#constant(PAIR);
      if (i > 0) this.#cursor.nextValue();
      this.#paired(parts[i].hint, indent + width + NUMBERED.length);
    }
  }

  // What follows PAIR: several values begin on a line of their own.
  #paired(hint: ConsoleHint, indent: number): void {
    if (this.#cursor.count > 0) {
      this.bytes[this.length - 1] = LF; // instead of the blank of PAIR
      this.#blanks(indent);
    }
    this.#value(hint, indent);
  }

  #pairs(hint: ConsoleHint, indent: number, count: number): void {
    const cursor = this.#cursor;
    if (count === 0) this.#emptyLine(EMPTY_HASH);
    const width = String(count).length;
    for (let i = 1; i <= count; i++) {
      this.#number(i, width, i === 1 ? 0 : indent);
      cursor.nextValue();
      if (cursor.count > 0) {
        // An aggregate as a field: RESP allows it, no command of ours has one.
        this.#value(NO_HINT, indent + width + NUMBERED.length);
        this.#blanks(indent + width + NUMBERED.length);
      } else {
        this.#scalar(NO_HINT);
      }
      this.#constant(PAIR);
      cursor.nextValue();
      // An array in a hash is a list again: the hint was for this level.
      const nested = hint.shape === "hash" ? NO_HINT : hint;
      this.#paired(nested, indent + width + NUMBERED.length);
    }
  }

  #emptyLine(text: Uint8Array): void {
    this.#constant(text);
    this.#byte(LF);
  }

  #number(number: number, width: number, indent: number): void {
    const digits = String(number);
    this.#blanks(indent + width - digits.length);
    for (let i = 0; i < digits.length; i++) this.#byte(digits.charCodeAt(i));
    this.#constant(NUMBERED);
  }

  #blanks(count: number): void {
    for (let i = 0; i < count; i++) this.#byte(BLANK);
  }

  // A text made for reading: its lines stay, CR LF becomes LF; the last LF is left to the reply.
  #lines(bytes: Uint8Array, start: number, end: number): void {
    let last = end;
    if (last > start && bytes[last - 1] === LF) last--;
    if (last > start && bytes[last - 1] === CR) last--;
    let lineStart = start;
    for (let at = start; at <= last; at++) {
      if (at < last && bytes[at] !== LF) continue;
      const hasCr = at < last && at > lineStart && bytes[at - 1] === CR;
      this.#printable(bytes, lineStart, hasCr ? at - 1 : at);
      if (at < last) this.#byte(LF);
      lineStart = at + 1;
    }
  }

  #printable(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve((end - start) * 4);
    let at = start;
    while (at < end) {
      const byte = bytes[at];
      if (byte >= 0x20 && byte < 0x7f) {
        this.bytes[this.length++] = byte;
        at++;
        continue;
      }
      const length = byte < 0x80 ? 0 : printableLength(bytes, at, end);
      if (length === 0) {
        this.#escape(byte);
        at++;
      }
      for (let i = 0; i < length; i++) this.bytes[this.length++] = bytes[at++];
    }
  }

  #escape(byte: number): void {
    this.#byte(BACKSLASH);
    if (byte === LF) {
      this.#byte(0x6e);
    } else if (byte === CR) {
      this.#byte(0x72);
    } else if (byte === 0x09) {
      this.#byte(0x74);
    } else {
      this.#byte(0x78);
      this.#byte(HEX[byte >> 4]);
      this.#byte(HEX[byte & 15]);
    }
  }

  #constant(bytes: Uint8Array): void {
    this.#copy(bytes, 0, bytes.length);
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    for (let at = start; at < end; at++) this.bytes[this.length++] = bytes[at];
  }

  #byte(byte: number): void {
    if (this.length === this.bytes.length) this.#reserve(1);
    this.bytes[this.length++] = byte;
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return;
    const longer = new Uint8Array(Math.max(this.bytes.length * 2, this.length + bytes));
    longer.set(this.bytes.subarray(0, this.length));
    this.bytes = longer;
  }
}

function startsWith(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  return end - start >= text.length && isText(bytes, start, start + text.length, text);
}

function isText(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}

// The bytes of the printable character of two to four bytes at `at`; 0 where there is none: not
// UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF), or a control (U+0080 … 9F).
function printableLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at];
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1];
  if (first === 0xc2 && second < 0xa0) return 0;
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  return length;
}

/** A command's syntax as redis-cli writes it: `key value [NX | XX] [EX seconds | …]`. */
export function syntaxText(args: readonly SyntaxArgument[]): string {
  return args.map(argumentText).join(" ");
}

function argumentText(argument: SyntaxArgument): string {
  const token = argument.token === undefined ? "" : argument.token === "" ? '""' : argument.token;
  let text = argument.name;
  if (argument.type === "pure-token") {
    text = token;
  } else {
    if (argument.type === "block") {
      text = syntaxText(argument.arguments ?? []);
    } else if (argument.type === "oneof") {
      text = (argument.arguments ?? []).map(argumentText).join(" | ");
      if (argument.optional !== true || token !== "") text = `<${text}>`;
    }
    if (argument.multiple === true && argument.multipleToken !== true) text += ` [${text} ...]`;
    if (token !== "") text = `${token} ${text}`;
    if (argument.multiple === true && argument.multipleToken === true) text += ` [${text} ...]`;
  }
  return argument.optional === true ? `[${text}]` : text;
}

function helpLines(entries: readonly HelpEntry[], topic: readonly string[]): string[] {
  if (topic.length === 0) return overview(entries);
  const [word, subword] = topic.map((part) => part.toLowerCase());
  const entry = entries.find((candidate) => candidate.name === word);
  if (entry !== undefined && subword !== undefined) {
    const subcommand = entry.subcommands?.find((candidate) => candidate.name === subword);
    if (subcommand !== undefined) return commandLines(subcommand, `${entry.name} `);
    return [`ERR no help for '${topic.join(" ")}'; try HELP ${entry.name.toUpperCase()}`];
  }
  if (entry !== undefined) return commandLines(entry, "");
  const group = word.replace(/^@/, "");
  const members = entries.filter((candidate) => candidate.group === group);
  if (members.length > 0) return summaries(members, "");
  return [`ERR no help for '${topic.join(" ")}'; HELP alone lists the commands`];
}

function overview(entries: readonly HelpEntry[]): string[] {
  const lines = ["HELP <command> tells what a command does, HELP <group> lists a group."];
  const groups = [...new Set(entries.map((entry) => entry.group))].sort();
  for (const group of groups) {
    let line = `${group}:`;
    for (const entry of entries) {
      if (entry.group !== group) continue;
      const name = entry.name.toUpperCase();
      if (line.length + 1 + name.length > COLUMNS_HELP) {
        lines.push(line);
        line = " ";
      }
      line += ` ${name}`;
    }
    lines.push(line);
  }
  return lines;
}

function commandLines(entry: HelpEntry, parent: string): string[] {
  const name = (parent + entry.name).toUpperCase();
  return [
    `${name} ${syntaxText(entry.args ?? [])}`.trimEnd(),
    `summary: ${entry.summary}`,
    `since: ${entry.since}`,
    `group: ${entry.group}`,
    ...summaries(entry.subcommands ?? [], `${entry.name} `),
  ];
}

function summaries(entries: readonly HelpEntry[], parent: string): string[] {
  return entries.map((entry) => `${(parent + entry.name).toUpperCase()} - ${entry.summary}`);
}
