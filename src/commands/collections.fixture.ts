// What the tests of hash and set commands share: an executor over a memory of its own, called with
// lines of words, which keeps what would go to the log.

import { latin1Text } from "../base/bytes.ts";
import { encodingNames, Kind } from "../keyspace/data-type.ts";
import { Hashes } from "../keyspace/hashes.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Lists } from "../keyspace/lists.ts";
import { Sets } from "../keyspace/sets.ts";
import { Memory } from "../memory/memory.ts";
import { Arguments } from "../protocol/arguments.ts";
import type { Command } from "./command.ts";
import { CommandTable } from "./command-table.ts";
import { EventClass } from "./events.ts";
import { Executor } from "./executor.ts";
import { hashCommands } from "./hashes.ts";
import type { Services } from "./services.ts";
import { Session } from "./session.ts";
import { setCommands } from "./sets.ts";

export const NOW = 1_700_000_000_000;

/** A string under a key, for WRONGTYPE. */
const put: Command = {
  name: "put",
  arity: 3,
  flags: "write",
  keys: [1, 1, 1],
  group: "string",
  since: "",
  complexity: "",
  summary: "",
  handler(c) {
    const { bytes, starts: from, ends: to } = c.args;
    const kind = Kind.stringRaw;
    c.keyspace.setString(c.db, bytes, from[1], to[1], kind, bytes, from[2], to[2], -1);
    c.reply.ok();
  },
};

export class Fixture {
  readonly executor: Executor;
  readonly keyspace: Keyspace;
  readonly hashes: Hashes;
  readonly sets: Sets;
  readonly session = new Session(1, NOW);
  /** What went to the log, words joined by spaces. */
  effects: string[] = [];
  /** Keyspace events, as "name key". */
  events: string[] = [];

  constructor() {
    const memory = new Memory();
    this.keyspace = new Keyspace(memory, 16, Int32Array.of(1, 2, 3, 4));
    const { records, tables } = this.keyspace;
    this.hashes = new Hashes(memory, records, tables);
    this.sets = new Sets(memory, records, tables);
    const lists = new Lists(memory, records);
    for (const type of [lists, this.hashes, this.sets]) this.keyspace.register(type);
    const services = { nowUs: () => 0, writesRefused: () => undefined } as unknown as Services;
    this.executor = new Executor(
      new CommandTable([hashCommands, setCommands, [put]]),
      this.keyspace,
      { lists, hashes: this.hashes, sets: this.sets },
      services,
    );
    this.executor.setNow(NOW);
    const { context } = this.executor;
    context.effects.sink = {
      selectDatabase: () => {},
      append: (bytes, start, end) => {
        const words = latin1Text(bytes, start, end).split("\r\n");
        this.effects.push(words.filter((_, i) => i > 0 && i % 2 === 0).join(" "));
      },
    };
  }

  /** From now on `events` hears of what happens. */
  listen(): void {
    const { context } = this.executor;
    const { generic, hash, keyevent, set, string } = EventClass;
    context.notifications = generic | hash | keyevent | set | string;
    context.pubsub.publish = (channel, message, start, end) => {
      this.events.push(`${channel.split(":")[1]} ${latin1Text(message, start, end)}`);
      return 0;
    };
  }

  /** Executes words and returns the reply as it goes over the wire. */
  callWords(words: readonly string[]): string {
    const args = new Arguments();
    args.fill(words);
    const { reply } = this.executor.context;
    reply.length = 0;
    this.executor.execute(this.session, args);
    return latin1Text(reply.bytes, 0, reply.length);
  }

  /** Executes the words of a line; '' is the empty word. Line ends are shown as spaces. */
  call(line: string): string {
    const reply = this.callWords(line.split(" ").map((word) => (word === "''" ? "" : word)));
    return reply.replaceAll("\r\n", " ").trimEnd();
  }

  /** As OBJECT ENCODING, or "none". */
  encoding(key: string): string {
    const bytes = new TextEncoder().encode(key);
    const entry = this.keyspace.find(0, bytes, 0, bytes.length);
    return entry === 0 ? "none" : encodingNames[this.keyspace.records.kind(entry)];
  }
}
