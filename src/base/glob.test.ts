import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes } from "./bytes.ts";
import { globMatches, globMatchesAll } from "./glob.ts";
import { Random } from "./random.ts";

// Both ranges stand inside bytes that would change the answer if they were read.
function matches(pattern: string, text: string): boolean {
  const p = asciiBytes(`*${pattern}]*-z`);
  const t = asciiBytes(`a${text}]*a`);
  return globMatches(p, 1, 1 + pattern.length, t, 1, 1 + text.length);
}

// The definition, without any thought of time: "*" takes nothing or a byte more.
function slow(pattern: string, text: string): boolean {
  if (text === "") return /^\**$/.test(pattern);
  if (pattern === "") return false;
  if (pattern[0] === "*") return slow(pattern.slice(1), text) || slow(pattern, text.slice(1));
  const rest = takesOne(pattern, text);
  return rest !== undefined && slow(rest, text.slice(1));
}

function takesOne(pattern: string, text: string): string | undefined {
  const signed = (s: string) => (s.charCodeAt(0) << 24) >> 24;
  if (pattern[0] === "\\" && pattern.length > 1) {
    return pattern[1] === text[0] ? pattern.slice(2) : undefined;
  }
  if (pattern[0] === "?") return pattern.slice(1);
  if (pattern[0] !== "[") return pattern[0] === text[0] ? pattern.slice(1) : undefined;
  const [, caret, items, , rest] =
    /^\[(\^?)((?:\\[\s\S]|[^\]\\]-[\s\S]|[^\]\\]|\\$)*)(\]?)([\s\S]*)$/.exec(pattern) ?? [];
  let found = false;
  for (const item of items.match(/\\[\s\S]|[^\\]-[\s\S]|[\s\S]/g) ?? []) {
    if (item.length === 3) {
      const [low, high] = [signed(item[0]), signed(item[2])].sort((a, b) => a - b);
      found ||= signed(text[0]) >= low && signed(text[0]) <= high;
    } else found ||= item.at(-1) === text[0];
  }
  return found !== (caret === "^") ? rest : undefined;
}

test("stars, question marks and classes match as in Redis", () => {
  const cases: [string, string, boolean][] = [
    ["*", "anything", true],
    ["**", "x", true],
    ["h?llo", "hello", true],
    ["h?llo", "hllo", false],
    ["h*llo", "heeeello", true],
    ["h[ae]llo", "hallo", true],
    ["h[ae]llo", "hillo", false],
    ["h[^e]llo", "hbllo", true],
    ["h[^e]llo", "hello", false],
    ["h[a-b]llo", "hbllo", true],
    ["h[b-a]llo", "hallo", true],
    ["hello\\*", "hello*", true],
    ["hello\\*", "hellox", false],
    ["a*b*c", "aXbXbXc", true],
    ["a*b*c", "aXbXbX", false],
    ["abc*", "abc", true],
    ["abc**", "abc", true],
    ["HELLO", "hello", false],
    ["a\\", "a\\", true],
    ["[", "[", false],
    ["[^", "x", true],
    ["[abc", "b", true],
    ["[a-", "-", true],
    ["[a-]x", "]", true],
    ["[]a", "a", false],
    ["[\\]]", "]", true],
    ["[\\", "\\", true],
    ["[a-\xff]", "\x80", false],
    ["[a-\xff]", "\x01", true],
    ["", "", true],
    ["*", "", false],
    ["", "a", false],
  ];
  for (const [pattern, text, expected] of cases) {
    assert.equal(matches(pattern, text), expected, `${pattern} ~ ${text}`);
  }
});

test("random patterns agree with the definition", () => {
  const seed = Number(process.env.SEED ?? 20260);
  const random = new Random().seed(seed);
  const pick = (letters: string, max: number): string => {
    let text = "";
    for (let n = random.below(max); n > 0; n--) text += letters[random.below(letters.length)];
    return text;
  };
  for (let i = 0; i < 100_000; i++) {
    const pattern = pick("ab*?[]^-\\\xff", 9);
    const text = pick("ab]-\\\xff", 7);
    if (text === "") continue;
    const note = `seed ${seed}: ${JSON.stringify([pattern, text])}`;
    assert.equal(matches(pattern, text), slow(pattern, text), note);
  }
});

test("many stars cost no more than pattern times text", () => {
  assert.equal(matches("a*".repeat(2000), "a".repeat(1000)), false);
  assert.equal(matches(`${"*a".repeat(200)}b`, "a".repeat(20_000)), false);
  assert.equal(matches(`${"a*".repeat(50)}b`, `${"a".repeat(20_000)}b`), true);
});

test("a lone star is told from other patterns", () => {
  assert.equal(globMatchesAll(asciiBytes("x*y"), 1, 2), true);
  assert.equal(globMatchesAll(asciiBytes("**"), 0, 2), false);
});
