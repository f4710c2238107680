import { readFileSync } from 'node:fs';

/** CPU time a process has used, in clock ticks of 10 ms: proc(5), utime + stime. */
export function cpuTicks(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}
