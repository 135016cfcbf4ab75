// Every command on streams.

import type { Command } from "../../engine/context.ts";
import { acknowledgingCommands } from "./acknowledging.ts";
import { claimCommands } from "./claims.ts";
import { xgroup } from "./groups.ts";
import { xcfgset, xidmprecord } from "./idempotent.ts";
import { xinfo } from "./info.ts";
import { xpending } from "./pending.ts";
import { streamRangeCommands } from "./ranges.ts";
import { xreadgroup } from "./read-group.ts";
import { streamReadCommands } from "./reading.ts";
import { xsetid } from "./setting-ids.ts";
import { streamCommands } from "./streams.ts";

export const allStreamCommands: Command[] = [
  ...streamCommands,
  ...streamRangeCommands,
  ...streamReadCommands,
  xsetid,
  xcfgset,
  xidmprecord,
  xinfo,
  xgroup,
  xreadgroup,
  ...acknowledgingCommands,
  xpending,
  ...claimCommands,
];
