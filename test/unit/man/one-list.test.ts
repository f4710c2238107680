import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderHelp } from '../../../ctl/command-line/program.ts';
import { initFlags } from '../../../man/completion/flags.ts';
import { handledSignals } from '../../../src/arbiter/signal-table.ts';
import { describeMethods } from '../../../src/control/discover.ts';
import { controlExitCodes, errorCodes, exitCodes } from '../../../src/core/errors.ts';
import { hookNames } from '../../../src/protocol/config-host.ts';
import { methodNames, methodOf } from '../../../src/protocol/control/methods.ts';
import { globalOptions, longFlag, shortFlag } from '../../../src/protocol/control/options.ts';
import { findVerb, flagOf, verbNames } from '../../../src/protocol/control/verb-list.ts';
import {
  addedOptions,
  clientVerbs,
  methodsWithoutVerb,
  verbAliases,
} from '../../../src/protocol/control/verbs.ts';
import type { Setting } from '../../../src/settings/define.ts';
import { toKebab, toSnake } from '../../../src/settings/names.ts';
import { settingNames, table } from '../../../src/settings/table.ts';
import { readPage, termsOf } from './read-page.ts';

// What exists is told in tables; whoever shows it to people or programs shows all of it.

const sorted = (names: Iterable<string>): string[] => [...names].toSorted();
const firstWords = (terms: readonly string[]) => terms.map((term) => term.split(' ')[0] ?? '');

const expectedVerbs = sorted(
  new Set([
    ...methodNames.filter((name) => !methodsWithoutVerb.includes(name)),
    ...clientVerbs.map(({ name }) => name),
  ]),
);

test('the verbs are the methods, but for those without a verb, and what the client adds', () => {
  assert.deepEqual(sorted(verbNames), expectedVerbs);
  for (const name of verbNames) assert.equal(findVerb(name)?.name, name);
  for (const name of methodsWithoutVerb) assert.equal(findVerb(name), undefined);
});

test('the manual has every verb once', () => {
  assert.deepEqual(sorted(firstWords(termsOf(readPage('tsgunctl.1'), 'VERBS'))), expectedVerbs);
});

test('the help of tsgunctl has every verb once', () => {
  const shown = [...renderHelp().matchAll(/^ {2}([a-z][\w-]*)(?: .*)?$/gm)].map(([, name]) => name);
  // `help` is commander's own: another way to say --help.
  const verbs = shown.flatMap((name) => (name === undefined || name === 'help' ? [] : [name]));
  assert.deepEqual(sorted(verbs), expectedVerbs);
});

test('the OpenRPC document has every method once, and the manual those without a verb', () => {
  const { methods } = describeMethods('1.2.3');
  assert.deepEqual(sorted(methods.map(({ name }) => name)), sorted(methodNames));
  assert.deepEqual(sorted(termsOf(readPage('tsgunctl.1'), 'PROTOCOL')), sorted(methodsWithoutVerb));
});

test('every parameter of a method is in its verb and in the OpenRPC document', () => {
  const { methods } = describeMethods('1.2.3');
  for (const name of methodNames) {
    const params = Object.entries(methodOf(name).params);
    const described = methods.find((method) => method.name === name)?.params ?? [];
    assert.deepEqual(
      described.map((param) => param.name),
      params.map(([param]) => param),
    );
    const verb = findVerb(name);
    if (!verb || clientVerbs.some((own) => own.name === name)) continue;
    const flags = params
      .filter(([, { positional }]) => !positional)
      .map(([param]) => flagOf(param));
    const added = (addedOptions[name] ?? []).map(({ flags: own }) => longFlag(own));
    assert.deepEqual(
      verb.options.map((option) => longFlag(option.flags)),
      [...flags, ...added],
    );
    assert.equal(verb.arguments.length, params.length - flags.length);
  }
});

test('no flag of a verb means what a global one means', () => {
  const flagsOf = ({ flags }: { flags: string }) =>
    [longFlag(flags), shortFlag(flags)].filter((one) => one !== null);
  const global = new Set(globalOptions.flatMap(flagsOf));
  assert.equal(global.size, globalOptions.flatMap(flagsOf).length);
  for (const name of verbNames) {
    for (const flag of (findVerb(name)?.options ?? []).flatMap(flagsOf)) {
      assert.ok(!global.has(flag), `${name} ${flag}`);
    }
  }
});

test('aliases are of verbs and are none themselves', () => {
  for (const [alias, verb] of Object.entries(verbAliases)) {
    assert.equal(findVerb(alias), undefined, alias);
    assert.ok(findVerb(verb), verb);
  }
});

test('the manual has every global option of tsgunctl', () => {
  const terms = termsOf(readPage('tsgunctl.1'), 'OPTIONS').join('\n');
  for (const { flags } of globalOptions)
    assert.match(terms, new RegExp(`${longFlag(flags)}( |$)`, 'm'));
});

test('tsgun(8) has every setting as a flag, and tsgun.conf(5) as it is written in files', () => {
  const flags = termsOf(readPage('tsgun.8'), 'OPTIONS').map((term) => /--[\w-]+/.exec(term)?.[0]);
  const expected = settingNames
    .filter((name) => name !== 'app')
    .map((name) => `--${toKebab(name)}`);
  assert.deepEqual(
    sorted(flags.flatMap((flag) => flag ?? [])),
    sorted([...expected, '--help', '--version']),
  );
  const inFiles = settingNames.filter((name) => {
    const setting: Setting<unknown> = table[name];
    return setting.notIn !== 'config file';
  });
  assert.deepEqual(
    sorted(firstWords(termsOf(readPage('tsgun.conf.5'), 'SETTINGS'))),
    sorted(inFiles.map(toSnake)),
  );
});

test('tsgun(8) has every option of tsgun init', () => {
  const options = termsOf(readPage('tsgun.8'), 'INIT').map((term) => /--[\w-]+/.exec(term)?.[0]);
  const known = initFlags.map(({ forms }) => forms.at(-1));
  assert.deepEqual([...options, '--help'], known);
});

test('the manual has every signal, hook, exit code and error', () => {
  const [tsgun, conf, ctl] = ['tsgun.8', 'tsgun.conf.5', 'tsgunctl.1'].map(readPage);
  assert.ok(tsgun && conf && ctl);
  const signals = handledSignals.map((name) => name.replace('SIG', ''));
  assert.deepEqual(sorted(termsOf(tsgun, 'SIGNALS')), sorted(signals));
  const hooks = termsOf(conf, 'HOOKS').map((term) => term.split('(')[0] ?? '');
  assert.deepEqual(sorted(hooks), sorted(hookNames));
  const codes = (of: Record<string, number>) => sorted(Object.values(of).map(String));
  assert.deepEqual(sorted(termsOf(tsgun, 'EXIT STATUS')), codes(exitCodes));
  assert.deepEqual(sorted(termsOf(ctl, 'EXIT STATUS')), codes(controlExitCodes));
  for (const page of [tsgun, ctl]) assert.deepEqual(termsOf(page, 'ERRORS'), errorCodes);
});
