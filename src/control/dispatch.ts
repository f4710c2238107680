import { JSONRPCErrorCode, JSONRPCErrorException, JSONRPCServer } from 'json-rpc-2.0';
import { TsgunError } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import { suggest } from '../core/suggest.ts';
import {
  type ArbiterApi,
  type Caller,
  type ConnectionMethod,
  type MethodName,
  methodNames,
  methodOf,
} from '../protocol/control/methods.ts';
import { logCall, logFailure, logFault } from './audit.ts';
import { checkParams, quote } from './check-params.ts';
import type { Connection } from './connection.ts';
import type { Call, ConnectionApi } from './connection-methods.ts';
import { toErrorResponse, usageData } from './error-response.ts';
import { type Access, denyMethod } from './roles.ts';

export interface DispatchOptions {
  api: ArbiterApi;
  own: ConnectionApi;
  access: Access;
  log: Log;
  /** A caller was told that it may not. */
  refused(): void;
}

/** Every method of the table, checked for role and parameters before it is called. */
export function createDispatcher(options: DispatchOptions): JSONRPCServer<Call> {
  // Errors that nobody expected are logged where they happen.
  const server = new JSONRPCServer<Call>({ errorListener: () => undefined });
  server.mapErrorToJSONRPCErrorResponse = toErrorResponse;
  server.handleMethodNotFound = ({ method, id }) =>
    Promise.resolve(id === undefined ? null : toErrorResponse(id, notFound(method)));
  for (const name of methodNames)
    server.addMethod(name, (params: unknown, call) => callMethod(options, name, params, call));
  return server;
}

async function callMethod(
  options: DispatchOptions,
  name: MethodName,
  given: unknown,
  call: Call,
): Promise<unknown> {
  const { connection } = call;
  const { log, access } = options;
  const { role, kind, params } = methodOf(name);
  if (role === 'admin' && connection.role !== 'admin') {
    options.refused();
    throw denyMethod(name, connection.peer, access);
  }
  const checked = checkParams(name, params, given);
  const isLogged = kind === 'operation' || role === 'admin';
  if (isLogged) logCall(log, name, checked, connection);
  try {
    return await perform(options, name, checked, call);
  } catch (error) {
    if (!(error instanceof TsgunError)) logFault(log, name, error);
    if (isLogged) logFailure(log, name, error, connection);
    throw error;
  }
}

const isOwn = (name: MethodName): name is ConnectionMethod => methodOf(name).kind === 'connection';

function perform(
  { api, own }: DispatchOptions,
  name: MethodName,
  params: Record<string, unknown>,
  call: Call,
): unknown {
  // The name comes over a socket: that these parameters fit it is what the table was asked for.
  const checked = params as never;
  return isOwn(name)
    ? own[name](checked, call)
    : api[name](checked, describeCaller(call.connection));
}

const describeCaller = (connection: Connection): Caller => ({
  uid: connection.peer.uid,
  gid: connection.peer.gid,
  pid: connection.peer.pid,
  // Who does not read can do without.
  progress(progress) {
    if (!connection.isFull) connection.notify('progress', progress);
  },
});

function notFound(method: string): JSONRPCErrorException {
  const meant = suggest(method.slice(0, 60), methodNames);
  const message = `Cannot call ${quote(method)}: no such method${meant === null ? '' : `, did you mean "${meant}"?`}`;
  return new JSONRPCErrorException(message, JSONRPCErrorCode.MethodNotFound, usageData);
}
