// The command table: finds a command by the bytes of its name, in any case, without making a
// string. An open-addressing table of a fixed size; commands are added before the first request.

import { assert } from "../base/assert.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { CommandEntry } from "./command.ts";
import { CompiledCommand } from "./command.ts";

const SLOTS = 4096;
/** Longer names are no commands. */
const NAME_MAX = 64;
/** The bit that is another in upper and lower case, in each byte of a word. */
const ANY_CASE = 0x20202020;

export class CommandTable {
  /** Every command by its own name. */
  readonly commands: Map<string, CompiledCommand> = new Map();
  /** Commands and subcommands, each in the place that is its index. */
  readonly all: CompiledCommand[] = [];
  /** Those that clients can call, by the names that they call them by; see rename. */
  readonly names: Map<string, CompiledCommand> = new Map();
  readonly #slots: (CompiledCommand | undefined)[] = new Array(SLOTS).fill(undefined);

  constructor(families: readonly (readonly CommandEntry[])[]) {
    for (const family of families) for (const command of family) this.#add(command);
  }

  #add(entry: CommandEntry): void {
    assert(!this.commands.has(entry.name), "each command is in the table once");
    assert(this.commands.size < SLOTS / 4, "the table stays sparse");
    const command = new CompiledCommand(entry);
    this.commands.set(entry.name, command);
    this.names.set(entry.name, command);
    this.#number(command);
    this.#fill(command);
  }

  #number(command: CompiledCommand): void {
    command.index = this.all.length;
    this.all.push(command);
    command.subcommands?.forEach((sub) => {
      this.#number(sub);
    });
  }

  #fill(command: CompiledCommand): void {
    let slot = nameHash(command.nameBytes, 0, command.nameBytes.length);
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & (SLOTS - 1);
    this.#slots[slot] = command;
  }

  /**
   * Lets a command go by another name, or by none (""), from now on; returns what is wrong with it.
   * Requests under the new name become requests under the command's own name when they are looked
   * up, so that whatever handles them later, the log too, knows that name alone.
   */
  rename(from: string, to: string): string | undefined {
    const command = this.names.get(from.toLowerCase());
    if (command === undefined) return "No such command in rename-command";
    this.names.delete(from.toLowerCase());
    if (to !== "") {
      if (this.names.has(to.toLowerCase())) return "Target command name already exists";
      this.names.set(to.toLowerCase(), command);
    }
    this.#slots.fill(undefined);
    for (const [name, each] of this.names) if (name === each.name) this.#fill(each);
    return undefined;
  }

  /** As find, for a name that is no command's own. */
  #findRenamed(args: Arguments, i: number): CompiledCommand | undefined {
    const command = this.names.get(args.text(i).toLowerCase());
    if (command !== undefined) args.replace(i, command.nameBytes);
    return command;
  }

  /** The command whose name is argument `i`, or undefined. */
  find(args: Arguments, i: number): CompiledCommand | undefined {
    const { bytes } = args;
    const start = args.starts[i];
    const end = args.ends[i];
    const length = end - start;
    if (length > NAME_MAX || length === 0) return this.#findRenamed(args, i);
    let slot = nameHash(bytes, start, end);
    for (;;) {
      const command = this.#slots[slot];
      if (command === undefined) return this.#findRenamed(args, i);
      const name = command.nameBytes;
      if (name.length === length) {
        let k = 0;
        while (k < length) {
          const byte = bytes[start + k];
          if ((byte >= 65 && byte <= 90 ? byte | 32 : byte) !== name[k]) break;
          k++;
        }
        if (k === length) return command;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
  }
}

/** Of four bytes of the name and its length, which tell nearly all apart. Not for no bytes. */
function nameHash(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const second = length === 1 ? 0 : bytes[start + 1];
  const middle = bytes[start + (length >> 1)];
  const word = bytes[start] | (second << 8) | (middle << 16) | (bytes[end - 1] << 24);
  return (Math.imul((word & ~ANY_CASE) + length, 0x9e3779b1) >>> 17) & (SLOTS - 1);
}
