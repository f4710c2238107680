import type { Clock } from '../core/clock.ts';
import type { Spawn } from '../process/spawn.ts';
import type { Given } from '../settings/resolve.ts';

/** Where settings come from: how this program was called. */
export interface Sources {
  /** Given on the command line. */
  commandLine: readonly Given[];
  env: NodeJS.ProcessEnv;
  /** Of the caller; where the config file is looked for. */
  cwd: string;
  version: string;
  spawn: Spawn;
  clock: Clock;
}

export const definedOnly = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

/** For the process of a script config, without what systemd and our launcher say to us alone. */
export const scriptEnvironment = ({
  JOURNAL_STREAM: _stream,
  TSGUN_NODE_OPTIONS: _options,
  ...env
}: NodeJS.ProcessEnv): Record<string, string> => definedOnly(env);
