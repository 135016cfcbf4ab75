// Writes the code of one function: words, constants, registers, and jumps whose targets come later.

import { foldedNumber } from "./arithmetic.ts";
import { type Expression, ExpressionKind, type FunctionBody } from "./ast.ts";
import { COMPILE_NAME_MAX, shownName } from "./chunk-name.ts";
import { NameKind, Operation } from "./opcodes.ts";
import { hashOf } from "./table.ts";
import { Prototype } from "./thread.ts";
import { LuaError, type LuaValue } from "./values.ts";

const REGISTERS_MAX = 250;
const CONSTANTS_MAX = 2 ** 18;
const JUMP_MAX = 2 ** 17 - 1;

export class CodeBuilder {
  readonly body: FunctionBody;
  readonly chunk: string;
  readonly prototype: Prototype = new Prototype();
  /** The first register that is free, and the first behind those of local variables. */
  free = 0;
  localsEnd = 0;
  /** The line that instructions are written for. */
  line = 0;
  readonly #code: number[] = [];
  readonly #lines: number[] = [];
  readonly #constants: Map<LuaValue, number> = new Map();

  constructor(body: FunctionBody, chunk: string) {
    this.body = body;
    this.chunk = chunk;
  }

  get here(): number {
    return this.#code.length;
  }

  emit(operation: number, a: number, b: number, c: number): void {
    this.#code.push(operation | (a << 8) | (b << 16) | (c << 24));
    this.#lines.push(this.line);
  }

  word(value: number): void {
    this.#code.push(value);
    this.#lines.push(this.line);
  }

  /** A jump whose target is not known yet: gives the place of its target word. */
  jump(operation: number, a: number, b: number, c: number): number {
    this.emit(operation, a, b, c);
    this.word(0);
    return this.here - 1;
  }

  jumpTo(operation: number, a: number, target: number): void {
    this.emit(operation, a, 0, 0);
    this.#checkJump(this.here, target);
    this.word(target);
  }

  patch(places: readonly number[]): void {
    for (const place of places) this.patchTo(place, this.here);
  }

  patchTo(place: number, target: number): void {
    this.#checkJump(place, target);
    this.#code[place] = target;
  }

  constant(value: LuaValue): number {
    const known = this.#constants.get(value);
    if (known !== undefined) return known;
    const index = this.prototype.constants.length;
    if (index >= CONSTANTS_MAX) throw new LuaError("constant table overflow");
    this.#constants.set(value, index);
    this.prototype.constants.push(value);
    return index;
  }

  /** Takes registers; gives the first. */
  reserve(count: number): number {
    const first = this.free;
    this.free += count;
    if (this.free > REGISTERS_MAX) throw this.failure("function or expression too complex");
    if (this.free > this.prototype.registers) this.prototype.registers = this.free;
    return first;
  }

  /**
   * The instruction that has been written uses this register for that operand; `role`: 0, CALLEE.
   */
  noteName(register: number, operand: Expression, role: number): void {
    switch (operand.kind) {
      case ExpressionKind.local:
        return this.note(register, NameKind.local + role, operand.variable.name);
      case ExpressionKind.upvalue:
        return this.note(register, NameKind.upvalue + role, operand.name);
      case ExpressionKind.global:
        return this.note(register, NameKind.global + role, operand.name);
      case ExpressionKind.index: {
        const { key } = operand;
        const name = key.kind === ExpressionKind.string ? key.value : "?";
        return this.note(register, NameKind.field + role, name);
      }
      case ExpressionKind.parentheses:
        return this.noteName(register, operand.inner, role);
      case ExpressionKind.and:
      case ExpressionKind.or: {
        const last = lastOperand(operand, "", null, null);
        if (last !== null) this.noteName(register, last, role);
      }
    }
  }

  note(register: number, kind: number, name: string): void {
    this.prototype.nameFacts.push(this.here, register, kind);
    this.prototype.nameTexts.push(name);
  }

  failure(text: string): LuaError {
    const where = shownName(this.chunk, COMPILE_NAME_MAX);
    return new LuaError(`${where}:${this.line}: ${text}`);
  }

  protected finish(): Prototype {
    const { prototype, body } = this;
    this.line = body.lastLine;
    this.emit(Operation.returnNone, 0, 0, 0);
    prototype.code = Int32Array.from(this.#code);
    prototype.lines = Int32Array.from(this.#lines);
    const { constants } = prototype;
    prototype.hashes = Int32Array.from(constants, (constant) =>
      typeof constant === "string" ? hashOf(constant) : 0,
    );
    prototype.chunk = this.chunk;
    prototype.line = body.line;
    prototype.lastLine = body.lastLine;
    prototype.parameters = body.parameters.length;
    prototype.isVararg = body.isVararg;
    prototype.hasArg = body.needsArg;
    prototype.declaresArg = body.arg !== null;
    return prototype;
  }

  #checkJump(from: number, to: number): void {
    if (Math.abs(to - from) > JUMP_MAX * 2) throw this.failure("control structure too long");
  }
}

/** What comes after an operand of `and` or `or`; null: the value is known. */
type Continuation = (() => Expression | null) | null;

/**
 * The operand after which C calls the value of `a and b` or `a or b`. C goes through the
 * instructions as if every jump on the way were taken: so of `(a and b) or c` that is c, of `a or
 * c` none (null). `jump` says whether the operand is followed by a jump if it is true, or if it is
 * false.
 */
function lastOperand(
  expression: Expression,
  jump: "" | "if true" | "if false",
  ifTrue: Continuation,
  ifFalse: Continuation,
): Expression | null {
  switch (expression.kind) {
    case ExpressionKind.parentheses:
      return lastOperand(expression.inner, jump, ifTrue, ifFalse);
    case ExpressionKind.and: {
      const right = (): Expression | null => lastOperand(expression.right, jump, ifTrue, ifFalse);
      return lastOperand(expression.left, "if false", right, ifFalse);
    }
    case ExpressionKind.or: {
      const right = (): Expression | null => lastOperand(expression.right, jump, ifTrue, ifFalse);
      return lastOperand(expression.left, "if true", ifTrue, right);
    }
  }
  if (jump === "") return expression;
  const truth = knownTruth(expression);
  let next = jump === "if true" ? ifTrue : ifFalse;
  // Behind a constant that decides it there is no jump.
  if (jump === "if true" && truth === false) next = ifFalse;
  if (jump === "if false" && truth === true) next = ifTrue;
  return next === null ? null : next();
}

/** Whether a constant counts as true; undefined: it is no constant to C's compiler. */
function knownTruth(expression: Expression): boolean | undefined {
  switch (expression.kind) {
    case ExpressionKind.nil:
    case ExpressionKind.false:
      return false;
    case ExpressionKind.true:
    case ExpressionKind.string:
      return true;
    case ExpressionKind.parentheses:
      return knownTruth(expression.inner);
    case ExpressionKind.not: {
      const truth = knownTruth(expression.operand);
      return truth === undefined ? undefined : !truth;
    }
    default:
      return foldedNumber(expression) === undefined ? undefined : true;
  }
}
