import type { ControlClient } from '../client.ts';
import type { Globals } from '../command-line/globals.ts';
import { connect } from '../instances/connect.ts';
import { untilImpatient } from './patience.ts';
import type { Run } from './run.ts';

/** Connects to the instance that is meant, and notes who it is. */
export async function openInstance(run: Run, globals: Globals): Promise<ControlClient> {
  const { client, instance, words } = await untilImpatient(connect(globals), globals.timeoutMs);
  run.instance = instance;
  run.command = ['tsgunctl', ...words].join(' ');
  // It goes out together with the call itself, so it costs no time of its own.
  if (instance === null) void askForName(run, client);
  return client;
}

async function askForName(run: Run, client: ControlClient): Promise<void> {
  try {
    run.instance = (await client.call('hello', { client: 'tsgunctl' })).instance;
  } catch {
    // The call itself meets the same TsgunError, or none.
  }
}
