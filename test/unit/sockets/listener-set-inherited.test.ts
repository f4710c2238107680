import assert from 'node:assert/strict';
import { existsSync, fstatSync, readdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { closeDescriptor, duplicate } from '../../../src/native/sockets.ts';
import { parseAddress } from '../../../src/sockets/address.ts';
import { type BindOptions, bindAddress, bindSocketAt } from '../../../src/sockets/bind.ts';
import type { Inherited } from '../../../src/sockets/inherit.ts';
import { lentAddresses } from '../../../src/sockets/inherited-pool.ts';
import { ListenerSet } from '../../../src/sockets/listener-set.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const options: BindOptions = { backlog: 8, reusePort: false, socketMode: 0o777, socketOwner: null };
const parse = (...texts: string[]) => texts.map((text) => parseAddress(text, '/'));

function create(t: TestContext, inherited: readonly Inherited[] = []): ListenerSet {
  const set = new ListenerSet(inherited);
  t.after(() => set.close());
  return set;
}

/** Whether two descriptors are the same socket. */
const same = (a: number | undefined, b: number | undefined) =>
  a !== undefined && b !== undefined && fstatSync(a).ino === fstatSync(b).ino;

const connect = (target: string) =>
  new Promise<string>((resolve) => {
    const to = target.startsWith('unix:')
      ? { path: target.slice('unix:'.length) }
      : { host: '127.0.0.1', port: Number(target.split(':').at(-1)) };
    const socket = net.connect(to, () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
  });

/** A port that is taken for the length of a test. */
async function busyAddress(t: TestContext): Promise<string> {
  const other = create(t);
  await other.hold(1, parse('127.0.0.1:0'), options);
  return other.addresses[0] ?? '';
}

/** What systemd does: it binds by itself, and keeps the socket whatever we do with our copy. */
async function lend(t: TestContext, text: string): Promise<{ fd: number; keeper: number }> {
  const [address] = parse(text);
  if (address?.kind !== 'tcp' && address?.kind !== 'unix') throw new Error('not to be bound');
  const keeper =
    address.kind === 'unix'
      ? bindSocketAt({ family: 'unix', path: address.path }, options)
      : await bindAddress(address, options);
  t.after(() => closeDescriptor(keeper));
  return { fd: duplicate(keeper), keeper };
}

/** The descriptors as a new program gets them. */
const handOver = (set: ListenerSet): Inherited[] =>
  set.pass().map(({ fd, name }) => ({ fd: duplicate(fd), name }));

test('inherited sockets are found by number and by where they listen, and the rest is left', async (t) => {
  const dir = makeTempDir(t);
  const tcp = await lend(t, '127.0.0.1:0');
  const everywhere = await lend(t, ':0');
  const unix = await lend(t, `unix:${dir}/a`);
  const stray = await lend(t, '127.0.0.1:0');
  const set = create(t, [
    { fd: tcp.fd, name: 'http' },
    { fd: everywhere.fd, name: 'a%b' },
    { fd: unix.fd, name: 'tsgun.socket' },
    { fd: stray.fd, name: 'stray' },
  ]);
  const probe = create(t, [{ fd: duplicate(everywhere.keeper), name: '' }]);
  await probe.hold(1, parse(...lentAddresses(probe.unused)), options);
  const port = probe.addresses[0]?.split(':').at(-1);

  await set.hold(1, parse(`fd://${tcp.fd}`, `:${port}`, `unix:${dir}/a`), options);
  const [first, second, third] = set.descriptorsFor(1, 0);
  assert.ok(same(first?.fd, tcp.keeper));
  assert.match(first?.address ?? '', /^127\.0\.0\.1:\d+$/);
  assert.ok(same(second?.fd, everywhere.keeper));
  assert.ok(same(third?.fd, unix.keeper));
  assert.equal(third?.address, `unix:${dir}/a`);
  assert.deepEqual(set.unused, [{ fd: stray.fd, name: 'stray' }]);
});

test('a descriptor that does not listen cannot be bound', async (t) => {
  const set = create(t);
  await assert.rejects(set.hold(1, parse('fd://999'), options), {
    code: 'TSGUN_E_BIND',
    message: 'Cannot listen on "fd://999": it is no listening socket',
  });
});

test('a descriptor that was passed without LISTEN_FDS can be bound', async (t) => {
  const { fd, keeper } = await lend(t, '127.0.0.1:0');
  const set = create(t);
  await set.hold(1, parse(`fd://${fd}`), options);
  assert.ok(same(set.descriptorsFor(1, 0)[0]?.fd, keeper));
});

test('lent sockets outlive their last generation, a failed one and us, and serve the next', async (t) => {
  const dir = makeTempDir(t);
  const busy = await busyAddress(t);
  const { fd, keeper } = await lend(t, `unix:${dir}/a`);
  const set = create(t, [{ fd, name: 'x' }]);
  await assert.rejects(set.hold(1, parse(`unix:${dir}/a`, busy), options));
  assert.deepEqual(set.unused, [{ fd, name: 'x' }]);
  await set.hold(2, parse(`unix:${dir}/a`), options);
  assert.ok(same(set.descriptorsFor(2, 0)[0]?.fd, keeper));
  set.release(2);
  await set.hold(3, parse(`unix:${dir}/a`), options);
  assert.ok(same(set.descriptorsFor(3, 0)[0]?.fd, keeper));
  set.refuseNew(assert.fail);
  set.close();
  assert.ok(existsSync(path.join(dir, 'a')));
  assert.equal(await connect(`unix:${dir}/a`), 'connected');
});

for (const reusePort of [false, true]) {
  const how = reusePort ? ' with reuse_port' : '';
  test(`what is passed on${how} finds its address again, and the new program ends it`, async (t) => {
    const dir = makeTempDir(t);
    const old = create(t);
    const texts = [`unix:${dir}/a b:c%`, '127.0.0.1:0'];
    await old.hold(1, parse(...texts), { ...options, reusePort });
    old.descriptorsFor(1, 2);
    const passed = handOver(old);
    assert.equal(passed.length, reusePort ? 3 : 2);
    assert.ok(passed.every(({ name }) => /^[^:\s]+$/.test(name)));
    const young = create(t, passed);
    await young.hold(1, parse(...texts), { ...options, reusePort });
    assert.deepEqual(young.addresses, old.addresses);
    assert.deepEqual(young.unused, []);
    for (const slot of [0, 2])
      for (const [index, { fd }] of old.descriptorsFor(1, slot).entries())
        assert.ok(same(young.descriptorsFor(1, slot)[index]?.fd, fd), `slot ${slot}`);

    old.disown();
    young.adopt(assert.fail);
    old.release(1);
    old.close();
    for (const address of young.addresses) assert.equal(await connect(address), 'connected');
    young.close();
    assert.deepEqual(readdirSync(dir), []);
  });
}

test('an upgrade that fails takes nothing away', async (t) => {
  const dir = makeTempDir(t);
  const busy = await busyAddress(t);
  const old = create(t);
  await old.hold(1, parse(`unix:${dir}/a`), options);
  const young = create(t, handOver(old));
  await assert.rejects(young.hold(1, parse(`unix:${dir}/a`, busy), options));
  await young.hold(1, parse(`unix:${dir}/a`), options);
  young.close();
  assert.equal(await connect(`unix:${dir}/a`), 'connected');
});

test('an address that the new program gives up is closed when it takes over', async (t) => {
  const dir = makeTempDir(t);
  const old = create(t);
  await old.hold(1, parse(`unix:${dir}/a`, `unix:${dir}/b`, '127.0.0.1:0'), options);
  const [, , dropped = ''] = old.addresses;
  const young = create(t, handOver(old));
  await young.hold(1, parse(`unix:${dir}/a`), options);
  assert.equal(young.unused.length, 2);
  old.disown();
  for (const { fd } of old.pass()) closeDescriptor(fd); // it exits
  young.adopt(assert.fail);
  assert.equal(await connect(dropped), 'ECONNREFUSED');
  assert.deepEqual(readdirSync(dir), ['a']);
  assert.deepEqual(young.unused, []);
});

test('what was lent stays lent over upgrades, in use or not', async (t) => {
  const dir = makeTempDir(t);
  const unix = await lend(t, `unix:${dir}/a`);
  const tcp = await lend(t, '127.0.0.1:0');
  const spare = await lend(t, '127.0.0.1:0');
  const first = create(
    t,
    [unix, tcp, spare].map(({ fd }) => ({ fd, name: 'x' })),
  );
  const bind = parse(`unix:${dir}/a`, `fd://${tcp.fd}`);
  await first.hold(1, bind, options);
  const second = create(t, handOver(first));
  assert.deepEqual(lentAddresses(second.unused), [
    `fd://${tcp.fd}`,
    `fd://${second.unused.at(-1)?.fd}`,
  ]);
  await second.hold(1, bind, options);
  assert.ok(same(second.descriptorsFor(1, 0)[1]?.fd, tcp.keeper), 'whatever its number is now');
  assert.equal(second.unused.length, 1);
  first.disown();
  second.adopt(assert.fail);
  second.refuseNew(assert.fail);
  second.close();
  assert.equal(await connect(`unix:${dir}/a`), 'connected');
});
