// The kinds of values that directives have: how each is read from the words of a line, with Redis's
// bounds and in Redis's words where it cannot be, and how it is written again.
//
// CONFIG SET's one value is read as a configuration line's words are; where a directive takes
// several, it is split at each blank, so that two blanks have an empty word between them.

import { utf8Bytes } from "../base/bytes.ts";
import { parseDouble } from "../base/doubles.ts";
import { INT64_MAX, INT64_MIN } from "../base/integers.ts";
import { memoryValue } from "../base/memory-values.ts";
import { formatEventFlags, parseEventFlags } from "../engine/events.ts";
import { type ClientKind, clientKinds } from "../engine/session.ts";

/** What is wrong with a value, in Redis's words. */
export class Fault extends Error {}

/** How the values of a directive are read and written. */
export interface Kind<T> {
  /**
   * Reads the words of a line, or none where CONFIG SET is given an empty text; `current` is what
   * earlier lines of the same file made.
   */
  parse(words: readonly string[], current: T | undefined): T;
  /** As CONFIG GET shows it. */
  format(value: T): string;
  /** As a configuration file has it: the words of each line. */
  lines(value: T): readonly (readonly string[])[];
  /** Whether CONFIG SET's one value is several words. */
  readonly splits: boolean;
}

export type Setting = "mutable" | "fixed" | "protected";

export interface Directive<T> {
  readonly initial: T;
  readonly kind: Kind<T>;
  readonly setting: Setting;
  readonly isIdle: boolean;
  /** CONFIG GET shows it to those alone who say its whole name. */
  readonly isHidden: boolean;
  readonly aliases: readonly string[];
}

export interface Options {
  readonly setting?: Setting;
  readonly idle?: boolean;
  readonly hidden?: boolean;
  /** A value outside of these bounds is accepted, and kept as the nearer of them. */
  readonly clamp?: readonly [min: number, max: number];
  readonly aliases?: readonly string[];
}

export const INT_MAX = 2147483647;
export const UINT_MAX = 4294967295;
/** Redis's 9223372036854775807 and 18446744073709551615, as near as a number comes. */
export const LONG_MAX = 2 ** 63;
export const ULONG_MAX = 2 ** 64;
export const MIB = 1024 * 1024;

export function directive<T>(initial: T, kind: Kind<T>, options: Options = {}): Directive<T> {
  return {
    initial,
    kind,
    setting: options.setting ?? "mutable",
    isIdle: options.idle ?? false,
    isHidden: options.hidden ?? false,
    aliases: options.aliases ?? [],
  };
}

/** A kind whose value is one word. */
function single<T>(parse: (word: string) => T, format: (value: T) => string): Kind<T> {
  return {
    parse(words) {
      if (words.length !== 1) throw new Fault("wrong number of arguments");
      return parse(words[0]);
    },
    format,
    lines: (value) => [[format(value)]],
    splits: false,
  };
}

function wholeText(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
}

function boundText(bound: number): string {
  if (bound === LONG_MAX) return "9223372036854775807";
  return bound === ULONG_MAX ? "18446744073709551615" : wholeText(bound);
}

/** Text of a value that has this upper bound. */
function boundedText(max: number): (value: number) => string {
  return (value) => (value === max ? boundText(max) : wholeText(value));
}

function checkBounds(value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw new Fault(`argument must be between ${boundText(min)} and ${boundText(max)} inclusive`);
}

function clamped(value: number, options: Options = {}): number {
  const [min, max] = options.clamp ?? [value, value];
  return Math.min(Math.max(value, min), max);
}

/** The number that a word is if Redis would print it so, and if it is an int64. */
function int64(word: string): number | undefined {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(word)) return undefined;
  const exact = BigInt(word);
  return exact < INT64_MIN || exact > INT64_MAX ? undefined : Number(exact);
}

export function integer(initial: number, min: number, max: number, options?: Options) {
  const parse = (word: string): number => {
    const value = int64(word);
    if (value === undefined) throw new Fault("argument couldn't be parsed into an integer");
    return clamped(checkBounds(value, min, max), options);
  };
  return directive(initial, single(parse, boundedText(max)), options);
}

/** Permissions of a file, in octal digits. */
export function permissions(initial: number, max: number, options?: Options) {
  const parse = (word: string): number => {
    const match = /^[ \t\n\v\f\r]*([+-]?)([0-7]*)$/.exec(word);
    if (match === null) throw new Fault("argument couldn't be parsed as an octal number");
    const value = Number.parseInt(match[2] || "0", 8) * (match[1] === "-" ? -1 : 1);
    if (value >= 0 && value <= max) return value;
    throw new Fault(`argument must be between 0 and ${max.toString(8)} inclusive`);
  };
  return directive(
    initial,
    single(parse, (value) => value.toString(8)),
    options,
  );
}

/** As memoryValue, as near as a number comes. */
function parseMemory(word: string): number | undefined {
  const value = memoryValue(word);
  return value === undefined ? undefined : Number(value);
}

function checkBytes(value: bigint, min: number, max: number): number {
  const isIn = value >= min && value <= BigInt(boundText(max));
  if (isIn) return Number(value);
  throw new Fault(`argument must be between ${boundText(min)} and ${boundText(max)} inclusive`);
}

export function memory(initial: number, min: number, max: number, options?: Options) {
  const parse = (word: string): number => {
    const value = memoryValue(word);
    if (value === undefined) throw new Fault("argument must be a memory value");
    return clamped(checkBytes(value, min, max), options);
  };
  return directive(initial, single(parse, boundedText(max)), options);
}

/** Bytes, or (below zero) so many hundredths of maxmemory. */
export function memoryOrPercent(initial: number, options?: Options) {
  const parse = (word: string): number => {
    const bytes = memoryValue(word);
    const percent = word.endsWith("%") ? int64(word.slice(0, -1)) : undefined;
    if (bytes === undefined && (percent === undefined || percent < 0)) {
      throw new Fault("argument must be a memory or percent value");
    }
    // One signed number holds either, as in Redis.
    const value = bytes === undefined ? -(percent ?? 0) : Number(BigInt.asIntN(64, bytes));
    if (value < -100) throw new Fault("percentage argument must be less or equal to 100");
    return value === 0 ? 0 : value;
  };
  const bytesText = boundedText(LONG_MAX);
  return directive(
    initial,
    single(parse, (value) => (value < 0 ? `${-value}%` : bytesText(value))),
    options,
  );
}

export function flag(initial: boolean, options?: Options) {
  const parse = (word: string): boolean => {
    const lower = word.toLowerCase();
    if (lower !== "yes" && lower !== "no") throw new Fault("argument must be 'yes' or 'no'");
    return lower === "yes";
  };
  const format = (value: boolean): string => (value ? "yes" : "no");
  return directive(initial, single(parse, format), options);
}

/** One of a few words; `same` says which of them are kept as another. */
export function choice<const C extends string>(
  initial: C,
  choices: readonly C[],
  options?: Options,
  same: Partial<Record<C, C>> = {},
) {
  const parse = (word: string): C => {
    const found = choices.find((candidate) => candidate === word.toLowerCase());
    if (found !== undefined) return same[found] ?? found;
    throw new Fault(`argument(s) must be one of the following: ${choices.join(", ")}`);
  };
  return directive<C>(initial, single(parse, String), options);
}

export function text(initial: string, options?: Options) {
  return directive(
    initial,
    single((word) => word, String),
    options,
  );
}

/** A name of a file, without a path; `what` is it in the words of its faults. */
export function fileName(initial: string, name: string, what: string, options?: Options) {
  const parse = (word: string): string => {
    if (word === "" && name !== "dbfilename") throw new Fault(`${name} can't be empty`);
    if (!word.includes("/") && !word.includes("\\")) return word;
    throw new Fault(`${name} can't be a path, just a ${what}`);
  };
  return directive(initial, single(parse, String), options);
}

/** A name of a host: letters, digits, hyphens and dots. */
export function hostName(initial: string, options?: Options) {
  const parse = (word: string): string => {
    if (word.length >= 256) throw new Fault("Hostnames must be less than 256 characters");
    if (/^[A-Za-z0-9.-]*$/.test(word)) return word;
    throw new Fault("Hostnames may only contain alphanumeric characters, hyphens or dots");
  };
  return directive(initial, single(parse, String), options);
}

/** A version in three numbers, such as 7.4.0. */
export function versionNumber(initial: string, options?: Options) {
  const parse = (word: string): string => {
    if (/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(word)) return word;
    throw new Fault("argument must be a version in three numbers, such as 7.4.0");
  };
  return directive(initial, single(parse, String), options);
}

/** The variables of a title, and whether they always stand for something. */
const titleVariables: Readonly<Record<string, string>> = {
  title: "",
  "listen-addr": "set",
  "server-mode": "",
  "config-file": "set",
  port: "set",
  "tls-port": "set",
  unixsocket: "",
};

/** What a process may be called, with variables in braces. */
export function titleTemplate(initial: string, options?: Options) {
  const isValid = (word: string): boolean => {
    let known = true;
    const title = word.replace(/\{\{|\{([^}]*)(\}?)/g, (found, name, close) => {
      if (found === "{{") return "{";
      known &&= close === "}" && name in titleVariables;
      return titleVariables[name] ?? "";
    });
    return known && /[^ ]/.test(title);
  };
  const parse = (word: string): string => {
    if (isValid(word)) return word;
    throw new Fault("template format is invalid or contains unknown variables");
  };
  return directive(initial, single(parse, String), options);
}

/** Several words, which `check` looks at; one empty word means that there are none. */
export function words(
  initial: readonly string[],
  check: (words: readonly string[]) => readonly string[],
  options?: Options,
) {
  const kind: Kind<readonly string[]> = {
    parse: (given) => check(given.length === 1 && given[0] === "" ? [] : given),
    format: (value) => value.join(" "),
    lines: (value) => [value.length === 0 ? [""] : value],
    splits: true,
  };
  return directive(initial, kind, options);
}

const BIND_MAX = 16;

export function bindAddresses(given: readonly string[]): readonly string[] {
  if (given.length > BIND_MAX) throw new Fault("Too many bind addresses specified.");
  return given.filter((word) => word !== "");
}

/** A number as C's strtol reads it, to the word's end: NaN where it does not come so far. */
function longOf(word: string): number {
  const match = /^\s*([+-]?)([0-9]*)$/.exec(word);
  if (match === null || (match[1] !== "" && match[2] === "")) return Number.NaN;
  return Number(match[2]) * (match[1] === "-" ? -1 : 1);
}

export function oomScores(given: readonly string[]): readonly string[] {
  if (given.length !== 3) throw new Fault("wrong number of arguments");
  return given.map((word) => {
    const value = longOf(word);
    if (value >= -2000 && value <= 2000) return String(value);
    throw new Fault("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
  });
}

/** Percentiles, each as Redis prints it: rounded to six decimals, without zeros at the end. */
export function percentiles(given: readonly string[]): readonly string[] {
  return given.map((word) => {
    const bytes = utf8Bytes(word);
    const value = parseDouble(bytes, 0, bytes.length);
    if (Number.isNaN(value)) {
      throw new Fault("Invalid latency-tracking-info-percentiles parameters");
    }
    if (value >= 0 && value <= 100) return String(Number(value.toFixed(6)));
    throw new Fault("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
  });
}

const signalWords = ["default", "save", "nosave", "now", "force"];

/** What a signal does: several of a few words. */
export function shutdownWords(given: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const word of given.length === 0 ? [""] : given) {
    const known = signalWords.find((candidate) => candidate === word.toLowerCase());
    if (known === undefined) {
      throw new Fault(`argument(s) must be one of the following: ${signalWords.join(", ")}`);
    }
    found.add(known);
  }
  found.delete("default");
  if (found.has("save") && found.has("nosave")) {
    throw new Fault("shutdown options SAVE and NOSAVE can't be used simultaneously");
  }
  return found.size === 0 ? ["default"] : signalWords.filter((word) => found.has(word));
}

/** A host and a port, or "no one". */
export function masterAddress(given: readonly string[]): readonly string[] {
  if (given.length === 0) return given;
  if (given.length !== 2) throw new Fault("wrong number of arguments");
  const [host, port] = given;
  if (host.toLowerCase() === "no" && port.toLowerCase() === "one") return [];
  if (/^[0-9]+$/.test(port) && Number(port) <= 65535) return given;
  throw new Fault("Invalid master port");
}

/** After so many seconds, when there were so many changes. */
export type SavePoint = readonly [seconds: number, changes: number];

export const savePoints: Kind<readonly SavePoint[]> = {
  parse(given, current) {
    const numbers = given.length === 1 && given[0] === "" ? [] : given.map(longOf);
    const isValid = numbers.every((value, index) => value >= (index % 2 === 0 ? 1 : 0));
    if (!isValid || numbers.length % 2 !== 0) throw new Fault("Invalid save parameters");
    const points: SavePoint[] = [];
    for (let i = 0; i < numbers.length; i += 2) points.push([numbers[i], numbers[i + 1]]);
    return numbers.length === 0 ? [] : [...(current ?? []), ...points];
  },
  format: (value) => value.flat().join(" "),
  lines: (value) => (value.length === 0 ? [[""]] : value.map((point) => point.map(String))),
  splits: true,
};

/** How much may wait for a client: at once, and for longer than some seconds; 0 is no limit. */
export interface OutputLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

/** A master's replies to us are not limited. */
const limitedKinds = clientKinds.filter((kind) => kind !== "master");

export type OutputLimits = Readonly<Record<ClientKind, OutputLimit>>;

export const outputLimits: Kind<OutputLimits> = {
  parse(given, current) {
    if (given.length % 4 !== 0) {
      throw new Fault("Wrong number of arguments in buffer limit configuration.");
    }
    const limits = { ...(current ?? outputLimitsInitial) };
    for (let i = 0; i < given.length; i += 4) {
      const word = given[i].toLowerCase();
      const name = limitedKinds.find((kind) => kind === (word === "slave" ? "replica" : word));
      if (name === undefined) {
        throw new Fault("Invalid client class specified in buffer limit configuration.");
      }
      const hardBytes = parseMemory(given[i + 1]);
      const softBytes = parseMemory(given[i + 2]);
      const softSeconds = longOf(given[i + 3]);
      if (hardBytes === undefined || softBytes === undefined || !(softSeconds >= 0)) {
        throw new Fault(
          "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        );
      }
      limits[name] = { hardBytes, softBytes, softSeconds };
    }
    return limits;
  },
  // CONFIG GET still says "slave", as Redis's does.
  format: (value) =>
    limitWords(value)
      .map(([name, ...rest]) => [name === "replica" ? "slave" : name, ...rest].join(" "))
      .join(" "),
  lines: (value) => limitWords(value),
  splits: true,
};

function limitWords(limits: OutputLimits): string[][] {
  return limitedKinds.map((name) => {
    const { hardBytes, softBytes, softSeconds } = limits[name];
    return [name, String(hardBytes), String(softBytes), String(softSeconds)];
  });
}

export const outputLimitsInitial: OutputLimits = {
  normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
  master: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
  replica: { hardBytes: 256 * MIB, softBytes: 64 * MIB, softSeconds: 60 },
  pubsub: { hardBytes: 32 * MIB, softBytes: 8 * MIB, softSeconds: 60 },
};

/** The value is the flags of EventClass. */
export const eventFlags = single((word) => {
  const flags = parseEventFlags(word);
  if (flags >= 0) return flags;
  throw new Fault("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
}, formatEventFlags);
