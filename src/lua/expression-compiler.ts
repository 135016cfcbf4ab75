// Writes code for expressions.
//
// An operand stays where it is, in a local variable's register, until the instruction reads it: in
// `a + f()` a change of `a` by `f` counts, as it does in C. A captured variable is read out of its
// box at the same moment. Such an operand is written −1 − register until then.

import { foldedNumber } from "./arithmetic.ts";
import {
  type CallExpression,
  Comparison,
  type Expression,
  ExpressionKind,
  type FunctionBody,
  type TableExpression,
} from "./ast.ts";
import { CodeBuilder } from "./code-builder.ts";
import { CALLEE, NameKind, Operation } from "./opcodes.ts";
import type { Prototype } from "./thread.ts";

const Kind = ExpressionKind;
/** Items of a list that are stored at a time, as C does it. */
const ITEMS_PER_STORE = 50;
/** All values there are. */
export const MANY = -1;

export abstract class ExpressionCompiler extends CodeBuilder {
  protected abstract compileInner(body: FunctionBody): Prototype;

  /** Evaluates into the next free register, which it takes. */
  toNext(expression: Expression): number {
    const register = this.reserve(1);
    this.toRegister(expression, register);
    return register;
  }

  /** A register that holds the value: that of a local variable, or a new one. */
  toAny(expression: Expression): number {
    return this.read(this.operand(expression));
  }

  /**
   * As `toAny`, but a captured variable is not read yet: `read` does that. `target` is where the
   * result of the whole is to go: if that is the last register taken, the operand may use it.
   */
  operand(expression: Expression, target = -1): number {
    if (expression.kind === Kind.local) {
      const { variable } = expression;
      return variable.isCaptured ? -1 - variable.register : variable.register;
    }
    if (expression.kind === Kind.parentheses) {
      const { inner } = expression;
      if (inner.kind !== Kind.call && inner.kind !== Kind.method && inner.kind !== Kind.vararg) {
        return this.operand(inner, target);
      }
    }
    if (target !== this.free - 1 || target < this.localsEnd) return this.toNext(expression);
    this.toRegister(expression, target);
    return target;
  }

  read(operand: number): number {
    if (operand >= 0) return operand;
    const register = this.reserve(1);
    this.emit(Operation.getBox, register, -1 - operand, 0);
    return register;
  }

  toRegister(expression: Expression, target: number): void {
    const { free } = this;
    switch (expression.kind) {
      case Kind.nil:
        this.emit(Operation.loadNil, target, target, 0);
        break;
      case Kind.true:
        this.emit(Operation.loadTrue, target, 0, 0);
        break;
      case Kind.false:
        this.emit(Operation.loadFalse, target, 0, 0);
        break;
      case Kind.number:
      case Kind.string:
        this.loadConstant(expression.value, target);
        break;
      case Kind.vararg:
        this.emit(Operation.vararg, target, 2, 0);
        break;
      case Kind.function:
        this.#closure(expression.body, target);
        break;
      case Kind.local: {
        const { register, isCaptured } = expression.variable;
        if (isCaptured) this.emit(Operation.getBox, target, register, 0);
        else if (register !== target) this.emit(Operation.move, target, register, 0);
        break;
      }
      case Kind.upvalue:
        this.emit(Operation.getUpvalue, target, expression.index, 0);
        break;
      case Kind.global:
        this.line = expression.line;
        this.#keyed(Operation.getGlobal, target, 0, expression.name);
        break;
      case Kind.index:
        this.#index(expression.object, expression.key, expression.line, target);
        break;
      case Kind.call:
      case Kind.method: {
        if (target === free - 1 && target >= this.localsEnd) this.free = target;
        const at = this.call(expression, 1);
        if (at !== target) this.emit(Operation.move, target, at, 0);
        break;
      }
      case Kind.arithmetic:
        this.#arithmetic(expression, target);
        break;
      case Kind.concat:
        this.#concat(expression, target);
        break;
      case Kind.comparison: {
        const no = this.jumpUnless(expression, true);
        this.emit(Operation.loadTrue, target, 0, 0);
        const end = this.jump(Operation.jump, 0, 0, 0);
        this.patch(no);
        this.emit(Operation.loadFalse, target, 0, 0);
        this.patch([end]);
        break;
      }
      case Kind.and:
      case Kind.or: {
        // A variable may be asked for its old value on the way.
        const at = target < this.localsEnd ? this.reserve(1) : target;
        const out = this.#valueOrOut(expression.left, at, expression.kind === Kind.or);
        this.toRegister(expression.right, at);
        this.patch(out);
        if (at !== target) this.emit(Operation.move, target, at, 0);
        break;
      }
      case Kind.not:
        this.#unary(Operation.not, expression, target);
        break;
      case Kind.minus: {
        const value = foldedNumber(expression);
        if (value !== undefined) this.loadConstant(value, target);
        else this.#unary(Operation.minus, expression, target);
        break;
      }
      case Kind.length:
        this.#unary(Operation.length, expression, target);
        break;
      case Kind.table:
        this.#table(expression, target);
        break;
      case Kind.parentheses:
        this.toRegister(expression.inner, target);
        break;
    }
    this.free = free;
  }

  /** Evaluates the last of several expressions: `wanted` values from the next free register on. */
  toMany(expression: Expression, wanted: number): void {
    if (expression.kind === Kind.vararg) {
      const first = this.free;
      if (wanted > 0) this.reserve(wanted);
      this.emit(Operation.vararg, first, wanted + 1, 0);
    } else {
      this.call(expression as CallExpression, wanted);
      if (wanted > 1) this.reserve(wanted - 1);
      else if (wanted !== 1) this.free--;
    }
  }

  /** Writes a call; its results begin at the register it gives, which is taken. */
  call(call: CallExpression, wanted: number): number {
    const { at, count } = this.callSetup(call);
    this.line = call.line;
    this.emit(Operation.call, at, count + 1, wanted + 1);
    this.#noteCallee(call, at);
    this.free = at + 1;
    return at;
  }

  /**
   * Writes a call whose results are returned: of a native function, by the instruction behind it.
   */
  tailCall(call: CallExpression): void {
    const { at, count } = this.callSetup(call);
    this.line = call.line;
    this.emit(Operation.tailCall, at, count + 1, 0);
    this.#noteCallee(call, at);
    this.emit(Operation.returnMany, at, 0, 0);
    this.free = at;
  }

  /** Puts function and arguments into registers; `count` is MANY where the last gives several. */
  callSetup(call: CallExpression): { at: number; count: number } {
    let at: number;
    let count = call.arguments.length;
    if (call.kind === Kind.method) {
      const { free } = this;
      const object = this.toAny(call.object);
      this.free = free;
      at = this.reserve(2);
      // Behind the name, where C writes the instruction.
      this.line = call.line;
      this.#keyed(Operation.self, at, object, call.name);
      this.noteName(object, call.object, 0);
      count++;
    } else {
      at = this.toNext(call.callee);
    }
    return { at, count: this.list(call.arguments, MANY) ? MANY : count };
  }

  /**
   * Puts expressions into registers, one after the other. Where the last gives several values, all
   * of them are left up to the top (true), or `wanted` in all.
   */
  list(expressions: readonly Expression[], wanted: number): boolean {
    const last = expressions.length - 1;
    for (let i = 0; i < last; i++) this.toNext(expressions[i]);
    if (last < 0) return false;
    const { kind } = expressions[last];
    const isOpen = kind === Kind.call || kind === Kind.method || kind === Kind.vararg;
    if (isOpen) {
      this.toMany(expressions[last], wanted === MANY ? MANY : Math.max(0, wanted - last));
      return wanted === MANY;
    }
    this.toNext(expressions[last]);
    return false;
  }

  loadConstant(value: number | string, target: number): void {
    this.emit(Operation.loadConstant, target, 0, 0);
    this.word(this.constant(value));
  }

  /** Jumps, to be patched, unless the expression's truth is `wanted`. */
  jumpUnless(expression: Expression, wanted: boolean): number[] {
    switch (expression.kind) {
      case Kind.true:
      case Kind.number:
      case Kind.string:
        if (wanted) return [];
        break;
      case Kind.nil:
      case Kind.false:
        if (!wanted) return [];
        break;
      case Kind.not:
        return this.jumpUnless(expression.operand, !wanted);
      case Kind.parentheses:
        return this.jumpUnless(expression.inner, wanted);
      case Kind.and:
      case Kind.or: {
        const { left, right } = expression;
        if ((expression.kind === Kind.and) === wanted) {
          const first = this.jumpUnless(left, wanted);
          return first.concat(this.jumpUnless(right, wanted));
        }
        const enough = this.jumpUnless(left, !wanted);
        const out = this.jumpUnless(right, wanted);
        this.patch(enough);
        return out;
      }
      case Kind.comparison:
        return [this.#comparison(expression, wanted)];
    }
    const { free } = this;
    const register = this.toAny(expression);
    this.free = free;
    const operation = wanted ? Operation.jumpIfFalse : Operation.jumpIfTrue;
    return [this.jump(operation, register, 0, 0)];
  }

  /**
   * Evaluates into `target`, and jumps if the value's truth is `out`. Else the target holds
   * anything.
   */
  #valueOrOut(expression: Expression, target: number, out: boolean): number[] {
    switch (expression.kind) {
      case Kind.parentheses:
        return this.#valueOrOut(expression.inner, target, out);
      case Kind.and:
      case Kind.or: {
        const { left, right } = expression;
        if ((expression.kind === Kind.or) === out) {
          const first = this.#valueOrOut(left, target, out);
          return first.concat(this.#valueOrOut(right, target, out));
        }
        const skip = this.jumpUnless(left, out);
        const list = this.#valueOrOut(right, target, out);
        this.patch(skip);
        return list;
      }
      case Kind.comparison:
      case Kind.not: {
        const skip = this.jumpUnless(expression, out);
        this.emit(out ? Operation.loadTrue : Operation.loadFalse, target, 0, 0);
        const list = [this.jump(Operation.jump, 0, 0, 0)];
        this.patch(skip);
        return list;
      }
    }
    this.toRegister(expression, target);
    return [this.jump(out ? Operation.jumpIfTrue : Operation.jumpIfFalse, target, 0, 0)];
  }

  #comparison(expression: Expression & { kind: 15 }, wanted: boolean): number {
    const { free } = this;
    let { operator, left, right } = expression;
    if (operator === Comparison.equal || operator === Comparison.notEqual) {
      const c = wanted === (operator === Comparison.equal) ? 1 : 0;
      if (isConstant(left) && !isConstant(right)) [left, right] = [right, left];
      const a = this.operand(left);
      const constant = this.#smallConstant(right);
      if (constant >= 0) {
        const register = this.read(a);
        this.line = expression.line;
        this.free = free;
        return this.jump(Operation.equalConstant, register, constant, c);
      }
      return this.#compare(Operation.equal, a, right, c, expression.line, free);
    }
    const c = wanted ? 1 : 0;
    const a = this.operand(left);
    const constant = right.kind === Kind.number ? this.#smallConstant(right) : -1;
    if (constant >= 0) {
      const register = this.read(a);
      this.line = expression.line;
      this.free = free;
      const first = Operation.lessConstant - Comparison.less;
      return this.jump(first + operator, register, constant, c);
    }
    const isLess = operator === Comparison.less || operator === Comparison.greater;
    const operation = isLess ? Operation.less : Operation.lessEqual;
    if (operator <= Comparison.lessEqual) {
      return this.#compare(operation, a, right, c, expression.line, free);
    }
    const b = this.operand(right);
    const [first, second] = [this.read(b), this.read(a)];
    this.line = expression.line;
    this.free = free;
    return this.jump(operation, first, second, c);
  }

  #compare(
    operation: number,
    a: number,
    right: Expression,
    c: number,
    line: number,
    free: number,
  ): number {
    const b = this.operand(right);
    const [first, second] = [this.read(a), this.read(b)];
    this.line = line;
    this.free = free;
    return this.jump(operation, first, second, c);
  }

  /** The number of a constant that has room in eight bits; −1: it is none, or has not. */
  #smallConstant(expression: Expression): number {
    let index = -1;
    if (expression.kind === Kind.number || expression.kind === Kind.string) {
      index = this.constant(expression.value);
    } else if (expression.kind === Kind.nil) index = this.constant(undefined);
    else if (expression.kind === Kind.true) index = this.constant(true);
    else if (expression.kind === Kind.false) index = this.constant(false);
    return index > 255 ? -1 : index;
  }

  #keyed(operation: number, a: number, b: number, key: string): void {
    this.emit(operation, a, b, 0);
    this.word(this.constant(key));
    this.word(0);
  }

  #index(object: Expression, key: Expression, line: number, target: number): void {
    const operand = this.operand(object, target);
    if (key.kind === Kind.string) {
      const register = this.read(operand);
      this.line = line;
      this.#keyed(Operation.getField, target, register, key.value);
      this.noteName(register, object, 0);
      return;
    }
    if (isItemNumber(key)) {
      const register = this.read(operand);
      this.line = line;
      this.emit(Operation.getItem, target, register, key.value);
      this.noteName(register, object, 0);
      return;
    }
    const keyOperand = this.operand(key);
    const [a, b] = [this.read(operand), this.read(keyOperand)];
    this.line = line;
    this.emit(Operation.getIndex, target, a, b);
    this.noteName(a, object, 0);
  }

  /** Writes the assignment to a field whose operands are known; `key` null: it is in a register. */
  store(
    object: Expression,
    objectRegister: number,
    key: Expression,
    keyRegister: number,
    value: number,
  ): void {
    if (key.kind === Kind.string) {
      this.#keyed(Operation.setField, objectRegister, value, key.value);
    } else if (isItemNumber(key)) {
      this.emit(Operation.setItem, objectRegister, key.value, value);
    } else {
      this.emit(Operation.setIndex, objectRegister, keyRegister, value);
    }
    this.noteName(objectRegister, object, 0);
  }

  storeGlobal(name: string, value: number): void {
    this.#keyed(Operation.setGlobal, value, 0, name);
  }

  #unary(operation: number, expression: Expression & { kind: 18 | 19 | 20 }, target: number): void {
    const register = this.read(this.operand(expression.operand, target));
    this.line = expression.line;
    this.emit(operation, target, register, 0);
    this.noteName(register, expression.operand, 0);
  }

  #arithmetic(expression: Expression & { kind: 13 }, target: number): void {
    const value = foldedNumber(expression);
    if (value !== undefined) {
      this.loadConstant(value, target);
      return;
    }
    const { operator, left, right, line } = expression;
    const a = this.operand(left, target);
    const folded = foldedNumber(right);
    const constant = folded === undefined ? -1 : this.constant(folded);
    if (constant >= 0 && constant < 256) {
      const register = this.read(a);
      this.line = line;
      this.emit(Operation.addConstant + operator, target, register, constant);
      this.noteName(register, left, 0);
      return;
    }
    const b = this.operand(right);
    const [first, second] = [this.read(a), this.read(b)];
    this.line = line;
    this.emit(Operation.add + operator, target, first, second);
    this.noteName(first, left, 0);
    this.noteName(second, right, 0);
  }

  #concat(expression: Expression & { kind: 14 }, target: number): void {
    const operands: Expression[] = [expression.left];
    let last = expression.right;
    while (last.kind === Kind.concat) {
      operands.push(last.left);
      last = last.right;
    }
    operands.push(last);
    if (target === this.free - 1 && target >= this.localsEnd) this.free = target;
    const first = this.free;
    for (const operand of operands) this.toNext(operand);
    this.line = expression.line;
    this.emit(Operation.concat, target, first, this.free - 1);
    operands.forEach((operand, index) => {
      this.noteName(first + index, operand, 0);
    });
  }

  #noteCallee(call: CallExpression, at: number): void {
    if (call.kind === Kind.method) this.note(at, NameKind.method + CALLEE, call.name);
    else this.noteName(at, call.callee, CALLEE);
  }

  #closure(body: FunctionBody, target: number): void {
    const inner = this.compileInner(body);
    const captures = body.upvalues.map(({ local, index }) =>
      local === null ? -1 - index : local.register,
    );
    inner.captures = Int32Array.from(captures);
    this.emit(Operation.closure, target, 0, 0);
    this.word(this.prototype.prototypes.length);
    this.prototype.prototypes.push(inner);
  }

  #table(expression: TableExpression, target: number): void {
    const { items } = expression;
    let listed = 0;
    for (const { key } of items) if (key === null) listed++;
    const last = items[items.length - 1];
    const isOpen = last !== undefined && last.key === null && isMultiple(last.value);
    // Items are put behind the table, and stored from there.
    const table = target === this.free - 1 && target >= this.localsEnd ? target : this.reserve(1);
    this.line = expression.line;
    this.emit(Operation.newTable, table, 0, 0);
    this.word(roundedSize(isOpen ? listed - 1 : listed));
    this.word(roundedSize(items.length - listed));
    let pending = 0;
    let stored = 0;
    for (const item of items) {
      if (pending === ITEMS_PER_STORE) {
        this.#setList(table, pending, stored, pending);
        stored += pending;
        pending = 0;
      }
      if (item.key !== null) {
        this.#setPair(table, item.key, item.value, item.line);
      } else if (isOpen && item === last) {
        this.toMany(item.value, MANY);
        this.line = item.line;
        this.#setList(table, 0, stored, pending);
        pending = 0;
      } else {
        this.toNext(item.value);
        pending++;
      }
    }
    if (pending > 0) this.#setList(table, pending, stored, pending);
    if (table !== target) this.emit(Operation.move, target, table, 0);
  }

  #setList(table: number, count: number, stored: number, pending: number): void {
    this.emit(Operation.setList, table, count, 0);
    this.word(stored + 1);
    this.free -= pending;
  }

  #setPair(table: number, key: Expression, value: Expression, line: number): void {
    const { free } = this;
    const isShort = key.kind === Kind.string || isItemNumber(key);
    const keyOperand = isShort ? 0 : this.operand(key);
    const valueOperand = this.operand(value);
    const keyRegister = isShort ? 0 : this.read(keyOperand);
    const valueRegister = this.read(valueOperand);
    this.line = line;
    const nobody: Expression = { kind: Kind.nil, line };
    this.store(nobody, table, key, keyRegister, valueRegister);
    this.free = free;
  }
}

export function isMultiple(expression: Expression): boolean {
  const { kind } = expression;
  return kind === Kind.call || kind === Kind.method || kind === Kind.vararg;
}

function isConstant({ kind }: Expression): boolean {
  return kind <= Kind.string;
}

/** A key that has room in an instruction. */
export function isItemNumber(key: Expression): key is Expression & { kind: 3 } {
  return key.kind === Kind.number && key.value >= 1 && key.value <= 255 && key.value % 1 === 0;
}

/**
 * C keeps sizes of constructors in eight bits, rounded up: three for an exponent, a leading one.
 */
function roundedSize(size: number): number {
  let exponent = 0;
  while (size >= 16) {
    size = (size + 1) >> 1;
    exponent++;
  }
  return size < 8 ? size : size << exponent;
}
