import { messageOf } from '../../src/core/errors.ts';
import type { ControlClient } from '../client.ts';
import { type Check, fail, good, Unclear, unknown } from './check.ts';
import { withDeadline } from './deadline.ts';
import { lookAtMemory, lookAtOomKills, lookAtOpenFiles } from './look-at-limits.ts';
import { lookAtBacklog, lookAtQueues, lookAtReach } from './look-at-listeners.ts';
import { lookAtLogs } from './look-at-logs.ts';
import {
  lookAtArbiterNode,
  lookAtClientNode,
  lookAtClock,
  lookAtVersions,
} from './look-at-runtime.ts';
import { lookAtControlSocket, lookForStaleSockets } from './look-at-sockets.ts';
import { lookAtSystemd } from './look-at-systemd.ts';
import { lookAtDeaths, lookAtIdentity, lookAtWorkers } from './look-at-workers.ts';
import { readManifest } from './manifest.ts';
import { askInstance, type Caller, type Patient } from './patient.ts';
import { quoteWord } from './quote-word.ts';

export interface DoctorOptions {
  /** Null when no instance answers. */
  client: ControlClient | Caller | null;
  /** Why not. */
  absence?: string | null;
  instance: string | null;
  socketPath: string | null;
  runDirs: readonly string[];
  /** Below which `/proc` and the like are, for tests. */
  root?: string;
}

type Look = (patient: Patient, signal: AbortSignal) => readonly Check[] | Promise<readonly Check[]>;

/** What is asked of the machine, with or without an instance. */
const ofMachine: Readonly<Record<string, Look>> = {
  runtime: lookAtClientNode,
  systemd: lookAtSystemd,
  'stale sockets': lookForStaleSockets,
};

const ofInstance: Readonly<Record<string, Look>> = {
  workers: lookAtWorkers,
  deaths: lookAtDeaths,
  'oom kills': lookAtOomKills,
  memory: lookAtMemory,
  'open files': lookAtOpenFiles,
  backlog: lookAtBacklog,
  'accept queue': lookAtQueues,
  reachable: lookAtReach,
  logs: lookAtLogs,
  'control socket': lookAtControlSocket,
  identity: lookAtIdentity,
  versions: lookAtVersions,
  'node of tsgun': lookAtArbiterNode,
  clock: lookAtClock,
};

/** No check takes longer; so all of them together take no longer than twice this. */
const longestMs = 3000;

/** Looks at the instance and at what is around it; changes nothing, and never hangs. */
export async function runDoctor(options: DoctorOptions): Promise<Check[]> {
  const { absence = null, client, instance, root = '/', runDirs, socketPath } = options;
  const facts = client ? await askInstance(client, root, longestMs) : null;
  const manifest = await readManifest();
  const command = commandFor(instance, socketPath);
  const patient = { facts, instance, socketPath, runDirs, manifest, root, command };
  const looks = { ...(facts ? ofInstance : {}), ...ofMachine };
  const checks = await Promise.all(
    Object.entries(looks).map(([name, look]) => examine(name, look, patient)),
  );
  return [lookForInstance(patient, absence), ...checks.flat()];
}

async function examine(name: string, look: Look, patient: Patient): Promise<readonly Check[]> {
  try {
    return await withDeadline(longestMs, 'this', async (signal) => look(patient, signal));
  } catch (error) {
    const what = error instanceof Unclear ? 'Cannot tell' : 'Unexpected error';
    return [unknown(name, `${what}: ${messageOf(error)}`)];
  }
}

function lookForInstance({ facts, instance, socketPath }: Patient, absence: string | null): Check {
  const name = 'instance';
  const which = instance ?? socketPath;
  if (facts) return good(name, `${which ?? 'The instance'} answers`);
  const message = 'only the machine is looked at';
  if (which === null) return unknown(name, `No instance answers, ${message}`);
  return fail(name, `${absence ?? `${which} does not answer`}; ${message}`);
}

const commandFor = (instance: string | null, socketPath: string | null): string => {
  if (instance !== null) return `tsgunctl -i ${quoteWord(instance)}`;
  return socketPath === null ? 'tsgunctl' : `tsgunctl -s ${quoteWord(socketPath)}`;
};
