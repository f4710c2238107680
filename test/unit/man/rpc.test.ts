import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { describeMethods } from '../../../src/control/discover.ts';
import { methodNames, methodOf } from '../../../src/protocol/control/methods.ts';
import { notifications } from '../../../src/protocol/control/notifications.ts';
import { startFake } from '../../helpers/fake-instance.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { examplesOf, plainText, readPage, sectionOf, termsOf } from './read-page.ts';

const page = readPage('tsgun-rpc.7');
const firstWords = (terms: readonly string[]) => terms.map((term) => term.split(' ')[0]);

/** Terms of lists within items. */
const rowsOf = (lines: readonly string[]): string[] =>
  lines.flatMap((line, index) => (/^\.TP \d/.test(line) ? plainText(lines[index + 1] ?? '') : []));

test('tsgun-rpc(7) has every method once, with its role, parameters and result', () => {
  const terms = termsOf(page, 'METHODS');
  assert.deepEqual(firstWords(terms).toSorted(), methodNames.toSorted());
  const lines = sectionOf(page, 'METHODS');
  for (const name of methodNames) {
    const { role, params, result } = methodOf(name);
    const start = lines.findIndex((line) => plainText(line) === `${name} (${role})`);
    const end = lines.findIndex((line, index) => index > start && line === '.TP');
    const rows = rowsOf(lines.slice(start, end < 0 ? undefined : end));
    const fields = start < 0 ? [] : rows.slice(Object.keys(params).length);
    assert.deepEqual(rows.slice(0, Object.keys(params).length), Object.keys(params), name);
    const own = Object.keys(Object(result.json['properties']));
    const isNamed = lines.slice(start, end).some((line) => /^Result: /.test(line));
    assert.deepEqual(
      fields.filter((field) => !field.includes('.')),
      isNamed ? [] : own,
      name,
    );
  }
});

test('tsgun-rpc(7) has every notification, and every error that is sent', () => {
  assert.deepEqual(termsOf(page, 'NOTIFICATIONS'), Object.keys(notifications));
  const errors = Object.entries(describeMethods('').components.errors);
  const rows = rowsOf(sectionOf(page, 'ERRORS'));
  assert.deepEqual(
    rows.slice(0, errors.length),
    errors.map(([, { code }]) => String(code)),
  );
  const text = plainText(sectionOf(page, 'ERRORS').join('\n'));
  for (const [name] of errors) assert.match(text, new RegExp(`^${name}\\.`, 'm'));
});

test('every object that a result names is told', () => {
  const text = sectionOf(page, 'METHODS').join('\n');
  const used = [...text.matchAll(/\\fI(?:\\%)?([a-z]+)\\fR/g)].map(([, name]) => name);
  const told = sectionOf(page, 'OBJECTS').join('\n');
  const roles = ['read', 'admin'];
  for (const name of used.filter((one) => one && !roles.includes(one)))
    assert.match(told, new RegExp(`^\\\\fI(?:\\\\%)?${name}\\\\fR$`, 'm'));
});

test('the lines of its session are JSON-RPC', () => {
  const session = examplesOf(page).find((text) => text.startsWith('>')) ?? '';
  const lines = session.trimEnd().replaceAll(/\n +/g, '').split('\n');
  assert.ok(lines.length > 8);
  for (const line of lines) assert.equal(JSON.parse(line.slice(2)).jsonrpc, '2.0');
});

const runPython = promisify(execFile);

test('its example in Python shows the steps of a reload, and the end of it', async (t) => {
  const dir = makeTempDir(t);
  let broken = false;
  const fake = await startFake(t, dir, 'web', {
    reload({ notify }) {
      notify('progress', { op: 1, text: 'worker 0 serves' });
      if (broken) throw new Error('the app is broken');
      return { op: 1, generation: 7 };
    },
  });
  const example = examplesOf(page).find((text) => text.startsWith('import')) ?? '';
  const program = example.replace('/run/tsgun/web/control.sock', fake.socketPath);
  const run = async () => (await runPython('python3', ['-c', program])).stdout;
  assert.equal(await run(), 'worker 0 serves\n7\n');
  broken = true;
  assert.match(await run(), /^worker 0 serves\n\{'code'.*the app is broken/);
});
