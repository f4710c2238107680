import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { AccessRecord } from '../../../src/log/access-record.ts';

interface RecordChanges extends Partial<AccessRecord> {
  method?: string;
  url?: string;
  headers?: Record<string, string>;
  answer?: OutgoingHttpHeaders;
}

/** A request as Node would have it after the parser. */
export function makeRecord(changes: RecordChanges = {}): AccessRecord {
  const { answer = {}, headers = {}, method = 'GET', url = '/a/b?c=d', ...rest } = changes;
  const req = new IncomingMessage(new Socket());
  Object.assign(req, { method, url, httpVersion: '1.1' });
  Object.assign(req.headers, headers);
  const res = new ServerResponse(req);
  for (const [name, value] of Object.entries(answer)) res.setHeader(name, value ?? '');
  return {
    req,
    res,
    remoteAddress: '192.0.2.1',
    startedAt: Date.UTC(2026, 10, 21, 8),
    durationMs: 1,
    bytes: 5,
    aborted: false,
    slot: 3,
    ...rest,
  };
}
