// How the words of random commands are put together, and what a family says of its commands.

import fc, { type Arbitrary } from "fast-check";
import type { Mode } from "../compare.ts";

/** One command: its arguments as latin1 text. */
export type Words = readonly string[];

/** The commands of a family, as they are made and as their replies are compared. */
export interface Family {
  /** Weight and words of each. */
  readonly commands: readonly (readonly [number, Arbitrary<string[]>])[];
  /** The same, of commands and options that later versions of Redis have, or Valkey. */
  readonly later?: readonly (readonly [number, Arbitrary<string[]>])[];
  /** How the replies of two servers are compared, by the command's name; "exact" where absent. */
  readonly modes?: Readonly<Record<string, Mode>>;
  /** Names of those whose answer is a matter of chance. */
  readonly random?: readonly string[];
  /** Names of those that walk by cursor. */
  readonly cursors?: readonly string[];
}

export type Part = string | Arbitrary<string> | Arbitrary<string[]>;

/** The parts, one after another. */
export function sequence(...parts: Part[]): Arbitrary<string[]> {
  const all = parts.map(
    (part): Arbitrary<string[]> =>
      typeof part === "string"
        ? fc.constant([part])
        : (part as Arbitrary<string | string[]>).map((each) =>
            Array.isArray(each) ? each : [each],
          ),
  );
  return fc.tuple(...all).map((lists) => lists.flat());
}

/** The part several times over. */
export function many(part: Part, maxLength = 5): Arbitrary<string[]> {
  return fc.array(sequence(part), { minLength: 1, maxLength }).map((lists) => lists.flat());
}

/** Some of the options in any order, now and then with nonsense or one of them twice. */
export function options(...each: Part[]): Arbitrary<string[]> {
  const built = each.map((part) => sequence(part));
  const some = fc
    .shuffledSubarray(built, { maxLength: Math.min(3, built.length) })
    .chain((chosen) => fc.tuple(...chosen))
    .map((lists: string[][]) => lists.flat());
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant<string[]>([]) },
    { weight: 12, arbitrary: some },
    { weight: 1, arbitrary: some.map((list) => [...list, "BOGUS"]) },
    { weight: 1, arbitrary: some.map((list) => [...list, ...list]) },
  );
}

/** How many keys follow, mostly the truth. */
export function counted(part: Part, maxLength = 3): Arbitrary<string[]> {
  return fc
    .tuple(many(part, maxLength), fc.integer({ min: 0, max: 20 }))
    .map(([list, slip]) => [String(slip === 0 ? list.length + 1 : list.length), ...list]);
}
