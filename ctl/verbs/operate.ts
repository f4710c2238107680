import { setTimeout as delay } from 'node:timers/promises';
import { controlExitCodes, TsgunError } from '../../src/core/errors.ts';
import type { ControlClient } from '../client.ts';
import type { Globals } from '../command-line/globals.ts';
import { formatDuration } from '../output/format.ts';
import { ProgressLine } from '../output/progress-line.ts';
import { conclude } from './conclude.ts';
import { untilImpatient } from './patience.ts';
import type { Outcome, Run } from './run.ts';

/** Through what a verb reaches its instance. */
export interface Session {
  run: Run;
  globals: Globals;
  client: ControlClient;
}

/** Calls an operation, or joins one, and waits for its end as long as the caller wants. */
export async function operate(session: Session, method: string, params: object): Promise<Outcome> {
  const { run, globals, client } = session;
  const progress = new ProgressLine(globals.verbose);
  let performed = method;
  const accepted = new Promise<void>((resolve) => {
    client.on('progress', (view) => {
      run.op = view.op;
      run.method = view.method;
      performed = view.method;
      progress.show(view);
      resolve();
    });
  });
  const answer = client.request(method, params);
  try {
    if (!globals.wait) return await untilAccepted(session, accepted, answer);
    const data = await untilImpatient(answer, globals.timeoutMs);
    noteOperation(run, data);
    if (performed === 'stop')
      await Promise.race([client.closed, delay(1000, null, { ref: false })]);
    return await conclude(performed, data);
  } catch (error) {
    throw describeTimeout(error, session);
  } finally {
    progress.close();
  }
}

async function untilAccepted(
  { run, globals }: Session,
  accepted: Promise<void>,
  answer: Promise<unknown>,
): Promise<Outcome> {
  const done = answer.then((data) => noteOperation(run, data));
  await untilImpatient(Promise.race([accepted, done]), globals.timeoutMs);
  done.catch(() => undefined); // what becomes of it is somebody else's question now
  const { op } = run;
  return {
    data: { op },
    exit: controlExitCodes.done,
    view: { lines: () => [[`op:${op}`]], rows: null },
  };
}

/** An answer tells the id as well, should no progress have come before. */
function noteOperation(run: Run, data: unknown): void {
  const op: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, 'op') : null;
  if (typeof op === 'number') run.op = op;
}

function describeTimeout(error: unknown, { run, globals: { timeoutMs } }: Session): unknown {
  const timedOut = error instanceof TsgunError && error.code === 'TSGUN_E_TIMEOUT';
  if (!timedOut || run.op === null || timeoutMs === null) return error;
  const message = `Not done within ${formatDuration(timeoutMs)}, op:${run.op} goes on`;
  return new TsgunError('TSGUN_E_TIMEOUT', message, { detail: { op: run.op } });
}
