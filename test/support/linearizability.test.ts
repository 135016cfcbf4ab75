// The checker itself: histories that are known to be linearizable or not, and bugs that are planted
// into good ones. A checker that finds nothing would make every test that uses it worthless.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Random } from "../../src/base/random.ts";
import { type Command, checkHistory, type Operation } from "./linearizability.ts";
import { execute, type State, sequentialModel } from "./sequential.ts";

const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 30);
const FOREVER = Number.POSITIVE_INFINITY;

/** One line of a history: when, who, what, and the reply. */
function operation(
  calledAt: number,
  returnedAt: number,
  words: string,
  reply: unknown,
  thread = 0,
): Operation {
  const command = words.split(" ") as unknown as Command;
  return { thread, commands: [command], replies: [reply], calledAt, returnedAt };
}

function outcomeOf(history: readonly Operation[]): string {
  return checkHistory(sequentialModel, history).outcome;
}

describe("the checker of histories", () => {
  test("a read beside a write may see what was before or what comes after", () => {
    for (const seen of ["old", "new"]) {
      const history = [
        operation(0, 1, "set k old", "OK"),
        operation(2, 5, "set k new", "OK"),
        operation(3, 4, "get k", seen, 1),
      ];
      assert.equal(outcomeOf(history), "linearizable", seen);
    }
  });

  test("a stale read, behind a write that has returned, is none", () => {
    const history = [
      operation(0, 1, "set k old", "OK"),
      operation(2, 3, "set k new", "OK"),
      operation(4, 5, "get k", "old", 1),
    ];
    const { outcome, explanation } = checkHistory(sequentialModel, history);
    assert.equal(outcome, "violation");
    assert.match(explanation, /get k → "old"/);
  });

  test("two readers may not see two writes in two orders", () => {
    const writes = [operation(0, 10, "set k a", "OK"), operation(0, 10, "set k b", "OK", 1)];
    const reads = (first: string, second: string, thread: number) => [
      operation(1 + thread, 2 + thread, "get k", first, thread),
      operation(5 + thread, 6 + thread, "get k", second, thread),
    ];
    const agreed = [...writes, ...reads("a", "b", 2), ...reads("a", "b", 3)];
    assert.equal(outcomeOf(agreed), "linearizable");
    assert.equal(outcomeOf([...writes, ...reads("a", "b", 2), ...reads("b", "a", 3)]), "violation");
  });

  test("a lost update: two increments that reply the same", () => {
    const first = operation(0, 3, "incr n", 1);
    assert.equal(outcomeOf([first, operation(1, 2, "incr n", 2, 1)]), "linearizable");
    assert.equal(outcomeOf([first, operation(1, 2, "incr n", 1, 1)]), "violation");
  });

  test("a queue gives each element once, and in order", () => {
    const pushes = [operation(0, 1, "rpush q a", 1), operation(2, 3, "rpush q b", 2)];
    const pops = (...elements: unknown[]) =>
      elements.map((element, i) => operation(4 + i * 2, 5 + i * 2, "lpop q", element, 1));
    assert.equal(outcomeOf([...pushes, ...pops("a", "b", null)]), "linearizable");
    assert.equal(outcomeOf([...pushes, ...pops("b", "a")]), "violation");
    assert.equal(outcomeOf([...pushes, ...pops("a", "a")]), "violation");
    assert.equal(outcomeOf([...pushes, ...pops(null)]), "violation");
  });

  // Herlihy and Wing's example: x is pushed before y is, and y may still come out first if the
  // pushes overlap.
  test("pushes that overlap may stand in either order", () => {
    const pop = [operation(4, 5, "lpop q", "y", 1), operation(6, 7, "lpop q", "x", 1)];
    assert.equal(
      outcomeOf([operation(0, 3, "rpush q x", 2), operation(1, 2, "rpush q y", 1), ...pop]),
      "linearizable",
    );
    assert.equal(
      outcomeOf([operation(0, 1, "rpush q x", 1), operation(2, 3, "rpush q y", 2), ...pop]),
      "violation",
    );
  });

  test("SPOP takes what it says, which nobody else gets", () => {
    const filled = operation(0, 1, "sadd s a b", 2);
    const taken = (element: unknown) => operation(2, 5, "spop s", element);
    const other = (element: unknown) => operation(3, 4, "spop s", element, 1);
    assert.equal(outcomeOf([filled, taken("b"), other("a")]), "linearizable");
    assert.equal(outcomeOf([filled, taken("b"), other("b")]), "violation");
    assert.equal(outcomeOf([filled, taken("c"), other("a")]), "violation");
    assert.equal(outcomeOf([filled, taken(null)]), "violation");
  });

  test("a torn read: two keys that are always set together", () => {
    const pair = (at: number, value: string) =>
      operation(at, at + 10, `mset a ${value} b ${value}`, "OK");
    const read = (values: string[]) => operation(15, 16, "mget a b", values, 1);
    assert.equal(outcomeOf([pair(0, "1"), pair(12, "2"), read(["2", "2"])]), "linearizable");
    assert.equal(outcomeOf([pair(0, "1"), pair(12, "2"), read(["2", "1"])]), "violation");
  });

  test("keys that one operation joins are one part, others are not", () => {
    const history = [
      operation(0, 1, "set a 1", "OK"),
      operation(2, 3, "rename a b", "OK", 1),
      operation(4, 5, "get b", "1"),
      operation(4, 5, "get a", "1", 1),
    ];
    assert.equal(outcomeOf(history), "violation");
    assert.equal(outcomeOf(history.slice(0, 3)), "linearizable");
    assert.equal(
      outcomeOf([
        operation(0, 1, "sadd s x", 1),
        operation(2, 3, "smove s t x", 1),
        operation(4, 5, "sismember s x", 1),
      ]),
      "violation",
    );
    assert.equal(
      outcomeOf([
        operation(0, 1, "rpush l x y", 2),
        operation(2, 3, "lmove l m RIGHT LEFT", "y"),
        operation(4, 5, "lrange m 0 -1", ["y"]),
        operation(4, 5, "hgetall m", { error: "WRONGTYPE" }),
      ]),
      "linearizable",
    );
  });

  test("a transaction is one operation, and one that was rolled back changes nothing", () => {
    const bank = operation(0, 1, "mset a 50 b 50", "OK");
    const transfer = {
      thread: 1,
      commands: [
        ["incrby", "a", -10],
        ["incrby", "b", 10],
      ] as Command[],
      replies: [40, 60],
      calledAt: 2,
      returnedAt: 9,
    };
    const seen = (a: string, b: string) => operation(3, 4, "mget a b", [a, b], 2);
    const after = (a: string, b: string) => operation(10, 11, "mget a b", [a, b], 2);
    assert.equal(outcomeOf([bank, transfer, seen("50", "50")]), "linearizable");
    assert.equal(outcomeOf([bank, transfer, seen("40", "60")]), "linearizable");
    assert.equal(outcomeOf([bank, transfer, seen("40", "50")]), "violation");
    const back = { ...transfer, takenBack: true };
    assert.equal(outcomeOf([bank, back, after("50", "50")]), "linearizable");
    assert.equal(outcomeOf([bank, back, after("40", "60")]), "violation");
  });

  test("what never returned may have happened at any time since, or not at all", () => {
    const set = operation(0, 1, "set k old", "OK");
    const lost = operation(2, FOREVER, "set k new", undefined, 1);
    const read = (at: number, seen: string) => operation(at, at + 1, "get k", seen);
    for (const seen of [
      ["old", "old"],
      ["old", "new"],
      ["new", "new"],
    ]) {
      const [first = "", second = ""] = seen;
      assert.equal(outcomeOf([set, lost, read(3, first), read(5, second)]), "linearizable");
    }
    assert.equal(outcomeOf([set, lost, read(3, "new"), read(5, "old")]), "violation");
    assert.equal(outcomeOf([set, read(3, "new")]), "violation");
  });

  test("a search that is longer than it may be says so", () => {
    const crowd = Array.from({ length: 40 }, (_, i) =>
      operation(i, 1000 + i, `set k ${i}`, "OK", i),
    );
    const impossible = [...crowd, operation(2000, 2001, "get k", "none")];
    assert.equal(checkHistory(sequentialModel, impossible, 1000).outcome, "undecided");
  });
});

/** Commands on few keys, most of which several threads use at a time. */
function randomCommand(random: Random): Command {
  const pick = <T>(of: readonly T[]): T => of[random.below(of.length)] as T;
  const key = (type: string): string => `${type}${random.below(2)}`;
  const value = (): string => String(random.below(1000));
  switch (pick(["string", "number", "list", "hash", "set", "several"])) {
    case "string":
      return pick<Command>([
        ["set", key("s"), value()],
        ["get", key("s")],
        ["append", key("s"), value()],
        ["setnx", key("s"), value()],
        ["getdel", key("s")],
      ]);
    case "number":
      return pick<Command>([
        ["incr", "n"],
        ["del", "n"],
        ["get", "n"],
      ]);
    case "list":
      return pick<Command>([
        ["lpush", key("l"), value()],
        ["rpush", key("l"), value(), value()],
        ["lpop", key("l")],
        ["rpop", key("l")],
        ["lrange", key("l"), 0, -1],
        ["llen", key("l")],
      ]);
    case "hash":
      return pick<Command>([
        ["hset", key("h"), value(), value()],
        ["hincrby", key("h"), "count", 1],
        ["hdel", key("h"), "count"],
        ["hgetall", key("h")],
      ]);
    case "set":
      return pick<Command>([
        ["sadd", key("t"), value()],
        ["scard", key("t")],
        ["smembers", key("t")],
      ]);
    default:
      return pick<Command>([
        ["mset", "m0", value(), "m1", value()],
        ["mget", "m0", "m1"],
        ["rename", "m0", "m1"],
      ]);
  }
}

/** As a correct database would do it: each takes effect at a moment between call and return. */
function correctHistory(random: Random, count: number, threads: number): Operation[] {
  const freeAt = new Array<number>(threads).fill(0);
  const plan = Array.from({ length: count }, (_, index) => {
    const thread = index % threads;
    const calledAt = (freeAt[thread] as number) + 1 + random.below(5);
    const effectAt = calledAt + random.below(20) + random.unit();
    const returnedAt = Math.ceil(effectAt) + random.below(20);
    freeAt[thread] = returnedAt;
    return { thread, command: randomCommand(random), calledAt, effectAt, returnedAt };
  });
  let state: State = sequentialModel.initial;
  return plan
    .sort((a, b) => a.effectAt - b.effectAt)
    .map(({ thread, command, calledAt, returnedAt }) => {
      const outcome = execute(state, command);
      state = outcome.state;
      const { reply } = outcome;
      return { thread, commands: [command], replies: [reply], calledAt, returnedAt };
    });
}

describe("planted bugs", () => {
  const random = new Random().seed(SEED);
  const HISTORIES = 100;

  test("correct histories of 200 operations by four threads pass", (t) => {
    t.diagnostic(`TSKEYDB_SEED=${SEED}`);
    let steps = 0;
    for (let run = 0; run < HISTORIES; run++) {
      const history = correctHistory(random, 200, 4);
      const verdict = checkHistory(sequentialModel, history);
      assert.equal(verdict.outcome, "linearizable", `seed ${SEED}\n${verdict.explanation}`);
      steps += verdict.steps;
    }
    t.diagnostic(`${steps / HISTORIES} steps for a history`);
  });

  // A bug may leave a history linearizable: what was changed may be what nobody has looked at.
  // What is asked for is that it is found in most, where every operation is looked at afterwards.
  const plant: Readonly<Record<string, (history: Operation[]) => Operation[] | undefined>> = {
    "a reply of another moment"(history) {
      const reads = history.filter(({ commands: [[name]] }) => name === "incr");
      const [one, ...others] = reads;
      const other = others.find(({ replies }) => replies[0] !== one?.replies[0]);
      if (one === undefined || other === undefined) return undefined;
      return history.map((each) => (each === one ? { ...each, replies: other.replies } : each));
    },
    "an element that comes out twice"(history) {
      const isPop = ({ commands: [[name]], replies: [reply] }: Operation): boolean =>
        name === "lpop" && typeof reply === "string";
      const pop = history.find(isPop);
      const empty = history.find(
        ({ commands: [[name, key]], replies: [reply] }) =>
          name === "lpop" && reply === null && key === pop?.commands[0]?.[1],
      );
      if (pop === undefined || empty === undefined) return undefined;
      return history.map((each) => (each === empty ? { ...each, replies: pop.replies } : each));
    },
    "a write that is dropped"(history) {
      const last = history.findLast(({ commands: [[name]] }) => name === "incr");
      const next = history.find(
        ({ commands: [[name]], calledAt }) =>
          (name === "get" || name === "incr") && calledAt > (last?.returnedAt ?? FOREVER),
      );
      if (last === undefined || next !== undefined) return undefined;
      const at = Math.max(...history.map(({ returnedAt }) => returnedAt)) + 1;
      const before = String(Number(last.replies[0]) - 1);
      return [...history, operation(at, at + 1, "get n", before)];
    },
  };

  for (const [name, change] of Object.entries(plant)) {
    test(`${name} is found`, () => {
      let planted = 0;
      let found = 0;
      for (let run = 0; run < HISTORIES; run++) {
        const history = change(correctHistory(random, 200, 4));
        if (history === undefined) continue;
        planted++;
        if (outcomeOf(history) === "violation") found++;
      }
      assert.ok(planted >= 5, `planted ${planted} times`);
      assert.ok(found >= planted * 0.5, `found in ${found} of ${planted}, seed ${SEED}`);
    });
  }
});
