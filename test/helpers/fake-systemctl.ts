import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { makeTempDir } from './temp-dir.ts';

export interface FakeSystemctl {
  /** With it before the real one. */
  path: string;
  /** What it was called with, a line a call. */
  calls(): string;
}

/** Answers by these lines of a shell. */
export function makeSystemctl(t: TestContext, script: string): FakeSystemctl {
  const dir = makeTempDir(t);
  const calls = path.join(dir, 'calls');
  const file = path.join(dir, 'systemctl');
  writeFileSync(file, `#!/bin/sh\necho "$@" >>'${calls}'\n${script}\n`);
  chmodSync(file, 0o755);
  return {
    path: `${dir}:${process.env['PATH']}`,
    calls: () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim() : ''),
  };
}

/** As list-jobs has it while the unit of a test is started again, or stopped. */
export const sayJob = (job: string): string => `echo ' 4711 tsgun@app.service ${job}'`;
