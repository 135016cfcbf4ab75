// A small client of the RESP protocol: single calls for preparing and asking, and a filler that
// keeps a bounded number of pipelined requests under way. The filler writes its requests by
// copying a template and patching twelve digits, so that it is rarely the bottleneck.

import { connect, type Socket } from "node:net";

export type Reply = string | number | null | Error | Reply[];

const LINE_END = Buffer.from("\r\n");

/** One connection, one request at a time. */
export class Client {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #resolve: ((reply: Reply) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => this.#reject?.(error));
    socket.on("close", () => this.#reject?.(new Error("the server closed the connection")));
  }

  static async connect(port: number): Promise<Client> {
    return new Client(await openSocket(port));
  }

  /** Sends one command; an error reply is thrown. */
  async call(...args: string[]): Promise<Reply> {
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(encode(args));
    });
    if (reply instanceof Error) throw new Error(`${args.join(" ").slice(0, 80)}: ${reply.message}`);
    return reply;
  }

  /** One number of INFO, such as `used_memory`. */
  async info(section: string, field: string): Promise<number> {
    const text = String(await this.call("INFO", section));
    const value = Number(new RegExp(`^${field}:(\\S+)`, "m").exec(text)?.[1]);
    if (Number.isNaN(value)) throw new Error(`INFO ${section} has no number ${field}`);
    return value;
  }

  /** Whether the server knows a command. */
  async knows(command: string): Promise<boolean> {
    const reply = await this.call("COMMAND", "INFO", command);
    return Array.isArray(reply) && Array.isArray(reply[0]) && reply[0].length > 0;
  }

  close(): void {
    this.#resolve = undefined;
    this.#reject = undefined;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    const parsed = parse(this.#received, 0);
    if (parsed === undefined) return;
    this.#received = this.#received.subarray(parsed.end);
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#reject = undefined;
    resolve?.(parsed.reply);
  }
}

/** Runs `work` on a connection of its own. */
export async function withClient<T>(port: number, work: (client: Client) => Promise<T>) {
  const client = await Client.connect(port);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      resolve(socket);
    });
  });
}

export function encode(args: readonly (string | Buffer)[]): Buffer {
  const parts = [Buffer.from(`*${args.length}\r\n`)];
  for (const argument of args) {
    const bytes = Buffer.from(argument as string);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, LINE_END);
  }
  return Buffer.concat(parts);
}

function parse(bytes: Buffer, start: number): { reply: Reply; end: number } | undefined {
  const lineEnd = bytes.indexOf("\r\n", start);
  if (lineEnd < 0) return undefined;
  const text = bytes.toString("utf8", start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes[start]) {
    case 0x2b: // +
      return { reply: text, end };
    case 0x2d: // -
      return { reply: new Error(text), end };
    case 0x3a: // :
      return { reply: Number(text), end };
    case 0x24: {
      const length = Number(text);
      if (length < 0) return { reply: null, end };
      if (bytes.length < end + length + 2) return undefined;
      return { reply: bytes.toString("utf8", end, end + length), end: end + length + 2 };
    }
    case 0x2a: {
      if (Number(text) < 0) return { reply: null, end };
      const items: Reply[] = [];
      let next = end;
      for (let index = 0; index < Number(text); index++) {
        const item = parse(bytes, next);
        if (item === undefined) return undefined;
        items.push(item.reply);
        next = item.end;
      }
      return { reply: items, end: next };
    }
    default:
      throw new Error(`unexpected reply: ${bytes.toString("latin1", start, start + 40)}`);
  }
}

/** Stands in a filling's arguments for a number that goes up with each use. */
export const NUMBER = "000000000000";

export interface Filling {
  /** Commands sent together. */
  readonly record: readonly (readonly string[])[];
  /** Lines of each reply: a bulk string has two. */
  readonly lines?: number;
  /** How many times the record is sent. */
  readonly count: number;
  /** The first number. */
  readonly first?: number;
  readonly deadlineMs?: number;
}

export interface Filled {
  readonly seconds: number;
  /** Longest time without a reply while requests were under way. */
  readonly longestGapMs: number;
}

const CHUNK_BYTES = 16 * 1024;
const CHUNKS_UNDER_WAY = 4;

/** Sends a filling through one pipelined connection; `progress` is told the records answered. */
export async function fill(
  port: number,
  filling: Filling,
  progress?: (records: number) => void,
): Promise<Filled> {
  const socket = await openSocket(port);
  try {
    return await pump(socket, filling, progress);
  } finally {
    socket.destroy();
  }
}

function pump(socket: Socket, filling: Filling, progress?: (records: number) => void) {
  const record = Buffer.concat(filling.record.map(encode));
  const places: number[] = [];
  for (let at = record.indexOf(NUMBER); at >= 0; at = record.indexOf(NUMBER, at + 12)) {
    places.push(at);
  }
  const replies = filling.record.length * (filling.lines ?? 1);
  const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / record.length));
  const chunks = Array.from({ length: CHUNKS_UNDER_WAY }, () =>
    Buffer.concat(Array.from({ length: perChunk }, () => record)),
  );
  let number = filling.first ?? 0;
  let sent = 0;
  let answered = 0; // lines
  let freed = 0; // records whose chunk may be written again
  let slot = 0;

  const send = () => {
    while (sent < filling.count && sent - freed < perChunk * CHUNKS_UNDER_WAY) {
      const records = Math.min(perChunk, filling.count - sent);
      const chunk = chunks[slot];
      slot = (slot + 1) % CHUNKS_UNDER_WAY;
      for (let index = 0; index < records; index++) {
        for (const place of places) writeDigits(chunk, index * record.length + place, number++);
      }
      sent += records;
      socket.write(chunk.subarray(0, records * record.length));
    }
  };

  return new Promise<Filled>((resolve, reject) => {
    const startedAt = performance.now();
    let lastAt = startedAt;
    let longestGapMs = 0;
    let isLineStart = true;
    const deadlineMs = filling.deadlineMs ?? 300_000;
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new Error(`filling: ${why} after ${answered} replies`));
    };
    const timer = setTimeout(() => fail(`not done in ${deadlineMs} ms`), deadlineMs);
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("the server closed the connection"));
    socket.on("data", (data: Buffer) => {
      const now = performance.now();
      longestGapMs = Math.max(longestGapMs, now - lastAt);
      lastAt = now;
      // An error begins a line; the dash within an ID does not.
      const error = isLineStart && data[0] === 0x2d ? 0 : data.indexOf("\n-");
      if (error >= 0) return fail(data.toString("latin1", error, error + 100).trim());
      isLineStart = data[data.length - 1] === 10;
      for (let index = 0; index < data.length; index++) if (data[index] === 10) answered++;
      const records = Math.floor(answered / replies);
      freed = records === filling.count ? records : records - (records % perChunk);
      progress?.(records);
      if (answered < filling.count * replies) return send();
      clearTimeout(timer);
      resolve({ seconds: (now - startedAt) / 1000, longestGapMs });
    });
    send();
  });
}

/** Writes a number as NUMBER's twelve digits. */
export function writeDigits(bytes: Uint8Array, at: number, value: number): void {
  for (let digit = at + 11; digit >= at; digit--) {
    const rest = Math.floor(value / 10);
    bytes[digit] = 48 + value - rest * 10;
    value = rest;
  }
}
