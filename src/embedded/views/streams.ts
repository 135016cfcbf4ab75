// The live view of a stream: its entries by ID, in order, and as they come. See view.ts. An
// iteration goes on behind the entry that came last, whatever was erased meanwhile.

import { utf8Bytes } from "../../base/bytes.ts";
import { ReplyError } from "../../protocol/reply-reader.ts";
import type { StreamCursor } from "../../structures/stream-cursor.ts";
import {
  compareIds,
  createId,
  decrementId,
  GREATEST_ID,
  ID_TEXT_MAX,
  IdText,
  incrementId,
  LEAST_ID,
  parseId,
  type StreamId,
  writeId,
} from "../../structures/stream-id.ts";
import { STREAM, streamsOf } from "../../types/streams.ts";
import type { Core } from "../core.ts";
import { checkOptions } from "../options.ts";
import type { Reader } from "../reader.ts";
import { textOf } from "../text.ts";
import { As, type StreamEntry, type Text, type Value } from "../values.ts";
import { Waiter } from "../waiting.ts";
import { View } from "./view.ts";

/** Entries that are read in one step. */
const STEP = 128;
const WORD_MAX = 0xffffffff;

/** Which entries an iteration comes to. */
export interface StreamRange {
  /** The first ID; where its sequence is left out, the least one. */
  readonly start?: string | undefined;
  /** The last ID; where its sequence is left out, the greatest one. */
  readonly end?: string | undefined;
  /** From the last one backwards. */
  readonly reverse?: boolean | undefined;
}

/** What read() reads. */
export interface StreamReadOptions {
  /** The ID behind which it begins: "0" if left out, and "$" for what comes from now on. */
  readonly after?: string | undefined;
  /** Reads for a consumer of this group what no other consumer of it has been given. */
  readonly group?: Value | undefined;
  readonly consumer?: Value | undefined;
  /** Begins with what the consumer was given before, and has not acknowledged. */
  readonly pending?: boolean | undefined;
  /** Nothing needs to be acknowledged. */
  readonly noack?: boolean | undefined;
  /** Entries that are taken at a time: 128, or one for a consumer. */
  readonly count?: number | undefined;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

const readNames = new Set(["after", "group", "consumer", "pending", "noack", "count", "signal"]);

/** A live view of a stream; see Database.stream. */
export class StreamView<T extends Text> extends View<T> {
  readonly #reader: Reader<T>;
  readonly #key: Value;
  readonly #db: number;

  constructor(core: Core, db: number, key: Value, reader: Reader<T>) {
    super(core, db, STREAM, key, reader.text);
    this.#reader = reader;
    this.#db = db;
    this.#key = typeof key === "string" ? key : core.request.copyOf(key);
  }

  protected override count(entry: number): number {
    const streams = streamsOf(this.core.context);
    return streams.count(streams.records.pointer(entry));
  }

  /** The greatest ID there ever was, or undefined where there is no stream. */
  get lastId(): string | undefined {
    const { core } = this;
    core.enter();
    try {
      const entry = this.entry();
      if (entry === 0) return undefined;
      const streams = streamsOf(core.context);
      const id = createId();
      streams.lastId(streams.records.pointer(entry), id);
      return spelled(id);
    } finally {
      core.leave();
    }
  }

  /** The entry with this ID, or undefined. */
  get(id: string): StreamEntry<T> | undefined {
    const [found] = this.entries({ start: id, end: id });
    return found;
  }

  /** The first entry, or undefined. */
  first(): StreamEntry<T> | undefined {
    const [found] = this.entries();
    return found;
  }

  /** The last entry, or undefined. */
  last(): StreamEntry<T> | undefined {
    const [found] = this.entries({ reverse: true });
    return found;
  }

  /** Entries, in order. */
  *entries(range: StreamRange = {}): Generator<StreamEntry<T>, void, undefined> {
    const first = idOf(range.start, LEAST_ID, 0);
    const last = idOf(range.end, GREATEST_ID, WORD_MAX);
    const isReverse = range.reverse === true;
    for (let isFirst = true; ; isFirst = false) {
      const step: StreamEntry<T>[] = [];
      this.#readStep(step, first, last, isReverse, isFirst);
      yield* step;
      if (step.length < STEP) return;
    }
  }

  [Symbol.iterator](): Generator<StreamEntry<T>, void, undefined> {
    return this.entries();
  }

  /** Reads a step of the range, and takes it off the range. */
  #readStep(
    step: StreamEntry<T>[],
    first: StreamId,
    last: StreamId,
    isReverse: boolean,
    isFirst: boolean,
  ): void {
    const { core } = this;
    core.enter();
    try {
      const entry = isFirst ? this.entry() : this.entryStill();
      if (entry === 0) return;
      const streams = streamsOf(core.context);
      const root = streams.records.pointer(entry);
      const { cursor } = streams;
      let more = isReverse ? cursor.seekBack(root, last) : cursor.seek(root, first);
      while (more && step.length < STEP) {
        if (compareIds(cursor.id, first) < 0 || compareIds(cursor.id, last) > 0) return;
        step.push(this.#read(cursor));
        if (isReverse) last.set(cursor.id);
        else first.set(cursor.id);
        more = isReverse ? cursor.previous() : cursor.next();
      }
      const goesOn = isReverse ? decrementId(last) : incrementId(first);
      if (!goesOn && step.length === STEP) first.set(GREATEST_ID); // nothing is beyond
    } finally {
      core.leave();
    }
  }

  #read(cursor: StreamCursor): StreamEntry<T> {
    const flat: T[] = [];
    const { names, values } = cursor;
    while (cursor.nextPair()) {
      flat.push(this.text(names.bytes, names.start, names.end));
      flat.push(this.text(values.bytes, values.start, values.end));
    }
    return this.#reader.entry(spelled(cursor.id), flat);
  }

  // Waiting

  /**
   * Entries as they come, those that are there first: `for await (const entry of
   * db.stream("orders").read({ after: "$" }))`. It waits for more until the loop is left, `signal`
   * aborts, or the database is closed. With `group` and `consumer` each entry is given to one of
   * the group's consumers, and is pending for it until it is acknowledged (db.xack).
   */
  async *read(options: StreamReadOptions = {}): AsyncGenerator<StreamEntry<T>, void, undefined> {
    checkOptions("read", options, readNames);
    const { group, consumer, signal } = options;
    if ((group === undefined) !== (consumer === undefined)) {
      throw new TypeError("read(): a group is read by a consumer: give both, or neither");
    }
    if (signal?.aborted) return;
    const waiter = new Waiter(this.core, this.#db);
    const abort = (): void => waiter.close();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      if (options.pending === true) yield* this.#readPending(waiter, options);
      const words = this.#words(options);
      let after = group === undefined ? (options.after ?? "0") : ">";
      for (;;) {
        if (signal?.aborted) return;
        const entries = await this.#ask(waiter, [
          ...words,
          "BLOCK",
          0,
          "STREAMS",
          this.#key,
          after,
        ]);
        if (entries === undefined) return;
        for (const entry of entries) {
          if (group === undefined) after = entry.id;
          yield entry;
        }
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      waiter.close();
    }
  }

  /** What the consumer was given before; entries that are gone meanwhile are passed over. */
  async *#readPending(
    waiter: Waiter,
    options: StreamReadOptions,
  ): AsyncGenerator<StreamEntry<T>, void, undefined> {
    const words = this.#words(options);
    for (let after = "0"; ; ) {
      const entries = await this.#ask(waiter, [...words, "STREAMS", this.#key, after]);
      if (entries === undefined || entries.length === 0) return;
      for (const entry of entries) {
        after = entry.id;
        if (entry.fields !== null) yield entry;
      }
    }
  }

  #words({ group, consumer, noack, count }: StreamReadOptions): Value[] {
    const many = count ?? (group === undefined ? STEP : 1);
    if (group === undefined || consumer === undefined) return ["XREAD", "COUNT", many];
    const words: Value[] = ["XREADGROUP", "GROUP", group, consumer, "COUNT", many];
    if (noack === true) words.push("NOACK");
    return words;
  }

  /** The entries that are replied; undefined where the waiting was ended. */
  async #ask(waiter: Waiter, words: Value[]): Promise<StreamEntry<T>[] | undefined> {
    const reply = await waiter.ask(words);
    if (reply === undefined) return undefined;
    const found = this.#reader.readAny(As.streams, reply, 0);
    if (found instanceof ReplyError) throw found;
    const [stream] = found as [T, StreamEntry<T>[]][];
    return stream === undefined ? [] : stream[1];
  }
}

function spelled(id: StreamId): string {
  const text = new Uint8Array(ID_TEXT_MAX);
  return textOf(text, 0, writeId(text, 0, id));
}

/** An ID that may be left out, or lack its sequence. Throws where it is none. */
function idOf(text: string | undefined, otherwise: StreamId, missing: number): StreamId {
  const id = Uint32Array.from(otherwise);
  if (text === undefined) return id;
  const bytes = utf8Bytes(text);
  if (parseId(bytes, 0, bytes.length, id, missing) !== IdText.whole) {
    throw new TypeError(`entries(): '${text}' is no ID of a stream's entry`);
  }
  return id;
}
