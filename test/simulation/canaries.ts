// Canaries: bugs that are planted on purpose, each of a kind that there has been or that there must
// never be. The simulation has to find every one of them, and does so within a few seeds; one that
// it did not find would be worth more than all seeds that find nothing.

import { coreOf, type Database } from "../../src/embedded/database.ts";
import { Batch } from "../../src/server/batch.ts";
import type { Outbox, ReplyGate } from "../../src/server/outbox.ts";
import type { Outlet } from "../../src/server/outlet.ts";
import type { Server } from "../../src/server/server.ts";
import type { Chance, World } from "./world.ts";

export interface Canary {
  readonly name: string;
  /** Plants the bug in a database that has begun to listen. */
  plant(database: Database, world: World, chance: Chance): void;
}

/** The fields of a batch that the canary needs, which nobody else may see. */
interface Links {
  outlets: Outlet[];
  lasts: Int32Array;
  nexts: Int32Array;
  ranges: number;
  starts: Int32Array;
}

function outboxOf(database: Database): Outbox {
  return (coreOf(database).services.network.servers[0] as Server).outbox;
}

export const CANARIES: readonly Canary[] = [
  {
    name: "the link to a range is written into an array that has been replaced",
    plant(database) {
      const outbox = outboxOf(database) as unknown as { batch: Batch };
      const { add } = Batch.prototype;
      outbox.batch.add = function (this: Batch, outlet, start, end, inAsides) {
        const links = this as unknown as Links;
        const last = outlet.batch === this ? (links.lasts[outlet.slot] as number) : -1;
        const isFull = links.ranges === links.starts.length;
        add.call(this, outlet, start, end, inAsides);
        if (isFull && last >= 0) links.nexts[last] = -1;
      };
    },
  },
  {
    name: "a sync says that it has been done, and has not",
    plant(_database, world) {
      world.lyingSyncs = true;
    },
  },
  {
    name: "replies leave before their batch is written",
    plant(database, world) {
      const { log } = coreOf(database).engine;
      const gate: ReplyGate = {
        commit() {
          world.afterTurn(() => log?.commit());
          return 0;
        },
        acknowledgedThrough: 0,
        failure: null,
        hasAppended: false,
        isBlocking: false,
        hurry: () => {},
      };
      outboxOf(database).gate = gate;
    },
  },
  {
    name: "the effect of a write does not reach the log",
    plant(database, _world, chance) {
      const { effects } = coreOf(database).context;
      const request = effects.request.bind(effects);
      effects.request = (db, args) => {
        if (!chance.oneIn(20)) request(db, args);
      };
    },
  },
  {
    name: "the effects of a transaction that is given up reach the log",
    plant(database) {
      coreOf(database).context.effects.truncate = () => {};
    },
  },
  {
    name: "a message is sent twice",
    plant(database, _world, chance) {
      const outbox = outboxOf(database);
      const give = outbox.give.bind(outbox);
      outbox.give = (outlet, place, length) => {
        give(outlet, place, length);
        if (chance.oneIn(30)) give(outlet, place, length);
      };
    },
  },
  {
    name: "WATCH does not see that a key was changed",
    plant(database) {
      coreOf(database).keyspace.watched.touch = () => {};
    },
  },
  {
    name: "a client that waits is passed over",
    plant(database, _world, chance) {
      const { waiters } = coreOf(database).executor;
      const { blocking } = coreOf(database).context;
      const serveReady = waiters.serveReady.bind(waiters);
      waiters.serveReady = () => {
        if (chance.oneIn(3)) while (blocking.pending) blocking.takeReady();
        else serveReady();
      };
    },
  },
];
