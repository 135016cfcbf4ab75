// What another thread needs to have a log as well. It can be cloned.

import type { Increments } from "./file-watch.ts";
import type { SharedPieces } from "./log-buffer.ts";

export interface SharedLog {
  readonly increments: Increments;
  readonly state: SharedArrayBuffer;
  readonly pieces: SharedPieces;
}
