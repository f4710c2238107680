import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, parseAddress } from '../../../src/sockets/address.ts';

const good = {
  '127.0.0.1:80': { kind: 'tcp', host: '127.0.0.1', port: 80 },
  localhost: { kind: 'tcp', host: 'localhost', port: 8000 },
  ':9000': { kind: 'tcp', host: '*', port: 9000 },
  '[::1]:0': { kind: 'tcp', host: '::1', port: 0 },
  '[::]': { kind: 'tcp', host: '::', port: 8000 },
  '::1': { kind: 'tcp', host: '::1', port: 8000 },
  'tcp://10.0.0.1:1': { kind: 'tcp', host: '10.0.0.1', port: 1 },
  'unix:/run/a.sock': { kind: 'unix', path: '/run/a.sock' },
  'unix:///run/a.sock': { kind: 'unix', path: '/run/a.sock' },
  'unix:a.sock': { kind: 'unix', path: '/base/a.sock' },
  'fd://3': { kind: 'fd', fd: 3 },
  'fd://web': { kind: 'named', name: 'web', index: 0 },
  'fd://tsgun@app.socket/1': { kind: 'named', name: 'tsgun@app.socket', index: 1 },
};

for (const [text, address] of Object.entries(good)) {
  test(`understands ${text}, and what it makes of it`, () => {
    const parsed = parseAddress(text, '/base');
    assert.deepEqual(parsed, address);
    assert.deepEqual(parseAddress(formatAddress(parsed), '/elsewhere'), parsed);
  });
}

const bad = [
  '127.0.0.1:99999',
  ':x',
  '1:2:3',
  '[1.2.3.4]:80',
  '[::1',
  'a b:80',
  '8000',
  'unix:',
  'fd://2',
  'fd://a:b',
  `unix:/${'x'.repeat(107)}`,
  '-host:1',
];

for (const text of bad) {
  test(`refuses ${text.slice(0, 20)} and says which address it was`, () => {
    assert.throws(
      () => parseAddress(text, '/base'),
      (error: Error & { code?: string }) =>
        error.code === 'TSGUN_E_SETTINGS' && error.message.includes(`"${text}"`),
    );
  });
}
