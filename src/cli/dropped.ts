// What is cut off a log, as a person wants to know it: how many commands, on which keys.

import { commandTable } from "../database.ts";
import { FoundKeys } from "../engine/key-specs.ts";
import type { Survey } from "../persistence/log/survey.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { amount } from "./amount.ts";

const KEYS_SHOWN = 10;
/** More are not told apart. */
const KEYS_MAX = 1_000_000;
const KEY_CHARACTERS_MAX = 60;

export class DroppedKeys {
  readonly #keys: Set<string> = new Set();
  readonly #table = commandTable();
  readonly #found = new FoundKeys();

  /** Hears of a command that is dropped. */
  readonly hear = (args: Arguments): void => {
    const command = this.#table.find(args, 0);
    if (command === undefined) {
      // Most commands have their key there.
      if (args.count > 1) this.#add(args.text(1));
      return;
    }
    command.keys.findInto(args, this.#found);
    for (let i = 0; i < this.#found.count; i++) this.#add(args.text(this.#found.positions[i]));
  };

  #add(key: string): void {
    if (this.#keys.size < KEYS_MAX) this.#keys.add(key);
  }

  /** "3 commands on 2 keys ("a", "b"), executed from … on" */
  describe(survey: Survey): string {
    const { size } = this.#keys;
    const keys = size < KEYS_MAX ? amount(size, "key", "keys") : `more than ${KEYS_MAX} keys`;
    const shown = [...this.#keys].slice(0, KEYS_SHOWN).map(quoted);
    if (size > KEYS_SHOWN) shown.push("…");
    const names = size === 0 ? "" : ` on ${keys} (${shown.join(", ")})`;
    return `${amount(survey.commands, "command", "commands")}${names}${timesOf(survey)}`;
  }
}

function quoted(key: string): string {
  const short = key.length > KEY_CHARACTERS_MAX ? `${key.slice(0, KEY_CHARACTERS_MAX)}…` : key;
  return JSON.stringify(short);
}

function timesOf({ firstTime, lastTime }: Survey): string {
  if (firstTime === 0) return "";
  if (firstTime === lastTime) return `, executed at ${timeText(firstTime)}`;
  return `, executed from ${timeText(firstTime)} to ${timeText(lastTime)}`;
}

/** Seconds since 1970 as a time that the tools take as well. */
export function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
