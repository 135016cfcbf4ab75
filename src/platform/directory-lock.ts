// The lock of a directory: one thread of one process at a time, without flock, which neither
// runtime offers.
//
// Every process that wants the directory puts a claim into it, a file of its own that is named
// `lock-<pid>-<birth>`, where birth tells apart two processes that had the same number (the start
// time from /proc, or, where there is no /proc, the start of the runtime's clock). A worker's claim
// is named `lock-<pid>-<birth>-<tid>-<birth>`, its thread's number and start time behind those of
// the process, because a worker may be terminated while its process lives on. Then it looks
// at the other claims. If one belongs to a living process and thread, it takes its own claim back.
//
// Safe: two threads cannot both hold the directory, because each puts down its claim before it
// looks, so that the later look finds the other claim. Nobody ever removes a claim that may become
// valid again: a name belongs to one thread for ever. Two starters at the same moment may both
// step back; a claim says whether it is `held` or still only `wanted`, and against a wanted one we
// try again after a short, random time.
//
// Without /proc threads cannot be told apart, and what a terminated worker held stays locked until
// its process ends.
//
// What this cannot see is a process on another machine, or in a container with process numbers of
// its own, that shares the directory.

import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { type DirectoryLock, DirectoryLocked } from "./platform.ts";

const ATTEMPTS_MAX = 40;
const WAIT_MS_MAX = 25;
const WANTED = "wanted";
const HELD = "held";
const ANOTHER_THREAD =
  "another thread of this process: share() there makes a handle, and open(handle) attaches here";
const ANOTHER_COPY =
  "this process: another copy of this module, or another thread, has it open there";
const claimName = /^lock-(\d+)-(\d+)(?:-(\d+)-(\d+))?$/;

/** Takes `directory` (resolved, existing) for this thread or throws DirectoryLocked. */
export function lockDirectory(directory: string): DirectoryLock {
  const own = ownName();
  const path = `${directory}/${own}`;
  for (let attempt = 1; ; attempt++) {
    claim(path, directory);
    const other = livingClaim(directory, own);
    if (other === undefined) {
      say(path, HELD);
      return { release: () => removeQuietly(path) };
    }
    removeQuietly(path);
    if (attempt === ATTEMPTS_MAX || readQuietly(`${directory}/${other.name}`).startsWith(HELD)) {
      const isOwn = other.pid === process.pid;
      throw new DirectoryLocked(directory, other.pid, isOwn ? ANOTHER_THREAD : undefined);
    }
    pause(1 + Math.random() * WAIT_MS_MAX);
  }
}

function claim(path: string, directory: string): void {
  let file: number;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw new DirectoryLocked(directory, process.pid, ANOTHER_COPY);
    throw error;
  }
  closeSync(file);
  say(path, WANTED);
}

// On a full disk a claim is an empty file, which counts as wanted: others ask a little longer.
function say(path: string, what: string): void {
  try {
    writeFileSync(path, `${what}\n`);
  } catch (error) {
    if (codeOf(error) !== "ENOSPC" && codeOf(error) !== "EDQUOT") throw error;
  }
}

/**
 * A claim, other than `own`, whose process and thread live; claims of the dead are removed on the
 * way.
 */
function livingClaim(directory: string, own: string): { name: string; pid: number } | undefined {
  for (const name of readdirSync(directory)) {
    const match = claimName.exec(name);
    if (match === null || name === own) continue;
    const pid = Number(match[1]);
    const isHeld =
      isAlive(pid, match[2]) && (match[3] === undefined || runs(pid, match[3], match[4]));
    if (isHeld) return { name, pid };
    removeQuietly(`${directory}/${name}`);
  }
  return undefined;
}

/**
 * Whether the process `pid` that was born at `birth` is there; without /proc, any with that pid.
 */
function isAlive(pid: number, birth: string): boolean {
  if (pid === process.pid) return birth === ownBirth() || hasOwnClocks;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  const other = procStat(`${pid}`);
  return other === undefined ? ownProc === undefined : lives(other, birth);
}

/** Whether the thread `tid` of a living process, born at `birth`, is there, or may be. */
function runs(pid: number, tid: string, birth: string): boolean {
  const found = procStat(`${pid}/task/${tid}`);
  // Of another user's process the system may show nothing at all.
  return found === undefined ? procStat(`${pid}`) === undefined : lives(found, birth);
}

function lives(found: Stat, birth: string): boolean {
  return found.birth === birth && found.state !== "Z" && found.state !== "X";
}

interface Stat {
  state: string;
  birth: string;
}

/** State and start time (fields 3 and 22 of /proc/<place>/stat), where the system has them. */
function procStat(place: string): Stat | undefined {
  const text = readQuietly(`/proc/${place}/stat`);
  if (text === "") return undefined;
  // The second field, the program's name in parentheses, may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0], birth: fields[19] };
}

const ownProc = procStat(`${process.pid}`);

/** On Bun each thread has a clock of its own; without /proc there is nothing else to ask. */
const hasOwnClocks = ownProc === undefined && "bun" in process.versions;

/** The name of this thread's claim. The main thread's number is that of the process. */
function ownName(): string {
  const name = `lock-${process.pid}-${ownBirth()}`;
  const tid = ownThread();
  const stat = tid === "" ? undefined : procStat(`${process.pid}/task/${tid}`);
  return stat === undefined ? name : `${name}-${tid}-${stat.birth}`;
}

/** This thread's number where it is a worker's and the system tells it, else "". */
function ownThread(): string {
  try {
    const [pid, , tid] = readlinkSync("/proc/thread-self").split("/");
    return pid === `${process.pid}` && tid !== pid ? tid : "";
  } catch {
    return "";
  }
}

function ownBirth(): string {
  return ownProc?.birth ?? Math.floor(performance.timeOrigin).toString();
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another starter has cleared the same dead claim, or the directory is gone.
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
