// The server: takes connections, turns bytes into requests, and has them executed. It owns no data;
// it stands on a Database, which may be a program's own.
//
//   socket ─▶ listener.ts ─▶ consume() ─▶ parser ─▶ executor ─▶ reply buffer ─▶ outbox.ts ─▶ socket
//                                                      └─▶ log (before the replies leave)

import type { Database } from "../database.ts";
import { Gate } from "../engine/session.ts";
import type { Configuration } from "../host/configuration.ts";
import type { NetworkFigures } from "../host/network-figures.ts";
import type { ProcessServices } from "../host/services.ts";
import type { Log } from "../persistence/log/log.ts";
import type { Listener, Timer } from "../platform/platform.ts";
import { Arguments } from "../protocol/arguments.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import { Parsed, RequestParser } from "../protocol/request-parser.ts";
import { Client } from "./client.ts";
import { Console } from "./console.ts";
import {
  type Connection,
  type ConnectionOwner,
  Connections,
  InputLimitExceeded,
} from "./listener.ts";
import { Lookahead } from "./lookahead.ts";
import { Outbox, openGate } from "./outbox.ts";
import { OutputLimitExceeded } from "./outlet.ts";
import { eachSecond, Upkeep } from "./upkeep.ts";

/** In one turn of the event loop, requests of one client are served for so long. */
const SLICE_MS = 2;
/** An arrival of fewer bytes has too few quick requests to take that long. */
const LONG_BYTES = 1024;
/** Files of the process that are not for clients. */
const FILES_KEPT = 32;

const PROTECTED =
  "DENIED TSKeyDB is running in protected mode: no password is set, so only clients on this " +
  "machine are served. To serve others, set one ('requirepass' in the configuration, or CONFIG " +
  "SET requirepass from this machine), or, on a network that you trust, turn 'protected-mode' off.";

export class Server implements ConnectionOwner, NetworkFigures {
  readonly database: Database;
  readonly services: ProcessServices;
  readonly connections: Connections;
  readonly outbox: Outbox;

  port = 0;
  connectionsRejected = 0;
  inputLimitDisconnections = 0;
  outputLimitDisconnections = 0;
  subscribedClients = 0;
  watchingClients = 0;

  readonly #configuration: Configuration;
  readonly #parser = new RequestParser();
  readonly #ahead: Lookahead;
  readonly #args = new Arguments();
  readonly #console: Console;
  readonly #refusal = new ReplyWriter();
  /** Called when the log cannot be written, with the reason, and when it can again, with null. */
  onLogFailure: (failure: string | null) => void = () => {};
  /** Called when a client has been cut off for a limit, with its address, why, and the limit. */
  onCutOff: (address: string, error: Error, limit: string) => void = () => {};

  readonly #upkeep: Upkeep;
  /** Called each second. */
  onSecond: (() => void) | undefined;

  #logFailure: string | null = null;
  // Connections accepted before the figures were reset.
  #acceptedBefore = 0;
  #cron: Timer | undefined;
  #stopped = false;
  // Counts the turns of the event loop in which something is served.
  #turn = 0;

  constructor(database: Database, services: ProcessServices, configuration: Configuration) {
    this.database = database;
    this.services = services;
    this.#configuration = configuration;
    const { platform, executor, directoryLog } = database;
    this.#ahead = new Lookahead(executor.table, database.keyspace);
    this.#console = new Console(executor);
    this.#upkeep = new Upkeep(database, services);
    this.outbox = new Outbox(platform, executor.context.reply, openGate);
    this.connections = new Connections(platform, this.outbox, this, {
      keepAliveSeconds: configuration.get("tcp-keepalive"),
      inputBytesMax: configuration.get("client-query-buffer-limit"),
    });
    services.network.add(this);
    if (directoryLog !== null) this.followLog(directoryLog);
    database.afterBackgroundWrites = () => this.outbox.schedule();
    this.#follow(configuration);
    this.#cron = eachSecond(database, services, () => this.#everySecond());
  }

  get targetConnections(): number {
    return this.services.targets.count;
  }

  /** Replies wait for the log from now on. To be called before the first request. */
  followLog(log: Log): void {
    this.outbox.gate = log;
    log.onProgress = () => {
      if (log.failure !== this.#logFailure) {
        this.#logFailure = log.failure;
        this.onLogFailure(log.failure);
      }
      this.outbox.flush();
    };
  }

  #follow(configuration: Configuration): void {
    // Connections that are refused, the log and the runtime need files as well.
    const room = Math.max(1, this.database.platform.openFilesMax() - FILES_KEPT);
    if (configuration.get("maxclients") > room) configuration.put("maxclients", room);
    configuration.onChange("maxclients", (n) =>
      n <= room
        ? undefined
        : "The operating system is not able to handle the specified number of clients, " +
          `try with ${room}`,
    );
    this.#parser.bulkLengthMax = configuration.get("proto-max-bulk-len");
    configuration.onChange("proto-max-bulk-len", (n) => {
      this.#parser.bulkLengthMax = n;
      return undefined;
    });
    configuration.onChange("tcp-keepalive", (seconds) => {
      this.connections.options.keepAliveSeconds = seconds;
      return undefined;
    });
    configuration.onChange("client-query-buffer-limit", (bytes) => {
      this.connections.options.inputBytesMax = bytes;
      return undefined;
    });
    configuration.onChange("client-output-buffer-limit", () => {
      for (const client of this.#clients()) this.#limit(client);
      return undefined;
    });
  }

  resetFigures(): void {
    this.connections.bytesRead = 0;
    this.connectionsRejected = 0;
    this.inputLimitDisconnections = 0;
    this.outputLimitDisconnections = 0;
    this.#acceptedBefore = this.connections.accepted;
    this.connections.reads = 0;
    this.connections.resumedWrites = 0;
    this.outbox.writes = 0;
    this.outbox.bytesQueued = 0;
  }

  get bytesReceived(): number {
    return this.connections.bytesRead;
  }

  /** Bytes handed to the outbox for clients. */
  get bytesSent(): number {
    return this.outbox.bytesQueued;
  }

  get reads(): number {
    return this.connections.reads;
  }

  /** Those that went on after a short write, too. */
  get writes(): number {
    return this.outbox.writes + this.connections.resumedWrites;
  }

  get inputBytesMost(): number {
    let most = 0;
    for (const { inputBytes } of this.connections.all) most = Math.max(most, inputBytes);
    return most;
  }

  get outputBytesMost(): number {
    let most = 0;
    for (const { outputBytes } of this.connections.all) most = Math.max(most, outputBytes);
    return most;
  }

  get connectionsReceived(): number {
    return this.connections.accepted - this.#acceptedBefore;
  }

  get clientBytes(): number {
    let bytes = 0;
    for (const connection of this.connections.all) {
      bytes += connection.inputBytes + connection.outputBytes;
    }
    return bytes;
  }

  /**
   * Accepts connections at one more address, which other threads may have, too, where it is
   * `shared`; rejects with a PlatformError where that fails.
   */
  async listen(host: string, port: number, shared = false): Promise<Listener> {
    const backlog = this.#configuration.get("tcp-backlog");
    const listener = await this.connections.listen({ host, port, backlog, reusePort: shared });
    if (this.port === 0) this.port = listener.port;
    return listener;
  }

  *#clients(): Generator<Client> {
    for (const connection of this.connections.all) {
      if (connection.context instanceof Client) yield connection.context;
    }
  }

  // Connections

  opened(connection: Connection): void {
    // Directives that another thread has set are known with the lock.
    let isThere = false;
    this.database.turn(() => {
      isThere = true;
      this.#opened(connection);
    });
    if (!isThere) connection.close(true);
  }

  #opened(connection: Connection): void {
    const configuration = this.#configuration;
    const number = this.services.admit(configuration.get("maxclients"));
    if (number === 0) {
      this.#refuse(connection, "ERR max number of clients reached");
      return;
    }
    const { users } = this.database.executor.context;
    if (configuration.get("protected-mode") && users.open && !isLoopback(connection.address)) {
      this.services.dismiss(number);
      this.#refuse(connection, PROTECTED);
      return;
    }
    const client = new Client(connection, number, this.database.clock());
    connection.context = client;
    this.#limit(client);
    const { session } = client;
    users.greet(session);
    this.services.sessions.set(session.id, session);
  }

  #refuse(connection: Connection, text: string): void {
    this.connectionsRejected++;
    const writer = this.#refusal;
    writer.truncate(0);
    writer.errorText(text);
    connection.deliver(writer.bytes, 0, writer.length);
    connection.close(false);
  }

  /** Gives the client the output limit of its kind. */
  #limit(client: Client): void {
    const limits = this.#configuration.get("client-output-buffer-limit");
    if (client.limitedAs === "pubsub") this.subscribedClients--;
    client.limitedAs = client.session.kind;
    if (client.limitedAs === "pubsub") this.subscribedClients++;
    client.connection.limit = limits[client.limitedAs];
  }

  closed(connection: Connection, error: Error | undefined): void {
    const client = connection.context;
    if (!(client instanceof Client)) return;
    if (error !== undefined) this.#countCutOff(client, error);
    if (client.limitedAs === "pubsub") this.subscribedClients--;
    if (client.watches) this.watchingClients--;
    this.services.dismiss(client.session.id);
    this.database.turn(() => this.database.executor.forget(client.session));
  }

  #countCutOff({ connection, limitedAs }: Client, error: Error): void {
    if (error instanceof InputLimitExceeded) {
      this.inputLimitDisconnections++;
      const { inputBytesMax } = this.connections.options;
      this.onCutOff(connection.address, error, `client-query-buffer-limit ${inputBytesMax}`);
    } else if (error instanceof OutputLimitExceeded) {
      this.outputLimitDisconnections++;
      const { hardBytes, softBytes, softSeconds } = connection.limit;
      const limit = `${limitedAs} ${hardBytes} ${softBytes}`;
      const text = `client-output-buffer-limit ${limit} ${softSeconds}`;
      this.onCutOff(connection.address, error, text);
    }
  }

  #countWatching(client: Client): void {
    client.watches = !client.watches;
    this.watchingClients += client.watches ? 1 : -1;
  }

  // Requests

  consume(connection: Connection, bytes: Uint8Array, start: number, end: number): number {
    const client = connection.context as Client | undefined;
    if (client === undefined) return end - start;
    const { lock, isDamaged } = this.database;
    if (isDamaged) return this.#refuseDamaged(connection, end - start);
    lock.enter();
    try {
      // Another thread's client may have closed it while this one waited for the lock.
      if (connection.gone) return end - start;
      // What other threads had for it came before what it asks for now.
      if (this.outbox.hasOwnAsides) this.outbox.boundary();
      if (this.#mustWait(connection)) return 0;
      return this.#consume(client, bytes, start, end);
    } catch (error) {
      const thrown = this.database.interrupted(error);
      if (thrown === error) throw error;
      // Who has served it so far is not told what of it was done: nothing more is served.
      return this.#refuseDamaged(connection, end - start);
    } finally {
      lock.leave();
    }
  }

  /** Whether a script runs that nobody is told of yet: what has come is served later. */
  #mustWait(connection: Connection): boolean {
    const { scripts } = this.database.executor.context;
    if (!scripts.isParked || scripts.busy !== undefined) return false;
    connection.hold();
    scripts.whenFree(() => connection.resume());
    return true;
  }

  /** Nothing is served any more; returns how many bytes that took. */
  #refuseDamaged(connection: Connection, bytes: number): number {
    const { reply } = this.database.executor.context;
    this.outbox.drop();
    reply.errorText("ERR the database is damaged: a write ended in the middle of it. See the log");
    this.outbox.boundary();
    connection.close(false);
    return bytes;
  }

  #consume(client: Client, bytes: Uint8Array, start: number, end: number): number {
    const { connection, session } = client;
    const { database } = this;
    // Whoever comes in the same turn of the event loop comes at the same time.
    if (!this.outbox.isScheduled) {
      database.tick();
      this.#turn++;
    }
    if (client.turn !== this.#turn) {
      client.turn = this.#turn;
      client.servedMs = 0;
    }
    session.lastMs = database.keyspace.now;
    const { effects } = database.executor.context;
    const { timer } = database.executor;
    timer.openLap(end - start >= LONG_BYTES, SLICE_MS - client.servedMs);
    let at = start;
    effects.lend(bytes);
    try {
      at = session.console
        ? this.#consumeConsole(client, bytes, start, end)
        : this.#consumeRequests(client, bytes, start, end);
    } finally {
      this.#takeBack();
    }
    timer.closeLap();
    database.tock();
    // What arrives next may arrive in the same turn.
    client.servedMs += Math.max(0, timer.lapMs);
    if (client.servedMs >= SLICE_MS && !connection.stopped) connection.yield();
    if (session.kind !== client.limitedAs) this.#limit(client);
    if (session.transaction.watches !== client.watches) this.#countWatching(client);
    return at - start;
  }

  /** What has been executed is lost to the log where there is no memory for it. */
  #takeBack(): void {
    const { database } = this;
    try {
      database.executor.context.effects.takeBack();
    } catch (error) {
      throw database.interrupted(error, true);
    }
  }

  #consumeRequests(client: Client, bytes: Uint8Array, start: number, end: number): number {
    const { connection, session } = client;
    const { outbox } = this;
    const { executor } = this.database;
    const parser = this.#parser;
    const ahead = this.#ahead;
    let at = start;
    let going = true;
    while (going && at < end) {
      const authenticated = (session.gates & Gate.authentication) === 0;
      ahead.read(parser, bytes, at, end, authenticated, client.progress);
      const { count, found } = ahead;
      if (count === 0) {
        if (found === Parsed.incomplete) {
          connection.neededBytes = parser.needed;
          client.progress = parser.progress;
          break;
        }
        at = this.#consumeOther(client, found, bytes, end);
        client.fresh = false;
        if (outbox.hasOwnAsides) outbox.boundary();
        going = !session.console && this.#goesOn(client);
        continue;
      }
      client.progress = null;
      client.fresh = false;
      if (count > 1) ahead.load(session.db);
      for (let i = 0; going && i < count; i++) {
        ahead.announce(i);
        at = ahead.nexts[i];
        executor.execute(session, ahead.requests[i], ahead.command(i));
        if (session.waiting !== null || session.closing) {
          this.#pause(client);
          going = false;
        } else {
          if (outbox.hasOwnAsides) outbox.boundary();
          going = this.#goesOn(client);
        }
      }
      ahead.clear();
    }
    return at;
  }

  /** Whether the next request is served in this turn, too. */
  #goesOn({ connection }: Client): boolean {
    return !this.database.executor.timer.isOver && !this.outbox.full && !connection.stopped;
  }

  /** The session waits, or is to be closed. */
  #pause(client: Client): void {
    const { session, connection } = client;
    this.outbox.boundary();
    if (session.waiting !== null) connection.hold();
    if (session.closing) connection.close(false);
  }

  /** What is not a RESP array or an inline request; returns where to go on. */
  #consumeOther(client: Client, parsed: number, bytes: Uint8Array, end: number): number {
    const parser = this.#parser;
    const { executor } = this.database;
    if (parsed === Parsed.console) {
      const { next, lineStart, lineEnd } = parser;
      if (client.fresh) {
        this.#console.open(client);
        return this.#consumeConsole(client, bytes, lineStart, end);
      }
      const line = parser.parseLine(this.#args, bytes, lineStart, lineEnd);
      if (line === Parsed.request) {
        executor.execute(client.session, this.#args);
        if (client.session.waiting !== null || client.session.closing) this.#pause(client);
      }
      if (line !== Parsed.error) return next;
    } else if (parsed === Parsed.nothing) {
      return parser.next;
    }
    executor.context.reply.protocol = client.session.protocol;
    executor.context.reply.errorText(`ERR ${parser.error}`);
    this.outbox.boundary();
    client.connection.close(false);
    return end;
  }

  #consumeConsole(client: Client, bytes: Uint8Array, start: number, end: number): number {
    const { connection, session } = client;
    let at = start;
    while (at < end) {
      const next = this.#console.lineEnd(bytes, at, end);
      if (next < 0) {
        const known = (session.gates & Gate.authentication) === 0;
        if (end - at > (known ? CONSOLE_LINE_MAX : CONSOLE_LINE_UNKNOWN_MAX)) {
          this.#console.refuse("ERR the line is too long");
          connection.close(false);
          return end;
        }
        break;
      }
      this.#console.serve(client, this.#args, bytes, at, next);
      at = next;
      if (session.waiting !== null || session.closing) {
        this.#pause(client);
        break;
      }
      if (this.outbox.hasOwnAsides) this.outbox.boundary();
      if (!this.#goesOn(client)) break;
    }
    return at;
  }

  // Time

  #everySecond(): void {
    this.#upkeep.everySecond(this);
    this.onSecond?.();
    this.connections.checkOutputLimits();
    const timeout = this.#configuration.get("timeout");
    if (timeout === 0) return;
    const limit = this.database.clock() - timeout * 1000;
    for (const { session, connection } of this.#clients()) {
      if (session.lastMs < limit && session.waiting === null && !session.subscribed) {
        connection.close(true);
      }
    }
  }

  /**
   * Takes no more connections, sends what is ready and closes those that are open. Replies that
   * wait for the log leave when it has been synced; where that is not to come by itself because
   * the database is closed, call `sendLast` after it.
   */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#cron !== undefined) this.database.platform.clearTimer(this.#cron);
    this.connections.stopListening();
    this.outbox.flush();
    this.connections.closeAll();
    this.outbox.flush();
    this.services.network.remove(this);
    this.database.afterBackgroundWrites = () => this.database.log?.commit();
  }

  /** From now on nothing is known of the clients; what is on its way to them goes on. */
  forgetClients(): void {
    const { executor } = this.database;
    const clients = [...this.#clients()];
    this.database.turn(() => {
      for (const { connection, session } of clients) {
        connection.context = undefined;
        this.services.dismiss(session.id);
        executor.forget(session);
      }
    });
  }

  /** Sends the replies that closing the database has made true. */
  sendLast(): void {
    this.outbox.flush();
  }
}

/** A line of the console may be this long, and before the password was given. */
const CONSOLE_LINE_MAX = 1024 * 1024;
const CONSOLE_LINE_UNKNOWN_MAX = 64 * 1024;

function isLoopback(address: string): boolean {
  return (
    address.startsWith("127.") || address.startsWith("[::1]") || address.startsWith("[::ffff:127.")
  );
}
