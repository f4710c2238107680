import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, TsgunError } from '../../src/core/errors.ts';
import { readParams } from '../command-line/params.ts';
import { formatDuration, formatNumber } from '../output/format.ts';
import { openInstance } from './open.ts';
import { operate, type Session } from './operate.ts';
import { untilImpatient } from './patience.ts';
import { type ProbeFailure, Prober } from './prober.ts';
import type { Invocation, Outcome, Run } from './run.ts';

/** What goes wrong just after the end was done by the reload as well. */
const afterwardsMs = 300;

/** Reloads, and gives it up when one request through one listener fails meanwhile. */
export async function reloadWithProof(
  run: Run,
  { line, globals }: Invocation,
  path: string,
): Promise<Outcome> {
  const params = readParams('reload', line);
  const client = await openInstance(run, globals);
  const session = { run, globals, client };
  let prober: Prober | null = null;
  try {
    const listeners = await untilImpatient(client.call('listeners', {}), globals.timeoutMs);
    prober = new Prober(listeners, path);
    await checkBefore(prober);
    prober.start();
    return addProbes(await reloadUnderProof(session, params, prober), prober);
  } finally {
    prober?.close();
    client.close();
  }
}

async function checkBefore(prober: Prober): Promise<void> {
  if (prober.doors === 0) {
    throw new TsgunError(
      'TSGUN_E_OPERATION',
      'Cannot prove the reload: there is no listener to ask',
    );
  }
  const failure = await untilImpatient(prober.probeOnce(), null);
  if (failure === null) return;
  const message = `Cannot prove the reload: ${describe(failure)} before it, nothing was changed`;
  throw new TsgunError('TSGUN_E_OPERATION', message, { detail: { probe: failure } });
}

async function reloadUnderProof(
  session: Session,
  params: object,
  prober: Prober,
): Promise<Outcome> {
  const reloading = operate(session, 'reload', params);
  const failed = prober.failed.then((failure) => ({ failure }));
  // Its failure is a value here, so that it cannot go unhandled while the other is looked at.
  const ended = reloading.then(
    (outcome) => ({ outcome, failure: null }),
    (error: unknown) => ({ error, failure: null }),
  );
  const first = await Promise.race([ended, failed]);
  if (first.failure !== null) {
    const undone = await undo(session, ended, first.failure);
    throw proofError(first.failure, undone, prober);
  }
  if ('error' in first) throw first.error;
  const late = await Promise.race([failed, delay(afterwardsMs, null)]);
  if (late === null) return first.outcome;
  throw proofError(late.failure, await rollBack(session, first.outcome, late.failure), prober);
}

type Ended = { outcome: Outcome } | { error: unknown };

/** Says what became of the reload. */
async function undo(
  session: Session,
  ended: Promise<Ended>,
  failure: ProbeFailure,
): Promise<string> {
  const { client, globals } = session;
  const reason = `proof failed: ${describe(failure)}`;
  const aborted = client.call('abort', { reason }).then(
    () => 'the reload was given up',
    (error: unknown) => `the reload could not be given up: ${messageOf(error)}`,
  );
  const told = await untilImpatient(aborted, globals.timeoutMs);
  const end = await untilImpatient(ended, globals.timeoutMs);
  // It was quicker than we were.
  return 'outcome' in end ? rollBack(session, end.outcome, failure) : told;
}

/** Possible only while the new generation waits to be confirmed. */
async function rollBack(
  { client, globals }: Session,
  { data }: Outcome,
  failure: ProbeFailure,
): Promise<string> {
  const confirming =
    typeof data === 'object' && data !== null && Reflect.get(data, 'outcome') === 'confirming';
  if (!confirming) return 'the reload was done by then';
  const reason = `proof failed: ${describe(failure)}`;
  const rolledBack = client.call('rollback', { reason }).then(
    () => 'the reload was rolled back',
    (error: unknown) => `the reload could not be rolled back: ${messageOf(error)}`,
  );
  return untilImpatient(rolledBack, globals.timeoutMs);
}

function proofError(failure: ProbeFailure, undone: string, { count }: Prober): TsgunError {
  const message = `Proof failed: ${describe(failure)} after ${formatDuration(failure.afterMs)} (probe ${count}), ${undone}`;
  return new TsgunError('TSGUN_E_OPERATION', message, {
    detail: { probe: failure, probes: count },
  });
}

const describe = ({ url, path, why }: ProbeFailure): string => `GET ${path} through ${url}: ${why}`;

function addProbes(outcome: Outcome, { count, doors }: Prober): Outcome {
  const { data, view } = outcome;
  const told = `${formatNumber(count, 'probe')} through ${formatNumber(doors, 'listener')}, all answered`;
  return {
    ...outcome,
    data: typeof data === 'object' && data !== null ? { ...data, probes: count } : data,
    view: view && { ...view, lines: (look) => [...view.lines(look), [`  ${told}`]] },
  };
}
