import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

export const historyLimit = 1000;

/** Null when there is no home to keep it in. */
export function historyPath(env: NodeJS.ProcessEnv): string | null {
  const state = env['XDG_STATE_HOME'];
  // The specification of these folders says that a relative one is to be ignored.
  if (state !== undefined && path.isAbsolute(state)) return path.join(state, 'tsgun', 'history');
  const home = env['HOME'];
  return home ? path.join(home, '.local', 'state', 'tsgun', 'history') : null;
}

const readLines = (name: string): string[] =>
  readFileSync(name, 'utf8').split('\n').filter(Boolean);

/** Lines typed before, the last one first. Without a file, or where it cannot be used, they live as long as the shell. */
export class History {
  readonly #file: string | null;
  #lines: string[] = [];
  #inFile = 0;

  constructor(file: string | null) {
    this.#file = file;
    this.#attempt((name) => this.#load(name));
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** A line that begins with a blank is kept out, as in other shells. */
  add(line: string): void {
    const text = line.trimEnd();
    if (text === '' || text.startsWith(' ') || text === this.#lines[0]) return;
    this.#lines = [text, ...this.#lines].slice(0, historyLimit);
    this.#attempt((name) => {
      mkdirSync(path.dirname(name), { recursive: true, mode: 0o700 });
      appendFileSync(name, `${text}\n`, { mode: 0o600 });
      this.#inFile += 1;
      if (this.#inFile > historyLimit) this.#shorten(name);
    });
  }

  #load(name: string): void {
    const lines = readLines(name);
    this.#lines = lines.slice(-historyLimit).toReversed();
    chmodSync(name, 0o600);
    this.#inFile = lines.length;
    if (lines.length > historyLimit) this.#shorten(name);
  }

  /** Other shells append to it as well, so it is read once more. */
  #shorten(name: string): void {
    const kept = readLines(name).slice(-historyLimit);
    const draft = `${name}.${process.pid}`;
    writeFileSync(draft, `${kept.join('\n')}\n`, { mode: 0o600 });
    renameSync(draft, name);
    this.#inFile = kept.length;
  }

  /** A read-only home, a full disk or a folder in the way must not keep anybody from working. */
  #attempt(work: (name: string) => void): void {
    if (this.#file === null) return;
    try {
      work(this.#file);
    } catch {
      // ENOENT before the first line, EACCES, EROFS, ENOSPC, EISDIR: the history is only a comfort
    }
  }
}
