import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatPassedName, isOwned, parsePassedName } from '../../../src/sockets/passed-name.ts';

const passed = fc.record({
  key: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }).filter((key) => key.isWellFormed()),
    fc.constantFrom('127.0.0.1:80', '[::1]:8000', ':80', 'unix:/run/a b%20c:d.sock', 'fd://web/1'),
  ),
  slot: fc.integer({ min: 0, max: 999_999 }),
  order: fc.integer({ min: 0, max: 999_999 }),
  owned: fc.boolean(),
});

test('a name that was formatted is parsed to the same', () => {
  fc.assert(
    fc.property(passed, (one) => {
      assert.deepEqual(parsePassedName(formatPassedName(one)), { ...one });
      assert.equal(isOwned({ name: formatPassedName(one) }), one.owned);
    }),
  );
});

test('a name is one that systemd takes, and LISTEN_FDNAMES can hold', () => {
  fc.assert(fc.property(passed, (one) => assert.match(formatPassedName(one), /^[!-9;-~]+$/)));
});

const foreign = [
  '',
  'unknown',
  'http',
  'tsgun@app.socket',
  'listen-0',
  'tsgun owned',
  '%',
  'a%b',
  'tsgun%20owned%20x%200%20key',
  'tsgun%20stolen%200%200%20key',
  'tsgun%20owned%200%200%20',
  'tsgun%20owned%201234567%200%20key',
  'x tsgun owned 0 0 key',
  'tsgun%20owned%200%200%20key%',
];

for (const name of foreign) {
  test(`"${name}" is the name of somebody else`, () => {
    assert.equal(parsePassedName(name), null);
    assert.equal(isOwned({ name }), false);
  });
}
