// Parses a chunk: statements, blocks and functions. The tree that comes of it is described in
// ast.ts.

import {
  type Expression,
  ExpressionKind,
  type FunctionBody,
  type IfClause,
  type LocalVariable,
  type Statement,
  StatementKind,
} from "./ast.ts";
import { ExpressionParser, LEVELS_MAX } from "./expression-parser.ts";
import { Token } from "./lexer.ts";
import { FunctionScope } from "./scope.ts";

/**
 * The main function of a chunk. `levels`: how deep the caller is nested already, against the limit.
 */
export function parse(source: string, chunk: string, levels: number): FunctionBody {
  return new Parser(source, chunk, levels).main();
}

class Parser extends ExpressionParser {
  main(): FunctionBody {
    const { lexer, scope } = this;
    scope.body.isVararg = true;
    lexer.next();
    scope.body.statements = this.#statements();
    if (lexer.token !== Token.endOfText) this.expect(Token.endOfText);
    return scope.body;
  }

  protected functionBody(line: number, hasSelf: boolean): FunctionBody {
    const { lexer } = this;
    const scope = new FunctionScope(this.scope, line);
    this.scope = scope;
    const { body } = scope;
    this.expect(40);
    if (hasSelf) this.#parameter("self");
    if (lexer.token !== 41) {
      do {
        if (lexer.token === Token.name) {
          this.#parameter(this.name());
        } else if (lexer.token === Token.dots) {
          lexer.next();
          body.isVararg = true;
          body.needsArg = true;
          body.arg = scope.declare("arg", lexer);
          scope.activate(body.arg);
        } else {
          throw lexer.syntaxError("<name> or '...' expected");
        }
      } while (!body.isVararg && this.accept(44));
    }
    this.expect(41);
    body.statements = this.#statements();
    body.lastLine = lexer.line;
    this.expectMatch(Token.end, Token.function, line);
    this.scope = scope.outer as FunctionScope;
    return body;
  }

  #parameter(name: string): void {
    const parameter = this.scope.declare(name, this.lexer);
    this.scope.activate(parameter);
    this.scope.body.parameters.push(parameter);
  }

  #blockEnds(): boolean {
    const { token } = this.lexer;
    return (
      token === Token.else ||
      token === Token.elseif ||
      token === Token.end ||
      token === Token.until ||
      token === Token.endOfText
    );
  }

  /** The statements up to the block's end; variables declared in them stay active. */
  #statements(): Statement[] {
    const list: Statement[] = [];
    let isLast = false;
    this.enterLevel();
    while (!isLast && !this.#blockEnds()) {
      const statement = this.#statement();
      list.push(statement);
      isLast = statement.kind === StatementKind.return || statement.kind === StatementKind.break;
      this.accept(59);
    }
    this.levels--;
    return list;
  }

  #block(): Statement[] {
    const { active } = this.scope;
    const count = active.length;
    const list = this.#statements();
    active.length = count;
    return list;
  }

  #loopBlock(): Statement[] {
    this.scope.loops++;
    const list = this.#block();
    this.scope.loops--;
    return list;
  }

  #statement(): Statement {
    const { lexer } = this;
    const { line } = lexer;
    switch (lexer.token) {
      case Token.if:
        return this.#if(line);
      case Token.while: {
        lexer.next();
        const condition = this.#condition();
        this.expect(Token.do);
        const body = this.#loopBlock();
        this.expectMatch(Token.end, Token.while, line);
        return { kind: StatementKind.while, line, condition, body };
      }
      case Token.do: {
        lexer.next();
        const body = this.#block();
        this.expectMatch(Token.end, Token.do, line);
        return { kind: StatementKind.do, line, body };
      }
      case Token.for:
        return this.#for(line);
      case Token.repeat:
        return this.#repeat(line);
      case Token.function:
        return this.#function(line);
      case Token.local:
        lexer.next();
        return this.accept(Token.function) ? this.#localFunction(line) : this.#local(line);
      case Token.return: {
        lexer.next();
        const isEmpty = this.#blockEnds() || lexer.token === 59;
        return { kind: StatementKind.return, line, values: isEmpty ? [] : this.expressions() };
      }
      case Token.break:
        lexer.next();
        if (this.scope.loops === 0) throw lexer.syntaxError("no loop to break");
        return { kind: StatementKind.break, line };
      default:
        return this.#expressionStatement(line);
    }
  }

  #condition(): Expression {
    return this.settle(this.expression());
  }

  #if(line: number): Statement {
    const { lexer } = this;
    const clauses: IfClause[] = [];
    do {
      lexer.next();
      const condition = this.#condition();
      this.expect(Token.thenWord);
      clauses.push({ condition, body: this.#block() });
    } while (lexer.token === Token.elseif);
    const otherwise = this.accept(Token.else) ? this.#block() : null;
    this.expectMatch(Token.end, Token.if, line);
    return { kind: StatementKind.if, line, clauses, otherwise };
  }

  #repeat(line: number): Statement {
    const { active } = this.scope;
    const count = active.length;
    this.lexer.next();
    this.scope.loops++;
    const body = this.#statements();
    this.scope.loops--;
    this.expectMatch(Token.until, Token.repeat, line);
    const condition = this.#condition();
    active.length = count;
    return { kind: StatementKind.repeat, line, body, condition };
  }

  #for(line: number): Statement {
    const { lexer, scope } = this;
    const count = scope.active.length;
    lexer.next();
    const name = this.name();
    let loop: Statement;
    if (lexer.token === 61) loop = this.#numericFor(name, line);
    else if (lexer.token === 44 || lexer.token === Token.in) loop = this.#genericFor(name);
    else throw lexer.syntaxError("'=' or 'in' expected");
    this.expectMatch(Token.end, Token.for, line);
    scope.active.length = count;
    return loop;
  }

  #numericFor(name: string, line: number): Statement {
    const { lexer, scope } = this;
    scope.declareHidden(3, lexer);
    const variable = scope.declare(name, lexer);
    lexer.next();
    const first = this.settle(this.expression());
    this.expect(44);
    const limit = this.settle(this.expression());
    const step = this.accept(44) ? this.settle(this.expression()) : null;
    scope.activateHidden(3);
    this.expect(Token.do);
    const doLine = lexer.lastLine;
    scope.activate(variable);
    const body = this.#loopBlock();
    return { kind: StatementKind.numericFor, line, doLine, variable, first, limit, step, body };
  }

  #genericFor(name: string): Statement {
    const { lexer, scope } = this;
    scope.declareHidden(3, lexer);
    const variables = [scope.declare(name, lexer)];
    while (this.accept(44)) variables.push(scope.declare(this.name(), lexer));
    this.expect(Token.in);
    const { line } = lexer;
    const values = this.expressions();
    scope.activateHidden(3);
    this.expect(Token.do);
    for (const variable of variables) scope.activate(variable);
    const body = this.#loopBlock();
    return { kind: StatementKind.genericFor, line, variables, values, body };
  }

  #function(line: number): Statement {
    const { lexer } = this;
    lexer.next();
    let target = this.variable(this.name());
    while (lexer.token === 46) target = this.field(target);
    const isMethod = lexer.token === 58;
    if (isMethod) target = this.field(target);
    const body = this.functionBody(line, isMethod);
    const value: Expression = { kind: ExpressionKind.function, line, body };
    return { kind: StatementKind.assignment, line, targets: [target], values: [value] };
  }

  #localFunction(line: number): Statement {
    const { lexer, scope } = this;
    const variable = scope.declare(this.name(), lexer);
    scope.activate(variable);
    const body = this.functionBody(lexer.line, false);
    return { kind: StatementKind.localFunction, line, variable, body };
  }

  #local(line: number): Statement {
    const { lexer, scope } = this;
    const variables: LocalVariable[] = [];
    do {
      variables.push(scope.declare(this.name(), lexer));
    } while (this.accept(44));
    const values = this.accept(61) ? this.expressions() : [];
    for (const variable of variables) scope.activate(variable);
    return { kind: StatementKind.local, line, variables, values };
  }

  #expressionStatement(line: number): Statement {
    const { lexer } = this;
    const first = this.primary();
    if (first.kind === ExpressionKind.call || first.kind === ExpressionKind.method) {
      return { kind: StatementKind.call, line, call: first };
    }
    const targets: Expression[] = [first];
    for (;;) {
      const { kind } = targets[targets.length - 1];
      if (kind < ExpressionKind.local || kind > ExpressionKind.index) {
        throw lexer.syntaxError("syntax error");
      }
      if (!this.accept(44)) break;
      targets.push(this.primary());
      if (targets.length - 1 > LEVELS_MAX - this.levels) {
        throw this.scope.limit(LEVELS_MAX - this.levels, "variables in assignment", lexer);
      }
    }
    this.expect(61);
    const values = this.expressions();
    return { kind: StatementKind.assignment, line: lexer.lastLine, targets, values };
  }
}
