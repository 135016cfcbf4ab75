// The server on a simulated platform: how much of a client is served in one turn.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assemble } from "../host/assembly.ts";
import { configurationOf } from "../host/configuration.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { Server } from "./server.ts";

const READING_MS = 0.3;
const REQUESTS = 100;

/** A platform on which whatever lies between two readings of the clock takes its time. */
class SlowPlatform extends SimulatedPlatform {
  #readings = 0;

  override monotonicMs(): number {
    this.#readings++;
    return super.monotonicMs() + this.#readings * READING_MS;
  }
}

test("what a client is served in one turn is a slice, however many arrivals it is", async () => {
  const platform = new SlowPlatform(1);
  const configuration = configurationOf(["--appendonly", "no"], () => "");
  const { database, services } = assemble(platform, configuration, { seed: 1 });
  const server = new Server(database, services, configuration);
  const { port } = await server.listen("127.0.0.1", 0);
  const nothing = () => {};
  platform.dial(port, {
    opened: nothing,
    data: nothing,
    writable: nothing,
    ended: nothing,
    closed: nothing,
  });
  platform.advance(1);
  const [connection] = server.connections.all;
  assert.ok(connection !== undefined);

  const bytes = new TextEncoder().encode("*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n".repeat(REQUESTS));
  const served = () => database.executor.statistics.commands;
  // The first calls of a command are timed one by one.
  connection.receive(bytes, bytes.length);
  platform.advance(100);
  assert.equal(served(), REQUESTS);
  const arrivals = 10;
  for (let i = 0; i < arrivals; i++) connection.receive(bytes, bytes.length);
  const atOnce = served() - REQUESTS;
  assert.ok(atOnce >= REQUESTS && atOnce < (arrivals / 2) * REQUESTS, `${atOnce} at once`);
  platform.advance(100);
  assert.equal(served(), (1 + arrivals) * REQUESTS);
  server.stop();
  database.close();
});
