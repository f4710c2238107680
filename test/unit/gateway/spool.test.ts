import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyStore } from '../../../src/gateway/body-store.ts';
import { Spool } from '../../../src/gateway/spool.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 20 });
const memory = fc.nat(1000);

test('a spool gives back what it got, in order, from memory or from its file', async (t) => {
  const folder = makeTempDir(t);
  await fc.assert(
    fc.asyncProperty(
      chunks,
      memory,
      fc.infiniteStream(fc.boolean()),
      async (parts, most, turns) => {
        const spool = new Spool({
          memory: most,
          most: 1e9,
          folder,
          onWritten: () => undefined,
          onError: assert.fail,
        });
        const out: Uint8Array[] = [];
        const take = async () => {
          const next = await spool.shift();
          if (next) out.push(next);
          return next !== null;
        };
        for (const part of parts) {
          spool.push(Buffer.from(part));
          if (turns.next().value) await take();
        }
        while (await take());
        assert.deepEqual(Buffer.concat(out), Buffer.concat(parts));
        assert.equal(spool.size, 0);
        spool.close();
      },
    ),
    { numRuns: 50 },
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('a spool is full at its limit, and no more when something was taken', async (t) => {
  const folder = makeTempDir(t);
  const options = { memory: 10, most: 30, folder, onWritten: () => undefined };
  const spool = new Spool({ ...options, onError: assert.fail });
  t.after(() => spool.close());
  spool.push(Buffer.alloc(10));
  spool.push(Buffer.alloc(19));
  assert.equal(spool.full, false);
  spool.push(Buffer.alloc(1));
  assert.equal(spool.full, true);
  await spool.shift();
  assert.deepEqual([spool.full, spool.size], [false, 20]);
});

test('a spool that cannot be written says so once, and gives nothing more', async () => {
  const errors: unknown[] = [];
  const options = { memory: 0, most: 30, folder: '/nowhere', onWritten: () => undefined };
  const spool = new Spool({ ...options, onError: (error) => errors.push(error) });
  spool.push(Buffer.alloc(1));
  spool.push(Buffer.alloc(1));
  await waitFor('an error', () => errors.length > 0);
  assert.equal(await spool.shift(), null);
  assert.match(String(errors), /^Error: ENOENT/);
});

test('a body can be read from its beginning again, whatever it is kept in', async (t) => {
  const folder = makeTempDir(t);
  await fc.assert(
    fc.asyncProperty(chunks, memory, async (parts, most) => {
      const store = new BodyStore({ memory: most, folder });
      for (const part of parts) await store.append(Buffer.from(part));
      await store.settle();
      const whole = Buffer.concat(parts);
      assert.equal(store.size, whole.length);
      assert.equal(store.bytes === null, whole.length > most);
      for (let turn = 0; turn < 2; turn += 1) {
        const read: Buffer[] = store.bytes ? [store.bytes] : [];
        for (let at = 0; !store.bytes && at < store.size; at += read.at(-1)?.length ?? 0)
          read.push(await store.read(at));
        assert.deepEqual(Buffer.concat(read), whole);
      }
      store.close();
    }),
    { numRuns: 50 },
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('the file begins with the byte that memory has no place for', async (t) => {
  const store = new BodyStore({ memory: 4, folder: makeTempDir(t) });
  t.after(() => store.close());
  store.append(Buffer.from('abcd'));
  assert.equal(store.bytes?.toString(), 'abcd');
  store.append(Buffer.from('e'));
  await store.settle();
  assert.equal(store.bytes, null);
  assert.equal((await store.read(3)).toString(), 'de');
});

test('a body that cannot be kept says why when it is asked for', async () => {
  const store = new BodyStore({ memory: 0, folder: '/nowhere' });
  assert.equal(store.append(Buffer.from('a')), null);
  await assert.rejects(store.settle(), /ENOENT/);
  store.close();
});
