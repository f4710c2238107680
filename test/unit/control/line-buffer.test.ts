import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineBuffer } from '../../../src/control/line-buffer.ts';
import { TsgunError } from '../../../src/core/errors.ts';

function drain(buffer: LineBuffer): string[] {
  const lines: string[] = [];
  for (let line = buffer.next(); line !== null; line = buffer.next()) lines.push(line);
  return lines;
}

test('lines are the same however the bytes are cut into chunks', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: 'binary', maxLength: 40 }).map((line) => line.replaceAll('\n', '')),
      ),
      fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1 }),
      (lines, sizes) => {
        const bytes = Buffer.from(`${lines.join('\n')}\nrest`);
        const buffer = new LineBuffer(1000);
        const found: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const end = at + (sizes[turn % sizes.length] ?? 1);
          buffer.push(bytes.subarray(at, end));
          at = end;
          found.push(...drain(buffer));
        }
        const whole = lines.length === 0 ? [''] : lines;
        assert.deepEqual([found, buffer.rest()], [whole, 'rest']);
      },
    ),
    { numRuns: 200 },
  );
});

test('lines can be taken one at a time while more chunks come', () => {
  const buffer = new LineBuffer(100);
  buffer.push(Buffer.from('a\nb\nc'));
  assert.equal(buffer.next(), 'a');
  buffer.push(Buffer.from('d\n'));
  assert.deepEqual(drain(buffer), ['b', 'cd']);
});

test('a line of just the limit passes, one more byte does not, ended or not', () => {
  const pass = new LineBuffer(5);
  pass.push(Buffer.from('12345\n12345'));
  assert.deepEqual(drain(pass), ['12345']);
  assert.equal(pass.rest(), '12345');
  for (const text of ['123456\n', '123456', 'ok\n123456789']) {
    const refuse = new LineBuffer(5);
    refuse.push(Buffer.from(text));
    assert.throws(() => drain(refuse), TsgunError);
  }
});

test('a line that comes byte by byte costs no more than its length', () => {
  const buffer = new LineBuffer(1024 * 1024);
  const byte = Buffer.from('x');
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 1024 * 1024; count += 1) {
    buffer.push(byte);
    buffer.next();
  }
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 8 * 1024 * 1024, `${grown} bytes`);
  assert.equal(buffer.rest().length, 1024 * 1024);
});
