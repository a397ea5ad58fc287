import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in ticks of a hundredth of a second (sysconf(_SC_CLK_TCK)). */
const TICK_S = 0.01;

/** Seconds of CPU a process has used. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_S;
}

/** The same to the nanosecond, from Linux' scheduler. Threads that have ended are not counted. */
export function cpuMs(pid: number): number {
  return threadsOf(pid)
    .map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'latin1').split(' ')[0]))
    .reduce((sum, ns) => sum + ns / 1e6, 0);
}

/** @returns a function that gives the seconds of CPU since now: in ticks only if a thread has ended or begun since then */
export function cpuFromNow(pid: number): () => number {
  const before = { ticks: cpuSeconds(pid), ms: cpuMs(pid), threads: threadsOf(pid).join() };
  return () => {
    if (threadsOf(pid).join() !== before.threads) return cpuSeconds(pid) - before.ticks;
    return (cpuMs(pid) - before.ms) / 1_000;
  };
}

function threadsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`);
}

/** Write calls of a process, as `/proc` counts them: `write` and `writev`, but not `send`. */
export function writeCalls(pid: number): number {
  const [, calls] = /^syscw: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1')) ?? [];
  return Number(calls);
}

/** Resident memory of a process, in bytes. */
export function rssBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kib) * 1024;
}
