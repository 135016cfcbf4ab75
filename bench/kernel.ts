// What the kernel says of processes, in /proc. CPU time: schedstat of every thread, in nanoseconds,
// or (when a thread has come to its end between two readings, taking its figure along) the
// process's own total, which the kernel gives in ticks of 10 ms. How much of it was spent in the
// program itself and how much in the kernel on its behalf is known in ticks only: over a run of a
// second that is a share to about a hundredth.

import { readdirSync, readFileSync } from "node:fs";

export interface CpuSample {
  readonly totalNs: number;
  /** The part of it that the kernel spent on the process's behalf. */
  readonly systemNs: number;
  readonly threads: ReadonlyMap<string, number>;
}

export const NOTHING_YET: CpuSample = { totalNs: 0, systemNs: 0, threads: new Map() };

/** CPU time that a process has used so far, user and system. */
export function cpuOf(pid: number): CpuSample {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const systemNs = Number(fields[12]) * 1e7;
  const totalNs = Number(fields[11]) * 1e7 + systemNs;
  const threads = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1");
      threads.set(thread, Number(text.slice(0, text.indexOf(" "))));
    } catch {
      // The thread has just ended; its time is in the total.
    }
  }
  return { totalNs, systemNs, threads };
}

/** Nanoseconds of CPU time between two samples of one process. */
export function cpuBetween(before: CpuSample, after: CpuSample): number {
  let spent = 0;
  for (const time of after.threads.values()) spent += time;
  for (const [thread, time] of before.threads) {
    if (!after.threads.has(thread)) return after.totalNs - before.totalNs;
    spent -= time;
  }
  return spent;
}

/** The share of the kernel in the CPU time between two samples: 0 to 1, or 0 if there was none. */
export function systemShare(before: CpuSample, after: CpuSample): number {
  const total = after.totalNs - before.totalNs;
  return total > 0 ? (after.systemNs - before.systemNs) / total : 0;
}

/** Nanoseconds of CPU time of the children that a process has had and seen end, in ticks. */
export function childrenCpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * 1e7;
}

/** Resident memory of a process in bytes, shared pages counted by their share. */
export function residentBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
}

/** Memory that the machine could still give, in bytes. */
export function availableBytes(): number {
  const text = readFileSync("/proc/meminfo", "latin1");
  return Number(/^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
}

/** Resident memory of a process and of those that it has forked: each page counts once. */
export function familyBytes(pid: number): number {
  let bytes = 0;
  for (const member of [pid, ...childrenOf(pid)]) {
    try {
      bytes += residentBytes(member);
    } catch {
      // It has just ended.
    }
  }
  return bytes;
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
  return text.split(" ").filter(Boolean).map(Number);
}
