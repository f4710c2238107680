import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, silence, startFake } from '../helpers/fake-instance.ts';
import { runCtl, startCtl } from '../helpers/run-ctl.ts';
import { sampleStatus, sampleWorker } from '../helpers/sample-views.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const workers = [sampleWorker(0), sampleWorker(1, { phase: 'booting', pid: null })];

test('tsgunctl prints the result of a query on standard output, and nothing else', async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web', { workers: () => workers });
  const env = { TSGUN_RUN_DIR: dir };
  const status = await runCtl(t, ['status'], env);
  assert.deepEqual([status.code, status.stderr], [0, '']);
  assert.match(status.stdout, /^web serving {2}generation 3, up 3m12s, pid 4242/);
  const table = await runCtl(t, ['workers', '--fields', 'slot,phase', '--no-header'], env);
  assert.equal(table.stdout, '   0  ready\n   1  booting\n'.replaceAll('   ', ''));
  assert.equal((await runCtl(t, ['ps', '--field', 'slot'], env)).stdout, '0\n1\n');
  const lines = (await runCtl(t, ['workers', '-o', 'jsonl'], env)).stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    workers,
  );
});

test('tsgunctl -o json wraps results in the envelope', async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web');
  const { code, stdout } = await runCtl(t, ['-o', 'json', 'status'], { TSGUN_RUN_DIR: dir });
  const { tookMs, ...envelope } = JSON.parse(stdout);
  assert.equal(code, 0);
  assert.ok(tookMs >= 0 && tookMs < 20_000);
  assert.deepEqual(envelope, {
    v: 1,
    ok: true,
    instance: 'web',
    op: null,
    data: sampleStatus(),
    error: null,
  });
});

test('tsgunctl -o json wraps failures as well, and says nothing else', async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web', {
    config: () => {
      throw fail('TSGUN_E_DENIED', 'Not you', { uid: 7 });
    },
  });
  const env = { TSGUN_RUN_DIR: dir };
  const denied = await runCtl(t, ['config', '-o', 'json'], env);
  assert.deepEqual([denied.code, denied.stderr], [4, '']);
  const { tookMs, ...envelope } = JSON.parse(denied.stdout);
  assert.equal(typeof tookMs, 'number');
  assert.deepEqual(envelope, {
    v: 1,
    ok: false,
    instance: 'web',
    op: null,
    data: { uid: 7 },
    error: {
      code: 'TSGUN_E_DENIED',
      rpc: -32_013,
      exit: 4,
      message: 'Not you',
      hint: null,
      detail: { uid: 7 },
    },
  });
  for (const args of [
    ['-o', 'json', 'nope'],
    ['nope', '-ojson'],
    ['--output=json', 'status', '--x'],
  ]) {
    const usage = await runCtl(t, args, env);
    assert.deepEqual([usage.code, usage.stderr], [2, ''], args.join(' '));
    assert.equal(JSON.parse(usage.stdout).error.code, 'TSGUN_E_USAGE');
  }
});

test('status exits with 10 when degraded and with 3 when nobody answers', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  assert.equal((await runCtl(t, ['status'], env)).code, 3);
  await startFake(t, dir, 'web', { status: () => sampleStatus({ degraded: true }) });
  const degraded = await runCtl(t, ['status'], env);
  assert.equal(degraded.code, 10);
  assert.match(degraded.stdout, /^web serving, degraded/);
});

test('config-check exits with 1 and tells the problems on standard error', async (t) => {
  const dir = makeTempDir(t);
  const problem = 'workers: expected a whole number (tsgun.conf.toml:3)';
  await startFake(t, dir, 'web', {
    'config-check': () => ({ valid: false, problems: [problem] }),
    'config-diff': () => ({ changes: [], problems: [] }),
  });
  const env = { TSGUN_RUN_DIR: dir };
  const bad = await runCtl(t, ['config', 'check'], env);
  assert.deepEqual([bad.code, bad.stdout, bad.stderr], [1, '', `tsgunctl: ${problem}\n`]);
  const good = await runCtl(t, ['config-diff'], env);
  assert.deepEqual([good.code, good.stdout], [0, 'No setting differs from what runs\n']);
});

test('the error codes of an instance become exit codes', async (t) => {
  const dir = makeTempDir(t);
  const codes = {
    TSGUN_E_USAGE: 2,
    TSGUN_E_CONFLICT: 6,
    TSGUN_E_DENIED: 4,
    TSGUN_E_BUSY: 1,
    TSGUN_E_OPERATION: 1,
  } as const;
  let code: keyof typeof codes = 'TSGUN_E_USAGE';
  await startFake(t, dir, 'web', {
    listeners: () => {
      throw fail(code, `It is ${code}`);
    },
  });
  for (const name of Object.keys(codes) as (keyof typeof codes)[]) {
    code = name;
    const { code: exit, stderr } = await runCtl(t, ['listeners'], { TSGUN_RUN_DIR: dir });
    assert.equal(exit, codes[name], name);
    assert.match(stderr, new RegExp(`^tsgunctl: It is ${name}\n`));
  }
});

test('a connection that ends, or never answers, has an exit code of its own', async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web', { status: ({ cut }) => cut(), stats: silence });
  const env = { TSGUN_RUN_DIR: dir };
  const lost = await runCtl(t, ['status'], env);
  assert.equal(lost.code, 7);
  const slow = await runCtl(t, ['stats', '--timeout', '100ms'], env);
  assert.deepEqual([slow.code, slow.stderr], [5, 'tsgunctl: No answer within 100ms\n']);
});

test('nothing that an instance says can steer the terminal', async (t) => {
  const dir = makeTempDir(t);
  const evil = '\u001b]0;owned\u0007\u001b[2J\r\u009b31m\u202eabc\nnext\u0000';
  await startFake(t, dir, 'web', {
    status: () => sampleStatus({ app: evil, instance: evil }),
    workers: () => [sampleWorker(0, { why: evil })],
    listeners: () => {
      throw fail('TSGUN_E_OPERATION', evil);
    },
    'config-check': () => ({ valid: false, problems: [evil] }),
    'rpc.discover': () => ({ evil, [evil]: 1 }),
  });
  for (const args of [
    ['status'],
    ['status', '-o', 'json'],
    ['status', '--color', 'always'],
    ['workers'],
    ['listeners'],
    ['config-check'],
    ['call', 'rpc.discover'],
    ['call', 'nope'],
  ]) {
    const { stdout, stderr } = await runCtl(t, args, { TSGUN_RUN_DIR: dir });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
    const text = (stdout + stderr).replaceAll(/\u001b\[\d+m/g, '').replaceAll('\n', '');
    assert.match(text, /^[^\p{Cc}\p{Cf}]+$/u, JSON.stringify(text));
    if (args.includes('always')) assert.ok(stdout.includes('\u001b[1m'));
  }
});

test('an instance of another version is shown as it answers', async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web', { status: () => ({ instance: 'web', novelty: true }) });
  const { code, stdout } = await runCtl(t, ['status'], { TSGUN_RUN_DIR: dir });
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), { instance: 'web', novelty: true });
});

test('call passes JSON on and shows the bare answer', async (t) => {
  const dir = makeTempDir(t);
  const fake = await startFake(t, dir, 'web', { novelty: ({ params }) => ({ got: params }) });
  const env = { TSGUN_RUN_DIR: dir };
  const { stdout } = await runCtl(t, ['call', 'novelty', '{"a":[1]}', '--field', 'got.a'], env);
  assert.equal(stdout, '1\n');
  assert.deepEqual(fake.called('novelty'), [{ a: [1] }]);
  for (const json of ['{', '3', 'null', '"x"']) {
    assert.equal((await runCtl(t, ['call', 'novelty', json], env)).code, 2, json);
  }
  assert.equal((await runCtl(t, ['call', 'missing'], env)).code, 2);
});

test('a reader who leaves early is no failure', async (t) => {
  const dir = makeTempDir(t);
  const many = Array.from({ length: 5000 }, (_, slot) => sampleWorker(slot));
  await startFake(t, dir, 'web', { workers: () => many });
  const ctl = startCtl(t, ['workers'], { TSGUN_RUN_DIR: dir });
  ctl.process.stdout?.destroy();
  const { code, stderr } = await ctl.ended;
  assert.deepEqual([code, stderr], [0, '']);
});

test('without a verb and without a terminal there is only the help', async (t) => {
  const { code, stdout, stderr } = await runCtl(t, []);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /^Usage: tsgunctl/);
  const help = await runCtl(t, ['reload', '--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /--confirm-within <SECONDS>/);
  const version = await runCtl(t, ['--version']);
  assert.match(version.stdout, /^tsgunctl \d+\.\d+\.\d+\n$/);
});

test('version tells of client and instance, and needs none', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  const alone = await runCtl(t, ['version'], env);
  assert.equal(alone.code, 0);
  assert.match(alone.stdout, /^tsgunctl .*\nNo instance is running/);
  await startFake(t, dir, 'web');
  const both = await runCtl(t, ['version'], env);
  assert.match(both.stdout, /^web: tsgun 0\.1\.0, protocol 1, pid 4242, you are admin$/m);
});
