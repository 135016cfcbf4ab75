// Settings that commands read while they run, and that are not one data type's. They lie in words
// of the memory's root area, behind the keyspace's roots, so that every thread that works on the
// memory sees a change; reading one costs as much as reading an array. What a type keeps is in
// words of its own (Keyspace.settingsOf). See docs/formats/memory.md.

import { assert } from "../base/assert.ts";
import { RootWord } from "../memory/root-words.ts";

/** The policies of maxmemory-policy. Their places here are their numbers in memory. */
export const evictionPolicies = [
  "volatile-lru",
  "volatile-lfu",
  "volatile-random",
  "volatile-ttl",
  "allkeys-lru",
  "allkeys-lfu",
  "allkeys-random",
  "noeviction",
] as const;

export type EvictionPolicy = (typeof evictionPolicies)[number];

/** Words of the root area, from where its user's part begins. */
export const SettingWord = {
  lfu: RootWord.settings,
  lfuLogFactor: RootWord.settings + 1,
  lfuDecayMinutes: RootWord.settings + 2,
  evictionSamples: RootWord.settings + 3,
  evictionPolicy: RootWord.settings + 4,
  notifications: RootWord.settings + 5,
  expiryStopped: RootWord.settings + 6,
  evicting: RootWord.settings + 7,
  callsUntracked: RootWord.settings + 12,
  saveFailed: RootWord.settings + 13,
} as const;
/** The word at which two 64-bit floats begin: the memory limit, and the ceiling above it. */
const MEMORY_LIMIT_WORD = RootWord.settings + 8;
/** That of a 64-bit float: what counts as memory in use, and is not in the segments. */
const MEMORY_BESIDE_WORD = RootWord.settings + 14;

export class Settings {
  readonly #words: Int32Array;
  readonly #memoryLimit: Float64Array;
  readonly #memoryBeside: Float64Array;

  /** @param words the root area's part of the memory's user */
  constructor(words: Int32Array) {
    const at = words.byteOffset + MEMORY_LIMIT_WORD * 4;
    assert(at % 8 === 0, "a float of the root area lies at a multiple of its size");
    this.#words = words;
    this.#memoryLimit = new Float64Array(words.buffer, at, 2);
    const besideAt = words.byteOffset + MEMORY_BESIDE_WORD * 4;
    this.#memoryBeside = new Float64Array(words.buffer, besideAt, 1);
  }

  /** What holds until somebody says otherwise. */
  setUp(): void {
    this.lfuLogFactor = 10;
    this.lfuDecayMinutes = 1;
    this.evictionPolicy = "noeviction";
    this.evictionSamples = 5;
  }

  /** Whether entries keep access frequencies rather than times: it follows from the policy. */
  get lfu(): boolean {
    return this.#words[SettingWord.lfu] !== 0;
  }

  get lfuLogFactor(): number {
    return this.#words[SettingWord.lfuLogFactor];
  }

  set lfuLogFactor(factor: number) {
    this.#words[SettingWord.lfuLogFactor] = factor;
  }

  get lfuDecayMinutes(): number {
    return this.#words[SettingWord.lfuDecayMinutes];
  }

  set lfuDecayMinutes(minutes: number) {
    this.#words[SettingWord.lfuDecayMinutes] = minutes;
  }

  /** Entries drawn for each eviction (maxmemory-samples). */
  get evictionSamples(): number {
    return this.#words[SettingWord.evictionSamples];
  }

  set evictionSamples(samples: number) {
    assert(samples > 0, "an eviction draws at least one entry");
    this.#words[SettingWord.evictionSamples] = samples;
  }

  get evictionPolicy(): EvictionPolicy {
    return evictionPolicies[this.#words[SettingWord.evictionPolicy]];
  }

  set evictionPolicy(policy: EvictionPolicy) {
    const number = evictionPolicies.indexOf(policy);
    assert(number >= 0, "the policy is known");
    this.#words[SettingWord.evictionPolicy] = number;
    this.#words[SettingWord.lfu] = policy.endsWith("lfu") ? 1 : 0;
  }

  /** maxmemory in bytes, 0 without a limit. */
  get memoryLimit(): number {
    return this.#memoryLimit[0];
  }

  set memoryLimit(bytes: number) {
    this.#memoryLimit[0] = bytes;
  }

  /** Where memory may still be above a limit that was lowered (engine/memory-limit.ts). */
  get memoryCeiling(): number {
    return this.#memoryLimit[1];
  }

  set memoryCeiling(bytes: number) {
    this.#memoryLimit[1] = bytes;
  }

  /** Bytes of scripts and functions, which count as memory in use. */
  get memoryBeside(): number {
    return this.#memoryBeside[0];
  }

  set memoryBeside(bytes: number) {
    this.#memoryBeside[0] = bytes;
  }

  /** Memory is above its limit, and there are entries to evict until it is not. */
  get evicting(): boolean {
    return this.#words[SettingWord.evicting] !== 0;
  }

  set evicting(is: boolean) {
    this.#words[SettingWord.evicting] = is ? 1 : 0;
  }

  /** latency-tracking: whether histograms of calls are kept. */
  get callsTracked(): boolean {
    return this.#words[SettingWord.callsUntracked] === 0;
  }

  set callsTracked(on: boolean) {
    this.#words[SettingWord.callsUntracked] = on ? 0 : 1;
  }

  /** Whether the last snapshot that was to be saved in the background was not. */
  get saveFailed(): boolean {
    return this.#words[SettingWord.saveFailed] !== 0;
  }

  set saveFailed(has: boolean) {
    this.#words[SettingWord.saveFailed] = has ? 1 : 0;
  }

  /** Classes of keyspace events that somebody wants to hear of, as bits. */
  get notifications(): number {
    return this.#words[SettingWord.notifications];
  }

  set notifications(classes: number) {
    this.#words[SettingWord.notifications] = classes;
  }

  /** Off: expired entries stay until they are asked for (DEBUG SET-ACTIVE-EXPIRE). */
  get activeExpiry(): boolean {
    return this.#words[SettingWord.expiryStopped] === 0;
  }

  set activeExpiry(on: boolean) {
    this.#words[SettingWord.expiryStopped] = on ? 0 : 1;
  }
}
