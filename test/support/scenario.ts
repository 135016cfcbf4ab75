// Scenarios: what one or several clients do, played on redis-server and on ours, replies compared.
//
// A scenario is a script, one step a line:
//
//   SET k "a\x00b"      client a sends this (redis-cli's quoting) and reads one reply
//   b> GET k            client b does
//   a>> BLPOP k 0       client a sends and does not read; a blocking command must begin to block
//   a<                  client a reads one reply
//   a-                  client a hears nothing
//   CLIENT KILL {id:b}  {id:b} and {address:b} stand for client b's id and address
//   a.                  client a closes
//   wait 20             milliseconds
//   ~ SMEMBERS s        compared as a multiset      % HGETALL h   as pairs
//   & OBJECT ENCODING   as an encoding              : TTL k       as near times
//   ? TIME              by type only              @ XPENDING s g   but for times of deliveries
//   = id :1             in the step before we differ on purpose (see differences.ts) and reply
//                       this; `=2` and `=3` say it for one protocol
//
// Blank lines and lines that begin with # are passed over. Each scenario starts on empty databases,
// and is played in RESP2 and RESP3 and under every profile, that is, with every set of encoding
// thresholds.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { differenceApplies } from "../conformance/differences.ts";
import type { Client } from "./client.ts";
import { type Mode, sameReply } from "./compare.ts";
import { type Reply, show, splitLine, textOf } from "./resp.ts";
import {
  hasProgram,
  olderThan,
  RUNTIMES,
  type Runtime,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
} from "./servers.ts";

export type Protocol = 2 | 3;

/** Marks a script: its backslashes are the script's own. */
export const script = String.raw;

/** Encoding thresholds, by CONFIG SET. */
export const PROFILES: Record<string, Record<string, string>> = {
  "default thresholds": {
    "hash-max-listpack-entries": "128",
    "hash-max-listpack-value": "64",
    "list-max-listpack-size": "-2",
    "set-max-intset-entries": "512",
    "set-max-listpack-entries": "128",
    "set-max-listpack-value": "64",
    "zset-max-listpack-entries": "128",
    "zset-max-listpack-value": "64",
    "stream-node-max-bytes": "4096",
    "stream-node-max-entries": "100",
  },
  "tiny thresholds": {
    "hash-max-listpack-entries": "2",
    "hash-max-listpack-value": "8",
    "list-max-listpack-size": "2",
    "set-max-intset-entries": "2",
    "set-max-listpack-entries": "2",
    "set-max-listpack-value": "8",
    "zset-max-listpack-entries": "2",
    "zset-max-listpack-value": "8",
    "stream-node-max-bytes": "200",
    "stream-node-max-entries": "3",
  },
};
export const DEFAULT_PROFILE = "default thresholds";

/** Directives that an older redis-server does not have. */
const SINCE: Record<string, string> = {
  "set-max-listpack-entries": "7.2.0",
  "set-max-listpack-value": "7.2.0",
};

export async function applyProfile(server: Server, control: Client, profile: string) {
  for (const [name, value] of Object.entries(PROFILES[profile] ?? {})) {
    if (olderThan(server.version, SINCE[name] ?? "0")) continue;
    const reply = await control.call("CONFIG", "SET", name, value);
    assert.equal(show(reply), "+OK", `CONFIG SET ${name} ${value} on ${server.name}`);
  }
}

interface Step {
  readonly line: string;
  readonly heard: Reply | "nothing" | "the connection closed";
  readonly mode: Mode;
  readonly differences: { protocol: string; id: string; ours: string }[];
}

const MODES: Record<string, Mode> = {
  "~": "unordered",
  "%": "pairs",
  ":": "near",
  "&": "encoding",
  "?": "kind",
  "@": "deliveries",
};
const BLOCKING =
  /^(BLPOP|BRPOP|BLMOVE|BRPOPLPUSH|BLMPOP|BZPOPMIN|BZPOPMAX|BZMPOP|XREAD|XREADGROUP)$/i;
const SILENCE_MS = 40;

/** Plays the script on the server; what was heard, step by step. */
async function play(server: Server, control: Client, protocol: Protocol, text: string) {
  const steps: Step[] = [];
  const clients = new Map<string, Client>();
  const ids = new Map<string, string>();
  const client = async (name: string): Promise<Client> => {
    let found = clients.get(name);
    if (!found) {
      found = await server.connect();
      clients.set(name, found);
      ids.set(name, textOf(await found.call("CLIENT", "ID")) ?? "");
      if (protocol === 3) await found.call("HELLO", "3");
    }
    return found;
  };
  const fill = async (text: string) => {
    let filled = text;
    for (const [whole, what, name = ""] of text.matchAll(/\{(id|address):([a-z])\}/g)) {
      const { socket } = await client(name);
      const value = what === "id" ? ids.get(name) : `127.0.0.1:${socket.localPort}`;
      filled = filled.replace(whole, value ?? "");
    }
    return filled;
  };
  const blocked = async () =>
    Number(/blocked_clients:(\d+)/.exec(textOf(await control.call("INFO", "clients")) ?? "")?.[1]);

  try {
    for (const raw of text.split("\n")) {
      const line = raw.trim();
      if (line === "" || line.startsWith("#")) continue;
      const difference = /^=([23]?) (\S+) (.*)$/.exec(line);
      if (difference) {
        const [, only = "", id = "", ours = ""] = difference;
        steps.at(-1)?.differences.push({ protocol: only, id, ours });
        continue;
      }
      const waiting = /^wait (\d+)$/.exec(line);
      if (waiting) {
        await pause(Number(waiting[1]));
        continue;
      }
      const [, name = "a", verb = ">", sign, command = ""] =
        /^(?:([a-z])(>>|>|<|-|\.)\s*)?(?:([~%:&?@])\s+)?(.*)$/.exec(line) ?? [];
      const mode = MODES[sign ?? ""] ?? "exact";
      const who = await client(name);
      if (verb === ".") {
        who.close();
        clients.delete(name);
        await pause(SILENCE_MS);
        continue;
      }
      if (verb === "-") {
        const reply = await who.peek(SILENCE_MS);
        steps.push({ line, heard: reply ?? "nothing", mode, differences: [] });
        continue;
      }
      if (verb !== "<") {
        const args = splitLine(await fill(command));
        const waits = verb === ">>" && BLOCKING.test(args[0]?.toString() ?? "");
        const before = waits ? await blocked() : 0;
        who.send(...args);
        if (verb === ">>") {
          for (let tries = 0; waits && tries < 100 && (await blocked()) <= before; tries++) {
            await pause(2);
          }
          if (!waits) await pause(10);
          continue;
        }
      }
      const heard = await who.read().catch((error: Error) => {
        if (error.message.startsWith("the server closed")) return "the connection closed" as const;
        throw new Error(`${server.name}: ${line}: ${error.message}`);
      });
      steps.push({ line, heard, mode, differences: [] });
    }
  } finally {
    for (const each of clients.values()) each.close();
  }
  return steps;
}

function describeHeard(heard: Step["heard"]): string {
  return typeof heard === "string" ? `(${heard})` : show(heard);
}

function compare(
  theirs: Step[],
  ours: Step[],
  oracle: Server,
  subject: Server,
  protocol: Protocol,
  place: string,
) {
  const story: string[] = [place];
  for (const [index, step] of theirs.entries()) {
    const mine = ours[index] as Step;
    const difference = step.differences.find(
      (each) =>
        (each.protocol === "" || each.protocol === String(protocol)) &&
        differenceApplies(each.id, oracle.version, subject.version),
    );
    const expected = difference ? difference.ours : describeHeard(step.heard);
    const got = describeHeard(mine.heard);
    let same = expected === got;
    if (!difference && typeof step.heard !== "string" && typeof mine.heard !== "string") {
      same = sameReply(step.heard, mine.heard, step.mode);
    }
    if (!same) {
      const source = difference ? `difference ${difference.id}` : oracle.name;
      assert.fail(
        `${[...story, `  ${step.line}`].join("\n")}\n${source}: ${expected}\n${subject.name}: ${got}`,
      );
    }
    story.push(`  ${step.line}  →  ${got.slice(0, 120)}`);
  }
}

export interface FamilyOptions {
  /** Directives that both servers are started with. */
  readonly args?: readonly string[];
  readonly runtimes?: readonly Runtime[];
  readonly profiles?: readonly string[];
  readonly protocols?: readonly Protocol[];
}

interface Stage {
  readonly server: Server;
  readonly control: Client;
}

/** Plays scenarios (name → script) on redis-server and on ours, on both runtimes. */
export function family(
  name: string,
  scenarios: Record<string, string>,
  options: FamilyOptions = {},
) {
  const profiles = options.profiles ?? [DEFAULT_PROFILE];
  describe(name, () => {
    let oracle: Stage | undefined;
    const subjects: Stage[] = [];

    before(async () => {
      // Without the oracle every test below is skipped, and no server is needed.
      if (!hasProgram("redis-server")) return;
      const stage = async (starting: Promise<Server>) => {
        const server = await starting;
        return { server, control: await server.connect() };
      };
      const args = options.args ?? [];
      const starts = (options.runtimes ?? RUNTIMES).map((runtime) =>
        stage(startOurServer({ runtime, args })),
      );
      oracle = await stage(startRedisServer({ args }));
      subjects.push(...(await Promise.all(starts)));
    });

    after(async () => {
      for (const stage of [...subjects, ...(oracle ? [oracle] : [])]) {
        stage.control.close();
        await stage.server.stop();
      }
    });

    for (const [title, text] of Object.entries(scenarios)) {
      test(title, { timeout: 120_000 }, async (t) => {
        if (!redisServerOrSkip(t, `${name}: ${title}`)) return;
        const expected = oracle as Stage;
        for (const profile of profiles) {
          for (const protocol of options.protocols ?? ([2, 3] as const)) {
            const prepared = async (stage: Stage) => {
              await stage.control.call("FLUSHALL");
              if (profiles.length > 1) await applyProfile(stage.server, stage.control, profile);
              return play(stage.server, stage.control, protocol, text);
            };
            const [theirs, ...ours] = await Promise.all([expected, ...subjects].map(prepared));
            for (const [index, mine] of ours.entries()) {
              const subject = (subjects[index] as Stage).server;
              const place = `RESP${protocol}, ${profile}`;
              compare(theirs as Step[], mine, expected.server, subject, protocol, place);
            }
          }
        }
      });
    }
  });
}

/** Both profiles: for families whose values have several encodings. */
export const EVERY_ENCODING = Object.keys(PROFILES);
