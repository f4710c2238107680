import { controlExitCodes } from '../../src/core/errors.ts';
import { methodNames, methodOf } from '../../src/protocol/control/methods.ts';
import { usageError } from '../command-line/globals.ts';
import { openInstance } from './open.ts';
import { untilImpatient } from './patience.ts';
import type { Invocation, Outcome, Run } from './run.ts';

/** Calls any method, known here or not, and shows the bare answer. */
export async function call(run: Run, { line, globals }: Invocation): Promise<Outcome> {
  const [method = '', text = '{}'] = line.operands;
  const params = parseParams(text);
  const client = await openInstance(run, globals);
  try {
    if (isOperation(method)) {
      const { operate } = await import('./operate.ts');
      return { ...(await operate({ run, globals, client }, method, params)), view: null };
    }
    const data = await untilImpatient(client.request(method, params), globals.timeoutMs);
    return { data, exit: controlExitCodes.done, view: null };
  } finally {
    client.close();
  }
}

const isOperation = (name: string): boolean => {
  const method = methodNames.find((known) => known === name);
  return method !== undefined && methodOf(method).kind === 'operation';
};

function parseParams(text: string): object {
  let params: unknown;
  try {
    params = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`JSON: ${why}`);
  }
  if (typeof params === 'object' && params !== null) return params;
  throw usageError(`JSON: expected an object or an array, not ${JSON.stringify(text)}`);
}
