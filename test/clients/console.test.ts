// The console: a person with `nc`. Every transcript in seed-transcripts.md is typed line by line
// into a real nc, and what comes back must be the same to the letter, except where chance decides:
// SRANDMEMBER and SPOP may give any member, and what follows then follows from the one that was
// popped.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  endWithUs,
  programOrSkip,
  RUNTIMES,
  type Server,
  startOurServer,
} from "../support/servers.ts";

interface Exchange {
  readonly typed: string;
  readonly answer: readonly string[];
}

/** The transcripts by their headings. */
function transcripts(): Map<string, Exchange[]> {
  const text = readFileSync(new URL("seed-transcripts.md", import.meta.url), "utf8");
  const found = new Map<string, Exchange[]>();
  for (const [, heading = "", block = ""] of text.matchAll(/^## (.+)\n\n```\n([\s\S]*?)```/gm)) {
    const exchanges = block
      .trim()
      .split("\n\n")
      .map((each) => {
        const [typed = "", ...answer] = each.split("\n");
        return { typed, answer: answer.map((line) => line.replace(/^> /, "")) };
      });
    found.set(heading, exchanges);
  }
  return found;
}

/** An nc that is connected; lines in, lines out. */
class Terminal {
  readonly #child: ChildProcess;
  #output = "";

  constructor(port: number) {
    this.#child = endWithUs(spawn("nc", ["127.0.0.1", String(port)]));
    this.#child.stdout?.on("data", (bytes: Buffer) => {
      this.#output += bytes.toString("latin1");
    });
    this.#child.stdin?.on("error", () => {});
  }

  get output(): string {
    return this.#output;
  }

  type(text: string): void {
    this.#child.stdin?.write(text, "latin1");
  }

  /** Types a line and gives the answer, which has at least so many lines and then comes to rest. */
  async ask(line: string, lines = 1): Promise<string[]> {
    const from = this.#output.length;
    this.type(`${line}\n`);
    for (let tries = 0; tries < 500; tries++) {
      const answer = this.#output.slice(from);
      if (answer.endsWith("\n") && answer.split("\n").length > lines) {
        // Nothing more may come.
        await pause(3);
        if (this.#output.length === from + answer.length) return answer.slice(0, -1).split("\n");
      }
      await pause(2);
    }
    assert.fail(`${line} was answered by ${JSON.stringify(this.#output.slice(from))}`);
  }

  close(): void {
    this.#child.kill();
  }
}

for (const runtime of RUNTIMES) {
  describe(`the console on ${runtime}`, { timeout: 60_000 }, () => {
    let server: Server;
    before(async () => {
      server = await startOurServer({ runtime });
    });
    after(() => server?.stop());

    /** Plays what is typed and compares; for exact answers only. */
    const converse = async (exchanges: readonly (readonly [string, ...string[]])[]) => {
      const terminal = new Terminal(server.port);
      try {
        await terminal.ask("FLUSHALL");
        for (const [typed, ...answer] of exchanges) {
          assert.deepEqual(await terminal.ask(typed, answer.length), answer, typed);
        }
      } finally {
        terminal.close();
      }
    };

    for (const [heading, exchanges] of transcripts()) {
      test(`transcript: ${heading}`, async (t) => {
        if (!programOrSkip(t, "nc", `the console: ${heading}`)) return;
        const terminal = new Terminal(server.port);
        let members: string[] = [];
        try {
          assert.deepEqual(await terminal.ask("FLUSHALL"), ["OK"]);
          for (const { typed, answer } of exchanges) {
            const [name, , ...rest] = typed.split(" ");
            const got = await terminal.ask(typed, answer.length);
            if (name === "SADD" && rest.length > 1) members = rest;
            if (name === "SRANDMEMBER") {
              const drawn =
                answer.length > 1 ? got.map((line) => line.replace(/^\d+\) /, "")) : got;
              assert.equal(got.length, answer.length, typed);
              assert.equal(new Set(drawn).size, drawn.length, typed);
              for (const each of drawn) assert.ok(members.includes(each), `${typed}: ${each}`);
              if (answer.length > 1)
                assert.ok(got.every((line, at) => line.startsWith(`${at + 1}) `)));
            } else if (name === "SPOP") {
              assert.equal(got.length, 1);
              assert.ok(members.includes(got[0] as string), `${typed}: ${got}`);
              members = members.filter((each) => each !== got[0]);
            } else if (name === "SREM") {
              const there = members.includes(rest[0] as string);
              assert.deepEqual(got, [`(integer) ${there ? 1 : 0}`], typed);
              members = members.filter((each) => each !== rest[0]);
            } else if (name === "SMEMBERS") {
              assert.deepEqual(
                got,
                members.map((each, at) => `${at + 1}) ${each}`),
                typed,
              );
            } else assert.deepEqual(got, answer, typed);
          }
        } finally {
          terminal.close();
        }
      });
    }

    test("all transcripts in one sitting", async (t) => {
      if (!programOrSkip(t, "nc", "the console: one sitting")) return;
      const all = [...transcripts().values()].flat();
      const chance = all.findIndex(({ typed }) => typed.startsWith("SRANDMEMBER"));
      const exact = all.slice(0, chance).map(({ typed, answer }) => [typed, ...answer] as const);
      await converse(exact as [string, ...string[]][]);
    });

    test("values of several words, options, quotes", async (t) => {
      if (!programOrSkip(t, "nc", "the console: values")) return;
      await converse([
        ["SET k hello world", "OK"],
        ["GET k", "hello world"],
        ["SET k hello EX 100", "OK"],
        ["GET k", "hello"],
        ["TTL k", "(integer) 100"],
        ['SET k "a  b"', "OK"],
        ["GET k", "a  b"],
        ["SET k 'single quoted'", "OK"],
        ["GET k", "single quoted"],
        ["SET k hello world EX 100", "OK"],
        ["GET k", "hello world"],
        ["TTL k", "(integer) 100"],
        ["set lower case name", "OK"],
        ["get lower", "case name"],
      ]);
    });

    test("nothing, in each of its forms", async (t) => {
      if (!programOrSkip(t, "nc", "the console: nothing")) return;
      await converse([
        ["GET nothing", "(nil)"],
        ["DEL nothing", "NULL"],
        ["TYPE nothing", "NULL"],
        ["LPOP nothing", "(nil)"],
        ["HGET nothing f", "(nil)"],
        ["SPOP nothing", "(nil)"],
        ["LRANGE nothing 0 -1", "(EMPTY LIST)"],
        ["HGETALL nothing", "(empty hash)"],
        ["SMEMBERS nothing", "(empty set)"],
        ["SISMEMBER nothing m", "(bool) False"],
        ["LLEN nothing", "(integer) 0"],
        ["HMGET nothing f g", "1) (nil)", "2) (nil)"],
        ["SET k v", "OK"],
        ["DEL k", "OK"],
      ]);
    });

    test("errors begin with ERR and leave the session whole", async (t) => {
      if (!programOrSkip(t, "nc", "the console: errors")) return;
      const terminal = new Terminal(server.port);
      try {
        for (const line of ["BOGUS", "GET", "SET k", "LPOP", "EXEC", "INCR", 'SET k "unbalanced']) {
          const [answer] = await terminal.ask(line);
          assert.match(answer as string, /^ERR /, line);
        }
        assert.deepEqual(await terminal.ask("PING"), ["PONG"]);
      } finally {
        terminal.close();
      }
    });

    test("transactions print each reply in turn", async (t) => {
      if (!programOrSkip(t, "nc", "the console: transactions")) return;
      await converse([
        ["MULTI", "OK"],
        ["SET x 1", "QUEUED"],
        ["INCR x", "QUEUED"],
        ["RPUSH l a b", "QUEUED"],
        ["LRANGE l 0 -1", "QUEUED"],
        ["EXEC", "OK", "(integer) 2", "(integer) 2", "1) a", "2) b"],
        ["MULTI", "OK"],
        ["SET x 5", "QUEUED"],
        ["DISCARD", "OK"],
        ["GET x", "2"],
      ]);
    });

    test("within EXEC each command says which type it met", async (t) => {
      if (!programOrSkip(t, "nc", "the console: WRONGTYPE in EXEC")) return;
      await converse([
        ["SET k v", "OK"],
        ["MULTI", "OK"],
        ["LPUSH k a", "QUEUED"],
        ["TYPE nothing", "QUEUED"],
        ["HSET k f v", "QUEUED"],
        ["SISMEMBER nothing m", "QUEUED"],
        ["SADD k m", "QUEUED"],
        [
          "EXEC",
          "ERR WRONGTYPE: key is string, not list",
          "NULL",
          "ERR WRONGTYPE: key is string, not hash",
          "(bool) False",
          "ERR WRONGTYPE: key is string, not set",
        ],
      ]);
    });

    test("HELP knows the commands", async (t) => {
      if (!programOrSkip(t, "nc", "the console: HELP")) return;
      const terminal = new Terminal(server.port);
      try {
        const all = (await terminal.ask("HELP", 3)).join("\n");
        for (const name of ["SET", "LPUSH", "HGETALL", "SMEMBERS", "MULTI"]) {
          assert.ok(all.includes(name), `HELP does not mention ${name}`);
        }
        const one = (await terminal.ask("HELP set")).join("\n");
        assert.match(one, /SET/);
        assert.match(one, /key/);
        assert.match((await terminal.ask("HELP bogus"))[0] as string, /^ERR /);
      } finally {
        terminal.close();
      }
    });

    test("several lines at once are answered in order", async (t) => {
      if (!programOrSkip(t, "nc", "the console: several lines")) return;
      const terminal = new Terminal(server.port);
      try {
        await terminal.ask("FLUSHALL");
        terminal.type("SET a 1\nINCR a\nGET a\n");
        for (let tries = 0; tries < 200 && terminal.output.split("\n").length < 5; tries++)
          await pause(5);
        assert.equal(terminal.output, "OK\nOK\n(integer) 2\n2\n");
      } finally {
        terminal.close();
      }
    });

    test("a first line that ends in CR LF is Redis's inline protocol", async () => {
      const client = await server.connect();
      const answer = await client.exchange("SET k v\r\nGET k\r\nGET nothing\r\nBOGUS\r\n");
      assert.match(answer.toString(), /^\+OK\r\n\$1\r\nv\r\n\$-1\r\n-ERR unknown command/);
    });

    test("a pipe that ends its side at once still gets its answers", async () => {
      const client = await server.connect();
      assert.equal((await client.exchange("SET k piped\nGET k\n")).toString(), "OK\npiped\n");
    });
  });
}
