#!/usr/bin/env node

// Where the program begins. What is loaded after keepCompiled() is compiled at the first start
// only, so everything else is loaded there.

import { keepCompiled } from "../platform/compile-cache.ts";

keepCompiled();
void start();

async function start(): Promise<void> {
  const { thisPlatform } = await import("../platform/index.ts");
  const { run } = await import("./run.ts");
  await run(thisPlatform());
}
