import { test } from "node:test";
import { fuzzLua } from "./lua.fuzz.ts";

test("whatever a source says and whoever is called with what, only values of Lua come out", () => {
  fuzzLua(1, 400);
  fuzzLua(Date.now() % 2 ** 31, 100);
});
