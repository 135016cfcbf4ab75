// The console: a session with a person at `nc`. A line is a request; its reply is executed as any
// other, in RESP3 since that says most of what a value is, and rendered as text in its place.

import type { CompiledCommand } from "../engine/command.ts";
import type { Executor } from "../engine/executor.ts";
import type { QueuedCommand } from "../engine/transaction.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { ConsoleLine } from "../protocol/console-line.ts";
import { type ConsoleHint, ConsoleRenderer } from "../protocol/console-renderer.ts";
import type { Client } from "./client.ts";

/** Replies beyond this are not for reading. As text they may take four times as much. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;

const LF = 10;
const CR = 13;

export class Console {
  readonly #executor: Executor;
  readonly #renderer = new ConsoleRenderer();
  readonly #line = new ConsoleLine();

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  /** Makes the client one of the console. */
  open(client: Client): void {
    client.session.console = true;
    client.session.protocol = 3;
  }

  /** Where the line that begins at `at` ends (behind its line feed), or −1. */
  lineEnd(bytes: Uint8Array, at: number, end: number): number {
    const feed = bytes.indexOf(LF, at);
    return feed < 0 || feed >= end ? -1 : feed + 1;
  }

  /** Writes a line of our own, after which the connection is closed. */
  refuse(text: string): void {
    const renderer = this.#renderer;
    renderer.line(text);
    this.#executor.context.reply.raw(renderer.bytes, 0, renderer.length);
    renderer.clear();
  }

  /** Executes the line bytes[start, end), its line feed included, and writes the rendered reply. */
  serve(client: Client, args: Arguments, bytes: Uint8Array, start: number, end: number): void {
    const { context } = this.#executor;
    const { reply } = context;
    const { session } = client;
    let last = end - 1;
    if (last > start && bytes[last - 1] === CR) last--;
    const renderer = this.#renderer;
    if (!this.#line.parse(args, bytes, start, last)) {
      renderer.line("ERR unbalanced quotes in request");
    } else if (args.count === 0) {
      return;
    } else if (args.text(0).toLowerCase() === "help") {
      const topic: string[] = [];
      for (let i = 1; i < args.count; i++) topic.push(args.text(i));
      const commands = [...this.#executor.table.commands.values()];
      renderer.help(
        commands.map((command) => command.entry),
        topic,
      );
    } else {
      const queued = session.transaction.queue ?? [];
      const before = reply.length;
      context.wrongTypes.length = 0;
      this.#executor.execute(session, args);
      session.protocol = 3;
      const length = reply.length - before;
      if (length > REPLY_BYTES_MAX) {
        renderer.line(`ERR ${length} bytes are too much to read here; redis-cli takes them`);
      } else {
        this.#render(before, session.lastCommand, queued);
      }
      reply.truncate(before);
    }
    reply.raw(renderer.bytes, 0, renderer.length);
    renderer.clear();
  }

  #render(
    before: number,
    command: CompiledCommand | undefined,
    queued: readonly QueuedCommand[],
  ): void {
    const { reply, wrongTypes } = this.#executor.context;
    const renderer = this.#renderer;
    const { types } = this.#executor.keyspace;
    for (const type of wrongTypes) renderer.wrongTypes.push(types.name(type));
    let at = before;
    if (command?.name === "exec" && at < reply.length) {
      at = renderer.transaction(
        reply.bytes,
        at,
        queued.map((each) => ({ shape: each.command.entry.console })),
      );
    }
    const hint: ConsoleHint = { shape: command?.entry.console };
    while (at < reply.length) at = renderer.reply(reply.bytes, at, hint);
  }
}
