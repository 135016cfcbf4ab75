// A database that several threads use: how it is handed over, and how a thread attaches to it.
//
//   owner    db.share() ─▶ handle ─▶ postMessage, workerData ─▶ open(handle)      guest
//            open("./data") ─▶ environment data ─▶ open("./data")
//
// A directory's handle is advertised to the workers that are started while it is open; the first of
// them makes the database shared, and until then nobody takes a lock. In a thread, one object
// stands for a database, however often it is opened there.

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

/** The directories that this thread has open, as workers are told of them. */
const told: Map<string, SharedDatabase> = new Map();
/** Those that the thread which started this one had told it of. */
let heard: readonly SharedDatabase[] | undefined;

/**
 * Workers that this thread starts from now on find the database by its path. The first of them
 * makes it shared, before it can attach.
 */
export function advertise(core: Core): void {
  const { engine, path } = core;
  const { platform, memory } = engine;
  // A worker that is started now is known in a moment only: it may not have been told of segments
  // that were added since, in this turn of the event loop.
  let recent = new Set<number>();
  const tell = (): void => {
    told.set(path, engine.handle(path));
    tellAll(platform);
  };
  memory.onSegment = (segment) => {
    if (recent.size === 0)
      platform.afterTurn(() => {
        recent = new Set();
      });
    recent.add(segment);
    tell();
  };
  const forget = platform.onWorker((worker) => {
    if (engine.member !== null) return;
    core.share((segment) => !recent.has(segment));
    engine.follow(worker);
    memory.onSegment = undefined;
    tell();
  });
  core.onClosing = () => {
    forget();
    told.delete(path);
    tellAll(platform);
  };
  tell();
}

/** Workers hear of what this thread has open, and of what it has heard of itself. */
function tellAll(platform: Platform): void {
  platform.tellWorkers(TOLD, [...toldToUs(platform), ...told.values()]);
}

function toldToUs(platform: Platform): readonly SharedDatabase[] {
  heard ??= (platform.toldByParent(TOLD) as readonly SharedDatabase[] | undefined) ?? [];
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
