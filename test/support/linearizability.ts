// Whether a history of concurrent operations is linearizable: whether each of them can be given one
// moment between its call and its return, so that, executed one by one in the order of these
// moments, all of them reply what they did reply.
//
// The search is Wing and Gong's, with Lowe's memoisation and his cheap way back (G. Lowe, Testing
// for linearizability, 2017), as in Porcupine: calls and returns form one list in the order in
// which they happened. From its head on, the first call whose reply the model agrees with is made
// the next operation, and lifted from the list together with its return; a return that is reached
// before its call could be lifted says that the last choice was wrong, and it is taken back. A
// choice that leads to a set of operations and a state that have been seen before is not followed
// again.
//
// Linearizability is local: a history is linearizable if its part for each key is. So it is parted
// by key first, which is what makes the search short; keys that one operation joins (RENAME, a
// transaction) are one part.
//
// An operation that never returned (its thread has died) may have taken effect at any time since
// its call, or not at all: it has no return in the list, and the search is over when no return is
// left.

/** One operation of a history: a command, or several that were executed as one. */
export interface Operation {
  readonly thread: number;
  readonly commands: readonly Command[];
  /** What each of the commands replied; undefined where that is not known. */
  readonly replies: readonly unknown[];
  /** Ticks of one clock that all threads share. */
  readonly calledAt: number;
  /** Infinity if it never returned. */
  readonly returnedAt: number;
  /** A transaction that was rolled back: its commands replied, but have changed nothing. */
  readonly takenBack?: boolean;
}

export type Command = readonly [name: string, ...args: (string | number)[]];

/** What the operations are to behave like: a sequential object, in states that do not change. */
export interface Model<S> {
  readonly initial: S;
  /** The state after an operation, or undefined where it would have replied something else. */
  step(state: S, operation: Operation): S | undefined;
  /** Equal for equal states, and only for those. */
  fingerprint(state: S): string;
  /** What an operation reads or writes. */
  keys(operation: Operation): readonly string[];
}

export interface Verdict {
  /** `undecided`: the search was longer than it may be. */
  readonly outcome: "linearizable" | "violation" | "undecided";
  /** How often the model was asked. */
  readonly steps: number;
  /** The part of the history that could not be put in order, as text. */
  readonly explanation: string;
}

export const STEPS_MAX = 5_000_000;

/** Checks each part of a history; the first that fails is the verdict. */
export function checkHistory<S>(
  model: Model<S>,
  history: readonly Operation[],
  stepsMax: number = STEPS_MAX,
): Verdict {
  let steps = 0;
  for (const part of parted(model, history)) {
    const search = new Search(model, part, stepsMax - steps);
    const outcome = search.run();
    steps += search.steps;
    if (outcome !== "linearizable") return { outcome, steps, explanation: search.explain() };
  }
  return { outcome: "linearizable", steps, explanation: "" };
}

/** The history by keys: operations whose keys are joined, by themselves or through others. */
function parted<S>(model: Model<S>, history: readonly Operation[]): Operation[][] {
  const parents = new Map<string, string>();
  const rootOf = (key: string): string => {
    let root = key;
    for (;;) {
      const parent = parents.get(root);
      if (parent === undefined || parent === root) return root;
      root = parent;
    }
  };
  const keysOf = history.map((operation) => model.keys(operation));
  for (const [first = "", ...others] of keysOf) {
    const root = rootOf(first);
    for (const other of others) parents.set(rootOf(other), root);
  }
  const parts = new Map<string, Operation[]>();
  for (const [index, operation] of history.entries()) {
    const root = rootOf(keysOf[index]?.[0] ?? "");
    const part = parts.get(root);
    if (part) part.push(operation);
    else parts.set(root, [operation]);
  }
  return [...parts.values()];
}

/** A call or a return, in a list in the order of time. */
interface Event {
  readonly operation: Operation;
  /** Of the operation among those of its part. */
  readonly index: number;
  /** Of a call: its return, or undefined if there is none. Of a return: itself. */
  ending: Event | undefined;
  previous: Event | undefined;
  next: Event | undefined;
}

interface Choice<S> {
  readonly call: Event;
  /** The state before it. */
  readonly state: S;
}

class Search<S> {
  steps = 0;
  readonly #model: Model<S>;
  readonly #head: Event;
  readonly #stepsMax: number;
  /** Returns that are still in the list. */
  #returnsLeft = 0;
  /** A bit for each operation that has its place. */
  readonly #placed: Uint16Array;
  readonly #seen = new Set<string>();
  readonly #choices: Choice<S>[] = [];
  /** The longest order that was found, and the operation that had no place behind it. */
  #best: readonly Operation[] = [];
  #blocked: Operation | undefined;

  constructor(model: Model<S>, operations: readonly Operation[], stepsMax: number) {
    this.#model = model;
    this.#stepsMax = stepsMax;
    this.#placed = new Uint16Array((operations.length + 15) >> 4);
    this.#head = this.#list(operations);
  }

  /** The head of a list of all calls and returns; it is none of them itself. */
  #list(operations: readonly Operation[]): Event {
    const events: { at: number; event: Event }[] = [];
    for (const [index, operation] of operations.entries()) {
      const call: Event = {
        operation,
        index,
        ending: undefined,
        previous: undefined,
        next: undefined,
      };
      events.push({ at: operation.calledAt, event: call });
      if (operation.returnedAt === Number.POSITIVE_INFINITY) continue;
      const ending: Event = { ...call };
      ending.ending = ending;
      call.ending = ending;
      events.push({ at: operation.returnedAt, event: ending });
      this.#returnsLeft++;
    }
    // At the same tick a call counts as the earlier one: then the two overlap, which forbids less.
    const isReturn = (event: Event): number => (event.ending === event ? 1 : 0);
    events.sort((a, b) => a.at - b.at || isReturn(a.event) - isReturn(b.event));
    const head = { index: -1, ending: undefined, previous: undefined } as unknown as Event;
    let last = head;
    for (const { event } of events) {
      last.next = event;
      event.previous = last;
      last = event;
    }
    return head;
  }

  run(): Verdict["outcome"] {
    let state = this.#model.initial;
    let event = this.#head.next;
    while (this.#returnsLeft > 0) {
      if (event !== undefined && event.ending !== event) {
        if (++this.steps > this.#stepsMax) return "undecided";
        const after = this.#model.step(state, event.operation);
        if (after !== undefined && this.#place(event, after)) {
          this.#choices.push({ call: event, state });
          state = after;
          lift(event);
          event = this.#head.next;
        } else {
          event = event.next;
        }
        continue;
      }
      this.#remember(event);
      const choice = this.#choices.pop();
      if (choice === undefined) return "violation";
      state = choice.state;
      this.#take(choice.call);
      putBack(choice.call);
      event = choice.call.next;
    }
    return "linearizable";
  }

  /** Gives an operation the next place, unless what comes after it has been looked at before. */
  #place(call: Event, after: S): boolean {
    const { index } = call;
    this.#placed[index >> 4] = (this.#placed[index >> 4] ?? 0) | (1 << (index & 15));
    const here = `${String.fromCharCode(...this.#placed)}${this.#model.fingerprint(after)}`;
    if (this.#seen.has(here)) {
      this.#placed[index >> 4] = (this.#placed[index >> 4] ?? 0) & ~(1 << (index & 15));
      return false;
    }
    this.#seen.add(here);
    if (call.ending !== undefined) this.#returnsLeft--;
    return true;
  }

  #take(call: Event): void {
    const { index } = call;
    this.#placed[index >> 4] = (this.#placed[index >> 4] ?? 0) & ~(1 << (index & 15));
    if (call.ending !== undefined) this.#returnsLeft++;
  }

  #remember(blocked: Event | undefined): void {
    if (this.#blocked !== undefined && this.#choices.length <= this.#best.length) return;
    this.#best = this.#choices.map(({ call }) => call.operation);
    this.#blocked = blocked?.operation;
  }

  /** The end of the longest order that was found, and what has no place behind it. */
  explain(): string {
    const shown = this.#best.slice(-12).map((each) => `  ${describe(each)}`);
    const left = this.#best.length - shown.length;
    const blocked = this.#blocked;
    const beside = [...this.#overlapping(blocked)].map((each) => `  ${describe(each)}`);
    return [
      `the longest order, ${this.#best.length} operations${left > 0 ? `, the last of them` : ""}:`,
      ...shown,
      "no place behind these is left for",
      `  ${blocked === undefined ? "anything" : describe(blocked)}`,
      ...(beside.length > 0 ? ["nor behind any of what was under way beside it:", ...beside] : []),
    ].join("\n");
  }

  *#overlapping(blocked: Operation | undefined): Iterable<Operation> {
    if (blocked === undefined) return;
    const placed = new Set(this.#best);
    for (let event = this.#head.next; event !== undefined; event = event.next) {
      const { operation, ending } = event;
      if (ending === event || operation === blocked || placed.has(operation)) continue;
      if (operation.calledAt < blocked.returnedAt) yield operation;
    }
  }
}

function lift(call: Event): void {
  unlink(call);
  if (call.ending !== undefined) unlink(call.ending);
}

function putBack(call: Event): void {
  if (call.ending !== undefined) relink(call.ending);
  relink(call);
}

function unlink(event: Event): void {
  if (event.previous !== undefined) event.previous.next = event.next;
  if (event.next !== undefined) event.next.previous = event.previous;
}

function relink(event: Event): void {
  if (event.previous !== undefined) event.previous.next = event;
  if (event.next !== undefined) event.next.previous = event;
}

function describe(operation: Operation): string {
  const { thread, commands, replies, calledAt, returnedAt, takenBack } = operation;
  const parts = commands.map((command, index) => {
    const reply = replies[index];
    return `${command.join(" ")} → ${reply === undefined ? "?" : JSON.stringify(reply)}`;
  });
  const text = commands.length === 1 ? parts.join() : `{ ${parts.join("; ")} }`;
  return `thread ${thread}, ${calledAt} to ${returnedAt}: ${text}${takenBack ? ", rolled back" : ""}`;
}
