import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { LogRecord } from '../../../src/core/logger.ts';
import { captureOutput } from '../../../src/log/captured-output.ts';
import { waitFor } from '../../helpers/wait-for.ts';

function capture(t: TestContext, intercept?: (line: string) => boolean) {
  const stream = new PassThrough({ highWaterMark: 1024 * 1024 });
  t.after(() => stream.destroy());
  const records: LogRecord[] = [];
  const clock = { time: 0 };
  const output = captureOutput(stream, {
    slot: 2,
    pid: 77,
    level: 'error',
    log: (record) => void records.push(record),
    now: () => clock.time,
    ...(intercept && { intercept }),
  });
  const messages = () => records.map(({ message }) => message);
  const suppressed = () => messages().filter((message) => message.startsWith('suppressed'));
  return { stream, records, messages, suppressed, clock, output };
}

/** Until the stream has handed over what was written to it. */
const handedOver = () => new Promise((done) => setImmediate(done));

test('captured output becomes records with the pid and slot of the worker', async (t) => {
  const { stream, records } = capture(t);
  stream.write('one\ntwo\nthr');
  stream.end('ee');
  await waitFor('the last line', () => records.length === 3);
  assert.deepEqual(
    records,
    ['one', 'two', 'three'].map((message) => ({ level: 'error', message, slot: 2, pid: 77 })),
  );
});

test('captured output keeps the last 4 KiB for the post-mortem', async (t) => {
  const { stream, output } = capture(t);
  for (let number = 0; number < 500; number += 1)
    stream.write(`line ${number} ${'x'.repeat(50)}\n`);
  stream.write('last words\n');
  await handedOver();
  assert.ok(output.tail().length <= 4096);
  assert.match(output.tail(), /line 499 x+\nlast words$/);
});

test('captured output can be intercepted, and is then neither logged nor kept', async (t) => {
  const seen: string[] = [];
  const { stream, messages, output } = capture(t, (line) => {
    seen.push(line);
    return line.startsWith('Debugger ');
  });
  stream.write('Debugger listening on ws://127.0.0.1:1/x\nhello\n');
  await handedOver();
  assert.deepEqual(seen, ['Debugger listening on ws://127.0.0.1:1/x', 'hello']);
  assert.deepEqual(messages(), ['hello']);
  assert.equal(output.tail(), 'hello');
});

test('a flood is cut and counted, and after it the worker is heard again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { stream, messages, suppressed, clock, output } = capture(t);
  const sent = 5000;
  const lines = Array.from({ length: sent }, (_, number) => `line ${number}\n`);
  stream.write(lines.slice(0, 3000).join(''));
  stream.write(lines.slice(3000).join(''));
  for (let breath = 0; breath < 3; breath += 1) {
    await handedOver();
    t.mock.timers.tick(1);
  }
  const logged = messages().length;
  assert.ok(logged >= 1500 && logged <= 2000, `${logged} lines`);
  assert.match(output.tail(), /line 4999$/);
  assert.deepEqual(suppressed(), []);

  clock.time = 1000;
  t.mock.timers.tick(1000); // nothing more has to be printed for this
  assert.deepEqual(suppressed(), [`suppressed ${sent - logged} lines of output of worker 2`]);
  stream.write('after\n');
  await handedOver();
  t.mock.timers.tick(1);
  await waitFor('the line', () => messages().at(-1) === 'after');
});

test('a flood in long lines is cut too', async (t) => {
  const { stream, messages } = capture(t);
  const chunk = `${'x'.repeat(4000)}\n`.repeat(16);
  for (let count = 0; count < 250; count += 1) stream.write(chunk);
  await waitFor('the flood to be over', () => stream.readableLength === 0);
  assert.ok(messages().join('').length < 3 * 1024 * 1024);
});

test('a flood that ends with the worker is counted at once', async (t) => {
  const { stream, messages, suppressed } = capture(t);
  stream.end('x\n'.repeat(5000));
  await waitFor('the count', () => suppressed().length === 1);
  const logged = messages().length - 1;
  assert.deepEqual(suppressed(), [`suppressed ${5000 - logged} lines of output of worker 2`]);
});

test("the inspector's address is picked out of a flood", async (t) => {
  const call = 'Debugger listening on ws://127.0.0.1:4711/0-1';
  const seen: string[] = [];
  const { stream, suppressed } = capture(t, (line) => {
    if (line === call) seen.push(line);
    return line === call;
  });
  stream.write('x\n'.repeat(30_000));
  await handedOver();
  stream.write(`${'y\n'.repeat(1000)}${call}\n${'y\n'.repeat(1000)}`);
  await waitFor('the address', () => seen.length > 0);
  assert.deepEqual(suppressed(), []);
});

test('captured output survives a stream that breaks', async (t) => {
  const { stream, messages } = capture(t);
  stream.write('one\ntw');
  await handedOver();
  stream.destroy(new Error('ECONNRESET'));
  await waitFor('what was left', () => messages().length === 2);
  assert.deepEqual(messages(), ['one', 'tw']);
});
