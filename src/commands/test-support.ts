// For tests of commands: a database in memory with every command, services that are made up, and
// clients that send words and get replies as text or as values. The clock stands until it is moved.

import { latin1Text } from "../base/bytes.ts";
import type { CompiledCommand } from "../engine/command.ts";
import { CommandTable } from "../engine/command-table.ts";
import type { Context } from "../engine/context.ts";
import type { EffectSink } from "../engine/effects.ts";
import { Executor } from "../engine/executor.ts";
import type { Services } from "../engine/services.ts";
import { type ClientLink, Session } from "../engine/session.ts";
import { Targets } from "../engine/targets.ts";
import { redisVersion } from "../engine/version.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import type { HotCodeOptions } from "../lua/state.ts";
import { makeFunction } from "../lua/test-support.ts";
import { Memory } from "../memory/memory.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { Arguments } from "../protocol/arguments.ts";
import { registerTypes } from "../types/all-types.ts";
import { commandFamilies } from "./all-commands.ts";

export const START_MS = 1_700_000_000_000;

/** What the made-up services answer; a test changes what it is about. */
class FakeServices implements Services {
  readonly database: TestDatabase;
  readonly settings: Map<string, string> = new Map([["maxmemory", "0"]]);
  readonly sessions: Map<number, Session> = new Map();
  readonly timers: Set<{ readonly atMs: number; readonly callback: () => void }> = new Set();
  readonly startedMs = START_MS;
  readonly targets = new Targets(new SimulatedPlatform(1), (work) => work());
  passwordText = "";
  refusal: string | undefined;
  /** For each shutdown whether it was forced, and saves. */
  shutdowns: (boolean | undefined)[][] = [];
  killed: number[] = [];
  sleptMs = 0;
  /** Every function of a script is hot at once. */
  hotCode: HotCodeOptions | null = { makeFunction, heatMax: 0 };
  statisticsReset = 0;
  infoSections: readonly string[] = [];

  constructor(database: TestDatabase) {
    this.database = database;
  }

  configGet(patterns: readonly string[]): [string, string][] {
    return [...this.settings].filter(([name]) => patterns.includes(name) || patterns[0] === "*");
  }
  configSet(pairs: readonly (readonly [string, string])[]): string | undefined {
    for (const [name] of pairs) {
      if (!this.settings.has(name)) {
        return `ERR Unknown option or number of arguments for CONFIG SET - '${name}'`;
      }
    }
    for (const [name, value] of pairs) this.settings.set(name, value);
    return undefined;
  }
  configRewrite(): string | undefined {
    return "ERR The server is running without a config file";
  }
  resetStatistics(): void {
    this.statisticsReset++;
  }
  password(): string {
    return this.passwordText;
  }
  reportedVersion(): string {
    return redisVersion;
  }
  info(sections: readonly string[]): string {
    this.infoSections = sections;
    return "# Server\r\nredis_version:7.4.0\r\n";
  }
  kill(session: Session): void {
    this.killed.push(session.id);
    this.database.executor.forget(session);
    this.sessions.delete(session.id);
  }
  disconnectBrowser(session: Session): void {
    this.kill(session);
  }
  readonly lastSaveMs = START_MS;
  saves = 0;
  save(): string | undefined {
    this.saves++;
    return this.refusal;
  }
  saveInBackground(isPatient: boolean): "scheduled" | "busy" {
    return isPatient ? "scheduled" : "busy";
  }
  reload(): string | undefined {
    return this.refusal;
  }
  reloadLog(): string | undefined {
    return this.refusal;
  }
  shutdown(force: boolean, saves: boolean | undefined): string | undefined {
    this.shutdowns.push([force, saves]);
    return undefined;
  }
  writesRefused(): string | undefined {
    return this.refusal;
  }
  diskFailure(): string | undefined {
    return this.refusal;
  }
  readonly lastClient = 0;
  askOwner(): boolean {
    return false;
  }
  askOthers(): readonly Uint8Array[] {
    return [];
  }
  syncPoint(): null {
    return null;
  }
  rewriteOutcome: "started" | "scheduled" | "running" | "no log" = "no log";
  rewriteLog(): "started" | "scheduled" | "running" | "no log" {
    return this.rewriteOutcome;
  }
  changeReplicationId(): void {}
  pauseCron(): void {}
  message(): void {}
  memoryFigures(): [string, number][] {
    return [["keys.count", 0]];
  }
  memoryAdvice(): string {
    return "";
  }
  allocatorText(): string {
    return "";
  }
  purgeMemory(): void {}
  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs() + delayMs, callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }
  nowMs(): number {
    return this.database.nowMs;
  }
  nowUs(): number {
    return this.database.nowMs * 1000 + 7;
  }
  monotonicMs(): number {
    return this.database.nowMs;
  }

  wrote(): void {}
  turn(work: () => void): void {
    work();
  }

  sleep(ms: number): void {
    this.sleptMs += ms;
  }
}

/** A client: what it is sent outside its replies gathers in `received`. */
export class TestClient implements ClientLink {
  readonly address: string;
  readonly localAddress = "127.0.0.1:6379";
  readonly descriptor: number;
  readonly inputBytes = 0;
  readonly outputBytes = 0;
  readonly session: Session;
  /** Bytes delivered, each one character. */
  received = "";
  resumed = 0;
  readonly #database: TestDatabase;

  constructor(database: TestDatabase, id: number) {
    this.#database = database;
    this.address = `127.0.0.1:${50000 + id}`;
    this.descriptor = 7 + id;
    this.session = new Session(id, database.nowMs, this);
  }

  deliver(bytes: Uint8Array, start: number, end: number): void {
    this.received += latin1Text(bytes, start, end);
  }
  resume(): void {
    this.resumed++;
  }
  close(): void {}

  /** Sends one request, given as words, and returns the bytes of its reply as text. */
  raw(...words: (string | Uint8Array)[]): string {
    return this.#database.run(this.session, words);
  }

  /** Sends a line, split at spaces, and returns its reply with line ends shown as spaces. */
  line(line: string): string {
    return this.raw(...line.split(" "))
      .replaceAll("\r\n", " ")
      .trimEnd();
  }

  /** Sends one request and returns its reply as a value; see parseReply. */
  call(...words: (string | Uint8Array)[]): unknown {
    const text = this.raw(...words);
    return text === "" ? undefined : parseReply(text);
  }

  /** Takes what was delivered, with line ends shown as spaces. */
  take(): string {
    const text = this.received.replaceAll("\r\n", " ").trimEnd();
    this.received = "";
    return text;
  }
}

export class TestDatabase {
  readonly keyspace: Keyspace;
  readonly executor: Executor;
  readonly context: Context;
  readonly services: FakeServices;
  /** Keeps what goes to the log. */
  readonly sink: EffectSink;
  nowMs = START_MS;
  /** What went to the log: a line for each command, words joined by spaces. */
  log: string[] = [];

  /** @param other whose data it shares, as another thread would */
  constructor(other: TestDatabase | null = null) {
    this.keyspace =
      other === null
        ? new Keyspace(new Memory(), 16, Int32Array.of(1, 2, 3, 4))
        : Keyspace.attach(Memory.attach(other.keyspace.memory.share()), other.keyspace.member + 1);
    registerTypes(this.keyspace);
    this.services = new FakeServices(this);
    const table = new CommandTable(commandFamilies);
    this.executor = new Executor(table, this.keyspace, this.services);
    this.context = this.executor.context;
    this.executor.setNow(this.nowMs);
    const append: EffectSink["append"] = (bytes, start, end) => {
      const lines = latin1Text(bytes, start, end).split("\r\n");
      this.log.push(lines.filter((_, i) => i > 0 && i % 2 === 0).join(" "));
    };
    this.sink = {
      selectDatabase: () => {},
      append,
      borrow: append,
      take: () => {},
      sizeBytes: 0,
      shorten: () => {},
    };
    this.context.effects.addSink(this.sink);
  }

  /** A client with a connection. */
  connect(): TestClient {
    const client = new TestClient(this, this.services.sessions.size + 1);
    const { session } = client;
    this.context.users.greet(session);
    this.services.sessions.set(session.id, session);
    return client;
  }

  /** Executes one request of any session and returns the bytes of its reply as text. */
  run(session: Session, words: readonly (string | Uint8Array)[]): string {
    const args = new Arguments();
    args.fill(words);
    const { reply } = this.context;
    reply.length = 0;
    this.executor.execute(session, args);
    return latin1Text(reply.bytes, 0, reply.length);
  }

  /** A figure (engine/statistics.ts, Figure) of the command with this name. */
  figure(name: string, figure: number): number {
    const command = this.executor.table.commands.get(name) as CompiledCommand;
    return this.executor.statistics.figure(command, figure);
  }

  /** Lets time pass; timers that are due fire. */
  advance(ms: number): void {
    this.nowMs += ms;
    this.executor.setNow(this.nowMs);
    for (const timer of [...this.services.timers]) {
      if (timer.atMs > this.nowMs || !this.services.timers.delete(timer)) continue;
      timer.callback();
    }
  }
}

/**
 * The value of one reply: texts, numbers, null, arrays; errors as "-text", maps as Map, sets as
 * Set, pushes as an array that begins with ">".
 */
function parseReply(text: string): unknown {
  let at = 0;
  const line = (): string => {
    const end = text.indexOf("\r\n", at);
    const found = text.slice(at, end);
    at = end + 2;
    return found;
  };
  const values = (n: number): unknown[] => Array.from({ length: n }, () => value());
  const value = (): unknown => {
    const head = line();
    const rest = head.slice(1);
    const n = Number(rest);
    switch (head[0]) {
      case "+":
        return rest;
      case "-":
        return head;
      case ":":
      case ",":
        return n;
      case "_":
        return null;
      case "#":
        return rest === "t";
      case "$":
      case "=": {
        if (n < 0) return null;
        at += n + 2;
        return text.slice(at - n - 2, at - 2);
      }
      case "*":
        return n < 0 ? null : values(n);
      case "~":
        return new Set(values(n));
      case ">":
        return [">", ...values(n)];
      case "%":
        return new Map(Array.from({ length: n }, () => [value(), value()] as const));
      default:
        throw new Error(`not a reply: ${JSON.stringify(text.slice(at - 20, at + 20))}`);
    }
  };
  return value();
}
