// Matching a compiled pattern (pattern-program.ts) at a place of a text, or at the first place
// where it matches.
//
// Lua's own matcher calls itself for every repetition; this one keeps its choices on a stack of its
// own, so that a long pattern cannot overflow JavaScript's, and so that it can be left and gone on
// with. A search may take as many steps as the text is long to the power of the repetitions, and
// the program that runs it must be able to stop it: `run` takes a number of steps, and where they
// do not suffice it answers PAUSED and goes on from there when it is called again.
//
//   choice   the repetition's pc   the shortest end to try   the end that was tried last
//
// A step is an instruction, or some bytes passed by a repetition. A choice stays on the stack while
// there are lengths left to try. At most one of each repetition is there, so the stack has a known
// size. Captures need no undoing: what counts is written on the way to the match.

import {
  ANY_SET,
  CAPTURE,
  CAPTURES_MAX,
  END_OK,
  ONLY_CHOICE,
  OP,
  PART,
  type Program,
} from "./pattern-program.ts";

export const OUTCOME = { NOT_FOUND: 0, FOUND: 1, PAUSED: 2, ERROR: 3 } as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

const CHOICE = { PC: 0, LEAST: 1, LAST: 2, SIZE: 3 } as const;
/** Bytes that a repetition passes, and that a search for a beginning passes, in one step. */
const REPEATED_SHIFT = 3;
const SEARCHED_SHIFT = 6;
const NONE: Program = {
  code: Int32Array.of(OP.MATCH, 0, 0, -1, 0),
  sets: [],
  literals: [],
  messages: [],
  captures: [],
  choices: 0,
  first: -1,
  firstEnd: true,
  prefix: "",
};

export class Matcher {
  /** Where the match begins and ends, after FOUND. */
  start = 0;
  end = 0;
  /** What is wrong, after ERROR and where `capture` returned undefined. */
  message = "";
  /** What was left of the steps that `run` was given. */
  left = 0;
  #program: Program = NONE;
  #subject = "";
  #isAnchored = false;
  #pc = 0;
  #at = 0;
  #depth = 0;
  /** Bytes that `#longest` or `#shortest` looked at last. */
  #passed = 0;
  #choices = new Int32Array(CHOICE.SIZE * 16);
  readonly #captureStarts = new Int32Array(CAPTURES_MAX);
  readonly #captureEnds = new Int32Array(CAPTURES_MAX);

  /** To match at `from`; or, where it isn't anchored, there or at the first place behind. */
  begin(program: Program, subject: string, from: number, isAnchored: boolean): void {
    this.#program = program;
    this.#subject = subject;
    this.#isAnchored = isAnchored;
    this.#depth = 0;
    const size = program.choices * CHOICE.SIZE;
    if (size > this.#choices.length) this.#choices = new Int32Array(size);
    this.start = isAnchored ? from : this.#nextStart(from);
    this.#pc = 0;
    this.#at = this.start;
  }

  /** Lets go of the text. */
  clear(): void {
    this.#program = NONE;
    this.#subject = "";
  }

  /** How many values a match has: its captures, or the whole where there is none. */
  get values(): number {
    return this.#program.captures.length || 1;
  }

  get captures(): number {
    return this.#program.captures.length;
  }

  /** A capture of the match, or the whole as capture 0 of none; undefined: see `message`. */
  capture(index: number): string | number | undefined {
    const { captures } = this.#program;
    if (index >= captures.length) {
      if (index === 0) return this.#subject.slice(this.start, this.end);
      this.message = "invalid capture index";
      return undefined;
    }
    const start = this.#captureStarts[index];
    switch (captures[index]) {
      case CAPTURE.TEXT:
        return this.#subject.slice(start, this.#captureEnds[index]);
      case CAPTURE.POSITION:
        return start + 1;
      default:
        this.message = "unfinished capture";
        return undefined;
    }
  }

  /** Goes on for so many steps at most. */
  run(steps: number): Outcome {
    const program = this.#program;
    const { code, sets } = program;
    const subject = this.#subject;
    const end = subject.length;
    const choices = this.#choices;
    let pc = this.#pc;
    let at = this.#at;
    let depth = this.#depth;
    this.left = 0;
    if (at < 0) return OUTCOME.NOT_FOUND;
    for (;;) {
      if (--steps < 0) {
        this.#pc = pc;
        this.#at = at;
        this.#depth = depth;
        return OUTCOME.PAUSED;
      }
      switch (code[pc]) {
        case OP.MATCH:
          this.end = at;
          this.left = steps;
          return OUTCOME.FOUND;
        case OP.LITERAL: {
          if (at >= end || subject.charCodeAt(at) !== code[pc + PART.B]) break;
          const literal = program.literals[code[pc + PART.A]];
          const length = literal.length;
          if (at + length > end) break;
          let i = 1;
          while (i < length && subject.charCodeAt(at + i) === literal.charCodeAt(i)) i++;
          if (i < length) break;
          at += length;
          pc += PART.SIZE;
          continue;
        }
        case OP.SET:
          if (at >= end || sets[code[pc + PART.A]][subject.charCodeAt(at)] === 0) break;
          at++;
          pc += PART.SIZE;
          continue;
        case OP.GREEDY: {
          const least = at + code[pc + PART.B];
          const from = at;
          if (code[pc + PART.A] === ANY_SET) at = end;
          else {
            const set = sets[code[pc + PART.A]];
            while (at < end && set[subject.charCodeAt(at)] !== 0) at++;
          }
          if (at < least) break;
          steps -= (at - from) >> REPEATED_SHIFT;
          if ((code[pc + PART.D] & ONLY_CHOICE) === 0) {
            if (code[pc + PART.C] >= 0) {
              at = this.#longest(pc, least, at);
              steps -= this.#passed >> REPEATED_SHIFT;
              if (at < 0) break;
            }
            if (at > least) {
              choices[depth + CHOICE.PC] = pc;
              choices[depth + CHOICE.LEAST] = least;
              choices[depth + CHOICE.LAST] = at;
              depth += CHOICE.SIZE;
            }
          }
          pc += PART.SIZE;
          continue;
        }
        case OP.LAZY: {
          if (code[pc + PART.C] >= 0) {
            at = this.#shortest(pc, at);
            steps -= this.#passed >> REPEATED_SHIFT;
            if (at < 0) break;
          }
          if ((code[pc + PART.D] & ONLY_CHOICE) === 0) {
            choices[depth + CHOICE.PC] = pc;
            choices[depth + CHOICE.LAST] = at;
            depth += CHOICE.SIZE;
          }
          pc += PART.SIZE;
          continue;
        }
        case OP.OPTIONAL:
          if (at < end && sets[code[pc + PART.A]][subject.charCodeAt(at)] !== 0) {
            if ((code[pc + PART.D] & ONLY_CHOICE) === 0) {
              choices[depth + CHOICE.PC] = pc;
              choices[depth + CHOICE.LAST] = at;
              depth += CHOICE.SIZE;
            }
            at++;
          }
          pc += PART.SIZE;
          continue;
        case OP.OPEN:
          this.#captureStarts[code[pc + PART.A]] = at;
          pc += PART.SIZE;
          continue;
        case OP.CLOSE:
          this.#captureEnds[code[pc + PART.A]] = at;
          pc += PART.SIZE;
          continue;
        case OP.END:
          if (at !== end) break;
          pc += PART.SIZE;
          continue;
        case OP.FRONTIER: {
          const set = sets[code[pc + PART.A]];
          if (set[at === 0 ? 0 : subject.charCodeAt(at - 1)] !== 0) break;
          if (set[at === end ? 0 : subject.charCodeAt(at)] === 0) break;
          pc += PART.SIZE;
          continue;
        }
        case OP.BALANCE: {
          const close = this.#balanced(at, code[pc + PART.A], code[pc + PART.B]);
          if (close < 0) {
            steps -= (end - at) >> REPEATED_SHIFT;
            break;
          }
          steps -= (close - at) >> REPEATED_SHIFT;
          at = close;
          pc += PART.SIZE;
          continue;
        }
        case OP.REFERENCE: {
          const from = this.#captureStarts[code[pc + PART.A]];
          const length = this.#captureEnds[code[pc + PART.A]] - from;
          if (end - at < length) break;
          let i = 0;
          while (i < length && subject.charCodeAt(at + i) === subject.charCodeAt(from + i)) i++;
          steps -= i >> REPEATED_SHIFT;
          if (i < length) break;
          at += length;
          pc += PART.SIZE;
          continue;
        }
        case OP.ERROR:
          this.message = program.messages[code[pc + PART.A]];
          return OUTCOME.ERROR;
        default: // OP.NEVER
      }
      // It does not match so: back to the last choice, and without one to the next beginning.
      for (;;) {
        if (depth === 0) {
          this.left = steps;
          if (this.#isAnchored) return OUTCOME.NOT_FOUND;
          const from = this.start;
          at = this.#nextStart(from + 1);
          if (at < 0) return OUTCOME.NOT_FOUND;
          steps -= (at - from) >> SEARCHED_SHIFT;
          this.start = at;
          pc = 0;
          break;
        }
        const choice = depth - CHOICE.SIZE;
        pc = choices[choice + CHOICE.PC];
        const last = choices[choice + CHOICE.LAST];
        const op = code[pc];
        if (op === OP.GREEDY) {
          const least = choices[choice + CHOICE.LEAST];
          if (code[pc + PART.C] < 0) at = last - 1;
          else {
            at = this.#longest(pc, least, last - 1);
            steps -= this.#passed >> REPEATED_SHIFT;
          }
          if (at <= least) depth = choice;
          if (at < 0) continue;
        } else if (op === OP.LAZY) {
          at = -1;
          if (last < end && sets[code[pc + PART.A]][subject.charCodeAt(last)] !== 0) {
            if (code[pc + PART.C] < 0) at = last + 1;
            else {
              at = this.#shortest(pc, last + 1);
              steps -= this.#passed >> REPEATED_SHIFT;
            }
          }
          if (at < 0) {
            depth = choice;
            continue;
          }
        } else {
          depth = choice;
          at = last;
        }
        choices[choice + CHOICE.LAST] = at;
        pc += PART.SIZE;
        break;
      }
    }
  }

  /** The longest end from `at` down to `least` that the rest can follow, or -1. */
  #longest(pc: number, least: number, at: number): number {
    const { code, sets } = this.#program;
    const subject = this.#subject;
    const follow = sets[code[pc + PART.C]];
    let end = at;
    if (end === subject.length) {
      if ((code[pc + PART.D] & END_OK) !== 0) {
        this.#passed = 0;
        return end;
      }
      end--;
    }
    while (end >= least && follow[subject.charCodeAt(end)] === 0) end--;
    this.#passed = at - end;
    return end >= least ? end : -1;
  }

  /** The shortest end from `at` up that the rest can follow, bytes of the set before it; or -1. */
  #shortest(pc: number, at: number): number {
    const { code, sets } = this.#program;
    const subject = this.#subject;
    const set = sets[code[pc + PART.A]];
    const follow = sets[code[pc + PART.C]];
    const length = subject.length;
    let end = at;
    for (; end < length; end++) {
      const byte = subject.charCodeAt(end);
      if (follow[byte] !== 0 || set[byte] === 0) break;
    }
    this.#passed = end - at;
    if (end < length) return follow[subject.charCodeAt(end)] !== 0 ? end : -1;
    return (code[pc + PART.D] & END_OK) !== 0 ? length : -1;
  }

  /** Behind the byte that closes what opens at `at`, or -1. */
  #balanced(at: number, opening: number, closing: number): number {
    const subject = this.#subject;
    const end = subject.length;
    if (at >= end || subject.charCodeAt(at) !== opening) return -1;
    let open = 1;
    for (let i = at + 1; i < end; i++) {
      const byte = subject.charCodeAt(i);
      if (byte === closing) {
        if (--open === 0) return i + 1;
      } else if (byte === opening) open++;
    }
    return -1;
  }

  /** The first place from `from` on where the pattern can begin, or -1. */
  #nextStart(from: number): number {
    const program = this.#program;
    const subject = this.#subject;
    const end = subject.length;
    if (from > end) return -1;
    if (program.prefix !== "") return subject.indexOf(program.prefix, from);
    if (program.first < 0) return from;
    const first = program.sets[program.first];
    let at = from;
    while (at < end && first[subject.charCodeAt(at)] === 0) at++;
    return at < end || program.firstEnd ? at : -1;
  }
}
