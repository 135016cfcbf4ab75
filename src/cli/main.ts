#!/usr/bin/env node

// Where the program begins: all that is loaded after the first line below is compiled only once.

import { keepCompiled } from "../platform/compile-cache.ts";

keepCompiled();
await import("./run.ts");
