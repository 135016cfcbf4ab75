// What simulated clients and the program ask: the random grammar that the conformance tests use,
// and what matters here beyond it: subscriptions, blocking for long, short deadlines, modes of
// reply, values that fill a socket, and floods of messages for several subscribers at once.

import fc from "fast-check";
import { everyCommand, type Words } from "../support/commands/all-commands.ts";
import type { Chance } from "./world.ts";

const CHANNELS = ["news", "chat", "x"];
const KEYS = ["a", "b", "c", "d", "e", "f", "g"];
const SAMPLES = 1500;
const LONG = "0123456789abcdef".repeat(8192);

/**
 * Commands whose replies tell of what two databases need not agree in: when a key was used, and the
 * block that a value lies in, which was longer in one of them before the other was made of it.
 */
const APART = /^(OBJECT IDLETIME|MEMORY USAGE)$/i;

export class Workload {
  readonly #chance: Chance;
  readonly #samples: Words[];

  constructor(seed: number, chance: Chance) {
    this.#chance = chance;
    this.#samples = fc
      .sample(everyCommand, { seed, numRuns: SAMPLES })
      .filter(([name, subcommand]) => !APART.test(`${name} ${subcommand}`));
  }

  /** Any command of the grammar. */
  command(): Words {
    return this.#chance.of(this.#samples);
  }

  /** What one client sends at once. */
  pipeline(): Words[] {
    const chance = this.#chance;
    switch (chance.below(15)) {
      case 0:
        return this.#transaction();
      case 1:
        return this.#flood();
      case 2:
        return [this.#blocking(), ...this.#some(4)];
      case 3:
        return [this.#subscription(), ...this.#some(3)];
      case 4:
        return this.#deadlines();
      case 5:
        return chance.oneIn(2) ? this.#long() : this.#some(6);
      case 6:
        return chance.oneIn(3) ? [this.#mode(), ...this.#some(5)] : this.#some(5);
      case 7:
        return this.#some(40);
      case 8:
        return this.#pushes();
      default:
        return this.#some(3);
    }
  }

  #key(): string {
    return this.#chance.of(KEYS);
  }

  #some(max: number): Words[] {
    const count = 1 + this.#chance.below(max);
    return Array.from({ length: count }, () => this.command());
  }

  #transaction(): Words[] {
    const watch: Words[] = this.#chance.oneIn(2) ? [["WATCH", this.#key(), this.#key()]] : [];
    const end = this.#chance.oneIn(8) ? "DISCARD" : "EXEC";
    return [...watch, ["MULTI"], ...this.#some(8), [end]];
  }

  /** Messages to several channels in turn: the replies and messages of one turn interleave. */
  #flood(): Words[] {
    const count = 20 + this.#chance.below(120);
    return Array.from({ length: count }, (_, i) =>
      i % 5 === 4 ? ["SPUBLISH", "shard", `${i}`] : ["PUBLISH", CHANNELS[i % 3] as string, `${i}`],
    );
  }

  /** What clients may wait for. */
  #pushes(): Words[] {
    const count = 1 + this.#chance.below(5);
    const pushes = Array.from({ length: count }, (_, i): Words[] => {
      const key = this.#key();
      if (this.#chance.oneIn(3)) return [["XADD", key, "MAXLEN", "~", "20", "*", "n", `${i}`]];
      return this.#chance.oneIn(2)
        ? [
            ["DEL", key],
            ["RPUSH", key, "x", `${i}`],
          ]
        : [["LPUSH", key, "y"]];
    }).flat();
    return this.#chance.oneIn(3) ? [["MULTI"], ...pushes, ["EXEC"]] : pushes;
  }

  #blocking(): Words {
    const timeout = this.#chance.of(["0", "0", "0.05", "1", "5"]);
    switch (this.#chance.below(6)) {
      case 2:
        return ["XREAD", "BLOCK", timeout === "0" ? "0" : "50", "STREAMS", this.#key(), "$"];
      case 0:
        return ["BLMOVE", this.#key(), this.#key(), "LEFT", "RIGHT", timeout];
      case 1:
        return ["BLMPOP", timeout, "2", this.#key(), this.#key(), "LEFT", "COUNT", "2"];
      default:
        return ["BLPOP", this.#key(), this.#key(), timeout];
    }
  }

  #subscription(): Words {
    switch (this.#chance.below(10)) {
      case 6:
        return ["PSUBSCRIBE", "__key*:*"];
      case 0:
        return ["PSUBSCRIBE", "*", "c*"];
      case 1:
        return ["SSUBSCRIBE", "shard"];
      case 2:
        return ["UNSUBSCRIBE"];
      case 3:
        return ["PUNSUBSCRIBE"];
      case 4:
        return ["SUNSUBSCRIBE"];
      case 5:
        return ["SUBSCRIBE", ...CHANNELS];
      default:
        return ["SUBSCRIBE", this.#chance.of(CHANNELS)];
    }
  }

  #deadlines(): Words[] {
    const key = this.#key();
    const hash = this.#key();
    const milliseconds = String(1 + this.#chance.below(400));
    return [
      ["SET", key, "short", "PX", milliseconds],
      ["PEXPIRE", this.#key(), milliseconds],
      ["PTTL", key],
      ["EXISTS", key, this.#key()],
      ["HSET", hash, "short", milliseconds, "other", "1", "third", "2"],
      ["HPEXPIRE", hash, milliseconds, "FIELDS", "2", "short", this.#chance.of(["third", "f"])],
      ["HGETALL", this.#key()],
    ];
  }

  #long(): Words[] {
    const value = LONG.slice(0, 1 << (8 + this.#chance.below(10)));
    const key = this.#key();
    return [
      ["SET", key, value],
      ...Array.from(
        { length: this.#chance.below(this.#chance.of([6, 6, 30])) },
        (): Words => ["GET", key],
      ),
    ];
  }

  #mode(): Words {
    switch (this.#chance.below(8)) {
      case 0:
        return ["HELLO", this.#chance.of(["2", "3"])];
      case 1:
        return ["RESET"];
      case 2:
        return ["QUIT"];
      case 3:
        return ["CLIENT", "REPLY", "OFF"];
      default:
        return ["CLIENT", "REPLY", this.#chance.of(["SKIP", "ON"])];
    }
  }
}
