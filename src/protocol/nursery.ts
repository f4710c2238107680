import type { LinkAddress } from './python.ts';

/** What a nursery needs to know: it imports the app as a worker would, and forks when it is told to. */
export interface NurseryStart {
  type: 'nursery';
  /** That of whichever worker comes first. */
  start: { type: 'start' };
  /** Where forked workers dial, because nothing can be handed down to them. */
  door: LinkAddress;
  /** Whether workers dial for stdout and stderr as well; else they share ours. */
  capture: boolean;
  /** Who becomes the parent of forked workers. */
  arbiter: number;
}

export type ToNursery = NurseryStart | { type: 'fork'; child: number };

// From a nursery come `ready`, `failed` and `log`, as from a worker (protocol/worker).

export const dialPurposes = ['stdout', 'stderr', 'stack', 'channel'] as const;
export type DialPurpose = (typeof dialPurposes)[number];

/** The first line on each connection of a forked worker. */
export interface Dial {
  token: string;
  child: number;
  purpose: DialPurpose;
}

export function parseDial(line: string): Dial | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { token, child, purpose } = value as Record<string, unknown>;
  const known = dialPurposes.find((one) => one === purpose);
  if (typeof token !== 'string' || typeof child !== 'number' || !known) return undefined;
  return { token, child, purpose: known };
}
