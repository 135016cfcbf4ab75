// Glob patterns as KEYS, SCAN MATCH and PSUBSCRIBE use them, to the byte as Redis matches them.
//
//   *        any bytes, also none         [abc]    one of these        \x   x itself
//   ?        any one byte                 [a-z]    one of a range, either way round
//   other    itself                       [^a-z]   one byte that is none of these
//
// Redis's corner cases are kept, because patterns in the field rest on them:
//   - A class that is not closed ends where the pattern ends, and works as if closed there.
//   - In a class, `\x` is x, and `]` ends it even as its first byte, so `[]` never matches.
//   - `a-b` is a range only where three bytes are left of the pattern; its end may be `]`. Ranges
//     compare bytes as signed (C's char on x86), so 0x80 … 0xFF lie below the ASCII ones.
//   - A backslash that ends the pattern stands for itself.
//   - The empty text matches only the empty pattern, not even `*`.
//
// Every element but `*` takes exactly one byte, so when something fails it is enough to let the
// most recent `*` take one byte more; earlier ones need no second look. That bounds the work to
// length of the pattern × length of the text, where plain recursion is exponential.

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const DASH = 0x2d;

/** Whether text[start … end) matches pattern[patternStart … patternEnd). Allocates nothing. */
export function globMatches(
  pattern: Uint8Array,
  patternStart: number,
  patternEnd: number,
  text: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (start === end) return patternStart === patternEnd;
  let p = patternStart;
  let t = start;
  let afterStar = -1; // where the pattern goes on after the most recent star
  let retryAt = 0; // where in the text that star would end next
  while (t < end) {
    if (p < patternEnd && pattern[p] === STAR) {
      while (p < patternEnd && pattern[p] === STAR) p++;
      if (p === patternEnd) return true;
      afterStar = p;
      retryAt = t + 1;
      continue;
    }
    const next = p < patternEnd ? matchOne(pattern, p, patternEnd, text[t]) : -1;
    if (next >= 0) {
      p = next;
      t++;
    } else {
      if (afterStar < 0) return false;
      p = afterStar;
      t = retryAt++;
    }
  }
  while (p < patternEnd && pattern[p] === STAR) p++;
  return p === patternEnd;
}

// Where the pattern goes on after its element at `p` took `byte`, or −1 when it does not take it.
function matchOne(pattern: Uint8Array, p: number, patternEnd: number, byte: number): number {
  const code = pattern[p];
  if (code === QUESTION) return p + 1;
  if (code === OPEN) return matchClass(pattern, p + 1, patternEnd, byte);
  if (code === BACKSLASH && p + 1 < patternEnd) return pattern[p + 1] === byte ? p + 2 : -1;
  return code === byte ? p + 1 : -1;
}

function matchClass(pattern: Uint8Array, start: number, patternEnd: number, byte: number): number {
  let p = start;
  const negated = p < patternEnd && pattern[p] === CARET;
  if (negated) p++;
  let found = false;
  while (p < patternEnd) {
    const code = pattern[p];
    if (code === BACKSLASH && p + 1 < patternEnd) {
      if (pattern[p + 1] === byte) found = true;
      p += 2;
    } else if (code === CLOSE) {
      p++;
      break;
    } else if (p + 2 < patternEnd && pattern[p + 1] === DASH) {
      if (isBetween(byte, code, pattern[p + 2])) found = true;
      p += 3;
    } else {
      if (code === byte) found = true;
      p++;
    }
  }
  return found !== negated ? p : -1;
}

function isBetween(byte: number, from: number, to: number): boolean {
  const signed = (byte << 24) >> 24;
  const a = (from << 24) >> 24;
  const b = (to << 24) >> 24;
  return a <= b ? signed >= a && signed <= b : signed >= b && signed <= a;
}

/** Whether the pattern is `*` alone, which KEYS and SCAN treat as no pattern (so "" matches it). */
export function globMatchesAll(pattern: Uint8Array, start: number, end: number): boolean {
  return end - start === 1 && pattern[start] === STAR;
}
