// Makes code of a chunk: the parser's tree goes in, prototypes of functions come out. Statements
// are written here, expressions in expression-compiler.ts; what the code means is in opcodes.ts.

import {
  type Expression,
  ExpressionKind,
  type FunctionBody,
  type GenericFor,
  type LocalVariable,
  type NumericFor,
  type Statement,
  StatementKind,
} from "./ast.ts";
import { COMPILE_NAME_MAX, shownName } from "./chunk-name.ts";
import { ExpressionCompiler, isItemNumber, isMultiple, MANY } from "./expression-compiler.ts";
import { CALLEE, NameKind, Operation } from "./opcodes.ts";
import { parse } from "./parser.ts";
import type { Prototype } from "./thread.ts";
import { LuaError } from "./values.ts";

const Kind = ExpressionKind;

/**
 * Compiles a chunk's text; `chunk` is its name, as chunk-name.ts has it. Throws a LuaError whose
 * value is the message. `levels`: how deep the caller is nested, which counts against the syntax's
 * depth.
 */
export function compile(source: string, chunk: string, levels = 0): Prototype {
  try {
    return new FunctionCompiler(parse(source, chunk, levels), chunk).compile();
  } catch (error) {
    if (error instanceof LuaError) throw error;
    // Chains such as a.b.c.d or 1 + 1 + 1 are as deep in the tree as they are long.
    if (!isOutOfStack(error)) throw error;
    const where = `${shownName(chunk, COMPILE_NAME_MAX)}:1`;
    throw new LuaError(`${where}: chunk has too many syntax levels`);
  }
}

/** Whether an engine has thrown this because its stack was full, or a string too long. */
export function isOutOfStack(error: unknown): boolean {
  return String((error as { name?: unknown })?.name) === "RangeError";
}

/** A target of an assignment, with its operands where they will be. */
interface Target {
  readonly expression: Expression;
  /** Registers, or −1 − register of a captured variable: see ExpressionCompiler. */
  owner: number;
  key: number;
}

class FunctionCompiler extends ExpressionCompiler {
  /** Of the innermost loop: places of jumps out of it. */
  #breaks: number[] = [];

  compile(): Prototype {
    const { body } = this;
    this.line = body.line;
    for (const parameter of body.parameters) this.#declare(parameter);
    if (body.arg !== null) this.#declare(body.arg);
    for (const parameter of body.parameters) this.#box(parameter);
    if (body.arg !== null) this.#box(body.arg);
    this.#statements(body.statements);
    return this.finish();
  }

  protected compileInner(body: FunctionBody): Prototype {
    return new FunctionCompiler(body, this.chunk).compile();
  }

  /** Gives a variable the next register, which becomes one of the local variables. */
  #declare(variable: LocalVariable): void {
    variable.register = this.reserve(1);
    this.localsEnd = this.free;
  }

  #box(variable: LocalVariable): void {
    if (variable.isCaptured) this.emit(Operation.newBox, variable.register, 0, 0);
  }

  #statements(list: readonly Statement[]): void {
    for (const statement of list) {
      this.line = statement.line;
      this.#statement(statement);
      this.free = this.localsEnd;
    }
  }

  #block(list: readonly Statement[]): void {
    const { localsEnd } = this;
    this.#statements(list);
    this.#leave(localsEnd);
  }

  #leave(localsEnd: number): void {
    this.localsEnd = localsEnd;
    this.free = localsEnd;
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case StatementKind.local:
        return this.#local(statement.variables, statement.values);
      case StatementKind.assignment:
        return this.#assignment(statement.targets, statement.values, statement.line);
      case StatementKind.call:
        this.call(statement.call, 0);
        return;
      case StatementKind.do:
        return this.#block(statement.body);
      case StatementKind.while: {
        const start = this.here;
        const out = this.jumpUnless(statement.condition, true);
        this.#loop(statement.body, () => this.jumpTo(Operation.jumpBack, 0, start), out);
        return;
      }
      case StatementKind.repeat:
        return this.#repeat(statement.body, statement.condition);
      case StatementKind.if: {
        const ends: number[] = [];
        const { clauses, otherwise } = statement;
        clauses.forEach(({ condition, body }, index) => {
          const next = this.jumpUnless(condition, true);
          this.#block(body);
          const isLast = index === clauses.length - 1 && otherwise === null;
          if (!isLast) ends.push(this.jump(Operation.jump, 0, 0, 0));
          this.patch(next);
        });
        if (otherwise !== null) this.#block(otherwise);
        this.patch(ends);
        return;
      }
      case StatementKind.numericFor:
        return this.#numericFor(statement);
      case StatementKind.genericFor:
        return this.#genericFor(statement);
      case StatementKind.localFunction: {
        const { variable, body } = statement;
        this.#declare(variable);
        const value: Expression = { kind: Kind.function, line: statement.line, body };
        if (!variable.isCaptured) {
          this.toRegister(value, variable.register);
          return;
        }
        this.emit(Operation.loadNil, variable.register, variable.register, 0);
        this.#box(variable);
        this.emit(Operation.setBox, variable.register, this.toNext(value), 0);
        return;
      }
      case StatementKind.return:
        return this.#return(statement.values);
      case StatementKind.break:
        this.#breaks.push(this.jump(Operation.jump, 0, 0, 0));
        return;
    }
  }

  /** Exactly `wanted` values in the next registers; what is too much is evaluated, too. */
  #values(values: readonly Expression[], wanted: number): void {
    const first = this.free;
    this.list(values, wanted);
    this.free = Math.max(first, Math.min(this.free, first + wanted));
    const missing = first + wanted - this.free;
    if (missing > 0) {
      const from = this.reserve(missing);
      this.emit(Operation.loadNil, from, from + missing - 1, 0);
    }
  }

  #local(variables: readonly LocalVariable[], values: readonly Expression[]): void {
    const first = this.free;
    this.#values(values, variables.length);
    variables.forEach((variable, index) => {
      variable.register = first + index;
    });
    this.localsEnd = this.free;
    for (const variable of variables) this.#box(variable);
  }

  #assignment(targets: readonly Expression[], values: readonly Expression[], line: number): void {
    if (targets.length === 1 && values.length === 1) {
      const [target] = targets;
      if (target.kind === Kind.local && !target.variable.isCaptured) {
        this.toRegister(values[0], target.variable.register);
        return;
      }
      const place = this.#target(target);
      const value = this.operand(values[0]);
      this.line = line;
      this.#store(place, value);
      return;
    }
    const places: Target[] = [];
    for (const target of targets) {
      if (target.kind === Kind.local) this.#keepOld(places, target.variable);
      places.push(this.#target(target));
    }
    if (targets.length === values.length) {
      // C stores the last value without moving it to a register of its own.
      for (let i = 0; i < values.length - 1; i++) this.toNext(values[i]);
      const last = this.operand(values[values.length - 1]);
      this.line = line;
      const end = this.free;
      this.#store(places[places.length - 1], last);
      const first =
        (last === end - 1 && last >= this.localsEnd ? end - 1 : end) - values.length + 1;
      for (let i = places.length - 2; i >= 0; i--) this.#store(places[i], first + i);
      return;
    }
    const first = this.free;
    this.#values(values, targets.length);
    this.line = line;
    for (let i = places.length - 1; i >= 0; i--) this.#store(places[i], first + i);
  }

  #target(expression: Expression): Target {
    if (expression.kind !== Kind.index) return { expression, owner: 0, key: 0 };
    const { key } = expression;
    const owner = this.operand(expression.object);
    const isShort = key.kind === Kind.string || isItemNumber(key);
    return { expression, owner, key: isShort ? 0 : this.operand(key) };
  }

  /**
   * A variable that is about to be assigned to, too, is an operand of targets before: they keep it.
   */
  #keepOld(places: readonly Target[], { register, isCaptured }: LocalVariable): void {
    const operand = isCaptured ? -1 - register : register;
    let copy = -1;
    for (const place of places) {
      if (place.expression.kind !== Kind.index) continue;
      if (place.owner !== operand && place.key !== operand) continue;
      if (copy < 0) {
        copy = this.reserve(1);
        this.emit(isCaptured ? Operation.getBox : Operation.move, copy, register, 0);
      }
      if (place.owner === operand) place.owner = copy;
      const { key } = place.expression;
      const isShort = key.kind === Kind.string || isItemNumber(key);
      if (!isShort && place.key === operand) place.key = copy;
    }
  }

  /** `value` is an operand: a register, or −1 − register of a captured variable. */
  #store({ expression, owner, key }: Target, value: number): void {
    const { free } = this;
    switch (expression.kind) {
      case Kind.local: {
        const { register, isCaptured } = expression.variable;
        const from = this.read(value);
        if (isCaptured) this.emit(Operation.setBox, register, from, 0);
        else if (from !== register) this.emit(Operation.move, register, from, 0);
        break;
      }
      case Kind.upvalue:
        this.emit(Operation.setUpvalue, this.read(value), expression.index, 0);
        break;
      case Kind.global:
        this.storeGlobal(expression.name, this.read(value));
        break;
      case Kind.index: {
        const objectRegister = this.read(owner);
        const keyRegister = this.read(key);
        const from = this.read(value);
        this.store(expression.object, objectRegister, expression.key, keyRegister, from);
        break;
      }
    }
    this.free = free;
  }

  /** A loop's body and its end, which jumps back; `out` are jumps that leave it. */
  #loop(body: readonly Statement[], end: () => void, out: readonly number[]): void {
    const outer = this.#breaks;
    this.#breaks = [];
    this.#block(body);
    end();
    this.patch(out);
    this.patch(this.#breaks);
    this.#breaks = outer;
  }

  #repeat(body: readonly Statement[], condition: Expression): void {
    const { localsEnd } = this;
    const outer = this.#breaks;
    this.#breaks = [];
    const start = this.here;
    this.#statements(body);
    const again = this.jumpUnless(condition, true);
    const out = this.jump(Operation.jump, 0, 0, 0);
    this.patch(again);
    this.jumpTo(Operation.jumpBack, 0, start);
    this.patch([out]);
    this.patch(this.#breaks);
    this.#leave(localsEnd);
    this.#breaks = outer;
  }

  #numericFor(loop: NumericFor): void {
    const { localsEnd } = this;
    const base = this.toNext(loop.first);
    this.toNext(loop.limit);
    if (loop.step === null) this.loadConstant(1, this.reserve(1));
    else this.toNext(loop.step);
    this.localsEnd = this.free;
    this.line = loop.doLine;
    const prepare = this.jump(Operation.forPrepare, base, 0, 0);
    const start = this.here;
    this.#declare(loop.variable);
    this.#box(loop.variable);
    const end = (): void => {
      this.patch([prepare]);
      this.line = loop.line;
      this.jumpTo(Operation.forLoop, base, start);
    };
    this.#loop(loop.body, end, []);
    this.#leave(localsEnd);
  }

  #genericFor(loop: GenericFor): void {
    const { localsEnd } = this;
    const { variables } = loop;
    const base = this.free;
    this.#values(loop.values, 3);
    this.localsEnd = this.free;
    // Room for the call of the iterator.
    this.reserve(3);
    this.free -= 3;
    const toCall = this.jump(Operation.jump, 0, 0, 0);
    const start = this.here;
    for (const variable of variables) this.#declare(variable);
    for (const variable of variables) this.#box(variable);
    const end = (): void => {
      this.patch([toCall]);
      this.line = loop.line;
      this.emit(Operation.forCall, base, 0, variables.length);
      this.note(base, NameKind.local + CALLEE, "(for generator)");
      this.jumpTo(Operation.forNext, base, start);
    };
    this.#loop(loop.body, end, []);
    this.#leave(localsEnd);
  }

  #return(values: readonly Expression[]): void {
    if (values.length === 0) {
      this.emit(Operation.returnNone, 0, 0, 0);
      return;
    }
    const [first] = values;
    if (values.length === 1 && (first.kind === Kind.call || first.kind === Kind.method)) {
      this.tailCall(first);
      return;
    }
    if (values.length === 1 && !isMultiple(first)) {
      this.emit(Operation.returnOne, this.toAny(first), 0, 0);
      return;
    }
    const at = this.free;
    const isOpen = this.list(values, MANY);
    this.emit(Operation.returnMany, at, isOpen ? 0 : values.length + 1, 0);
  }
}
