// Short ways of the methods that programs call most: what they stand on. They themselves are in the
// files of their families, below the methods, and are for methods that execute at once.
//
// The ordinary way writes a request, has the executor call the command's handler, and reads the
// reply back. A short way looks the key up and takes the value from where it lies:
//
//   ask    words ─▶ request ─▶ executor ─▶ handler ─▶ reply ─▶ reader ─▶ value
//   short  words ─▶ entry ──────────────────────────────────────────────▶ value
//
// Whoever looks from outside cannot tell which was taken: calls, hits and misses are counted, the
// access clock moves, an expired key goes, as the handler would have it. Where there is more to do
// than that (another type, somebody who wants to hear of misses, an argument out of the ordinary),
// the ordinary way is taken, from the beginning, and so it is now and then for a command to be
// timed (engine/call-timer.ts). Only a plain SET writes in a short way, while nobody keeps, watches
// or limits it.
//
// In a database that is shared with other threads, the same is done without the lock as long as
// nobody writes, else with it (Core.look, Core.change). So a short way has two parts: a method that
// writes the request's words, which may run the program's own code, and a function that looks,
// which is begun anew when another thread has changed what it looked at. Until it is known that
// none has, what it finds may be torn; it remembers nothing.
//
// They are mixed into the class of what executes at once (immediate.ts), where nothing that is
// private is theirs: what they need of it they are handed by the functions below.

import type { CompiledCommand } from "../engine/command.ts";
import { Counter } from "../keyspace/figures.ts";
import type { Core } from "./core.ts";
import type { Asking } from "./methods/asking.ts";
import type { TextMaker } from "./reader.ts";
import type { AtOnce, Text } from "./values.ts";

/** look() and peek(): what there is, or what is to be done, is not for a short way. */
export const ORDINARY = -1;

/** A short way that gives so many values, or so many bytes, is timed itself. */
export const VALUES_UNTIMED = 32;
export const BYTES_UNTIMED = 16 * 1024;

/** The commands with short ways. */
const names: string[] = [];

/** Says that a command has a short way, and returns its place in Core.counted. */
export function shortWay(name: string): number {
  return names.push(name) - 1;
}

/** The commands with short ways, by their places: what Core.counted is to be. */
export function shortWays(core: Core): CompiledCommand[] {
  return names.map((name) => core.command(name));
}

/** What short ways are called on: what executes at once. */
export type Called<T extends Text = Text> = Asking<AtOnce<T>>;

/** What they are handed of it. */
export interface Access {
  core(on: Called): Core;
  /** The number of the database. */
  db(on: Called): number;
  /** A text of what a method returns. */
  text<T extends Text>(on: Called<T>, bytes: Uint8Array, start: number, end: number): T;
  /** What makes texts of what a method returns. */
  maker<T extends Text>(on: Called<T>): TextMaker<T>;
}

export let coreOf: Access["core"];
export let dbOf: Access["db"];
export let textFor: Access["text"];
export let makerOf: Access["maker"];

/** Lets short ways in: said once, by the class that keeps these things private. */
export function letIn(access: Access): void {
  coreOf = access.core;
  dbOf = access.db;
  textFor = access.text;
  makerOf = access.maker;
}

// Looking. REQUIRES: core.begin(), and then the request's argument 0 is the key; what else there is
// follows it.

/** The entry of the key, if of this type; 0: none; or ORDINARY. Counts as a handler does. */
export function look(core: Core, db: number, command: CompiledCommand, type: number): number {
  const { keyspace } = core;
  if (core.timer.isDue(command)) return ORDINARY;
  const entry = core.find(db);
  if (entry === 0) {
    if (core.context.notices.classes !== 0) return ORDINARY;
    core.count(command);
    keyspace.count(Counter.misses);
    return 0;
  }
  if (keyspace.typeOf(entry) !== type) return ORDINARY;
  core.count(command);
  keyspace.count(Counter.hits);
  return entry;
}

/** The entry of a key of any type, without an access to it; 0: none; or ORDINARY. */
export function peek(core: Core, db: number): number {
  const entry = core.peek(db);
  if (entry === 0 && core.context.notices.classes !== 0) return ORDINARY;
  return entry;
}
