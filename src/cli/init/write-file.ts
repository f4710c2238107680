import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { describeCause, errnoOf, TsgunError } from '../../core/errors.ts';

/** A file under another name beside its own, until it is known to be good. */
export interface Draft {
  /** Ends as the file itself does. */
  path: string;
  /** Throws TSGUN_E_OPERATION when there is one and it may not be replaced. */
  publish(replace: boolean): void;
  /** After `publish` there is nothing left to discard. */
  discard(): void;
}

/** The mode is as it would be from an editor: who may log in may read it. */
const fileMode = 0o644;

/** Throws TSGUN_E_SYSTEM. */
export function writeDraft(file: string, text: string): Draft {
  const { dir, name, ext } = path.parse(file);
  const draft = path.join(dir, `.${name}-${randomBytes(6).toString('hex')}${ext}`);
  attempt(file, () => {
    const fd = openSync(draft, 'wx', fileMode);
    try {
      fchmodSync(fd, fileMode);
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  });
  return {
    path: draft,
    publish: (replace) => attempt(file, () => publish(draft, file, replace)),
    discard: () => rmSync(draft, { force: true }),
  };
}

/** A link, unlike a renaming, fails where somebody was faster. */
function publish(draft: string, file: string, replace: boolean): void {
  if (replace) {
    renameSync(draft, file);
    return;
  }
  linkSync(draft, file);
  rmSync(draft);
}

/** Of the package; who installed tsgun otherwise has none yet. */
export const makeFolder = (folder: string): void =>
  attempt(folder, () => void mkdirSync(folder, { recursive: true, mode: 0o755 }));

function attempt(file: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw existsAlready(file);
    const hint = errnoOf(error) === 'EACCES' ? ', run this as root or choose by --output' : '';
    const message = `Cannot write "${file}": ${describeCause(error)}${hint}`;
    throw new TsgunError('TSGUN_E_SYSTEM', message, { cause: error });
  }
}

export const existsAlready = (file: string): TsgunError =>
  new TsgunError('TSGUN_E_OPERATION', `"${file}" is there already, --force replaces it`);
