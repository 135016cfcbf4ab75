// The marks of a chain's nodes: bit 31 of a word in a node's header, which is the length in that of
// a chunked list. While a snapshot is taken they say whether it has dealt with the node, as a
// record's mark does of the record.

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
  readonly #word: number;

  /** @param word the word of a node's header whose bit 31 is the mark */
  constructor(memory: Memory, word: number = LENGTH) {
    this.#memory = memory;
    this.#word = word;
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
    return (words[((node & PLACE_MASK) << 1) + this.#word] & MARK) === this.present;
  }

  set(node: number): void {
    const words = this.#memory.i32[node >>> PLACE_BITS];
    const at = ((node & PLACE_MASK) << 1) + this.#word;
    words[at] = (words[at] & LENGTH_MASK) | this.present;
  }
}
