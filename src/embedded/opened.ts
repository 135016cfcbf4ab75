// Which directories are open in this process, and what becomes of them when it ends.
//
// One directory is one database in a process, and a process may hold this module several times: a
// development server loads it anew, a test runner forgets its modules, node_modules has two
// versions of it. So the list stands under a symbol that every copy knows, and its entries are
// called rather than looked into:
//
//   globalThis[Symbol.for("tskeydb.opened")]  Map: absolute path ─▶ Opened { version, share() }
//
// A copy hands its database to others of the same release line (major and minor version), whose
// programs expect the same of it; other versions are refused, and told so. Other threads have
// globals of their own, as have contexts of node:vm: there the lock of the directory says no.
//
// The end of a process: `exit` handlers run in the order in which they were registered, and those
// of the program may use the database. The first of ours therefore comes before them: what is
// pending is written, a transaction that is open has never been, and from there on each write is
// handed to the system at once, since no later turn will do it. The second closes what is open,
// unless handlers of the program's follow: then everything is synced and left open for them, and
// the directory's lock goes with the process.

import { messageOf } from "../base/realms.ts";
import { version } from "../engine/version.ts";
import { DirectoryLocked, type Platform } from "../platform/platform.ts";
import type { Core } from "./core.ts";

/** A directory that is open, as all copies of this module see it. Never to be changed. */
interface Opened {
  readonly version: string;
  /** The open database, to be closed once more; throws where `options` do not fit. */
  share(options: unknown): unknown;
}

const REGISTRY = Symbol.for("tskeydb.opened");

const holder = globalThis as { [REGISTRY]?: Map<string, Opened> };
holder[REGISTRY] ??= new Map();
const opened: Map<string, Opened> = holder[REGISTRY];

/** The cores of the directories that this copy has opened. */
const cores: Set<Core> = new Set();
let forgetExit: (() => void) | undefined;
let exiting = false;

/** The database that is open in a directory (an absolute path), shared, or undefined. */
export function sharedAt(path: string, platform: Platform, options: unknown): unknown {
  const known = opened.get(path);
  if (known === undefined) return undefined;
  if (lineOf(known.version) !== lineOf(version)) {
    throw new DirectoryLocked(
      path,
      platform.pid,
      `another copy of tskeydb in this process, version ${known.version}, and this is ` +
        `${version}: a program needs one of them (npm ls tskeydb)`,
    );
  }
  return known.share(options);
}

function lineOf(of: string): string {
  return of.split(".", 2).join(".");
}

/** Enters a directory that was opened, until its last close. */
export function enter(core: Core, platform: Platform, key: string, share: Opened["share"]): void {
  opened.set(key, { version, share });
  cores.add(core);
  core.isExiting = exiting || platform.isExiting;
  core.onClosed = () => {
    opened.delete(key);
    cores.delete(core);
    if (cores.size > 0) return;
    forgetExit?.();
    forgetExit = undefined;
  };
  forgetExit ??= platform.onExit({
    begun: () => {
      exiting = true;
      forEach(platform, (each) => each.beginExit());
    },
    ending: (othersFollow) => {
      forEach(platform, (each) => (othersFollow ? each.sync() : each.end()));
    },
  });
}

function forEach(platform: Platform, act: (core: Core) => void): void {
  for (const core of [...cores]) {
    try {
      act(core);
    } catch (error) {
      platform.printError(`tskeydb: ${messageOf(error)}\n`);
    }
  }
}
