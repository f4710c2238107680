import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { isAlive } from './processes.ts';
import { waitFor } from './wait-for.ts';

export function pidIn(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

/** The new program is nobody's child when the old one has gone, so the test ends it by its pid. */
export async function waitForSuccessor(
  t: TestContext,
  old: number,
  pidFile: string,
): Promise<number> {
  await waitFor('the pid file to change hands', () => ![0, old].includes(pidIn(pidFile)));
  const pid = pidIn(pidFile);
  t.after(async () => {
    if (!isAlive(pid)) return;
    process.kill(pid, 'SIGKILL');
    await waitFor('the successor to be gone', () => !isAlive(pid));
  });
  return pid;
}
