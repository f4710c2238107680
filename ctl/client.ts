import { createConnection, type Socket } from 'node:net';
import { type ErrorCode, errnoOf, isErrorCode, messageOf, TsgunError } from '../src/core/errors.ts';
import type { MethodName, Params, Result } from '../src/protocol/control/methods.ts';
import type { NotificationName, Notifications } from '../src/protocol/control/notifications.ts';

type Listener = (params: never) => void;

interface Pending {
  resolve(result: unknown): void;
  reject(error: TsgunError): void;
}

/** Far above the answer of an instance with a thousand workers. */
const longestLine = 256 * 1024 * 1024;

/** One connection to an instance. Calls fail with TsgunErrors. */
export class ControlClient {
  readonly path: string;
  /** Settles when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #listeners = new Map<string, Listener>();
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  /** The beginning of a line, in the pieces it came in. */
  #begun: string[] = [];
  #length = 0;
  /** Why no call can succeed any more. */
  #failure: TsgunError | null = null;

  private constructor(path: string, socket: Socket) {
    this.path = path;
    this.#socket = socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#fail(new TsgunError('TSGUN_E_LOST', 'The connection to the instance was lost'));
        resolve();
      });
    });
  }

  /** Throws TSGUN_E_NOT_RUNNING or TSGUN_E_DENIED. */
  static connect(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      socket.once('connect', () => resolve(new ControlClient(path, socket)));
      socket.on('error', (error) => reject(describeRefusal(path, error)));
    });
  }

  call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>> {
    return this.request(method, params) as Promise<Result<M>>;
  }

  /** Calls what may be no method at all. */
  request(method: string, params: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#calls += 1;
      this.#pending.set(this.#calls, { resolve, reject });
      const call = { jsonrpc: '2.0', id: this.#calls, method, params };
      this.#socket.write(`${JSON.stringify(call)}\n`);
    });
  }

  /** At most one listener for each kind of notification. */
  on<N extends NotificationName>(name: N, listener: (params: Notifications[N]) => void): void {
    this.#listeners.set(name, listener as Listener);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    const lines = text.split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      const whole = this.#begun.join('') + line;
      this.#begun = [];
      this.#length = 0;
      if (whole.trim() !== '') this.#take(whole);
    }
    this.#length += rest.length;
    if (rest !== '') this.#begun.push(rest);
    if (this.#length > longestLine) this.#giveUp('its answer is too long');
  }

  #take(line: string): void {
    const message = parseMessage(line);
    if (message === null) return this.#giveUp('it does not speak JSON-RPC');
    const { method, params, id } = message;
    if (typeof method === 'string') {
      if (typeof params === 'object' && params !== null) {
        this.#listeners.get(method)?.(params as never);
      }
      return;
    }
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (pending) this.#settle(id as number, pending, message);
    // To nobody's question: the server says why it will not listen, and hangs up.
    else if (message['error'] !== undefined) this.#fail(toTsgunError(message['error']));
  }

  #settle(id: number, pending: Pending, { error, result }: Message): void {
    this.#pending.delete(id);
    if (error !== undefined && error !== null) pending.reject(toTsgunError(error));
    else if (result === undefined) pending.reject(toTsgunError(null));
    else pending.resolve(result);
  }

  #giveUp(why: string): void {
    const message = `Cannot understand what answers at "${this.path}": ${why}`;
    this.#fail(new TsgunError('TSGUN_E_CONTROL', message));
    this.close();
  }

  #fail(error: TsgunError): void {
    this.#failure ??= error;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(this.#failure);
  }
}

type Message = { method?: unknown; params?: unknown; id?: unknown } & Record<string, unknown>;

function parseMessage(line: string): Message | null {
  try {
    const message: unknown = JSON.parse(line);
    return isRecord(message) ? message : null;
  } catch {
    return null; // a SyntaxError, whatever it says of the text
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function describeRefusal(path: string, error: Error): TsgunError {
  const errno = errnoOf(error);
  if (errno === 'EACCES' || errno === 'EPERM') {
    const hint = 'try as root, or see ACCESS in tsgunctl(1)';
    const message = `Cannot connect to "${path}": permission denied, ${hint}`;
    return new TsgunError('TSGUN_E_DENIED', message, { cause: error });
  }
  const why = errno === 'ENOENT' ? 'no such socket' : 'nothing listens there';
  const known = errno === 'ENOENT' || errno === 'ECONNREFUSED';
  return new TsgunError(
    'TSGUN_E_NOT_RUNNING',
    `Cannot connect to "${path}": ${known ? why : messageOf(error)}`,
    { cause: error },
  );
}

function toTsgunError(error: unknown): TsgunError {
  if (!isRecord(error)) return new TsgunError('TSGUN_E_CONTROL', 'The instance failed wordlessly');
  const { code: known, ...detail } = isRecord(error['data']) ? error['data'] : {};
  const code = isErrorCode(known) ? known : codeOf(error['code']);
  return new TsgunError(code, String(error['message']), { detail });
}

/** Of an error that the JSON-RPC library on the other side made by itself. */
const codeOf = (rpc: unknown): ErrorCode =>
  rpc === -32_601 || rpc === -32_602 ? 'TSGUN_E_USAGE' : 'TSGUN_E_CONTROL';
