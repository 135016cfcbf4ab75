// Methods that execute at once: a request is written, executed, and its reply read. In
// ImmediateMethods the short ways of those that programs call most (short-ways.ts) go over the
// methods of their families.

import type { CompiledCommand } from "../engine/command.ts";
import type { Core } from "./core.ts";
import type { Asking } from "./methods/asking.ts";
import { Methods, mixInto, shortFamilies } from "./methods/methods.ts";
import type { Reader } from "./reader.ts";
import { limited } from "./script-limit.ts";
import { letIn } from "./short-ways.ts";
import { As, type AtOnce, type Reply, type Text, type Value } from "./values.ts";

/** Methods that execute at once, each in the ordinary way. */
export abstract class OrdinaryMethods<T extends Text> extends Methods<AtOnce<T>> {
  readonly #core: Core;
  readonly #db: number;
  readonly #reader: Reader<T>;

  static {
    const self = <T extends Text>(on: Asking<AtOnce<T>>) => on as OrdinaryMethods<T>;
    letIn({
      core: (on) => self(on).#core,
      db: (on) => self(on).#db,
      text: (on, bytes, start, end) => self(on).#reader.text(bytes, start, end),
      maker: (on) => self(on).#reader.text,
    });
  }

  constructor(core: Core, db: number, reader: Reader<T>) {
    super();
    this.#core = core;
    this.#db = db;
    this.#reader = reader;
  }

  protected override ask<V>(
    as: As,
    name: string,
    a?: Value,
    b?: Value,
    c?: Value,
    d?: Value,
  ): Reply<AtOnce<T>, V> {
    return this.#run(as, this.#core.fill(name, a, b, c, d)) as Reply<AtOnce<T>, V>;
  }

  protected override askAll<V>(
    as: As,
    name: string,
    words: readonly Value[] | undefined,
    a?: Value,
    b?: Value,
    c?: Value,
  ): Reply<AtOnce<T>, V> {
    return this.#run(as, this.#core.fillAll(name, words, a, b, c)) as Reply<AtOnce<T>, V>;
  }

  protected override askScript<V>(name: string, words: readonly Value[]): Reply<AtOnce<T>, V> {
    return limited(this.#core, () => this.askAll<V>(As.value, name, words));
  }

  protected override safely<V>(ask: () => V): V {
    return this.#core.safely(ask);
  }

  protected override answer<V>(value: V): Reply<AtOnce<T>, V> {
    this.#core.check();
    return value as Reply<AtOnce<T>, V>;
  }

  #run(as: As, command: CompiledCommand): unknown {
    const core = this.#core;
    const at = core.run(command, core.session, this.#db);
    const value = this.#reader.read(as, core.reply.bytes, at);
    core.truncate(at);
    return value;
  }
}

/** The methods of a database. */
export abstract class ImmediateMethods<T extends Text> extends OrdinaryMethods<T> {
  static {
    for (const family of shortFamilies) mixInto(ImmediateMethods.prototype, family, true);
  }
}
