// The lock of a directory: one process at a time, without flock, which neither runtime offers.
//
// Every process that wants the directory puts a claim into it, a file of its own that is named
// `lock-<pid>-<birth>`, where birth tells apart two processes that had the same number (the start
// time from /proc, or, where there is no /proc, the start of the runtime's clock). Then it looks
// at the other claims. If one belongs to a living process, it takes its own claim back.
//
// Safe: two processes cannot both hold the directory, because each puts down its claim before it
// looks, so that the later look finds the other claim. Nobody ever removes a claim that may become
// valid again: a name belongs to one process for ever. Two starters at the same moment may both
// step back; a claim says whether it is `held` or still only `wanted`, and against a wanted one we
// try again after a short, random time.
//
// What this cannot see is a process on another machine, or in a container with process numbers of
// its own, that shares the directory.

import { closeSync, openSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { type DirectoryLock, DirectoryLocked } from "./platform.ts";

const ATTEMPTS_MAX = 40;
const WAIT_MS_MAX = 25;
const WANTED = "wanted";
const HELD = "held";
const claimName = /^lock-(\d+)-(\d+)$/;

/** Takes `directory` (resolved, existing) for this process or throws DirectoryLocked. */
export function lockDirectory(directory: string): DirectoryLock {
  const own = `lock-${process.pid}-${ownBirth()}`;
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
      throw new DirectoryLocked(directory, other.pid);
    }
    pause(1 + Math.random() * WAIT_MS_MAX);
  }
}

function claim(path: string, directory: string): void {
  let file: number;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw new DirectoryLocked(directory, process.pid);
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

/** A claim, other than `own`, whose process lives; claims of the dead are removed on the way. */
function livingClaim(directory: string, own: string): { name: string; pid: number } | undefined {
  for (const name of readdirSync(directory)) {
    const match = claimName.exec(name);
    if (match === null || name === own) continue;
    const pid = Number(match[1]);
    if (isAlive(pid, match[2])) return { name, pid };
    removeQuietly(`${directory}/${name}`);
  }
  return undefined;
}

/** Whether the process `pid` that was born at `birth` is there; without /proc, any with that pid. */
function isAlive(pid: number, birth: string): boolean {
  if (pid === process.pid) return birth === ownBirth();
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  const other = procStat(pid);
  if (other === undefined) return ownProc === undefined;
  return other.birth === birth && other.state !== "Z" && other.state !== "X";
}

/** State and start time (fields 3 and 22 of /proc/<pid>/stat), where the system has them. */
function procStat(pid: number): { state: string; birth: string } | undefined {
  const text = readQuietly(`/proc/${pid}/stat`);
  if (text === "") return undefined;
  // The second field, the program's name in parentheses, may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0], birth: fields[19] };
}

const ownProc = procStat(process.pid);

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
