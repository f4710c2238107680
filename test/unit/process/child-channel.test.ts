import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { ChildChannel } from '../../../src/process/child-channel.ts';
import { waitFor } from '../../helpers/wait-for.ts';

function open() {
  const stream = new PassThrough();
  const heard: unknown[] = [];
  const channel = new ChildChannel(stream, (message) => heard.push(message));
  return { stream, heard, channel };
}

test('messages are heard in order, in whatever pieces they come', async () => {
  const { stream, heard } = open();
  const text = '{"a":1}\n{"a":"\u00e9\u20ac"}\n[3]\n';
  for (const byte of Buffer.from(text)) stream.write(Buffer.of(byte));
  await waitFor('all of them', () => heard.length === 3);
  assert.deepEqual(heard, [{ a: 1 }, { a: '\u00e9\u20ac' }, [3]]);
});

test('what is no JSON is passed over', async () => {
  const { stream, heard } = open();
  stream.write('garbage {\n\n{"a":NaN}\n');
  stream.write(Buffer.of(0xff, 0xfe, 0x00, 0x0a));
  stream.write('{"a":1}\n');
  await waitFor('the message', () => heard.length > 0);
  assert.deepEqual(heard, [{ a: 1 }]);
});

test('a line that is too long is not kept, and the next one is heard', async () => {
  const { stream, heard } = open();
  const piece = 'x'.repeat(1024 * 1024);
  for (let written = 0; written < 17; written += 1) stream.write(piece);
  stream.write('\n{"a":1}\n');
  await waitFor('the message behind it', () => heard.length > 0);
  assert.deepEqual(heard, [{ a: 1 }]);
});

test('a flood is heard no faster than a bound, and nothing of it is lost', async () => {
  const { stream, heard } = open();
  stream.write('{"a":1}\n'.repeat(350));
  await waitFor('the first', () => heard.length > 0);
  assert.ok(heard.length < 350, `${heard.length} at once`);
  assert.ok(stream.isPaused());
  await waitFor('the rest', () => heard.length === 350);
  stream.write('{"a":2}\n');
  await waitFor('the next one', () => heard.length === 351);
});

test('after the end nothing is sent, and nothing is thrown', () => {
  const { stream, channel } = open();
  channel.close();
  channel.send({ a: 1 });
  assert.ok(stream.destroyed);
});
