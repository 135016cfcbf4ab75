// The configuration of a server: the values of the directives (directives.ts), where they come from
// and how they change.
//
//   defaults  <  configuration file and what it includes  <  flags
//
// A file has one directive on a line: its name and its words, in quotes where they need them ("…"
// with \n and \xNN, or '…'); `#` begins a line of comment; `include path` reads another file in its
// place. Flags are the same lines, each begun by `--`: `--port 7001 --save "" --bind 0.0.0.0`.
// A first argument that is no flag names the file; `-` stands for standard input. A directive said
// twice counts as said last, but `save` and `client-output-buffer-limit` add up.
//
// CONFIG SET changes all of its directives or none: values are read first, then each that is new is
// told to whoever registered with `onChange`, and when one of those refuses, all are told the old
// values again.
//
// `rename-command` is a line of files and flags alone: it is no setting that could be asked for.

import { latin1Text, utf8Bytes, utf8Text } from "../base/bytes.ts";
import { globMatches } from "../base/glob.ts";
import { messageOf } from "../base/realms.ts";
import { Arguments } from "../protocol/arguments.ts";
import { ConsoleLine } from "../protocol/console-line.ts";
import { Fault } from "./directive-kinds.ts";
import {
  type DirectiveName,
  directiveNamed,
  directiveNames,
  directiveOf,
  directives,
  type ValueOf,
} from "./directives.ts";

const INCLUDE_DEPTH_MAX = 16;
const GENERATED = "# Written by CONFIG REWRITE";

/** A configuration that the server cannot start with. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code = "ECONFIG";
  /** The directive in question, or "" where a line names none. */
  readonly directive: string;

  constructor(message: string, directive: string) {
    super(message);
    this.directive = directive;
  }
}

/** A command that goes by another name, or, where that is "", by none. */
export interface Rename {
  readonly from: string;
  readonly to: string;
  /** Where it was said. */
  readonly place: string;
}

/** Told the new value; returns why it cannot be had, or undefined. */
export type Apply<T> = (value: T) => string | undefined;

/** All of a configuration, as plain values. */
export interface ConfigurationContents {
  readonly file: string;
  readonly renames: readonly Rename[];
  readonly values: readonly (readonly [name: DirectiveName, value: unknown])[];
}

export class Configuration {
  /** The file it was read from, for CONFIG REWRITE; "" without one. */
  file = "";
  /** What rename-command lines have said, in their order. */
  readonly renames: Rename[] = [];
  readonly #values = new Map<DirectiveName, unknown>();
  readonly #appliers = new Map<DirectiveName, Apply<never>[]>();
  readonly #places = new Map<DirectiveName, string>();

  /** What it says, for a thread of its own. */
  get contents(): ConfigurationContents {
    const { file, renames } = this;
    return { file, renames, values: [...this.#values] };
  }

  /** As the configuration that these are the contents of, which nobody has registered with. */
  static of({ file, renames, values }: ConfigurationContents): Configuration {
    const configuration = new Configuration();
    configuration.file = file;
    configuration.renames.push(...renames);
    for (const [name, value] of values) configuration.#values.set(name, value);
    return configuration;
  }

  /** The value of a directive. For hot paths, keep it and register with `onChange`. */
  get<N extends DirectiveName>(name: N): ValueOf<N> {
    const value = this.#values.get(name);
    return (value === undefined ? directives[name].initial : value) as ValueOf<N>;
  }

  /** Sets a value that is known to be right, without telling anybody. */
  put<N extends DirectiveName>(name: N, value: ValueOf<N>): void {
    this.#values.set(name, value);
  }

  /** Calls `apply` whenever CONFIG SET changes the directive. */
  onChange<N extends DirectiveName>(name: N, apply: Apply<ValueOf<N>>): void {
    const appliers = this.#appliers.get(name) ?? [];
    appliers.push(apply as Apply<never>);
    this.#appliers.set(name, appliers);
  }

  /** CONFIG GET: names and aliases that match any of the glob patterns, each once, and values. */
  matching(patterns: readonly string[]): (readonly [name: string, value: string])[] {
    // Each name as it was asked for first, by its lower case.
    const found = new Map<string, readonly [name: string, value: string]>();
    const add = (name: string, directive: DirectiveName): void => {
      const lower = name.toLowerCase();
      if (!found.has(lower)) found.set(lower, [name, this.#format(directive)]);
    };
    for (const pattern of patterns) {
      if (/[*?[]/.test(pattern)) {
        for (const [name, directive] of directiveNames) {
          if (!directiveOf(directive).isHidden && matches(pattern, name)) add(name, directive);
        }
      } else {
        const exact = directiveNamed(pattern);
        if (exact !== undefined) add(pattern, exact);
      }
    }
    return [...found.values()];
  }

  /**
   * CONFIG SET: all of the pairs, or none and the text of the error reply. `allowsProtected` says
   * whether protected directives may be set.
   */
  set(
    pairs: readonly (readonly [name: string, value: string])[],
    allowsProtected = false,
  ): string | undefined {
    const names: DirectiveName[] = [];
    const said = new Set<string>();
    for (const [given] of pairs) {
      const name = directiveNamed(given);
      if (name === undefined) {
        return `ERR Unknown option or number of arguments for CONFIG SET - '${given}'`;
      }
      const { setting } = directiveOf(name);
      if (setting === "fixed") return refused(given, "can't set immutable config");
      if (setting === "protected" && !allowsProtected) {
        return refused(given, "can't set protected config");
      }
      if (said.has(given.toLowerCase())) return refused(given, "duplicate parameter");
      said.add(given.toLowerCase());
      names.push(name);
    }
    const before = names.map((name) => this.get(name));
    const texts = names.map((name) => this.#format(name));
    const takeBack = (): void => names.forEach((name, i) => void this.#keep(name, before[i]));
    for (const [index, [given, text]] of pairs.entries()) {
      const error = this.#read(names[index], text);
      if (error === undefined) continue;
      takeBack();
      return refused(given.toLowerCase(), error);
    }
    for (const [index, [given]] of pairs.entries()) {
      if (this.#format(names[index]) === texts[index]) continue;
      const error = this.#tell(names[index]);
      if (error === undefined) continue;
      takeBack();
      for (let i = index; i >= 0; i--) this.#tell(names[i]);
      return refused(given.toLowerCase(), error);
    }
    return undefined;
  }

  /** Where the value of a directive was said, and how: "redis.conf:7: port (abc)". */
  placeOf(name: DirectiveName): string {
    return this.#places.get(name) ?? name;
  }

  /** Names of directives that were set to something but have no effect in this version. */
  withoutEffect(): DirectiveName[] {
    return [...this.#values.keys()].filter(
      (name) => directiveOf(name).isIdle && !this.#isInitial(name),
    );
  }

  /** The words of each line that a file needs to say the value of a directive. */
  linesOf(name: DirectiveName): readonly (readonly string[])[] {
    return directiveOf(name).kind.lines(this.get(name));
  }

  /** Whether both have the same value of a directive. */
  agrees(other: Configuration, name: DirectiveName): boolean {
    return this.#format(name) === other.#format(name);
  }

  /** Names of directives whose values are not the defaults. */
  changed(): DirectiveName[] {
    return (Object.keys(directives) as DirectiveName[]).filter((name) => !this.#isInitial(name));
  }

  /**
   * Takes one line: a directive's name and its words. `said` holds the names that earlier lines of
   * the same source have set; `place` is for messages. Throws a Fault that says what is wrong.
   */
  take(given: string, words: readonly string[], said: Set<DirectiveName>, place = given): void {
    const name = directiveNamed(given);
    if (name === undefined) {
      if (given.toLowerCase() === "rename-command") return this.#rename(words, place);
      throw new Fault(notOffered[given.toLowerCase()] ?? "unknown directive");
    }
    if (words.length === 0) throw new Fault("wrong number of arguments");
    const { kind } = directiveOf(name);
    // One word of several is what `--save "900 1"` gives.
    const parts = kind.splits && words.length === 1 ? splitBlanks(words[0]) : words;
    this.#parse(name, parts, said.has(name));
    said.add(name);
    this.#places.set(name, place);
  }

  #rename(words: readonly string[], place: string): void {
    if (words.length !== 2) throw new Fault("wrong number of arguments");
    this.renames.push({ from: words[0], to: words[1], place });
  }

  /** Reads a value and keeps it; returns what is wrong with it. */
  #read(name: DirectiveName, text: string): string | undefined {
    const { kind } = directiveOf(name);
    try {
      this.#parse(name, !kind.splits ? [text] : text === "" ? [] : text.split(" "), false);
      return undefined;
    } catch (error) {
      if (error instanceof Fault) return error.message;
      throw error;
    }
  }

  /** Keeps what the words mean, if `adds` beside the value that is there. Throws a Fault. */
  #parse(name: DirectiveName, words: readonly string[], adds: boolean): void {
    const before = adds || name === "client-output-buffer-limit" ? this.get(name) : undefined;
    const value = directiveOf(name).kind.parse(words, before);
    // What was not UTF-8 has been replaced: a password of such bytes would let nobody in.
    if (words.some((word) => word.includes("\ufffd"))) throw new Fault("argument must be UTF-8");
    this.#keep(name, value);
  }

  /** Tells the value of a directive to those who act on it; returns why one of them cannot. */
  #tell(name: DirectiveName): string | undefined {
    for (const apply of this.#appliers.get(name) ?? []) {
      const error = apply(this.get(name) as never);
      if (error !== undefined) return error;
    }
    return undefined;
  }

  #keep(name: DirectiveName, value: unknown): void {
    this.#values.set(name, value);
  }

  #format(name: DirectiveName): string {
    return directiveOf(name).kind.format(this.get(name));
  }

  #isInitial(name: DirectiveName): boolean {
    const { kind, initial } = directiveOf(name);
    return kind.format(this.get(name)) === kind.format(initial);
  }
}

/** Lines of a redis.conf that are no settings, and that mean something we do not offer. */
const notOffered: Readonly<Record<string, string>> = {
  loadmodule: "there are no modules",
  user: "there are no users but the default one; see requirepass",
  sentinel: "there is no Sentinel mode",
};

function refused(name: string, text: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${text}`;
}

// What Redis offers and we do not must be refused at the start, not passed over; and what would
// mean another directory than was meant.
function checkOffered(configuration: Configuration): void {
  const refuse = (name: DirectiveName, why: string): never => {
    throw new ConfigurationError(`${configuration.placeOf(name)}: ${why}`, name);
  };
  if (configuration.get("daemonize")) {
    refuse("daemonize", "it stays in the foreground; leave that to a service manager");
  }
  if (configuration.get("cluster-enabled")) {
    refuse("cluster-enabled", "there is no cluster mode");
  }
  if (configuration.get("replicaof").length > 0) refuse("replicaof", "there is no replication");
  if (configuration.get("aclfile") !== "") refuse("aclfile", "there are no users to read");
  if (configuration.get("unixsocket") !== "") refuse("unixsocket", "there are no Unix sockets");
  for (const name of ["tls-replication", "tls-cluster"] as const) {
    if (configuration.get(name)) refuse(name, NO_TLS);
  }
  if (configuration.get("tls-port") !== 0) refuse("tls-port", NO_TLS);
  if (configuration.get("dir") === "") refuse("dir", "the data directory's name is empty");
}

const NO_TLS = "TLS is not spoken here; put a proxy that speaks it in front of the server";

function splitBlanks(text: string): string[] {
  const words = text.split(" ").filter((word) => word !== "");
  return words.length === 0 ? [""] : words;
}

function matches(glob: string, name: string): boolean {
  const pattern = utf8Bytes(glob.toLowerCase());
  const bytes = utf8Bytes(name);
  return globMatches(pattern, 0, pattern.length, bytes, 0, bytes.length);
}

const parser = new ConsoleLine();

/** The words of a configuration line, or undefined where its quotes do not balance. */
function lineWords(line: string): string[] | undefined {
  const args = new Arguments();
  const bytes = utf8Bytes(line);
  if (!parser.parse(args, bytes, 0, bytes.length)) return undefined;
  const words: string[] = [];
  for (let i = 0; i < args.count; i++) {
    words.push(utf8Text(args.bytes, args.starts[i], args.ends[i]));
  }
  return words;
}

/** Reads a configuration file's whole text; throws an Error whose message says why it cannot. */
export type ReadText = (path: string) => string;

/**
 * The configuration that the command line asks for: a file, where the first argument names one
 * ("-" is standard input), then flags. `readText` is asked for each file's text.
 * Throws ConfigurationError.
 */
export function configurationOf(args: readonly string[], readText: ReadText): Configuration {
  const configuration = new Configuration();
  let at = 0;
  if (args.length > 0 && (args[0] === "-" || !args[0].startsWith("-"))) {
    at = 1;
    configuration.file = args[0] === "-" ? "" : args[0];
    readFileInto(configuration, args[0], readText, new Set(), 0, "");
  }
  takeFlags(configuration, args, at);
  checkOffered(configuration);
  return configuration;
}

/** Takes the lines of a configuration file's text; `path` is for messages. */
export function takeText(configuration: Configuration, text: string, path: string): void {
  takeLines(configuration, text, path, noFile, new Set(), 0);
}

function noFile(path: string): string {
  throw new Error(`cannot read ${path}`);
}

function readFileInto(
  configuration: Configuration,
  path: string,
  readText: ReadText,
  said: Set<DirectiveName>,
  depth: number,
  place: string,
): void {
  const before = place === "" ? "" : `${place}: `;
  if (depth > INCLUDE_DEPTH_MAX) {
    throw new ConfigurationError(`${before}files include each other without end`, "include");
  }
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    const reason = messageOf(error);
    const why = reason.startsWith(`${path}: `) ? reason : `${path}: ${reason}`;
    const help = place === "" ? "; tskeydb --help says what else there is" : "";
    throw new ConfigurationError(`${before}cannot read configuration file ${why}${help}`, "");
  }
  takeLines(configuration, text, path === "-" ? "standard input" : path, readText, said, depth);
}

function takeLines(
  configuration: Configuration,
  text: string,
  path: string,
  readText: ReadText,
  said: Set<DirectiveName>,
  depth: number,
): void {
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const place = `${path}:${index + 1}`;
    const words = lineWords(line);
    if (words === undefined) throw new ConfigurationError(`${place}: unbalanced quotes`, "");
    const [name, ...values] = words;
    if (name.toLowerCase() === "include" && values.length === 1) {
      readFileInto(configuration, values[0], readText, said, depth + 1, place);
    } else {
      takeLine(configuration, name, values, said, `${place}: ${name}`);
    }
  }
}

function takeFlags(configuration: Configuration, args: readonly string[], start: number): void {
  const said = new Set<DirectiveName>();
  let at = start;
  while (at < args.length) {
    const given = args[at++];
    if (!given.startsWith("--")) {
      throw new ConfigurationError(`${given}: a directive is given as --name value`, "");
    }
    const words: string[] = [];
    while (at < args.length && !args[at].startsWith("--")) words.push(args[at++]);
    const equals = given.indexOf("=");
    if (equals > 0) {
      const name = given.slice(0, equals);
      throw new ConfigurationError(`${given}: write ${name} ${given.slice(equals + 1)}`, name);
    }
    // `--save` alone means `--save ""`, as redis-server has it.
    if (given.toLowerCase() === "--save" && words.length === 0) words.push("");
    takeLine(configuration, given.slice(2), words, said, given);
  }
}

function takeLine(
  configuration: Configuration,
  name: string,
  words: readonly string[],
  said: Set<DirectiveName>,
  place: string,
): void {
  const given = words.length === 0 ? "" : ` (${words.map(quoted).join(" ")})`;
  try {
    configuration.take(name, words, said, place + given);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new ConfigurationError(`${place}${given}: ${error.message}`, name);
  }
}

/**
 * CONFIG REWRITE: a configuration file's text with the values of now. Comments, blank lines and
 * lines that already say what holds stay as they are; a changed directive is said where it was said
 * first; what the file did not say and is not the default comes at the end.
 */
export function rewriteText(text: string, configuration: Configuration): string {
  const lines: string[] = [];
  const written = new Set<DirectiveName>();
  const said = saidIn(text);
  for (const line of text === "" ? [] : text.replace(/\n$/, "").split("\n")) {
    const [given, name] = directiveOn(line);
    if (name === undefined || configuration.agrees(said, name)) {
      lines.push(line);
    } else if (!written.has(name)) {
      lines.push(...renderLines(given.toLowerCase(), name, configuration));
    }
    if (name !== undefined) written.add(name);
  }
  const added = configuration.changed().filter((name) => !written.has(name));
  if (added.length > 0 && !lines.includes(GENERATED)) lines.push(GENERATED);
  for (const name of added) lines.push(...renderLines(name, name, configuration));
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

// What a line names, and the directive that is; none for comments and for what is no directive.
function directiveOn(line: string): [given: string, name: DirectiveName | undefined] {
  const given = line.trim().startsWith("#") ? undefined : lineWords(line)?.[0];
  return given === undefined ? ["", undefined] : [given, directiveNamed(given)];
}

// What the lines of a file's text say by themselves; lines that cannot be read say nothing.
function saidIn(text: string): Configuration {
  const configuration = new Configuration();
  const said = new Set<DirectiveName>();
  for (const line of text.split("\n")) {
    const [given, name] = directiveOn(line);
    if (name === undefined) continue;
    try {
      configuration.take(given, lineWords(line)?.slice(1) ?? [], said);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
  return configuration;
}

function renderLines(given: string, name: DirectiveName, configuration: Configuration): string[] {
  return configuration.linesOf(name).map((words) => [given, ...words.map(quoted)].join(" "));
}

// A word as a configuration file needs it: in quotes unless it is of plain characters alone.
function quoted(word: string): string {
  if (/^[^\s"'\\#\p{Cc}]+$/u.test(word)) return word;
  const escaped = word.replace(/["\\]/g, "\\$&").replace(/\p{Cc}/gu, (control) => {
    const bytes = utf8Bytes(control);
    return [...latin1Text(bytes, 0, bytes.length)]
      .map((byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`)
      .join("");
  });
  return `"${escaped}"`;
}
