import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { ScriptConfig } from '../../../src/arbiter/script-config.ts';
import { type Clock, systemClock } from '../../../src/core/clock.ts';
import { TsgunError } from '../../../src/core/errors.ts';
import { type Spawn, spawnChild } from '../../../src/process/spawn.ts';
import { isAlive } from '../../helpers/processes.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { writeFiles } from '../../helpers/write-files.ts';

/** Its deadlines come 10 times as soon. */
const hastyClock: Clock = {
  ...systemClock,
  after: (ms, callback) => systemClock.after(ms / 10, callback),
};

interface Opened {
  config: ScriptConfig;
  pids: number[];
  dir: string;
}

/** Loads a config of this text; all its processes are gone when the test is over. */
async function open(
  t: TestContext,
  name: string,
  text: string,
  clock: Clock = systemClock,
  files: Record<string, string> = {},
): Promise<Opened> {
  const dir = writeFiles(makeTempDir(t), { ...files, [name]: text });
  const pids: number[] = [];
  const spawn: Spawn = (request) => {
    const child = spawnChild({ ...request, output: 'ignore' });
    if (child.pid !== undefined) pids.push(child.pid);
    return child;
  };
  let config: ScriptConfig | undefined;
  t.after(() => {
    config?.close();
    return waitFor('the end of every host', () => !pids.some(isAlive));
  });
  const env = { PATH: process.env['PATH'] ?? '' };
  config = await ScriptConfig.open({
    path: path.join(dir, name),
    cwd: dir,
    env,
    spawn,
    clock,
  });
  return { config, pids, dir };
}

const good: Record<string, [name: string, text: string, files?: Record<string, string>]> = {
  'a default export': ['c.mjs', 'export default { workers: 2, bind: [":1"], onExit() {} };'],
  'a function': ['c.mjs', 'export default () => ({ workers: 2, bind: [":1"], onExit() {} });'],
  'an async function': [
    'c.mjs',
    'export default async () => ({ workers: 2, bind: [":1"], onExit() {} });',
  ],
  'a promise': [
    'c.mjs',
    'export default Promise.resolve({ workers: 2, bind: [":1"], onExit() {} });',
  ],
  'named exports': [
    'c.mjs',
    'export const workers = 2, bind = [":1"]; export function onExit() {}',
  ],
  TypeScript: [
    'c.ts',
    'const workers: number = 2;\nexport default { workers, bind: [":1"], onExit(): void {} };',
  ],
  '.mts': ['c.mts', 'export const workers: number = 2, bind = [":1"], onExit = () => {};'],
  CommonJS: [
    'c.js',
    'module.exports = { workers: 2, bind: [":1"], onExit() {} };',
    { 'package.json': '{"type": "commonjs"}' },
  ],
};

for (const [what, [name, text, files]] of Object.entries(good)) {
  test(`a config script may export ${what}`, async (t) => {
    const { config } = await open(t, name, text, systemClock, files);
    assert.deepEqual(config.values, { workers: 2, bind: [':1'] });
    assert.deepEqual(config.functions, ['onExit']);
  });
}

const bad: Record<string, { name?: string; text: string; says: RegExp; clock?: Clock }> = {
  throws: {
    name: 'c.ts',
    text: 'const n: number = 1;\n\nthrow new Error("boom " + n);',
    says: /boom 1\n +at .*c\.ts:3:7\)?$/,
  },
  'throws no error': { text: 'throw null;', says: /null/ },
  'cannot be parsed': { text: 'export default {\n  workers: 2,,\n};', says: /c\.mjs:2\n/ },
  'cannot be parsed as TypeScript': {
    name: 'c.ts',
    text: 'export const a: number = ;',
    says: /c\.ts:1\n/,
  },
  'imports what is not there': { text: 'import "./nope.js";', says: /nope\.js.*c\.mjs/ },
  'imports what cannot be parsed': {
    text: 'import "./broken.mjs";',
    says: /SyntaxError: .*in a module that it imports/,
  },
  'never settles': { text: 'await new Promise(() => {});', says: /waits for something that never/ },
  'waits for ever': {
    text: 'setInterval(() => {}, 1000);\nawait new Promise(() => {});',
    says: /longer than 10 s/,
    clock: hastyClock,
  },
  'blocks for ever': { text: 'for (;;);', says: /longer than 10 s/, clock: hastyClock },
  exits: { text: 'process.exit(7);', says: /ended its process \(exit code 7\)/ },
  'kills itself': {
    text: 'process.kill(process.pid, "SIGKILL"); for (;;);',
    says: /ended by SIGKILL/,
  },
  'exports no object': {
    text: 'export default 7;',
    says: /default export is no object, but number/,
  },
  'exports what is no JSON': { text: 'export const workers = 1n;', says: /BigInt/ },
};

for (const [what, { name = 'c.mjs', text, says, clock }] of Object.entries(bad)) {
  test(`a config script that ${what} is a bad setting, and told why`, async (t) => {
    const files = { 'broken.mjs': 'let let;' };
    await assert.rejects(open(t, name, text, clock, files), (error) => {
      assert.ok(error instanceof TsgunError);
      assert.equal(error.exitCode, 78);
      assert.match(error.message, new RegExp(`^Cannot load the config file ".*/${name}": `));
      assert.match(error.message, says);
      assert.doesNotMatch(error.message, /node:internal|config-host/);
      return true;
    });
  });
}

test('hooks run in order, and their failures come back', async (t) => {
  const { config } = await open(
    t,
    'c.mjs',
    `let calls = 0;
    export async function preFork(server, worker) {
      calls += 1;
      const mine = calls;
      await new Promise((resolve) => setTimeout(resolve, 20 / mine));
      if (mine !== calls || worker.slot !== mine) throw new Error('out of order');
    }
    export const onExit = ({ pid }) => { throw new Error('boom ' + pid); };
    export const onReload = () => Promise.reject('no error');`,
  );
  const ends = [1, 2, 3].map((slot) => config.call('preFork', [{ pid: 1 }, { slot }], 5000));
  assert.deepEqual(await Promise.all(ends), Array(3).fill({ outcome: 'done' }));
  const end = await config.call('onExit', [{ pid: 7 }], 5000);
  assert.equal(end.outcome, 'failed');
  assert.match(end.outcome === 'failed' ? end.stack : '', /boom 7\n.*c\.mjs:8/s);
  assert.deepEqual(await config.call('onReload', [], 5000), {
    outcome: 'failed',
    stack: 'no error',
  });
});

for (const [what, body] of Object.entries({
  'blocks for ever': 'for (;;);',
  'never settles': 'return new Promise(() => {});',
})) {
  test(`a hook that ${what} is cut off, and the next one runs`, async (t) => {
    const { config, pids } = await open(
      t,
      'c.mjs',
      `export function onReload() { ${body} }\nexport function onExit() {}`,
    );
    assert.deepEqual(await config.call('onReload', [], 100), { outcome: 'timeout' });
    assert.deepEqual(await config.call('onExit', [], 5000), { outcome: 'done' });
    assert.equal(pids.length, 2);
  });
}

test('a hook that ends its process fails at once, and the next one runs', async (t) => {
  const { config } = await open(
    t,
    'c.mjs',
    'export const onReload = () => process.exit(3);\nexport const onExit = () => {};',
  );
  const end = await config.call('onReload', [], 60_000);
  assert.deepEqual(end, { outcome: 'failed', stack: 'it ended its process (exit code 3)' });
  assert.deepEqual(await config.call('onExit', [], 5000), { outcome: 'done' });
});

test('a host that died between two hooks is replaced', async (t) => {
  const { config, pids } = await open(t, 'c.mjs', 'export const onExit = () => {};');
  const [pid = 0] = pids;
  process.kill(pid, 'SIGKILL');
  await waitFor('its end', () => !isAlive(pid));
  // Its end is noticed by the loop of events, which the wait for the hook goes through.
  const ends = [await config.call('onExit', [], 60_000), await config.call('onExit', [], 60_000)];
  assert.deepEqual(ends.at(-1), { outcome: 'done' });
});

test('hooks that wait are bounded', async (t) => {
  const { config } = await open(t, 'c.mjs', 'export const onExit = () => {};');
  const ends = await Promise.all(
    Array.from({ length: 1001 }, () => config.call('onExit', [], 60_000)),
  );
  assert.deepEqual(ends.pop(), { outcome: 'failed', stack: 'too many hooks wait for their turn' });
  assert.ok(ends.every(({ outcome }) => outcome === 'done'));
});

test('a closed config leaves no process and runs no hook', async (t) => {
  const { config, pids } = await open(t, 'c.mjs', 'export const onExit = () => {};');
  config.close();
  await waitFor('its end', () => !pids.some(isAlive));
  assert.equal((await config.call('onExit', [], 60_000)).outcome, 'failed');
  assert.equal(pids.length, 1);
});

test('words on the channel that make no sense change nothing', async (t) => {
  const { config } = await open(
    t,
    'c.mjs',
    `export const onExit = () => {
      for (const word of [null, 7, {}, { type: 'hook-done' }, { type: 'hook-done', id: 99 }])
        process.send(word ?? { type: null });
    };`,
  );
  assert.deepEqual(await config.call('onExit', [], 5000), { outcome: 'done' });
});
