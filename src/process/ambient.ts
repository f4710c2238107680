import { readFileSync } from 'node:fs';
import { libc } from '../native/libc.ts';

const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;

/** Numbers of capabilities(7) that children get without a bit on their file: AmbientCapabilities=. */
let ambient: readonly number[] = [];

/**
 * What we may do, like binding port 80, is nothing that children should be able to: from now on
 * they get no capability at all.
 */
export function withholdCapabilities(): void {
  ambient = readAmbient();
  if (ambient.length > 0) libc('prctl', PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/** For a child that is to be what we are. */
export function lendCapabilities<T>(spawn: () => T): T {
  try {
    for (const capability of ambient)
      libc('prctl', PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
    return spawn();
  } finally {
    if (ambient.length > 0) libc('prctl', PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  }
}

function readAmbient(): number[] {
  const mask = /^CapAmb:\s*([0-9a-f]+)$/m.exec(readStatus())?.[1];
  const bits = BigInt(`0x${mask ?? '0'}`);
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (bits >> BigInt(bit)) & 1n);
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return ''; // a bare chroot, without /proc
  }
}
