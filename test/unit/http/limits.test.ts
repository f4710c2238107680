import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { findExcess, type Limits } from '../../../src/http/limits.ts';

const request = (parts: Partial<IncomingMessage>): IncomingMessage =>
  ({ method: 'GET', url: '/', rawHeaders: ['Host', 'x'], ...parts }) as IncomingMessage;

const limits: Limits = { requestLine: 20, requestFields: 2, requestFieldSize: 10 };

const cases: [string, Partial<IncomingMessage>, Partial<Limits>, 0 | 414 | 431][] = [
  ['a request line of exactly the limit', { url: '/567890' }, {}, 0],
  ['a request line of one byte more', { url: '/5678901' }, {}, 414],
  ['a long method', { method: 'PROPPATCH', url: '/' }, {}, 0],
  ['any request line without a limit', { url: `/${'a'.repeat(9999)}` }, { requestLine: 0 }, 0],
  ['as many fields as allowed', { rawHeaders: ['A', '1', 'B', '2'] }, {}, 0],
  ['one field more', { rawHeaders: ['A', '1', 'B', '2', 'C', '3'] }, {}, 431],
  ['a field of exactly the limit', { rawHeaders: ['Host', '7890'] }, {}, 0],
  ['a field of one byte more', { rawHeaders: ['Host', '78901'] }, {}, 431],
  ['any field without a limit', { rawHeaders: ['A', 'a'.repeat(99)] }, { requestFieldSize: 0 }, 0],
];

for (const [what, parts, override, expected] of cases) {
  test(`findExcess() answers ${what} with ${expected}`, () => {
    assert.equal(findExcess(request(parts), { ...limits, ...override }), expected);
  });
}
