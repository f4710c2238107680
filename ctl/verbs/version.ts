import { readFileSync } from 'node:fs';
import path from 'node:path';
import { controlExitCodes, TsgunError } from '../../src/core/errors.ts';
import type { Result } from '../../src/protocol/control/methods.ts';
import type { Line } from '../output/look.ts';
import { openInstance } from './open.ts';
import { untilImpatient } from './patience.ts';
import type { Invocation, Outcome, Run } from './run.ts';

/** Of the client, and of the instance when one answers. */
export async function showVersions(run: Run, { globals }: Invocation): Promise<Outcome> {
  const own = readVersion();
  const { hello, why } = await askInstance(run, globals);
  const data = {
    client: own,
    node: process.version,
    instance: hello && { ...hello, methods: undefined },
    why,
  };
  const lines: Line[] = [[`tsgunctl ${own} (Node.js ${process.version})`]];
  if (hello) {
    const { name, version, protocol, instance, pid, role } = hello;
    lines.push([
      `${instance}: ${name} ${version}, protocol ${protocol}, pid ${pid}, you are ${role}`,
    ]);
    if (version !== own) lines.push([['warn', `The versions differ: ${own} and ${version}`]]);
  } else if (why !== null) lines.push([['faint', why]]);
  return { data, exit: controlExitCodes.done, view: { lines: () => lines, rows: null } };
}

async function askInstance(
  run: Run,
  globals: Invocation['globals'],
): Promise<{ hello: Result<'hello'> | null; why: string | null }> {
  try {
    const client = await openInstance(run, globals);
    const answer = client.call('hello', { client: 'tsgunctl' });
    const hello = await untilImpatient(answer, globals.timeoutMs).finally(() => client.close());
    run.instance = hello.instance;
    return { hello, why: null };
  } catch (error) {
    if (error instanceof TsgunError) return { hello: null, why: error.message };
    throw error;
  }
}

/** The package's own. */
export function readVersion(): string {
  const isSource = import.meta.url.endsWith('.ts');
  const root = path.join(import.meta.dirname, isSource ? '../..' : '../../..');
  const manifest: unknown = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
