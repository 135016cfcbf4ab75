// What those who serve a database know of their connections, for INFO and MEMORY: a server, or
// threads that serve for it. Whoever reports adds up what all of them say.

export interface NetworkFigures {
  readonly port: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Arrivals of bytes that were read, and times that bytes were handed to a socket. */
  readonly reads: number;
  readonly writes: number;
  readonly connectionsReceived: number;
  readonly connectionsRejected: number;
  /** Clients cut off because of client-query-buffer-limit, client-output-buffer-limit. */
  readonly inputLimitDisconnections: number;
  readonly outputLimitDisconnections: number;
  /** Bytes in buffers of clients: unfinished requests and replies not sent yet. */
  readonly clientBytes: number;
  /** The most bytes that wait of one client's requests, and of one client's replies. */
  readonly inputBytesMost: number;
  readonly outputBytesMost: number;
  /** Clients that are subscribed to something; that watch keys. */
  readonly subscribedClients: number;
  readonly watchingClients: number;
  /** Connections to other servers that keys were sent to. */
  readonly targetConnections: number;
  /** Counts from 0 again (CONFIG RESETSTAT). */
  resetFigures(): void;
}

/** Figures that grow until they are reset. */
export const COUNTED = [
  "bytesReceived",
  "bytesSent",
  "reads",
  "writes",
  "connectionsReceived",
  "connectionsRejected",
  "inputLimitDisconnections",
  "outputLimitDisconnections",
] as const;
/** Figures of now; of the last, the largest counts. */
export const PRESENT = [
  "subscribedClients",
  "watchingClients",
  "targetConnections",
  "clientBytes",
] as const;
export const LARGEST = ["inputBytesMost", "outputBytesMost"] as const;

export type NetworkFigure =
  | (typeof COUNTED)[number]
  | (typeof PRESENT)[number]
  | (typeof LARGEST)[number];

/** The figures of several together. */
export abstract class NetworkTotals implements NetworkFigures {
  abstract readonly port: number;
  abstract resetFigures(): void;
  /** The figure of each. */
  protected abstract values(figure: NetworkFigure): Iterable<number>;

  get bytesReceived(): number {
    return this.#sum("bytesReceived");
  }
  get bytesSent(): number {
    return this.#sum("bytesSent");
  }
  get reads(): number {
    return this.#sum("reads");
  }
  get writes(): number {
    return this.#sum("writes");
  }
  get connectionsReceived(): number {
    return this.#sum("connectionsReceived");
  }
  get connectionsRejected(): number {
    return this.#sum("connectionsRejected");
  }
  get inputLimitDisconnections(): number {
    return this.#sum("inputLimitDisconnections");
  }
  get outputLimitDisconnections(): number {
    return this.#sum("outputLimitDisconnections");
  }
  get subscribedClients(): number {
    return this.#sum("subscribedClients");
  }
  get watchingClients(): number {
    return this.#sum("watchingClients");
  }
  get targetConnections(): number {
    return this.#sum("targetConnections");
  }
  get clientBytes(): number {
    return this.#sum("clientBytes");
  }
  get inputBytesMost(): number {
    return Math.max(0, ...this.values("inputBytesMost"));
  }
  get outputBytesMost(): number {
    return Math.max(0, ...this.values("outputBytesMost"));
  }

  #sum(figure: NetworkFigure): number {
    let sum = 0;
    for (const value of this.values(figure)) sum += value;
    return sum;
  }
}

/** All who serve a database in this process, of whom there may be none. */
export class Network extends NetworkTotals {
  readonly servers: NetworkFigures[] = [];
  /** What those have counted who serve no more. */
  readonly #gone: Map<NetworkFigure, number> = new Map();

  add(server: NetworkFigures): void {
    this.servers.push(server);
  }

  remove(server: NetworkFigures): void {
    const at = this.servers.indexOf(server);
    if (at < 0) return;
    this.servers.splice(at, 1);
    for (const figure of COUNTED) {
      this.#gone.set(figure, (this.#gone.get(figure) ?? 0) + server[figure]);
    }
  }

  get port(): number {
    return this.servers.find(({ port }) => port !== 0)?.port ?? 0;
  }

  resetFigures(): void {
    this.#gone.clear();
    for (const server of this.servers) server.resetFigures();
  }

  protected *values(figure: NetworkFigure): Generator<number> {
    yield this.#gone.get(figure) ?? 0;
    for (const server of this.servers) yield server[figure];
  }
}
