// The command line: `tskeydb [configuration file] [--directive value …]` serves; other words look
// at data without serving it. What is not needed is not loaded.

import { version } from "../engine/version.ts";
import type { Platform } from "../platform/platform.ts";

const USAGE = `usage: tskeydb [configuration file | -] [--directive value ...]   serve a data directory
       tskeydb import <file or directory> [--replace] [--dir directory]   add data to one
       tskeydb import <file or directory> --into <host:port>      give it to a server that runs
       tskeydb export <file.rdb | file.jsonl> [--dir directory]   write what one holds
       tskeydb check <directory or file>                          examine one, or an RDB file
       tskeydb repair <directory>                                 end its log before what is wrong
       tskeydb restore <directory> --until <time> [--to directory]   go back to a time
       tskeydb backup <directory> --to <directory>                copy it, be it served or not
       tskeydb --version | --help

What else a tool takes is said by tskeydb <tool> --help.
Directives are those of redis.conf: --port 7001 --dir /data --appendfsync always --save ""
Without any, the data is in ./data and clients are served on 127.0.0.1:6379.`;

/** Does what the command line asks for. */
export async function run(platform: Platform): Promise<void> {
  const [first, ...rest] = platform.commandLine;
  switch (first) {
    case "--help":
    case "-h":
    case "help":
      platform.print(`${USAGE}\n`);
      break;
    case "--version":
    case "-v":
      platform.print(`${version}\n`);
      break;
    case "import":
      platform.exit(await (await import("./import.ts")).importData(platform, rest));
      break;
    case "export":
      platform.exit((await import("./export.ts")).exportData(platform, rest));
      break;
    case "check":
      platform.exit((await import("./check.ts")).check(platform, rest));
      break;
    case "repair":
      platform.exit((await import("./repair.ts")).repair(platform, rest));
      break;
    case "restore":
      platform.exit((await import("./restore.ts")).restore(platform, rest));
      break;
    case "backup":
      platform.exit((await import("./backup.ts")).backup(platform, rest));
      break;
    default:
      await (await import("./serve.ts")).serve(platform, platform.commandLine);
  }
}
