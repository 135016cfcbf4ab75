import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import {
  cachedCardinality,
  DENSE_BYTES,
  Draft,
  element,
  estimate,
  hashElement,
  isHyperLogLog,
  REGISTERS,
  rankOf,
  setCachedCardinality,
  Union,
  visitRuns,
} from "./hyperloglog.ts";

const SPARSE_MAX = 3000;

function add(draft: Draft, text: string, sparseMax = SPARSE_MAX): number {
  const bytes = new TextEncoder().encode(text);
  hashElement(bytes, 0, bytes.length);
  return draft.raise(element.register, element.rank, sparseMax);
}

/** The runs as PFDEBUG DECODE has them; they must be all registers. */
function runs(draft: Draft): string {
  const found: string[] = [];
  let registers = 0;
  visitRuns(draft.bytes, 0, draft.length, (isLong, length, rank) => {
    found.push(rank > 0 ? `v:${rank},${length}` : `${isLong ? "Z" : "z"}:${length}`);
    registers += length;
  });
  assert.equal(registers, REGISTERS);
  return found.join(" ");
}

test("a new one is one run of zeros, and estimated as 0", () => {
  const draft = new Draft();
  draft.create();
  assert.equal(draft.length, 18);
  assert.equal(runs(draft), "Z:16384");
  assert.equal(estimate(draft.bytes, 0, draft.length), 0);
  assert.ok(isHyperLogLog(draft.bytes, 0, draft.length));
});

test("sparse and dense ones agree with a plain array of ranks, at any limit", () => {
  const random = new Random().seed(17);
  for (const sparseMax of [0, 30, 200, 3000, 100_000]) {
    const draft = new Draft();
    draft.create();
    const ranks = new Uint8Array(REGISTERS);
    for (let i = 0; i < 4000; i++) {
      // Neighbours often, so that runs of values are made, split and merged.
      const register = i % 3 === 0 ? random.below(REGISTERS) : 500 + random.below(200);
      const rank = 1 + random.below(i % 500 === 499 && sparseMax > 3000 ? 51 : 4);
      const changed = draft.raise(register, rank, sparseMax);
      assert.equal(changed, rank > ranks[register] ? 1 : 0);
      ranks[register] = Math.max(ranks[register], rank);
      if (!draft.isDense) assert.ok(draft.length <= Math.max(sparseMax, 18));
    }
    if (!draft.isDense) runs(draft);
    for (let register = 0; register < REGISTERS; register++) {
      assert.equal(rankOf(draft.bytes, 0, draft.length, register), ranks[register]);
    }
    const union = new Union();
    assert.ok(union.add(draft.bytes, 0, draft.length));
    assert.deepEqual(union.ranks, ranks);
    const before = estimate(draft.bytes, 0, draft.length);
    assert.equal(union.estimate(), before);
    assert.ok(draft.toDense());
    assert.equal(draft.length, DENSE_BYTES);
    assert.equal(estimate(draft.bytes, 0, draft.length), before);
  }
});

test("a union has of each register the greatest rank, whichever are sparse", () => {
  const random = new Random().seed(18);
  const union = new Union();
  const ranks = new Uint8Array(REGISTERS);
  const all = new Draft();
  for (let i = 0; i < 16; i++) {
    if (i % 8 === 0) {
      union.clear();
      ranks.fill(0);
      all.create();
      all.toDense();
    }
    const isSparse = i % 8 < 3 || i % 4 === 0;
    const draft = new Draft();
    draft.create();
    for (let n = 0; n < 6000; n++) {
      const register = random.below(REGISTERS);
      const rank = 1 + random.below(isSparse ? 32 : 51);
      draft.raise(register, rank, isSparse ? 100_000 : 0);
      all.raise(register, rank, 0);
      ranks[register] = Math.max(ranks[register], rank);
    }
    assert.equal(draft.isDense, !isSparse);
    assert.ok(union.add(draft.bytes, 0, draft.length));
    assert.deepEqual(union.ranks, ranks);
    assert.equal(union.estimate(), estimate(all.bytes, 0, all.length));
  }
});

test("estimates are within a few standard errors", () => {
  const draft = new Draft();
  draft.create();
  let checked = 10;
  for (let n = 1; n <= 100_000; n++) {
    add(draft, `element ${n}`);
    if (n !== checked) continue;
    checked *= 10;
    const off = Math.abs(estimate(draft.bytes, 0, draft.length) - n);
    assert.ok(off <= Math.max(1, n * 0.0081 * 4), `${n}: off by ${off}`);
  }
});

test("a cardinality that was kept is read again, until it is stale", () => {
  const draft = new Draft();
  draft.create();
  for (const cardinality of [0, 1, 255, 256, 4_294_967_296, 2 ** 53 - 1, 2 ** 62]) {
    setCachedCardinality(draft.bytes, 0, cardinality);
    assert.equal(cachedCardinality(draft.bytes, 0), cardinality);
  }
  draft.invalidate();
  assert.equal(cachedCardinality(draft.bytes, 0), -1);
});

test("runs that are too few, too many or cut off are found out", () => {
  const draft = new Draft();
  const union = new Union();
  const broken = (change: (draft: Draft) => void): void => {
    draft.create();
    for (let i = 0; i < 20; i++) add(draft, `${i}`);
    change(draft);
    const { bytes, length } = draft;
    assert.equal(union.add(bytes, 0, length), false);
    assert.equal(estimate(bytes, 0, length), -1);
    assert.equal(draft.toDense(), false);
  };
  broken((each) => {
    each.length--;
  });
  broken((each) => {
    each.bytes[each.length++] = 0;
  });
  broken((each) => {
    each.bytes[16] ^= 1;
  });
  draft.create();
  draft.length = 17;
  assert.equal(draft.raise(16_383, 3, SPARSE_MAX), -1);
  assert.equal(draft.load(new Uint8Array(1 << 20), 0, 1 << 20), false);
});
