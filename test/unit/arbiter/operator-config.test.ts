import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Loaded } from '../../../src/arbiter/generation.ts';
import { Generations } from '../../../src/arbiter/generations.ts';
import { Instance } from '../../../src/arbiter/instance.ts';
import { createConfigApi, viewChanges } from '../../../src/arbiter/operator-config.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { TsgunError } from '../../../src/core/errors.ts';
import { ErrorLog } from '../../../src/log/error-log.ts';
import type { ProgressView } from '../../../src/protocol/control/views.ts';
import { defaultSettings, type Settings } from '../../../src/settings/table.ts';
import { ListenerSet } from '../../../src/sockets/listener-set.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const settings = (change: Partial<Settings>): Settings => ({
  ...defaultSettings(),
  app: 'app.js',
  ...change,
});

/** A whole instance without workers, and what it would read anew. */
async function makeApi(t: TestContext, change: Partial<Settings> = {}) {
  const errorLog = new ErrorLog({
    path: path.join(makeTempDir(t), 'log'),
    format: 'text',
    level: 'info',
    clock: systemClock,
    env: {},
  });
  const first: Loaded = {
    settings: settings({ bind: ['127.0.0.1:0'], ...change }),
    origins: { rawEnv: 'tsgun.conf.toml:3', workers: '--workers' },
    language: 'node',
    python: null,
    script: null,
    warnings: [],
  };
  const file = { load: async (): Promise<Loaded> => first };
  const listeners = new ListenerSet([]);
  t.after(() => listeners.close());
  const load = () => file.load();
  const generations = new Generations({
    first: first.settings,
    listeners,
    load,
    log: errorLog.log,
    version: '1.2.3',
  });
  const policy = await generations.hold(1, first);
  const spawn = () => {
    throw new Error('nobody is started');
  };
  const instance = new Instance({
    clock: systemClock,
    spawn,
    errorLog,
    version: '0',
    invocation: { command: { file: 'x', args: [] }, cwd: '/', env: {}, service: null },
    listeners,
    onHandOver: () => Promise.resolve(),
    generations,
    policy: { ...policy, workers: 0 },
    pidFile: null,
    control: () => null,
    onNotice: () => undefined,
    onExit: () => undefined,
  });
  await instance.start();
  t.after(() => {
    instance.obey({ command: 'stop', how: 'quick' });
    return errorLog.close();
  });
  const api = createConfigApi({
    clock: systemClock,
    errorLog,
    instance,
    generations,
    listeners,
    spawn,
    env: {},
    version: '0',
    name: () => 'app',
    app: 'app.js',
    startedAt: { monotonic: 0, wall: 0 },
    load,
    awaitSuccessor: () => Promise.resolve(),
    control: () => ({
      connections: 0,
      subscribers: 0,
      calls: 0,
      refused: 0,
      eventSeq: 0,
      logSeq: 0,
    }),
  });
  return { api, file, first, instance };
}

const told: ProgressView[] = [];
const caller = { uid: 7, gid: 7, pid: 7, progress: (view: ProgressView) => void told.push(view) };

test('config lists every setting once, with its origin, and what a reload makes of it', async (t) => {
  const { api } = await makeApi(t, { rawEnv: ['TOKEN=s3cret'], workers: 3 });
  const list = await api.config({}, caller);
  const names = list.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes('config') && !names.includes('check_config'));
  assert.deepEqual(
    list.filter(({ name }) => ['workers', 'raw_env', 'timeout', 'max_memory'].includes(name)),
    [
      {
        name: 'raw_env',
        value: ['TOKEN=***'],
        origin: 'tsgun.conf.toml:3',
        onReload: 'generation',
      },
      { name: 'workers', value: 3, origin: '--workers', onReload: 'generation' },
      { name: 'max_memory', value: 0, origin: 'default', onReload: 'live' },
      { name: 'timeout', value: 30, origin: 'default', onReload: 'generation' },
    ],
  );
  assert.doesNotMatch(JSON.stringify(list), /s3cret/);
});

test('config of one setting takes any spelling, and of an unknown one says what was meant', async (t) => {
  const { api } = await makeApi(t);
  for (const name of ['max_memory', 'max-memory', 'maxMemory'])
    assert.equal((await api.config({ name }, caller))[0]?.name, 'max_memory');
  assert.throws(() => api.config({ name: 'max_memroy' }, caller), {
    code: 'TSGUN_E_USAGE',
    message: 'unknown setting "max_memroy", did you mean "max_memory"?',
  });
});

test('config-diff marks each change with what it takes, and hides secrets on both sides', async (t) => {
  const { api, file, first } = await makeApi(t, { rawEnv: ['TOKEN=one'] });
  const changed = { workers: 4, rawEnv: ['TOKEN=two'], maxMemory: 5, pidfile: '/tmp/pid' } as const;
  file.load = async () => ({
    ...first,
    settings: { ...first.settings, ...changed, rawEnv: ['TOKEN=two'] },
    origins: { workers: 'tsgun.conf.toml:1' },
    script: null,
    warnings: [],
  });
  const { changes, problems } = await api['config-diff']({}, caller);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    changes.map(({ name, onReload, origin }) => [name, onReload, origin]).toSorted(),
    [
      ['max_memory', 'live', 'default'],
      ['pidfile', 'restart', 'default'],
      ['raw_env', 'generation', 'default'],
      ['workers', 'generation', 'tsgun.conf.toml:1'],
    ],
  );
  assert.doesNotMatch(JSON.stringify(changes), /one|two/);
});

test('config-check and config-diff tell every problem, each on its own line', async (t) => {
  const { api, file } = await makeApi(t);
  file.load = () => Promise.reject(new TsgunError('TSGUN_E_SETTINGS', 'first\nsecond'));
  assert.deepEqual(await api['config-check']({}, caller), {
    valid: false,
    problems: ['first', 'second'],
  });
  assert.deepEqual(await api['config-diff']({}, caller), {
    changes: [],
    problems: ['first', 'second'],
  });
});

test('what nobody expected is no problem of the settings', async (t) => {
  const { api, file } = await makeApi(t);
  file.load = () => Promise.reject(new RangeError('bug'));
  await assert.rejects(async () => api['config-check']({}, caller), /bug/);
});

test('set changes a live setting and its policy at once, and says who did it', async (t) => {
  const { api, instance } = await makeApi(t);
  const result = await api.set({ name: 'max-memory', value: '100MiB' }, caller);
  const to = 100 * 2 ** 20;
  assert.deepEqual(result, { op: 1, name: 'max_memory', from: 0, to, changed: true });
  assert.equal(instance.current().settings.maxMemory, to);
  assert.equal(instance.state.generations.get(1)?.maxMemory, to);
  assert.equal((await api.config({ name: 'max_memory' }, caller))[0]?.origin, 'set by uid 7');
  const again = await api.set({ name: 'max_memory', value: '100MiB' }, caller);
  assert.equal(again.changed, false);
});

const refusals: [name: string, value: string, message: RegExp][] = [
  ['workers', '3', /^Cannot set "workers": a new value takes a reload$/],
  ['pidfile', 'x', /^Cannot set "pidfile": a new value takes a restart$/],
  ['max_memory', 'lots', /^Cannot set "max_memory": expected .*, not "lots"$/],
  ['loglevel', 'loud', /^Cannot set "loglevel": expected .*, not "loud"$/],
  ['max_memroy', '1', /^unknown setting "max_memroy", did you mean "max_memory"\?$/],
];

for (const [name, value, message] of refusals) {
  test(`set ${name} ${value} is refused: ${message.source}`, async (t) => {
    const { api, instance } = await makeApi(t);
    const before = instance.current().settings;
    const call = async () => api.set({ name, value }, caller);
    await assert.rejects(call, { code: 'TSGUN_E_USAGE', message });
    assert.deepEqual(instance.current().settings, before);
  });
}

test('equal settings have no changes', () => {
  assert.deepEqual(viewChanges(settings({}), settings({}), {}), []);
});
