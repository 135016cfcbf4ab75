// Durability: what a rewrite of the log costs those who are served meanwhile, and how large the
// log's directory becomes while keys are overwritten again and again.
//
// Each server is filled, and then written to at a steady rate by one connection; a prober (see
// prober.ts) pings it each millisecond, first for a while without a rewrite, then for as long as
// one takes. The sleeper beside it shows how long the machine itself held somebody up.

import { readdirSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { encode, fill, NUMBER, withClient } from "./client.ts";
import { witness } from "./prober.ts";
import { type Contender, removeDirectory, serve, temporaryDirectory } from "./process.ts";
import { type Goal, goal, NAMES, table, whole } from "./tables.ts";

const WRITES_A_SECOND = 50_000;
const BATCH = 250;
/** No more replies than this are waited for: a server that cannot keep up is written to less. */
const BEHIND_MAX = 20_000;
const BEFORE_MS = 3000;
const LOOK_MS = 20;
const OVERWRITES = 20;
const REWRITE_BYTES_MIN = "1mb";
/** Values that LZF does not make shorter would hide what compression does: these are of digits. */
const VALUE = Array.from({ length: 100 }, (_, i) => String((i * i * 7919) % 9973)[0]).join("");

export interface DurabilityRow {
  readonly keys: number;
  readonly measured: Record<string, DurabilityMeasured>;
}

export interface DurabilityMeasured {
  /** Longest wait of a client that pings each millisecond: without a rewrite, and during one. */
  readonly waitBeforeMs: number;
  readonly waitDuringMs: number;
  /** How long the machine held up a sleeping thread meanwhile. */
  readonly machineMs: number;
  readonly rewriteSeconds: number;
  /** Writes that were answered, a second, without a rewrite and during one. */
  readonly rateBefore: number;
  readonly rateDuring: number;
  /** Bytes of the data in memory; of the directory, at most, while they were overwritten. */
  readonly dataBytes: number;
  readonly directoryBytesMax: number;
  readonly rewrites: number;
  /** Bytes written to files, for each byte that the writes are as commands. */
  readonly amplification: number;
}

export async function benchmarkDurability(
  contenders: readonly Contender[],
  quick: boolean,
): Promise<DurabilityRow[]> {
  const keys = quick ? 100_000 : 1_000_000;
  const measured: Record<string, DurabilityMeasured> = {};
  for (const contender of contenders) {
    measured[contender.id] = await measure(contender, keys);
    console.log(`  ${contender.label}: ${JSON.stringify(measured[contender.id])}`);
  }
  return [{ keys, measured }];
}

async function measure(contender: Contender, keys: number): Promise<DurabilityMeasured> {
  const directory = temporaryDirectory();
  const server = await serve(contender, { log: "everysec", directory });
  try {
    const { port } = server;
    const ask = (...words: string[]) => withClient(port, (client) => client.call(...words));
    const figure = (section: string, field: string) =>
      withClient(port, (client) => client.info(section, field));
    await ask("CONFIG", "SET", "auto-aof-rewrite-percentage", "0");
    const filling = { record: [["SET", `key:${NUMBER}`, VALUE]], count: keys };
    await fill(port, filling);
    const load = await Load.begin(port, keys);
    await sleep(BEFORE_MS / 3);
    const before = await during(port, load, () => sleep(BEFORE_MS));
    const rewrite = await during(port, load, async () => {
      await ask("BGREWRITEAOF");
      while ((await figure("persistence", "aof_rewrite_in_progress")) !== 0) await sleep(LOOK_MS);
    });
    load.end();
    const growth = new Growth(join(directory, "appendonlydir"));
    await ask("CONFIG", "SET", "auto-aof-rewrite-min-size", REWRITE_BYTES_MIN);
    await ask("CONFIG", "SET", "auto-aof-rewrite-percentage", "100");
    const rewrites = await figure("persistence", "aof_rewrites");
    for (let i = 0; i < OVERWRITES; i++) await fill(port, filling);
    growth.end();
    const commandBytes = OVERWRITES * keys * encode(["SET", `key:${NUMBER}`, VALUE]).length;
    return {
      waitBeforeMs: before.longestMs,
      waitDuringMs: rewrite.longestMs,
      machineMs: Math.max(before.machineMs, rewrite.machineMs),
      rewriteSeconds: rewrite.seconds,
      rateBefore: before.rate,
      rateDuring: rewrite.rate,
      dataBytes: await figure("memory", "used_memory_dataset"),
      directoryBytesMax: growth.bytesMax,
      rewrites: (await figure("persistence", "aof_rewrites")) - rewrites,
      amplification: growth.written / commandBytes,
    };
  } finally {
    await server.stop();
    removeDirectory(directory);
  }
}

async function during(port: number, load: Load, work: () => Promise<void>) {
  const stopProber = await witness("prober", port);
  const stopSleeper = await witness("sleeper", port);
  const started = performance.now();
  const answered = load.answered;
  await work();
  const seconds = (performance.now() - started) / 1000;
  const rate = (load.answered - answered) / seconds;
  const { longestMs } = await stopProber();
  const { longestMs: machineMs } = await stopSleeper();
  return { seconds, rate, longestMs, machineMs };
}

/** Writes to random keys at a steady rate, until it is ended. */
class Load {
  answered = 0;
  #sent = 0;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #socket: ReturnType<typeof connect>;

  static async begin(port: number, keys: number): Promise<Load> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise((resolve) => socket.once("connect", resolve));
    return new Load(socket, keys);
  }

  private constructor(socket: ReturnType<typeof connect>, keys: number) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 0x0a) this.answered++;
    });
    const record = encode(["SET", `key:${NUMBER}`, VALUE]);
    const place = record.indexOf(NUMBER);
    const started = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - started) / 1000) * WRITES_A_SECOND;
      while (this.#sent < due && this.#sent - this.answered < BEHIND_MAX) {
        const batch = Buffer.concat(Array.from({ length: BATCH }, () => record));
        for (let i = 0; i < BATCH; i++) {
          const key = String(Math.floor(Math.random() * keys)).padStart(NUMBER.length, "0");
          batch.write(key, i * record.length + place, "latin1");
        }
        socket.write(batch);
        this.#sent += BATCH;
      }
    }, 1);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}

/** Watches how large a directory is, and how much its files grow in all. */
class Growth {
  bytesMax = 0;
  written = 0;
  readonly #sizes = new Map<number, number>();
  readonly #directory: string;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(directory: string) {
    this.#directory = directory;
    this.#look(true);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  #look(isFirst = false): void {
    let bytes = 0;
    for (const name of readdirSync(this.#directory)) {
      const found = statSync(join(this.#directory, name), { throwIfNoEntry: false });
      if (found === undefined) continue;
      bytes += found.size;
      const before = this.#sizes.get(found.ino) ?? 0;
      if (!isFirst) this.written += Math.max(0, found.size - before);
      this.#sizes.set(found.ino, found.size);
    }
    this.bytesMax = Math.max(this.bytesMax, bytes);
  }

  end(): void {
    this.#look();
    clearInterval(this.#timer);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const ms = (value: number) => `${value.toFixed(1)} ms`;

export function durabilityTable(rows: readonly DurabilityRow[]): string {
  return table(
    [
      "keys",
      "server",
      "longest wait: without",
      "during a rewrite",
      "machine's own",
      "a rewrite takes",
      "writes a second: without",
      "during",
      "directory at most, of the data",
      "written for a byte",
    ],
    rows.flatMap(({ keys, measured }) =>
      Object.entries(measured).map(([id, m]) => [
        whole(keys),
        NAMES[id],
        ms(m.waitBeforeMs),
        ms(m.waitDuringMs),
        ms(m.machineMs),
        `${m.rewriteSeconds.toFixed(1)} s`,
        whole(m.rateBefore),
        whole(m.rateDuring),
        `${(m.directoryBytesMax / m.dataBytes).toFixed(2)} ×`,
        m.amplification.toFixed(2),
      ]),
    ),
  );
}

export function durabilityGoals(rows: readonly DurabilityRow[]): Goal[] {
  return rows.flatMap(({ keys, measured }) =>
    ["bun", "node"].flatMap((id) => {
      const mine = measured[id];
      const peer = measured.redis;
      if (mine === undefined || peer === undefined) return [];
      const name = NAMES[id];
      const waits = [{ name, value: mine.waitDuringMs }];
      const wait = `${name}, longest wait of another client during a rewrite of ${whole(keys)} keys`;
      return [
        ...goal(wait, "at most", peer.waitDuringMs, waits, ms),
        ...goal(`${name}, writes answered during a rewrite, against without`, "at least", 0.8, [
          { name, value: mine.rateDuring / mine.rateBefore },
        ]),
        ...goal(
          `${name}, the log's directory while all is overwritten, of the data`,
          "at most",
          3,
          [{ name, value: mine.directoryBytesMax / mine.dataBytes }],
        ),
      ];
    }),
  );
}
