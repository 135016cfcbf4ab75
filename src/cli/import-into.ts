// `tskeydb import … --into host:port`: gives the keys to a server that runs, ours or Redis, by
// RESTORE in a pipeline. What was read lies in a database in memory; from there each key goes as it
// is, with its deadline, to the database of the same number.
//
// A key that is there already is asked for before anything is sent, unless it is to be replaced or
// skipped. Others may write to the server meanwhile, so it can turn up later all the same: what was
// sent until then stays.

import { writePayload } from "../codec/payload.ts";
import { RdbOutput } from "../codec/rdb-output.ts";
import type { Database } from "../database.ts";
import { TableWalk } from "../keyspace/table-walk.ts";
import { Outgoing, type OutgoingOwner, type Stage } from "../platform/outgoing.ts";
import type { Platform, PlatformError } from "../platform/platform.ts";
import { ReplyLines } from "../protocol/reply-lines.ts";
import { RequestWriter } from "../protocol/request-writer.ts";
import { NO_DEADLINE } from "../structures/record.ts";
import { amount } from "./amount.ts";
import { shownKey } from "./json-lines.ts";
import type { Progress } from "./progress.ts";
import { ServerFailure, UsageError } from "./tools.ts";

/** So much is on its way at most. */
const UNSENT_BYTES_MAX = 4 << 20;
const REPLIES_MAX = 10_000;
/** A server that says nothing for so long is given up. */
const TIMEOUT_MS = 60_000;
const PORT_MAX = 65535;

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** What becomes of a key that is there already. */
  readonly existing: "stop" | "skip" | "replace";
}

/** "host:port", or "[::1]:6379". Throws UsageError. */
export function addressOf(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > PORT_MAX) {
    throw new UsageError(`--into ${text}: it is to be host:port, such as 127.0.0.1:6379`);
  }
  return { host: match[1] ?? match[2] ?? "", port };
}

/** Sends what `database` holds; resolves to what there is to say. Throws what ended it. */
export async function sendInto(
  platform: Platform,
  database: Database,
  target: Target,
  progress: Progress,
): Promise<string> {
  const sending = new Sending(platform, database, target, progress);
  try {
    await sending.run();
  } catch (error) {
    throw sending.taken === 0 ? error : inPart(error as Error, sending.taken);
  } finally {
    sending.close();
  }
  return sending.report;
}

/** The server has some of the keys. */
function inPart({ message }: Error, taken: number): ServerFailure {
  return new ServerFailure(`${message}; ${amount(taken, "key", "keys")} had been taken by then`);
}

type ReplyHandler = (line: string) => void;

class Sending implements OutgoingOwner {
  taken = 0;
  #skipped = 0;
  #expired = 0;

  readonly #database: Database;
  readonly #target: Target;
  readonly #progress: Progress;
  readonly #where: string;
  readonly #outgoing: Outgoing;
  readonly #writer: RequestWriter;
  readonly #lines = new ReplyLines();
  readonly #output = new RdbOutput();
  /** Who hears the replies that are due, from #first on. */
  #due: ReplyHandler[] = [];
  #first = 0;
  #failure: Error | undefined;
  #wake: () => void = () => {};
  readonly #keys: number;

  constructor(platform: Platform, database: Database, target: Target, progress: Progress) {
    const { host, port } = target;
    this.#database = database;
    this.#target = target;
    this.#progress = progress;
    this.#where = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    this.#outgoing = new Outgoing(platform, { host, port, timeoutMs: TIMEOUT_MS }, this);
    const { keyspace } = database;
    let keys = 0;
    for (let db = 0; db < keyspace.databases; db++) keys += keyspace.size(db);
    this.#keys = keys;
    this.#writer = new RequestWriter((bytes, end) => this.#outgoing.send(bytes, 0, end));
  }

  get report(): string {
    let said = `${amount(this.taken, "key", "keys")} imported into ${this.#where}\n`;
    if (this.#skipped > 0) {
      said += `${amount(this.#skipped, "key", "keys")} left out, which the server has already\n`;
    }
    if (this.#expired > 0) {
      said += `${amount(this.#expired, "key", "keys")} left out, whose time is over\n`;
    }
    return said;
  }

  close(): void {
    this.#outgoing.close();
  }

  async run(): Promise<void> {
    const { existing, user, password } = this.#target;
    await this.#until(() => this.#outgoing.isOpen);
    this.#outgoing.limit(TIMEOUT_MS);
    if (password !== undefined) {
      this.#ask(this.#accepted, "AUTH", ...(user === undefined ? [] : [user]), password);
    } else this.#ask(this.#accepted, "PING");
    await this.#settled();
    if (existing === "stop") await this.#eachKey((key) => this.#look(key));
    await this.#eachKey((key, entry) => this.#send(key, entry));
  }

  // Keys

  async #eachKey(work: (key: Uint8Array, entry: number) => void): Promise<void> {
    const { keyspace } = this.#database;
    const { records } = keyspace;
    const nowMs = this.#database.clock();
    keyspace.beginLoading(nowMs); // no key expires while it is read
    this.#expired = 0;
    const walk = new TableWalk(keyspace.tables);
    for (let db = 0; db < keyspace.databases; db++) {
      if (keyspace.size(db) === 0) continue;
      this.#ask(this.#accepted, "SELECT", String(db));
      await this.#settled();
      walk.open(keyspace.table(db));
      for (let entry = walk.next(); entry !== 0; entry = walk.next()) {
        const deadline = records.deadline(entry);
        if (deadline !== NO_DEADLINE && deadline <= nowMs) {
          this.#expired++;
          continue;
        }
        records.key(entry);
        work(records.bytes.slice(records.start, records.end), entry);
        if (this.#isCrowded) await this.#until(() => !this.#isCrowded);
      }
    }
    await this.#settled();
  }

  /** Asks whether the key is there, which is then the end. */
  #look(key: Uint8Array): void {
    this.#expect((line) => {
      if (line === ":1") this.#fail(`the key ${shownKey(key)} is there already`);
      else if (line !== ":0") this.#refused(line);
    });
    this.#writer.begin(2);
    this.#writer.text("EXISTS");
    this.#writer.range(key, 0, key.length);
  }

  #send(key: Uint8Array, entry: number): void {
    const { keyspace } = this.#database;
    const output = this.#output;
    const replaces = this.#target.existing === "replace";
    const deadline = keyspace.records.deadline(entry);
    const isTimed = deadline !== NO_DEADLINE;
    writePayload(keyspace, entry, output);
    this.#expect((line) => this.#restored(line, key));
    const writer = this.#writer;
    writer.begin(4 + Number(replaces) + Number(isTimed));
    writer.text("RESTORE");
    writer.range(key, 0, key.length);
    writer.integer(isTimed ? deadline : 0);
    writer.range(output.bytes, 0, output.end);
    if (replaces) writer.text("REPLACE");
    if (isTimed) writer.text("ABSTTL");
  }

  #restored(line: string, key: Uint8Array): void {
    if (line === "+OK") {
      this.taken++;
      this.#progress.sent(this.taken + this.#skipped, this.#keys);
    } else if (!line.startsWith("-BUSYKEY")) this.#refused(line);
    else if (this.#target.existing === "skip") this.#skipped++;
    else this.#fail(`the key ${shownKey(key)} is there already`);
  }

  // The conversation

  readonly #accepted = (line: string): void => {
    if (!line.startsWith("+")) this.#refused(line);
  };

  #refused(line: string): void {
    this.#fail(line.startsWith("-") ? `it says: ${line.slice(1)}` : "what it says is no reply");
  }

  #fail(text: string): void {
    this.#failure ??= new ServerFailure(`${this.#where}: ${text}`);
  }

  #ask(handler: ReplyHandler, ...words: string[]): void {
    this.#expect(handler);
    this.#writer.begin(words.length);
    for (const word of words) this.#writer.text(word);
  }

  #expect(handler: ReplyHandler): void {
    this.#due.push(handler);
  }

  get #isCrowded(): boolean {
    const due = this.#due.length - this.#first;
    return this.#outgoing.unsentBytes > UNSENT_BYTES_MAX || due > REPLIES_MAX;
  }

  /** All replies have come. */
  #settled(): Promise<void> {
    return this.#until(() => this.#first === this.#due.length);
  }

  /** Throws where it fails before. */
  async #until(condition: () => boolean): Promise<void> {
    if (this.#outgoing.isOpen) this.#writer.flush();
    while (this.#failure === undefined && !condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  opened(): void {
    this.#wake();
  }

  sent(): void {
    this.#wake();
  }

  received(bytes: Uint8Array, length: number): void {
    const lines = this.#lines;
    lines.add(bytes, length);
    for (let line = lines.next(); line !== undefined; line = lines.next()) {
      const handler = this.#due[this.#first];
      if (handler === undefined) this.#fail("it says more than it was asked");
      else {
        this.#first++;
        handler(line);
      }
      if (this.#failure !== undefined) break;
    }
    if (lines.isEndless) this.#refused("");
    if (this.#first === this.#due.length || this.#first > REPLIES_MAX) {
      this.#due = this.#due.slice(this.#first);
      this.#first = 0;
    }
    this.#wake();
  }

  ended(_stage: Stage, error: PlatformError): void {
    this.#failure ??= error;
    this.#wake();
  }
}
