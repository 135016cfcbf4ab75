// Lua's patterns, compiled: "(%w+)=(%w+)" becomes a short program that matcher.ts runs.
//
// A pattern is linear: no alternatives, no repeated groups, and only single characters are
// repeated. So which capture a parenthesis opens or closes, which one a back-reference names and
// what of that is an error is known before anything is matched. Lua finds such errors only when it
// comes to them, and reports none that it does not come to; therefore an error is an instruction
// here, and the program ends with it.
//
//   op          a         b             what it does
//   MATCH                               the end of the pattern
//   LITERAL     literal   first byte    the bytes of literals[a]
//   SET         set                     a byte of sets[a]
//   GREEDY      set       at least      as many bytes of the set as there are, then fewer
//   LAZY        set                     as few as will do
//   OPTIONAL    set                     one or none
//   OPEN CLOSE  capture                 a parenthesis;  OPEN also for "()", which is a position
//   BALANCE     opening   closing       "%b()"
//   FRONTIER    set                     "%f[set]": here a byte of the set, and none before it
//   REFERENCE   capture                 "%1"
//   NEVER                               "%1" where capture 1 is a position, which is like no text
//   END                                 "$"
//   ERROR       message                 what is wrong with the rest
//
// c is the instruction's follow set: an index into `sets`, or -1. Where it is there, the rest of
// the pattern can match only at a byte of that set, or, if END_OK is among the flags d, at the end
// of the subject. Repetitions use it to leave out lengths, and a search to leave out beginnings.
// ONLY_CHOICE in d says that the length which is tried first is the only one worth it: the rest
// matches in any case, or it cannot begin with a byte of the repeated set.
//
// A set is a table of 256 bytes, 1 for its members; number 0 is ".".

export const OP = {
  MATCH: 0,
  LITERAL: 1,
  SET: 2,
  GREEDY: 3,
  LAZY: 4,
  OPTIONAL: 5,
  OPEN: 6,
  CLOSE: 7,
  BALANCE: 8,
  FRONTIER: 9,
  REFERENCE: 10,
  NEVER: 11,
  END: 12,
  ERROR: 13,
} as const;

/** Where an instruction's parts stand, and how long it is. */
export const PART = { OP: 0, A: 1, B: 2, C: 3, D: 4, SIZE: 5 } as const;

/** Bits of part d. */
export const END_OK = 1;
export const ONLY_CHOICE = 2;

/** What a capture is once the pattern has matched. */
export const CAPTURE = { TEXT: 0, POSITION: 1, UNFINISHED: 2 } as const;

export const ANY_SET = 0;
export const CAPTURES_MAX = 32;
/** Longer patterns are refused: "pattern too complex". */
export const INSTRUCTIONS_MAX = 1 << 16;
/** Follow sets are made for patterns up to here: each may cost a table. */
const FOLLOWED_INSTRUCTIONS_MAX = 64;

export interface Program {
  readonly code: Int32Array;
  readonly sets: readonly Uint8Array[];
  readonly literals: readonly string[];
  readonly messages: readonly string[];
  /** The kind of each capture. */
  readonly captures: readonly number[];
  /** Instructions that may have to be come back to. */
  readonly choices: number;
  /** The follow set of the whole pattern, or -1, and whether the end of the subject will do. */
  readonly first: number;
  readonly firstEnd: boolean;
  /** What every match begins with, or "". */
  readonly prefix: string;
}

const ESCAPE = 37;
const LETTERS: Readonly<Record<string, (c: number) => boolean>> = {
  a: isLetter,
  c: (c) => c < 32 || c === 127,
  d: isDigit,
  l: isLower,
  p: (c) => c > 32 && c < 127 && !isLetter(c) && !isDigit(c),
  s: (c) => c === 32 || (c >= 9 && c <= 13),
  u: isUpper,
  w: (c) => isLetter(c) || isDigit(c),
  x: (c) => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102),
  z: (c) => c === 0,
};

function isLower(c: number): boolean {
  return c >= 97 && c <= 122;
}

function isUpper(c: number): boolean {
  return c >= 65 && c <= 90;
}

function isLetter(c: number): boolean {
  return isLower(c | 32) && c < 128;
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

const anySet = new Uint8Array(256).fill(1);
/** The sets of single bytes and of "%a" and its kind, once somebody has asked for them. */
const ofByte: (Uint8Array | undefined)[] = new Array(256).fill(undefined);
const ofClass: (Uint8Array | undefined)[] = new Array(256).fill(undefined);

function byteSet(code: number): Uint8Array {
  let set = ofByte[code];
  if (set === undefined) {
    set = new Uint8Array(256);
    set[code] = 1;
    ofByte[code] = set;
  }
  return set;
}

/** What `%` and a byte stand for: a class, or the byte itself. */
function classSet(code: number): Uint8Array {
  let set = ofClass[code];
  if (set === undefined) {
    const holds = isLetter(code) ? LETTERS[String.fromCharCode(code | 32)] : undefined;
    if (holds === undefined) set = byteSet(code);
    else {
      set = new Uint8Array(256);
      for (let c = 0; c < 256; c++) set[c] = holds(c) === isLower(code) ? 1 : 0;
    }
    ofClass[code] = set;
  }
  return set;
}

/** The set "[…]" of pattern[start, end). */
function bracketSet(pattern: string, start: number, end: number): Uint8Array {
  const set = new Uint8Array(256);
  const last = end - 1;
  let at = start + 1;
  const inverted = pattern[at] === "^";
  if (inverted) at++;
  for (; at < last; at++) {
    const code = pattern.charCodeAt(at);
    if (code === ESCAPE) {
      at++;
      const members = classSet(pattern.charCodeAt(at));
      for (let c = 0; c < 256; c++) set[c] |= members[c];
    } else if (pattern[at + 1] === "-" && at + 2 < last) {
      at += 2;
      const high = pattern.charCodeAt(at);
      for (let c = code; c <= high; c++) set[c] = 1;
    } else set[code] = 1;
  }
  if (inverted) for (let c = 0; c < 256; c++) set[c] ^= 1;
  return set;
}

const TEXT_MAX = 256;
const KEPT_MAX = 256;
/** Programs of short patterns: as they stand, and of those where a "^" was left out. */
const whole = new Map<string, Program>();
const anchored = new Map<string, Program>();

/**
 * The program of a pattern, which ends at its first zero byte, as a text of C does. `isAnchored`:
 * its first byte is a "^" that has its meaning (in gmatch it has none), and no part of the program.
 */
export function compilePattern(pattern: string, isAnchored: boolean): Program {
  const start = isAnchored ? 1 : 0;
  if (pattern.length > TEXT_MAX) return new Compiler(pattern, start).compile();
  const kept = isAnchored ? anchored : whole;
  let program = kept.get(pattern);
  if (program === undefined) {
    program = new Compiler(pattern, start).compile();
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(pattern, program);
  }
  return program;
}

class Compiler {
  readonly #pattern: string;
  readonly #end: number;
  #at: number;
  readonly #code: number[] = [];
  readonly #sets: Uint8Array[] = [anySet];
  readonly #literals: string[] = [];
  readonly #messages: string[] = [];
  readonly #captures: number[] = [];
  #choices = 0;

  constructor(pattern: string, start: number) {
    const zero = pattern.indexOf("\0");
    this.#pattern = pattern;
    this.#end = zero < 0 ? pattern.length : zero;
    this.#at = start;
  }

  compile(): Program {
    let sound = true;
    while (sound && this.#at < this.#end) sound = this.#instruction();
    if (sound) this.#emit(OP.MATCH, 0, 0);
    const code = Int32Array.from(this.#code);
    const follow = this.#follow(code);
    const beginning = this.#beginning(code);
    return {
      code,
      sets: this.#sets,
      literals: this.#literals,
      messages: this.#messages,
      captures: this.#captures,
      choices: this.#choices,
      first: beginning === "" && follow.set !== undefined ? this.#addSet(follow.set) : -1,
      firstEnd: follow.end,
      prefix: beginning,
    };
  }

  #emit(op: number, a: number, b: number): true {
    this.#code.push(op, a, b, -1, 0);
    return true;
  }

  /** The rest of the pattern is no more looked at. */
  #error(message: string): false {
    this.#emit(OP.ERROR, this.#messages.push(message) - 1, 0);
    return false;
  }

  #addSet(set: Uint8Array): number {
    if (set === anySet) return ANY_SET;
    return this.#sets.push(set) - 1;
  }

  /** One instruction; false: there is an error in it. */
  #instruction(): boolean {
    const pattern = this.#pattern;
    if (this.#code.length >= INSTRUCTIONS_MAX * PART.SIZE) {
      return this.#error("pattern too complex");
    }
    switch (pattern[this.#at]) {
      case "(":
        return this.#open();
      case ")": {
        const capture = this.#captures.lastIndexOf(CAPTURE.UNFINISHED);
        if (capture < 0) return this.#error("invalid pattern capture");
        this.#captures[capture] = CAPTURE.TEXT;
        this.#at++;
        return this.#emit(OP.CLOSE, capture, 0);
      }
      case "$":
        if (this.#at + 1 < this.#end) return this.#item();
        this.#at++;
        return this.#emit(OP.END, 0, 0);
      case "%":
        return this.#escape();
      default:
        return this.#item();
    }
  }

  #open(): boolean {
    const position = this.#pattern[this.#at + 1] === ")" && this.#at + 1 < this.#end;
    if (this.#captures.length >= CAPTURES_MAX) return this.#error("too many captures");
    const kind = position ? CAPTURE.POSITION : CAPTURE.UNFINISHED;
    this.#at += position ? 2 : 1;
    return this.#emit(OP.OPEN, this.#captures.push(kind) - 1, 0);
  }

  #escape(): boolean {
    const pattern = this.#pattern;
    const at = this.#at;
    const next = at + 1 < this.#end ? pattern[at + 1] : "";
    if (next === "b") {
      if (at + 3 >= this.#end) return this.#error("unbalanced pattern");
      this.#at += 4;
      return this.#emit(OP.BALANCE, pattern.charCodeAt(at + 2), pattern.charCodeAt(at + 3));
    }
    if (next === "f") {
      if (at + 2 >= this.#end || pattern[at + 2] !== "[") {
        return this.#error("missing '[' after '%f' in pattern");
      }
      const end = this.#bracketEnd(at + 2);
      if (end < 0) return this.#error("malformed pattern (missing ']')");
      this.#at = end;
      return this.#emit(OP.FRONTIER, this.#addSet(bracketSet(pattern, at + 2, end)), 0);
    }
    if (next >= "0" && next <= "9") {
      const capture = Number(next) - 1;
      const kind = this.#captures[capture] ?? CAPTURE.UNFINISHED;
      if (kind === CAPTURE.UNFINISHED) return this.#error("invalid capture index");
      this.#at += 2;
      return kind === CAPTURE.POSITION
        ? this.#emit(OP.NEVER, 0, 0)
        : this.#emit(OP.REFERENCE, capture, 0);
    }
    return this.#item();
  }

  /** A single byte, or a set of them, and how often. */
  #item(): boolean {
    const pattern = this.#pattern;
    const start = this.#at;
    const code = pattern.charCodeAt(start);
    let end = start + 1;
    let byte = -1;
    let set: Uint8Array;
    if (code === ESCAPE) {
      if (end >= this.#end) return this.#error("malformed pattern (ends with '%')");
      const name = pattern.charCodeAt(end);
      set = classSet(name);
      if (set === ofByte[name]) byte = name;
      end++;
    } else if (code === 91) {
      end = this.#bracketEnd(start);
      if (end < 0) return this.#error("malformed pattern (missing ']')");
      set = bracketSet(pattern, start, end);
    } else if (code === 46) set = anySet;
    else {
      byte = code;
      set = byteSet(code);
    }
    this.#at = end + 1;
    switch (end < this.#end ? pattern[end] : "") {
      case "?":
        this.#choices++;
        return this.#emit(OP.OPTIONAL, this.#addSet(set), 0);
      case "*":
        this.#choices++;
        return this.#emit(OP.GREEDY, this.#addSet(set), 0);
      case "+":
        this.#choices++;
        return this.#emit(OP.GREEDY, this.#addSet(set), 1);
      case "-":
        this.#choices++;
        return this.#emit(OP.LAZY, this.#addSet(set), 0);
      default:
        this.#at = end;
        return byte < 0 ? this.#emit(OP.SET, this.#addSet(set), 0) : this.#byte(byte);
    }
  }

  /** Bytes that stand alone become one literal with those before them. */
  #byte(byte: number): true {
    const last = this.#code.length - PART.SIZE;
    if (last >= 0 && this.#code[last] === OP.LITERAL) {
      this.#literals[this.#code[last + PART.A]] += String.fromCharCode(byte);
      return true;
    }
    return this.#emit(OP.LITERAL, this.#literals.push(String.fromCharCode(byte)) - 1, byte);
  }

  /** The index behind the "]" of the set that begins at `start`; -1: there is none. */
  #bracketEnd(start: number): number {
    const pattern = this.#pattern;
    let at = start + 1;
    if (at < this.#end && pattern[at] === "^") at++;
    do {
      if (at >= this.#end) return -1;
      if (pattern.charCodeAt(at++) === ESCAPE && at < this.#end) at++;
    } while (at >= this.#end || pattern[at] !== "]");
    return at + 1;
  }

  /** Gives repetitions their follow sets, from the last to the first. */
  #follow(code: Int32Array): Follow {
    let follow: Follow = EVERYTHING;
    let isSure = false;
    if (code.length > FOLLOWED_INSTRUCTIONS_MAX * PART.SIZE) return follow;
    for (let pc = code.length - PART.SIZE; pc >= 0; pc -= PART.SIZE) {
      const set = this.#sets[code[pc + PART.A]];
      switch (code[pc]) {
        case OP.LITERAL:
          follow = { set: byteSet(code[pc + PART.B]), end: false };
          break;
        case OP.BALANCE:
          follow = { set: byteSet(code[pc + PART.A]), end: false };
          break;
        case OP.SET:
          follow = { set, end: false };
          break;
        case OP.END:
          follow = { set: new Uint8Array(256), end: true };
          break;
        case OP.OPEN:
        case OP.CLOSE:
          break;
        case OP.GREEDY:
        case OP.LAZY:
        case OP.OPTIONAL: {
          if (follow.set !== undefined) {
            code[pc + PART.C] = this.#addSet(follow.set);
            if (follow.end) code[pc + PART.D] |= END_OK;
          }
          if (isSure || disjoint(set, follow.set)) code[pc + PART.D] |= ONLY_CHOICE;
          if (code[pc + PART.B] === 1) follow = { set, end: false };
          else follow = union(set, follow);
          break;
        }
        default:
          follow = EVERYTHING;
          isSure = code[pc] === OP.MATCH;
          continue;
      }
      const op = code[pc];
      isSure &&= op === OP.OPEN || op === OP.CLOSE;
    }
    return follow;
  }

  /** The literal that the code begins with, behind parentheses that open. */
  #beginning(code: Int32Array): string {
    let pc = 0;
    while (code[pc] === OP.OPEN) pc += PART.SIZE;
    return code[pc] === OP.LITERAL ? this.#literals[code[pc + PART.A]] : "";
  }
}

/** What the rest of a pattern may begin with; no set: anything, or nothing at all. */
interface Follow {
  readonly set: Uint8Array | undefined;
  readonly end: boolean;
}

const EVERYTHING: Follow = { set: undefined, end: true };

function disjoint(a: Uint8Array, b: Uint8Array | undefined): boolean {
  if (b === undefined) return false;
  for (let c = 0; c < 256; c++) if (a[c] === 1 && b[c] === 1) return false;
  return true;
}

function union(set: Uint8Array, follow: Follow): Follow {
  if (follow.set === undefined) return EVERYTHING;
  const both = follow.set.slice();
  for (let c = 0; c < 256; c++) both[c] |= set[c];
  return { set: both, end: follow.end };
}
