// The methods of `db.durable`: those of a database, of which each that writes returns when what it
// wrote is on the disk. They go the ordinary way all of them, since a short one knows no log.

import { Flag } from "../engine/command.ts";
import type { Core } from "./core.ts";
import { OrdinaryMethods } from "./immediate.ts";
import type { Reader } from "./reader.ts";
import type { As, AtOnce, Reply, Text, Value } from "./values.ts";

/** The methods of a database, of which each that writes is as safe as WriteOptions can demand. */
export class DurableMethods<T extends Text> extends OrdinaryMethods<T> {
  readonly #core: Core;

  /** Use Database.durable. */
  constructor(core: Core, db: number, reader: Reader<T>) {
    super(core, db, reader);
    this.#core = core;
  }

  protected override ask<V>(
    as: As,
    name: string,
    a?: Value,
    b?: Value,
    c?: Value,
    d?: Value,
  ): Reply<AtOnce<T>, V> {
    if (!this.#writes(name)) return super.ask(as, name, a, b, c, d);
    return this.#core.safely(() => super.ask(as, name, a, b, c, d) as Reply<AtOnce<T>, V>);
  }

  protected override askAll<V>(
    as: As,
    name: string,
    words: readonly Value[] | undefined,
    a?: Value,
    b?: Value,
    c?: Value,
  ): Reply<AtOnce<T>, V> {
    if (!this.#writes(name)) return super.askAll(as, name, words, a, b, c);
    return this.#core.safely(() => super.askAll(as, name, words, a, b, c) as Reply<AtOnce<T>, V>);
  }

  #writes(name: string): boolean {
    const { flags, entry } = this.#core.command(name);
    // What a script does is not said by the command that runs it.
    return (flags & Flag.write) !== 0 || (entry.group === "scripting" && entry.keys !== undefined);
  }
}
