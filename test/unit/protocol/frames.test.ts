import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encodeFrame,
  FrameError,
  type FrameHeader,
  FrameReader,
} from '../../../src/protocol/frames.ts';
import { frameFlags, frameTypes, mostFrameBytes } from '../../../src/protocol/link.ts';

interface Vectors {
  frames: {
    name: string;
    type: keyof typeof frameTypes;
    flags: (keyof typeof frameFlags)[];
    stream: number;
    code: number;
    payload: string;
    bytes: string;
  }[];
  broken: { name: string; bytes: string }[];
}

const vectors = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../fixtures/link-vectors.json'), 'utf8'),
) as Vectors;

type Frame = FrameHeader & { payload: string };

/** Reads pieces of a buffer that is written over after each of them, as that of a socket is. */
function read(pieces: Iterable<Uint8Array>): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((header, payload) =>
    frames.push({ ...header, payload: payload.toString('hex') }),
  );
  for (const piece of pieces) {
    const chunk = Buffer.from(piece);
    reader.push(chunk);
    chunk.fill(0xee);
  }
  return frames;
}

const frame = fc.record({
  type: fc.constantFrom(...Object.values(frameTypes)),
  flags: fc.nat(7),
  stream: fc.nat(0xffff_ffff),
  code: fc.nat(0xffff_ffff),
  payload: fc.uint8Array({ maxLength: 300 }),
});

const encode = ({ payload, ...header }: FrameHeader & { payload: Uint8Array }) =>
  encodeFrame(header, payload);

for (const { name, type, flags, stream, code, payload, bytes } of vectors.frames) {
  test(`${name}: the bytes that both languages agree on`, () => {
    const header = {
      type: frameTypes[type],
      flags: flags.reduce((sum, flag) => sum + frameFlags[flag], 0),
      stream,
      code,
    };
    assert.equal(encodeFrame(header, Buffer.from(payload, 'hex')).toString('hex'), bytes);
    assert.deepEqual(read([Buffer.from(bytes, 'hex')]), [{ ...header, payload }]);
  });
}

for (const { name, bytes } of vectors.broken) {
  test(`${name}: FrameError`, () => {
    assert.throws(() => read([Buffer.from(bytes, 'hex')]), FrameError);
  });
}

test('frames are the same in whatever pieces they come', () => {
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat(), { maxLength: 20 }), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(encode));
      const places = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b);
      const pieces = [0, ...places].map((from, index) => bytes.subarray(from, places[index]));
      assert.deepEqual(
        read(pieces),
        frames.map(({ payload, ...header }) => ({
          ...header,
          payload: Buffer.from(payload).toString('hex'),
        })),
      );
    }),
  );
});

test('every byte alone makes the same frames', () => {
  const bytes = Buffer.from(vectors.frames.map((vector) => vector.bytes).join(''), 'hex');
  assert.deepEqual(read([...bytes].map((byte) => Buffer.of(byte))), read([bytes]));
});

test('garbage is a FrameError and nothing else, wherever it comes', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 3 }),
      fc.uint8Array({ minLength: 16 }),
      (good, bad) => {
        try {
          read([...good.map(encode), bad]);
        } catch (error) {
          assert.ok(error instanceof FrameError);
        }
      },
    ),
  );
});

test('the longest frame passes, and one that is longer does not', () => {
  const header = { type: frameTypes.data, flags: 0, stream: 1, code: 0 };
  assert.equal(read([encodeFrame(header, Buffer.alloc(mostFrameBytes))]).length, 1);
  const head = encodeFrame(header).subarray(0, 16);
  head.writeUInt32LE(mostFrameBytes + 1, 8);
  assert.throws(() => read([head]), /too long/);
});

test('a reader that is closed by a frame reads no other one', () => {
  let heard = 0;
  const reader = new FrameReader(() => {
    heard += 1;
    reader.close();
  });
  const one = encodeFrame({ type: frameTypes.idle, flags: 0, stream: 0, code: 0 });
  reader.push(Buffer.concat([one, one, Buffer.alloc(16)]));
  assert.equal(heard, 1);
});
