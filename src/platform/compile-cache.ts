// What the runtime has compiled once it keeps for the next start. On Node, reading types and
// compiling take longer than all the rest of a start.
//
// The results are kept where the system has its temporary files. NODE_COMPILE_CACHE names another
// place, NODE_DISABLE_COMPILE_CACHE=1 does without.

import * as modules from "node:module";

/** From now on, what is loaded is compiled ahead where that is possible (Node from 22.8 on). */
export function keepCompiled(): void {
  const { enableCompileCache } = modules as { enableCompileCache?: () => unknown };
  enableCompileCache?.();
}
