/** A connection to the inspector of a worker, whose loop may be blocked. */
export interface Inspector {
  /** Evaluates in the worker, also in the middle of what it does; undefined when it throws. */
  evaluate(expression: string): Promise<unknown>;
  /** Settles when the worker has seen it. */
  close(): Promise<void>;
}

/** The server answers a close at once, unless the worker is gone. */
const closeMs = 500;

export async function connectInspector(url: string, signal: AbortSignal): Promise<Inspector> {
  const socket = new WebSocket(url);
  const waiting = new Map<unknown, (answer: unknown) => void>();
  const closed = new Promise<Error>((resolve) => {
    socket.addEventListener('close', () => resolve(new Error('its inspector has closed')));
    socket.addEventListener('error', () => resolve(new Error('its inspector cannot be reached')));
  });
  const orClosed = <T>(promise: Promise<T>): Promise<T> =>
    Promise.race([
      untilAborted(promise, signal),
      closed.then((error) => {
        throw error;
      }),
    ]);
  socket.addEventListener('message', ({ data }) => {
    const message = parse(String(data));
    waiting.get(field(message, 'id'))?.(field(message, 'result'));
  });
  let lastId = 0;
  const close = async () => {
    socket.close();
    await Promise.race([closed, afterMs(closeMs)]);
  };
  try {
    await orClosed(new Promise((resolve) => socket.addEventListener('open', resolve)));
  } catch (error) {
    socket.close();
    throw error;
  }
  return {
    async evaluate(expression) {
      lastId += 1;
      const id = lastId;
      const answer = new Promise<unknown>((resolve) => waiting.set(id, resolve));
      const params = { expression, returnByValue: true, silent: true };
      socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }));
      return field(field(await orClosed(answer), 'result'), 'value');
    },
    close,
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

export const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}

const afterMs = (ms: number): Promise<void> =>
  new Promise((resolve) => AbortSignal.timeout(ms).addEventListener('abort', () => resolve()));
