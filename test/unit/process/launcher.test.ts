import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { launch } from '../../../src/process/launcher.ts';
import { isAlive } from '../../helpers/processes.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const nobody = { uid: 65_534, gid: 65_534, groups: [] };
const needs = {
  skip:
    (process.getuid?.() !== 0 && 'needs root') ||
    (!existsSync('/usr/bin/setpriv') && 'needs setpriv of util-linux'),
};

test('launch() hands the command on as it is, behind setpriv', needs, () => {
  const command = { file: '/bin/echo', args: ['--reuid', '$(x)', 'a b'] };
  const { file, args } = launch(command, null);
  assert.deepEqual(args.slice(-5), ['--', '/bin/echo', '--reuid', '$(x)', 'a b']);
  assert.equal(execFileSync(file, args, { encoding: 'utf8' }), '--reuid $(x) a b\n');
});

test(
  'launch() drops ids and supplementary groups for good, or takes those on that are asked for',
  needs,
  () => {
    const statusOf = (groups: number[]) => {
      const { file, args } = launch(
        { file: '/bin/cat', args: ['/proc/self/status'] },
        { ...nobody, groups },
      );
      const status = execFileSync(file, args, { encoding: 'utf8' });
      return Object.fromEntries(
        [...status.matchAll(/^(Uid|Gid|Groups|CapEff):[ \t]*(.*?)[ \t]*$/gm)].map(
          ([, name, value]) => [name, value?.replaceAll('\t', ' ')],
        ),
      );
    };
    const ids = '65534 65534 65534 65534';
    const dropped = { Uid: ids, Gid: ids, Groups: '', CapEff: '0000000000000000' };
    assert.deepEqual(statusOf([]), dropped);
    assert.deepEqual(statusOf([7, 8]), { ...dropped, Groups: '7 8' });
  },
);

test(
  'a child that lost its privileges and never listens dies with its parent',
  needs,
  async (t) => {
    // The kernel forgets the wish when the ids change, so the order within setpriv matters.
    const command = launch({ file: process.execPath, args: ['-e', 'for (;;);'] }, nobody);
    const parent = spawn(
      process.execPath,
      [
        '-e',
        `const { file, args } = ${JSON.stringify(command)};
       console.log(require('node:child_process').spawn(file, args, { stdio: 'ignore' }).pid);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = await once(parent.stdout.setEncoding('utf8'), 'data');
    const child = Number(line);
    t.after(() => {
      if (isAlive(child)) process.kill(child, 'SIGKILL');
    });
    await waitFor('the child to run as nobody', () =>
      /^Uid:\t65534/m.test(readFileSync(`/proc/${child}/status`, 'utf8')),
    );
    await waitFor('the child to be node', () =>
      readFileSync(`/proc/${child}/cmdline`, 'utf8').startsWith(process.execPath),
    );
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await waitFor('the child to die', () => !isAlive(child));
  },
);
