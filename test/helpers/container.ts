import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { childrenOf, titleOf } from './processes.ts';
import { ctlMain } from './run-ctl.ts';
import { main, readyLine, root } from './start-tsgun.ts';
import { makeTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';
import { writeFiles } from './write-files.ts';

const file = path.join(root, 'packaging/container/Containerfile');

interface Instruction {
  word: string;
  rest: string;
}

/** Without comments, and with continued lines joined. */
export const containerfile: readonly Instruction[] = readFileSync(file, 'utf8')
  .replaceAll(/^\s*#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    return { word, rest };
  });

/** What the last instruction of a kind says. */
export const lastOf = (word: string): string =>
  containerfile.findLast((one) => one.word === word)?.rest ?? '';

/** As it is run by a shell, without the options. */
export const healthCheck = lastOf('HEALTHCHECK').replace(/^.*?CMD /, '');

const [uid = '', gid = ''] = lastOf('USER').split(':');

const namespaces = ['--pid', '--fork', '--kill-child', '--mount-proc', '--mount'];
const isPossible = spawnSync('unshare', [...namespaces, 'true']).status === 0;

/** For the `skip` option of tests. */
export const needsContainer = !isPossible && 'needs root and unshare(1)';

/** Everything read-only but the two folders; then another user without capabilities, as pid 1. */
const setUp = `set -e
mount -o remount,bind,ro /
mount -t tmpfs -o mode=755,uid=${uid},gid=${gid} run "$1"
mount -t tmpfs -o mode=1777 tmp "$2"
shift 2
exec setpriv --reuid=${uid} --regid=${gid} --clear-groups --no-new-privs --inh-caps=-all \\
	--bounding-set=-all -- "$@"`;

/** tsgun as process 1 of a small world: what a container is to it, without an image. */
export class Container {
  readonly dir: string;
  readonly exited: Promise<number | null>;
  readonly #process: ChildProcess;
  readonly #env: Record<string, string>;
  #log = '';

  constructor(dir: string, args: readonly string[]) {
    this.dir = dir;
    const [run, tmp] = ['run', 'tmp'].map((name) => path.join(dir, name)) as [string, string];
    this.#env = {
      PATH: `${path.join(dir, 'bin')}:/usr/local/bin:/usr/bin:/bin`,
      TSGUN_RUN_DIR: run,
      TMPDIR: tmp,
    };
    const command = [...namespaces, 'sh', '-c', setUp, 'sh', run, tmp, 'tsgun', ...args];
    this.#process = spawn('unshare', command, {
      cwd: path.join(dir, 'app'),
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    }
    this.exited = once(this.#process, 'close').then(([code]) => code);
  }

  /** Of its process 1, as we see it. */
  get pid(): number {
    return childrenOf(this.#process.pid ?? 0)[0] ?? 0;
  }

  get log(): string {
    return this.#log;
  }

  get port(): number {
    return Number(/Listening at: http:\/\/[^ ]*:(\d+)/.exec(this.#log)?.[1]);
  }

  workers(): number[] {
    return childrenOf(this.pid).filter((pid) => /tsgun: worker/.test(titleOf(pid)));
  }

  waitForLog(pattern: RegExp): Promise<boolean> {
    return waitFor(`${pattern} in the log`, () => {
      if (pattern.test(this.#log)) return true;
      if (this.#process.exitCode !== null) throw new Error(`It ended:\n${this.#log}`);
      return false;
    });
  }

  /** As `docker exec` does: the exit code of a command line inside. */
  async run(command: string): Promise<{ code: number | null; output: string }> {
    const user = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
    const inside = ['--target', String(this.pid), '--mount', '--pid', '--'];
    const child = spawn('nsenter', [...inside, ...user, 'sh', '-c', command], { env: this.#env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const [code] = await once(child, 'close');
    return { code, output };
  }

  async end(): Promise<void> {
    // Not unshare: who has changed its user does not die with its parent.
    const { pid } = this;
    if (this.#process.exitCode === null) process.kill(pid || (this.#process.pid ?? 0), 'SIGKILL');
    await this.exited;
  }
}

const launcher = (...command: string[]): string => `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`;

/** Starts an app that lies in the working folder, as the image does. */
export async function startContainer(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<Container> {
  const dir = writeFiles(makeTempDir(t), {
    'bin/tsgun': launcher(process.execPath, main),
    'bin/tsgunctl': launcher(process.execPath, ctlMain),
  });
  for (const name of ['run', 'tmp', 'app']) mkdirSync(path.join(dir, name));
  writeFiles(path.join(dir, 'app'), files);
  // Whatever the umask is, the other user has to read it.
  spawnSync('chmod', ['-R', 'a+rx', dir]);
  const container = new Container(dir, ['--bind', '127.0.0.1:0', ...args]);
  t.after(async () => {
    await container.end();
    if (!t.passed) t.diagnostic(`log of tsgun:\n${container.log}`);
  });
  await container.waitForLog(readyLine);
  return container;
}
