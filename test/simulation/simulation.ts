// One simulation: the whole server, with its log and an embedding program, on a simulated machine,
// from one seed.
//
//   world      disk, clock and network, with faults; the process may be stopped in any operation
//   clients    pipelines, subscriptions, blocked requests, slow readers, cut connections
//   program    embedded calls and transactions on the same database, between the server's turns
//   model      a second database that executes the same commands one by one, and says what each
//              client must receive, and which states the recovered database may hold
//
// A life begins with opening the database, in which the process may already be stopped, and ends in
// a crash, or in peace: then every reply must have come, and the database is closed or killed. The
// run is a few lives on one disk. The same seed gives the same run, to the byte.

import assert from "node:assert/strict";
import { coreOf, type Database } from "../../src/embedded/database.ts";
import { openOn } from "../../src/embedded/open.ts";
import type { Listening } from "../../src/embedded/serving.ts";
import type { Session } from "../../src/engine/session.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import type { FsyncPolicy } from "../../src/persistence/log/log.ts";
import type { Arguments } from "../../src/protocol/arguments.ts";
import type { Canary } from "./canaries.ts";
import { SimulatedClient } from "./clients.ts";
import { type Expired, Model, stateOf } from "./model.ts";
import { Program } from "./program.ts";
import { Workload } from "./workload.ts";
import { Chance, type Death, goneBy, ProcessGone, World } from "./world.ts";

const DIRECTORY = "/data";
const LOG_DIRECTORY = `${DIRECTORY}/appendonlydir`;
const PORT = 6379;
const LIVES_MAX = 4;
const STEPS_MAX = 150;
const CLIENTS_MAX = 9;
/** In some lives so many clients come at once, and there are so many at most. */
const CROWD = 30;
const CROWD_MAX = 100;
/** With `everysec` nothing older than this may be lost, where syncs neither fail nor take long. */
const EVERYSEC_MS = 2500;

export interface Outcome {
  readonly seed: number;
  /** Changes with everything that happened. */
  readonly hash: number;
  readonly lives: number;
  readonly commands: number;
  readonly recoveries: number;
  readonly failure: Error | undefined;
  /** The last lines of what happened. */
  readonly trace: readonly string[];
}

/**
 * Runs the simulation that follows from the seed, with a bug planted in it or without. A strict one
 * compares the database and the reference after each request: slower, but nearer to the cause.
 */
export async function simulate(seed: number, canary?: Canary, isStrict = false): Promise<Outcome> {
  const simulation = new Simulation(seed, canary, isStrict);
  let failure: Error | undefined;
  try {
    await simulation.run();
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  } finally {
    simulation.dispose();
  }
  const { world, lives, commands, recoveries } = simulation;
  return { seed, hash: world.traceHash, lives, commands, recoveries, failure, trace: world.lines };
}

/** Lines of the trace that a report shows. */
const REPORT_LINES = 60;

/** What led to it, what is wrong, and the seed. */
export function describeFailure({ seed, failure, trace }: Outcome): string {
  // What was received is left out: what is missing or wrong is said by the failure itself.
  const told = trace.filter((line) => !line.includes(" ◀ "));
  const lines = told.slice(-REPORT_LINES).map((line) => line.slice(0, 200));
  const replay = `node scripts/run.js node test/simulation/main.ts --seed ${seed}`;
  return `${lines.join("\n")}\n${failure?.stack}\nseed ${seed}: ${replay}`;
}

class Simulation {
  readonly world: World;
  lives = 0;
  commands = 0;
  recoveries = 0;

  readonly #seed: number;
  readonly #chance: Chance;
  readonly #workload: Workload;
  readonly #canary: Canary | undefined;
  readonly #strict: boolean;
  readonly #fsync: FsyncPolicy;

  #database: Database | undefined;
  #model: Model | undefined;
  #clients: SimulatedClient[] = [];
  #program: Program | undefined;
  #clientCount = 0;
  #copies = 0;
  /** Syncs have failed or taken long in this life: `everysec` promises less. */
  #slowDisk = false;
  #failed: Error | undefined;
  #isCrowded = false;
  /** `appendfsync` is changed now and then. */
  readonly #isMoody: boolean;

  constructor(seed: number, canary: Canary | undefined, isStrict: boolean) {
    this.#seed = seed;
    this.#strict = isStrict;
    this.#chance = new Chance(seed);
    this.#fsync = this.#chance.of(["always", "always", "everysec", "no"] as const);
    this.#isMoody = this.#fsync !== "no" && this.#chance.oneIn(4);
    // With `no` a hole in the log counts as damage (docs/formats/log.md).
    this.world = new World(seed, this.#chance, this.#fsync === "no");
    this.#workload = new Workload(seed, this.#chance);
    this.#canary = canary;
    this.world.makeDirectory(DIRECTORY);
  }

  async run(): Promise<void> {
    this.world.trace(`seed ${this.#seed}, appendfsync ${this.#fsync}`);
    const lives = 2 + this.#chance.below(LIVES_MAX - 1);
    for (this.lives = 0; this.lives < lives; this.lives++) {
      this.#open();
      await this.#live();
    }
    this.#open();
    this.#database?.close();
  }

  /** Gives back what the process keeps of the databases. */
  dispose(): void {
    if (this.#database !== undefined) forgetOpened(this.#database);
    this.#model?.dispose();
  }

  // Opening

  /** Opens the database, in which the process may be stopped, and checks what it holds. */
  #open(): void {
    const { world } = this;
    for (let tries = 0; ; tries++) {
      if (tries < 3 && this.#chance.oneIn(3)) world.crashIn = 1 + this.#chance.below(12);
      world.trace("opening");
      try {
        this.#database = openOn(world, DIRECTORY, { seed: this.#seed, fsync: this.#fsync });
        world.crashIn = Number.POSITIVE_INFINITY;
        break;
      } catch (error) {
        if (goneBy(error) === undefined) throw error;
        this.#restart();
      }
    }
    this.#check(this.#database);
  }

  #check(database: Database): void {
    const { world } = this;
    const core = coreOf(database);
    core.keyspace.verify();
    const found = stateOf(database);
    const before = this.#model;
    if (before !== undefined) {
      const number = before.find(found, before.written, core.keyspace.now);
      world.trace(`state ${number} of ${before.state} recovered, promised ${before.written}`);
      this.recoveries++;
      before.dispose();
    } else assert.equal(found.size, 0, "a new database is empty");
    const copy = `/reference-${++this.#copies}`;
    this.#model = Model.of(world, this.#seed, LOG_DIRECTORY, copy);
    this.#model.check(database);
  }

  /** The process is gone; `written` becomes what must still be there. */
  #restart(): void {
    const death: Death = this.#chance.oneIn(2) ? "kill" : "power";
    const model = this.#model;
    if (model !== undefined && death === "power") {
      const promised = this.#fsync === "everysec" && !this.#slowDisk && !this.#isMoody;
      model.written = Math.max(model.synced, promised ? model.toldBefore(EVERYSEC_MS) : 0);
    }
    if (this.#database !== undefined) forgetOpened(this.#database);
    this.#database = undefined;
    this.#clients = [];
    this.world.restart(death);
  }

  // Living

  async #live(): Promise<void> {
    const { world } = this;
    const database = this.#database as Database;
    const model = this.#model as Model;
    this.#slowDisk = false;
    this.#failed = undefined;
    this.#isCrowded = this.#chance.oneIn(10);
    this.#quietDisk();
    this.#attach(database, model);
    this.#program = new Program(database, model, world, this.#chance, this.#workload);
    if (this.#chance.oneIn(3)) {
      for (const each of [database, model.database]) {
        each.call("CONFIG", "SET", "notify-keyspace-events", "KEg$lshx");
      }
    }
    if (this.#chance.oneIn(2)) this.#rewriteOften(database);
    const listening = await database.listen({ port: PORT });
    this.#canary?.plant(database, world, this.#chance);
    const mayCrash = this.#chance.below(3) > 0;
    if (mayCrash) world.crashIn = 1 + this.#chance.below(200);
    try {
      const steps = 1 + this.#chance.below(STEPS_MAX);
      for (let step = 0; step < steps; step++) {
        this.#act();
        this.#advance(this.#chance.below(4000) / 1000);
        if (step % 50 === 49) coreOf(database).keyspace.verify();
      }
      world.crashIn = Number.POSITIVE_INFINITY;
      if (mayCrash && this.#chance.oneIn(2)) throw new ProcessGone();
      this.#settle(database, model);
      this.#end(database, listening);
    } catch (error) {
      if (goneBy(error) === undefined) throw error;
      if (this.#failed !== undefined) throw this.#failed;
      this.#restart();
    }
  }

  /** The log is rewritten each time that it has grown by a little. */
  #rewriteOften(database: Database): void {
    this.world.trace("the log is rewritten often");
    const sizes = ["1", "500", "5000"];
    database.call("CONFIG", "SET", "auto-aof-rewrite-min-size", this.#chance.of(sizes));
    database.call("CONFIG", "SET", "auto-aof-rewrite-percentage", "10");
  }

  #act(): void {
    const chance = this.#chance;
    const { world } = this;
    switch (chance.below(16)) {
      case 0:
        for (let left = this.#isCrowded ? CROWD : 1; left > 0; left--) {
          if (this.#clients.length < (this.#isCrowded ? CROWD_MAX : CLIENTS_MAX)) this.#connect();
        }
        return;
      case 1:
      case 2:
        world.setTimer(0, () => this.#program?.step());
        return;
      case 3:
        this.#fault();
        return;
      case 4:
        if (this.#clients.length > 0 && chance.oneIn(2)) chance.of(this.#clients).misbehave();
        return;
      case 5:
        if (chance.oneIn(4)) this.#advance(chance.below(3000));
        else world.setTimer(0, () => this.#program?.tend(this.#isMoody));
        return;
      default:
        if (this.#clients.length === 0) this.#connect();
        chance.of(this.#clients).send(this.#workload.pipeline());
    }
  }

  #advance(milliseconds: number): void {
    this.world.advance(milliseconds);
    if (this.#failed !== undefined) throw this.#failed;
    this.#clients = this.#clients.filter((client) => client.isOpen);
  }

  #connect(): void {
    const name = `c${++this.#clientCount}`;
    this.world.trace(`${name} connects`);
    const client = new SimulatedClient(this.world, this.#chance, PORT, name, (who, part) =>
      this.#sent(who, part),
    );
    this.#clients.push(client);
    this.#byPort.set(client.socket.localPort, client);
    if (this.#chance.oneIn(3)) client.send([["HELLO", "3"]]);
  }

  #fault(): void {
    const { world } = this;
    switch (this.#chance.below(6)) {
      case 0:
        world.trace("the disk is nearly full");
        // With nothing left, some file systems cannot even write over what is there.
        world.capacityBytes = world.usedBytes + this.#chance.below(3000) - 1000;
        break;
      case 1:
        // With `no` a failed sync is not repaired.
        if (this.#fsync === "no") break;
        world.failSync(1 + this.#chance.below(3), "EIO");
        this.#slowDisk = true;
        break;
      case 2:
        world.failWrite(1 + this.#chance.below(5), "EIO");
        break;
      case 3:
        world.syncDelayMsMax = this.#chance.of([0.1, 3, 50, 1500]);
        if (world.syncDelayMsMax > 1000) this.#slowDisk = true;
        break;
      case 4:
        world.syncTakesMsMax = this.#chance.of([0, 0, 0.3, 20]);
        break;
      default:
        world.capacityBytes = Number.POSITIVE_INFINITY;
    }
  }

  #quietDisk(): void {
    this.world.capacityBytes = Number.POSITIVE_INFINITY;
    this.world.failSync(Number.POSITIVE_INFINITY, "EIO");
    this.world.failWrite(Number.POSITIVE_INFINITY, "EIO");
    this.world.syncDelayMsMax = this.#chance.of([0.1, 3]);
    this.world.syncTakesMsMax = this.#chance.of([0, 0.3]);
    this.world.workTakesMsMax = this.#chance.of([0, 0, 0.02, 1]);
  }

  // Listening to what the server does

  readonly #byPort = new Map<number, SimulatedClient>();
  readonly #bySession = new Map<Session, SimulatedClient>();

  /** The model follows whatever the server executes. */
  #attach(database: Database, model: Model): void {
    const { executor, services, keyspace } = coreOf(database);
    keyspace.members.expiredAtOnce = 1;
    const execute = executor.execute.bind(executor);
    executor.execute = (session: Session, args: Arguments) => {
      if (session.link === undefined) return execute(session, args);
      const words = Array.from({ length: args.count }, (_, i) => args.copy(i));
      this.#follow(() => this.#clientOf(session).executed(words.map(textOf)));
      model.refusal = services.writesRefused();
      model.diskFailure = services.diskFailure();
      this.#follow(() => model.catchUpAll());
      try {
        execute(session, args);
      } finally {
        this.commands++;
        this.#follow(() => model.execute(session, words, keyspace.now));
        if (this.#strict) this.#follow(() => model.check(database));
      }
    };
    const expireDue = executor.expireDue.bind(executor);
    executor.expireDue = (budget: number) => {
      const gone: Expired[] = [];
      const fields: Uint8Array[] = [];
      const { listener, records } = keyspace;
      const keyOf = (entry: number): Uint8Array => {
        records.key(entry);
        return records.bytes.slice(records.start, records.end);
      };
      keyspace.expire = (db: number, entry: number) => {
        gone.push({ db, key: keyOf(entry) });
        Keyspace.prototype.expire.call(keyspace, db, entry);
      };
      keyspace.listener = {
        expired: (db, bytes, start, end) => listener.expired(db, bytes, start, end),
        memberExpired: (db, entry, record) => {
          fields.push(keyOf(record));
          listener.memberExpired(db, entry, record);
        },
        membersExpired: (db, entry, isEmpty) => {
          gone.push({ db, key: keyOf(entry), fields: fields.splice(0) });
          listener.membersExpired(db, entry, isEmpty);
        },
        allExpired: (db, entry) => {
          gone.push({ db, key: keyOf(entry), fields: "all" });
          listener.allExpired(db, entry);
        },
      };
      const count = expireDue(budget);
      keyspace.expire = Keyspace.prototype.expire;
      keyspace.listener = listener;
      if (count > 0) this.#follow(() => model.expire(gone, keyspace.now));
      return count;
    };
    const forget = executor.forget.bind(executor);
    executor.forget = (session: Session) => {
      forget(session);
      this.#follow(() => model.forget(session));
    };
  }

  /** What the model finds wrong inside the server's turn ends the run, not the server's turn. */
  #follow(work: () => void): void {
    if (this.#failed !== undefined) return;
    try {
      work();
    } catch (error) {
      this.#failed = error as Error;
    }
  }

  #clientOf(session: Session): SimulatedClient {
    let client = this.#bySession.get(session);
    if (client === undefined) {
      const port = Number(session.link?.address.split(":")[1]);
      client = this.#byPort.get(port) as SimulatedClient;
      this.#bySession.set(session, client);
      this.#sessions.set(client, session);
    }
    return client;
  }

  readonly #sessions = new Map<SimulatedClient, Session>();

  /** The server has handed bytes to a client's connection. */
  #sent(client: SimulatedClient, part: Uint8Array): void {
    this.#follow(() => {
      const model = this.#model as Model;
      const session = this.#sessions.get(client);
      assert.ok(session !== undefined, `${client.name} is sent something that it did not ask for`);
      const mirror = model.mirror(session);
      const { stream } = mirror;
      if (session.waiting === null) model.catchUp(mirror);
      const { log } = coreOf(this.#database as Database).engine;
      // What is sent to a slow reader may have been ready under another policy.
      const isSynced = this.#fsync === "always" && !this.#isMoody;
      const isRight = stream.take(part, (state, made) => {
        // While the log cannot be written, reads are answered with what may not last.
        if (made || log?.failure === null) model.told(state, isSynced);
      });
      if (isRight) return;
      assert.fail(
        `${client.name} was sent\n  ${JSON.stringify(textOf(part).slice(0, 300))}\nand not\n  ` +
          JSON.stringify(textOf(stream.rest).slice(0, 300)),
      );
    });
  }

  // Ends

  /** Faults end, everybody reads: then every request has been executed, every reply has come. */
  #settle(database: Database, model: Model): void {
    const { world } = this;
    this.#quietDisk();
    for (const client of this.#clients) client.socket.resume();
    // Longer than anybody waits, and long enough for the log to be written again.
    for (let seconds = 0; seconds < 12; seconds++) this.#advance(1000);
    coreOf(database).keyspace.verify();
    model.check(database);
    for (const client of this.#clients) {
      const session = this.#sessions.get(client);
      if (session === undefined) {
        assert.equal(client.asked.length, 0, `${client.name} was never served`);
        continue;
      }
      if (session.waiting === null && !session.closing) {
        assert.equal(client.asked.length, 0, `${client.name}'s requests are not executed`);
      }
      const { rest } = model.mirror(session).stream;
      assert.equal(textOf(rest).slice(0, 200), "", `${client.name} still misses`);
    }
    const { log } = coreOf(database).engine;
    assert.equal(log?.failure, null, "the log can be written again");
    world.trace("all is quiet");
  }

  #end(database: Database, listening: Listening): void {
    const { world } = this;
    const model = this.#model as Model;
    if (this.#chance.oneIn(2)) throw new ProcessGone();
    world.trace("closing");
    if (this.#chance.oneIn(2)) world.crashIn = 1 + this.#chance.below(6);
    if (this.#chance.oneIn(2)) listening.close();
    database.close();
    world.crashIn = Number.POSITIVE_INFINITY;
    // Closing has synced everything.
    model.told(model.state, true);
    this.#restart();
  }
}

/** The process that had the database open is gone. */
function forgetOpened(database: Database): void {
  coreOf(database).onClosed?.();
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
