// A database that several threads use: how it is handed over, and how a thread attaches to it.
//
//   owner    db.share() ─▶ handle ─▶ postMessage, workerData ─▶ open(handle)      guest
//            open("./data") ─▶ environment data ─▶ open("./data")
//
// A directory is advertised to the workers that are started while it is open. The first of them
// makes the database shared, and until then nobody takes a lock: what workers are told is a getter,
// which is called when `new Worker()` clones it. In a thread, one object stands for a database,
// however often it is opened there.

import { DatabaseError } from "../base/database-error.ts";
import { attachTo, checkVersion } from "../host/attaching.ts";
import { Configuration } from "../host/configuration.ts";
import type { Platform } from "../platform/platform.ts";
import { ControlWord, State } from "../threads/control.ts";
import type { SharedDatabase } from "../threads/handle.ts";
import { Core } from "./core.ts";

/** A thread waits so long for the one that started it to share a database. */
const ANSWER_MS = 5000;
/** Under this name a worker finds the databases that were open when it was started. */
const TOLD = "tskeydb.databases";

/** What a thread tells the workers that it starts. */
interface Told {
  /** The number of the thread that tells it; another copy of this module there may read it. */
  readonly thread: number;
  /** What it had been told itself. */
  readonly heard: readonly SharedDatabase[];
  /** The directories that it has open. */
  readonly opened: readonly SharedDatabase[];
}

/** The directories that this thread has open. A platform that is gone keeps none of them. */
const advertised: WeakMap<Platform, Set<Core>> = new WeakMap();
let heard: readonly SharedDatabase[] | undefined;

/** Workers that this thread starts from now on find the database by its path. */
export function advertise(core: Core): void {
  if (!core.clockIsReal) return;
  const { engine } = core;
  const { platform } = engine;
  const open = advertised.get(platform) ?? new Set();
  advertised.set(platform, open.add(core));
  const forget = platform.onWorker((worker) => {
    if (engine.member !== null) return;
    share(core);
    engine.follow(worker);
  });
  core.onClosing = () => {
    forget();
    open.delete(core);
    tell(platform);
  };
  tell(platform);
}

/** What other threads attach by; see Database.share and Engine.share. */
export function share(core: Core): SharedDatabase {
  core.check();
  if (!core.clockIsReal) {
    throw new DatabaseError(
      "OPTIONS",
      "a database with a clock of the program's cannot be shared: its function is in this thread",
    );
  }
  if (core.member === null && core.inTransaction) {
    throw new DatabaseError(
      "TRANSACTION",
      "a database cannot be shared for the first time inside a transaction: share it before",
    );
  }
  const { onShared } = core;
  const handle = core.engine.share(core.path);
  core.onShared = undefined;
  onShared?.(handle);
  return handle;
}

function tell(platform: Platform): void {
  const told: Told = {
    thread: platform.workerNumber(),
    heard: toldToUs(platform),
    get opened() {
      return Array.from(advertised.get(platform) ?? [], handleOf);
    },
  };
  platform.tellWorkers(TOLD, told);
}

/** Of one while a worker is being started; what is in a transaction is shared a moment later. */
function handleOf(core: Core): SharedDatabase {
  return core.inTransaction ? core.engine.handle(core.path) : share(core);
}

function toldToUs(platform: Platform): readonly SharedDatabase[] {
  if (heard === undefined) {
    const told = platform.toldByParent(TOLD) as Told | undefined;
    const isOurs = told?.thread === platform.workerNumber();
    if (told === undefined) heard = [];
    else heard = isOurs ? told.heard : [...told.heard, ...told.opened];
  }
  return heard;
}

/** The database that is open at a path in the thread that started this one, or in one of its. */
export function toldOf(platform: Platform, path: string): SharedDatabase | undefined {
  const handle = toldToUs(platform).find((each) => each.path === path);
  const state = handle?.control[ControlWord.state];
  return state === State.closed || state === State.damaged ? undefined : handle;
}

/** A worker that is just being started attaches as soon as its parent knows of it. */
function awaitSharing(platform: Platform, { control, path }: SharedDatabase): void {
  const untilMs = platform.monotonicMs() + ANSWER_MS;
  for (;;) {
    const state = Atomics.load(control, ControlWord.state);
    if (state !== State.alone && state !== State.preparing) return;
    const leftMs = untilMs - platform.monotonicMs();
    if (leftMs > 0) Atomics.wait(control, ControlWord.state, state, leftMs);
    else {
      throw new DatabaseError(
        "THREAD",
        `the thread that has ${path || "the database"} open has been busy since it started this ` +
          "one, and has not shared it yet: call db.share() there before new Worker()",
      );
    }
  }
}

/** The core of a database in another thread, for this one. */
export function attach(platform: Platform, handle: SharedDatabase): Core {
  checkVersion(handle);
  awaitSharing(platform, handle);
  const { path, databases } = handle;
  const configuration = new Configuration();
  configuration.put("databases", databases);
  configuration.put("appendonly", path !== "");
  if (path !== "") configuration.put("dir", path);
  const { database, services } = attachTo(platform, handle, configuration);
  return new Core(database, services, path, true);
}
