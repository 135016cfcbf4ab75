// Options of methods, as objects: { ex: 60, nx: true }. What a method does not know is refused: an
// option that is misspelt, or written as other clients have it, would be left out in silence.

import type { Value } from "./values.ts";

/**
 * What an option says: its word alone, where it is true, or its word and a value, or several. A
 * durability says nothing in the request; what stands apart, the method puts in its place.
 */
type Says = "flag" | "value" | "values" | "apart" | "durability";

/** How safe a write is to be when the call returns, where that is more than `fsync` promises. */
export interface WriteOptions {
  /**
   * "sync": the call returns when what it wrote is on the disk, whatever `fsync` is, and throws
   * LogError where that cannot be. Inside a transaction that holds for the outermost one.
   */
  readonly durability?: "sync" | undefined;
}

/** Throws TypeError where that is no durability. */
export function checkDurability(method: string, durability: unknown): void {
  if (durability === undefined || durability === "sync") return;
  throw new TypeError(`${method}(): durability is "sync" or left out, not ${shown(durability)}`);
}

const writeOptionNames: ReadonlySet<string> = new Set<keyof WriteOptions>(["durability"]);

/** Whether the options of a call that writes demand more than `fsync` promises. */
export function demandsSync(method: string, options: WriteOptions | undefined): boolean {
  if (options === undefined) return false;
  checkOptions(method, options, writeOptionNames);
  checkDurability(method, options.durability);
  return options.durability === "sync";
}

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
    for (const [name, value] of Object.entries(options)) {
      const option = this.#says.get(name);
      if (option === undefined || value === undefined || option.says === "apart") continue;
      if (option.says === "durability") checkDurability(this.#method, value);
      else if (option.says === "value") words.push(option.word, value);
      else if (option.says === "values") words.push(option.word, ...this.#several(name, value));
      else if (value) words.push(option.word);
    }
    return words;
  }

  #several(name: string, values: unknown): readonly Value[] {
    if (Array.isArray(values)) return values;
    throw new TypeError(`${this.#method}(): ${name} is an array, not ${shown(values)}`);
  }
}
