// What the sections of INFO are made of: a process with its database, its settings and its clients.

import type { Database } from "../../database.ts";
import type { Configuration } from "../configuration.ts";
import type { NetworkFigures } from "../network-figures.ts";
import type { Rates } from "../rates.ts";

export interface InfoSource {
  readonly database: Database;
  readonly configuration: Configuration;
  /** Clients that are connected, to whichever thread. */
  readonly connectedClients: number;
  readonly network: NetworkFigures;
  readonly rates: Rates;
  /** This thread's connections to other servers. */
  readonly targets: { readonly count: number };
  readonly startedMs: number;
  /** 40 hexadecimal digits that are new at each start, and those of the data's history. */
  readonly runId: string;
  readonly replicationId: string;
}
