// Which variable a name means. Functions nest, and in each of them blocks do; a name means the
// innermost variable that has been declared before. Limits are those of Lua 5.1, with its words.

import { FunctionBody, LocalVariable } from "./ast.ts";
import type { Lexer } from "./lexer.ts";
import type { LuaError } from "./values.ts";

export const LOCALS_MAX = 200;
export const UPVALUES_MAX = 60;

/** Stands for the control variables of loops, whose name no program can write. */
const hidden = new LocalVariable("(for)");

/** A function that is being parsed. */
export class FunctionScope {
  readonly body: FunctionBody;
  readonly outer: FunctionScope | null;
  /** The variables that can be seen, the outermost first. */
  readonly active: LocalVariable[] = [];
  /** Declared, but not to be seen before the end of their statement. */
  pending = 0;
  loops = 0;

  constructor(outer: FunctionScope | null, line: number) {
    this.outer = outer;
    this.body = new FunctionBody(outer === null ? null : outer.body, line);
  }

  /** A new variable, to be seen from `activate` on. */
  declare(name: string, lexer: Lexer): LocalVariable {
    this.pending++;
    if (this.active.length + this.pending > LOCALS_MAX) {
      throw this.limit(LOCALS_MAX, "local variables", lexer);
    }
    return new LocalVariable(name);
  }

  activate(variable: LocalVariable): void {
    this.pending--;
    this.active.push(variable);
  }

  /** Hidden control variables of loops take up places, too. */
  declareHidden(count: number, lexer: Lexer): void {
    for (let i = 0; i < count; i++) this.declare("(for)", lexer);
  }

  activateHidden(count: number): void {
    for (let i = 0; i < count; i++) this.activate(hidden);
  }

  find(name: string): LocalVariable | null {
    for (let i = this.active.length - 1; i >= 0; i--) {
      if (this.active[i].name === name) return this.active[i];
    }
    return null;
  }

  /** The number of the upvalue that a name means; −1: none, it is a global variable. */
  findUpvalue(name: string, lexer: Lexer): number {
    const { outer } = this;
    if (outer === null) return -1;
    const local = outer.find(name);
    if (local !== null) {
      local.isCaptured = true;
      return this.#upvalue(name, local, 0, lexer);
    }
    const index = outer.findUpvalue(name, lexer);
    return index < 0 ? -1 : this.#upvalue(name, null, index, lexer);
  }

  limit(most: number, what: string, lexer: Lexer): LuaError {
    const { line } = this.body;
    const where = line === 0 ? "main function" : `function at line ${line}`;
    return lexer.error(`${where} has more than ${most} ${what}`, 0);
  }

  #upvalue(name: string, local: LocalVariable | null, index: number, lexer: Lexer): number {
    const { upvalues } = this.body;
    for (let i = 0; i < upvalues.length; i++) {
      if (upvalues[i].local === local && upvalues[i].index === index) return i;
    }
    if (upvalues.length >= UPVALUES_MAX) throw this.limit(UPVALUES_MAX, "upvalues", lexer);
    upvalues.push({ name, local, index });
    return upvalues.length - 1;
  }
}
