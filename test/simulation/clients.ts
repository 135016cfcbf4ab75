// Simulated clients: each sends pipelines at its own times, as arrays or, where words allow it,
// inline; reads quickly, slowly or not at all for a while; and goes away in good order, in the
// middle of a request, or at once.

import assert from "node:assert/strict";
import type { SimulatedSocket } from "../../src/platform/simulated-network.ts";
import type { Words } from "../support/commands/all-commands.ts";
import { encodeCommand } from "../support/resp.ts";
import type { Chance, World } from "./world.ts";

/** Words that need no quotes, and are no longer than an inline request may be. */
const INLINE = /^[\x21\x23-\x26\x28-\x7e]{1,500}$/;

export class SimulatedClient {
  readonly name: string;
  readonly socket: SimulatedSocket;
  /** What it has sent and the server has not executed, oldest first. */
  readonly asked: Words[] = [];
  isOpen = true;
  /** The server's end was told to close it, or has closed it. */
  isClosing = false;

  readonly #world: World;
  readonly #chance: Chance;
  #out = Buffer.alloc(0);

  constructor(
    world: World,
    chance: Chance,
    port: number,
    name: string,
    sent: (client: SimulatedClient, part: Uint8Array) => void,
  ) {
    this.#world = world;
    this.#chance = chance;
    this.name = name;
    this.socket = world.dial(port, {
      opened: () => this.#push(),
      data: (_, bytes, length) => world.trace(`${name} ◀ ${length} ${bytes[0]}`),
      writable: () => this.#push(),
      ended: () => this.#leave(),
      closed: () => this.#leave(),
    });
    // What the server hands to its end of the connection may reach the client.
    const { peer } = this.socket;
    const write = peer.write.bind(peer);
    peer.write = (bytes, start, end) => {
      const taken = write(bytes, start, end);
      sent(this, bytes.subarray(start, start + taken));
      return taken;
    };
  }

  send(pipeline: readonly Words[]): void {
    if (!this.isOpen) return;
    const parts: Buffer[] = [];
    for (const words of pipeline) {
      const inline = this.#chance.oneIn(6) && words.every((word) => INLINE.test(word));
      if (inline) parts.push(Buffer.from(`${words.join(" ")}\r\n`, "latin1"));
      else parts.push(encodeCommand(words.map((word) => Buffer.from(word, "latin1"))));
      this.asked.push(words);
    }
    this.#world.trace(`${this.name} ▶ ${pipeline.map((words) => show(words)).join(" | ")}`);
    this.#out = Buffer.concat([this.#out, ...parts]);
    this.#push();
  }

  /** Does something that a client does beside asking. */
  misbehave(): void {
    const { socket } = this;
    switch (this.#chance.below(8)) {
      case 0: {
        // A request that is never finished, and the end.
        this.#world.trace(`${this.name} is cut off`);
        const part = encodeCommand(["SET", "a", "never"]);
        if (this.#out.length === 0) socket.write(part, 0, this.#chance.below(part.length));
        socket.destroy();
        this.#leave();
        return;
      }
      case 1:
        this.#world.trace(`${this.name} ends`);
        socket.end();
        this.#leave();
        return;
      case 2:
        this.#world.trace(`${this.name} sends no more`);
        socket.endWriting();
        this.#leave();
        return;
      case 3:
      case 4:
        this.#world.trace(`${this.name} stops reading`);
        socket.pause();
        return;
      default:
        socket.resume();
    }
  }

  /** The server has executed its next request. */
  executed(words: readonly string[]): void {
    const expected = this.asked.shift();
    assert.deepEqual(words, expected, `${this.name}'s request was executed out of its turn`);
  }

  #push(): void {
    if (this.#out.length === 0 || !this.isOpen) return;
    const taken = this.socket.write(this.#out, 0, this.#out.length);
    this.#out = this.#out.subarray(taken);
  }

  #leave(): void {
    this.isOpen = false;
    this.isClosing = true;
  }
}

/** Words on one line, long ones cut. */
export function show(words: readonly string[]): string {
  return words
    .map((word) => {
      const text = JSON.stringify(word.slice(0, 24));
      return word.length > 24 ? `${text}…${word.length}` : text.slice(1, -1) || '""';
    })
    .join(" ");
}
