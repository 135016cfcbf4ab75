// Where the data of a directory lie: under the names that are given (appenddirname, appendfilename,
// dbfilename) or those of the defaults. Where there is nothing under these, and none was given,
// what lies there says the names; where that could be several things, somebody has to.

import { Configuration } from "../host/configuration.ts";
import { LogPlace } from "../persistence/log/log-place.ts";
import type { Platform } from "../platform/platform.ts";
import { ToolRefusal, type ToolWords } from "./tools.ts";

/** Names that were given; without one, those of the defaults, or what is found. */
export interface FileNames {
  readonly appenddirname?: string | undefined;
  readonly appendfilename?: string | undefined;
  readonly dbfilename?: string | undefined;
}

/** The options that say under which names the data of a directory lie. */
export const NAME_OPTIONS: readonly string[] = [
  "--appenddirname",
  "--appendfilename",
  "--dbfilename",
];
/** And what --help says of them. */
export const NAMES_HELP: string = `  --appenddirname, --appendfilename, --dbfilename <name>
                     what the log's directory, its files and the snapshot are called, where that is
                     neither as the defaults say nor to be seen from what lies there
`;

const initial = new Configuration();

/** The names that a configuration has, but for those of the defaults. */
export function namesIn(configuration: Configuration): FileNames {
  const said = (name: keyof FileNames): string | undefined => {
    const value = configuration.get(name);
    return value === initial.get(name) ? undefined : value;
  };
  return {
    appenddirname: said("appenddirname"),
    appendfilename: said("appendfilename"),
    dbfilename: said("dbfilename"),
  };
}

/** The names that NAME_OPTIONS give. */
export function namesOf({ options }: ToolWords): FileNames {
  return {
    appenddirname: options.get("--appenddirname"),
    appendfilename: options.get("--appendfilename"),
    dbfilename: options.get("--dbfilename"),
  };
}

const MANIFEST = ".manifest";

/** The data of a directory: a log, the log as one file of old, a snapshot, or several of these. */
export class DataPlace {
  readonly directory: string;
  readonly log: LogPlace;
  readonly dumpName: string;
  readonly hasLog: boolean;
  /** Whether the log is one file, as Redis before 7 kept it. */
  readonly hasSingle: boolean;
  readonly hasDump: boolean;

  constructor(platform: Platform, directory: string, names: FileNames) {
    const { appenddirname, appendfilename, dbfilename = initial.get("dbfilename") } = names;
    this.directory = directory;
    this.log = new LogPlace(directory, appenddirname, appendfilename);
    this.dumpName = dbfilename;
    // Files that a manifest should name are a log without one.
    this.hasLog = platform.exists(this.log.manifestPath) || this.log.dataFiles(platform).length > 0;
    this.hasSingle = !this.hasLog && platform.exists(this.log.singleFilePath);
    this.hasDump = platform.exists(this.dumpPath);
  }

  get dumpPath(): string {
    return `${this.directory}/${this.dumpName}`;
  }

  get isEmpty(): boolean {
    return !this.hasLog && !this.hasSingle && !this.hasDump;
  }
}

/** Where the data of a directory lie. Throws ToolRefusal where there are none, or that is open. */
export function dataPlaceAt(platform: Platform, directory: string, names: FileNames): DataPlace {
  const kind = platform.kindOf(directory);
  if (kind === "nothing") throw new ToolRefusal(`${directory}: no such file or directory`);
  if (kind !== "directory") throw new ToolRefusal(`${directory} is not a directory`);
  const place = new DataPlace(platform, directory, names);
  if (!place.isEmpty) return place;
  const isNamed = Object.values(names).some((name) => name !== undefined);
  const found = isNamed ? {} : namesFound(platform, directory);
  const other = new DataPlace(platform, directory, found);
  if (!other.isEmpty) return other;
  const log = `${place.log.directoryName}/${place.log.fileName}${MANIFEST}`;
  throw new ToolRefusal(
    `${directory} holds no data: there is no ${log}, no ${place.log.fileName} and no ` +
      place.dumpName,
  );
}

/** The names under which there is data. Throws ToolRefusal where it could be one or another. */
function namesFound(platform: Platform, directory: string): FileNames {
  const inside = platform.list(directory).filter((name) => !name.startsWith("temp-"));
  const kindOf = (name: string) => platform.kindOf(`${directory}/${name}`);
  const logs = inside
    .filter((name) => kindOf(name) === "directory")
    .flatMap((appenddirname) =>
      platform
        .list(`${directory}/${appenddirname}`)
        .filter((name) => name.endsWith(MANIFEST) && !name.startsWith("temp-"))
        .map((name) => ({ appenddirname, appendfilename: name.slice(0, -MANIFEST.length) })),
    );
  const files = inside.filter((name) => kindOf(name) === "file");
  const singles = files.filter((name) => name.endsWith(".aof"));
  const dumps = files.filter((name) => name.endsWith(".rdb"));
  const logNames = logs.map((log) => `${log.appenddirname}/${log.appendfilename}${MANIFEST}`);
  for (const several of [logNames, singles, dumps]) {
    if (several.length < 2) continue;
    throw new ToolRefusal(
      `${directory} may hold its data in ${several.join(" or in ")}: say which by ` +
        "--appenddirname and --appendfilename, or --dbfilename",
    );
  }
  if (logs.length > 0) return { ...logs[0], dbfilename: dumps[0] };
  return { appendfilename: singles[0], dbfilename: dumps[0] };
}

/** What a directory has to be served with, where its names are not those of the defaults; or "". */
export function flagsOf({ log, dumpName, hasLog, hasSingle, hasDump }: DataPlace): string {
  const flags: string[] = [];
  if (hasLog && log.directoryName !== initial.get("appenddirname")) {
    flags.push(`--appenddirname ${log.directoryName}`);
  }
  if ((hasLog || hasSingle) && log.fileName !== initial.get("appendfilename")) {
    flags.push(`--appendfilename ${log.fileName}`);
  }
  if (hasDump && dumpName !== initial.get("dbfilename")) flags.push(`--dbfilename ${dumpName}`);
  return flags.join(" ");
}
