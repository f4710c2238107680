import { type MethodName, methodOf } from '../../src/protocol/control/methods.ts';
import type { Globals } from '../command-line/globals.ts';
import { readParams } from '../command-line/params.ts';
import { conclude } from './conclude.ts';
import { openInstance } from './open.ts';
import { untilImpatient } from './patience.ts';
import type { Invocation, Outcome, Run } from './run.ts';

/** The verb of a method: calls it with what the command line says, and shows the answer. */
export async function callMethod(
  method: MethodName,
  run: Run,
  { line, globals }: Invocation,
): Promise<Outcome> {
  const params = readParams(method, line);
  const operates = methodOf(method).kind === 'operation';
  if (operates && globals.wait) await checkBefore(method, globals);
  const client = await openInstance(run, globals);
  try {
    if (operates) {
      const { operate } = await import('./operate.ts');
      return await operate({ run, globals, client }, method, params);
    }
    const data = await untilImpatient(client.request(method, params), globals.timeoutMs);
    return await conclude(method, data);
  } finally {
    client.close();
  }
}

async function checkBefore(method: MethodName, globals: Globals): Promise<void> {
  const { checkOutput } = await import('./check-output.ts');
  checkOutput(method, globals);
}
