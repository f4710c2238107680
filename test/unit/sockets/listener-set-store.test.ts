import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { closeDescriptor, duplicate, isListening } from '../../../src/native/sockets.ts';
import { parseAddress } from '../../../src/sockets/address.ts';
import type { BindOptions } from '../../../src/sockets/bind.ts';
import type { Inherited } from '../../../src/sockets/inherit.ts';
import { ListenerSet } from '../../../src/sockets/listener-set.ts';
import { parsePassedName } from '../../../src/sockets/passed-name.ts';
import { StrictConnection } from '../../helpers/strict-client.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const options: BindOptions = { backlog: 8, reusePort: false, socketMode: 0o770, socketOwner: null };
const shared: BindOptions = { ...options, reusePort: true };
const parse = (...texts: string[]) => texts.map((text) => parseAddress(text, '/'));

/** Keeps duplicates, as systemd does, unless it is full. */
class FakeStore {
  readonly kept = new Map<string, number>();
  isFull = false;

  constructor(t: TestContext) {
    t.after(() => this.keep([]));
  }

  keep(listening: readonly Inherited[]): boolean {
    const wanted = this.isFull ? [] : listening;
    for (const [name, fd] of this.kept) {
      if (wanted.some((one) => one.name === name)) continue;
      closeDescriptor(fd);
      this.kept.delete(name);
    }
    for (const { name, fd } of wanted) {
      assert.ok(isListening(fd), 'systemd would drop it');
      if (!this.kept.has(name)) this.kept.set(name, duplicate(fd));
    }
    return !this.isFull;
  }

  /** What the next life gets. */
  give(): Inherited[] {
    return [...this.kept].map(([name, fd]) => ({ name, fd: duplicate(fd) })).toReversed();
  }

  get keys(): string[] {
    return [...this.kept.keys()].map((name) => parsePassedName(name)?.key ?? name);
  }
}

function create(t: TestContext, inherited: readonly Inherited[] = []) {
  const set = new ListenerSet(inherited);
  t.after(() => set.close());
  return set;
}

const isOpen = (address = ''): Promise<boolean> => {
  const port = Number(address.split(':').at(-1));
  const target = address.startsWith('unix:') ? { path: address.slice(5) } : { port };
  return StrictConnection.open(target).then(
    (connection) => {
      connection.close();
      return true;
    },
    () => false,
  );
};

test('what listens is kept as soon as there is a store, and whatever comes later', async (t) => {
  const dir = makeTempDir(t);
  const set = create(t);
  await set.hold(1, parse('127.0.0.1:0'), options);
  assert.equal(set.isStored, false);
  const store = new FakeStore(t);
  set.keepIn(store);
  assert.equal(set.isStored, true);
  assert.deepEqual(store.keys, ['127.0.0.1:0']);
  await set.hold(2, parse('127.0.0.1:0', `unix:${dir}/a`), options);
  assert.deepEqual(store.keys, ['127.0.0.1:0', `unix:${dir}/a`]);
  set.release(2);
  assert.deepEqual(store.keys, ['127.0.0.1:0']);
});

test('a bind that fails leaves the store as it was', async (t) => {
  const set = create(t);
  const store = new FakeStore(t);
  set.keepIn(store);
  await set.hold(1, parse('127.0.0.1:0'), options);
  const [name] = store.kept.keys();
  await assert.rejects(set.hold(2, parse('127.0.0.2:0', '192.0.2.1:80'), options));
  assert.deepEqual([...store.kept.keys()], [name]);
});

test('each slot of a port is kept, and a slot that ends as well', async (t) => {
  const set = create(t);
  const store = new FakeStore(t);
  await set.hold(1, parse('127.0.0.1:0'), shared);
  set.keepIn(store);
  for (const slot of [0, 1, 2]) set.descriptorsFor(1, slot);
  assert.equal(store.kept.size, 3);
  set.setActive(0, true);
  set.setActive(2, true);
  set.closeSlot(1);
  assert.equal(store.kept.size, 3, 'systemd would not let go of it at once');
  store.isFull = true;
  set.descriptorsFor(1, 3);
  assert.equal(set.isStored, false);
  set.closeSlot(3);
  assert.equal(set.list()[0]?.descriptors.length, 3);
});

test('what was bequeathed is neither refused nor closed, and nothing is removed', async (t) => {
  const dir = makeTempDir(t);
  const set = create(t);
  const store = new FakeStore(t);
  await set.hold(1, parse('127.0.0.1:0', `unix:${dir}/a`), options);
  set.keepIn(store);
  const { addresses } = set;
  set.bequeath();
  assert.equal(set.isBequeathed, true);
  set.refuseNew(assert.fail);
  const descriptors = set.pass();
  set.close();
  for (const { fd } of descriptors) closeDescriptor(fd); // it exits
  for (const address of addresses) assert.ok(await isOpen(address));
  assert.equal(store.kept.size, 2);

  const next = create(t, store.give());
  await next.hold(1, parse('127.0.0.1:0', `unix:${dir}/a`), options);
  next.adopt(assert.fail);
  assert.deepEqual(new Set(next.addresses), new Set(addresses));
  next.keepIn(store);
  next.refuseNew(assert.fail);
  assert.deepEqual(store.keys, [], 'it ends with this life');
  next.bequeath();
  assert.equal(next.isBequeathed, false, 'what was given up cannot be left to anybody');
  next.close();
  for (const address of addresses) assert.ok(!(await isOpen(address)));
});

test('nothing can be bequeathed without a store, or with one that is full', async (t) => {
  const set = create(t);
  await set.hold(1, parse('127.0.0.1:0'), options);
  set.bequeath();
  assert.equal(set.isBequeathed, false);
  const store = new FakeStore(t);
  store.isFull = true;
  set.keepIn(store);
  set.bequeath();
  assert.equal(set.isBequeathed, false);
});

test('who hands over to another program tells the store no more', async (t) => {
  const set = create(t);
  const store = new FakeStore(t);
  await set.hold(1, parse('127.0.0.1:0'), options);
  set.keepIn(store);
  set.disown();
  set.release(1);
  set.refuseNew(assert.fail);
  set.close();
  assert.equal(store.kept.size, 1);
});

test('what was lent is not kept', async (t) => {
  const lender = create(t);
  await lender.hold(1, parse('127.0.0.1:0'), options);
  const fd = duplicate(lender.descriptorsFor(1, 0)[0]?.fd ?? -1);
  const set = create(t, [{ fd, name: 'web' }]);
  const store = new FakeStore(t);
  await set.hold(1, parse('fd://web', '127.0.0.1:0'), options);
  set.adopt(assert.fail);
  set.keepIn(store);
  assert.deepEqual(store.keys, ['127.0.0.1:0']);
});

test('an address that the next life does not bind ends when it is adopted', async (t) => {
  const dir = makeTempDir(t);
  const set = create(t);
  const store = new FakeStore(t);
  await set.hold(1, parse('127.0.0.1:0', `unix:${dir}/a`), options);
  set.keepIn(store);
  set.bequeath();
  const next = create(t, store.give());
  await next.hold(1, parse('127.0.0.1:0'), options);
  assert.ok(await isOpen(`unix:${dir}/a`), 'it may not come to serve');
  next.adopt(assert.fail);
  assert.ok(!existsSync(path.join(dir, 'a')));
  next.keepIn(store);
  assert.deepEqual(store.keys, ['127.0.0.1:0']);
});

test('a Unix socket of an earlier life gets the mode that it is to have now, when it is ours', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'a');
  const set = create(t);
  const store = new FakeStore(t);
  await set.hold(1, parse(`unix:${file}`), options);
  set.keepIn(store);
  set.bequeath();
  const next = create(t, store.give());
  await next.hold(1, parse(`unix:${file}`), { ...options, socketMode: 0o700 });
  assert.equal(statSync(file).mode & 0o777, 0o770, 'the old program may still serve on it');
  next.adopt(assert.fail);
  assert.equal(statSync(file).mode & 0o777, 0o700);
});

for (const [what, first, second] of [
  ['given up', shared, options],
  ['wanted', options, shared],
] as const) {
  test(`sockets of an earlier life serve on when reuse_port is ${what}`, async (t) => {
    const set = create(t);
    const store = new FakeStore(t);
    await set.hold(1, parse('127.0.0.1:0'), first);
    for (const slot of [0, 1, 2]) set.descriptorsFor(1, slot);
    set.keepIn(store);
    set.bequeath();
    const kept = store.kept.size;
    const next = create(t, store.give());
    await next.hold(1, parse('127.0.0.1:0'), second);
    next.adopt(assert.fail);
    const fds = [0, 1, 2, 3].map((slot) => next.descriptorsFor(1, slot)[0]?.fd);
    next.keepIn(store);
    assert.equal(new Set(fds).size, 4, 'each slot has its own');
    assert.equal(kept, first.reusePort ? 3 : 1);
    assert.equal(store.kept.size, 4);
    assert.deepEqual(next.addresses, set.addresses);
  });
}
