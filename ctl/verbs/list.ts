import { controlExitCodes, TsgunError } from '../../src/core/errors.ts';
import type { StatusView } from '../../src/protocol/control/views.ts';
import { ControlClient } from '../client.ts';
import { listPlaces, type Place, runFolders } from '../instances/folders.ts';
import { type InstanceView, listRenderer } from '../render/list.ts';
import { viewOf } from './conclude.ts';
import { untilImpatient } from './patience.ts';
import type { Invocation, Outcome, Run } from './run.ts';

/** Who does not answer within this, or --timeout, is called silent. */
const defaultMs = 2000;

/** All instances that this user can see, also those that are dead or do not answer. */
export async function list(_run: Run, { globals }: Invocation): Promise<Outcome> {
  const places = listPlaces(runFolders(process.env, process.getuid?.() ?? 0));
  const wanted = places.filter(({ name }) => [null, name].includes(globals.instance));
  process.setMaxListeners(wanted.length + 10); // each of the looks hears of Ctrl-C by itself
  const looks = wanted.map((place) => lookAt(place, globals.timeoutMs ?? defaultMs));
  const data = (await Promise.all(looks)).filter((one) => one !== null);
  return { data, exit: controlExitCodes.done, view: viewOf(listRenderer, data) };
}

/** Null for a folder without a socket. */
async function lookAt(
  { name, socketPath }: Place,
  timeoutMs: number,
): Promise<InstanceView | null> {
  const view = { name, socket: socketPath, status: null };
  let client: ControlClient | null = null;
  try {
    client = await untilImpatient(ControlClient.connect(socketPath), timeoutMs);
    const status = await untilImpatient(client.call('status', {}), timeoutMs);
    return { ...view, state: stateOf(status), status };
  } catch (error) {
    if (!(error instanceof TsgunError)) throw error;
    if (error.message.endsWith('no such socket')) return null;
    return { ...view, state: stateOfFailure(error) };
  } finally {
    client?.close();
  }
}

const stateOf = ({ mode, degraded, paused }: StatusView): string =>
  degraded ? 'degraded' : paused ? 'paused' : mode;

function stateOfFailure({ code }: TsgunError): string {
  if (code === 'TSGUN_E_DENIED') return 'denied';
  return code === 'TSGUN_E_NOT_RUNNING' ? 'stale' : 'silent';
}
