// The data that durability is measured on, each set as an RDB file that redis-server wrote. Every
// contender starts from the same file, as the base of a log in a directory of its own.

import { linkSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Filling, fill, NUMBER, withClient } from "./client.ts";
import { type Contender, removeDirectory, serve, temporaryDirectory } from "./process.ts";

const VALUE = "xxxxxxxxxxxxxxxx";
const FIELDS_A_COMMAND = 20;
const LOG = "appendonly.aof";

export interface DataSet {
  readonly name: string;
  /** What it is, of so many keys or elements. */
  readonly about: string;
  readonly fillings: (keys: number) => Filling[];
  /** What is written to it while it is measured; each command is answered by one line. */
  readonly writes: readonly (readonly string[])[];
}

function together(command: readonly string[], part: readonly string[], keys: number): Filling {
  const parts = Array.from({ length: FIELDS_A_COMMAND }, () => part).flat();
  return { record: [[...command, ...parts]], count: Math.ceil(keys / FIELDS_A_COMMAND) };
}

export const DATA_SETS: readonly DataSet[] = [
  {
    name: "small",
    about: "small keys",
    fillings: (keys) => [{ record: [["SET", `key:${NUMBER}`, VALUE]], count: keys }],
    writes: [["SET", `key:${NUMBER}`, VALUE]],
  },
  {
    name: "large",
    about: "elements, in one hash and in one list",
    fillings: (keys) => [
      together(["HSET", "hash"], [`field:${NUMBER}`, VALUE], keys),
      together(["RPUSH", "list"], [`item:${NUMBER}`], keys),
    ],
    writes: [
      ["HSET", "hash", `field:${NUMBER}`, VALUE],
      ["RPUSH", "list", `item:${NUMBER}`],
      ["HSET", "hash", `field:${NUMBER}`, VALUE],
      ["LTRIM", "list", "1", "-1"],
    ],
  },
];

export interface DataFile {
  readonly path: string;
  readonly bytes: number;
  remove(): void;
}

/** Has a server write a data set to a file. */
export async function writeDataFile(
  writer: Contender,
  set: DataSet,
  keys: number,
): Promise<DataFile> {
  const directory = temporaryDirectory();
  const server = await serve(writer, { directory });
  try {
    for (const filling of set.fillings(keys)) await fill(server.port, filling);
    await withClient(server.port, (client) => client.call("SAVE"));
  } finally {
    await server.stop();
  }
  const path = join(directory, "dump.rdb");
  return { path, bytes: statSync(path).size, remove: () => removeDirectory(directory) };
}

/** A data directory whose log has the file as its base, and nothing else. */
export function directoryOf(file: DataFile): string {
  const directory = temporaryDirectory();
  const folder = join(directory, "appendonlydir");
  mkdirSync(folder);
  // No server changes a base: what replaces it is another file.
  linkSync(file.path, join(folder, `${LOG}.1.base.rdb`));
  writeFileSync(join(folder, `${LOG}.1.incr.aof`), "");
  const line = (name: string, type: string) => `file ${LOG}.1.${name} seq 1 type ${type}\n`;
  writeFileSync(join(folder, `${LOG}.manifest`), line("base.rdb", "b") + line("incr.aof", "i"));
  return directory;
}
