// However many requests a client sends at once, and however they are spelled: others are served in
// between, replies wait in no large buffer, and a message to oneself follows the reply behind which
// it was published.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Client } from "../support/client.ts";
import { encodeCommand, show } from "../support/resp.ts";
import { RUNTIMES, type Server, startOurServer } from "../support/servers.ts";

type Spelling = (...words: string[]) => string;

const spellings: Record<string, Spelling> = {
  "arrays of bulk strings": (...words) => String(encodeCommand(words)),
  "lines that end with CR LF": (...words) => `${words.join(" ")}\r\n`,
  "lines that end with LF": (...words) => `${words.join(" ")}\n`,
  "lines of the console": (...words) => `${words.join(" ")}\n`,
};

for (const runtime of RUNTIMES) {
  describe(`slices on ${runtime}`, { timeout: 60_000 }, () => {
    let server: Server;
    let other: Client;
    before(async () => {
      server = await startOurServer({ runtime });
      other = await server.connect();
    });
    after(async () => {
      other?.close();
      await server?.stop();
    });

    /** A connection that is not taken for a person at a console, unless it is to be. */
    async function dial(spelling: string): Promise<Socket> {
      const socket = connect(server.port, "127.0.0.1");
      await once(socket, "connect");
      if (spelling === "lines of the console") return socket;
      socket.write(encodeCommand(["PING"]));
      await once(socket, "data");
      return socket;
    }

    async function calls(): Promise<number> {
      const figures = show(await other.call("INFO", "commandstats"));
      return Number(/cmdstat_keys:calls=(\d+)/.exec(figures)?.[1] ?? 0);
    }

    for (const [name, spell] of Object.entries(spellings)) {
      test(`${name}: others are served between slow requests that came together`, async () => {
        await other.call("FLUSHALL");
        await other.call("DEBUG", "POPULATE", "200000");
        await other.call("CONFIG", "RESETSTAT");
        const socket = await dial(name);
        socket.resume();
        const many = 30;
        socket.write(spell("KEYS", "zz*").repeat(many));
        const seen = new Set<number>();
        for (let count = 0; count < many; ) {
          count = await calls();
          seen.add(count);
        }
        seen.delete(0);
        seen.delete(many);
        assert.notEqual(seen.size, 0, "all of them were served before anybody else");
        socket.destroy();
      });

      test(`${name}: large replies wait for their reader one by one`, async () => {
        await other.call("SET", "large", "x".repeat(1 << 20));
        const socket = await dial(name);
        socket.pause();
        const port = socket.localPort;
        socket.write(spell("GET", "large").repeat(100));
        const unsent = async () => {
          const list = show(await other.call("CLIENT", "LIST"));
          const line = list.split(/\\n|\n/).find((each) => each.includes(`:${port} `)) ?? "";
          return Number(/ omem=(\d+)/.exec(line)?.[1] ?? 0);
        };
        let most = 0;
        while (most === 0) most = await unsent();
        assert.ok(most < 8 << 20, `${most} bytes wait`);
        let received = 0;
        socket.on("data", (part) => {
          received += part.length;
        });
        socket.resume();
        while (received < 100 << 20) await once(socket, "data");
        socket.destroy();
      });
    }

    for (const name of ["arrays of bulk strings", "lines that end with LF"] as const) {
      test(`${name}: a message to oneself comes before the next reply`, async () => {
        const client = await server.connect();
        await client.call("HELLO", "3");
        await client.call("SUBSCRIBE", "c");
        const spell = spellings[name] as Spelling;
        client.write(Buffer.from(spell("PUBLISH", "c", "1") + spell("PING") + spell("ECHO", "e")));
        const shown: string[] = [];
        for (let i = 0; i < 4; i++) shown.push(show(await client.read()));
        assert.deepEqual(shown, [":1", '>["message", "c", "1"]', "+PONG", '"e"']);
        await client.call("UNSUBSCRIBE");
        client.close();
      });
    }
  });
}
