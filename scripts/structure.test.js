import assert from "node:assert/strict";
import { test } from "node:test";
import { root } from "./runtimes.js";
import { faultsOfFile, structureFaults } from "./structure.js";

function faults(path, text) {
  const found = [];
  faultsOfFile(path, text, found);
  return found.map((fault) => fault.replace(/^.*?: /, ""));
}

test("the source keeps its layers", () => {
  assert.deepEqual(structureFaults(root), []);
});

test("an import from a layer below is a fault, one from a layer above is none", () => {
  const upward = 'import { x } from "../commands/table.ts";';
  assert.deepEqual(faults("src/memory/memory.ts", upward), [
    "../commands/table.ts lies in a layer below",
  ]);
  assert.deepEqual(faults("src/commands/table.ts", 'import { x } from "../memory/memory.ts";'), []);
  assert.deepEqual(faults("src/memory/memory.test.ts", upward), []);
});

test("an import over several lines is seen", () => {
  assert.equal(faults("src/base/bytes.ts", 'import {\n  x,\n} from "../cli/main.ts";').length, 1);
});

test("only the platform names the system", () => {
  assert.equal(faults("src/server/server.ts", 'import { join } from "node:path";').length, 1);
  assert.equal(faults("src/server/server.ts", "const file = Bun.file(path);").length, 1);
  assert.deepEqual(faults("src/platform/bun.ts", "const file = Bun.file(path);"), []);
  assert.deepEqual(faults("src/server/server.ts", "// Bun.listen is faster."), []);
});

test("endings, width and leftovers are seen", () => {
  assert.equal(faults("src/base/bytes.ts", 'import { x } from "./x";').length, 1);
  assert.equal(faults("src/base/bytes.ts", `const x = 1; // ${"word ".repeat(20)}`).length, 1);
  assert.equal(faults("src/base/bytes.ts", "// TODO: later").length, 1);
  assert.equal(faults("src/base/bytes.test.ts", 'test.only("x", () => {});').length, 1);
});
