// From a reply's bytes to the value that a method returns. The replies that are most of all
// traffic (a string, a number, OK, nothing, arrays of strings) are read here, straight from the
// bytes; the rest goes through the general reader.

import { className } from "../base/realms.ts";
import { ReplyError, ReplyReader, type ReplyValue } from "../protocol/reply-reader.ts";
import { textOf } from "./text.ts";
import {
  As,
  type Fields,
  type LcsMatch,
  type LcsMatches,
  type StreamEntry,
  type Text,
} from "./values.ts";

const CR = 13;
const ZERO = 48;
const Byte = { bulk: 0x24, integer: 0x3a, array: 0x2a, set: 0x7e, null: 0x5f, map: 0x25 } as const;
/** Numbers of so many digits are exact. */
const DIGITS_MAX = 15;

/** Makes one kind of text of bytes: what a database's methods return. */
export type TextMaker<T extends Text> = (bytes: Uint8Array, start: number, end: number) => T;

/** A copy of a range. */
export function bytesOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return bytes.slice(start, end);
}

export class Reader<T extends Text> {
  readonly text: TextMaker<T>;
  readonly #general: ReplyReader;
  readonly #raw: ReplyReader;
  #last: ReplyReader;
  readonly #inBytes: boolean;
  /** Where the number that was read last, or its line, ends. */
  #at = 0;

  constructor(text: TextMaker<T>, inBytes: boolean) {
    this.text = text;
    this.#inBytes = inBytes;
    this.#general = new ReplyReader({ bytes: inBytes, maps: inBytes });
    this.#raw = inBytes ? this.#general : new ReplyReader({ bytes: true, maps: true });
    this.#last = this.#general;
  }

  /** The reply at `at`, which is no error, read as `as` has it. */
  read(as: As, bytes: Uint8Array, at: number): unknown {
    const type = bytes[at];
    if (type === Byte.bulk) {
      const length = this.#integer(bytes, at + 1);
      if (as === As.id) return textOf(bytes, this.#at, this.#at + length);
      const text = as === As.bytes ? bytesOf : this.text;
      return text(bytes, this.#at, this.#at + length);
    }
    if (type === Byte.integer && lineEnd(bytes, at) - at <= DIGITS_MAX) {
      return this.#integer(bytes, at + 1);
    }
    if (type === Byte.null) return as === As.entries || as === As.streams ? [] : null;
    if ((type === Byte.array || type === Byte.set) && as <= As.list) {
      const list = this.#list(bytes, at);
      if (list !== undefined) return list;
    }
    if (type === Byte.map && as === As.fields && !this.#inBytes) {
      return this.#fields(bytes, at);
    }
    return this.#shaped(as, this.#general.read(bytes, at));
  }

  /** Any reply, errors among them, as a value; `end` is where it ends. */
  readAny(as: As, bytes: Uint8Array, at: number): unknown {
    this.#last = as === As.bytes ? this.#raw : this.#general;
    return this.#shaped(as, this.#last.read(bytes, at));
  }

  /** Where what readAny read ended. */
  get end(): number {
    return this.#last.end;
  }

  #shaped(as: As, value: ReplyValue): unknown {
    if (as === As.streams && value === null) return [];
    if (value instanceof ReplyError || value === null) return value;
    if (as === As.entries) return this.#entriesOf(value as ReplyValue[]);
    if (as === As.streams) return this.#streamsOf(value);
    if (as >= As.ids) return this.#ofGroups(as, value as ReplyValue[]);
    if (as === As.list && className(value) === "Set") return [...(value as Set<ReplyValue>)];
    if (as === As.fields && className(value) === "Map") {
      return [...(value as Map<ReplyValue, ReplyValue>)];
    }
    if (as === As.lcs && typeof value === "object") return lcsOf(value);
    if (as === As.scan || as === As.scanPairs || as === As.scanScores) {
      const [cursor, elements] = value as [Text, Text[]];
      const next = Number(plain(cursor));
      if (as === As.scan) return [next, elements];
      const pairs = pairsOf(elements);
      if (as === As.scanPairs) return [next, pairs];
      return [next, pairs.map(([member, score]) => [member, numberOf(plain(score))])];
    }
    return value;
  }

  /**
   * Entries of a stream: arrays of an ID and the pairs, or a null where the entry is gone; of those
   * that were claimed also for how long and how often.
   */
  #entriesOf(entries: readonly ReplyValue[]): StreamEntry<T>[] {
    return entries.map((each) => {
      const [id, flat, idle, deliveries] = each as [Text, T[] | null, number, number];
      const entry = this.entry(plain(id), flat);
      return idle === undefined ? entry : { ...entry, idle, deliveries: Number(deliveries) };
    });
  }

  /** What is told of groups' pending entries. */
  #ofGroups(as: As, value: ReplyValue[]): unknown {
    if (as === As.ids) return value.map((id) => plain(id as Text));
    if (as === As.deliveries) {
      return value.map((row) => {
        const [id, consumer, idle, deliveries] = row as [Text, T, number, number];
        return { id: plain(id), consumer, idle, deliveries: Number(deliveries) };
      });
    }
    if (as === As.claims) {
      const [next, claimed, gone] = value as [Text, ReplyValue[], Text[]];
      const areIds = claimed.length === 0 || !Array.isArray(claimed[0]);
      return {
        next: plain(next),
        claimed: areIds ? claimed.map((id) => plain(id as Text)) : this.#entriesOf(claimed),
        gone: gone.map(plain),
      };
    }
    const [count, first, last, consumers] = value as [number, Text, Text, [T, Text][] | null];
    return {
      count,
      first: first === null ? null : plain(first),
      last: last === null ? null : plain(last),
      consumers: (consumers ?? []).map(([name, owned]) => [name, Number(plain(owned))]),
    };
  }

  #streamsOf(value: ReplyValue): [T, StreamEntry<T>[]][] {
    const isMap = className(value) === "Map";
    const streams = isMap ? [...(value as Map<T, ReplyValue>)] : Object.entries(value as object);
    return streams.map(([key, entries]) => [key as T, this.#entriesOf(entries as ReplyValue[])]);
  }

  /** An entry of names and values in turn; its fields are null where there is none any more. */
  entry(id: string, flat: readonly T[] | null): StreamEntry<T> {
    let fields: unknown = null;
    if (this.#inBytes && flat !== null) fields = pairsOf(flat);
    else if (flat !== null) {
      const record: Record<string, unknown> = Object.create(null);
      for (let i = 0; i < flat.length; i += 2) record[flat[i] as string] = flat[i + 1];
      fields = record;
    }
    return { id, fields: fields as Fields<T> };
  }

  // An array or set of strings, nulls and small integers; undefined when it holds anything else.
  #list(bytes: Uint8Array, at: number): unknown[] | undefined {
    const count = this.#integer(bytes, at + 1);
    const list: unknown[] = [];
    for (let i = 0; i < count; i++) {
      const start = this.#at;
      const type = bytes[start];
      if (type === Byte.bulk) {
        const length = this.#integer(bytes, start + 1);
        list.push(this.text(bytes, this.#at, this.#at + length));
        this.#at += length + 2;
      } else if (type === Byte.null) {
        list.push(null);
        this.#at = start + 3;
      } else if (type === Byte.integer && lineEnd(bytes, start) - start <= DIGITS_MAX) {
        list.push(this.#integer(bytes, start + 1));
      } else {
        return undefined;
      }
    }
    return list;
  }

  // A map of strings. Without a prototype, a field may have any name, `__proto__` included.
  #fields(bytes: Uint8Array, at: number): Record<string, string> {
    const fields: Record<string, string> = Object.create(null);
    const count = this.#integer(bytes, at + 1);
    for (let i = 0; i < count; i++) {
      const fieldLength = this.#integer(bytes, this.#at + 1);
      const start = this.#at;
      const field = textOf(bytes, start, start + fieldLength);
      const valueLength = this.#integer(bytes, start + fieldLength + 3);
      fields[field] = textOf(bytes, this.#at, this.#at + valueLength);
      this.#at += valueLength + 2;
    }
    return fields;
  }

  // REQUIRES: a decimal integer of at most 15 digits, and the end of its line.
  #integer(bytes: Uint8Array, start: number): number {
    let at = start;
    const negative = bytes[at] === 0x2d;
    if (negative) at++;
    let value = 0;
    for (; bytes[at] !== CR; at++) value = value * 10 + (bytes[at] - ZERO);
    this.#at = at + 2;
    return negative ? -value : value;
  }
}

/** LCS's map, whichever form maps have. */
function lcsOf(map: object): LcsMatches {
  const values = className(map) === "Map" ? (map as Map<unknown, unknown>).values() : null;
  const [matches, len] = (values === null ? Object.values(map) : [...values]) as [
    [LcsMatch["a"], LcsMatch["b"]][],
    number,
  ];
  return { matches: matches.map(([a, b]) => ({ a, b, length: a[1] - a[0] + 1 })), len };
}

function lineEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] !== CR) at++;
  return at;
}

function plain(text: Text): string {
  return typeof text === "string" ? text : textOf(text, 0, text.length);
}

/** The number that a score's text spells. */
function numberOf(text: string): number {
  return Number(text.replace("inf", "Infinity"));
}

function pairsOf(flat: readonly Text[]): [Text, Text][] {
  const pairs: [Text, Text][] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i], flat[i + 1]]);
  return pairs;
}
