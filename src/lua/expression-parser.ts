// Parses expressions. Each method reads what its grammar rule says and leaves the token behind it.
//
// A variable's instruction is written late by C's compiler: when its value is needed. `settle`
// marks that moment, which decides the line that an error in it is said to be at.

import {
  Arithmetic,
  type CallExpression,
  Comparison,
  type Expression,
  ExpressionKind,
  type FunctionBody,
  type TableItem,
} from "./ast.ts";
import { Lexer, Token } from "./lexer.ts";
import { FunctionScope } from "./scope.ts";

const Kind = ExpressionKind;
export const LEVELS_MAX = 200;
const UNARY_PRIORITY = 8;

interface BinaryOperator {
  readonly left: number;
  readonly right: number;
  readonly kind: 13 | 14 | 15 | 16 | 17;
  readonly operator: number;
}

const binaryOperators = new Map<number, BinaryOperator>([
  [43, { left: 6, right: 6, kind: Kind.arithmetic, operator: Arithmetic.add }],
  [45, { left: 6, right: 6, kind: Kind.arithmetic, operator: Arithmetic.subtract }],
  [42, { left: 7, right: 7, kind: Kind.arithmetic, operator: Arithmetic.multiply }],
  [47, { left: 7, right: 7, kind: Kind.arithmetic, operator: Arithmetic.divide }],
  [37, { left: 7, right: 7, kind: Kind.arithmetic, operator: Arithmetic.modulo }],
  [94, { left: 10, right: 9, kind: Kind.arithmetic, operator: Arithmetic.power }],
  [Token.concat, { left: 5, right: 4, kind: Kind.concat, operator: 0 }],
  [Token.notEqual, { left: 3, right: 3, kind: Kind.comparison, operator: Comparison.notEqual }],
  [Token.equal, { left: 3, right: 3, kind: Kind.comparison, operator: Comparison.equal }],
  [60, { left: 3, right: 3, kind: Kind.comparison, operator: Comparison.less }],
  [Token.lessEqual, { left: 3, right: 3, kind: Kind.comparison, operator: Comparison.lessEqual }],
  [62, { left: 3, right: 3, kind: Kind.comparison, operator: Comparison.greater }],
  [
    Token.greaterEqual,
    { left: 3, right: 3, kind: Kind.comparison, operator: Comparison.greaterEqual },
  ],
  [Token.and, { left: 2, right: 2, kind: Kind.and, operator: 0 }],
  [Token.or, { left: 1, right: 1, kind: Kind.or, operator: 0 }],
]);

export abstract class ExpressionParser {
  protected readonly lexer: Lexer;
  protected scope: FunctionScope = new FunctionScope(null, 0);
  protected levels: number;

  constructor(source: string, chunk: string, levels: number) {
    this.lexer = new Lexer(source, chunk);
    this.levels = levels;
  }

  protected abstract functionBody(line: number, hasSelf: boolean): FunctionBody;

  protected enterLevel(): void {
    if (++this.levels > LEVELS_MAX) throw this.lexer.error("chunk has too many syntax levels", 0);
  }

  protected accept(token: number): boolean {
    if (this.lexer.token !== token) return false;
    this.lexer.next();
    return true;
  }

  protected expect(token: number): void {
    if (this.lexer.token !== token) {
      throw this.lexer.syntaxError(`'${Lexer.describe(token)}' expected`);
    }
    this.lexer.next();
  }

  protected expectMatch(what: number, who: number, line: number): void {
    if (this.accept(what)) return;
    if (line === this.lexer.line) this.expect(what);
    const [closing, opening] = [Lexer.describe(what), Lexer.describe(who)];
    throw this.lexer.syntaxError(`'${closing}' expected (to close '${opening}' at line ${line})`);
  }

  protected name(): string {
    const { text } = this.lexer;
    this.expect(Token.name);
    return text;
  }

  /** The variable's value is needed now. */
  protected settle(expression: Expression): Expression {
    const { kind } = expression;
    if ((kind === Kind.global || kind === Kind.index) && !expression.settled) {
      expression.settled = true;
      expression.line = this.lexer.lastLine;
    }
    return expression;
  }

  protected expression(): Expression {
    return this.#operand(0);
  }

  /** Expressions between commas, of which the last may give several values. */
  protected expressions(): Expression[] {
    const list = [this.expression()];
    while (this.accept(44)) {
      this.settle(list[list.length - 1]);
      list.push(this.expression());
    }
    this.settle(list[list.length - 1]);
    return list;
  }

  #operand(limit: number): Expression {
    const { lexer } = this;
    this.enterLevel();
    let left = this.#unary() ?? this.#simple();
    for (;;) {
      const operator = binaryOperators.get(lexer.token);
      if (operator === undefined || operator.left <= limit) break;
      lexer.next();
      this.settle(left);
      const right = this.settle(this.#operand(operator.right));
      const line = lexer.lastLine;
      left = { kind: operator.kind, line, operator: operator.operator, left, right } as Expression;
    }
    this.levels--;
    return left;
  }

  #unary(): Expression | null {
    const { lexer } = this;
    const { token } = lexer;
    let kind: 18 | 19 | 20;
    if (token === Token.not) kind = Kind.not;
    else if (token === 45) kind = Kind.minus;
    else if (token === 35) kind = Kind.length;
    else return null;
    lexer.next();
    const operand = this.settle(this.#operand(UNARY_PRIORITY));
    return { kind, line: lexer.lastLine, operand };
  }

  #simple(): Expression {
    const { lexer } = this;
    const { line } = lexer;
    let value: Expression;
    switch (lexer.token) {
      case Token.number:
        value = { kind: Kind.number, line, value: lexer.number };
        break;
      case Token.string:
        value = { kind: Kind.string, line, value: lexer.text };
        break;
      case Token.nil:
        value = { kind: Kind.nil, line };
        break;
      case Token.true:
        value = { kind: Kind.true, line };
        break;
      case Token.false:
        value = { kind: Kind.false, line };
        break;
      case Token.dots: {
        const { body } = this.scope;
        if (!body.isVararg) {
          throw lexer.syntaxError("cannot use '...' outside a vararg function");
        }
        body.needsArg = false;
        value = { kind: Kind.vararg, line };
        break;
      }
      case 123: // {
        return this.#table();
      case Token.function:
        lexer.next();
        return { kind: Kind.function, line, body: this.functionBody(lexer.line, false) };
      default:
        return this.primary();
    }
    lexer.next();
    return value;
  }

  #prefix(): Expression {
    const { lexer } = this;
    if (lexer.token === 40) {
      const { line } = lexer;
      lexer.next();
      const inner = this.expression();
      this.expectMatch(41, 40, line);
      this.settle(inner);
      return { kind: Kind.parentheses, line: lexer.lastLine, inner };
    }
    if (lexer.token === Token.name) return this.variable(this.name());
    throw lexer.syntaxError("unexpected symbol");
  }

  /** What a name means here. */
  protected variable(name: string): Expression {
    const line = this.lexer.lastLine;
    const variable = this.scope.find(name);
    if (variable !== null) return { kind: Kind.local, line, variable };
    const index = this.scope.findUpvalue(name, this.lexer);
    if (index >= 0) return { kind: Kind.upvalue, line, index, name };
    return { kind: Kind.global, line, name, settled: false };
  }

  /** `.name` behind an object; the dot or colon is the present token. */
  protected field(object: Expression): Expression {
    this.settle(object);
    this.lexer.next();
    const line = this.lexer.line;
    const key: Expression = { kind: Kind.string, line, value: this.name() };
    return { kind: Kind.index, line: this.lexer.lastLine, object, key, settled: false };
  }

  protected primary(): Expression {
    const { lexer } = this;
    let value = this.#prefix();
    for (;;) {
      switch (lexer.token) {
        case 46: // .
          value = this.field(value);
          break;
        case 91: {
          this.settle(value);
          const key = this.#bracketed();
          value = { kind: Kind.index, line: lexer.lastLine, object: value, key, settled: false };
          break;
        }
        case 58: {
          lexer.next();
          const name = this.name();
          this.settle(value);
          const { line } = lexer;
          const list = this.#callArguments();
          value = { kind: Kind.method, line, object: value, name, arguments: list };
          break;
        }
        case 40:
        case Token.string:
        case 123: {
          this.settle(value);
          const { line } = lexer;
          const list = this.#callArguments();
          value = { kind: Kind.call, line, callee: value, arguments: list } as CallExpression;
          break;
        }
        default:
          return value;
      }
    }
  }

  #bracketed(): Expression {
    this.lexer.next();
    const key = this.settle(this.expression());
    this.expect(93);
    return key;
  }

  #callArguments(): Expression[] {
    const { lexer } = this;
    const { line } = lexer;
    switch (lexer.token) {
      case 40: {
        if (line !== lexer.lastLine) {
          throw lexer.syntaxError("ambiguous syntax (function call x new statement)");
        }
        lexer.next();
        if (this.accept(41)) return [];
        const list = this.expressions();
        this.expectMatch(41, 40, line);
        return list;
      }
      case 123:
        return [this.#table()];
      case Token.string: {
        const text: Expression = { kind: Kind.string, line, value: lexer.text };
        lexer.next();
        return [text];
      }
      default:
        throw lexer.syntaxError("function arguments expected");
    }
  }

  #table(): Expression {
    const { lexer } = this;
    const { line } = lexer;
    const items: TableItem[] = [];
    this.expect(123);
    while (lexer.token !== 125) {
      const isNamed = lexer.token === Token.name && lexer.lookAhead() === 61;
      if (isNamed || lexer.token === 91) {
        const key: Expression = isNamed
          ? { kind: Kind.string, line: lexer.line, value: this.name() }
          : this.#bracketed();
        this.expect(61);
        const value = this.settle(this.expression());
        items.push({ key, value, line: lexer.lastLine });
      } else {
        const value = this.expression();
        if (lexer.token !== 125) {
          // C closes the item after the comma that follows it.
          items.push({ key: null, value, line: lexer.lastLine });
          if (!this.accept(44) && !this.accept(59)) break;
          this.settle(value);
          continue;
        }
        this.settle(value);
        items.push({ key: null, value, line: lexer.lastLine });
      }
      if (!this.accept(44) && !this.accept(59)) break;
    }
    this.expectMatch(125, 123, line);
    return { kind: Kind.table, line, items };
  }
}
