import assert from "node:assert/strict";
import { test } from "node:test";
import { type DataType, DataTypes, STRING } from "./data-type.ts";

function typed(type: number, name: string, ...kinds: (readonly [number, string])[]): DataType {
  return { type, name, kinds, settings: {}, digest: () => {} };
}

test("what is known of a kind is what its type says", () => {
  const types = new DataTypes();
  types.register(typed(STRING, "string", [0, "raw"], [2, "int"]));
  types.register(typed(3, "zset", [20, "skiplist"]));
  assert.equal(types.typeOfKind[20], 3);
  assert.equal(types.encodings[20], "skiplist");
  assert.equal(types.name(3), "zset");
  assert.equal(types.numberOf("zset"), 3);
  assert.equal(types.numberOf("list"), -1);
  assert.equal(types.collections[2], undefined, "a string is no collection");
  assert.equal(types.collections[20], types.byNumber[3]);
  assert.deepEqual(
    [...types].map(({ name }) => name),
    ["string", "zset"],
  );
});

test("no number and no name is given twice", () => {
  const types = new DataTypes();
  types.register(typed(1, "list", [3, "listpack"]));
  assert.throws(() => types.register(typed(1, "other", [4, "x"])), /the same number/);
  assert.throws(() => types.register(typed(2, "list", [4, "x"])), /the same name/);
  assert.throws(() => types.register(typed(2, "set", [3, "x"])), /no two kinds/);
  assert.throws(() => types.register(typed(14, "far", [5, "x"])), /in range/);
  assert.throws(() => types.register(typed(4, "far", [32, "x"])), /in range/);
});
