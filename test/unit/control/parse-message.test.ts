import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMessage } from '../../../src/control/parse-message.ts';

const most = 10;

const codes = (line: string): (number | 'request')[] =>
  parseMessage(line, most).entries.map((entry) =>
    'problem' in entry ? entry.problem.code : 'request',
  );

test('a request keeps its id, whatever JSON-RPC allows one to be', () => {
  for (const id of [0, 1.5, -1, 'x', '', null, 2 ** 60]) {
    const line = JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' });
    const [entry] = parseMessage(line, most).entries;
    assert.deepEqual(entry, { request: { jsonrpc: '2.0', id, method: 'ping', params: undefined } });
  }
});

test('without an id it is a notification', () => {
  const [entry] = parseMessage('{"jsonrpc":"2.0","method":"ping"}', most).entries;
  assert.ok(entry && 'request' in entry && !('id' in entry.request));
});

const bad: [string, number][] = [
  ['', -32_700],
  ['{', -32_700],
  ['GET / HTTP/1.1', -32_700],
  ['\0\0\0', -32_700],
  ['1', -32_600],
  ['null', -32_600],
  ['"ping"', -32_600],
  ['{}', -32_600],
  ['[]', -32_600],
  ['[[]]', -32_600],
  ['{"jsonrpc":"1.0","id":1,"method":"ping"}', -32_600],
  ['{"id":1,"method":"ping"}', -32_600],
  ['{"jsonrpc":"2.0","id":1}', -32_600],
  ['{"jsonrpc":"2.0","id":1,"method":1}', -32_600],
  ['{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}', -32_600],
  ['{"jsonrpc":"2.0","id":1,"method":"ping","params":null}', -32_600],
  ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32_600],
  ['{"jsonrpc":"2.0","id":[1],"method":"ping"}', -32_600],
  ['{"jsonrpc":"2.0","id":true,"method":"ping"}', -32_600],
  ['{"jsonrpc":"2.0","id":1,"result":1}', -32_600],
  ['{"__proto__":{"jsonrpc":"2.0","id":1,"method":"ping"}}', -32_600],
  [`${'['.repeat(200_000)}${']'.repeat(200_000)}`, -32_600],
];

for (const [line, code] of bad) {
  test(`what is no request is told so: ${JSON.stringify(line.slice(0, 70))}`, () => {
    assert.deepEqual(codes(line), [code]);
  });
}

test('what is wrong with a request goes to its id when it has a good one', () => {
  const [entry] = parseMessage('{"jsonrpc":"2.0","id":7}', most).entries;
  assert.equal(entry && 'problem' in entry && entry.id, 7);
});

test('entries of a batch are looked at one by one, and too many of them not at all', () => {
  const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
  assert.deepEqual(codes(`[${ping},1,${ping}]`), ['request', -32_600, 'request']);
  assert.equal(parseMessage(`[${ping}]`, most).isBatch, true);
  const huge = parseMessage(`[${Array(most + 1).fill(ping)}]`, most);
  assert.equal(huge.isBatch, false);
  assert.equal(huge.entries.length, 1);
});

test('nothing that is sent makes it throw', () => {
  const odd = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc
      .record(
        {
          jsonrpc: fc.oneof(fc.constant('2.0'), fc.anything()),
          id: fc.anything(),
          method: fc.oneof(fc.constant('ping'), fc.anything()),
          params: fc.anything(),
        },
        { requiredKeys: [] },
      )
      .map(
        (value) => JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? 0 : each)) ?? '',
      ),
  );
  fc.assert(
    fc.property(odd, (line) => {
      for (const entry of parseMessage(line, most).entries)
        assert.ok('problem' in entry ? entry.problem.code < 0 : entry.request.method !== undefined);
    }),
    { numRuns: 500 },
  );
});
