import { messageOf, TsgunError } from '../core/errors.ts';
import { connectInspector, field, type Inspector } from './inspector.ts';

/** Frames beyond this say nothing more. */
const mostFrames = 40;

const mostInFlight = 1000;
const longestText = 64 * 1024;

/** By which our own frames are known in a stack. */
const mark = 'tsgun-stack';

/** The way into a worker: an address that was opened has to be closed again. */
export interface Patient {
  open(signal: AbortSignal): Promise<string>;
  close(): void;
  forget(): void;
}

/** What a worker does at one moment. */
export interface Snapshot {
  /** Lines of frames; empty when its loop is idle. */
  frames: string[];
  /** `GET /path for 12 ms`. */
  inFlight: string[];
}

/**
 * Runs in the worker on top of whatever it is doing, loops without end included, because V8 lets the
 * inspector in at every turn of a loop and every call. So nothing has to be paused, and the stack of
 * an error is the stack of the worker. The app may have changed how stacks are made.
 */
const lookAround = `(() => {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const own = Object.hasOwn(Error, 'prepareStackTrace');
  try {
    Error.prepareStackTrace = undefined;
    Error.stackTraceLimit = ${mostFrames + 2};
    const inFlight = globalThis[Symbol.for('tsgun.autopsy')]?.() ?? [];
    return { stack: String(new Error().stack), inFlight };
  } finally {
    if (own) Error.prepareStackTrace = prepareStackTrace;
    else delete Error.prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
})()
//# sourceURL=${mark}`;

const runAbortHook = "void globalThis[Symbol.for('tsgun.abort')]?.()";

/** Looks into a worker without harm to it or its requests. Rejects with TSGUN_E_OPERATION. */
export async function takeStack(
  patient: Patient,
  signal: AbortSignal,
): Promise<{ stack: string; inFlight: string[] }> {
  try {
    const { frames, inFlight } = await withInspector(patient, signal, look);
    return { stack: frames.join('\n') || 'Its event loop is idle', inFlight };
  } catch (error) {
    const message = `Cannot take the stack: ${explain(error, signal)}`;
    throw new TsgunError('TSGUN_E_OPERATION', message, { cause: error });
  }
}

/**
 * The stack of a worker that hangs, with the request lines in flight; lets `workerAbort` run. Always
 * settles with words for the log.
 */
export async function takeAutopsy(patient: Patient, signal: AbortSignal): Promise<string> {
  try {
    return await withInspector(patient, signal, async (inspector) => {
      const snapshot = await look(inspector);
      await inspector.evaluate(runAbortHook);
      return render(snapshot);
    });
  } catch (error) {
    return `No stack could be taken: ${explain(error, signal)}`;
  }
}

/** The inspector is closed only when nobody is connected: its worker would wait for whoever is. */
async function withInspector<T>(
  patient: Patient,
  signal: AbortSignal,
  use: (inspector: Inspector) => Promise<T>,
): Promise<T> {
  try {
    const url = await patient.open(signal);
    const inspector = await connectInspector(url, signal).catch((error) => {
      patient.forget();
      throw error;
    });
    try {
      return await use(inspector);
    } finally {
      await inspector.close();
    }
  } finally {
    patient.close();
  }
}

async function look(inspector: Inspector): Promise<Snapshot> {
  const seen = await inspector.evaluate(lookAround);
  const stack = field(seen, 'stack');
  if (typeof stack !== 'string') throw new Error('the app stands in the way');
  const inFlight = field(seen, 'inFlight');
  return {
    frames: framesOf(stack.slice(0, longestText)),
    inFlight: (Array.isArray(inFlight) ? inFlight : [])
      .filter((line) => typeof line === 'string')
      .slice(0, mostInFlight),
  };
}

/** What older Node.js shows of the signal that has opened its inspector. */
const wakening = /^ {4}at process\.emit \(node:events:/;

const framesOf = (stack: string): string[] =>
  stack
    .split('\n')
    .filter((line) => line.startsWith('    at ') && !line.includes(`${mark}:`))
    .filter((line, index) => index > 0 || !wakening.test(line))
    .slice(0, mostFrames);

function render({ frames, inFlight }: Snapshot): string {
  const stack =
    frames.length === 0
      ? ['Its event loop is idle: it waits for something that does not come']
      : ['Stack of the hung worker:', ...frames];
  return [...stack, ...renderInFlight(inFlight)].join('\n');
}

export function renderInFlight(inFlight: readonly string[]): string[] {
  return inFlight.length === 0
    ? ['No request was in flight']
    : ['In flight:', ...inFlight.map((line) => `    ${line}`)];
}

/** The reason of a signal that was not given one is a time-out. */
export function explain(error: unknown, { aborted, reason }: AbortSignal): string {
  if (!aborted) return messageOf(error);
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError';
  return timedOut ? 'the worker did not answer' : messageOf(reason);
}
