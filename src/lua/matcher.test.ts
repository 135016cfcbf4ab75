import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import { Matcher, OUTCOME } from "./matcher.ts";
import { compilePattern } from "./pattern-program.ts";

/** [start, end, captures …] as find has them, "nil", or the error. */
function find(subject: string, pattern: string, from = 0, stepsAtOnce = 1e6): unknown {
  const isAnchored = pattern[0] === "^";
  const matcher = new Matcher();
  matcher.begin(compilePattern(pattern, isAnchored), subject, from, isAnchored);
  for (;;) {
    const outcome = matcher.run(stepsAtOnce);
    if (outcome === OUTCOME.PAUSED) continue;
    if (outcome === OUTCOME.NOT_FOUND) return "nil";
    if (outcome === OUTCOME.ERROR) return matcher.message;
    const values: unknown[] = [matcher.start + 1, matcher.end];
    for (let i = 0; i < matcher.captures; i++) {
      const value = matcher.capture(i);
      if (value === undefined) return matcher.message;
      values.push(value);
    }
    return values;
  }
}

test("classes, sets and repetitions match as Lua's manual says", () => {
  const cases: [string, string, unknown][] = [
    ["hello world", "o w", [5, 7]],
    ["hello", "l+", [3, 4]],
    ["hello", "l-o", [3, 5]],
    ["hello", "xl?", "nil"],
    ["hello", "", [1, 0]],
    ["key = value", "(%w+)%s*=%s*(%w+)", [1, 11, "key", "value"]],
    ["  trim  ", "^%s*(.-)%s*$", [1, 8, "trim"]],
    ["a.b", "%.", [2, 2]],
    ["a]b", "[]]", [2, 2]],
    ["a-b", "[a-]+", [1, 2]],
    ["a^b", "[b^]+", [2, 3]],
    ["abc", "[^a-b]", [3, 3]],
    ["x%y", "[%%]", [2, 2]],
    ["AbC", "%u%l%u", [1, 3]],
    ["a\0b", "%z", [2, 2]],
    ["a\0b", "a\0c", [1, 1]],
    ["\xe9\xff", "%a", "nil"],
    ["\xe9\xff", "[\xe0-\xef]", [1, 1]],
    ["f(a(b)c)d", "%b()", [2, 8]],
    ["THE (quick) fox", "%f[%a]%a+%f[%A]", [1, 3]],
    ["x", "%f[%z]", [2, 1]],
    ["aa bb", "(%a)%1", [1, 2, "a"]],
    ["abab", "()(ab)()", [1, 2, 1, "ab", 3]],
    ["a$", "a$b", "nil"],
    ["a$b", "a$b", [1, 3]],
    ["^x", "x^", "nil"],
    ["a*", "a%*", [1, 2]],
    ["aXb", "a.b", [1, 3]],
  ];
  for (const [subject, pattern, expected] of cases) {
    assert.deepEqual(find(subject, pattern), expected, `${subject} ${pattern}`);
  }
});

test("an error is one only where the match comes to it", () => {
  const cases: [string, string, unknown][] = [
    ["a", "%", "malformed pattern (ends with '%')"],
    ["a", "[a", "malformed pattern (missing ']')"],
    ["a", "[a%", "malformed pattern (missing ']')"],
    ["a", "[]", "malformed pattern (missing ']')"],
    ["a", "%b", "unbalanced pattern"],
    ["a", "%f", "missing '[' after '%f' in pattern"],
    ["a", "%1", "invalid capture index"],
    ["a", "(%1)", "invalid capture index"],
    ["a", "%0", "invalid capture index"],
    ["a", ")", "invalid pattern capture"],
    ["a", "(a", "unfinished capture"],
    ["a", "()".repeat(33), "too many captures"],
    ["a", "b[", "nil"],
    ["a", "b%", "nil"],
    ["ab", "a%", "malformed pattern (ends with '%')"],
    ["aa", "()a%1", "nil"],
  ];
  for (const [subject, pattern, expected] of cases) {
    assert.deepEqual(find(subject, pattern), expected, pattern);
  }
});

test("a search that is left at every step finds what it finds at once", () => {
  const random = new Random().seed(7);
  const pieces = ["a", "b", "%a", ".", "[ab]", "[^a]", "(", ")", "()", "%1", "%bab", "%f[b]", "$"];
  const repetitions = ["", "", "*", "+", "-", "?"];
  for (let n = 0; n < 20_000; n++) {
    let pattern = random.below(4) === 0 ? "^" : "";
    for (let i = random.below(6); i >= 0; i--) {
      pattern += pieces[random.below(pieces.length)] + repetitions[random.below(6)];
    }
    let subject = "";
    for (let i = random.below(12); i > 0; i--) subject += "aabc"[random.below(4)];
    const from = random.below(subject.length + 1);
    const expected = find(subject, pattern, from);
    assert.deepEqual(find(subject, pattern, from, 1), expected, `${subject} ${pattern} ${from}`);
  }
});

test("follow sets change nothing but the time that it takes", () => {
  // Beyond so many instructions there are none: the same pattern behind things that match nothing.
  const nothing = "x?".repeat(100);
  const random = new Random().seed(8);
  const pieces = ["a", "b", "%a", "[ab]", "[^a]", "(a*)", "(.-)", "()", "%bab"];
  const repetitions = ["", "*", "+", "-", "?"];
  for (let n = 0; n < 5000; n++) {
    let pattern = "";
    for (let i = random.below(5); i >= 0; i--) {
      pattern += pieces[random.below(pieces.length)] + repetitions[random.below(5)];
    }
    if (random.below(3) === 0) pattern += "$";
    let subject = "";
    for (let i = random.below(12); i > 0; i--) subject += "aabc"[random.below(4)];
    assert.deepEqual(find(subject, nothing + pattern), find(subject, pattern), pattern);
  }
});

test("what would take hours can be left, and a pattern may be long", () => {
  const matcher = new Matcher();
  matcher.begin(compilePattern(`${".-".repeat(30)}b`, false), "a".repeat(5000), 0, false);
  for (let i = 0; i < 100; i++) assert.equal(matcher.run(1000), OUTCOME.PAUSED);
  assert.deepEqual(find("a".repeat(50_000), "a?".repeat(50_000)), [1, 50_000]);
  assert.equal(find("b", `^${"%a*".repeat(2 ** 16 + 1)}`), "pattern too complex");
});
