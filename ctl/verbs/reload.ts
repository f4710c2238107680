import { textLike } from '../../src/core/schema.ts';
import { readFlag, usageError } from '../command-line/globals.ts';
import { callMethod } from './call-method.ts';
import type { Invocation, Outcome, Run } from './run.ts';

const requestPath = textLike('PATH', /^\/[!-~]*$/, 'a path of an URL such as "/health"');

/** With --prove the client itself makes sure that nobody notices. */
export async function reload(run: Run, invocation: Invocation): Promise<Outcome> {
  const { line, globals } = invocation;
  const path = readFlag(line, '--prove-path', requestPath);
  if (path === undefined && line.flags['--prove'] === undefined) {
    return callMethod('reload', run, invocation);
  }
  if (!globals.wait) throw usageError('--prove watches the reload to its end, without --no-wait');
  const { reloadWithProof } = await import('./prove.ts');
  return reloadWithProof(run, invocation, path ?? '/');
}
