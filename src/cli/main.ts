#!/usr/bin/env node

// Where the program begins. What is loaded after keepCompiled() is compiled at the first start
// only, so everything else is loaded there.

import { keepCompiled } from "../platform/compile-cache.ts";

keepCompiled();
await import("./run.ts");
