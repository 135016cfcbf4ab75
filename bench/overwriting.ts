// Steady overwriting: how large the log's directory becomes while all keys are overwritten again and
// again at full speed, and how many bytes are written to files for each byte of the commands.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { encode, fill, NUMBER, withClient } from "./client.ts";
import { type Contender, removeDirectory, serve, temporaryDirectory } from "./process.ts";

const OVERWRITES = 20;
const LOOK_MS = 20;
const REWRITE_BYTES_MIN = "1mb";
/** Values that LZF does not make shorter would hide what compression does: these are of digits. */
const VALUE = Array.from({ length: 100 }, (_, i) => String((i * i * 7919) % 9973)[0]).join("");

export interface OverwritingRow {
  readonly keys: number;
  readonly measured: Record<string, OverwritingMeasured>;
}

export interface OverwritingMeasured {
  /** Bytes of the data in memory; of the directory, at most, while they were overwritten. */
  readonly dataBytes: number;
  readonly directoryBytesMax: number;
  readonly rewrites: number;
  /** Bytes written to files, for each byte that the writes are as commands. */
  readonly amplification: number;
}

export async function measureOverwriting(
  contenders: readonly Contender[],
  keys: number,
): Promise<OverwritingRow> {
  const measured: Record<string, OverwritingMeasured> = {};
  for (const contender of contenders) {
    measured[contender.id] = await measure(contender, keys);
    console.log(`  overwriting, ${contender.label}: ${JSON.stringify(measured[contender.id])}`);
  }
  return { keys, measured };
}

async function measure(contender: Contender, keys: number): Promise<OverwritingMeasured> {
  const directory = temporaryDirectory();
  const server = await serve(contender, { log: "everysec", directory });
  try {
    const { port } = server;
    const ask = (...words: string[]) => withClient(port, (client) => client.call(...words));
    const figure = (section: string, field: string) =>
      withClient(port, (client) => client.info(section, field));
    const command = ["SET", `key:${NUMBER}`, VALUE];
    const filling = { record: [command], count: keys };
    await fill(port, filling);
    const growth = new Growth(join(directory, "appendonlydir"));
    await ask("CONFIG", "SET", "auto-aof-rewrite-min-size", REWRITE_BYTES_MIN);
    await ask("CONFIG", "SET", "auto-aof-rewrite-percentage", "100");
    const rewrites = await figure("persistence", "aof_rewrites");
    for (let i = 0; i < OVERWRITES; i++) await fill(port, filling);
    growth.end();
    return {
      dataBytes: await figure("memory", "used_memory_dataset"),
      directoryBytesMax: growth.bytesMax,
      rewrites: (await figure("persistence", "aof_rewrites")) - rewrites,
      amplification: growth.written / (OVERWRITES * keys * encode(command).length),
    };
  } finally {
    await server.stop();
    removeDirectory(directory);
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
