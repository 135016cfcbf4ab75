// Long chains of nodes in a snapshot: their sides (shared-state.ts), which save them node by node,
// in the order that they had.
//
//   side    nodes: a block of one i32 for each node of the moment: a reference or, where the node
//           has changed since, −1 − that of a copy.
//           Filled from both ends: the first `frontCount` and the last `backCount` of them. What
//           is between comes with `front` and ends with `back`, in the chain itself.
//           rest: what follows the nodes, as it is saved; end: what follows the groups
//
// So whoever is the first to change a long chain does not go through all of it: the walk does, some
// nodes at a time, and a change goes as far as the node that it is about. That is as far as whoever
// changes it has gone anyway, since a chain is searched from its nearer end.
//
// Nodes that have the present mark are new, and passed over; `front` and `back` are old, or the one
// that is about to change: neither goes before it is in the block.

import { assert } from "../../base/assert.ts";
import type { RdbOutput } from "../../codec/rdb-output.ts";
import type { CollectionType, NodeChain } from "../../keyspace/data-type.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../../memory/memory.ts";
import { type SharedState, Side } from "./shared-state.ts";

/** Nodes that are written, or listed, between two looks at the clock. */
const WRITTEN_AT_A_TIME = 8;
const LISTED_AT_A_TIME = 256;

export class NodeChains {
  /** For tests: how many nodes are listed at a time. */
  listedAtATime = LISTED_AT_A_TIME;
  readonly #memory: Memory;
  readonly #state: SharedState;
  /** Nodes that have been written of the side that is being saved. */
  #written = 0;

  constructor(memory: Memory, state: SharedState) {
    this.#memory = memory;
    this.#state = state;
  }

  /** Makes a new side one of a chain, of which nothing is listed. */
  open(side: number, nodes: NodeChain, root: number): void {
    const state = this.#state;
    const count = nodes.nodes(root);
    state.set(side, Side.nodes, this.#memory.allocate(4 * Math.max(count, 1)));
    state.set(side, Side.nodeCount, count);
    state.set(side, Side.front, nodes.firstNode(root));
    state.set(side, Side.back, nodes.lastNode(root));
    state.set(side, Side.backFound, count - 1);
    state.hold(4 * count);
  }

  // Which node stands where

  /** Lists the next node from the front. REQUIRES: there is one left. */
  #listFront(side: number, nodes: NodeChain, changing: number): void {
    const state = this.#state;
    const node = state.get(side, Side.front);
    const listed = state.get(side, Side.frontCount);
    state.set(state.get(side, Side.nodes), listed, node);
    state.set(side, Side.frontCount, listed + 1);
    if (this.#isListed(side)) return;
    let next = nodes.nextNode(node);
    while (next !== changing && nodes.marks.has(next)) next = nodes.nextNode(next);
    state.set(side, Side.front, next);
  }

  /** Likewise, from the back. */
  #listBack(side: number, nodes: NodeChain, changing: number): void {
    const state = this.#state;
    const node = state.get(side, Side.back);
    const listed = state.get(side, Side.backCount) + 1;
    const count = state.get(side, Side.nodeCount);
    state.set(state.get(side, Side.nodes), count - listed, node);
    state.set(side, Side.backCount, listed);
    if (this.#isListed(side)) return;
    let next = nodes.previousNode(node);
    while (next !== changing && nodes.marks.has(next)) next = nodes.previousNode(next);
    state.set(side, Side.back, next);
  }

  #isListed(side: number): boolean {
    const state = this.#state;
    const listed = state.get(side, Side.frontCount) + state.get(side, Side.backCount);
    return listed === state.get(side, Side.nodeCount);
  }

  /** The place of a node that is about to change; it is listed then. */
  #placeOf(side: number, nodes: NodeChain, node: number): number {
    const state = this.#state;
    const count = state.get(side, Side.nodeCount);
    if (!this.#isListed(side)) {
      if (state.get(side, Side.front) === node) {
        this.#listFront(side, nodes, node);
        return state.get(side, Side.frontCount) - 1;
      }
      if (state.get(side, Side.back) === node) {
        this.#listBack(side, nodes, node);
        return count - state.get(side, Side.backCount);
      }
    }
    const found = this.#search(side, node);
    if (found >= 0) return found;
    for (;;) {
      assert(!this.#isListed(side), "a node that is old was there at the snapshot's moment");
      if (state.get(side, Side.front) === node) return this.#placeOf(side, nodes, node);
      this.#listFront(side, nodes, node);
      if (this.#isListed(side)) continue;
      if (state.get(side, Side.back) === node) return this.#placeOf(side, nodes, node);
      this.#listBack(side, nodes, node);
    }
  }

  /** Looks for a node among those that are listed, from where the last ones were; −1: it is not. */
  #search(side: number, node: number): number {
    const state = this.#state;
    const block = state.get(side, Side.nodes);
    const words = this.#memory.i32[block >>> PLACE_BITS];
    const base = (block & PLACE_MASK) << 1;
    const count = state.get(side, Side.nodeCount);
    const frontEnd = state.get(side, Side.frontCount);
    const backStart = count - state.get(side, Side.backCount);
    let frontLow = state.get(side, Side.frontFound);
    let frontHigh = frontLow + 1;
    let backHigh = state.get(side, Side.backFound);
    let backLow = backHigh - 1;
    for (;;) {
      const isFrontDone = frontLow < 0 && frontHigh >= frontEnd;
      if (isFrontDone && backHigh >= count && backLow < backStart) return -1;
      let found = -1;
      if (frontLow >= 0 && frontLow < frontEnd && words[base + frontLow] === node) found = frontLow;
      else if (frontHigh < frontEnd && words[base + frontHigh] === node) found = frontHigh;
      if (found >= 0) {
        state.set(side, Side.frontFound, found);
        return found;
      }
      if (backHigh >= backStart && backHigh < count && words[base + backHigh] === node) {
        found = backHigh;
      } else if (backLow >= backStart && words[base + backLow] === node) found = backLow;
      if (found >= 0) {
        state.set(side, Side.backFound, found);
        return found;
      }
      frontLow--;
      frontHigh++;
      backHigh++;
      backLow--;
    }
  }

  /** Copies a node that is about to change. */
  beforeNode(side: number, nodes: NodeChain, node: number): void {
    const state = this.#state;
    const place = this.#placeOf(side, nodes, node);
    const copy = nodes.copyNode(node);
    state.set(state.get(side, Side.nodes), place, -1 - copy);
    state.hold(nodes.nodeBytes(copy));
  }

  // Saving

  /** Begins to save a chain, behind its key. */
  begin(side: number, output: RdbOutput): void {
    this.#written = 0;
    output.length(this.#state.get(side, Side.nodeCount));
  }

  /** Lists some nodes or, when all are, saves some; whether that was all, and it is freed. */
  save(side: number, type: CollectionType, nodes: NodeChain, output: RdbOutput): boolean {
    const state = this.#state;
    if (!this.#isListed(side)) {
      for (let i = 0; i < this.listedAtATime && !this.#isListed(side); i++) {
        this.#listFront(side, nodes, 0);
      }
      return false;
    }
    const block = state.get(side, Side.nodes);
    const count = state.get(side, Side.nodeCount);
    const stop = Math.min(count, this.#written + WRITTEN_AT_A_TIME);
    for (; this.#written < stop; this.#written++) {
      const node = state.get(block, this.#written);
      if (node < 0) {
        type.saveNode?.(-1 - node, output);
        state.hold(-nodes.nodeBytes(-1 - node));
        nodes.freeNode(-1 - node);
        continue;
      }
      nodes.marks.set(node);
      type.saveNode?.(node, output);
    }
    if (stop < count) return false;
    const takesRest = (bytes: Uint8Array, start: number, end: number): void =>
      output.raw(bytes, start, end);
    if (state.takeFromSide(side, takesRest, Side.rest)) return false;
    this.#memory.free(block);
    state.hold(-4 * count);
    return true;
  }
}
