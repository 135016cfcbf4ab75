// Requests and replies as RESP2 and RESP3 have them on the wire, for tests that care about exact
// types.
//
// A library client turns `:1`, `#t` and `+1` into values that look alike; a conformance test must
// not. So a reply here is a tagged tree that keeps the type byte's meaning, and `show` prints a
// tree on one line so that a failed comparison reads like a transcript:
//
//   +OK   -ERR text   :7   "bulk\x00"   $-1   *-1   _   [a, b]   {k: v}   ~[a, b]   >[a, b]
//   ,1.5   #t   =txt:"…"   (123

/** One reply. Texts are latin1, so every byte of the wire survives. */
export type Reply =
  | {
      readonly type: "simple" | "error" | "integer" | "double" | "bigNumber";
      readonly text: string;
    }
  | { readonly type: "bulk" | "bulkError"; readonly bytes: Buffer }
  | { readonly type: "verbatim"; readonly format: string; readonly bytes: Buffer }
  | { readonly type: "nullBulk" | "nullArray" | "null" }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "array" | "set" | "push"; readonly items: readonly Reply[] }
  /** Keys and values alternate in `items`. */
  | { readonly type: "map" | "attribute"; readonly items: readonly Reply[] };

export type Argument = string | number | Uint8Array;

/** The RESP array that carries one command. Strings travel as UTF-8. */
export function encodeCommand(args: readonly Argument[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === "object" ? Buffer.from(arg) : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

/** What the parser says when the bytes are no RESP. */
export class ReplyFormatError extends Error {
  override readonly name = "ReplyFormatError";
}

const AGGREGATES = { "*": "array", "~": "set", ">": "push", "%": "map", "|": "attribute" } as const;

/**
 * Takes bytes in any pieces and gives whole replies. An incomplete reply is parsed again from its
 * start when more bytes come, unless the reply's next known end (of a bulk) is still out of reach.
 */
export class ReplyParser {
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #neededBytes = 1;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;

  push(bytes: Uint8Array): void {
    this.#pending.push(Buffer.from(bytes));
    this.#pendingBytes += bytes.length;
  }

  /** Bytes taken in that no reply has used yet. */
  get leftover(): Buffer {
    return Buffer.concat([this.#buffer, ...this.#pending]);
  }

  /** The next whole reply, or undefined until more bytes come. */
  next(): Reply | undefined {
    if (this.#buffer.length + this.#pendingBytes < this.#neededBytes) return undefined;
    if (this.#pending.length > 0) {
      this.#buffer = Buffer.concat([this.#buffer, ...this.#pending]);
      this.#pending = [];
      this.#pendingBytes = 0;
    }
    this.#at = 0;
    this.#neededBytes = this.#buffer.length + 1;
    const reply = this.#reply();
    if (reply === undefined) return undefined;
    this.#buffer = this.#buffer.subarray(this.#at);
    this.#neededBytes = 1;
    return reply;
  }

  #line(): string | undefined {
    const end = this.#buffer.indexOf("\r\n", this.#at, "latin1");
    if (end < 0) return undefined;
    const text = this.#buffer.toString("latin1", this.#at, end);
    this.#at = end + 2;
    return text;
  }

  #bytes(length: number): Buffer | undefined {
    const end = this.#at + length;
    if (end + 2 > this.#buffer.length) {
      this.#neededBytes = end + 2;
      return undefined;
    }
    if (this.#buffer[end] !== 13 || this.#buffer[end + 1] !== 10) {
      throw new ReplyFormatError("a bulk does not end in CR LF");
    }
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end + 2;
    return bytes;
  }

  #reply(): Reply | undefined {
    if (this.#at >= this.#buffer.length) return undefined;
    const sign = String.fromCharCode(this.#buffer[this.#at++] as number);
    const text = this.#line();
    if (text === undefined) return undefined;
    switch (sign) {
      case "+":
        return { type: "simple", text };
      case "-":
        return { type: "error", text };
      case ":":
        if (!/^-?\d+$/.test(text)) throw new ReplyFormatError(`":${text}" is no integer`);
        return { type: "integer", text };
      case ",":
        return { type: "double", text };
      case "(":
        return { type: "bigNumber", text };
      case "_":
        return { type: "null" };
      case "#":
        if (text !== "t" && text !== "f") throw new ReplyFormatError(`"#${text}" is no boolean`);
        return { type: "boolean", value: text === "t" };
      case "$":
      case "!":
      case "=": {
        if (sign === "$" && text === "-1") return { type: "nullBulk" };
        const bytes = this.#bytes(length(text));
        if (bytes === undefined) return undefined;
        if (sign === "$") return { type: "bulk", bytes };
        if (sign === "!") return { type: "bulkError", bytes };
        return {
          type: "verbatim",
          format: bytes.toString("latin1", 0, 3),
          bytes: bytes.subarray(4),
        };
      }
      case "*":
      case "~":
      case ">":
      case "%":
      case "|": {
        if (sign === "*" && text === "-1") return { type: "nullArray" };
        const type = AGGREGATES[sign];
        const count = length(text) * (type === "map" || type === "attribute" ? 2 : 1);
        const items: Reply[] = [];
        for (let index = 0; index < count; index++) {
          const item = this.#reply();
          if (item === undefined) return undefined;
          items.push(item);
        }
        return { type, items };
      }
      default:
        throw new ReplyFormatError(`a reply begins with ${JSON.stringify(sign + text)}`);
    }
  }
}

function length(text: string): number {
  if (!/^\d+$/.test(text)) throw new ReplyFormatError(`"${text}" is no length`);
  return Number(text);
}

/** Bytes between double quotes, with redis-cli's escapes. */
export function quote(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte === 10) text += "\\n";
    else if (byte === 13) text += "\\r";
    else if (byte === 9) text += "\\t";
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `"${text}"`;
}

/** A reply on one line; different replies show differently. */
export function show(reply: Reply): string {
  switch (reply.type) {
    case "simple":
      return `+${reply.text}`;
    case "error":
      return `-${reply.text}`;
    case "integer":
      return `:${reply.text}`;
    case "double":
      return `,${reply.text}`;
    case "bigNumber":
      return `(${reply.text}`;
    case "bulk":
      return quote(reply.bytes);
    case "bulkError":
      return `!${quote(reply.bytes)}`;
    case "verbatim":
      return `=${reply.format}:${quote(reply.bytes)}`;
    case "nullBulk":
      return "$-1";
    case "nullArray":
      return "*-1";
    case "null":
      return "_";
    case "boolean":
      return reply.value ? "#t" : "#f";
    case "array":
      return `[${reply.items.map(show).join(", ")}]`;
    case "set":
      return `~[${reply.items.map(show).join(", ")}]`;
    case "push":
      return `>[${reply.items.map(show).join(", ")}]`;
    case "map":
    case "attribute": {
      const pairs: string[] = [];
      for (let index = 0; index < reply.items.length; index += 2) {
        pairs.push(
          `${show(reply.items[index] as Reply)}: ${show(reply.items[index + 1] as Reply)}`,
        );
      }
      return `${reply.type === "map" ? "" : "|"}{${pairs.join(", ")}}`;
    }
  }
}

/** The text of a simple string, error, number, bulk or verbatim reply; undefined for the others. */
export function textOf(reply: Reply): string | undefined {
  if ("text" in reply) return reply.text;
  if ("bytes" in reply) return reply.bytes.toString("latin1");
  return undefined;
}

/** The items of an array, set, push or map; an empty list for the others. */
export function itemsOf(reply: Reply): readonly Reply[] {
  return "items" in reply ? reply.items : [];
}

/** Splits a line as redis-cli does: "double" quotes with escapes, 'single' ones without. */
export function splitLine(line: string): Buffer[] {
  const args: Buffer[] = [];
  let at = 0;
  while (true) {
    while (line[at] === " ") at++;
    if (at >= line.length) return args;
    let text = "";
    if (line[at] === '"' || line[at] === "'") {
      const mark = line[at++];
      while (line[at] !== mark) {
        if (at >= line.length) throw new Error(`unbalanced quotes in ${line}`);
        if (mark === '"' && line[at] === "\\") {
          const hex = /^\\x([0-9a-f]{2})/i.exec(line.slice(at));
          if (hex) {
            text += String.fromCharCode(Number.parseInt(hex[1] as string, 16));
            at += 4;
          } else {
            const escape = line[at + 1] as string;
            text += { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" }[escape] ?? escape;
            at += 2;
          }
        } else text += line[at++];
      }
      at++;
    } else while (at < line.length && line[at] !== " ") text += line[at++];
    args.push(Buffer.from(text, "latin1"));
  }
}
