// DUMP and RESTORE of small values: CPU time of the server for one request, at a pipeline of 16 from
// 50 connections. Each server restores what it dumped itself. In each round every contender takes
// its turn; ratios are medians of those within a round.

import type { Socket } from "node:net";
import { encode, NUMBER, openSocket, withClient, writeDigits } from "./client.ts";
import { cpuBetween, cpuOf } from "./kernel.ts";
import { type Contender, type Server, serve, settle } from "./process.ts";
import { median, medianRatio } from "./statistics.ts";

const KEYS = 10_000;
const CONNECTIONS = 50;
const PIPELINE = 16;
const REQUESTS = 400_000;
const WARM_UPS = 2;
const DEADLINE_MS = 120_000;

const VALUES: readonly { readonly name: string; readonly make: readonly string[] }[] = [
  { name: "string of 16 bytes", make: ["SET", "key", "xxxxxxxxxxxxxxxx"] },
  { name: "integer", make: ["SET", "key", "1234567"] },
  {
    name: "hash of 5 fields",
    make: ["HSET", "key", ..."name alice age 30 city paris mail a@example.com id 81723".split(" ")],
  },
  { name: "list of 5 elements", make: ["RPUSH", "key", ..."one two three four five".split(" ")] },
];

export interface PayloadRow {
  readonly command: string;
  readonly value: string;
  readonly measured: Record<string, PayloadMeasured>;
}

export interface PayloadMeasured {
  readonly cpuNs: number;
  /** Median over the rounds of this contender's CPU time over the peer's. */
  readonly cpuRatio: number;
}

export async function measurePayloads(
  contenders: readonly Contender[],
  rounds: number,
  quick: boolean,
): Promise<PayloadRow[]> {
  const requests = quick ? REQUESTS / 10 : REQUESTS;
  const rows: PayloadRow[] = [];
  const servers: Server[] = [];
  try {
    for (const contender of contenders) servers.push(await serve(contender));
    for (const { name, make } of VALUES) {
      const restores = await Promise.all(servers.map(({ port }) => restoring(port, make)));
      const restore = servers.map((server, i) => new Drive(server, restores[i]));
      // The first of them makes the keys that DUMP reads.
      rows.push(await measureRow("RESTORE", name, restore, rounds, requests));
      const dump = servers.map((server) => new Drive(server, encode(["DUMP", `key:${NUMBER}`])));
      rows.push(await measureRow("DUMP", name, dump, rounds, requests));
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  return rows;
}

async function restoring(port: number, make: readonly string[]): Promise<Buffer> {
  await withClient(port, (client) => client.call("DEL", "key"));
  await withClient(port, (client) => client.call(...make));
  const socket = await openSocket(port);
  const reply = await exchange(socket, encode(["DUMP", "key"]));
  socket.destroy();
  const payload = reply.subarray(reply.indexOf("\r\n") + 2, -2);
  return encode(["RESTORE", `key:${NUMBER}`, "0", payload, "REPLACE"]);
}

async function measureRow(
  command: string,
  value: string,
  drives: readonly Drive[],
  rounds: number,
  requests: number,
): Promise<PayloadRow> {
  for (let i = 0; i < WARM_UPS; i++) for (const drive of drives) await drive.cpuNs(requests);
  const cpu: number[][] = drives.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, drive] of drives.entries()) cpu[i].push(await drive.cpuNs(requests));
  }
  const measured: Record<string, PayloadMeasured> = {};
  for (const [i, { server }] of drives.entries()) {
    const cpuRatio = medianRatio(cpu[i], cpu[0]);
    measured[server.contender.id] = { cpuNs: median(cpu[i]), cpuRatio };
  }
  const parts = Object.entries(measured).map(
    ([id, m]) => `${id} ${m.cpuNs.toFixed(0)} ns (${m.cpuRatio.toFixed(2)}×)`,
  );
  console.log(`  ${command} of ${value}: ${parts.join(" | ")}`);
  return { command, value, measured };
}

/** Sends one request, with other numbers, again and again. */
class Drive {
  readonly server: Server;
  readonly #request: Buffer;

  constructor(server: Server, request: Buffer) {
    this.server = server;
    this.#request = request;
  }

  /** CPU time of the server for each of so many requests. */
  async cpuNs(requests: number): Promise<number> {
    const { pid, port } = this.server;
    const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => openSocket(port)));
    const perSocket = Math.ceil(requests / CONNECTIONS / PIPELINE);
    // All replies are alike: what one of them takes tells when a batch is answered.
    const { length } = await exchange(sockets[0], this.#request);
    await settle(pid);
    const before = cpuOf(pid);
    await Promise.all(sockets.map((socket) => this.#drive(socket, perSocket, length)));
    const spent = cpuBetween(before, cpuOf(pid));
    for (const socket of sockets) socket.destroy();
    return spent / (perSocket * CONNECTIONS * PIPELINE);
  }

  #drive(socket: Socket, batches: number, replyBytes: number): Promise<void> {
    const request = this.#request;
    const place = request.indexOf(NUMBER);
    const template = Buffer.concat(Array.from({ length: PIPELINE }, () => request));
    return new Promise((resolve, reject) => {
      let left = batches;
      let received = 0;
      const send = () => {
        const batch = Buffer.from(template);
        for (let i = 0; i < PIPELINE; i++) {
          writeDigits(batch, i * request.length + place, Math.floor(Math.random() * KEYS));
        }
        socket.write(batch);
      };
      const fail = () => reject(new Error("a server answered no more, or something else"));
      socket.setTimeout(DEADLINE_MS, fail);
      socket.on("error", reject);
      socket.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received < PIPELINE * replyBytes) return;
        if (received > PIPELINE * replyBytes) return fail();
        received = 0;
        if (--left === 0) resolve();
        else send();
      });
      send();
    });
  }
}

/** The reply to one request, which is short. */
function exchange(socket: Socket, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("data", (reply: Buffer) => {
      socket.removeListener("error", reject);
      if (reply[0] === 0x2d) reject(new Error(reply.toString("latin1")));
      else resolve(reply);
    });
    socket.write(request);
  });
}
