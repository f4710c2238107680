import assert from 'node:assert/strict';
import { after, afterEach, before, describe, type TestContext } from 'node:test';
import { Box, suites, whyNoBox } from './box.ts';
import { debOf, type Release } from './packages.ts';

export interface BoxOptions {
  /** Installed with dpkg before the tests; null for a machine that has never seen tsgun. */
  release?: Release | null;
  /** What the tests provoke: messages of priority err and above, of tsgun and of systemd. */
  errors?: readonly RegExp[];
}

/** The same tests in a fresh box of each suite; they share it and run in order. */
export function onBoxes(
  what: string,
  { release = 'new', errors = [] }: BoxOptions,
  body: (box: Box) => void,
): void {
  const skip = whyNoBox();
  for (const suite of suites) {
    describe(`${what} on ${suite}`, { skip }, () => {
      const box = new Box(suite);
      before(async () => {
        const [deb] = await Promise.all([release && debOf(release), box.boot()]);
        if (deb) await installDeb(box, deb);
      });
      afterEach(async (t) => {
        if (!(t as TestContext).passed) await dumpJournal(box, t as TestContext);
      });
      after(async () => {
        try {
          await checkJournal(box, errors);
        } finally {
          await box.end();
        }
      });
      body(box);
    });
  }
}

/** With dpkg alone, as on a server without a way out. */
export async function installDeb(box: Box, deb: string): Promise<string> {
  await box.copy(deb, '/root/tsgun.deb');
  return box.run('dpkg -i /root/tsgun.deb 2>&1');
}

export async function installRelease(box: Box, release: Release): Promise<string> {
  return installDeb(box, await debOf(release));
}

async function dumpJournal(box: Box, t: TestContext): Promise<void> {
  const { stdout } = await box.try("journalctl -b --no-pager -n 60 -u 'tsgun@*' -u logrotate");
  t.diagnostic(`journal of ${box.name}:\n${stdout}`);
}

/** Nothing was an error that was not meant to be one, and no message of ours was refused. */
async function checkJournal(box: Box, expected: readonly RegExp[]): Promise<void> {
  const errors = await box.run("journalctl -b -q -p err -o cat -u 'tsgun@*'");
  const unexpected = errors
    .split('\n')
    // Indented lines go on with what is above.
    .filter((line) => /^\S/.test(line) && !expected.some((pattern) => pattern.test(line)));
  assert.equal(unexpected.join('\n'), '', 'errors in the journal');
  const all = await box.run("journalctl -b -q -o cat -u 'tsgun@*'");
  assert.doesNotMatch(all, /reception only permitted/);
}
