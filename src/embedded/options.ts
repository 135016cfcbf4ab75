// Options of methods, as objects: { ex: 60, nx: true }. What a method does not know is refused: an
// option that is misspelt, or written as other clients have it, would be left out in silence.

import type { Value } from "./values.ts";

/** What an option says: its word alone, where it is true, or its word and a value. */
type Says = "flag" | "value";

/** Throws TypeError unless `options` is an object of options with these names. */
export function checkOptions(method: string, options: unknown, names: ReadonlySet<string>): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(
      `${method}(): options are an object, such as { ${[...names][0]}: … }, not ${shown(options)}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (names.has(name)) continue;
    throw new TypeError(
      `${method}(): there is no option '${name}'; there are ${[...names].join(", ")}`,
    );
  }
}

function shown(value: unknown): string {
  return typeof value === "string" ? `'${value}'` : Array.isArray(value) ? "an array" : `${value}`;
}

/** The options of one method, which stand in its request as words of the same names. */
export class Options {
  readonly #method: string;
  readonly #says: ReadonlyMap<string, { readonly word: string; readonly says: Says }>;
  readonly #names: ReadonlySet<string>;

  constructor(method: string, says: Readonly<Record<string, Says>>) {
    this.#method = method;
    this.#says = new Map(
      Object.keys(says).map((name) => [name, { word: name.toUpperCase(), says: says[name] }]),
    );
    this.#names = new Set(this.#says.keys());
  }

  /** The words of the options that are given; undefined where none can be. */
  words(options: object | undefined): Value[] | undefined {
    if (options === undefined) return undefined;
    checkOptions(this.#method, options, this.#names);
    const words: Value[] = [];
    for (const [name, value] of Object.entries(options) as [string, Value | undefined][]) {
      const option = this.#says.get(name);
      if (option === undefined || value === undefined) continue;
      if (option.says === "value") words.push(option.word, value);
      else if (value) words.push(option.word);
    }
    return words;
  }
}
