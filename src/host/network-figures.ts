// What a listening server knows of its connections, for INFO and MEMORY.

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
  /** Counts from 0 again (CONFIG RESETSTAT). */
  resetFigures(): void;
}

/** Of a database that no server listens for. */
export const noNetwork: NetworkFigures = {
  port: 0,
  bytesReceived: 0,
  bytesSent: 0,
  reads: 0,
  writes: 0,
  connectionsReceived: 0,
  connectionsRejected: 0,
  inputLimitDisconnections: 0,
  outputLimitDisconnections: 0,
  clientBytes: 0,
  inputBytesMost: 0,
  outputBytesMost: 0,
  subscribedClients: 0,
  watchingClients: 0,
  resetFigures() {},
};
