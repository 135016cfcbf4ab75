// What the parser makes of a chunk and the compiler makes code of: a tree, in which each name has
// been resolved to a local variable, an upvalue or a global one. A local variable that an inner
// function uses is `captured`, which is why there is a tree at all: the compiler has to know that
// when the variable is declared.
//
// `line` is where an error of this operation is said to be: that of the token at which C's
// compiler, which has no tree, would have written the instruction.

export class LocalVariable {
  readonly name: string;
  isCaptured = false;
  register = -1;

  constructor(name: string) {
    this.name = name;
  }
}

export interface Upvalue {
  readonly name: string;
  /**
   * The variable of the enclosing function; null: it is an upvalue there too, and this is its
   * number.
   */
  readonly local: LocalVariable | null;
  readonly index: number;
}

export const ExpressionKind = {
  nil: 0,
  true: 1,
  false: 2,
  number: 3,
  string: 4,
  vararg: 5,
  function: 6,
  local: 7,
  upvalue: 8,
  global: 9,
  index: 10,
  call: 11,
  method: 12,
  arithmetic: 13,
  concat: 14,
  comparison: 15,
  and: 16,
  or: 17,
  not: 18,
  minus: 19,
  length: 20,
  table: 21,
  parentheses: 22,
} as const;

export type Expression =
  | { kind: 0 | 1 | 2; line: number }
  | { kind: 3; line: number; value: number }
  | { kind: 4; line: number; value: string }
  | { kind: 5; line: number }
  | { kind: 6; line: number; body: FunctionBody }
  | { kind: 7; line: number; variable: LocalVariable }
  | { kind: 8; line: number; index: number; name: string }
  | { kind: 9; line: number; name: string; settled: boolean }
  | { kind: 10; line: number; object: Expression; key: Expression; settled: boolean }
  | CallExpression
  | { kind: 13; line: number; operator: number; left: Expression; right: Expression }
  | { kind: 14; line: number; left: Expression; right: Expression }
  | { kind: 15; line: number; operator: number; left: Expression; right: Expression }
  | { kind: 16 | 17; line: number; left: Expression; right: Expression }
  | { kind: 18 | 19 | 20; line: number; operand: Expression }
  | TableExpression
  | { kind: 22; line: number; inner: Expression };

export type CallExpression =
  | { kind: 11; line: number; callee: Expression; arguments: Expression[] }
  | { kind: 12; line: number; object: Expression; name: string; arguments: Expression[] };

export interface TableExpression {
  kind: 21;
  line: number;
  items: TableItem[];
}

/** `[key] = value`, or, where the key is null, the next item of the list. */
export interface TableItem {
  readonly key: Expression | null;
  readonly value: Expression;
  readonly line: number;
}

export const Arithmetic = {
  add: 0,
  subtract: 1,
  multiply: 2,
  divide: 3,
  modulo: 4,
  power: 5,
} as const;

export const Comparison = {
  equal: 0,
  notEqual: 1,
  less: 2,
  lessEqual: 3,
  greater: 4,
  greaterEqual: 5,
} as const;

export const StatementKind = {
  local: 0,
  assignment: 1,
  call: 2,
  do: 3,
  while: 4,
  repeat: 5,
  if: 6,
  numericFor: 7,
  genericFor: 8,
  localFunction: 9,
  return: 10,
  break: 11,
} as const;

export type Statement =
  | { kind: 0; line: number; variables: LocalVariable[]; values: Expression[] }
  | { kind: 1; line: number; targets: Expression[]; values: Expression[] }
  | { kind: 2; line: number; call: CallExpression }
  | { kind: 3; line: number; body: Statement[] }
  | { kind: 4; line: number; condition: Expression; body: Statement[] }
  | { kind: 5; line: number; body: Statement[]; condition: Expression }
  | { kind: 6; line: number; clauses: IfClause[]; otherwise: Statement[] | null }
  | NumericFor
  | GenericFor
  | { kind: 9; line: number; variable: LocalVariable; body: FunctionBody }
  | { kind: 10; line: number; values: Expression[] }
  | { kind: 11; line: number };

export interface IfClause {
  readonly condition: Expression;
  readonly body: Statement[];
}

export interface NumericFor {
  kind: 7;
  line: number;
  doLine: number;
  variable: LocalVariable;
  first: Expression;
  limit: Expression;
  step: Expression | null;
  body: Statement[];
}

export interface GenericFor {
  kind: 8;
  line: number;
  variables: LocalVariable[];
  values: Expression[];
  body: Statement[];
}

export class FunctionBody {
  readonly parent: FunctionBody | null;
  readonly line: number;
  lastLine = 0;
  readonly parameters: LocalVariable[] = [];
  isVararg = false;
  /** The local variable `arg` of a function with `...`, as in 5.0. */
  arg: LocalVariable | null = null;
  /** Its value is a table of the varargs, unless the function's text uses `...`. */
  needsArg = false;
  readonly upvalues: Upvalue[] = [];
  statements: Statement[] = [];

  constructor(parent: FunctionBody | null, line: number) {
    this.parent = parent;
    this.line = line;
  }
}
