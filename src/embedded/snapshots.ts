// A promise of a snapshot in a file (Database.snapshot). The thread that opened the database takes
// it, also where another one asks.

import { DatabaseError } from "../base/database-error.ts";
import type { Database as Engine } from "../database.ts";
import { absolutePath } from "../platform/text-files.ts";

export interface SnapshotOptions {
  /** Called now and then while it is written: how many keys are, and how many there are. */
  readonly progress?: (written: number, keys: number) => void;
}

export const snapshotOptionNames: ReadonlySet<string> = new Set<keyof SnapshotOptions>([
  "progress",
]);

/** Settles when the snapshot is in its place; what `progress` throws, it rejects with then. */
export async function takeSnapshot(
  engine: Engine,
  path: string,
  progress: (written: number, keys: number) => void,
): Promise<void> {
  const { platform, log } = engine;
  const target = absolutePath(platform, path);
  if (log !== null && directoryOf(target) === directoryOf(log.path)) {
    throw new DatabaseError("SNAPSHOT", `${path} is a place among the log's own files`);
  }
  const letGo = platform.stayAwake();
  const thrown: unknown[] = [];
  const tell = (written: number, keys: number): void => {
    try {
      progress(written, keys);
    } catch (error) {
      thrown.push(error);
    }
  };
  try {
    const failure = await new Promise<string | undefined>((resolve) => {
      engine.snapshot(target, tell, resolve);
    });
    if (failure !== undefined) {
      throw new DatabaseError("SNAPSHOT", `there is no snapshot in ${path}: ${failure}`);
    }
  } finally {
    letGo();
  }
  if (thrown.length > 0) throw thrown[0];
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
