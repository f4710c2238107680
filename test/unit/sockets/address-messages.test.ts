import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TsgunError } from '../../../src/core/errors.ts';
import { type Address, formatAddress, parseAddress } from '../../../src/sockets/address.ts';

const bad: [text: string, why: RegExp][] = [
  ['127.0.0.1:65536', /"65536" is no port$/],
  ['127.0.0.1:http', /"http" is no port$/],
  ['127.0.0.1:', /"" is no port$/],
  ['127.0.0.1:-1', /"-1" is no port$/],
  ['8080', /did you mean ":8080"\?$/],
  ['a b:80', /"a b" is no host name$/],
  ['-x:80', /"-x" is no host name$/],
  ['[localhost]:80', /"localhost" is no IPv6 address$/],
  ['2001:db8::1:80:x', /an IPv6 address needs \[brackets\]$/],
  ['unix:', /a path has to follow "unix:"$/],
  ['unix:/a\0b', /a path has to follow/],
  [`unix:/${'x'.repeat(120)}`, /longer than \d+ bytes$/],
  ['fd://', /a number from 3/],
  ['fd://2', /a number from 3/],
  ['fd://-x', /a number from 3, or a name,/],
  ['fd://web/x', /a number from 3, or a name,/],
];

for (const [text, why] of bad) {
  test(`parseAddress() refuses ${JSON.stringify(text.slice(0, 30))} and says why`, () => {
    assert.throws(
      () => parseAddress(text, '/base'),
      (error) =>
        error instanceof TsgunError &&
        error.code === 'TSGUN_E_SETTINGS' &&
        error.message.startsWith(`Cannot use "${text}" as an address: `) &&
        why.test(error.message),
    );
  });
}

test('a machine that is called "unix" is no Unix socket', () => {
  const address = parseAddress('tcp://unix:80', '/base');
  assert.deepEqual(address, { kind: 'tcp', host: 'unix', port: 80 });
  assert.deepEqual(parseAddress(formatAddress(address), '/base'), address);
});

test('parseAddress() throws nothing but its own errors, and what it gives is understood again', () => {
  const piece = fc.constantFrom(
    'unix:',
    'fd://',
    'tcp://',
    '[',
    ']',
    ':',
    '::1',
    '/',
    'a',
    '80',
    '.',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (given) => {
      let address: Address;
      try {
        address = parseAddress(given, '/base');
      } catch (error) {
        return error instanceof TsgunError;
      }
      assert.deepEqual(parseAddress(formatAddress(address), '/other'), address);
      return true;
    }),
    { numRuns: 2000 },
  );
});
