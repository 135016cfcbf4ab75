// An I/O thread: a worker with connections of its own, which serves them on the database that the
// thread that started it has open (io-threads.ts). It is started as a module, and does what it is
// told by messages.

import type { DatabaseError } from "../base/database-error.ts";
import { describe } from "../base/realms.ts";
import { attachTo } from "../host/attaching.ts";
import { Configuration, type ConfigurationContents } from "../host/configuration.ts";
import { type PlatformError, thisPlatform } from "../platform/index.ts";
import type { SharedDatabase } from "../threads/handle.ts";
import { renameCommands } from "./renaming.ts";
import { Server } from "./server.ts";
import { FiguresWriter, type SharedFigures } from "./thread-figures.ts";
import { ThreadWord, threadWord } from "./thread-words.ts";

/** What an I/O thread is started with. */
export interface IoThreadOrder {
  readonly number: number;
  readonly database: SharedDatabase;
  readonly configuration: ConfigurationContents;
  readonly figures: SharedFigures;
  /** See thread-words.ts. */
  readonly words: Int32Array;
}

/** What it is told. */
export type Told =
  | { readonly kind: "listen"; readonly id: number; readonly host: string; readonly port: number }
  | { readonly kind: "unlisten"; readonly id: number }
  /** `isLast`: the database ends, too. */
  | { readonly kind: "stop"; readonly isLast: boolean };

/** What it says. */
export type Said =
  | { readonly kind: "ready" }
  | { readonly kind: "listening"; readonly id: number; readonly port: number }
  | { readonly kind: "refused"; readonly id: number; readonly code: string; readonly text: string }
  | { readonly kind: "damaged"; readonly text: string }
  | { readonly kind: "browser"; readonly address: string }
  | { readonly kind: "message"; readonly text: string }
  | {
      readonly kind: "cutOff";
      readonly address: string;
      readonly text: string;
      readonly limit: string;
    };

/** Connections whose clients do not read what they have been sent are waited for so long. */
const LAST_REPLIES_MS = 1000;
const LOOK_MS = 5;

const platform = thisPlatform();
const parent = platform.parentThread();
serve(parent.data as IoThreadOrder);

function serve(order: IoThreadOrder): void {
  const say = (said: Said): void => parent.post(said);
  const ownWord = threadWord(order.number, ThreadWord.thread);
  Atomics.store(order.words, ownWord, platform.threadNumber());
  const configuration = Configuration.of(order.configuration);
  const { database, services } = attachTo(platform, order.database, configuration);
  renameCommands(database, configuration);
  const server = new Server(database, services, configuration);
  const { member } = database;
  const figures = new FiguresWriter(order.figures, order.number, server);
  server.outbox.onTurn = () => figures.write();
  server.onSecond = () => figures.writeAll();
  if (member !== null) {
    member.onReport = () => {
      figures.writeAll();
      database.scripting.report();
    };
  }
  database.onDamaged.push(({ cause }) => say({ kind: "damaged", text: describe(cause) }));
  services.onMessage = (text) => say({ kind: "message", text });
  services.onBrowser = (address) => say({ kind: "browser", address });
  server.onCutOff = (address, error, limit) =>
    say({ kind: "cutOff", address, text: error.message, limit });

  const listeners = new Map<number, { close(): void }>();
  const listen = async (id: number, host: string, port: number): Promise<void> => {
    try {
      const listener = await server.listen(host, port, true);
      listeners.set(id, listener);
      say({ kind: "listening", id, port: listener.port });
    } catch (error) {
      const { code, message } = error as PlatformError | DatabaseError;
      say({ kind: "refused", id, code, text: message });
    }
  };
  const stop = (isLast: boolean): void => {
    database.endsForAll = isLast;
    server.stop();
    server.forgetClients();
    try {
      database.close();
      server.sendLast();
    } finally {
      figures.writeAll();
      endOnceSent(server);
    }
  };
  const done = (): void => {
    const word = threadWord(order.number, ThreadWord.done);
    Atomics.add(order.words, word, 1);
    Atomics.notify(order.words, word);
  };
  parent.onMessage((message) => {
    const told = message as Told;
    if (told.kind === "listen") return void listen(told.id, told.host, told.port);
    try {
      if (told.kind === "stop") stop(told.isLast);
      else listeners.get(told.id)?.close();
    } finally {
      done();
    }
  });
  say({ kind: "ready" });
}

/** Ends the thread when what was sent last has left. */
function endOnceSent(server: Server): void {
  const untilMs = platform.monotonicMs() + LAST_REPLIES_MS;
  platform.every(LOOK_MS, () => {
    const isSent = server.connections.all.size === 0;
    if (isSent || platform.monotonicMs() > untilMs) platform.exit(0);
  });
}
