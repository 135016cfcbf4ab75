// Checks of a chunked list's invariants (chunked-list.ts), node by node.

import { assert } from "../base/assert.ts";
import { type Memory, PLACE_MASK } from "../memory/memory.ts";
import { checkListpack, type PackedLists, readU16 } from "./packed-list.ts";

/** Bytes of a node's header. */
const NODE_HEADER = 16;

/** A chunked list's nodes, as ChunkedLists shows them. */
export interface ListNodes {
  readonly packed: PackedLists;
  count(list: number): number;
  nodes(list: number): number;
  firstNode(list: number): number;
  lastNode(list: number): number;
  nextNode(node: number): number;
  previousNode(node: number): number;
  isPlain(node: number): boolean;
  nodeRange(node: number): void;
}

/** Asserts every invariant of the list. */
export function verifyList(lists: ListNodes, memory: Memory, list: number): void {
  let entries = 0;
  let nodes = 0;
  let previous = 0;
  for (let node = lists.firstNode(list); node !== 0; node = lists.nextNode(node)) {
    entries += verifyNode(lists, memory, node, previous);
    previous = node;
    nodes++;
  }
  assert(lists.lastNode(list) === previous, "a chunked list ends in its last node");
  assert(lists.nodes(list) === nodes, "a chunked list counts its nodes");
  assert(lists.count(list) === entries, "a chunked list counts its entries");
}

/** As verifyList, of up to `nodesMax` nodes from number `from` on; returns the next, or 0. */
export function verifyNodes(
  lists: ListNodes,
  memory: Memory,
  list: number,
  from: number,
  nodesMax: number,
): number {
  let previous = 0;
  let at = 0;
  for (let node = lists.firstNode(list); node !== 0; node = lists.nextNode(node)) {
    if (at >= from + nodesMax) return at;
    if (at >= from) verifyNode(lists, memory, node, previous);
    previous = node;
    at++;
  }
  return 0;
}

/** Returns the entries of a node, which stands behind `previous`. */
function verifyNode(lists: ListNodes, memory: Memory, node: number, previous: number): number {
  assert(lists.previousNode(node) === previous, "a chunked list is linked alike both ways");
  lists.nodeRange(node);
  const { bytes, start, end } = lists.packed;
  const base = (node & PLACE_MASK) << 3;
  assert(start >= base + NODE_HEADER, "a node's content is behind its header");
  assert(end <= base + memory.sizeOf(node), "a node's content is in its block");
  if (lists.isPlain(node)) return 1;
  const counted = checkListpack(bytes, start, end);
  assert(counted > 0, "a node is a sound packed list, and not empty");
  assert(readU16(bytes, start + 4) === counted, "a node's entries are counted");
  return counted;
}
