// find, match, gmatch and gsub: what a script does with patterns (pattern-program.ts, matcher.ts).
//
// A search is run for STEPS_AT_ONCE at first, which is enough for all but a few. One that takes
// longer goes on as a generator that can be left each time as many more are done, so that the host
// may stop it, or let others in between. Calls that Lua code has to answer (a function that gsub
// asks for each replacement, a table's `__index`) are made by the generator as well.

import {
  argumentError,
  checkNumber,
  checkString,
  isAbsent,
  optionalInteger,
  typeName,
} from "./arguments.ts";
import { lowInt32 } from "./casts.ts";
import { charge, pause, STEPS_AT_ONCE } from "./long-work.ts";
import { Matcher, OUTCOME } from "./matcher.ts";
import { numberText } from "./numbers.ts";
import { compilePattern, type Program } from "./pattern-program.ts";
import { LuaTable } from "./table.ts";
import { TextBuilder } from "./text-builder.ts";
import { type LuaThread, NativeFunction, type NativeSteps } from "./thread.ts";
import { LuaError, LuaFunction, type LuaValue } from "./values.ts";

const STEPS_OF_REPLACEMENT = 8;
const METATABLES_MAX = 100;
/** A pattern without any of these is a plain text: Lua looks for them up to the first zero byte. */
const SPECIALS = /^[^\0]*?[\^$*+?.([%-]/;

/** Matchers that nobody uses now. Searches nest where a replacement is made by a function. */
const idle: Matcher[] = [];

function take(): Matcher {
  return idle.pop() ?? new Matcher();
}

function giveBack(matcher: Matcher): void {
  matcher.clear();
  if (idle.length < 8) idle.push(matcher);
}

export function stringFind(thread: LuaThread, base: number, count: number): number {
  const { stack } = thread;
  const subject = checkString(thread, base, count, 1);
  const pattern = checkString(thread, base, count, 2);
  const from = beginning(thread, base, count, subject.length);
  const isPlain = count >= 4 && stack[base + 3] !== undefined && stack[base + 3] !== false;
  if (!isPlain && SPECIALS.test(pattern)) return search(thread, base, subject, pattern, from, true);
  const at = subject.indexOf(pattern, from);
  if (at < 0) {
    stack[base] = undefined;
    return 1;
  }
  stack[base] = at + 1;
  stack[base + 1] = at + pattern.length;
  return 2;
}

export function stringMatch(thread: LuaThread, base: number, count: number): number {
  const subject = checkString(thread, base, count, 1);
  const pattern = checkString(thread, base, count, 2);
  const from = beginning(thread, base, count, subject.length);
  return search(thread, base, subject, pattern, from, false);
}

/** A position from either end as one from the beginning; 0: before it. */
export function position(at: number, length: number): number {
  const from = at < 0 ? at + length + 1 : at;
  return from >= 0 ? from : 0;
}

/** Where a search begins: its third argument as an index. */
function beginning(thread: LuaThread, base: number, count: number, length: number): number {
  const at = position(optionalInteger(thread, base, count, 3, 1), length) - 1;
  return at < 0 ? 0 : at > length ? length : at;
}

function search(
  thread: LuaThread,
  base: number,
  subject: string,
  pattern: string,
  from: number,
  isFind: boolean,
): number {
  const isAnchored = pattern[0] === "^";
  const matcher = take();
  matcher.begin(compilePattern(pattern, isAnchored), subject, from, isAnchored);
  const outcome = matcher.run(STEPS_AT_ONCE);
  charge(thread, matcher.left);
  if (outcome === OUTCOME.PAUSED) return thread.resumable(searchOn(thread, base, matcher, isFind));
  return found(thread, base, matcher, outcome, isFind);
}

function* searchOn(
  thread: LuaThread,
  base: number,
  matcher: Matcher,
  isFind: boolean,
): NativeSteps {
  let outcome: number = OUTCOME.PAUSED;
  while (outcome === OUTCOME.PAUSED) {
    yield pause(thread);
    outcome = matcher.run(STEPS_AT_ONCE);
    charge(thread, matcher.left);
  }
  return found(thread, base, matcher, outcome, isFind);
}

/** Puts what find or match return. */
function found(
  thread: LuaThread,
  base: number,
  matcher: Matcher,
  outcome: number,
  isFind: boolean,
): number {
  const { stack } = thread;
  if (outcome !== OUTCOME.FOUND) {
    const { message } = matcher;
    giveBack(matcher);
    if (outcome === OUTCOME.ERROR) throw thread.state.failure(message);
    stack[base] = undefined;
    return 1;
  }
  let values: number;
  if (isFind) {
    values = 2 + putCaptures(thread, base + 2, matcher, matcher.captures);
    stack[base] = matcher.start + 1;
    stack[base + 1] = matcher.end;
  } else values = putCaptures(thread, base, matcher, matcher.values);
  giveBack(matcher);
  return values;
}

function putCaptures(thread: LuaThread, at: number, matcher: Matcher, count: number): number {
  thread.ensureStack(at + count);
  for (let i = 0; i < count; i++) thread.stack[at + i] = captured(thread, matcher, i);
  return count;
}

function captured(thread: LuaThread, matcher: Matcher, index: number): string | number {
  const value = matcher.capture(index);
  if (value === undefined) throw thread.state.failure(matcher.message);
  return value;
}

/** The function that gmatch returns: each call yields the captures of the next match. */
export function stringGmatch(thread: LuaThread, base: number, count: number): number {
  const subject = checkString(thread, base, count, 1);
  const program = compilePattern(checkString(thread, base, count, 2), false);
  const matches = new Matches(subject, program);
  thread.state.allocated(200);
  thread.stack[base] = new NativeFunction("gmatch", (caller, at) => matches.next(caller, at));
  return 1;
}

class Matches {
  readonly #subject: string;
  readonly #program: Program;
  #from = 0;

  constructor(subject: string, program: Program) {
    this.#subject = subject;
    this.#program = program;
  }

  next(thread: LuaThread, base: number): number {
    if (this.#from > this.#subject.length) return 0;
    const matcher = take();
    matcher.begin(this.#program, this.#subject, this.#from, false);
    const outcome = matcher.run(STEPS_AT_ONCE);
    charge(thread, matcher.left);
    if (outcome === OUTCOME.PAUSED) return thread.resumable(this.#goOn(thread, base, matcher));
    return this.#found(thread, base, matcher, outcome);
  }

  *#goOn(thread: LuaThread, base: number, matcher: Matcher): NativeSteps {
    let outcome: number = OUTCOME.PAUSED;
    while (outcome === OUTCOME.PAUSED) {
      yield pause(thread);
      outcome = matcher.run(STEPS_AT_ONCE);
      charge(thread, matcher.left);
    }
    return this.#found(thread, base, matcher, outcome);
  }

  #found(thread: LuaThread, base: number, matcher: Matcher, outcome: number): number {
    let values = 0;
    if (outcome === OUTCOME.ERROR) throw thread.state.failure(matcher.message);
    if (outcome === OUTCOME.FOUND) {
      // After an empty match the next one begins a byte later, so that there is an end.
      this.#from = matcher.end === matcher.start ? matcher.end + 1 : matcher.end;
      values = putCaptures(thread, base, matcher, matcher.values);
    }
    giveBack(matcher);
    return values;
  }
}

export function stringGsub(thread: LuaThread, base: number, count: number): number {
  const subject = checkString(thread, base, count, 1);
  const pattern = checkString(thread, base, count, 2);
  const replacement = count >= 3 ? thread.stack[base + 2] : undefined;
  const most = isAbsent(thread, base, count, 4)
    ? subject.length + 1
    : lowInt32(checkNumber(thread, base, count, 4));
  const isText = typeof replacement === "string" || typeof replacement === "number";
  if (!isText && !(replacement instanceof LuaTable) && !(replacement instanceof LuaFunction)) {
    argumentError(thread, 3, "string/function/table expected");
  }
  const substitution = new Substitution(thread, subject, pattern, replacement, most);
  const wants = substitution.run();
  if (wants === WANTS.NOTHING) return substitution.finish(thread, base);
  return thread.resumable(substituteOn(thread, base, substitution, wants));
}

function* substituteOn(
  thread: LuaThread,
  base: number,
  substitution: Substitution,
  first: number,
): NativeSteps {
  const { stack } = thread;
  // Four arguments lie below.
  const at = base + 4;
  thread.ensureStack(at + 3);
  for (let wants = first; wants !== WANTS.NOTHING; wants = substitution.run()) {
    if (wants === WANTS.TIME) {
      yield pause(thread);
      continue;
    }
    thread.request(at, substitution.putCall(thread, at));
    yield;
    substitution.replace(thread.resultCount > 0 ? stack[at] : undefined);
  }
  return substitution.finish(thread, base);
}

/** What a substitution waits for: nothing (it is done), more time, the results of a call. */
const WANTS = { NOTHING: 0, TIME: 1, CALL: 2 } as const;

/** One gsub: what was copied and replaced so far, and where it goes on. */
class Substitution {
  readonly #thread: LuaThread;
  readonly #subject: string;
  readonly #program: Program;
  readonly #isAnchored: boolean;
  readonly #replacement: LuaValue;
  /** Of a replacement that is text: pieces of it, and 0 for the whole match, n for capture n. */
  readonly #pieces: readonly (string | number)[];
  readonly #most: number;
  readonly #built: TextBuilder;
  readonly #matcher = take();
  /** Whether the matcher has a search that was left. */
  #isMatching = false;
  #count = 0;
  #at = 0;
  /** Steps left until the next pause. */
  #left = 0;
  /** What is to be called for the replacement, and its first argument where that is a table. */
  #handler: LuaValue;
  #indexed: LuaValue;

  constructor(
    thread: LuaThread,
    subject: string,
    pattern: string,
    replacement: LuaValue,
    most: number,
  ) {
    this.#thread = thread;
    this.#subject = subject;
    this.#isAnchored = pattern[0] === "^";
    this.#program = compilePattern(pattern, this.#isAnchored);
    this.#replacement = replacement;
    this.#pieces =
      typeof replacement === "string"
        ? piecesOf(replacement)
        : [typeof replacement === "number" ? numberText(replacement) : ""];
    this.#most = most;
    this.#built = new TextBuilder(thread.state);
    this.#handler = replacement;
    this.#indexed = undefined;
  }

  /** Goes on until it is done, or needs something. */
  run(): number {
    this.#left = STEPS_AT_ONCE;
    const wants = this.#run();
    charge(this.#thread, this.#left);
    return wants;
  }

  #run(): number {
    const matcher = this.#matcher;
    const subject = this.#subject;
    while (this.#count < this.#most) {
      if (this.#isAnchored && this.#count > 0) break;
      if (!this.#isMatching) {
        matcher.begin(this.#program, subject, this.#at, this.#isAnchored);
        this.#isMatching = true;
      }
      const outcome = matcher.run(this.#left);
      this.#left = matcher.left - STEPS_OF_REPLACEMENT;
      if (outcome === OUTCOME.PAUSED) return WANTS.TIME;
      if (outcome === OUTCOME.ERROR) throw this.#thread.state.failure(matcher.message);
      this.#isMatching = false;
      if (outcome === OUTCOME.NOT_FOUND) break;
      this.#count++;
      this.#built.append(subject.slice(this.#at, matcher.start));
      if (this.#isText) this.#replaceByText();
      else if (this.#replacement instanceof LuaTable) {
        const value = this.#lookUp(this.#replacement);
        if (this.#indexed !== undefined) return WANTS.CALL;
        this.replace(value);
      } else return WANTS.CALL;
      if (this.#at > subject.length) break;
    }
    return WANTS.NOTHING;
  }

  get #isText(): boolean {
    return typeof this.#replacement === "string" || typeof this.#replacement === "number";
  }

  /** Puts what the replacement is asked for, and returns the number of arguments. */
  putCall(thread: LuaThread, at: number): number {
    const matcher = this.#matcher;
    if (this.#indexed !== undefined) {
      thread.stack[at] = this.#handler;
      thread.stack[at + 1] = this.#indexed;
      thread.stack[at + 2] = captured(thread, matcher, 0);
      this.#indexed = undefined;
      return 2;
    }
    thread.stack[at] = this.#handler;
    return putCaptures(thread, at + 1, matcher, matcher.values);
  }

  /** Puts a value in the place of what was matched; nil and false leave it as it is. */
  replace(value: LuaValue): void {
    const { start, end } = this.#matcher;
    if (value === undefined || value === false) this.#built.append(this.#subject.slice(start, end));
    else if (typeof value === "string") this.#built.append(value);
    else if (typeof value === "number") this.#built.append(numberText(value));
    else {
      throw this.#thread.state.failure(`invalid replacement value (a ${typeName(value)})`);
    }
    this.#pass();
  }

  /** The text and the number of replacements. */
  finish(thread: LuaThread, base: number): number {
    if (this.#at > 0 && this.#at < this.#subject.length) {
      this.#built.append(this.#subject.slice(this.#at));
    }
    giveBack(this.#matcher);
    // Where nothing was found the text is the one that there was.
    thread.stack[base] = this.#at === 0 ? this.#subject : this.#built.text;
    thread.stack[base + 1] = this.#count;
    return 2;
  }

  #replaceByText(): void {
    const matcher = this.#matcher;
    for (let i = 0; i < this.#pieces.length; i++) {
      const piece = this.#pieces[i];
      if (typeof piece === "string") this.#built.append(piece);
      else if (piece === 0) this.#built.append(this.#subject.slice(matcher.start, matcher.end));
      else {
        const value = captured(this.#thread, matcher, piece - 1);
        this.#built.append(typeof value === "string" ? value : numberText(value));
      }
    }
    this.#pass();
  }

  /** Moves behind the match; an empty one is left with the byte that follows it. */
  #pass(): void {
    const { start, end } = this.#matcher;
    this.#at = end;
    if (end > start) return;
    if (end < this.#subject.length) this.#built.append(this.#subject[end]);
    this.#at = end + 1;
  }

  /** table[capture], by `__index` where need be. If a function has to answer, `#indexed` is set. */
  #lookUp(table: LuaTable): LuaValue {
    const key = captured(this.#thread, this.#matcher, 0);
    let at: LuaValue = table;
    for (let i = 0; i < METATABLES_MAX; i++) {
      let handler: LuaValue;
      if (at instanceof LuaTable) {
        const value = at.get(key);
        if (value !== undefined || at.metatable === null) return value;
        handler = at.metatable.getString("__index");
        if (handler === undefined) return undefined;
      } else {
        const { stringMetatable } = this.#thread.state;
        handler = typeof at === "string" ? stringMetatable?.getString("__index") : undefined;
        if (handler === undefined) {
          throw new LuaError(`attempt to index a ${typeName(at)} value`);
        }
      }
      if (handler instanceof LuaFunction) {
        this.#handler = handler;
        this.#indexed = at;
        return undefined;
      }
      at = handler;
    }
    throw new LuaError("loop in gettable");
  }
}

/** A replacement's text in pieces: see `Substitution`. */
function piecesOf(text: string): (string | number)[] {
  const pieces: (string | number)[] = [];
  let at = 0;
  for (;;) {
    const percent = text.indexOf("%", at);
    if (percent < 0) break;
    if (percent > at) pieces.push(text.slice(at, percent));
    // At the end of the text stands C's zero byte.
    const code = percent + 1 < text.length ? text.charCodeAt(percent + 1) : 0;
    pieces.push(code >= 48 && code <= 57 ? code - 48 : String.fromCharCode(code));
    at = percent + 2;
  }
  if (at < text.length) pieces.push(text.slice(at));
  return pieces;
}
