import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { JSONRPCClient, JSONRPCErrorException } from 'json-rpc-2.0';
import { type ErrorCode, errnoOf, isErrorCode, messageOf, TsgunError } from '../src/core/errors.ts';
import type { MethodName, Params, Result } from '../src/protocol/control/methods.ts';
import type { NotificationName, Notifications } from '../src/protocol/control/notifications.ts';

type Listener = (params: never) => void;

/** One connection to an instance. Calls fail with TsgunErrors. */
export class ControlClient {
  /** Settles when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #rpc: JSONRPCClient;
  readonly #listeners = new Map<string, Listener>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#rpc = new JSONRPCClient((request) => {
      socket.write(`${JSON.stringify(request)}\n`);
    });
    createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) =>
      this.#receive(line),
    );
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#rpc.rejectAllPendingRequests(lostMessage);
        resolve();
      });
    });
  }

  /** Throws TSGUN_E_NOT_RUNNING or TSGUN_E_DENIED. */
  static connect(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      socket.once('connect', () => resolve(new ControlClient(socket)));
      socket.on('error', (error) => reject(describeRefusal(path, error)));
    });
  }

  async call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>> {
    try {
      return await this.#rpc.request(method, params);
    } catch (error) {
      throw toTsgunError(error);
    }
  }

  /** At most one listener for each kind of notification. */
  on<N extends NotificationName>(name: N, listener: (params: Notifications[N]) => void): void {
    this.#listeners.set(name, listener as Listener);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(line: string): void {
    const message: unknown = JSON.parse(line);
    if (typeof message !== 'object' || message === null) return;
    if ('method' in message && 'params' in message) {
      this.#listeners.get(String(message.method))?.(message.params as never);
    } else this.#rpc.receive(message as Parameters<JSONRPCClient['receive']>[0]);
  }
}

const lostMessage = 'The connection to the instance was lost';

function describeRefusal(path: string, error: Error): TsgunError {
  const errno = errnoOf(error);
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new TsgunError('TSGUN_E_DENIED', `Cannot connect to "${path}": permission denied`, {
      cause: error,
    });
  }
  const why = errno === 'ENOENT' ? 'no such socket' : 'nothing listens there';
  const known = errno === 'ENOENT' || errno === 'ECONNREFUSED';
  return new TsgunError(
    'TSGUN_E_NOT_RUNNING',
    `Cannot connect to "${path}": ${known ? why : messageOf(error)}`,
    { cause: error },
  );
}

function toTsgunError(error: unknown): unknown {
  if (!(error instanceof JSONRPCErrorException)) {
    return messageOf(error) === lostMessage ? new TsgunError('TSGUN_E_LOST', lostMessage) : error;
  }
  const data: unknown = error.data;
  if (typeof data !== 'object' || data === null) {
    return new TsgunError(codeOf(error.code), error.message);
  }
  const { code, ...detail } = data as Record<string, unknown>;
  return new TsgunError(isErrorCode(code) ? code : codeOf(error.code), error.message, { detail });
}

/** Of an error that the JSON-RPC library on the other side made by itself. */
const codeOf = (rpc: number): ErrorCode =>
  rpc === -32_601 || rpc === -32_602 ? 'TSGUN_E_USAGE' : 'TSGUN_E_CONTROL';
