import { readFileSync } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import type { Spawn } from '../process/spawn.ts';
import { findUnit, type Unit } from '../systemd/unit-name.ts';

/** systemd may be busy, but who is asked to stop cannot wait for long. */
const longestWaitMs = 1000;
/** An answer is a line. */
const longestAnswer = 4096;

interface Means {
  spawn: Spawn;
  clock: Clock;
  env: Readonly<Record<string, string>>;
}

/**
 * Whether systemd will start us again after this stop: while a unit is restarted its job says so
 * until it has stopped. Null when it cannot be asked.
 */
export async function willBeRestarted(
  means: Means,
  groups = readOwnGroups(),
): Promise<boolean | null> {
  const unit = findUnit(groups);
  const answer = unit && (await listJobs(unit, means));
  if (answer === null) return null;
  return answer.split('\n').some((line) => / restart +(?:running|waiting)$/.test(line.trimEnd()));
}

/** A stop goes on, whatever can be read here. */
function readOwnGroups(): string {
  try {
    return readFileSync('/proc/self/cgroup', 'utf8');
  } catch {
    return ''; // no /proc
  }
}

function listJobs({ name, isUsers }: Unit, { spawn, clock, env }: Means): Promise<string | null> {
  const child = spawn({
    file: 'systemctl',
    args: [...(isUsers ? ['--user'] : []), 'list-jobs', '--no-legend', '--plain', '--', name],
    cwd: '/',
    env: { ...env, LC_ALL: 'C' },
    descriptors: [],
    output: 'capture',
    channel: false,
  });
  let answer = '';
  child.stderr?.resume();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (answer.length < longestAnswer) answer += text;
  });
  return new Promise((resolve) => {
    const cancel = clock.after(longestWaitMs, () => {
      child.kill('SIGKILL');
      resolve(null); // one that hangs in the kernel does not die of it
    });
    child.onExit(({ code }) => {
      cancel();
      resolve(code === 0 ? answer : null);
    });
  });
}
