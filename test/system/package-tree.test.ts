import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { architectures } from '../../packaging/manifest.ts';
import { debOf } from '../helpers/packages.ts';
import { needsPython, pythonWith } from '../helpers/python.ts';
import { root } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { missingTools, tool } from '../helpers/tool.ts';
import { waitFor } from '../helpers/wait-for.ts';

// What is in the package, unpacked elsewhere and run by a user who can only read it.

const skip = architectures[process.arch]
  ? missingTools('dpkg-deb', 'strip', 'setpriv') || (process.getuid?.() !== 0 && 'needs root')
  : `there are no packages for ${process.arch}`;

let dir = '';
let tree = '';

before(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'tsgun-test-'));
  if (skip) return;
  tool('chmod', ['755', dir]);
  const deb = await debOf('new');
  tree = path.join(dir, 'tree');
  tool('dpkg-deb', ['-x', deb, tree]);
});
after(() => rmSync(dir, { recursive: true, force: true }));

const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
const home = () => path.join(tree, 'usr/lib/tsgun');
const node = () => path.join(home(), 'bin/node');
const main = () => path.join(home(), 'dist/src/cli/main.js');
const control = () => path.join(home(), 'dist/ctl/main.js');
const example = (name: string) => path.join(tree, 'usr/share/doc/tsgun/examples', name);

const listAll = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).map(({ parentPath, name }) =>
    path.join(parentPath, name),
  );

interface Served {
  child: ChildProcess;
  url: string;
  run: string;
}

/** Starts an app as nobody, and dumps the log when the test fails. */
async function serve(t: TestContext, args: readonly string[]): Promise<Served> {
  const run = makeTempDir(t);
  tool('chown', ['65534', run]);
  const call = [...nobody, node(), main(), '--bind', '127.0.0.1:0', ...args];
  const child = spawn('setpriv', call, {
    cwd: run,
    env: { PATH: process.env['PATH'], TSGUN_RUN_DIR: run },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  t.after(() => {
    child.kill('SIGKILL');
    if (!t.passed) console.error(log);
  });
  const ready = () => {
    assert.equal(child.exitCode, null, log);
    return /Ready: /.test(log) ? /Listening at: (\S+)/.exec(log)?.[1] : null;
  };
  return { child, url: await waitFor('a ready tsgun', ready, 30_000), run };
}

async function stop({ child }: Served): Promise<void> {
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
}

test('the tree serves a Node.js app, and is controlled', { skip }, async (t) => {
  const served = await serve(t, ['-w', '2', example('hello.js')]);
  const answer = await fetch(served.url);
  assert.match(await answer.text(), /^Hello from worker [01], pid \d+\n$/);
  const call = [...nobody, node(), '--jitless', control(), '-i', 'hello', 'status', '-o', 'json'];
  const said = tool('setpriv', call, { TSGUN_RUN_DIR: served.run });
  assert.match(said, /"serving"/);
  await stop(served);
});

test('the tree serves a Flask app', { skip: skip || needsPython('flask') }, async (t) => {
  const served = await serve(t, [
    '--python',
    pythonWith('flask'),
    '--chdir',
    example('flask'),
    'app:app',
  ]);
  const answer = await fetch(served.url);
  assert.equal(answer.status, 200);
  await stop(served);
});

test('every module can be loaded where it is', { skip }, () => {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(path.join(root, 'package.json'), 'utf8'),
  );
  const names = Object.keys(manifest.dependencies);
  const script = `for (const name of ${JSON.stringify(names)}) await import(name);`;
  const file = path.join(home(), 'import-all.mjs');
  writeFileSync(file, script);
  try {
    tool(node(), [file], { NODE_PATH: '' });
  } finally {
    rmSync(file);
  }
});

test('every page is in the section of its name, and the unit has one', { skip }, () => {
  const man = path.join(tree, 'usr/share/man');
  const pages = listAll(man).filter((file) => file.endsWith('.gz'));
  assert.ok(pages.length >= 5);
  for (const page of pages) assert.match(page, /\/man(\d)\/[^/]+\.\1\.gz$/);
  assert.ok(pages.some((page) => page.endsWith('man8/tsgun@.service.8.gz')));
});

test('each program has completions for three shells', { skip }, () => {
  const files = [
    'bash-completion/completions',
    'fish/vendor_completions.d',
    'zsh/vendor-completions',
  ].flatMap((folder) => readdirSync(path.join(tree, 'usr/share', folder)).toSorted());
  assert.deepEqual(files, [
    'tsgun',
    'tsgunctl',
    'tsgun.fish',
    'tsgunctl.fish',
    '_tsgun',
    '_tsgunctl',
  ]);
});
