// What a look-up without the lock throws when it comes to something that only those inside may do:
// to delete what has expired, say. Whoever began it takes the lock and begins again, so this is a
// turn that it takes, not a failure: always the same object, without a stack.

export class LockNeeded extends Error {
  override readonly name = "LockNeeded";
}

const limit = Error.stackTraceLimit;
Error.stackTraceLimit = 0;
export const lockNeeded: LockNeeded = new LockNeeded("this can be done inside the lock alone");
Error.stackTraceLimit = limit;

/** Ends a look-up without the lock. */
export function needLock(): never {
  throw lockNeeded;
}
