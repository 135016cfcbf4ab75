// A steady load: one connection that sends so many commands a second, whatever comes back, as
// programs that serve many users do. A server that cannot keep up is sent less.

import { connect, type Socket } from "node:net";
import { encode, NUMBER, writeDigits } from "./client.ts";

const COMMANDS_A_SECOND = 50_000;
/** Commands that are sent together: what comes in a millisecond. */
const BATCH = 50;
/** No more replies than this are waited for. */
const BEHIND_MAX = 20_000;
const TURN_MS = 1;
const LINE_FEED = 0x0a;

export class SteadyLoad {
  /** Commands that were answered. */
  answered = 0;
  #sent = 0;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #socket: Socket;

  /**
   * Sends the commands in turn, each of which is answered by one line, with a number below `keys`
   * wherever NUMBER stands, until it is ended.
   */
  static async begin(
    port: number,
    commands: readonly (readonly string[])[],
    keys: number,
  ): Promise<SteadyLoad> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise((resolve) => socket.once("connect", resolve));
    return new SteadyLoad(socket, commands, keys);
  }

  private constructor(socket: Socket, commands: readonly (readonly string[])[], keys: number) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at++) if (chunk[at] === LINE_FEED) this.answered++;
    });
    const template = Buffer.concat(
      Array.from({ length: BATCH }, (_, i) => encode(commands[i % commands.length])),
    );
    const places: number[] = [];
    for (let at = template.indexOf(NUMBER); at >= 0; at = template.indexOf(NUMBER, at + 1)) {
      places.push(at);
    }
    const started = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - started) / 1000) * COMMANDS_A_SECOND;
      while (this.#sent < due && this.#sent - this.answered < BEHIND_MAX) {
        const batch = Buffer.from(template);
        for (const place of places) writeDigits(batch, place, Math.floor(Math.random() * keys));
        socket.write(batch);
        this.#sent += BATCH;
      }
    }, TURN_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}
