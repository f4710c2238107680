import { messageOf } from '../../src/core/errors.ts';
import type { MethodName, Params, Result } from '../../src/protocol/control/methods.ts';
import type { ControlClient } from '../client.ts';
import { Unclear } from './check.ts';
import { withDeadline } from './deadline.ts';
import type { Manifest } from './manifest.ts';
import { isArbiter } from './processes.ts';

/** All that a caller may do who may only look. */
export type Caller = Pick<ControlClient, 'call'>;

/** What the checks look at. */
export interface Patient {
  /** Null when no instance answers. */
  facts: Facts | null;
  instance: string | null;
  socketPath: string | null;
  runDirs: readonly string[];
  manifest: Manifest | null;
  /** What `/proc`, `/sys` and everything else on the machine is found below: `/`, but in tests. */
  root: string;
  /** How to call this program for the same instance. */
  command: string;
}

/** What the instance says of itself. Each of these throws an Unclear when it did not say so. */
export interface Facts {
  hello(): Result<'hello'>;
  status(): Result<'status'>;
  workers(): Result<'workers'>;
  deaths(): Result<'why'>;
  /** The value of a setting. */
  setting(name: string): unknown;
  /** The arbiter's, when `/proc` shows it here; not so from outside its container. */
  pid(): number;
}

export async function askInstance(caller: Caller, root: string, ms: number): Promise<Facts> {
  const ask = <M extends MethodName>(method: M, params: Params<M>) =>
    attempt(() => withDeadline(ms, `"${method}"`, () => caller.call(method, params)));
  const [hello, status, workers, deaths, config] = await Promise.all([
    ask('hello', {}),
    ask('status', {}),
    ask('workers', {}),
    ask('why', { last: 1000 }),
    ask('config', {}),
  ]);
  const arbiter = await attempt(() => findArbiter(status().pid, root));
  return {
    hello,
    status,
    workers,
    deaths,
    setting: (name) => config().find((setting) => setting.name === name)?.value,
    pid: arbiter,
  };
}

async function findArbiter(pid: number, root: string): Promise<number> {
  if (await isArbiter(root, pid)) return pid;
  throw new Unclear('its processes cannot be seen from here, as when it runs in a container');
}

/** Keeps a failure for those who need the value. */
async function attempt<T>(work: () => Promise<T>): Promise<() => T> {
  try {
    const value = await work();
    return () => value;
  } catch (error) {
    const why = messageOf(error);
    return () => {
      throw new Unclear(why);
    };
  }
}

/** For the checks of a running instance. */
export function factsOf({ facts }: Patient): Facts {
  if (!facts) throw new Unclear('no instance answers');
  return facts;
}
