// Arithmetic on numbers, at run time and where a compiler does it beforehand.

import { Arithmetic, type Expression, ExpressionKind } from "./ast.ts";

/**
 * The value of numbers alone; undefined: it is not known before it runs, or is none that C folds.
 */
export function foldedNumber(expression: Expression): number | undefined {
  switch (expression.kind) {
    case ExpressionKind.number:
      return expression.value;
    case ExpressionKind.parentheses:
      return foldedNumber(expression.inner);
    case ExpressionKind.minus: {
      const value = foldedNumber(expression.operand);
      return value === undefined ? undefined : -value;
    }
    case ExpressionKind.arithmetic: {
      const left = foldedNumber(expression.left);
      const right = left === undefined ? undefined : foldedNumber(expression.right);
      if (left === undefined || right === undefined) return undefined;
      const { operator } = expression;
      if (right === 0 && (operator === Arithmetic.divide || operator === Arithmetic.modulo)) {
        return undefined;
      }
      const value = calculate(operator, left, right);
      return Number.isNaN(value) ? undefined : value;
    }
    default:
      return undefined;
  }
}

export function calculate(operator: number, left: number, right: number): number {
  switch (operator) {
    case Arithmetic.add:
      return left + right;
    case Arithmetic.subtract:
      return left - right;
    case Arithmetic.multiply:
      return left * right;
    case Arithmetic.divide:
      return left / right;
    case Arithmetic.modulo:
      return left - Math.floor(left / right) * right;
    default:
      return power(left, right);
  }
}

/** C's pow: 1 to any power is 1, and so is -1 to an infinite one. */
function power(left: number, right: number): number {
  if (left === 1 || (left === -1 && (right === Infinity || right === -Infinity))) return 1;
  return left ** right;
}
