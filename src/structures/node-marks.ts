// The marks of a chunked list's nodes: bit 31 of the length in a node's header. While a snapshot is
// taken they say whether it has dealt with the node, as a record's mark does of the record.

import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";

const LENGTH = 3;
const MARK = 1 << 31;
/** The length beside the mark. */
export const LENGTH_MASK: number = ~MARK;

/** Is told before a node that has not the present mark is changed, or taken out; it has it then. */
export interface NodeObserver {
  beforeNode(list: number, node: number): void;
}

export class NodeMarks {
  /** What nodes are made with: 0 or the mark. */
  present = 0;
  observer: NodeObserver | null = null;
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** A node is about to change, or to go: the observer is told, once. REQUIRES: there is one. */
  tell(list: number, node: number): void {
    if (this.has(node)) return;
    this.set(node);
    this.observer?.beforeNode(list, node);
  }

  /** Whether a node has the present mark. */
  has(node: number): boolean {
    const words = this.#memory.i32[node >>> PLACE_BITS];
    return (words[((node & PLACE_MASK) << 1) + LENGTH] & MARK) === this.present;
  }

  set(node: number): void {
    const words = this.#memory.i32[node >>> PLACE_BITS];
    const at = ((node & PLACE_MASK) << 1) + LENGTH;
    words[at] = (words[at] & LENGTH_MASK) | this.present;
  }
}
