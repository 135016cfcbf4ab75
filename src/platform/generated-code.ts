// Functions made of text. A process may forbid that: Node with
// --disallow-code-generation-from-strings, a context of node:vm, most runtimes at the edge of a
// network.

/** Makes a function of the names of its parameters and, last, its body. */
export type FunctionMaker = (source: readonly string[]) => (...values: unknown[]) => unknown;

let known: FunctionMaker | null | undefined;

/** What makes functions of text here; null: that is forbidden. */
export function functionMaker(): FunctionMaker | null {
  if (known === undefined) known = isAllowed() ? make : null;
  return known;
}

const make = ((source) => Function(...source)) as FunctionMaker;

function isAllowed(): boolean {
  try {
    make(["return 0"]);
    return true;
  } catch {
    return false;
  }
}
