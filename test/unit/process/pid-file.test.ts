import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { PidFile, readPid } from '../../../src/process/pid-file.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const module = path.resolve(import.meta.dirname, '../../../src/process/pid-file.ts');

/** A program that looks like ours, takes the pid file, and stays until its input ends. */
const starter = `
  import { PidFile } from ${JSON.stringify(module)};
  let file;
  try {
    file = await PidFile.acquire(process.argv[2]);
    process.stdout.write('won');
  } catch (error) {
    process.stdout.write(error.code + ' ' + error.message);
  }
  process.stdin.on('end', () => { file?.release(); process.exit(); }).resume();
`;

interface Starter {
  pid: number;
  said: Promise<string>;
  end(signal?: 'SIGKILL'): Promise<void>;
}

function start(t: TestContext, dir: string, file: string, program = starter): Starter {
  const main = path.join(dir, 'cli/main.js');
  // Once: another starter may be about to read it.
  if (!existsSync(main)) writeFiles(dir, { 'cli/main.js': program });
  const child: ChildProcess = spawn(process.execPath, [main, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const end = async (signal?: 'SIGKILL') => {
    if (signal) child.kill(signal);
    else child.stdin?.end();
    await exited;
  };
  t.after(() => end('SIGKILL'));
  const said = child.stdout ? once(child.stdout, 'data').then(String) : Promise.resolve('');
  return { pid: child.pid ?? 0, said, end };
}

test('acquire() writes our pid for everybody to read, and release() removes it', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'tsgun.pid');
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  const pidFile = await PidFile.acquire(file);
  assert.equal(readFileSync(file, 'utf8'), `${process.pid}\n`);
  assert.equal(statSync(file).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(dir), ['tsgun.pid']);
  pidFile.release();
  assert.deepEqual(readdirSync(dir), []);
  pidFile.release();
});

test('release() leaves the file of somebody else alone', async (t) => {
  const file = path.join(makeTempDir(t), 'tsgun.pid');
  const pidFile = await PidFile.acquire(file);
  writeFileSync(file, '1\n');
  pidFile.release();
  assert.equal(readPid(file), 1);
});

for (const [what, text] of Object.entries({
  'of a dead process': '4194303\n',
  'of a process that is no tsgun': '1\n',
  'with no pid in it': 'hello\n',
  'with a pid of nonsense': '-1\n',
  'that is empty': '',
})) {
  test(`acquire() takes a pid file over ${what}`, async (t) => {
    const file = path.join(makeTempDir(t), 'tsgun.pid');
    writeFileSync(file, text);
    const pidFile = await PidFile.acquire(file);
    t.after(() => pidFile.release());
    assert.equal(readPid(file), process.pid);
  });
}

test('acquire() replaces a link and never follows it', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'tsgun.pid');
  const precious = path.join(dir, 'precious');
  writeFileSync(precious, 'x', { mode: 0o600 });
  for (const name of [file, path.join(dir, `.tsgun.pid.${process.pid}`)])
    symlinkSync(precious, name);
  const pidFile = await PidFile.acquire(file);
  assert.equal(readFileSync(precious, 'utf8'), 'x');
  assert.equal(statSync(precious).mode & 0o777, 0o600);
  assert.equal(readPid(file), process.pid);
  pidFile.release();
});

test('acquire() says what is wrong with the path', async (t) => {
  const dir = makeTempDir(t);
  const message = (file: string) => new RegExp(`^Cannot write the pid file "${file}": `);
  for (const file of [path.join(dir, 'none/x.pid'), dir])
    await assert.rejects(PidFile.acquire(file), {
      code: 'TSGUN_E_PIDFILE',
      message: message(file),
    });
  assert.deepEqual(readdirSync(dir), []);
});

test('a living tsgun keeps its pid file, and its death by any means frees it', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'tsgun.pid');
  for (const signal of ['SIGKILL', undefined] as const) {
    const first = start(t, dir, file);
    assert.equal(await first.said, 'won');
    const second = start(t, dir, file);
    assert.equal(
      await second.said,
      `TSGUN_E_PIDFILE Already running on PID ${first.pid} (pid file "${file}")`,
    );
    await second.end();
    assert.equal(readPid(file), first.pid);
    await first.end(signal);
  }
  assert.deepEqual(readdirSync(dir), ['cli']);
});

test('of ten that start at once exactly one wins', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'tsgun.pid');
  writeFileSync(file, '4194303\n');
  const starters = Array.from({ length: 10 }, () => start(t, dir, file));
  const said = await Promise.all(starters.map((one) => one.said));
  const winners = starters.filter((_, index) => said[index] === 'won');
  assert.equal(winners.length, 1, said.join('\n'));
  assert.equal(readPid(file), winners[0]?.pid);
  assert.equal(said.filter((words) => /Already running/.test(words)).length, 9, said.join('\n'));
});

test('of two that look at the very same moment exactly one wins, each time', async (t) => {
  const dir = makeTempDir(t);
  const rounds = 40;
  const from = Date.now() + 500;
  const racer = `
    import { PidFile } from ${JSON.stringify(module)};
    const won = [];
    for (let round = 0; round < ${rounds}; round += 1) {
      while (Date.now() < ${from} + round * 30);
      await PidFile.acquire(${JSON.stringify(dir)} + '/' + round).then(() => won.push(round), () => 0);
    }
    process.stdout.write(JSON.stringify(won));
    process.stdin.on('end', () => process.exit()).resume();
  `;
  const racers = [0, 1].map(() => start(t, dir, '', racer));
  const won = await Promise.all(racers.map(async ({ said }) => JSON.parse(await said)));
  assert.deepEqual(
    won.flat().toSorted((a, b) => a - b),
    Array.from({ length: rounds }, (_, round) => round),
  );
});

test('a lock that a killed start left behind stops nobody', async (t) => {
  const file = path.join(makeTempDir(t), 'tsgun.pid');
  mkdirSync(`${file}.lock`);
  const longAgo = Date.now() / 1000 - 60;
  utimesSync(`${file}.lock`, longAgo, longAgo);
  const pidFile = await PidFile.acquire(file);
  assert.equal(readPid(file), process.pid);
  pidFile.release();
});

test('renameTo() takes the name of the old program on', async (t) => {
  const dir = makeTempDir(t);
  const pidFile = await PidFile.acquire(path.join(dir, 'tsgun.pid.2'));
  pidFile.renameTo(path.join(dir, 'tsgun.pid'));
  assert.deepEqual(readdirSync(dir), ['tsgun.pid']);
  pidFile.release();
  assert.deepEqual(readdirSync(dir), []);
});
