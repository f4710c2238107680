import { TsgunError } from '../../src/core/errors.ts';
import { ControlClient } from '../client.ts';
import { usageError } from '../command-line/globals.ts';
import { listPlaces, nameOfSocket, type Place, placesOf, runFolders } from './folders.ts';

/** How the command line, or the environment, names an instance. */
export interface Address {
  instance: string | null;
  socket: string | null;
}

export interface Connection {
  client: ControlClient;
  /** Null when only the instance itself could tell. */
  instance: string | null;
  /** What to write on a command line to mean the same instance: `-i web`. */
  words: readonly string[];
}

/** Throws TSGUN_E_NOT_RUNNING, TSGUN_E_DENIED, and TSGUN_E_USAGE when it is not clear who is meant. */
export async function connect(address: Address): Promise<Connection> {
  const folders = runFolders(process.env, process.getuid?.() ?? 0);
  const fromEnv = process.env['TSGUN_SOCKET'] || null;
  if (address.instance !== null) return connectByName(address.instance, folders);
  const socket = address.socket ?? fromEnv;
  if (socket === null) return connectToOnlyOne(folders);
  const client = await ControlClient.connect(socket);
  const words = address.socket === null ? [] : ['-s', socket];
  return { client, instance: nameOfSocket(socket, folders), words };
}

/** The paths where the instance can be, the likeliest first; empty when nobody is named. */
export function pathsOf(address: Address): readonly string[] {
  const folders = runFolders(process.env, process.getuid?.() ?? 0);
  if (address.instance !== null) {
    return placesOf(folders, address.instance).map(({ socketPath }) => socketPath);
  }
  const socket = address.socket ?? process.env['TSGUN_SOCKET'];
  if (socket) return [socket];
  const places = listPlaces(folders);
  return places.length === 1 ? places.map(({ socketPath }) => socketPath) : [];
}

async function connectByName(name: string, folders: readonly string[]): Promise<Connection> {
  const attempts = await attemptAll(placesOf(folders, name));
  const alive = attempts.find(({ client }) => client !== null);
  closeAll(attempts, alive);
  if (alive?.client) return { client: alive.client, instance: name, words: ['-i', name] };
  const denied = attempts.find(({ error }) => error?.code === 'TSGUN_E_DENIED');
  if (denied?.error) throw denied.error;
  const others = (await attemptAll(listPlaces(folders))).filter(({ client }) => client !== null);
  closeAll(others);
  const names = [...new Set(others.map(({ place }) => place.name))];
  const stale = attempts.some(({ error }) => !error?.message.endsWith('no such socket'));
  const why = stale ? 'nothing listens on its socket' : `no socket in ${folders.join(' or ')}`;
  const hint = names.length === 0 || stale ? '' : `, there are: ${names.join(', ')}`;
  const message = `Instance ${JSON.stringify(name)} is not running: ${why}${hint}`;
  throw new TsgunError('TSGUN_E_NOT_RUNNING', message);
}

async function connectToOnlyOne(folders: readonly string[]): Promise<Connection> {
  const attempts = await attemptAll(listPlaces(folders));
  const [first, ...more] = attempts.filter(({ client }) => client !== null);
  if (first?.client && more.length === 0) {
    return { client: first.client, instance: first.place.name, words: [] };
  }
  closeAll(attempts);
  if (first) {
    const names = [first, ...more].map(({ place }) => place.name);
    const unique = new Set(names).size === names.length;
    const which = [first, ...more].map(({ place }) => (unique ? place.name : place.socketPath));
    const flag = unique ? '-i' : '-s';
    throw usageError(`several instances run, choose one with ${flag}: ${which.join(', ')}`);
  }
  const denied = attempts.find(({ error }) => error?.code === 'TSGUN_E_DENIED');
  if (denied?.error) throw denied.error;
  const message = `No instance is running: no socket in ${folders.join(' or ')} is listened on`;
  throw new TsgunError('TSGUN_E_NOT_RUNNING', message);
}

interface Attempt {
  place: Place;
  client: ControlClient | null;
  error: TsgunError | null;
}

const attemptAll = (places: readonly Place[]): Promise<Attempt[]> =>
  Promise.all(
    places.map(async (place) => {
      try {
        return { place, client: await ControlClient.connect(place.socketPath), error: null };
      } catch (error) {
        if (!(error instanceof TsgunError)) throw error;
        return { place, client: null, error };
      }
    }),
  );

function closeAll(attempts: readonly Attempt[], but?: Attempt): void {
  for (const attempt of attempts) if (attempt !== but) attempt.client?.close();
}
