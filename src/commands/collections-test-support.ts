// What the tests of hash and set commands share: a database and one client, called with lines.

import { latin1Text } from "../base/bytes.ts";
import { EventClass } from "../engine/events.ts";
import type { Session } from "../engine/session.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { type Hashes, hashesOf } from "../types/hashes.ts";
import { type Sets, setsOf } from "../types/sets.ts";
import { type TestClient, TestDatabase } from "./test-support.ts";

export class Fixture {
  readonly database = new TestDatabase();
  readonly client: TestClient = this.database.connect();
  readonly keyspace: Keyspace = this.database.keyspace;
  readonly hashes: Hashes = hashesOf(this.database);
  readonly sets: Sets = setsOf(this.database);
  readonly session: Session = this.client.session;
  /** Keyspace events since listen(), as "name key". */
  readonly events: string[] = [];

  /** What went to the log, words joined by spaces. */
  get effects(): string[] {
    return this.database.log;
  }

  set effects(log: string[]) {
    this.database.log = log;
  }

  /** From now on `events` hears of what happens. */
  listen(): void {
    const { context } = this.database;
    const { generic, hash, keyevent, set, string } = EventClass;
    this.keyspace.settings.notifications = generic | hash | keyevent | set | string;
    context.pubsub.publish = (channel, message, start, end) => {
      this.events.push(`${channel.split(":")[1]} ${latin1Text(message, start, end)}`);
      return 0;
    };
  }

  /** Executes words and returns the reply as it goes over the wire. */
  callWords(words: readonly string[]): string {
    return this.client.raw(...words);
  }

  /** Executes the words of a line; line ends of the reply are shown as spaces. */
  call(line: string): string {
    return this.client.line(line);
  }

  /** As OBJECT ENCODING, or "none". */
  encoding(key: string): string {
    const bytes = new TextEncoder().encode(key);
    const entry = this.keyspace.find(0, bytes, 0, bytes.length);
    return entry === 0 ? "none" : this.keyspace.types.encodings[this.keyspace.records.kind(entry)];
  }
}
