// Sliding and copying numbers within segments: a loop while they are few, since a call of the
// runtime's own takes as long as some sixteen steps of one.

const SLIDE_LOOP_MAX = 16;

export function slideFloats(floats: Float64Array, from: number, to: number, count: number): void {
  if (count > SLIDE_LOOP_MAX) floats.copyWithin(to, from, from + count);
  else if (to < from) for (let i = 0; i < count; i++) floats[to + i] = floats[from + i];
  else for (let i = count - 1; i >= 0; i--) floats[to + i] = floats[from + i];
}

export function slideWords(words: Int32Array, from: number, to: number, count: number): void {
  if (count > SLIDE_LOOP_MAX) words.copyWithin(to, from, from + count);
  else if (to < from) for (let i = 0; i < count; i++) words[to + i] = words[from + i];
  else for (let i = count - 1; i >= 0; i--) words[to + i] = words[from + i];
}

export function copyWords(
  source: Int32Array,
  from: number,
  target: Int32Array,
  to: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) target[to + i] = source[from + i];
}
