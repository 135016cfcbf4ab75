// What stands between servers of one site: socket.io's adapter, by which they broadcast to each
// other's clients, and the store of express-session, where a visitor is known to all of them.

import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { RedisStore } from "connect-redis";
import session, { type Session } from "express-session";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { Server as SocketServer } from "socket.io";
import { io, type Socket } from "socket.io-client";
import { everywhere, LIMIT, type Subject, until } from "./subjects.ts";

type Adapter = ReturnType<typeof createAdapter>;

/** A node of the site: an HTTP server with socket.io on it. */
interface Node {
  readonly io: SocketServer;
  readonly port: number;
}

async function openNode(at: Subject, adapter: Adapter): Promise<Node> {
  const http = createServer();
  const server = new SocketServer(http, { adapter });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  at.ends.push(() => server.close());
  return { io: server, port: (http.address() as AddressInfo).port };
}

async function openSocket(at: Subject, port: number): Promise<Socket> {
  const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"] });
  at.ends.push(() => socket.disconnect());
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  return socket;
}

describe("rooms and sessions", () => {
  const told = everywhere("programs with rooms and sessions");

  /** Two connections, as an adapter wants them: one to publish on, and one that is subscribed. */
  const pairs = {
    ioredis: async (at: Subject) => {
      const pair = [new Redis(at.port, "127.0.0.1"), new Redis(at.port, "127.0.0.1")] as const;
      at.ends.push(() => {
        for (const each of pair) each.disconnect();
      });
      return pair;
    },
    "node-redis": async (at: Subject) => {
      const url = `redis://127.0.0.1:${at.port}`;
      const pair = [createClient({ url }), createClient({ url })] as const;
      for (const each of pair) {
        each.on("error", () => {});
        await each.connect();
      }
      at.ends.push(() => Promise.all(pair.map((each) => each.close())));
      return pair;
    },
  };
  const ways = [
    ["ioredis", "published", createAdapter],
    ["node-redis", "published", createAdapter],
    ["node-redis", "published to shards", createShardedAdapter],
  ] as const;

  for (const [client, how, create] of ways) {
    test(`socket.io on ${client}, ${how}: rooms over two servers`, LIMIT, async () => {
      const seen = await told(async (at) => {
        const open = pairs[client];
        const nodes: Node[] = [];
        for (let n = 0; n < 2; n++) {
          const [publisher, subscriber] = await open(at);
          nodes.push(await openNode(at, create(publisher, subscriber) as Adapter));
        }
        const [left, right] = nodes as [Node, Node];
        for (const node of nodes) {
          node.io.on("connection", (socket) => {
            socket.on("join", async (room, done) => {
              await socket.join(room);
              done();
            });
            socket.on("question", (done) => done("socket's"));
          });
        }
        const heard: unknown[] = [];
        const sockets: Socket[] = [];
        for (const [name, node] of [
          ["a", left],
          ["b", right],
          ["c", right],
        ] as const) {
          const socket = await openSocket(at, node.port);
          socket.onAny((event, ...args) => {
            if (typeof args.at(-1) === "function") args.pop()(`${name} has heard`);
            heard.push([name, event, ...args]);
          });
          sockets.push(socket);
        }
        const [a, b, c] = sockets as [Socket, Socket, Socket];
        await b.emitWithAck("join", "room");
        await until(async () => (await left.io.of("/").adapter.serverCount()) === 2);
        const take = async (count: number) => {
          await until(() => heard.length === count);
          return heard.splice(0).sort();
        };
        left.io.emit("all", 1, { deep: [Buffer.from([0, 255])] });
        const all = await take(3);
        left.io.to("room").emit("to the room", "x");
        const room = await take(1);
        right.io.except("room").emit("to others");
        const except = await take(2);
        left.io.local.emit("here");
        const local = await take(1);
        const answers = await left.io.timeout(3_000).emitWithAck("asked");
        heard.length = 0;
        const rooms = (await left.io.in("room").fetchSockets()).map(({ id }) => id === b.id);
        left.io.in(c.id as string).socketsJoin("second");
        await until(async () => (await left.io.in("second").fetchSockets()).length === 1);
        right.io.on("between", (text, answer) => answer(`${text}: heard`));
        const between = await new Promise((resolve) =>
          left.io.serverSideEmit("between", "servers", (_: Error | null, said: unknown) =>
            resolve(said),
          ),
        );
        left.io.in("second").disconnectSockets(true);
        await until(() => !c.connected);
        return {
          all,
          room,
          except,
          local,
          answers: answers.sort(),
          rooms,
          between,
          connected: [a.connected, b.connected, c.connected],
        };
      });
      const binary = { deep: [Buffer.from([0, 255])] };
      assert.deepEqual(seen, {
        all: ["a", "b", "c"].map((name) => [name, "all", 1, binary]),
        room: [["b", "to the room", "x"]],
        except: [
          ["a", "to others"],
          ["c", "to others"],
        ],
        local: [["a", "here"]],
        answers: ["a has heard", "b has heard", "c has heard"],
        rooms: [true],
        between: ["servers: heard"],
        connected: [true, true, false],
      });
    });
  }

  test(
    "express-session over connect-redis: visitors are known, and forgotten in time",
    LIMIT,
    async () => {
      const seen = await told(async (at) => {
        const client = createClient({ url: `redis://127.0.0.1:${at.port}` });
        await client.connect();
        at.ends.push(() => client.destroy());
        const store = new RedisStore({ client, prefix: "visit:" });
        const handle = session({
          store,
          secret: "secret",
          resave: false,
          saveUninitialized: false,
          rolling: true,
          cookie: { maxAge: 100_000 },
        });
        // Two servers of one site, which share nothing but the store.
        const answer = (
          request: IncomingMessage & { session: Session },
          response: ServerResponse,
        ) => {
          if (request.url === "/leave") {
            request.session.destroy(() => response.end("left"));
            return;
          }
          if (request.url === "/count")
            request.session.count = Number(request.session.count ?? 0) + 1;
          response.end(String(request.session.count));
        };
        const ports: number[] = [];
        for (let n = 0; n < 2; n++) {
          const server = createServer((request, response) =>
            handle(request, response, () =>
              answer(request as IncomingMessage & { session: Session }, response),
            ),
          );
          await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
          at.ends.push(() => {
            server.closeAllConnections();
            server.close();
          });
          ports.push((server.address() as AddressInfo).port);
        }
        let cookie = "";
        const visit = async (server: number, path: string) => {
          const response = await fetch(`http://127.0.0.1:${ports[server]}${path}`, {
            headers: { cookie },
          });
          const set = response.headers.get("set-cookie");
          if (set !== null) cookie = set.split(";")[0] as string;
          return response.text();
        };
        const texts = [await visit(0, "/look")];
        const before = await at.redis.keys("visit:*");
        texts.push(await visit(0, "/count"), await visit(1, "/count"), await visit(0, "/look"));
        const [key = ""] = await at.redis.keys("visit:*");
        const ttl = await at.redis.ttl(key);
        await at.redis.expire(key, 5);
        await visit(1, "/look"); // touches it
        const touched = await at.redis.ttl(key);
        const stored = JSON.parse((await at.redis.get(key)) ?? "{}");
        const count = [
          await store.length(),
          (await store.ids()).length,
          (await store.all())[0].count,
        ];
        texts.push(await visit(1, "/leave"), await visit(0, "/look"));
        const gone = await store.length();

        // A session that has run out is as if it had never been.
        const short = new RedisStore({ client, prefix: "short:", ttl: 1 });
        await short.set("sid", { cookie: { maxAge: null }, n: 1 });
        const there = await short.get("sid");
        await at.redis.pexpire("short:sid", 20);
        await until(async () => !(await short.get("sid")));
        await short.set("one", { cookie: { maxAge: null } });
        await short.clear();
        return {
          texts,
          before,
          ttl: ttl > 90 && ttl <= 100,
          touched: touched > 90,
          stored: stored.count,
          count,
          gone,
          there: there?.n,
          left: await at.redis.keys("{visit,short}:*"),
        };
      });
      assert.deepEqual(seen, {
        texts: ["undefined", "1", "2", "2", "left", "undefined"],
        before: [],
        ttl: true,
        touched: true,
        stored: 2,
        count: [1, 1, 2],
        gone: 0,
        there: 1,
        left: [],
      });
    },
  );
});
