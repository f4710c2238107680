import {
  isJSONRPCID,
  JSONRPCErrorCode,
  JSONRPCErrorException,
  type JSONRPCID,
  type JSONRPCRequest,
} from 'json-rpc-2.0';
import { usageData } from './error-response.ts';

/** What stands for one request on the wire: the request, or why it is none. */
export type Entry = { request: JSONRPCRequest } | { id: JSONRPCID; problem: JSONRPCErrorException };

export interface Message {
  /** Answered with an array. */
  isBatch: boolean;
  entries: Entry[];
}

/** One line of a caller. It may hold anything, so nothing of it is trusted before it was looked at. */
export function parseMessage(line: string, mostInBatch: number): Message {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return refuse(JSONRPCErrorCode.ParseError, 'Cannot read the request: the line is no JSON');
  }
  if (!Array.isArray(json)) return { isBatch: false, entries: [parseRequest(json)] };
  if (json.length === 0) return invalid('the batch is empty');
  if (json.length > mostInBatch)
    return invalid(`a batch may have ${mostInBatch} requests, not ${json.length}`);
  return { isBatch: true, entries: json.map(parseRequest) };
}

function parseRequest(json: unknown): Entry {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return invalidEntry(null, 'it is no object');
  const id = 'id' in json && isJSONRPCID(json.id) ? json.id : null;
  if (!('jsonrpc' in json) || json.jsonrpc !== '2.0')
    return invalidEntry(id, '"jsonrpc" is not "2.0"');
  if ('id' in json && !isJSONRPCID(json.id))
    return invalidEntry(null, '"id" is no string or number');
  if (!('method' in json) || typeof json.method !== 'string')
    return invalidEntry(id, '"method" is no string');
  const params = 'params' in json ? json.params : undefined;
  if (params !== undefined && (typeof params !== 'object' || params === null))
    return invalidEntry(id, '"params" is no object or array');
  const request: JSONRPCRequest = { jsonrpc: '2.0', method: json.method, params };
  return { request: 'id' in json ? { ...request, id } : request };
}

function invalidEntry(id: JSONRPCID, why: string): Entry {
  const message = `Cannot understand the request: ${why}`;
  return {
    id,
    problem: new JSONRPCErrorException(message, JSONRPCErrorCode.InvalidRequest, usageData),
  };
}

const invalid = (why: string): Message => ({
  isBatch: false,
  entries: [invalidEntry(null, why)],
});

const refuse = (code: number, message: string): Message => ({
  isBatch: false,
  entries: [{ id: null, problem: new JSONRPCErrorException(message, code, usageData) }],
});
