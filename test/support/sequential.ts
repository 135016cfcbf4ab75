// What commands do when they come one by one: the sequential model that histories of concurrent
// ones are held against (linearizability.ts). It is written for being read, from the commands'
// documentation, and shares nothing with the database.
//
// A state maps keys to what they hold, and never changes; a command works on a draft of the next
// one. Each command says which of its words are keys, and computes its reply; where the database
// may choose (SPOP), it takes the choice from the reply that was given, and refuses an impossible
// one. Errors are replies: { error: code }.

import { isDeepStrictEqual } from "node:util";
import type { Command, Model, Operation } from "./linearizability.ts";

type Held =
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "list"; readonly items: readonly string[] }
  | { readonly type: "hash"; readonly fields: ReadonlyMap<string, string> }
  | { readonly type: "set"; readonly members: ReadonlySet<string> };

type HeldAs<K extends Held["type"]> = Extract<Held, { type: K }>;

/** What a database holds at one moment. */
export class State {
  readonly values: ReadonlyMap<string, Held>;
  #fingerprint: string | undefined;

  constructor(values: ReadonlyMap<string, Held>) {
    this.values = values;
  }

  get fingerprint(): string {
    this.#fingerprint ??= JSON.stringify([...this.values].sort(byFirst).map(plain));
    return this.#fingerprint;
  }
}

const byFirst = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

function plain([key, held]: readonly [string, Held]): unknown {
  switch (held.type) {
    case "string":
      return [key, held.text];
    case "list":
      return [key, "list", held.items];
    case "hash":
      return [key, "hash", [...held.fields].sort(byFirst)];
    case "set":
      return [key, "set", [...held.members].sort()];
  }
}

/** An error is its reply, and ends the command; what the draft has changed is dropped. */
class ErrorReply {
  readonly reply: { readonly error: string };

  constructor(code: string) {
    this.reply = { error: code };
  }
}

/** A state in the making: copied when it is changed first. */
class Draft {
  #state: State;
  #values: Map<string, Held> | undefined;

  constructor(state: State) {
    this.#state = state;
  }

  state(): State {
    if (this.#values !== undefined) this.#state = new State(this.#values);
    this.#values = undefined;
    return this.#state;
  }

  any(key: string): Held | undefined {
    return (this.#values ?? this.#state.values).get(key);
  }

  get<K extends Held["type"]>(key: string, type: K): HeldAs<K> | undefined {
    const held = this.any(key);
    if (held !== undefined && held.type !== type) throw new ErrorReply("WRONGTYPE");
    return held as HeldAs<K> | undefined;
  }

  text(key: string): string | undefined {
    return this.get(key, "string")?.text;
  }

  items(key: string): readonly string[] {
    return this.get(key, "list")?.items ?? [];
  }

  fields(key: string): ReadonlyMap<string, string> {
    return this.get(key, "hash")?.fields ?? new Map();
  }

  members(key: string): ReadonlySet<string> {
    return this.get(key, "set")?.members ?? new Set();
  }

  /** Puts what a key holds from now on; an empty collection is no key. */
  put(key: string, held: Held | undefined): void {
    this.#values ??= new Map(this.#state.values);
    if (held === undefined || isEmpty(held)) this.#values.delete(key);
    else this.#values.set(key, held);
  }

  putText(key: string, text: string): void {
    this.put(key, { type: "string", text });
  }

  putItems(key: string, items: readonly string[]): void {
    this.put(key, { type: "list", items });
  }
}

function isEmpty(held: Held): boolean {
  switch (held.type) {
    case "string":
      return false;
    case "list":
      return held.items.length === 0;
    case "hash":
      return held.fields.size === 0;
    case "set":
      return held.members.size === 0;
  }
}

interface Row {
  /** Every how many-th word is a key; 0: only the first `count` of them. */
  readonly step: number;
  readonly count: number;
  /** The elements of its reply are in no order. */
  readonly unordered: boolean;
  readonly execute: (draft: Draft, args: readonly string[], given: unknown) => unknown;
}

type Execute = Row["execute"];
const oneKey = (execute: Execute): Row => ({ step: 0, count: 1, unordered: false, execute });
const twoKeys = (execute: Execute): Row => ({ step: 0, count: 2, unordered: false, execute });
const everyWord = (execute: Execute): Row => ({ step: 1, count: 0, unordered: false, execute });
const unordered = (row: Row): Row => ({ ...row, unordered: true });

const increment = (text: string | undefined, by: string): string => {
  if (text !== undefined && !/^(0|-?[1-9]\d{0,14})$/.test(text)) throw new ErrorReply("ERR");
  return String(Number(text ?? 0) + Number(by));
};

const push = (isLeft: boolean): Row =>
  oneKey((draft, [key = "", ...elements]) => {
    const items = draft.items(key);
    draft.putItems(key, isLeft ? [...elements.reverse(), ...items] : [...items, ...elements]);
    return items.length + elements.length;
  });

/** Takes an element from one end: the element, and what is left. */
function taken(items: readonly string[], isLeft: boolean): [string | undefined, string[]] {
  return isLeft ? [items[0], items.slice(1)] : [items.at(-1), items.slice(0, -1)];
}

const pop = (isLeft: boolean): Row =>
  oneKey((draft, [key = ""]) => {
    const [element, rest] = taken(draft.items(key), isLeft);
    if (element === undefined) return null;
    draft.putItems(key, rest);
    return element;
  });

const ROWS: Readonly<Record<string, Row>> = {
  // Keys
  del: everyWord((draft, keys) => {
    let count = 0;
    for (const key of keys) {
      if (draft.any(key) === undefined) continue;
      draft.put(key, undefined);
      count++;
    }
    return count;
  }),
  exists: everyWord((draft, keys) => keys.filter((key) => draft.any(key) !== undefined).length),
  type: oneKey((draft, [key = ""]) => draft.any(key)?.type ?? "none"),
  rename: twoKeys((draft, [from = "", to = ""]) => {
    const held = draft.any(from);
    if (held === undefined) throw new ErrorReply("ERR");
    draft.put(from, undefined);
    draft.put(to, held);
    return "OK";
  }),

  // Strings
  set: oneKey((draft, [key = "", text = ""]) => {
    draft.putText(key, text);
    return "OK";
  }),
  get: oneKey((draft, [key = ""]) => draft.text(key) ?? null),
  getset: oneKey((draft, [key = "", text = ""]) => {
    const before = draft.text(key) ?? null;
    draft.putText(key, text);
    return before;
  }),
  getdel: oneKey((draft, [key = ""]) => {
    const text = draft.text(key);
    if (text !== undefined) draft.put(key, undefined);
    return text ?? null;
  }),
  setnx: oneKey((draft, [key = "", text = ""]) => {
    if (draft.any(key) !== undefined) return 0;
    draft.putText(key, text);
    return 1;
  }),
  incr: oneKey((draft, [key = ""]) => {
    const text = increment(draft.text(key), "1");
    draft.putText(key, text);
    return Number(text);
  }),
  incrby: oneKey((draft, [key = "", by = ""]) => {
    const text = increment(draft.text(key), by);
    draft.putText(key, text);
    return Number(text);
  }),
  append: oneKey((draft, [key = "", more = ""]) => {
    const text = (draft.text(key) ?? "") + more;
    draft.putText(key, text);
    return text.length;
  }),
  strlen: oneKey((draft, [key = ""]) => draft.text(key)?.length ?? 0),
  mset: {
    ...everyWord((draft, words) => {
      for (let i = 0; i + 1 < words.length; i += 2) {
        draft.putText(words[i] as string, words[i + 1] as string);
      }
      return "OK";
    }),
    step: 2,
  },
  mget: everyWord((draft, keys) =>
    keys.map((key) => {
      const held = draft.any(key);
      return held?.type === "string" ? held.text : null;
    }),
  ),

  // Lists
  lpush: push(true),
  rpush: push(false),
  lpop: pop(true),
  rpop: pop(false),
  llen: oneKey((draft, [key = ""]) => draft.items(key).length),
  lindex: oneKey((draft, [key = "", index = ""]) => draft.items(key).at(Number(index)) ?? null),
  lrange: oneKey((draft, [key = "", start = "", stop = ""]) => {
    const items = draft.items(key);
    const at = (text: string): number => (Number(text) < 0 ? items.length : 0) + Number(text);
    return items.slice(Math.max(0, at(start)), Math.max(0, at(stop) + 1));
  }),
  lmove: twoKeys((draft, [from = "", to = "", fromEnd, toEnd]) => {
    const [element, rest] = taken(draft.items(from), fromEnd === "LEFT");
    if (element === undefined) return null;
    draft.items(to); // of another type: an error, before anything has changed
    draft.putItems(from, rest);
    const items = draft.items(to);
    draft.putItems(to, toEnd === "LEFT" ? [element, ...items] : [...items, element]);
    return element;
  }),

  // Hashes
  hset: oneKey((draft, [key = "", ...pairs]) => {
    const fields = new Map(draft.fields(key));
    const before = fields.size;
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      fields.set(pairs[i] as string, pairs[i + 1] as string);
    }
    draft.put(key, { type: "hash", fields });
    return fields.size - before;
  }),
  hget: oneKey((draft, [key = "", field = ""]) => draft.fields(key).get(field) ?? null),
  hdel: oneKey((draft, [key = "", ...names]) => {
    const fields = new Map(draft.fields(key));
    const count = names.filter((name) => fields.delete(name)).length;
    if (count > 0) draft.put(key, { type: "hash", fields });
    return count;
  }),
  hincrby: oneKey((draft, [key = "", field = "", by = ""]) => {
    const fields = new Map(draft.fields(key));
    const text = increment(fields.get(field), by);
    draft.put(key, { type: "hash", fields: fields.set(field, text) });
    return Number(text);
  }),
  hlen: oneKey((draft, [key = ""]) => draft.fields(key).size),
  hgetall: oneKey((draft, [key = ""]) => Object.fromEntries(draft.fields(key))),

  // Sets
  sadd: oneKey((draft, [key = "", ...added]) => {
    const before = draft.members(key);
    const members = new Set([...before, ...added]);
    draft.put(key, { type: "set", members });
    return members.size - before.size;
  }),
  srem: oneKey((draft, [key = "", ...removed]) => {
    const members = new Set(draft.members(key));
    const count = removed.filter((member) => members.delete(member)).length;
    if (count > 0) draft.put(key, { type: "set", members });
    return count;
  }),
  sismember: oneKey((draft, [key = "", member = ""]) => (draft.members(key).has(member) ? 1 : 0)),
  scard: oneKey((draft, [key = ""]) => draft.members(key).size),
  smembers: unordered(oneKey((draft, [key = ""]) => [...draft.members(key)])),
  spop: oneKey((draft, [key = ""], given) => {
    const members = new Set(draft.members(key));
    if (members.size === 0) return null;
    if (given === undefined) throw new Error("SPOP without a reply has no one state behind it");
    if (!members.delete(given as string)) return undefined; // nothing that it could have taken
    draft.put(key, { type: "set", members });
    return given;
  }),
  smove: twoKeys((draft, [from = "", to = "", member = ""]) => {
    if (draft.any(from) === undefined) return 0;
    const source = new Set(draft.members(from));
    const members = new Set(draft.members(to));
    if (!source.delete(member)) return 0;
    if (from === to) return 1;
    draft.put(from, { type: "set", members: source });
    draft.put(to, { type: "set", members: members.add(member) });
    return 1;
  }),
};

/** The commands that the model knows. */
export const COMMANDS: readonly string[] = Object.keys(ROWS);

function rowOf([name]: Command): Row {
  const row = ROWS[name];
  if (row === undefined) throw new Error(`the model does not know ${name}`);
  return row;
}

function keysOf(command: Command): string[] {
  const { step, count } = rowOf(command);
  const words = command.slice(1).map(String);
  return words.filter((_, index) => (step > 0 ? index % step === 0 : index < count));
}

/** Executes one command; `given` is the reply that it had, where the choice is not the model's. */
export function execute(
  state: State,
  command: Command,
  given?: unknown,
): { readonly reply: unknown; readonly state: State } {
  const draft = new Draft(state);
  try {
    const reply = rowOf(command).execute(draft, command.slice(1).map(String), given);
    return { reply, state: draft.state() };
  } catch (error) {
    if (!(error instanceof ErrorReply)) throw error;
    return { reply: error.reply, state };
  }
}

function agrees(reply: unknown, given: unknown, isUnordered: boolean): boolean {
  if (typeof reply !== "object" || reply === null) return reply === given;
  if (isUnordered && Array.isArray(reply) && Array.isArray(given)) {
    return isDeepStrictEqual([...reply].sort(), [...given].sort());
  }
  if (Array.isArray(reply)) return isDeepStrictEqual(reply, given);
  // What hgetall returns has no prototype.
  return isDeepStrictEqual({ ...reply }, { ...(given as object) });
}

/** The commands above, on an empty database. */
export const sequentialModel: Model<State> = {
  initial: new State(new Map()),

  step(state: State, operation: Operation): State | undefined {
    let after = state;
    for (const [index, command] of operation.commands.entries()) {
      const given = operation.replies[index];
      const outcome = execute(after, command, given);
      const { unordered } = rowOf(command);
      if (given !== undefined && !agrees(outcome.reply, given, unordered)) return undefined;
      after = outcome.state;
    }
    return operation.takenBack ? state : after;
  },

  fingerprint(state: State): string {
    return state.fingerprint;
  },

  keys({ commands }: Operation): string[] {
    return commands.flatMap(keysOf);
  },
};
