// The access clock: the 24 bits that each entry keeps about its use. Under the LRU policies (and
// when nothing is evicted) they hold the second of the last access, which OBJECT IDLETIME reads;
// under an LFU policy, as in Redis, 16 bits of minutes and an 8-bit logarithmic counter, which
// OBJECT FREQ reads.
// Source of the LFU rules: Redis 7.2, evict.c (LFULogIncr, LFUDecrAndReturn).

const LFU_START = 5;

/** Seconds, in 24 bits. */
export function lruClock(nowMs: number): number {
  return Math.floor(nowMs / 1000) & 0xffffff;
}

/** Seconds since the access that `clock` remembers; the clock wraps after 194 days. */
export function idleSeconds(clock: number, nowMs: number): number {
  return (lruClock(nowMs) - clock) & 0xffffff;
}

/** Half of what the clock counts, in seconds. */
const IDLE_MAX = 0x7fffff;

/** The clock of an entry that was used so long ago, or so often, as somebody says; −1: nothing. */
export function restoredClock(
  nowMs: number,
  lfu: boolean,
  idle: number,
  frequency: number,
): number {
  if (lfu) return frequency < 0 ? lfuStart(nowMs) : (minutes(nowMs) << 8) | frequency;
  return idle < 0 ? lruClock(nowMs) : (lruClock(nowMs) - Math.min(idle, IDLE_MAX)) & 0xffffff;
}

function minutes(nowMs: number): number {
  return Math.floor(nowMs / 60000) & 0xffff;
}

/** The clock of a new entry under an LFU policy. */
export function lfuStart(nowMs: number): number {
  return (minutes(nowMs) << 8) | LFU_START;
}

/** The counter of `clock`, less what it lost since by one each `decayMinutes`. */
export function lfuCounter(clock: number, nowMs: number, decayMinutes: number): number {
  const counter = clock & 0xff;
  if (decayMinutes === 0) return counter;
  const idle = (minutes(nowMs) - (clock >>> 8)) & 0xffff;
  return Math.max(0, counter - Math.floor(idle / decayMinutes));
}

/** The clock after one more access; `chance` is a number in [0, 1). */
export function lfuTouched(
  clock: number,
  nowMs: number,
  decayMinutes: number,
  logFactor: number,
  chance: number,
): number {
  let counter = lfuCounter(clock, nowMs, decayMinutes);
  if (counter < 255) {
    const above = Math.max(0, counter - LFU_START);
    if (chance < 1 / (above * logFactor + 1)) counter++;
  }
  return (minutes(nowMs) << 8) | counter;
}
