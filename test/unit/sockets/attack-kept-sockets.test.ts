import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { acceptQueueLength, duplicate } from '../../../src/native/sockets.ts';
import { parseAddress } from '../../../src/sockets/address.ts';
import type { BindOptions } from '../../../src/sockets/bind.ts';
import type { Inherited } from '../../../src/sockets/inherit.ts';
import { ListenerSet } from '../../../src/sockets/listener-set.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

// Sockets that come from an older tsgun, or from an earlier life, into settings that are not the same.

const options: BindOptions = { backlog: 64, reusePort: true, socketMode: 0o777, socketOwner: null };
const anywhere = [parseAddress('127.0.0.1:0', '/')];

function create(t: TestContext, inherited: readonly Inherited[] = []): ListenerSet {
  const set = new ListenerSet(inherited);
  t.after(() => set.close());
  return set;
}

/** A group whose slots all have a worker. */
async function createGroup(t: TestContext, slots: number): Promise<ListenerSet> {
  const set = create(t);
  await set.hold(1, anywhere, options);
  serve(set, slots);
  return set;
}

/** What a worker is for a listener: somebody who inherits it and then is ready. */
function serve(set: ListenerSet, slots: number): void {
  for (let slot = 0; slot < slots; slot += 1) {
    set.descriptorsFor(1, slot);
    set.setActive(slot, true);
  }
}

/** The descriptors as a new program gets them. */
const handOver = (set: ListenerSet): Inherited[] =>
  set.pass().map(({ fd, name }) => ({ fd: duplicate(fd), name }));

/** So many clients that each of a few sockets gets one, as good as certainly. */
async function connectMany(t: TestContext, set: ListenerSet): Promise<number[]> {
  const port = Number(set.addresses[0]?.split(':').at(-1));
  for (let count = 0; count < 60; count += 1) {
    await new Promise<void>((resolve, reject) => {
      const client = net.connect(port, '127.0.0.1', resolve).once('error', reject);
      t.after(() => client.destroy());
    });
  }
  return set
    .list()
    .flatMap(({ descriptors }) => descriptors.map((fd) => acceptQueueLength(fd) ?? 0));
}

test('the workers of a program that is succeeded take nobody along when they leave', async (t) => {
  const old = await createGroup(t, 3);
  const young = create(t, handOver(old));
  await young.hold(1, anywhere, { ...options, slots: 3 });
  serve(young, 3);
  old.disown();
  young.adopt(assert.fail);
  for (const slot of [0, 1, 2]) old.setActive(slot, false);
  const waiting = await connectMany(t, young);
  assert.ok(waiting.every(Boolean), `waiting in each socket: ${waiting}`);
});

test('a program that is to succeed another, and fails, leaves the choice as it was', async (t) => {
  const old = await createGroup(t, 3);
  const young = create(t, handOver(old));
  await young.hold(1, anywhere, { ...options, slots: 4 });
  serve(young, 4);
  for (const slot of [0, 1, 2, 3]) young.setActive(slot, false);
  young.release(1);
  const waiting = await connectMany(t, old);
  assert.ok(waiting.every(Boolean), `waiting in each socket: ${waiting}`);
});

test('one that grows is led to all of its slots when it has taken over', async (t) => {
  const old = await createGroup(t, 1);
  const young = create(t, handOver(old));
  await young.hold(1, anywhere, { ...options, slots: 3 });
  serve(young, 3);
  old.disown();
  young.adopt(assert.fail);
  const waiting = await connectMany(t, young);
  assert.equal(waiting.length, 3);
  assert.ok(waiting.every(Boolean), `waiting in each socket: ${waiting}`);
});

test('the first worker accepts what waits for slots that there are no more', async (t) => {
  const old = await createGroup(t, 4);
  const before = await connectMany(t, old);
  const young = create(t, handOver(old));
  await young.hold(1, anywhere, { ...options, slots: 2 });
  young.adopt(assert.fail);
  const [first, second] = [0, 1].map((slot) => young.descriptorsFor(1, slot).map(({ fd }) => fd));
  const waiting = [...(first ?? []), ...(second ?? [])].map((fd) => acceptQueueLength(fd) ?? 0);
  assert.equal(second?.length, 1);
  assert.deepEqual(waiting.toSorted(), before.toSorted(), 'in sockets that somebody accepts on');

  young.closeSlot(3);
  assert.equal(
    young.list()[0]?.descriptors.length,
    4,
    'and that stay where the kernel counts them',
  );
});

for (const owned of [true, false]) {
  const whose = owned ? 'ours' : "systemd's";
  test(`a Unix socket of ${whose} whose file was removed ${owned ? 'has one again' : 'stays'}`, async (t) => {
    const file = `${makeTempDir(t)}/a`;
    const addresses = [parseAddress(`unix:${file}`, '/')];
    const old = create(t);
    await old.hold(1, addresses, options);
    const passed = handOver(old).map((one) => (owned ? one : { ...one, name: 'a.socket' }));
    rmSync(file);
    const young = create(t, passed);
    const bind = owned ? addresses : [parseAddress('fd://a.socket', '/')];
    await young.hold(1, bind, options);
    young.adopt(assert.fail);
    assert.equal(existsSync(file), owned);
    young.close();
    assert.equal(existsSync(file), false, 'and it ends with us');
  });
}

const alone: BindOptions = { ...options, reusePort: false };

/** What systemd has kept for a service that ended while it listened there. */
async function keep(t: TestContext, text: string): Promise<{ kept: Inherited[]; port: string }> {
  const old = new ListenerSet();
  t.after(() => old.close());
  await old.hold(1, [parseAddress(text, '/')], alone);
  const kept = handOver(old);
  const port = old.addresses[0]?.split(':').at(-1) ?? '';
  old.close();
  return { kept, port };
}

test('an address that takes in the one before it can be bound in the next life', async (t) => {
  const { kept, port } = await keep(t, '127.0.0.1:0');
  const young = create(t, kept);
  const wider = [parseAddress(`0.0.0.0:${port}`, '/')];
  young.prepareFor(wider);
  await young.hold(1, wider, alone);
  young.adopt(assert.fail);
  assert.deepEqual(young.addresses, [`0.0.0.0:${port}`]);
});

test('an address that is spelled otherwise is the same socket', async (t) => {
  const { kept, port } = await keep(t, 'localhost:0');
  const [socket] = kept;
  const young = create(t, kept);
  const same = [parseAddress(`127.0.0.1:${port}`, '/')];
  young.prepareFor(same);
  await young.hold(1, same, alone);
  young.adopt(assert.fail);
  assert.equal(young.descriptorsFor(1, 0)[0]?.fd, socket?.fd);
});

test('sockets of two addresses under one name are no group', async (t) => {
  const [one, other] = [await keep(t, '127.0.0.1:0'), await keep(t, '127.0.0.1:0')];
  const young = create(t, [...one.kept, ...other.kept]);
  await young.hold(1, anywhere, options);
  young.adopt(assert.fail);
  assert.equal(young.descriptorsFor(1, 0).length, 1);
  assert.equal(young.list()[0]?.descriptors.length, 1);
  await assert.rejects(
    new Promise((resolve, reject) => {
      net.connect(Number(other.port), '127.0.0.1', () => resolve(null)).once('error', reject);
    }),
    { code: 'ECONNREFUSED' },
  );
});
