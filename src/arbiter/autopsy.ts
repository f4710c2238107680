import { messageOf } from '../core/errors.ts';

/** Frames beyond this say nothing more. */
const mostFrames = 40;

/** A blocked loop stops at its next statement; an idle one has none to stop at. */
const pauseMs = 500;

export interface Patient {
  /** Makes Node open its inspector, also in a blocked loop (SIGUSR1). */
  openInspector(): void;
  /** The address that Node writes to stderr once it has. */
  inspectorUrl(): Promise<string>;
}

/**
 * Takes the JavaScript stack of a worker from outside its blocked loop, with the request lines in
 * flight; lets `workerAbort` run. Always settles with words for the log within about `budgetMs`.
 */
export async function takeAutopsy(patient: Patient, budgetMs: number): Promise<string> {
  const signal = AbortSignal.timeout(budgetMs);
  try {
    patient.openInspector();
    const url = await untilAborted(patient.inspectorUrl(), signal);
    const inspector = await connect(url, signal);
    try {
      return await examine(inspector, signal);
    } finally {
      inspector.close();
    }
  } catch (error) {
    return `No stack could be taken: ${signal.aborted ? 'the worker did not answer' : messageOf(error)}`;
  }
}

async function examine(inspector: Inspector, signal: AbortSignal): Promise<string> {
  const paused = inspector.once('Debugger.paused');
  await inspector.call('Debugger.enable'); // and it tells of every script
  await inspector.call('Debugger.pause');
  const frames = await Promise.race([paused, delay(pauseMs, signal)]);
  if (frames === undefined) await inspector.call('Debugger.disable');
  const inFlight = await evaluate(inspector, "globalThis[Symbol.for('tsgun.autopsy')]?.() ?? []");
  await evaluate(inspector, "globalThis[Symbol.for('tsgun.abort')]?.(), []");
  return [renderStack(frames, inspector.scripts), ...renderInFlight(inFlight)].join('\n');
}

/** Evaluates to a list of strings in the worker, which may be paused meanwhile. */
async function evaluate(inspector: Inspector, expression: string): Promise<string[]> {
  const answer = await inspector.call('Runtime.evaluate', {
    expression,
    returnByValue: true,
    silent: true,
  });
  const value = field(field(answer, 'result'), 'value');
  return Array.isArray(value) ? value.filter((line) => typeof line === 'string') : [];
}

function renderStack(paused: unknown, scripts: Scripts): string {
  const frames = field(paused, 'callFrames');
  if (!Array.isArray(frames))
    return 'Its event loop is idle: it waits for something that does not come';
  const lines = frames.slice(0, mostFrames).map((frame) => renderFrame(frame, scripts));
  return ['Stack of the hung worker:', ...lines].join('\n');
}

function renderFrame(frame: unknown, scripts: Scripts): string {
  const location = field(frame, 'location');
  const line = Number(field(location, 'lineNumber')) + 1;
  const column = Number(field(location, 'columnNumber')) + 1;
  const name = String(field(frame, 'functionName') || '<anonymous>');
  const url = scripts.get(field(location, 'scriptId')) ?? '';
  return `    at ${name} (${url}:${line}:${column})`;
}

const renderInFlight = (lines: string[]): string[] =>
  lines.length === 0
    ? ['No request was in flight']
    : ['In flight:', ...lines.map((line) => `    ${line}`)];

/** Addresses of scripts by the numbers that frames know them by. */
type Scripts = ReadonlyMap<unknown, string>;

interface Inspector {
  readonly scripts: Scripts;
  call(method: string, params?: object): Promise<unknown>;
  once(method: string): Promise<unknown>;
  close(): void;
}

async function connect(url: string, signal: AbortSignal): Promise<Inspector> {
  const socket = new WebSocket(url);
  const waiting = new Map<number | string, (value: unknown) => void>();
  const scripts = new Map<unknown, string>();
  let lastId = 0;
  socket.addEventListener('message', ({ data }) => {
    const message = parse(String(data));
    if (field(message, 'method') === 'Debugger.scriptParsed') {
      const script = field(message, 'params');
      scripts.set(field(script, 'scriptId'), String(field(script, 'url')));
    }
    const key = field(message, 'id') ?? field(message, 'method');
    if (typeof key !== 'number' && typeof key !== 'string') return;
    waiting.get(key)?.(field(message, 'result') ?? field(message, 'params'));
    waiting.delete(key);
  });
  const answer = (key: number | string) =>
    untilAborted(new Promise<unknown>((resolve) => waiting.set(key, resolve)), signal);
  await untilAborted(opened(socket), signal);
  return {
    scripts,
    call(method, params = {}) {
      lastId += 1;
      socket.send(JSON.stringify({ id: lastId, method, params }));
      return answer(lastId);
    },
    once(method) {
      const event = answer(method);
      // Nobody may be waiting any more when the time is up.
      event.catch(() => undefined);
      return event;
    },
    close: () => socket.close(),
  };
}

/** The app can answer in the inspector's place, so nothing it says may throw. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: an answer that nobody waits for
  }
}

const opened = (socket: WebSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error('its inspector cannot be reached')));
  });

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}

function delay(ms: number, signal: AbortSignal): Promise<undefined> {
  return untilAborted(
    new Promise((resolve) =>
      AbortSignal.timeout(ms).addEventListener('abort', () => resolve(undefined)),
    ),
    signal,
  );
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
