import assert from 'node:assert/strict';
import { fstatSync, readdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { isListening } from '../../../src/native/sockets.ts';
import { parseAddress } from '../../../src/sockets/address.ts';
import type { BindOptions } from '../../../src/sockets/bind.ts';
import { ListenerSet } from '../../../src/sockets/listener-set.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const options: BindOptions = { backlog: 8, reusePort: false, socketMode: 0o777, socketOwner: null };
const parse = (...texts: string[]) => texts.map((text) => parseAddress(text, '/'));

function create(t: TestContext): ListenerSet {
  const set = new ListenerSet();
  t.after(() => set.close());
  return set;
}

const addressesOf = (set: ListenerSet, generation: number) =>
  set.descriptorsFor(generation, 0).map(({ address }) => address);

test('generations share the sockets they both name, and the last one that leaves closes them', async (t) => {
  const dir = makeTempDir(t);
  const set = create(t);
  await set.hold(1, parse(`unix:${dir}/a`, `unix:${dir}/b`), options);
  await set.hold(2, parse(`unix:${dir}/b`, `unix:${dir}/c`), options);
  assert.deepEqual(addressesOf(set, 1), [`unix:${dir}/a`, `unix:${dir}/b`]);
  assert.deepEqual(addressesOf(set, 2), [`unix:${dir}/b`, `unix:${dir}/c`]);
  assert.equal(set.descriptorsFor(1, 0)[1]?.fd, set.descriptorsFor(2, 0)[0]?.fd);
  set.release(1);
  assert.deepEqual(readdirSync(dir), ['b', 'c']);
  set.release(2);
  assert.deepEqual(readdirSync(dir), []);
  set.release(2); // a second time is none
});

test('generations may overlap in any order', async (t) => {
  const dir = makeTempDir(t);
  const set = create(t);
  await set.hold(1, parse(`unix:${dir}/a`), options);
  await set.hold(2, parse(`unix:${dir}/a`, `unix:${dir}/b`), options);
  await set.hold(3, parse(`unix:${dir}/a`), options);
  set.release(2);
  assert.deepEqual(readdirSync(dir), ['a']);
  set.release(1);
  assert.deepEqual(addressesOf(set, 3), [`unix:${dir}/a`]);
});

test('an address named twice is bound once', async (t) => {
  const set = create(t);
  await set.hold(1, parse('127.0.0.1:0', '127.0.0.1:0'), options);
  assert.equal(set.descriptorsFor(1, 0).length, 1);
});

test('port 0 is what it got the first time for every later generation', async (t) => {
  const set = create(t);
  await set.hold(1, parse('127.0.0.1:0'), options);
  await set.hold(2, parse('127.0.0.1:0'), options);
  set.release(1);
  assert.deepEqual(addressesOf(set, 2), set.addresses);
  assert.match(set.addresses[0] ?? '', /^127\.0\.0\.1:[1-9]\d+$/);
});

test('refuseNew() takes Unix sockets away and close() leaves no descriptor', async (t) => {
  const dir = makeTempDir(t);
  const set = create(t);
  await set.hold(1, parse(`unix:${dir}/a`, '127.0.0.1:0'), options);
  const descriptors = set.descriptorsFor(1, 0).map(({ fd }) => fd);
  set.refuseNew(assert.fail);
  assert.deepEqual(readdirSync(dir), []);
  assert.ok(descriptors.every(isListening));
  set.close();
  for (const fd of descriptors) assert.throws(() => fstatSync(fd), { code: 'EBADF' });
});

test('a Unix socket that somebody else has put in our place stays', async (t) => {
  const dir = makeTempDir(t);
  const set = create(t);
  await set.hold(1, parse(`unix:${dir}/a`), options);
  const other = create(t);
  await other.hold(1, parse(`unix:${dir}/b`), options);
  renameSync(path.join(dir, 'b'), path.join(dir, 'a'));
  const { ino } = statSync(path.join(dir, 'a'));
  set.close();
  assert.equal(statSync(path.join(dir, 'a')).ino, ino);
});
