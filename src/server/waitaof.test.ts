// WAITAOF: who waits for the disk is replied to when it is there, and others are served meanwhile.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../../test/support/client.ts";
import { show } from "../../test/support/resp.ts";
import { startOurServer, temporaryFolder } from "../../test/support/servers.ts";
import { assemble, openDirectory } from "../host/assembly.ts";
import { configurationOf } from "../host/configuration.ts";
import { Disk } from "../persistence/test-support.ts";
import type { SimulatedSocket } from "../platform/simulated-network.ts";
import { Server } from "./server.ts";

const RUNTIME = "bun" in process.versions ? "bun" : "node";

/** A server on a simulated disk whose syncs in the background end when the test says so. */
class Machine {
  readonly disk = new Disk();
  readonly database;
  readonly listening: Promise<number>;

  constructor(fsync: string) {
    const args = ["--dir", "/data", "--appendfsync", fsync];
    const configuration = configurationOf(args, () => "");
    const { database, services } = assemble(this.disk, configuration, { seed: 1 });
    this.database = database;
    openDirectory(database, configuration);
    const server = new Server(database, services, configuration);
    this.listening = server.listen("127.0.0.1", 0).then(({ port }) => port);
    this.disk.heldSyncs = [];
  }

  static async begin(fsync: string): Promise<Machine> {
    const machine = new Machine(fsync);
    await machine.listening;
    return machine;
  }

  async connect(): Promise<Peer> {
    const peer = new Peer(this.disk, await this.listening);
    this.disk.advance(10);
    return peer;
  }

  /** The sync that is under way ends. */
  endSync(): void {
    const { heldSyncs } = this.disk;
    assert.equal(heldSyncs?.length, 1, "a sync is under way");
    heldSyncs?.pop()?.();
    this.disk.advance(10);
  }
}

class Peer {
  received = "";
  readonly #disk: Disk;
  readonly #socket: SimulatedSocket;

  constructor(disk: Disk, port: number) {
    this.#disk = disk;
    const nothing = (): void => {};
    this.#socket = disk.dial(port, {
      opened: nothing,
      data: (_socket, bytes, length) => {
        this.received += Buffer.from(bytes.subarray(0, length)).toString();
      },
      writable: nothing,
      ended: nothing,
      closed: nothing,
    });
  }

  /** Sends a line, and returns what comes at once. */
  say(line: string): string {
    this.received = "";
    const bytes = Buffer.from(`${line}\r\n`);
    for (let sent = 0; sent < bytes.length; this.#disk.advance(1)) {
      sent += this.#socket.write(bytes, sent, bytes.length);
    }
    for (let ms = 0; ms < 50 && !this.received.endsWith("\r\n"); ms++) this.#disk.advance(1);
    this.#disk.advance(1);
    return this.received.replaceAll("\r\n", " ").trim();
  }

  get more(): string {
    for (let ms = 0; ms < 50 && !this.received.endsWith("\r\n"); ms++) this.#disk.advance(1);
    const text = this.received.replaceAll("\r\n", " ").trim();
    this.received = "";
    return text;
  }
}

for (const fsync of ["everysec", "no"]) {
  test(`${fsync}: WAITAOF waits for the disk, and nobody else does`, async () => {
    const machine = await Machine.begin(fsync);
    const [a, b, c] = [await machine.connect(), await machine.connect(), await machine.connect()];
    assert.equal(a.say("SET k 1"), "+OK");
    assert.equal(a.say("WAITAOF 1 0 0"), "");
    assert.equal(b.say("GET k"), "$1 1");
    assert.match(b.say("INFO clients"), /blocked_clients:1 /);
    assert.match(b.say("CLIENT LIST"), /flags=b .*cmd=waitaof/);
    // Who comes during the sync shares the next one.
    assert.equal(b.say("SET k 2"), "+OK");
    assert.equal(b.say("WAITAOF 1 0 0"), "");
    assert.equal(c.say("INCR n"), ":1");
    assert.equal(c.say("WAITAOF 1 0 0"), "");
    machine.endSync();
    assert.deepEqual([a.more, b.more, c.more], ["*2 :1 :0", "", ""]);
    machine.endSync();
    assert.deepEqual([a.more, b.more, c.more], ["", "*2 :1 :0", "*2 :1 :0"]);
    // Nothing is left to be synced.
    assert.equal(a.say("WAITAOF 1 0 0"), "*2 :1 :0");
    assert.equal(a.say("WAITAOF 0 0 0"), "*2 :1 :0");
    assert.equal(machine.disk.heldSyncs?.length, 0);
  });

  test(`${fsync}: who waits no longer is told what is so far`, async () => {
    const machine = await Machine.begin(fsync);
    const [a, b] = [await machine.connect(), await machine.connect()];
    a.say("SET k 1");
    assert.equal(a.say("WAITAOF 1 0 300"), "");
    machine.disk.advance(300);
    assert.equal(a.more, "*2 :0 :0");
    assert.equal(a.say("WAITAOF 1 0 0"), "");
    assert.equal(b.say("CLIENT UNBLOCK 1"), ":1");
    assert.equal(a.more, "*2 :0 :0");
    assert.equal(a.say("WAITAOF 1 0 0"), "");
    assert.equal(b.say("CLIENT UNBLOCK 1 ERROR"), ":1");
    assert.equal(a.more, "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
    // What it waited for comes, and is not told to who waits for something else.
    assert.equal(a.say("BLPOP list 0"), "");
    machine.endSync();
    assert.equal(a.more, "");
    assert.equal(b.say("CLIENT KILL ID 1"), ":1");
  });

  test(`${fsync}: replicas do not come, but what is here is said`, async () => {
    const machine = await Machine.begin(fsync);
    const a = await machine.connect();
    a.say("SET k 1");
    assert.equal(a.say("WAITAOF 1 1 300"), "");
    machine.endSync();
    assert.equal(a.more, "");
    machine.disk.advance(300);
    assert.equal(a.more, "*2 :1 :0");
    a.say("SET k 1");
    assert.equal(a.say("WAITAOF 0 0 0"), "*2 :0 :0");
    assert.equal(a.say("WAIT 0 0"), ":0");
    assert.equal(a.say("MULTI"), "+OK");
    assert.equal(a.say("SET k 2"), "+QUEUED");
    assert.equal(a.say("WAITAOF 1 0 0"), "+QUEUED");
    assert.equal(a.say("EXEC"), "*2 +OK *2 :0 :0");
  });

  test(`${fsync}: where the disk fails, who waits does so until it is mended`, async () => {
    const machine = await Machine.begin(fsync);
    const [a, b] = [await machine.connect(), await machine.connect()];
    a.say("SET k 1");
    assert.equal(a.say("WAITAOF 1 0 0"), "");
    machine.disk.failingSyncs = 1;
    machine.endSync();
    assert.equal(a.more, "");
    assert.match(b.say("SET k 2"), /^-MISCONF/);
    machine.disk.advance(300);
    machine.endSync();
    assert.equal(a.more, "*2 :1 :0");
    assert.equal(b.say("SET k 2"), "+OK");
  });
}

test("four threads: each client is told when its writes are on the disk", async (t) => {
  for (const fsync of ["everysec", "no"]) {
    const args = ["--appendonly", "yes", "--appendfsync", fsync, "--io-threads", "4"];
    const server = await startOurServer({ runtime: RUNTIME, dir: temporaryFolder(), args });
    t.after(() => server.stop());
    const clients = await Promise.all(
      Array.from({ length: 16 }, () => Client.connect(server.port)),
    );
    for (let turn = 0; turn < 10; turn++) {
      const replies = await Promise.all(
        clients.map((client, i) =>
          client.pipeline([
            ["SET", `k${i}`, `${turn}`],
            ["WAITAOF", "1", "0", "0"],
          ]),
        ),
      );
      for (const [set, waited] of replies) {
        assert.deepEqual([show(set), show(waited)], ["+OK", "[:1, :0]"], fsync);
      }
    }
    for (const client of clients) client.close();
    await server.stop();
  }
});
