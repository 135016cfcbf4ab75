// Assertions guard invariants: when one fails, memory can no longer be trusted, so the process must
// not go on with it. They stay on in production; texts are static so that passing costs nothing.

/** Thrown when an invariant of the database does not hold. Never caught inside the engine. */
export class AssertionFailed extends Error {
  override readonly name = "AssertionFailed";
}

/** Stops with `text` unless `condition` holds. */
export function assert(condition: boolean, text: string): asserts condition {
  if (!condition) fail(text);
}

/** Throws an error on, for those who throw none of their own. */
export function rethrow(error: unknown): never {
  throw error;
}

function fail(text: string): never {
  throw new AssertionFailed(text);
}
