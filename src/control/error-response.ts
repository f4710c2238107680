import {
  createJSONRPCErrorResponse,
  JSONRPCErrorException,
  type JSONRPCErrorResponse,
  type JSONRPCID,
} from 'json-rpc-2.0';
import { type ErrorCode, TsgunError } from '../core/errors.ts';

const dataOf = (code: ErrorCode) => ({ code });

/** Of errors that JSON-RPC has numbers for. */
export const usageData = dataOf('TSGUN_E_USAGE');

const internalError = -32_603;

/** What the caller learns of an error; of one that nobody expected, only that it happened. */
export function toErrorResponse(id: JSONRPCID, error: unknown): JSONRPCErrorResponse {
  if (error instanceof TsgunError) {
    const { rpcCode, message, detail, code } = error;
    return createJSONRPCErrorResponse(id, rpcCode, message, { ...detail, code });
  }
  if (error instanceof JSONRPCErrorException)
    return createJSONRPCErrorResponse(id, error.code, error.message, error.data);
  const message = 'An internal error has happened; the log of the instance has more';
  return createJSONRPCErrorResponse(id, internalError, message, dataOf('TSGUN_E_CONTROL'));
}

/** One that answers no request: the connection ends with it. */
export const renderRefusal = (error: TsgunError): string =>
  `${JSON.stringify(toErrorResponse(null, error))}\n`;
