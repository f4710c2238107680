import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync, renameSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { AppendSink } from '../../../src/log/append-sink.ts';
import { openLogFile } from '../../../src/log/log-file.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { spawnScript } from './scripts.ts';

const note = (dropped: number) => `${dropped} were dropped\n`;
const read = (file: string) => readFileSync(file, 'utf8');

/** A pipe by name, and the end of it that nobody reads until `drain` does. */
function makePipe(t: TestContext) {
  const name = path.join(makeTempDir(t), 'pipe');
  execFileSync('mkfifo', [name]);
  const reader = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  t.after(() => closeSync(reader));
  const buffer = Buffer.alloc(64 * 1024);
  const drain = () => {
    let text = '';
    try {
      for (;;) {
        const length = readSync(reader, buffer);
        if (length === 0) return text;
        text += buffer.toString('latin1', 0, length);
      }
    } catch {
      return text; // EAGAIN
    }
  };
  return { name, drain };
}

test('append sink writes lines in order and flush() says when they are there', async (t) => {
  const file = path.join(makeTempDir(t), 'a.log');
  const sink = new AppendSink(openLogFile(file), note);
  const lines = Array.from({ length: 20_000 }, (_, number) => `line ${number}\n`);
  for (const line of lines) sink.write(line);
  assert.equal(await sink.flush(10_000), true);
  assert.equal(read(file), lines.join(''));
});

test('append sink loses and tears no line when the file is renamed and replaced', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'a.log');
  const sink = new AppendSink(openLogFile(file), note);
  const files = [file];
  let number = 0;
  for (let round = 0; round < 10; round += 1) {
    for (let line = 0; line < 800; line += 1) sink.write(`${number++} ${'x'.repeat(100)} end\n`);
    await new Promise(setImmediate);
    const rotated = `${file}.${round}`;
    renameSync(file, rotated);
    sink.replace(openLogFile(file));
    files.splice(-1, 0, rotated);
  }
  sink.write('last\n');
  await sink.flush(10_000);
  const lines = files.flatMap((name) => read(name).split('\n').slice(0, -1));
  assert.equal(lines.pop(), 'last');
  assert.deepEqual(
    lines.map((line) => /^(\d+) x{100} end$/.exec(line)?.[1]),
    Array.from({ length: number }, (_, index) => String(index)),
  );
});

const appendScript = (count: number, line: string) => `
  import { AppendSink } from ${spawnScript.src('log/append-sink.ts')};
  import { openUnblocked, openLogFile } from ${spawnScript.src('log/log-file.ts')};
  const [file, mark] = process.argv.slice(1);
  const sink = new AppendSink(file ? openLogFile(file) : openUnblocked(1), () => 'dropped\\n');
  for (let n = 0; n < ${count}; n += 1) {
    sink.write(mark + ${line} + mark + '\\n');
    if (n % 50 === 0) await sink.flush(20_000);
  }
  await sink.flush(20_000);
`;

test('lines of two processes in one file do not tear', async (t) => {
  const file = path.join(makeTempDir(t), 'a.log');
  const script = appendScript(3000, "'x'.repeat(n % 900)");
  const writers = ['A', 'B'].map((mark) => spawnScript(t, script, { args: [file, mark] }));
  const exits = await Promise.all(writers.map((writer) => once(writer, 'exit')));
  assert.deepEqual(exits, [
    [0, null],
    [0, null],
  ]);
  const lines = read(file).split('\n').slice(0, -1);
  assert.equal(lines.length, 6000);
  assert.deepEqual(
    lines.filter((line) => !/^([AB])x*\1$/.test(line)),
    [],
  );
});

test('lines of two processes in one pipe do not tear, however wide their characters', async (t) => {
  const { name, drain } = makePipe(t);
  const pipe = openSync(name, constants.O_WRONLY); // for the children; it may block them
  const script = appendScript(1000, "'é'.repeat(n % 900)");
  const writers = ['A', 'B'].map((mark) =>
    spawnScript(t, script, { args: ['', mark], stdout: pipe }),
  );
  closeSync(pipe);
  let text = '';
  await waitFor('both to be done', () => {
    text += drain();
    return writers.every((writer) => writer.exitCode !== null);
  });
  text += drain();
  const lines = text.split('\n').slice(0, -1);
  assert.equal(lines.length, 2000);
  assert.deepEqual(
    lines.filter((line) => !/^([AB])(Ã©)*\1$/.test(line)),
    [],
  );
});

test('append sink drops and counts what a stuck reader leaves, and says so when it can', async (t) => {
  const { name, drain } = makePipe(t);
  const sink = new AppendSink(openLogFile(name), note);
  const line = `${'x'.repeat(999)}\n`;
  const before = performance.now();
  for (let count = 0; count < 3000; count += 1) sink.write(line);
  assert.ok(performance.now() - before < 1000, 'nobody waits for the reader');
  assert.equal(await sink.flush(50), false);
  let text = '';
  await waitFor('the rest', () => {
    text += drain();
    return text.includes('were dropped\n');
  });
  await waitFor('the end', () => {
    text += drain();
    return sink.flush(1);
  });
  text += drain();
  const lines = text.split('\n').slice(0, -1);
  const notes = lines.filter((one) => one.includes('were dropped'));
  const dropped = notes.reduce((sum, one) => sum + Number.parseInt(one, 10), 0);
  assert.ok(dropped > 1000);
  assert.equal(lines.length - notes.length + dropped, 3000);
  assert.ok(lines.every((one) => one.length === 999 || notes.includes(one)));
});

test('flushSync() gives up on a stuck reader, and writes all to one that reads', (t) => {
  const { name, drain } = makePipe(t);
  const sink = new AppendSink(openLogFile(name), note);
  sink.write(`${'x'.repeat(4000)}\n`.repeat(100));
  const before = performance.now();
  sink.flushSync();
  assert.ok(performance.now() - before < 5000);
  assert.ok(drain().length >= 60_000);
});

test('flushSync() writes what a resting write had left', async (t) => {
  const { name, drain } = makePipe(t);
  const sink = new AppendSink(openLogFile(name), note);
  const lines = Array.from({ length: 100 }, (_, number) => `${number} ${'x'.repeat(990)}\n`);
  for (const line of lines) sink.write(line);
  assert.equal(await sink.flush(100), false);
  let text = drain();
  sink.flushSync();
  text += drain();
  // A try that was under way just then is finished by its thread, behind the others.
  assert.equal(await sink.flush(5000), true);
  text += drain();
  assert.deepEqual(text.split(/(?<=\n)/).toSorted(), lines.toSorted(), 'all, and nothing twice');
});

test('a process whose reader is stuck can still end', async (t) => {
  const { name } = makePipe(t);
  const pipe = openSync(name, constants.O_WRONLY);
  const script = `${appendScript(0, "''")}
    sink.write('x'.repeat(999).concat('\\n').repeat(900));
    process.on('exit', () => sink.flushSync());
    await sink.flush(100);
    process.exit(7);
  `;
  const writer = spawnScript(t, script, { args: ['', 'A'], stdout: pipe });
  closeSync(pipe);
  assert.deepEqual(await once(writer, 'exit', { signal: AbortSignal.timeout(10_000) }), [7, null]);
});

test('append sink drops on a full disk, and tells when there is room', async (t) => {
  const file = path.join(makeTempDir(t), 'a.log');
  const sink = new AppendSink(openSync('/dev/full', 'a'), note);
  sink.write('one\ntwo\n');
  await sink.flush(5000);
  sink.write('three\n');
  await sink.flush(5000);
  sink.replace(openLogFile(file));
  sink.write('four\n');
  await sink.flush(5000);
  assert.equal(read(file), 'four\n3 were dropped\n');
});

test('append sink goes on with a line of its own after a disk that was full half-way', async (t) => {
  const dir = makeTempDir(t);
  const script = `
    import { readFileSync, rmSync, writeFileSync } from 'node:fs';
    import { AppendSink } from ${spawnScript.src('log/append-sink.ts')};
    import { openLogFile } from ${spawnScript.src('log/log-file.ts')};
    process.chdir(process.argv[1]);
    writeFileSync('filler', 'f'.repeat(4096));
    const sink = new AppendSink(openLogFile('a.log'), (dropped) => dropped + ' were dropped\\n');
    sink.write('a'.repeat(2999) + '\\n' + 'b'.repeat(2999) + '\\n');
    await sink.flush(5000);
    rmSync('filler');
    sink.write('c\\n');
    await sink.flush(5000);
    console.log(readFileSync('a.log', 'utf8'));
  `;
  // Nobody else sees this disk, and it is gone with the process.
  const small =
    'mount -t tmpfs -o size=8k none "$1" || exit 42; exec "$0" --input-type=module -e "$2" -- "$1"';
  const { status, stdout } = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', small, process.execPath, dir, script],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0 && process.getuid?.() !== 0) return t.skip('needs the right to mount');
  assert.match(stdout, /^a{2999}\nb{1096}\nc\n1 were dropped\n\n$/);
});

test('append sink survives a reader that is gone', async (t) => {
  const { name } = makePipe(t);
  const other = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  const sink = new AppendSink(openLogFile(name), note);
  closeSync(other);
  sink.write('one\n');
  assert.equal(await sink.flush(5000), true);
});
