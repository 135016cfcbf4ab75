// Errors that came in the middle of something which more than one object, or thread, relies on,
// though the command that was being executed changes no key: what other threads are told of a
// subscription, the watch of a key, the data while they are loaded anew. Whoever is in the middle
// of such a thing notes that of the error, and throws it on; what follows is the same as when a
// write ends midway.

const errors: WeakSet<object> = new WeakSet();

/** Notes that the error has left something half-done; returns it. */
export function halfDone(error: unknown): unknown {
  if (typeof error === "object" && error !== null) errors.add(error);
  return error;
}

/** Whether the error has left something half-done. */
export function isHalfDone(error: unknown): boolean {
  return typeof error === "object" && error !== null && errors.has(error);
}
