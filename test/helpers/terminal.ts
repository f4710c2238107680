import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { isAlive } from './processes.ts';
import { makeTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** Why there can be no terminal here; undefined when there can. */
export function missingTerminal(): string | undefined {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'tmux is not installed';
  }
}

/** A real terminal of the test's own, with one program in it. */
export class Terminal {
  readonly #socket: string;
  readonly #pid: number;

  constructor(socket: string, command: string, env: Record<string, string>) {
    this.#socket = socket;
    const settings = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    this.#tmux('new-session', '-d', '-x', '80', '-y', '24', ...settings, command);
    this.#pid = Number(this.#tmux('display-message', '-p', '#{pid}'));
  }

  /** What is to be seen, without the blanks at the ends of lines and of the screen. */
  get screen(): string {
    return this.#tmux('capture-pane', '-p').trimEnd();
  }

  /** A format of tmux about the pane: `cursor_flag`, `alternate_on`. */
  ask(variable: string): string {
    return this.#tmux('display-message', '-p', `#{${variable}}`).trim();
  }

  /** Names of keys as tmux has them, or text. */
  press(...keys: string[]): void {
    this.#tmux('send-keys', '--', ...keys);
  }

  type(text: string): void {
    this.#tmux('send-keys', '-l', '--', text);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Waits until the screen shows it; fails with what it shows instead. */
  async waitFor(what: string | RegExp, timeoutMs = 15_000): Promise<string> {
    try {
      return await waitFor(
        String(what),
        () => {
          const { screen } = this;
          const found = typeof what === 'string' ? screen.includes(what) : what.test(screen);
          return found ? screen : '';
        },
        timeoutMs,
      );
    } catch (error) {
      throw new Error(`${String(error)}; the screen:\n${this.screen}`);
    }
  }

  async end(): Promise<void> {
    // By its pid: the directory of its socket may be gone before.
    process.kill(this.#pid);
    await waitFor('tmux to be gone', () => !isAlive(this.#pid));
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-S', this.#socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: '/', TERM: 'xterm', LANG: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

/** 80 columns and 24 rows; the shell stays when the command is over and prints its exit code. */
export function openTerminal(
  t: TestContext,
  words: readonly string[],
  env: Record<string, string> = {},
): Terminal {
  const command = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const terminal = new Terminal(
    path.join(makeTempDir(t), 'tmux.sock'),
    `${command}; echo "ended with $?"; exec cat`,
    { LANG: 'C.UTF-8', ...env },
  );
  t.after(() => terminal.end());
  return terminal;
}
