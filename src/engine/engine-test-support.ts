// For tests of the engine: an executor with commands that a test makes up, without any family.

import { latin1Text } from "../base/bytes.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { Arguments } from "../protocol/arguments.ts";
import { registerTypes } from "../types/all-types.ts";
import type { CompiledCommand } from "./command.ts";
import { CommandTable } from "./command-table.ts";
import type { Command, Context } from "./context.ts";
import { Executor } from "./executor.ts";
import type { Services } from "./services.ts";
import { type ClientLink, Session } from "./session.ts";

export const NOW = 1_700_000_000_000;

/** A command of a name, flags and a handler; the rest does not matter. */
export function command(
  name: string,
  flags: string,
  handler: (c: Context) => void,
  more: Partial<Command> = {},
): Command {
  const facts = { group: "generic", since: "1.0.0", complexity: "O(1)", summary: "Tests." };
  return { name, arity: -1, flags, ...facts, handler, ...more };
}

/** A connection that keeps what it is sent. */
export class Link implements ClientLink {
  readonly address = "";
  readonly localAddress = "";
  readonly descriptor = 0;
  readonly inputBytes = 0;
  readonly outputBytes = 0;
  delivered = "";
  resumed = 0;

  deliver(bytes: Uint8Array, start: number, end: number): void {
    this.delivered += latin1Text(bytes, start, end).replaceAll("\r\n", " ");
  }
  resume(): void {
    this.resumed++;
  }
  close(): void {}

  /** Takes what was delivered. */
  take(): string {
    const text = this.delivered.trimEnd();
    this.delivered = "";
    return text;
  }
}

export class EngineFixture {
  readonly keyspace: Keyspace;
  readonly executor: Executor;
  readonly context: Context;
  readonly link = new Link();
  readonly session: Session;
  /** What went to the log: a line for each command, words joined by spaces. */
  readonly log: string[] = [];
  readonly timers: (() => void)[] = [];
  /** The clock by which calls are timed; a handler moves it. */
  monotonicMs = 0;
  password = "";
  refusal: string | undefined;

  constructor(commands: readonly Command[]) {
    this.keyspace = new Keyspace(new Memory(), 4, Int32Array.of(1, 2, 3, 4));
    registerTypes(this.keyspace);
    const services = {
      setTimer: (_delayMs: number, callback: () => void) => {
        this.timers.push(callback);
        return () => this.timers.splice(this.timers.indexOf(callback), 1);
      },
      monotonicMs: () => this.monotonicMs,
      password: () => this.password,
      writesRefused: () => this.refusal,
      diskFailure: () => this.refusal,
    } as unknown as Services;
    this.executor = new Executor(new CommandTable([commands]), this.keyspace, services);
    this.executor.setNow(NOW);
    this.context = this.executor.context;
    const append = (bytes: Uint8Array, start: number, end: number): void => {
      const words = latin1Text(bytes, start, end).split("\r\n");
      this.log.push(words.filter((_, i) => i > 0 && i % 2 === 0).join(" "));
    };
    const selectDatabase = (): void => {};
    this.context.effects.addSink({
      selectDatabase,
      append,
      borrow: append,
      take() {},
      sizeBytes: 0,
      shorten() {},
    });
    this.session = this.connect(this.link);
  }

  connect(link: Link): Session {
    return new Session(1, NOW, link);
  }

  /** A figure (of Figure) of the command with this name. */
  figure(name: string, figure: number): number {
    const command = this.executor.table.commands.get(name) as CompiledCommand;
    return this.executor.statistics.figure(command, figure);
  }

  /** Executes the words of a line; line ends of the reply are shown as spaces. */
  call(line: string, session = this.session): string {
    const args = new Arguments();
    args.fill(line.split(" "));
    const { reply } = this.context;
    const before = reply.length;
    this.executor.execute(session, args);
    const text = latin1Text(reply.bytes, before, reply.length);
    reply.truncate(before);
    return text.replaceAll("\r\n", " ").trimEnd();
  }
}
